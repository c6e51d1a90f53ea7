"""The one Bellman operator against plain NumPy, with one capacity for each state."""

import math
from dataclasses import replace

import numpy as np
import pytest
from helpers import on_every_backend
from scipy import sparse

import empowerment as emp
from empowerment.actuation.feedback.bellman import BellmanOperator, Values
from empowerment.capacity.options import SolverOptions

NATS = SolverOptions(tol=1e-10, base=math.e)


class Case:
    """A random model in which nothing can be done in the last state, with rewards and values."""

    def __init__(self, seed, n_states=5, n_actions=3):
        rng = np.random.default_rng(seed)
        self.transition = rng.dirichlet(np.full(n_states, 0.4), size=(n_states, n_actions))
        self.able = rng.random((n_states, n_actions)) < 0.7
        self.able[:, 0], self.able[-1] = True, False
        self.acting = self.able.any(axis=1)
        self.rewards, self.values = rng.normal(size=(n_states, n_actions)), 3 * rng.normal(size=n_states)

    def operator(self, discount, weight, options=NATS):
        matrices = [sparse.csr_array(move) for move in self.transition.transpose(1, 0, 2)]
        return BellmanOperator(matrices, self.able, options, rewards=self.rewards, discount=discount, weight=weight)

    def updated(self, values, discount, weight):
        """Return what one step makes of values, one state after the other."""
        after = values.copy()
        for state in np.flatnonzero(self.acting):
            able = self.able[state]
            worth = self.rewards[state, able] + discount * self.transition[state, able] @ values
            after[state] = worth.max()
            if weight:
                channel, reward = self.transition[state, able], worth / weight
                after[state] = weight * float(emp.channel_capacity(channel, rewards=reward, base=math.e, tol=1e-11))
        return after


def check(case, discount, weight, options=NATS):
    """Compare one step with the reference: its value, its ends and their width, its gain and where it leads."""
    step = case.operator(discount, weight, options)
    found = step.before(Values.guessed(case.values, 3))
    expected = case.updated(case.values, discount, weight)
    rough = 1e-11 * max(weight, 1)
    assert found.value == pytest.approx(expected, abs=1e-10 + rough)
    assert (found.lower <= expected + rough).all()
    assert (expected <= found.upper + rough).all()
    assert (found.upper - found.lower <= 1e-10 + rough).all()
    moves = np.einsum("sa,sat->st", found.policy, case.transition)
    moves[~case.acting, ~case.acting] = 1.0
    assert step.moves(found.policy).toarray() == pytest.approx(moves, abs=1e-15)
    information = [
        emp.mutual_information(rows, p, base=math.e) if p.any() else 0.0
        for p, rows in zip(found.policy, case.transition, strict=True)
    ]
    gain = (found.policy * case.rewards).sum(axis=1) + weight * np.array(information)
    assert found.gain == pytest.approx(gain, abs=1e-9)
    assert (found.gain + discount * moves @ case.values)[case.acting] == pytest.approx(
        found.value[case.acting], abs=1e-9
    )


def test_one_step_is_a_capacity_with_rewards_for_each_state():
    for seed in range(3):
        for weight in (0.0, 0.3, 1.0, 5.0):
            for discount in (0.0, 0.9, 1.0):
                check(Case(seed), discount, weight)


@on_every_backend
def test_all_backends_take_the_same_step(backend):
    for weight in (0.0, 0.7):
        check(Case(1), 0.9, weight, replace(NATS, backend=backend))


def test_many_states_are_solved_side_by_side():
    check(Case(2, n_states=70), 0.9, 0.7)


def test_both_ends_are_carried_along_with_the_discount():
    for seed in range(6):
        for weight in (0.0, 1.0):
            case, rng = Case(seed), np.random.default_rng(seed)
            acting, size = case.acting, case.values.size
            low, high = case.values - rng.random(size), case.values + rng.random(size)
            found = case.operator(0.9, weight).before(Values(case.values, low, high, case.able, case.values))
            for true in (low, case.values, high, low + rng.random(size) * (high - low)):
                expected = case.updated(true, 0.9, weight)
                assert (found.lower[acting] <= expected[acting] + 1e-11).all()
                assert (expected[acting] <= found.upper[acting] + 1e-11).all()
            widest = 0.9 * ((case.values - low).max() + (high - case.values).max())
            assert (found.upper - found.lower)[acting].max() <= widest + 1e-9


def test_without_any_able_action_nothing_changes():
    case = Case(0)
    case.able[:] = False
    step = case.operator(0.5, 1.0)
    found = step.before(Values.guessed(case.values, 3))
    assert (found.value == case.values).all()
    assert (found.lower == case.values).all()
    assert not found.policy.any()
    assert (step.moves(found.policy).toarray() == np.eye(case.values.size)).all()


@pytest.mark.parametrize(("discount", "weight"), [(1.0, 1.0), (0.9, 0.5), (0.8, 0.0)])
def test_intervals_of_later_steps_are_carried_along(discount, weight):
    """Whatever the values after the step are within their intervals, those before it lie within the ends."""
    for seed in range(5):
        case, rng = Case(seed), np.random.default_rng(seed)
        lower, upper = case.values - 0.3, case.values + 0.5
        guess = Values(case.values, lower, upper, np.zeros((5, 3)), np.zeros(5))
        found = case.operator(discount, weight).before(guess)
        for true in (lower, upper, rng.uniform(lower, upper)):
            expected = case.updated(true, discount, weight)
            assert (found.lower <= expected + 1e-9).all(), seed
            assert (expected <= found.upper + 1e-9).all(), seed
        acting = case.acting
        assert (found.upper - found.lower)[acting] == pytest.approx(discount * 0.8, abs=0.5 * discount)

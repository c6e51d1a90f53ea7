"""Average optimal values: closed forms, all policies tried, and what their errors are worth."""

from itertools import product

import numpy as np
import pytest

import empowerment as emp
from tests.helpers import for_each

STAR = emp.from_table({"centre": {end: end for end in "abcd"}}, terminal=list("abcd"))


def test_from_the_centre_of_a_star_the_best_end_is_chosen_at_every_discount():
    for discount in (0.0, 0.3, 0.9, 0.99):
        found = emp.average_optimal_value(STAR, discount, n_samples=4000, rng=1)
        off = (found.value - np.array([4 / 5, 1 / 2, 1 / 2, 1 / 2, 1 / 2])) / found.standard_error
        assert np.abs(off).max() < 3.5, discount


def test_where_every_state_is_one_step_away_the_best_of_all_is_chosen():
    world = emp.MDP(np.eye(6)[np.tile(np.arange(6), (6, 1))])
    found = emp.average_optimal_value(world, 0.7, n_samples=4000, rng=2)
    assert np.ptp(found.value) < 1e-7
    assert found.value[0] == pytest.approx(6 / 7, abs=3.5 * found.standard_error[0])
    assert found.standard_error[0] == pytest.approx(np.sqrt(6 / (49 * 8) / 4000), rel=0.05)  # of a Beta(6, 1)


@for_each("seed", range(12))
def test_given_rewards_are_averaged_exactly(seed):
    """The optimal values are those of the best of all deterministic policies, each by a linear system."""
    rng = np.random.default_rng(seed)
    n_states, n_actions, discount = 4, 3, float(rng.uniform(0.05, 0.95))
    rows = rng.dirichlet(np.full(n_states, 0.4), (n_states, n_actions))
    rewards = rng.normal(size=(5, n_states))
    found = emp.average_optimal_value(emp.MDP(rows, normalize=True), discount, rewards=rewards, tol=1e-10)
    best = np.full(rewards.shape, -np.inf)
    for policy in product(range(n_actions), repeat=n_states):
        step = rows[np.arange(n_states), policy]
        best = np.maximum(best, np.linalg.solve(np.eye(n_states) - discount * step, rewards.T).T)
    wanted = (1 - discount) / discount * (best - rewards).mean(axis=0)
    assert found.value == pytest.approx(wanted, abs=2e-10)
    assert not found.standard_error.any()
    assert not found.sampled


def test_terminal_states_go_on_to_give_their_reward():
    found = emp.average_optimal_value(STAR, 0.5, rewards=np.eye(5))
    assert found.value == pytest.approx([4 / 5, 1 / 5, 1 / 5, 1 / 5, 1 / 5])


def test_draws_do_not_depend_on_how_many_are_solved_at_once(monkeypatch):
    world = emp.worlds.open_grid(3)
    whole = emp.average_optimal_value(world, 0.9, n_samples=50, rng=3)
    monkeypatch.setattr("empowerment.power.average_optimal_value._CHUNK", 8 * 45 * 7.0)
    parts = emp.average_optimal_value(world, 0.9, n_samples=50, rng=3)
    assert parts.value == pytest.approx(whole.value, abs=1e-13)
    assert parts.standard_error == pytest.approx(whole.standard_error, abs=1e-13)


def test_a_function_draws_rewards():
    same = emp.average_optimal_value(STAR, 0.9, rewards=lambda rng: rng.random(5), n_samples=100, rng=4)
    uniform = emp.average_optimal_value(STAR, 0.9, n_samples=100, rng=4)
    assert (same.value == uniform.value).all()
    shifted = emp.average_optimal_value(STAR, 0.9, rewards=lambda rng: 2 * rng.random(5) + 1, n_samples=100, rng=4)
    assert shifted.value == pytest.approx(2 * uniform.value + 1, abs=1e-7)


def test_states_are_answered_in_the_order_asked():
    whole = emp.average_optimal_value(STAR, 0.9, n_samples=10, rng=5)
    some = emp.average_optimal_value(STAR, 0.9, states=["b", "centre"], n_samples=10, rng=5)
    assert list(some) == ["b", "centre"]
    assert [float(some[state]) for state in some] == [float(whole[state]) for state in some]


def test_what_is_wrong_is_refused():
    for arguments, words in (
        ({"discount": 1}, r"\[0, 1\)"),
        ({"n_samples": 1}, "at least 2"),
        ({"rewards": "gaussian"}, "uniform"),
        ({"rewards": np.eye(4)}, "rewards has shape"),
        ({"rewards": np.eye(5), "rng": 0}, "nothing is drawn"),
        ({"rewards": np.eye(5), "n_samples": 5}, "nothing is drawn"),
        ({"rewards": np.full((1, 5), 1e101)}, "at most 1e"),
        ({"rewards": np.zeros((0, 5))}, "at least one"),
        ({"rewards": lambda rng: [np.nan] * 5}, "rewards"),
    ):
        with pytest.raises(ValueError, match=words):
            emp.average_optimal_value(STAR, **({"discount": 0.9} | arguments))
    with pytest.raises(RuntimeError, match="raise max_iter"):
        emp.average_optimal_value(emp.worlds.open_grid(3), 0.99, max_iter=2, rng=0)
    pit = emp.MDP(np.ones((1, 1, 1)), available=[[False]])
    with pytest.raises(ValueError, match="no action is available"):
        emp.average_optimal_value(pit, 0.9)

"""Sequences of actions beside another agent that remembers: every strategy of small worlds, written down."""

from itertools import product

import numpy as np
import pytest

import empowerment as emp


def random_rows(seed, n_states=3):
    return np.random.default_rng(seed).dirichlet(np.full(n_states, 0.4), size=(n_states, 2, 2))


def value_beside(response):
    """The least capacity of rows (action, strategy, reading), as the worst case of a world of one step."""
    n_actions, n_strategies, n_readings = response.shape
    rows = np.zeros((1 + n_readings, n_actions, n_strategies, 1 + n_readings))
    rows[1:, :, :, 0], rows[0, :, :, 1:] = 1.0, response
    world = emp.MultiAgentMDP(rows, {"a": n_actions, "b": n_strategies}, normalize=True)
    return emp.worst_case_empowerment(world, 1, "a", "b", states=0, tol=1e-5)


def check(found, response):
    exact = value_beside(response)
    assert found.method == "interval"
    assert found.converged.all()
    assert found.lower[0] <= exact.upper[0]
    assert exact.lower[0] <= found.upper[0]


def test_two_steps_beside_all_strategies():
    """A strategy is a first action, and a second one for each state."""
    for seed in range(3):
        rows = random_rows(seed)
        world = emp.MultiAgentMDP(rows, {"a": 2, "b": 2}, normalize=True)
        strategies = list(product(range(2), product(range(2), repeat=3)))
        response = np.array(
            [
                [
                    sum(rows[0, one, first, after] * rows[after, two, second[after]] for after in range(3))
                    for first, second in strategies
                ]
                for one, two in product(range(2), repeat=2)
            ]
        )
        found = emp.worst_case_empowerment(world, 2, "a", "b", states=0, tol=1e-4)
        check(found, response)
        reactions = emp.worst_case_empowerment(world, 2, "a", "b", states=0, feedback=True)
        assert found.lower[0] <= reactions.upper[0]


def test_two_steps_beside_all_strategies_of_who_sees_each_action():
    """A reaction to what is seen first, and a second one to all that was seen until then."""
    rng = np.random.default_rng(2)
    before, after = rng.dirichlet([0.5, 0.5], size=(2, 2)), rng.dirichlet([0.5, 0.5], size=(2, 2))

    def step(state, chosen):
        row = before[state, chosen["a"]] if "a" in chosen else after[state, chosen["b"]]
        return dict(enumerate(row.tolist()))

    world = emp.from_joint_step(step, [0, 1], {"a": [0, 1], "b": [0, 1]}, order=["a", "b"])
    response = np.zeros((4, 1024, 2))
    strategies = product(product(range(2), repeat=2), product(range(2), repeat=8))
    for place, (first, second) in enumerate(strategies):
        for number, (one, two) in enumerate(product(range(2), repeat=2)):
            for seen, middle, then in product(range(2), repeat=3):
                chance = before[0, one, seen] * after[seen, first[seen], middle] * before[middle, two, then]
                response[number, place] += chance * after[then, second[4 * seen + 2 * middle + then]]
    found = emp.worst_case_empowerment(world, 2, "a", "b", states=0, tol=1e-4)
    check(found, response)


def test_what_is_left_in_the_corridor():
    """A person in the middle keeps a bit at least, one that is shut in nothing."""
    corridor = emp.worlds.shared_corridor()
    found = emp.worst_case_empowerment(corridor, 2, "person", "assistant", states=[(0, 1), (0, 2), (1, 3)], tol=1e-5)
    assert found.converged.all()
    fixed = [emp.assisted_empowerment(corridor, 2, state, "person", "assistant").value.min() for state in found]
    assert (found.upper <= np.array(fixed) + 1e-5).all()
    assert found.value[:2] == pytest.approx([0, 1], abs=1e-4)


def test_a_bound_that_is_cut_short_or_left_out_holds():
    rows = random_rows(0)
    world = emp.MultiAgentMDP(rows, {"a": 2, "b": 2}, normalize=True)
    exact = emp.worst_case_empowerment(world, 2, "a", "b", states=0, tol=1e-4)
    for max_iter in (1, 3):
        short = emp.worst_case_empowerment(world, 2, "a", "b", states=0, max_iter=max_iter)
        assert short.lower[0] <= exact.upper[0]
        assert exact.lower[0] <= short.upper[0]
    large = emp.worst_case_empowerment(world, 8, "a", "b", states=0)
    assert large.lower[0] == 0.0
    assert not large.converged.any()
    idle = emp.MultiAgentMDP(np.ones((1, 1, 1, 1)), {"a": 1, "b": 1})
    assert emp.worst_case_empowerment(idle, 70, "a", "b").value == pytest.approx([0.0], abs=1e-9)

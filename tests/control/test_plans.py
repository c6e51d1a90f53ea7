"""Optimal plans: brute force over all of them, and what is refused."""

import itertools

import numpy as np
import pytest

import empowerment as emp


def test_ranges_are_those_of_all_optimal_plans():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        model = emp.MDP(np.eye(4)[rng.integers(4, size=(4, 3))])
        values, other = rng.integers(3, size=4).astype(float), rng.random(4)
        horizon, discount = 4, 0.5
        sums = {}
        for actions in itertools.product(range(3), repeat=horizon):
            state, reached = 0, []
            for action in actions:
                state = int(model.successors[state, action])
                reached.append(state)
            total = sum(discount**k * values[s] for k, s in enumerate(reached))
            sums.setdefault(round(total, 9), []).append((other[reached].mean(), values[reached].mean()))
        best = max(sums)
        found = emp.optimal_plans(
            model, values, horizon, 0, measures={"other": other, "own": values}, discount=discount
        )
        assert found.best == pytest.approx(best)
        for name, place in (("other", 0), ("own", 1)):
            means = [pair[place] for pair in sums[best]]
            assert found[name] == pytest.approx((min(means), max(means)))


def test_plans_avoid_dead_ends_and_expect_in_noise():
    rows = np.array([[[0.5, 0.5, 0], [0, 0, 1.0]], [[0, 1, 0], [0, 1, 0]], [[0, 0, 0], [0, 0, 0]]])
    available = np.array([[True, True], [True, True], [False, False]])
    model = emp.MDP(rows, available=available)
    found = emp.optimal_plans(model, [0.0, 1.0, 9.0], 2, 0, measures={"at 1": [0, 1, 0]})
    assert found.best == pytest.approx(0.5 + 0.5 * 1 + 0.5 * 9)  # the last step may end in the pit
    assert found["at 1"] == pytest.approx(((0.5 + 0.5) / 2,) * 2)
    longer = emp.optimal_plans(model, [0.0, 1.0, 9.0], 1, 0, measures={"at 1": [0, 1, 0]})
    assert longer.best == 9
    with pytest.raises(ValueError, match="no plan of 1 actions is available from state 2"):
        emp.optimal_plans(model, [0.0, 1.0, 9.0], 1, 2, measures={})


def test_what_is_wrong_with_a_plan_is_said():
    row = emp.worlds.open_grid(1, 3)
    for match, change in {
        "measures is 3, expected a mapping": {"measures": 3},
        "horizon": {"horizon": 0},
        "tol": {"tol": -1.0},
        "values has": {"values": [1.0]},
    }.items():
        arguments = {"values": [0.0, 1.0, 2.0], "horizon": 1, "state": (0, 0), "measures": {}} | change
        with pytest.raises((TypeError, ValueError), match=match):
            emp.optimal_plans(row, **arguments)

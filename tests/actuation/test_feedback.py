"""Feedback from the state, trajectories read: known values, certificates, missing actions."""

import math

import numpy as np
import pytest
from dead_end_oracles import World, tree_rows
from helpers import (
    LOG2,
    MINI2,
    MINI3,
    dynamics_of,
    for_each,
    in_nats,
    on_every_backend,
    seven_states,
    small_model,
    solved_feedback,
)

import empowerment as emp
from empowerment.actuation.feedback.bellman import feedback_value

TOL = 1e-9  # nats


LAKE = [0.333333, 0.694419, 1.034856, None, 1.651633, None, None, None, None, 2.886495]


@for_each(
    ("model", "bits"),
    [
        (MINI2, {1: 0.215055750, 2: 0.422230205, 3: 0.627666292, 5: 1.037683141, 10: 2.062397280}),
        (MINI3, {1: 0.332886673, 2: 0.520812391, 3: 0.686110383, 5: 1.006968555, 10: 1.805312265}),
    ],
    ids=["mini2", "mini3"],
)
@on_every_backend
def test_small_worlds(model, bits, backend):
    for horizon, expected in bits.items():
        assert solved_feedback(model, horizon, backend).value[0] / LOG2 == pytest.approx(expected, abs=1e-9)


@on_every_backend
def test_words_of_the_golden_mean_shift(backend):
    """Trajectories number the Fibonacci number F(n + 2)."""
    for horizon, words in {1: 2, 2: 3, 5: 13, 12: 377}.items():
        assert solved_feedback(emp.worlds.golden_mean(), horizon, backend).value[0] == pytest.approx(
            math.log(words), abs=TOL
        )


@for_each("horizon", [1, 4, 30])
def test_where_feedback_does_not_help(horizon):
    assert solved_feedback(emp.worlds.post(), horizon).value == pytest.approx(horizon * math.log(1.25), abs=TOL)
    expected = horizon * 1.259227060685 * LOG2
    assert solved_feedback(emp.worlds.ring(), horizon).value == pytest.approx(expected, abs=horizon * 1e-12 + TOL)


def test_seven_states_in_which_it_does():
    assert solved_feedback(seven_states(), 2).value[0] == pytest.approx(math.log(1.25), abs=TOL)
    assert solved_feedback(seven_states(), 9).value[0] == pytest.approx(
        math.log(1.25), abs=TOL
    )  # all is over by then


@for_each("horizon", [1, 2, 3, 5, 10])
def test_a_slippery_lake(horizon):
    lake = pytest.importorskip("gymnasium").make("FrozenLake-v1")
    found = solved_feedback(emp.from_gymnasium(lake), horizon)
    assert found.value[0] / LOG2 == pytest.approx(LAKE[horizon - 1], abs=6e-7)


@for_each("make", [emp.worlds.klyubin_maze, emp.worlds.golden_mean])
def test_deterministic_worlds_count_trajectories(make):
    counted = emp.empowerment(make(), 12, output="trajectory", base=math.e)
    assert solved_feedback(make(), 12).value == pytest.approx(counted.value, abs=TOL)


@for_each("seed", range(20))
def test_policy_trees_have_the_same_capacity(seed):
    """Every tree that is never stuck before its last step as an input of its own."""
    model = small_model(seed)
    world = World(model.to_dense(), model.available, np.tile(np.eye(3), (2, 1, 1)), [])
    values = solved_feedback(model, 2)
    for state in range(3):
        trees = tree_rows(world, np.eye(3)[state], 2, world.observation, "trajectory")
        assert bool(trees) == np.isfinite(values.value[state])
        if not trees:
            continue
        exact = emp.channel_capacity(np.array(trees), base=math.e, tol=1e-11, on_failure="ignore")
        assert values.lower[state] <= exact.upper + 1e-12
        assert exact.lower <= values.upper[state] + 1e-12


@for_each("seed", range(6))
def test_the_policy_carries_the_lower_end(seed):
    model = small_model(seed)
    found, worth, transition = solved_feedback(model, 4), np.zeros(3), model.to_dense()
    for policy in found.policies[::-1]:
        assert policy.sum(axis=1) == pytest.approx(model.available.any(axis=1).astype(float), abs=1e-12)
        before = np.zeros(3)
        for state in np.flatnonzero(model.available.any(axis=1)):
            own = model.available[state]
            channel, p = transition[state][own], policy[state][own]
            information = emp.mutual_information(channel, p / p.sum(), base=math.e)
            before[state] = information + p @ channel @ worth
        worth = before
    assert worth == pytest.approx(found.value, abs=2 * TOL)


def test_values_never_fall_without_dead_ends():
    model = small_model(1)
    assert not model.available.all()
    assert model.available.any(axis=1).all()
    before = np.zeros(3)
    for horizon in range(8):
        found = solved_feedback(model, horizon)
        assert (found.upper >= before - TOL).all()
        before = found.value


def test_values_fall_where_a_choice_comes_too_close_to_a_dead_end():
    """From the middle either way is open, but with three steps left one of them is too short."""
    rows = np.zeros((5, 2, 5))
    rows[0, [0, 1], [1, 3]] = rows[1, 0, 2] = rows[3, 0, 4] = rows[4, 0, 4] = 1
    able = np.array([[True, True], [True, False], [False, False], [True, False], [True, False]])
    model = emp.MDP(rows, available=able)
    assert [solved_feedback(model, n).value[0] for n in range(5)] == pytest.approx([0, LOG2, LOG2, 0, 0], abs=TOL)
    assert feedback_value(dynamics_of(model), 0, 4, 0.1, in_nats()) == pytest.approx(0, abs=1e-8)
    assert feedback_value(dynamics_of(model), 1, 4, 0.1, in_nats()) == -math.inf


def test_nothing_can_be_done_anywhere():
    model = emp.MDP(np.zeros((2, 1, 2)), available=[[False], [False]])
    found = solved_feedback(model, 3)
    assert found.value.tolist() == [-math.inf, -math.inf]
    assert not found.policies.any()
    assert solved_feedback(model, 0).value.tolist() == [0.0, 0.0]


def test_an_early_end():
    assert feedback_value(dynamics_of(MINI2), 0, 5, 0.1, in_nats()) == math.inf
    found = feedback_value(dynamics_of(MINI2), 0, 5, 2.0, in_nats())
    assert found == pytest.approx(1.037683141 * LOG2, abs=1e-8)

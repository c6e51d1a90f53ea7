"""Options as inputs: sequences, policies, ends by chance, and what is refused."""

import math
from itertools import product

import numpy as np
import pytest
from helpers import MINI2, MINI3, for_each, in_nats, small_model

import empowerment as emp
from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.feedback.policy_trees import trees_of_states
from empowerment.actuation.open_loop.options import Option, option_channel
from empowerment.actuation.sensor import make_sensor
from empowerment.actuation.task import StateTask


@for_each("horizon", [1, 2, 4])
@for_each("sensor", [None, lambda state: state > 0, np.full((3, 2), 0.5)])
def test_sequences_are_the_open_loop(horizon, sensor):
    options = [Option(list(word)) for word in product(range(2), repeat=horizon)]
    channel = option_channel(MINI3, options, 0, sensor=sensor)
    exact = emp.empowerment(MINI3, horizon, states=0, sensor=sensor)
    assert float(emp.channel_capacity(channel).value) == pytest.approx(float(exact), abs=2e-9)


@for_each(("model", "horizon"), [(MINI2, 2), (MINI2, 3), (MINI3, 2), (small_model(4), 2)])
def test_all_policies_are_feedback(model, horizon):
    each = [dict(enumerate(choice)) for choice in product(range(2), repeat=model.n_states)]
    options = [Option(list(plan)) for plan in product(each, repeat=horizon)]
    task = StateTask(0, horizon, in_nats(1e-9), 10**6, 1e9)
    exact = trees_of_states(task, Dynamics.of(model, make_sensor(None, model)))
    found = emp.channel_capacity(option_channel(model, options, 0), base=math.e)
    assert float(found.value) == pytest.approx(exact.value, abs=3e-9)


def test_ends_by_chance_sum_over_all_lengths():
    """After each step the option goes on with probability 1 - e(s); summed by hand here."""
    rng = np.random.default_rng(3)
    policy, ending = rng.dirichlet(np.ones(2), size=3), np.array([0.3, 0.5, 0.2])
    step = np.einsum("sa,sat->st", policy, MINI3.to_dense())
    where, expected = np.eye(3)[1], np.zeros(3)
    for _ in range(400):
        where = where @ step
        expected += where * ending
        where = where * (1 - ending)
    channel = option_channel(MINI3, {"wander": Option(policy, termination=ending)}, 1)
    assert channel.inputs == ("wander",)
    assert channel.matrix[0] == pytest.approx(expected, abs=1e-14)


def test_ends_for_certain():
    """Discounting with 1 - e everywhere is a geometric number of steps; 1 ends after the first."""
    once = option_channel(MINI3, [Option(policy=np.eye(2)[[a] * 3], termination=[1, 1, 1]) for a in range(2)], 2)
    assert once.matrix == pytest.approx(MINI3.to_dense()[2], abs=1e-15)
    walls = {way: Option({(0, c): way for c in range(5)}, termination=[1, 0, 0, 0, 1]) for way in ("west", "east")}
    channel = option_channel(emp.worlds.grid_world(["....."]), walls, (0, 2))
    assert channel.outputs == ((0, 0), (0, 4))
    assert channel.matrix.tolist() == [[1, 0], [0, 1]]


def test_only_states_on_the_way_are_read():
    corridor = emp.worlds.grid_world(["....."])
    channel = option_channel(corridor, [Option({(0, 0): "east", (0, 1): "east"}, steps=2)], (0, 0))
    assert channel.outputs == ((0, 2),)
    with pytest.raises(ValueError, match=r"option 0 says nothing in state \(0, 2\), which it can come to"):
        option_channel(corridor, [Option({(0, 0): "east", (0, 1): "east"}, steps=3)], (0, 0))


def test_where_the_world_ends_it_stays():
    rows = np.zeros((2, 2, 2))
    rows[0, 0, 1] = rows[0, 1, 0] = 1
    options = [Option({0: 0}, steps=3), Option({0: 1}, steps=3)]
    assert option_channel(emp.MDP(rows, terminal=[1]), options, 0).matrix.tolist() == [[0, 1], [1, 0]]
    with pytest.raises(ValueError, match="option 0 may come to state 1, which has no action, with steps left"):
        option_channel(emp.MDP(rows, available=[[True, True], [False, False]]), options, 0)


@for_each(
    ("option", "said"),
    [
        (Option({0: 0}), "never ends, expected steps= or termination="),
        (Option([0, 1], steps=3), "has 2 policies, expected one for each of 3 steps"),
        (Option(np.full((3, 2), 0.6), steps=1), r"probabilities \[0\.6, 0\.6\] in state 0"),
        (Option(np.full((3, 2), 0.5), steps=1, termination=[1, 1, 1]), "has steps and termination"),
        (Option(np.full((3, 2), 0.5), termination=[0, 0, 0]), "may come to state 0 and never ends"),
        (Option(np.full((3, 2), 0.5), termination=[1, 1]), "has 2 entries from 1 to 1, expected 3 probabilities"),
        (Option(["up"]), "action 'up'"),
    ],
)
def test_what_is_wrong_with_an_option_is_said(option, said):
    with pytest.raises(ValueError, match=said):
        option_channel(MINI3, [option], 0)


def test_missing_actions_and_no_options():
    model = emp.MDP(MINI2.to_dense(), available=[[True, True], [True, False]])
    with pytest.raises(ValueError, match="takes action 1 in state 1, where it is not available"):
        option_channel(model, [Option([1, 1])], 0)
    with pytest.raises(ValueError, match="options is empty"):
        option_channel(model, [], 0)

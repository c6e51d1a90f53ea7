"""Partially observable worlds and channels with memory, against values computed elsewhere by two methods."""

import math

import numpy as np
import pytest
from helpers import for_each
from known_pomdps import CLOSED_LOOP, OPEN_LOOP
from pomdp_oracles import latent_rows, observation_rows, receiver_knows_rows, trajectory_rows, tree_rows

import empowerment as emp


def capacity(rows):
    return emp.channel_capacity(np.array(rows), tol=1e-9).value


@for_each(("model", "belief", "horizon", "known"), OPEN_LOOP)
def test_open_loop_channels_from_a_belief(model, belief, horizon, known):
    transition, observation, start = model.mdp.to_dense(), model.observation, model.belief(belief)
    each = [capacity(latent_rows(transition, state, horizon)) for state in np.eye(model.n_states)]
    found = (
        capacity(latent_rows(transition, start, horizon)),
        capacity(receiver_knows_rows(transition, start, horizon)),
        float(start @ each),
        capacity(observation_rows(transition, observation, start, horizon)),
        capacity(trajectory_rows(transition, observation, start, horizon)),
    )
    assert found == pytest.approx(known, abs=1e-7)


@for_each(("model", "belief", "horizon", "known"), CLOSED_LOOP)
def test_closed_loop_channels_from_a_belief(model, belief, horizon, known):
    start = model.belief(belief)
    found = [
        capacity(tree_rows(model.mdp.to_dense(), model.observation, start, horizon, reading))
        for reading in ("observation", "state", "trajectory")
    ]
    assert found == pytest.approx(known, abs=1e-7)


@for_each(("balls", "known"), [(1, 0.321928095), (2, 1.082725741), (3, 1.788830470)])
def test_trapdoor_channel_with_feedback(balls, known):
    channel = emp.worlds.trapdoor()
    rows = tree_rows(channel.mdp.to_dense(), channel.observation, channel.initial, balls, "trajectory")
    assert capacity(rows) == pytest.approx(known, abs=1e-9)


def test_the_sender_of_the_trapdoor_channel_knows_which_ball_stays():
    beliefs = emp.worlds.trapdoor().reachable_beliefs(None, 4).beliefs
    assert (np.sort(beliefs, axis=1) == [0, 0, 0, 1]).all()


# --- fully observable ones


def trajectory_empowerment(world, horizon):
    return float(emp.empowerment(world, horizon, states=0, output="trajectory"))


@for_each("horizon", range(1, 7))
def test_golden_mean_shift_counts_fibonacci_numbers(horizon):
    fibonacci = [1, 2, 3, 5, 8, 13, 21]
    assert trajectory_empowerment(emp.worlds.golden_mean(), horizon) == pytest.approx(
        math.log2(fibonacci[horizon]), abs=1e-14
    )


def test_golden_mean_with_noise_is_a_binary_symmetric_channel_after_a_zero():
    world = emp.worlds.golden_mean(0.1)
    known = 1 + 0.1 * math.log2(0.1) + 0.9 * math.log2(0.9)
    assert emp.empowerment(world, 1).value == pytest.approx([known, 0], abs=1e-9)
    assert world.to_dense()[1].tolist() == [[1, 0], [1, 0]]


def test_post_channel():
    world = emp.worlds.post()
    final = [float(emp.empowerment(world, n, states=0)) for n in range(1, 6)]
    assert final == pytest.approx([0.321928, 0.558239, 0.722573, 0.831298, 0.900166], abs=1e-6)
    for horizon in (1, 2, 3):
        for state in (0, 1):
            found = emp.empowerment(world, horizon, states=state, output="trajectory")
            assert float(found) == pytest.approx(horizon * math.log2(1.25), abs=1e-9)


def test_post_channel_with_another_probability():
    assert emp.worlds.post(0.25).to_dense().tolist() == [[[1, 0], [0.75, 0.25]], [[0.25, 0.75], [0, 1]]]


def test_ring_of_five():
    world = emp.worlds.ring()
    assert emp.empowerment(world, 1).value == pytest.approx([1.259227060685] * 5, abs=1e-9)
    assert float(emp.empowerment(world, 2, states=0)) == pytest.approx(1.818264, abs=1e-6)
    assert trajectory_empowerment(world, 3) == pytest.approx(3 * 1.259227060685, abs=1e-8)


def test_a_ring_of_two_adds_up_what_leads_to_the_same_cell():
    assert emp.worlds.ring(2, slip=0).to_dense().tolist() == [[[0, 1], [1, 0], [0, 1]], [[1, 0], [0, 1], [1, 0]]]


# --- options


def test_longer_mazes_and_corridors():
    maze = emp.worlds.tmaze(4, slip=0)
    assert maze.n_states == 14
    assert maze.mdp.is_deterministic
    assert maze.observation_probabilities((3, "up"), "forward").tolist() == [0, 0, 0, 1, 0, 0]
    assert maze.observation_probabilities((4, "down"), "up").tolist() == [0, 0, 0, 0, 0, 1]
    assert emp.worlds.tmaze(1).observation_probabilities(None, "forward") == pytest.approx([0.05, 0.05, 0, 0.9, 0, 0])
    corridor = emp.worlds.aliased_corridor(2, slip=0, accuracy=1)
    assert corridor.observation[0].tolist() == [[1, 0, 0], [0, 1, 0]]
    assert corridor.mdp.to_dense()[0].tolist() == [[1, 0], [0, 1], [1, 0]]
    assert emp.worlds.tiger(accuracy=1).update(None, "listen", "hear-right").tolist() == [0, 1]


@for_each(
    ("name", "options", "sentence"),
    [
        ("tmaze", {"length": 0}, "length is 0"),
        ("tmaze", {"slip": 2}, "slip is 2"),
        ("aliased_corridor", {"length": 1}, "length is 1, expected at least 2 cells"),
        ("aliased_corridor", {"accuracy": -1}, "accuracy is -1"),
        ("tiger", {"accuracy": 1.5}, "accuracy is 1.5"),
        ("ring", {"n": 0}, "n is 0"),
        ("golden_mean", {"noise": 1.5}, "noise is 1.5"),
        ("post", {"probability": 1.5}, "probability is 1.5"),
    ],
)
def test_options_are_checked(name, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        emp.worlds.make(name, **options)

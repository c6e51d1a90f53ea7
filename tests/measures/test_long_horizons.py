"""Horizons that no loop could follow: an answer where what can be reached repeats, else a sentence, at once."""

import time

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp

NOISY = emp.MDP(np.array([[[0.9, 0.1], [0.1, 0.9]], [[0.5, 0.5], [0.0, 1.0]]]))
UNIFORM = np.full((2, 2), 0.5)
TIGER = emp.worlds.tiger()
PAIR = emp.worlds.two_way_dimmer()

CALLS = {
    "actuation channel": lambda n: emp.actuation_channel(NOISY, n, 0),
    "open loop": lambda n: emp.empowerment(NOISY, n),
    "trajectories": lambda n: emp.empowerment(NOISY, n, output="trajectory"),
    "feedback": lambda n: emp.empowerment(NOISY, n, feedback=True),
    "feedback over trajectories": lambda n: emp.empowerment(NOISY, n, feedback=True, output="trajectory"),
    "bounds": lambda n: emp.empowerment(NOISY, n, method="interval"),
    "samples": lambda n: emp.empowerment(NOISY, n, method="sampled", options={"samples": 10}),
    "runs of a world without noise": lambda n: emp.empowerment(emp.worlds.ring(4, slip=0), n, output="trajectory"),
    "hidden states": lambda n: emp.empowerment(TIGER, n),
    "beliefs": lambda n: emp.empowerment(TIGER, n, sensor="belief"),
    "hidden states with feedback": lambda n: emp.empowerment(TIGER, n, feedback=True, output="trajectory"),
    "a sweep": lambda n: emp.horizon_sweep(NOISY, [1, n]),
    "every horizon": lambda n: emp.horizon_sweep(NOISY, range(n)),
    "contexts": lambda n: emp.context_empowerment(NOISY, n),
    "an option": lambda n: emp.option_channel(NOISY, [emp.Option(0, steps=n)], 0),
    "directed information": lambda n: emp.directed_information(NOISY, n, UNIFORM),
    "a joint distribution": lambda n: emp.joint_distribution(NOISY, n, UNIFORM, initial=0),
    "a simulation": lambda n: emp.simulate(NOISY, UNIFORM, initial=0, steps=n),
    "a transfer": lambda n: emp.transfer_empowerment(PAIR, n, "assistant", "person"),
    "an informed receiver": lambda n: emp.informed_empowerment(PAIR, n, "person", {"assistant": "uniform"}),
    "a sum rate": lambda n: emp.independent_sum_rate(PAIR, n, 0),
}


@for_each("name", CALLS)
def test_a_horizon_that_is_too_long_is_refused_at_once(name):
    began = time.process_time()
    for horizon in (10**9, 10**18, 10**30, 10**400):
        with pytest.raises((ValueError, MemoryError), match=r"horizon|steps") as caught:
            CALLS[name](horizon)
        assert len(str(caught.value)) < 500
    assert time.process_time() - began < 2


def test_reachable_beliefs_end_when_no_more_are_found():
    few = TIGER.reachable_beliefs([0.5, 0.5], 10**9, max_beliefs=1000)
    assert few.beliefs.shape == TIGER.reachable_beliefs([0.5, 0.5], 200).beliefs.shape


@for_each("stopping", [False, True])
@for_each("stay", [False, True])
def test_counts_of_any_horizon_are_those_of_a_short_one(stay, stopping):
    """Without "stay" a grid is bipartite: the agent alternates between the two colours of a chessboard."""
    grid = emp.worlds.grid_world(["....", ".#..", "...."], stay=stay)
    options = {"stopping": stopping}
    for longer, shorter in ((10**9, 60), (10**9 + 1, 61), (10**18, 60), (2**63 - 1, 61)):
        for backend in ("numba", "reference"):
            if backend == "reference" and not stay and not stopping and longer == 2**63 - 1:
                continue
            found = emp.empowerment(grid, longer, backend=backend, **options)
            assert np.array_equal(found.value, emp.empowerment(grid, shorter, **options).value)
            assert found.converged.all()


def test_a_period_of_its_own_is_kept_for_every_start():
    """Two cycles of 3 and 5 states: after any number of steps there is one state, and a sensor tells where."""
    successors = np.array([1, 2, 0, 4, 5, 6, 7, 3])
    cycles = emp.MDP(np.eye(8)[successors][:, None, :])
    for horizon in (10**9, 10**15 + 7):
        channel = emp.empowerment(cycles, horizon)
        assert channel.value.tolist() == [0.0] * 8


def test_sequences_as_long_as_that_are_not_traced():
    found = emp.empowerment(emp.worlds.klyubin_maze(), 10**9)
    with pytest.raises(ValueError, match="traced over at most 100,000 steps"):
        found.sequences((0, 0))
    assert found.value == pytest.approx(np.log2(100), abs=1e-12)  # every cell can be reached


def test_the_number_of_sequences_that_may_stop_is_a_geometric_series():
    for n_actions, horizons in ((5, [0, 1, 7]), (1, [0, 4])):
        world = emp.MDP(np.ones((1, n_actions, 1)))
        sweep = emp.horizon_sweep(world, horizons, stopping=True)
        expected = [np.log2(sum(n_actions**k for k in range(n + 1))) for n in horizons]
        assert np.allclose(sweep.actions, expected)

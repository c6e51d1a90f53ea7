"""Open-loop channels against brute force over every sequence."""

import itertools
import math

import numpy as np
import pytest
from helpers import for_each, random_model
from hypothesis import given
from hypothesis import strategies as st

import empowerment as emp
from empowerment.actuation.open_loop.channel import NoSequenceError
from empowerment.actuation.open_loop.counting import count_trajectories, trace_sequences


def brute_force(model, start, horizon, sensor, output):
    """Follow every sequence through every path; return {sequence: {outcome: probability}}."""
    rows = model.to_dense()
    found = {}
    for sequence in itertools.product(range(model.n_actions), repeat=horizon):
        paths = {(start, ()): 1.0}
        for action in sequence:
            if any(not model.available[state, action] for state, _ in paths):
                break
            following = {}
            for (state, readings), probability in paths.items():
                for target in np.flatnonzero(rows[state, action]):
                    for reading in np.flatnonzero(sensor[target]):
                        seen = (*readings, int(reading)) if output == "trajectory" else (int(reading),)
                        key = (int(target), seen)
                        weight = probability * rows[state, action, target] * sensor[target, reading]
                        following[key] = following.get(key, 0.0) + weight
            paths = following
            if output == "final":  # what was read on the way is forgotten
                forgotten = {}
                for (state, _), probability in paths.items():
                    forgotten[state, ()] = forgotten.get((state, ()), 0.0) + probability
                last, paths = paths, forgotten
            else:
                last = paths
        else:
            row = {}
            for (_, readings), probability in last.items():
                row[readings] = row.get(readings, 0.0) + probability
            found[sequence] = row
    return found


@given(
    st.integers(0, 10**6),
    st.integers(1, 3),
    st.sampled_from(["final", "trajectory"]),
    st.sampled_from(["state", "coarse", "noisy"]),
    st.sampled_from([0.0, 0.3]),
)
def test_every_row_equals_brute_force(seed, horizon, output, kind, missing):
    model = random_model(seed, missing=missing)
    sensor = {
        "state": np.eye(4),
        "coarse": np.eye(2)[[0, 1, 0, 1]],
        "noisy": np.random.default_rng(seed).dirichlet(np.ones(3), size=4),
    }[kind]
    expected = brute_force(model, 0, horizon, sensor, output)
    argument = None if kind == "state" else sensor
    if not expected:
        with pytest.raises(NoSequenceError, match=f"no sequence of {horizon} actions is available from state 0"):
            emp.actuation_channel(model, horizon, 0, sensor=argument, output=output)
        return
    full = emp.actuation_channel(model, horizon, 0, sensor=argument, output=output, merge=False)
    assert list(full.inputs) == sorted(expected)
    for sequence, row in zip(full.inputs, full.matrix, strict=True):
        labels = [label if output == "trajectory" else (label,) for label in full.outputs]
        for label, probability in zip(labels, row, strict=True):
            assert probability == pytest.approx(expected[sequence].get(label, 0.0), abs=1e-13)
    merged = emp.actuation_channel(model, horizon, 0, sensor=argument, output=output)
    assert set(merged.inputs) <= set(full.inputs)
    assert emp.channel_capacity(merged).value == pytest.approx(emp.channel_capacity(full).value, abs=2e-9)


def test_an_action_that_may_be_missing_on_the_way_rules_the_sequence_out():
    """Action 1 is missing in state 1, which action 0 reaches half of the time."""
    rows = np.zeros((2, 2, 2))
    rows[0, 0], rows[0, 1], rows[1, 0] = [0.5, 0.5], [1, 0], [0, 1]
    model = emp.MDP(rows, available=[[True, True], [True, False]])
    assert emp.actuation_channel(model, 2, 0, merge=False).inputs == ((0, 0), (1, 0), (1, 1))


def test_commuting_actions_are_merged_and_named_by_their_first_sequence():
    channel = emp.actuation_channel(emp.worlds.open_grid(9, slip=0.2, slip_mode="stay"), 2, (4, 4))
    assert channel.n_inputs == 15  # multisets of two of five actions
    assert channel.inputs[1] == ("north", "south")
    assert ("south", "north") not in channel.inputs


def test_horizon_zero_is_one_empty_sequence():
    channel = emp.actuation_channel(random_model(0), 0, 2)
    assert channel.inputs == ((),)
    assert channel.outputs == (2,)
    assert channel.matrix.tolist() == [[1.0]]


def test_a_step_that_would_not_fit_is_refused_before_it_is_made():
    with pytest.raises(MemoryError, match=r"step 3 of 9 takes .* GB of rows, allowed are 1e-05 GB"):
        emp.actuation_channel(emp.worlds.slip_grid(), 9, (4, 4), memory=1e4)


@for_each(
    ("options", "error", "sentence"),
    [
        ({"horizon": -1}, ValueError, "horizon is -1, expected a number of steps of at least 0"),
        ({"horizon": 1.5}, TypeError, "horizon is 1.5, expected a whole number"),
        ({"horizon": True}, TypeError, "horizon is True"),
        ({"state": 9}, ValueError, "unknown state 9; the 4 states are 0, 1, 2, 3"),
        ({"output": "last"}, ValueError, "unknown output 'last'; the known ones are 'final', 'trajectory'"),
        ({"sensor": "belief"}, ValueError, "unknown sensor of an MDP 'belief'; the known ones are 'state'"),
        ({"sensor": np.eye(3)}, ValueError, r"sensor has shape \(3, 3\), expected \(n_states, n_readings\) with 4"),
        ({"sensor": np.ones((4, 2))}, ValueError, r"sensor\[0\] sums to 2"),
        ({"sensor": lambda s: [s]}, TypeError, r"sensor\(0\) is \[0\], expected a hashable reading"),
    ],
)
def test_bad_arguments_are_refused(options, error, sentence):
    arguments = {"state": 0, "horizon": 1} | options
    with pytest.raises(error, match=sentence):
        emp.actuation_channel(random_model(0), **arguments)


@given(st.integers(0, 10**6), st.integers(0, 5), st.sampled_from([0.0, 0.3]), st.booleans())
def test_counting_equals_enumeration(seed, horizon, missing, trajectory):
    """Two routes to one number: sets of reachable readings, and the capacity over every sequence."""
    model = random_model(seed, n_states=6, n_actions=2, missing=missing, deterministic=True)
    reading = np.random.default_rng(seed).integers(3, size=6)
    for sensor in (None, lambda s: int(reading[s])):
        options = {"sensor": sensor, "output": "trajectory" if trajectory else "final"}
        counted = emp.empowerment(model, horizon, **options)
        enumerated = emp.empowerment(model, horizon, method="enumeration", **options)
        assert (counted.methods, enumerated.methods) == ("counting", "enumeration")
        assert counted.value == pytest.approx(enumerated.value, abs=1e-9)
        assert counted.status.tolist() == enumerated.status.tolist()


def test_runs_of_readings_are_counted_exactly_at_any_length():
    """Golden mean: from 0 to 0 or 1, from 1 to 0; runs of n are Fibonacci numbers."""
    successors, both = np.array([[0, 1], [0, 0]]), np.array([0, 1])
    fibonacci = [1, 1]
    while len(fibonacci) < 1003:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    for horizon in (0, 1, 5, 1000):
        assert count_trajectories(successors, both, np.array([0]), horizon) == [fibonacci[horizon + 1]]
    model = emp.MDP(np.eye(2)[successors])
    result = emp.empowerment(model, 1000, states=0, output="trajectory")
    assert float(result) == pytest.approx(math.log2(fibonacci[1001]), rel=1e-15)


@given(st.integers(0, 10**6), st.integers(0, 4))
def test_traced_sequences_lead_to_different_readings(seed, horizon):
    model = random_model(seed, n_states=5, n_actions=3, missing=0.2, deterministic=True)
    reading = np.arange(5) % 3
    sequences = trace_sequences(model.successors, reading, 0, horizon)
    ends = []
    for sequence in sequences:
        state = 0
        for action in sequence:
            assert model.available[state, action]
            state = model.successors[state, action]
        ends.append(reading[state])
    count = brute_force(model, 0, horizon, np.eye(3)[reading], "final") if horizon else {(): {(0,): 1.0}}
    assert len(ends) == len(set(ends)) == len({next(iter(row)) for row in count.values()})

"""Counts of what can be reached, against breadth-first search with sets and counting with whole numbers."""

import functools
import math

import numpy as np
import pytest
from helpers import for_each, on_every_backend, random_model
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import empowerment as emp
from empowerment.actuation.kernels import actuation_kernels
from empowerment.actuation.open_loop.counting import (
    Graph,
    count_readings,
    count_trajectories,
    log_trajectories,
    reading_graph,
    successor_graph,
    trace_sequences,
)
from empowerment.actuation.sensor import make_sensor
from empowerment.worlds.successors import from_successors

SEEDS = st.integers(0, 10**6)


def random_world(seed, deterministic=True):
    """A small world, often with missing actions, sometimes with states that none leaves."""
    sizes = {"n_states": range(1, 9), "n_actions": range(1, 4)}
    return random_model(seed, **sizes, concentration=0.2, missing=[0.0, 0.3, 0.7], deterministic=deterministic)


def random_sensor(seed, model, deterministic=True):
    rng = np.random.default_rng(seed + 1)
    if rng.random() < 0.3:
        return make_sensor(None, model)
    n_readings = rng.integers(1, 5)
    if deterministic:
        return make_sensor(np.eye(n_readings)[rng.integers(n_readings, size=model.n_states)], model)
    rows = rng.dirichlet(np.full(n_readings, 0.3), size=model.n_states)
    rows[rows < 0.1] = 0.0
    return make_sensor(rows / rows.sum(axis=1, keepdims=True), model)


@functools.lru_cache(maxsize=4)
def neighbours(model):
    """The states after each state, as sets."""
    rows = model.to_dense()
    return [
        {int(t) for a in range(model.n_actions) for t in np.flatnonzero(rows[s, a])} for s in range(model.n_states)
    ]


def readings_after(model, sensor, start, horizon, up_to):
    """What may be read after `horizon` steps, or after at most as many."""
    following, seen = neighbours(model), sensor.matrix.toarray()
    now = everything = {start}
    for _ in range(horizon):
        now = {t for s in now for t in following[s]}
        everything = everything | now
    return {int(r) for s in (everything if up_to else now) for r in np.flatnonzero(seen[s])}


def counted(model, sensor, starts, horizon, **options):
    readings = reading_graph(sensor)
    return count_readings(successor_graph(model), readings, len(sensor.readings), starts, horizon, **options)


@given(SEEDS, st.integers(0, 6), st.booleans(), st.booleans(), st.booleans())
def test_both_backends_count_what_breadth_first_search_finds(seed, horizon, up_to, quiet_world, quiet_sensor):
    model = random_world(seed, quiet_world)
    sensor = random_sensor(seed, model, quiet_sensor)
    starts = np.arange(model.n_states)
    expected = [len(readings_after(model, sensor, s, horizon, up_to)) for s in starts.tolist()]
    for backend in ("numba", "reference"):
        counts = counted(model, sensor, starts, horizon, up_to=up_to, backend=backend)
        assert counts.dtype == np.int64
        assert counts.tolist() == expected


def wheel(n_states):
    """A step back, one ahead or two, and none to stay but in every seventh state."""
    here = np.arange(n_states)
    moves = np.stack([here - 1, here + 1, np.where(here % 7, here + 2, here)], axis=1) % n_states
    return from_successors(moves, states=range(n_states), actions="abc")


WHEEL = wheel(200)
THIRDS = make_sensor(lambda s: s // 3, WHEEL)


@functools.cache
def counted_alone(horizon, up_to):
    return [len(readings_after(WHEEL, THIRDS, s, horizon, up_to)) for s in range(200)]


@for_each("up_to", [False, True])
@for_each("horizon", [0, 1, 4, 200])
@on_every_backend
def test_many_starts_repeated_and_in_any_order(backend, horizon, up_to):
    """More than one word of starts; each of them counted by itself gives the same."""
    rng = np.random.default_rng(0)
    starts = np.concatenate([rng.permutation(200), rng.integers(200, size=90), [7] * 70])
    counts = counted(WHEEL, THIRDS, starts, horizon, up_to=up_to, backend=backend)
    alone = counted_alone(horizon, up_to)
    assert counts.tolist() == [alone[s] for s in starts.tolist()]
    waiting = np.arange(0, 200, 7)  # in these alone one can stay, which is enough for their sets to be nested
    counts = counted(WHEEL, THIRDS, waiting, horizon, up_to=up_to, backend=backend)
    assert counts.tolist() == [alone[s] for s in waiting.tolist()]


@on_every_backend
def test_more_than_255_places_in_a_word(backend):
    """Counts do not overflow the bytes they are gathered in."""
    world = emp.worlds.open_grid(30)
    counts = counted(world, make_sensor(None, world), np.arange(900), 58, backend=backend)
    assert (counts == 900).all()
    few = counted(world, make_sensor(None, world), np.array([0, 435]), 9, backend=backend)
    assert few.tolist() == [55, 181]


@on_every_backend
def test_sets_need_not_be_nested(backend):
    """Without a way to wait, odd and even steps lead to different states of a ring."""
    ring = from_successors(np.array([[1, 3], [2, 0], [3, 1], [0, 2]]), states=range(4), actions="ab")
    sensor = make_sensor(lambda s: "here" if s == 0 else s, ring)
    for horizon in range(4):
        assert counted(ring, sensor, np.array([0]), horizon, backend=backend)[0] == (2 if horizon else 1)
        up_to = counted(ring, sensor, np.array([0]), horizon, up_to=True, backend=backend)[0]
        assert up_to == [1, 3, 4, 4][horizon]


@on_every_backend
def test_no_starts_one_state_and_no_action(backend):
    alone = emp.MDP(np.ones((1, 1, 1)))
    stuck = emp.MDP(np.ones((1, 1, 1)), available=[[False]])
    for model, count in ((alone, 1), (stuck, 0)):
        sensor = make_sensor(None, model)
        assert counted(model, sensor, np.array([], dtype=int), 3, backend=backend).tolist() == []
        assert counted(model, sensor, np.array([0]), 3, backend=backend).tolist() == [count]
        assert counted(model, sensor, np.array([0]), 0, backend=backend).tolist() == [1]
        assert counted(model, sensor, np.array([0]), 3, up_to=True, backend=backend).tolist() == [1]


@on_every_backend
def test_kernels_take_arrays_that_are_read_only(backend):
    """As they come from memory-mapped files in other processes."""
    model = wheel(20)
    graph, readings = successor_graph(model), reading_graph(make_sensor(None, model))
    starts = np.arange(20)
    for array in (*graph, *readings, starts):
        array.setflags(write=False)
    counts = actuation_kernels(backend).count_readings(*graph, *readings, 20, starts, 1, False)
    assert counts.tolist() == [3] * 20


def test_graphs_join_each_state_to_distinct_successors_and_readings():
    rows = np.zeros((3, 2, 3))
    rows[0] = [[0, 0.5, 0.5], [0, 0, 1]]
    rows[1] = [[1, 0, 0], [0, 1, 0]]
    model = emp.MDP(rows, terminal=[2], available=[[True, True], [True, False], [True, True]])
    graph = successor_graph(model)
    assert isinstance(graph, Graph)
    assert (graph.indptr.tolist(), graph.indices.tolist()) == ([0, 2, 3, 4], [1, 2, 0, 2])
    assert (graph.indptr.dtype, graph.indices.dtype) == (np.int64, np.int32)
    readings = reading_graph(make_sensor([[1, 0], [0.5, 0.5], [0, 1]], model))
    assert (readings.indptr.tolist(), readings.indices.tolist()) == ([0, 1, 3, 4], [0, 0, 1, 1])


def paths(model, horizon):
    """The number of paths from each state, with Python's integers."""
    following = neighbours(model)
    counts = [1] * model.n_states
    for _ in range(horizon):
        counts = [sum(counts[t] for t in following[s]) for s in range(model.n_states)]
    return counts


def check_logarithms(found, error, counts):
    for logarithm, count in zip(found.tolist(), counts, strict=True):
        assert logarithm == -math.inf if count == 0 else abs(logarithm - math.log(count)) <= error


@given(SEEDS, st.integers(0, 5))
def test_logarithms_of_runs_equal_exact_counts(seed, horizon):
    model = random_world(seed)
    sensor = random_sensor(seed, model)
    starts = np.random.default_rng(seed).integers(model.n_states, size=6)
    found, error = log_trajectories(model, sensor, starts, horizon)
    check_logarithms(found, error, count_trajectories(model.successors, sensor.reading_of_state, starts, horizon))
    assert error < 1e-14


@given(SEEDS, st.sampled_from([0, 1, 40, 700, 1500]))
def test_logarithms_of_paths_equal_counting_with_whole_numbers(seed, horizon):
    """Numbers far beyond double precision, in worlds where they also end or stand still."""
    model = random_world(seed)
    found, error = log_trajectories(model, make_sensor(None, model), np.arange(model.n_states), horizon)
    check_logarithms(found, error, paths(model, horizon))
    assert error < 1e-11


def test_paths_of_states_that_grow_apart_beyond_any_common_scale():
    """State 0 has 8 to the n paths through eight others, state 9 stands still, 10 leads to both, 11 ends."""
    successors = np.concatenate([np.tile(np.arange(8), (9, 1)), np.full((3, 8), -1)])
    successors[9, 0], successors[10, :2] = 9, (9, 0)
    table = successors.reshape(-1)
    rows = sparse.csr_array(
        (np.ones((table >= 0).sum()), (np.flatnonzero(table >= 0), table[table >= 0])), shape=(96, 12)
    )
    model = emp.MDP(rows, available=successors >= 0)
    found, error = log_trajectories(model, make_sensor(None, model), np.array([0, 9, 10, 11]), 1000)
    assert found.tolist() == pytest.approx([3000 * math.log(2), 0.0, 2997 * math.log(2), -math.inf], abs=error)
    assert found[1] == 0.0


def test_the_bound_of_logarithms_grows_with_what_was_rounded():
    world = emp.worlds.open_grid(5)
    sensor = make_sensor(None, world)
    exact, rounded = (log_trajectories(world, sensor, np.arange(25), horizon)[1] for horizon in (20, 1000))
    assert exact <= 4 * math.ulp(20 * math.log(5))
    assert 1000 * 2.0**-53 < rounded < 1e-11
    still = emp.MDP(np.ones((1, 1, 1)))
    assert log_trajectories(still, make_sensor(None, still), np.array([0]), 9)[1] < 1e-300


def walk(model, start, sequence):
    """Where a sequence leads, each of its actions being available."""
    state, length = start, int((sequence >= 0).sum())
    assert (sequence[length:] == -1).all()
    for action in sequence[:length].tolist():
        assert model.available[state, action]
        state = model.successors[state, action]
    return state, length


@given(SEEDS, st.integers(0, 5), st.booleans())
def test_sequences_lead_to_every_reading_by_a_shortest_way(seed, horizon, up_to):
    model = random_world(seed)
    sensor = random_sensor(seed, model)
    reading = sensor.reading_of_state
    sequences = trace_sequences(model.successors, reading, 0, horizon, up_to=up_to)
    assert (sequences.shape[1], sequences.dtype) == (horizon, np.int32)
    ends = [walk(model, 0, sequence) for sequence in sequences]
    found = [int(reading[state]) for state, _ in ends]
    assert found == sorted(readings_after(model, sensor, 0, horizon, up_to))
    for r, (_, length) in zip(found, ends, strict=True):
        lengths = [n for n in range(horizon + 1) if r in readings_after(model, sensor, 0, n, False)]
        assert length == (lengths[0] if up_to else horizon)


def test_sequences_for_what_is_at_most_so_many_steps_away():
    line = from_successors(np.array([[0, 1], [0, 2], [1, 2]]), states=range(3), actions=["back", "ahead"])
    sequences = trace_sequences(line.successors, np.arange(3), 0, 4, up_to=True)
    assert sequences.tolist() == [[-1] * 4, [1, -1, -1, -1], [1, 1, -1, -1]]

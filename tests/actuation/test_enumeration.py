"""Rows of many states in one pass, and their capacities in one batch."""

import itertools

import numpy as np
import pytest
from helpers import for_each, random_model

import empowerment as emp
from empowerment.actuation.kernels import RowLimits, actuation_kernels
from empowerment.actuation.open_loop import enumeration
from empowerment.actuation.open_loop.enumeration import world_of
from empowerment.actuation.sensor import make_sensor
from empowerment.capacity.kernels import EQUAL_RTOL
from empowerment.runtime.interrupts import StoppedError, stopped_by

BACKENDS = ("numba", "reference")
MANY = RowLimits(10**9, 2**22, 2**22)


def sensors(model, seed):
    """The state itself, a function of it, and readings at random."""
    noisy = np.random.default_rng(seed).dirichlet(np.full(3, 0.5), size=model.n_states)
    noisy[noisy < 0.1] = 0
    return None, lambda state: state % 2, noisy / noisy.sum(axis=1, keepdims=True)


def enumerated(backend, model, sensor, horizon, limits=MANY, starts=None):
    """Return what a kernel makes of all states: matrices, and for each row a sequence of actions."""
    world = world_of(model, make_sensor(sensor, model))
    starts = np.arange(model.n_states) if starts is None else starts
    found = actuation_kernels(backend).enumerate_rows(world, starts, horizon, limits)
    sizes = np.maximum(found.n_rows, 0)
    parts = np.split(found.entries, np.cumsum(sizes * found.n_columns)[:-1])
    matrices = [part.reshape(n, m) for part, n, m in zip(parts, sizes, found.n_columns, strict=True)]
    sequences = [
        [np.unravel_index(number, (model.n_actions,) * horizon) if horizon else () for number in own]
        for own in np.split(found.sequences, np.cumsum(sizes)[:-1])
    ]
    return found, matrices, sequences


def by_brute_force(model, start, sensor, horizon):
    """Return the row of the reading after every available sequence."""
    matrix, rows = make_sensor(sensor, model).matrix, {}
    for sequence in itertools.product(range(model.n_actions), repeat=horizon):
        row = np.eye(model.n_states)[start]
        for action in sequence:
            if (row[~model.available[:, action]] > 0).any():
                break
            row = row @ model.action_matrices[action]
        else:
            rows[sequence] = np.asarray(row @ matrix)
    return rows


@for_each("seed", range(12), first=4)
@for_each("backend", BACKENDS)
def test_rows_are_those_of_all_available_sequences(seed, backend):
    """Every row belongs to the sequence it names, and every sequence that is left out has the row of another."""
    model = random_model(seed, range(2, 7), range(1, 4), least=0.2, missing=(0.0, 0.3))
    for sensor, horizon in itertools.product(sensors(model, seed), range(5)):
        found, matrices, sequences = enumerated(backend, model, sensor, horizon)
        assert found.n_rows.size == model.n_states
        for start, (matrix, own) in enumerate(zip(matrices, sequences, strict=True)):
            expected = by_brute_force(model, start, sensor, horizon)
            assert (found.n_rows[start] > 0) == (len(expected) > 0)
            if not expected:
                continue
            every = np.array(list(expected.values()))
            possible = _columns_in_order(every, np.array([expected[tuple(map(int, one))] for one in own]), matrix)
            assert matrix.shape[1] >= np.count_nonzero(every.any(axis=0))
            kept = every[:, possible]
            near = [np.abs(matrix - row).max(axis=1).min() for row in kept]
            assert max(near) < 1e-12


def _columns_in_order(every, of_sequences, matrix):
    """Return which reading each column of a matrix stands for, by the rows of the sequences that it names."""
    order = []
    for column in matrix.T:
        same = [y for y in range(every.shape[1]) if y not in order and np.allclose(of_sequences[:, y], column, 1e-12)]
        assert same
        order.append(same[0])
    return order


@for_each("seed", range(8), first=3)
def test_the_compiled_kernel_agrees_with_the_reference(seed):
    model = random_model(seed, 9, range(1, 5), concentration=0.3, least=0.1, missing=(0.0, 0.2))
    for sensor, horizon in itertools.product(sensors(model, seed), (1, 2, 3, 4)):
        (one, rows, _), (other, expected, _) = (enumerated(b, model, sensor, horizon) for b in BACKENDS)
        for name in ("n_rows", "n_columns", "n_states"):
            assert getattr(one, name).tolist() == getattr(other, name).tolist()
        for mine, theirs in zip(rows, expected, strict=True):
            # The order of rows and of columns may differ; sums of powers of the entries do not depend on either.
            for power in (1, 2, 3):
                mine_sums, their_sums = (np.sort((part**power).sum(axis=1)) for part in (mine, theirs))
                assert mine_sums == pytest.approx(their_sums, rel=1e-12)
                mine_sums, their_sums = (np.sort((part**power).sum(axis=0)) for part in (mine, theirs))
                assert mine_sums == pytest.approx(their_sums, rel=1e-12)


@for_each("backend", BACKENDS)
def test_equal_rows_are_merged_after_every_action(backend):
    """Steps around a torus commute, so that the sequences of 6 are as many as there are multisets of moves."""
    cells = np.arange(100).reshape(10, 10)
    moves = [np.roll(cells, shift, axis).reshape(-1) for axis in (0, 1) for shift in (1, -1)]
    model = emp.MDP(np.stack([0.8 * np.eye(100)[move] + 0.2 * np.eye(100) for move in moves], axis=1))
    found, matrices, _ = enumerated(backend, model, None, 6, starts=np.array([0, 37]))
    assert found.n_rows.tolist() == [84, 84]  # 9 over 3
    for matrix in matrices:
        assert matrix.sum(axis=1) == pytest.approx(1, abs=6 * EQUAL_RTOL)


@for_each("backend", BACKENDS)
def test_what_exceeds_a_limit_is_told(backend):
    model = emp.worlds.slip_grid()
    for limits in (MANY._replace(max_sequences=24), MANY._replace(max_entries=24 * 8)):
        found, _, _ = enumerated(backend, model, None, 2, limits, starts=np.array([44]))
        assert found.n_rows.tolist() == [-1]
        assert not found.entries.size
        assert not found.sequences.size
    found, _, _ = enumerated(backend, model, None, 2, MANY._replace(max_sequences=25), starts=np.array([44]))
    assert found.n_rows[0] > 0


@for_each("backend", BACKENDS)
def test_as_many_starts_are_taken_as_there_is_room_for(backend):
    model = emp.worlds.slip_grid()
    whole, matrices, _ = enumerated(backend, model, None, 2)
    starts, parts = np.arange(model.n_states), []
    while starts.size:
        found, some, _ = enumerated(backend, model, None, 2, RowLimits(10**9, 1000, 1000), starts)
        assert found.entries.size <= 1000
        assert 0 < found.n_rows.size < 20
        parts += some
        starts = starts[found.n_rows.size :]
    assert len(parts) == whole.n_rows.size
    for one, other in zip(parts, matrices, strict=True):
        assert np.array_equal(one, other)


def test_large_layers_get_larger_buffers(monkeypatch):
    from empowerment.actuation.kernels.cpu import enumeration as compiled

    model = emp.worlds.slip_grid()
    expected, _, _ = enumerated("numba", model, None, 3, starts=np.array([44, 45]))
    monkeypatch.setattr(compiled, "_FIRST_SIZE", 100)
    found, _, _ = enumerated("numba", model, None, 3, starts=np.array([44, 45]))
    assert np.array_equal(found.entries, expected.entries)


def test_a_start_takes_what_it_reaches_however_large_the_world_is():
    """The layers of the same cells in larger and larger grids hold as many states."""
    sizes = []
    for side in (12, 24, 48):
        model = emp.worlds.open_grid(side, slip=0.2)
        starts = np.array([model.state_index((5 + i, 6)) for i in range(3)])
        found, _, _ = enumerated("numba", model, None, 3, starts=starts)
        sizes.append((found.n_rows.tolist(), found.n_columns.tolist(), found.n_states.tolist(), found.entries.size))
    assert sizes[0] == sizes[1] == sizes[2]


def test_the_flag_stops_the_kernel():
    flag = np.ones(1, dtype=np.uint8)
    with stopped_by(flag), pytest.raises(StoppedError):
        enumerated("numba", emp.worlds.slip_grid(), None, 3)
    assert enumerated("numba", emp.worlds.slip_grid(), None, 3)[0].n_rows.size == 88


# --- capacities


def agree(one, other):
    return (np.maximum(one.lower, other.lower) <= np.minimum(one.upper, other.upper)).all()


def questions():
    """Questions of all kinds about the last reading."""
    tiger = emp.worlds.tiger()
    for seed in range(4):
        model = random_model(seed, 6, 3, missing=0.2 * (seed % 2), terminal=[5] if seed > 1 else None)
        for sensor in sensors(model, seed):
            yield model, {"sensor": sensor}
        yield model, {"stopping": True}
        yield model, {"beliefs": np.random.default_rng(seed).dirichlet(np.ones(6), size=3)}
        yield model, {"beliefs": np.full(6, 1 / 6), "known_to": "receiver"}
        yield model, {"beliefs": np.full(6, 1 / 6), "known_to": "both"}
    yield emp.worlds.open_grid(4, slip=0.2), {}
    yield tiger, {}
    yield tiger, {"sensor": "belief"}


@for_each("backend", BACKENDS)
@for_each("number", range(len(list(questions()))))
def test_values_and_intervals_are_those_of_column_generation(number, backend):
    model, options = list(questions())[number]
    for horizon in (0, 1, 2, 3):
        found = emp.empowerment(model, horizon, backend=backend, **options)
        expected = emp.empowerment(model, horizon, method="column-generation", **options)
        assert agree(found, expected)
        assert found.converged.all()
        if options.get("known_to") != "both":
            assert set(found.method) <= {"enumeration", "counting"}
            missing = expected.status == emp.Status.NO_SEQUENCE
            assert ((found.status == emp.Status.NO_SEQUENCE) == missing).all()


def test_sequences_carry_the_value():
    model = emp.worlds.slip_grid()
    result = emp.empowerment(model, 3)
    for state in model.states[::20]:
        channel = emp.actuation_channel(model, 3, state, merge=False)
        inputs = {sequence: row for row, sequence in enumerate(channel.inputs)}
        carried = result.sequences(state)
        p = np.array([weight for _, weight in carried])
        rows = channel.matrix[[inputs[sequence] for sequence, _ in carried]]
        assert emp.mutual_information(rows, p / p.sum()) == pytest.approx(float(result[state]), abs=1e-4)


def counted_batches(monkeypatch):
    """Return a list that gets the number of channels of each batch from now on."""
    from empowerment.capacity.kernels import cpu

    sizes, solve = [], cpu.solve_batch

    def counted(batch, *limits):
        sizes.append(batch.n_rows.size)
        return solve(batch, *limits)

    monkeypatch.setattr(cpu, "solve_batch", counted)
    return sizes


def test_a_map_is_one_batch(monkeypatch):
    sizes = counted_batches(monkeypatch)
    assert emp.empowerment(emp.worlds.slip_grid(), 3).methods == "enumeration"
    assert sizes == [88]
    sizes.clear()
    emp.empowerment(emp.worlds.open_grid(5, slip=0.2), 2)
    assert sizes == [6]  # one of each orbit


def test_little_memory_makes_more_blocks_and_the_same_values(monkeypatch):
    model = emp.worlds.slip_grid()
    expected = emp.empowerment(model, 2)
    sizes = counted_batches(monkeypatch)
    found = emp.empowerment(model, 2, options={"memory": 8 * 64 * 1000})
    assert found.methods == "enumeration"
    assert len(sizes) > 10
    for name in ("value", "lower", "upper", "status"):
        assert np.array_equal(getattr(found, name), getattr(expected, name))
    assert np.array_equal(found.optimal.actions, expected.optimal.actions)


def test_states_that_do_not_fit_go_on_one_by_one_in_their_places(monkeypatch):
    """Of cells with few and with many sequences the first are enumerated, the others priced."""
    model = emp.worlds.slip_grid()
    expected = emp.empowerment(model, 3)
    found = emp.empowerment(model, 3, options={"memory": 8 * 64 * 1200})
    assert set(found.method) == {"enumeration", "column-generation"}
    assert agree(found, expected)
    for name in ("lower", "upper", "value"):
        same = found.method == "enumeration"
        assert np.array_equal(getattr(found, name)[same], getattr(expected, name)[same])
    for position, state in enumerate(model.states):
        if found.method[position] == "enumeration":
            assert found.sequences(state) == expected.sequences(state)


def test_many_sequences_are_left_to_column_generation(monkeypatch):
    monkeypatch.setattr(enumeration, "MAX_SEQUENCES", 124)
    model = emp.worlds.slip_grid()
    assert emp.empowerment(model, 2, states=[(4, 4)]).methods == "enumeration"
    assert emp.empowerment(model, 3, states=[(4, 4)]).methods == "column-generation"


@for_each("backend", BACKENDS)
def test_a_tolerance_that_is_missed_is_left_to_the_solver_of_single_states(backend):
    model = emp.worlds.slip_grid()
    options = {"states": [(4, 4)], "on_failure": "ignore", "options": {"max_iter": 1}, "backend": backend}
    found = emp.empowerment(model, 3, **options)
    expected = emp.empowerment(model, 3, method="column-generation", **options)
    assert found.methods == "column-generation"
    assert np.array_equal(found.upper, expected.upper)
    assert emp.empowerment(model, 3, method="enumeration", **options).status.tolist() == [emp.Status.MAX_ITER]


def test_a_checkpoint_goes_on_with_whole_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr("empowerment.measures.open_loop_solver._CHUNK_SEQUENCES", 125 * 30)
    model = emp.worlds.slip_grid()
    wanted = emp.empowerment(model, 3, checkpoint=tmp_path / "run")
    parts = sorted((tmp_path / "run").glob("chunk-*.npz"))
    assert len(parts) == 3  # of 30, 30 and 28 states
    parts[1].unlink()
    sizes = counted_batches(monkeypatch)
    found = emp.empowerment(model, 3, checkpoint=tmp_path / "run")
    assert sizes == [30]
    assert np.array_equal(found.value, wanted.value)
    assert np.array_equal(found.optimal.weights, wanted.optimal.weights)

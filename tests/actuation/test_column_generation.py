"""Capacities over every sequence, priced without storing their rows, against brute force over all rows."""

import math

import numpy as np
import pytest
from helpers import MINI2, MINI3, dynamics_of, for_each, in_nats, on_every_backend, random_model

import empowerment as emp
from empowerment.actuation.dynamics import all_suffixes, count_suffixes
from empowerment.actuation.open_loop import exact
from empowerment.actuation.open_loop.column_generation import Columns, generate
from empowerment.actuation.open_loop.exact import oracle_from, solve_exactly
from empowerment.actuation.open_loop.layers import Kernels, first_layer, walk
from empowerment.actuation.open_loop.sequence_oracle import SequenceOracle
from empowerment.actuation.task import NoSequenceError, StateTask, TooManySequencesError

TOL = 1e-9  # nats


@pytest.fixture(params=[2**21, 100, 0], ids=["layers", "both", "words"])
def streamed(request, monkeypatch):
    """Short sequences as long ones are: made in layers but for the last action, streamed as words, or both."""
    monkeypatch.setattr(exact, "_LAYER_ENTRIES", request.param)


def small_world(seed, missing=0.0, concentration=0.5):
    return random_model(seed, range(3, 6), range(2, 4), concentration=concentration, least=0.03, missing=missing)


def sensor_of(kind, model, seed):
    rng = np.random.default_rng(seed)
    return {
        "state": None,
        "coarse": lambda state: state % 2,
        "noisy": rng.dirichlet(np.ones(3), size=model.n_states),
        "blind": lambda state: 0,
    }[kind]


def tools(backend):
    return Kernels.of(backend)


def asked(horizon, start=0, backend="numba", max_sequences=10**6, memory=1e9, tol=TOL):
    return StateTask(start, horizon, in_nats(tol, backend), max_sequences, memory)


def brute_force(model, start, horizon, sensor=None):
    """Return the channel of every available sequence, and its capacity in nats; None without one."""
    try:
        channel = emp.actuation_channel(model, horizon, model.states[start], sensor=sensor, merge=False)
    except ValueError:
        return None, None
    return channel, emp.channel_capacity(channel, base=math.e, tol=1e-11, on_failure="ignore")


def information_at(channel, sequences, weights):
    """Return the mutual information in nats of every row when these sequences have these weights."""
    places = {sequence: i for i, sequence in enumerate(channel.inputs)}
    p = np.zeros(channel.n_inputs)
    for sequence, weight in zip(sequences.tolist(), weights, strict=True):
        p[places[tuple(channel_labels(channel, sequence))]] += weight
    return emp.mutual_information(channel, p / p.sum(), base=math.e)


def channel_labels(channel, sequence):
    """Actions of these worlds are numbers; those of the grids have names, in this order."""
    names = ("north", "south", "east", "west", "stay")
    return (
        sequence if not channel.inputs[0] or isinstance(channel.inputs[0][0], int) else [names[a] for a in sequence]
    )


def check_against_brute_force(model, start, horizon, sensor=None, backend="numba"):
    """Compare with all rows; return how wide the interval is, None where no sequence is available."""
    channel, wanted = brute_force(model, start, horizon, sensor)
    dynamics, task = dynamics_of(model, sensor), asked(horizon, start, backend)
    if channel is None:
        with pytest.raises(NoSequenceError):
            solve_exactly(task, dynamics, tools(backend))
        return None
    found = solve_exactly(task, dynamics, tools(backend))
    assert found.lower <= wanted.upper
    assert wanted.lower <= found.upper
    assert found.upper - found.lower <= TOL
    assert found.lower <= found.value <= found.upper
    assert found.weights.sum() == pytest.approx(1, abs=1e-12)
    assert information_at(channel, found.sequences, found.weights) >= found.lower - 1e-14
    return found.upper - found.lower


@pytest.mark.usefixtures("streamed")
@for_each("seed", range(12), first=6)
@on_every_backend
def test_random_worlds_have_the_capacity_over_every_sequence(seed, backend):
    model = small_world(seed)
    for horizon in range(5 if backend == "reference" else 6):
        check_against_brute_force(model, seed % model.n_states, horizon, backend=backend)


@pytest.mark.usefixtures("streamed")
@for_each("kind", ["coarse", "noisy", "blind"])
@for_each("seed", range(5))
@on_every_backend
def test_sensors_of_random_worlds(kind, seed, backend):
    model = small_world(seed)
    for horizon in (0, 1, 4):
        check_against_brute_force(model, 0, horizon, sensor_of(kind, model, seed), backend)


@pytest.mark.usefixtures("streamed")
@on_every_backend
def test_missing_actions_of_random_worlds(backend):
    answers = []
    for seed in range(12):
        model = small_world(seed, missing=0.25, concentration=0.15)
        sensor = sensor_of(("state", "coarse", "noisy")[seed % 3], model, seed)
        answers += [check_against_brute_force(model, start, 4, sensor, backend) for start in range(model.n_states)]
    some = sum(answer is not None for answer in answers)
    assert min(some, len(answers) - some) > 8  # both kinds of answer were compared


def test_a_state_without_actions_has_no_sequence_but_the_empty_one():
    rows = np.zeros((2, 1, 2))
    rows[0, 0] = [0.5, 0.5]
    dynamics = dynamics_of(emp.MDP(rows, available=[[True], [False]]))
    for start, horizon in ((1, 1), (0, 2), (1, 50)):
        with pytest.raises(NoSequenceError):
            solve_exactly(asked(horizon, start), dynamics, tools("numba"))
    found = solve_exactly(asked(0, 1), dynamics, tools("numba"))
    assert found.sequences.shape == (1, 0)
    assert found.value == 0.0
    assert solve_exactly(asked(1, 0), dynamics, tools("numba")).sequences.tolist() == [[0]]


# --- what the certificate is made of


@pytest.mark.usefixtures("streamed")
@for_each("seed", range(10))
@on_every_backend
def test_no_row_diverges_further_than_the_stream_says(seed, backend):
    """The bound for any q, whether it is near the optimum or not, and the best word of every prefix."""
    rng = np.random.default_rng(seed)
    model = small_world(seed, missing=0.1 * (seed % 2), concentration=0.3)
    sensor = sensor_of(("state", "noisy")[seed % 2], model, seed)
    channel, _ = brute_force(model, 0, 4, sensor)
    if channel is None:
        return
    dynamics = dynamics_of(model, sensor)
    stream = oracle_from(first_layer(dynamics.unit_rows(np.array([0]))), 4, dynamics, tools(backend), asked(4))
    every = np.zeros((channel.n_inputs, dynamics.sensor.shape[1]))
    every[:, channel.outputs] = channel.matrix
    for q in rng.dirichlet(np.full(every.shape[1], 0.3), size=5):
        q = (q + 1e-12) / (q + 1e-12).sum()
        wanted = divergences(every, q).max()
        bound, columns = stream.price(q, wanted - 1e-3)
        assert wanted <= bound <= wanted + 1e-11
        assert divergences(columns.rows, q).max() == pytest.approx(wanted, abs=1e-11)
        assert divergences(columns.rows, q).min() > wanted - 1e-3 - 1e-11
        for row, sequence in zip(columns.rows, columns.sequences.tolist(), strict=True):
            assert row == pytest.approx(every[channel.inputs.index(tuple(sequence))], abs=1e-14)


def divergences(rows, q):
    """Return all divergences from q, in more digits than those under test."""
    rows, q = rows.astype(np.longdouble), q.astype(np.longdouble)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(rows > 0, rows * np.log(rows / q), 0.0).sum(axis=1).astype(float)


@pytest.mark.usefixtures("streamed")
@for_each("seed", range(10))
@on_every_backend
def test_the_upper_end_is_above_the_divergence_of_every_row(seed, backend):
    model = small_world(seed)
    channel, _ = brute_force(model, 0, 4)
    dynamics = dynamics_of(model)
    stream = oracle_from(first_layer(dynamics.unit_rows(np.array([0]))), 4, dynamics, tools(backend), asked(4))
    found = generate(stream, in_nats(TOL, backend))
    every = np.zeros((channel.n_inputs, model.n_states))
    every[:, channel.outputs] = channel.matrix
    q = found.q / found.q.sum()
    assert divergences(every, q).max() <= found.upper + 1e-15
    assert found.upper <= divergences(every, q).max() + 1e-11
    assert information_at(channel, found.sequences, found.weights) >= found.lower - 1e-15


def test_rows_with_a_reward_are_worth_more():
    """Two inputs without noise, the second worth log 2: together the logarithm of 1 + 2."""

    class Two:
        def first(self):
            return self._columns([0])

        def price(self, q, above):
            worth = -np.log(q) + np.array([0.0, math.log(2)])
            return float(worth.max()), self._columns(np.flatnonzero(worth > above))

        def _columns(self, which):
            return Columns(np.eye(2)[which], np.array([0.0, math.log(2)])[which], np.array([[0], [1]])[which])

    found = generate(Two(), in_nats(TOL))
    assert found.lower <= math.log(3) <= found.upper
    assert found.upper - found.lower <= TOL
    assert found.weights == pytest.approx([1 / 3, 2 / 3], abs=1e-4)


def test_an_oracle_that_knows_no_more_ends_the_search_with_its_bound():
    class Stubborn:
        asked = 0

        def first(self):
            return Columns(np.eye(2), np.zeros(2), np.arange(2)[:, None])

        def price(self, q, above):
            self.asked += 1
            return 5.0, Columns(np.empty((0, 2)), np.empty(0), np.empty((0, 1), dtype=np.int64))

    oracle = Stubborn()
    found = generate(oracle, in_nats(TOL))
    assert (found.lower, found.upper) == (pytest.approx(math.log(2), abs=TOL), 5.0)
    assert oracle.asked < 20


def test_a_relative_tolerance_counts_where_it_is_wider():
    dynamics = dynamics_of(small_world(3))
    found = solve_exactly(asked(4)._replace(options=in_nats(1e-12, rtol=1e-3)), dynamics, tools("numba"))
    assert found.upper - found.lower <= 1e-3 * found.lower
    assert found.upper - found.lower > 1e-9


# --- actions that commute


def torus(slip):
    """Return a 5 by 5 torus with four moves, which fail with probability `slip`."""
    cells = np.arange(25).reshape(5, 5)
    moves = [np.roll(cells, shift, axis).reshape(-1) for axis in (0, 1) for shift in (1, -1)]
    rows = np.stack([(1 - slip) * np.eye(25)[move] + slip * np.eye(25) for move in moves], axis=1)
    return emp.MDP(rows)


@pytest.mark.usefixtures("streamed")
@for_each("horizon", [1, 3, 5])
@on_every_backend
def test_commuting_actions_give_the_value_of_all_their_orders(horizon, backend):
    assert check_against_brute_force(torus(0.2), 12, horizon, backend=backend) is not None


@for_each("horizon", range(6))
@on_every_backend
def test_of_commuting_actions_there_are_as_many_rows_as_multisets(horizon, backend):
    dynamics = dynamics_of(torus(0.2))
    layer = walk(first_layer(dynamics.unit_rows(np.array([12]))), dynamics, horizon, tools(backend), 1e9)
    assert layer.sequences.shape == (len(layer.rows), horizon)
    assert len(layer.rows) <= math.comb(horizon + 3, 3)
    assert len(all_suffixes(dynamics.follows, horizon)) == math.comb(horizon + 3, 3)
    assert count_suffixes(dynamics.follows, horizon) == math.comb(horizon + 3, 3)


def test_long_horizons_are_exact_where_actions_commute():
    """Multisets of 12 moves, 455 of them, instead of 17 million sequences."""
    model, horizon = torus(0.2), 12
    found = solve_exactly(asked(horizon, max_sequences=10_000), dynamics_of(model), tools("numba"))
    counts = [(a, b, c, horizon - a - b - c) for a in range(13) for b in range(13 - a) for c in range(13 - a - b)]
    start = np.eye(25)[0]
    powers = [[np.linalg.matrix_power(matrix.toarray(), k) for k in range(13)] for matrix in model.action_matrices]
    rows = [start @ powers[0][a] @ powers[1][b] @ powers[2][c] @ powers[3][d] for a, b, c, d in counts]
    wanted = emp.channel_capacity(np.array(rows), base=math.e, tol=1e-11)
    assert found.upper - found.lower <= TOL
    assert found.lower <= wanted.upper
    assert wanted.lower <= found.upper


@pytest.mark.usefixtures("streamed")
@for_each("seed", range(12))
@on_every_backend
def test_words_without_forbidden_neighbours_stand_for_all(seed, backend):
    """Worlds in which some actions commute: idle ones, equal ones, mixtures of powers of one matrix."""
    rng = np.random.default_rng(seed)
    one, other = rng.dirichlet(np.ones(4), size=(2, 4))
    actions = [one, 0.5 * one + 0.5 * one @ one, np.eye(4), other, one]
    order = rng.permutation(5)[: 3 + seed % 3]
    available = np.ones((4, 5), dtype=bool)
    available[rng.integers(4), 3] = seed % 2 == 0  # an action that may lack commutes with the idle one alone
    model = emp.MDP(np.stack([actions[i] for i in order], axis=1), available=available[:, order])
    assert not dynamics_of(model).follows.all()
    check_against_brute_force(model, 0, 4, backend=backend)


def test_actions_commute_only_if_they_are_available_alike():
    """Twice the same move, one of them missing in a state it leads to: their order decides what is available."""
    rows = np.zeros((3, 2, 3))
    rows[[0, 1, 2], :, [1, 2, 2]] = 1.0
    available = np.array([[True, True], [True, False], [True, True]])
    assert dynamics_of(emp.MDP(rows, available=available)).follows.all()
    everywhere = dynamics_of(emp.MDP(rows)).follows
    assert everywhere.tolist() == [[True, True], [False, True]]


# --- rows between others


@for_each(("model", "bits"), [(MINI3, 0.068349904631), (MINI2, 0.020819015)])
@on_every_backend
def test_a_million_sequences_of_few_states_are_few_extreme_rows(model, bits, backend):
    found = solve_exactly(asked(20, max_sequences=20_000), dynamics_of(model), tools(backend))
    assert found.upper - found.lower <= TOL
    assert found.value / math.log(2) == pytest.approx(bits, abs=1e-9)
    assert found.sequences.shape[1] == 20


@for_each("seed", range(10))
@on_every_backend
def test_pruned_layers_have_the_value_of_all_rows(seed, backend):
    """Seven actions for a few steps: more rows than twice the states, so that they are pruned on the way."""
    rng = np.random.default_rng(seed)
    model = emp.MDP(rng.dirichlet(np.full(3, 0.7), size=(3, 6)))
    dynamics = dynamics_of(model)
    layer = walk(first_layer(dynamics.unit_rows(np.array([0]))), dynamics, 3, tools(backend), 1e9)
    assert len(layer.rows) < 6**3 / 4
    assert layer.deleted > 0
    check_against_brute_force(model, 0, 4, backend=backend)


def test_pruning_where_actions_are_missing():
    """A mixture may be followed by an action only if all that it is mixed from may."""
    compared = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        rows = rng.dirichlet(np.full(4, 0.2), size=(4, 6))
        rows = np.where(rows > 0.1, rows, 0.0)
        available = rng.random((4, 6)) > 0.15
        model = emp.MDP(rows / rows.sum(axis=2, keepdims=True), available=available)
        compared += check_against_brute_force(model, 0, 4) is not None
    assert compared > 10


# --- limits


@for_each("limit", [{"max_sequences": 5000}, {"memory": 1e5}])
def test_more_sequences_than_allowed_are_refused(limit):
    dynamics = dynamics_of(emp.worlds.slip_grid())
    with pytest.raises(TooManySequencesError, match=r"action sequences of 6 steps are left.* method='interval'"):
        solve_exactly(asked(6, 40, **limit), dynamics, tools("numba"))
    assert solve_exactly(asked(6, 40, max_sequences=10_000), dynamics, tools("numba")).value > 1


def test_a_stream_begins_with_sequences_that_are_available():
    """Of words of one action none is: the actions must alternate."""
    rows = np.zeros((2, 2, 2))
    rows[0, 0, 1] = rows[1, 1, 0] = 1.0
    dynamics = dynamics_of(emp.MDP(rows, available=np.eye(2, dtype=bool)))
    stream = SequenceOracle(first_layer(dynamics.unit_rows(np.array([0]))), dynamics, 4, tools("numba"))
    assert stream.first().sequences.tolist() == [[0, 1, 0, 1]]
    assert stream.first().rows.tolist() == [[1.0, 0.0]]


def test_words_that_only_end_in_doing_nothing_are_few_enough_to_be_priced():
    """With one more action that commutes with all others there would be six to the tenth; most are the same."""
    grid = emp.worlds.slip_grid()
    options = {"states": (4, 4), "stopping": True, "options": {"max_sequences": 10_000_000}}
    assert emp.empowerment(grid, 10, **options).methods == "column-generation"

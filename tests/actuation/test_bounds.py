"""Bounds for horizons at which not every sequence can be looked at: they hold, and are as tight as they should be."""

import math
from functools import cache

import numpy as np
import pytest
from helpers import LOG2, MINI2, MINI3, for_each, in_nats, on_every_backend

import empowerment as emp
from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.feedback.bellman import feedback_value
from empowerment.actuation.open_loop.bounds import bound_from_samples, bound_sequences, bound_trajectories
from empowerment.actuation.open_loop.column_generation import generate
from empowerment.actuation.open_loop.exact import oracle_from, with_pruned
from empowerment.actuation.open_loop.layers import Kernels, first_layer
from empowerment.actuation.open_loop.sequence_oracle import SequenceOracle
from empowerment.actuation.open_loop.upper_bounds import FeedbackOracle, log_readings
from empowerment.actuation.sensor import make_sensor
from empowerment.actuation.task import NoSequenceError, StateTask, widened

TIGHT = 1e-9  # nats; how well the bounds themselves are solved here

every_seed = for_each("seed", range(300), first=60)


class World:
    """A random world and a question about it."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        n_states, n_actions = int(rng.integers(2, 6)), int(rng.integers(2, 4))
        self.horizon, self.start = 1 + seed % 6, int(rng.integers(n_states))
        if seed % 5 == 4:
            rows = np.eye(n_states)[rng.integers(n_states, size=(n_states, n_actions))]
            rows[0, 0] = 1 / n_states  # noise in one place only
        else:
            rows = rng.dirichlet(np.full(n_states, (0.2, 0.5, 2.0, 0.2)[seed % 5]), size=(n_states, n_actions))
            rows = np.where(rows > 0.04, rows, 0.0)
            rows /= rows.sum(axis=2, keepdims=True)
        available = rng.random((n_states, n_actions)) >= (0.15 if seed % 3 == 2 else 0.0)
        self.model = emp.MDP(rows, available=available)
        noisy = rng.dirichlet(np.full(3, 0.5), size=n_states)
        self.sensor = (None, None, lambda state: state % 2, noisy)[seed % 4]
        self.dynamics = Dynamics.of(self.model, make_sensor(self.sensor, self.model))

    def task(self, max_sequences=10**6):
        return StateTask(self.start, self.horizon, in_nats(TIGHT), max_sequences, 1e9)


world = cache(World)


@cache
def exact_ends(seed, output="final"):
    """Return both ends, in nats, of the capacity over every sequence; trajectories are of four steps at most."""
    case = world(seed)
    horizon = case.horizon if output == "final" else min(case.horizon, 4)
    options = {"sensor": case.sensor, "output": output, "merge": False}
    try:
        channel = emp.actuation_channel(case.model, horizon, case.start, **options)
    except ValueError:
        return 0.0, 0.0
    found = emp.channel_capacity(channel, base=math.e, tol=1e-11, on_failure="ignore")
    return float(found.lower), float(found.upper)


def kernels(backend="numba"):
    return Kernels.of(backend)


def holds(ends, exact):
    """Return whether an interval holds what lies in another one."""
    return ends.lower <= exact[1] and exact[0] <= ends.upper and ends.lower <= ends.value <= ends.upper


def feedback_bound(dynamics, start, horizon, n_words, backend="numba"):
    """Return the bound with feedback until the last `n_words` actions, in nats; None if no word is available."""
    everywhere = np.arange(dynamics.n_columns)
    layer = first_layer(dynamics.unit_rows(everywhere), everywhere[:, None])
    words = SequenceOracle(layer, dynamics, n_words, kernels(backend))
    if words.is_empty:
        return None
    n_readings = dynamics.sensor.shape[1]
    oracle = FeedbackOracle(words, start, horizon - n_words, np.full(n_readings, 1 / n_readings))
    found = generate(oracle, in_nats(TIGHT, backend))
    return widened(found, words.relative_error + horizon * dynamics.product_error)


def tail_bound(dynamics, start, horizon, n_words, task):
    """Return the bound by the last `n_words` actions from any state that may then be met, in nats."""
    starts = dynamics.reached(np.array([start]), horizon - n_words)
    stream = oracle_from(first_layer(dynamics.unit_rows(starts), starts[:, None]), n_words, dynamics, kernels(), task)
    if stream is None:
        return None
    found = with_pruned(generate(stream, in_nats(TIGHT)), stream, starts, n_words)
    return widened(found, stream.relative_error).upper


# --- random worlds


def may_go_on(case, horizon):
    """Whether an agent that sees the states can be sure to take so many actions."""
    dense, alive = case.model.to_dense(), np.ones(case.model.n_states, dtype=bool)
    for _ in range(horizon):
        alive = (case.model.available & ~(dense[:, :, ~alive] > 0).any(axis=2)).any(axis=1)
    return alive[case.start]


@cache
def bracketed(seed, max_sequences):
    """Return the result of the public function with method="interval", in nats."""
    case = world(seed)
    options = {"sensor": case.sensor, "base": math.e, "tol": TIGHT, "options": {"max_sequences": max_sequences}}
    return emp.empowerment(case.model, case.horizon, states=case.start, method="interval", **options)


FEW_AND_MANY = [(seed, most) for seed in range(300) for most in ((1, 10**5) if seed % 3 == 0 else (10**5,))]


@for_each(("seed", "max_sequences"), FEW_AND_MANY, first=80)
def test_the_interval_holds_the_exact_value(seed, max_sequences):
    exact, found = exact_ends(seed), bracketed(seed, max_sequences)
    assert found.methods == "interval"
    assert found.lower[0] <= exact[1]
    assert exact[0] <= found.upper[0]
    assert found.lower[0] <= found.value[0] <= found.upper[0]
    weights = [weight for _, weight in found.sequences(world(seed).start)]
    assert sum(weights) == pytest.approx(1 if weights else 0, abs=1e-4)


@every_seed
def test_simple_upper_bounds_hold(seed):
    case, start = world(seed), np.array([world(seed).start])
    assert exact_ends(seed)[0] <= log_readings(case.dynamics, start, case.horizon) + 1e-14
    for output, horizon in (("final", case.horizon), ("trajectory", min(case.horizon, 4))):
        exact = exact_ends(seed, output)[0]
        if not may_go_on(case, horizon):
            assert exact == 0
            assert feedback_value(case.dynamics, case.start, horizon, math.inf, in_nats()) == -math.inf
            continue
        assert exact <= feedback_value(case.dynamics, case.start, horizon, math.inf, in_nats())
        # It may end early, where it is of no use, but not too early.
        assert exact <= feedback_value(case.dynamics, case.start, horizon, 0.9 * exact, in_nats())


@every_seed
def test_bounds_by_the_last_actions_hold_and_fall_with_their_number(seed):
    case = world(seed)
    exact, before = exact_ends(seed), math.inf
    for n_words in range(1, case.horizon + 1):
        bound = tail_bound(case.dynamics, case.start, case.horizon, n_words, case.task())
        if bound is None:
            assert exact == (0.0, 0.0)
            continue
        assert exact[0] <= bound <= before + 2 * TIGHT
        before = bound
    assert exact == (0.0, 0.0) or before <= exact[1] + 2 * TIGHT  # no action is left out


@every_seed
def test_bounds_with_feedback_hold_and_fall_with_the_number_of_last_actions(seed):
    case = world(seed)
    exact, before = exact_ends(seed), math.inf
    if exact == (0.0, 0.0):
        return  # where nothing can be done there need not be a policy either
    for n_words in range(case.horizon + 1):
        ends = feedback_bound(case.dynamics, case.start, case.horizon, n_words)
        assert exact[0] <= ends.upper <= before + 2 * TIGHT
        assert ends.upper - ends.lower <= 2 * TIGHT
        before = ends.upper
    assert before <= exact[1] + 2 * TIGHT


@every_seed
def test_drawn_sequences_hold_the_exact_value_and_give_their_lower_end(seed):
    case = world(seed)
    if not may_go_on(case, case.horizon):
        with pytest.raises(NoSequenceError):
            bound_from_samples(case.task(), 8, np.random.default_rng(seed), case.dynamics, kernels())
        return
    ends = bound_from_samples(case.task(), 8, np.random.default_rng(seed), case.dynamics, kernels())
    assert holds(ends, exact_ends(seed))
    if ends.sequences.size:
        options = {"sensor": case.sensor, "merge": False}
        channel = emp.actuation_channel(case.model, case.horizon, case.start, **options)
        p = np.zeros(channel.n_inputs)
        for sequence, weight in zip(ends.sequences.tolist(), ends.weights, strict=True):
            p[channel.inputs.index(tuple(sequence))] = weight
        assert emp.mutual_information(channel, p / p.sum(), base=math.e) >= ends.lower


@every_seed
def test_the_interval_of_trajectories_holds_their_exact_value(seed):
    case = world(seed)
    horizon = min(case.horizon, 4)
    exact = exact_ends(seed, "trajectory")
    for most in (100, 10**5):
        task = case.task(most)._replace(horizon=horizon)
        if not may_go_on(case, horizon):
            assert exact == (0.0, 0.0)
            with pytest.raises(NoSequenceError):
                bound_trajectories(task, case.model, make_sensor(case.sensor, case.model), case.dynamics, kernels())
            continue
        ends = bound_trajectories(task, case.model, make_sensor(case.sensor, case.model), case.dynamics, kernels())
        assert holds(ends, exact)
        assert ends.sequences.shape[1] == horizon


@pytest.mark.parametrize("seeds", [range(60), pytest.param(range(60, 300), marks=pytest.mark.slow)])
def test_intervals_of_short_horizons_are_narrow(seeds):
    """What the random worlds would not show: that bounds are worth having."""
    gaps = []
    for seed in seeds:
        exact = exact_ends(seed)
        if world(seed).horizon > 1 and exact != (0.0, 0.0):
            found = bracketed(seed, 10**5)
            gaps.append((exact[0] - found.lower[0], found.upper[0] - exact[1]))
    below, above = np.array(gaps).T
    assert below.max() < 1e-4
    assert np.median(above) < 0.01
    assert above.max() < 0.5


@for_each("horizon", [1, 2, 3])
def test_what_lies_out_of_reach_does_not_count(horizon):
    """Some actions lead out of the last columns within reach, when nothing is left to do."""
    whole = Dynamics.of(emp.worlds.slip_grid(), make_sensor(None, emp.worlds.slip_grid()))
    part = whole.around(np.array([40]), horizon)
    assert part.n_columns < 88 / 2
    task = StateTask(0, horizon, in_nats(TIGHT), 10**6, 1e9)
    for n_words in range(1, horizon + 1):
        bounds = [
            (
                feedback_value(dynamics, start, horizon, math.inf, in_nats()),
                feedback_bound(dynamics, start, horizon, n_words).upper,
                tail_bound(dynamics, start, horizon, n_words, task),
            )
            for dynamics in (whole, part)
            for start in dynamics.positions(np.array([40])).tolist()
        ]
        assert bounds[0] == pytest.approx(bounds[1], abs=3 * TIGHT)


@for_each("seed", range(30), first=10)
def test_the_reference_brackets_as_the_compiled_kernels_do(seed):
    case = world(seed)
    one, other = (
        bound_sequences(case.task(1000)._replace(options=in_nats(TIGHT, b)), case.dynamics, kernels(b), {})
        for b in ("reference", "numba")
    )
    assert holds(one, exact_ends(seed))
    assert one.upper == pytest.approx(other.upper, abs=3e-5)


@for_each("seed", range(60), first=15)
def test_sequences_that_may_stop_are_bracketed_too(seed):
    case = world(seed)
    options = {"states": case.start, "sensor": case.sensor, "stopping": True, "base": math.e}
    exact = emp.empowerment(case.model, case.horizon, method="enumeration", **options)
    for method in ("interval", "sampled"):
        found = emp.empowerment(case.model, case.horizon, method=method, options={"samples": 9}, rng=seed, **options)
        assert found.lower[0] <= exact.upper[0]
        assert exact.lower[0] <= found.upper[0]


# --- where values are known


@for_each(("n_words", "bits"), [(1, 0.379712), (2, 0.16250), (3, 0.09908), (4, 0.08094), (5, 0.07460)])
@on_every_backend
def test_three_states_five_steps_with_feedback(n_words, bits, backend):
    dynamics = Dynamics.of(MINI3, make_sensor(None, MINI3))
    ends = feedback_bound(dynamics, 0, 5, n_words, backend)
    assert ends.upper / LOG2 == pytest.approx(bits, abs=5e-6)
    assert ends.upper - ends.lower <= 2 * TIGHT


@on_every_backend
def test_a_short_horizon_is_bracketed_closely(backend):
    exact = emp.empowerment(MINI3, 6, states=0)
    result = emp.empowerment(MINI3, 6, states=0, method="interval", backend=backend)
    assert result.kind.tolist() == ["interval"]
    assert result.lower[0] <= exact.value[0] <= result.upper[0]
    assert result.gap[0] < 0.01


@for_each(("model", "bits"), [(MINI3, 0.068349904672), (MINI2, 0.020722778596)])
def test_a_thousand_steps_where_the_start_is_forgotten(model, bits):
    result = emp.empowerment(model, 1000, states=0, tol=1e-10)
    assert result.gap[0] <= 1e-10
    assert float(result) == pytest.approx(bits, abs=1e-10)
    assert (result.lower[0], result.upper[0]) == pytest.approx((bits, bits), abs=1e-10)
    assert result.converged.all()
    assert all(len(sequence) == 1000 for sequence, _ in result.sequences(0))


@pytest.mark.slow
def test_twenty_steps_from_the_centre_of_the_slip_grid():
    result = emp.empowerment(emp.worlds.slip_grid(), 20, states=(4, 4), on_failure="ignore")
    assert result.status.tolist() == [emp.Status.BOUNDED]
    assert result.lower[0] >= 4.69
    assert result.upper[0] < 6.2


# --- long horizons


@for_each("method", ["auto", "interval", "sampled"])
@for_each("horizon", [3, 63, 64, 65, 101])
def test_sequences_in_which_no_action_is_repeated(method, horizon):
    """Beyond 64 steps sequences are grown around one repeated action, and here none may be."""
    rows = np.zeros((3, 3, 3))
    rows[0, 0], rows[0, 1], rows[[1, 2], 2, 0] = [0, 0.9, 0.1], [0, 0.1, 0.9], 1
    model = emp.MDP(rows, available=[[True, True, False], [False, False, True], [False, False, True]])
    exact = emp.empowerment(model, horizon, method="column-generation")
    found = emp.empowerment(model, horizon, method=method, rng=0, on_failure="ignore")
    assert (found.lower <= exact.upper).all()
    assert (exact.lower <= found.upper).all()
    last_from = [0] if horizon % 2 else [1, 2]  # where the one choice there is comes last
    assert exact.value[last_from] == pytest.approx(0.531004406, abs=1e-9)


@for_each("method", ["auto", "interval", "sampled"])
@for_each("horizon", [2, 65])
def test_no_sequence_at_all(method, horizon):
    rows = np.zeros((2, 1, 2))
    rows[0, 0] = [0.5, 0.5]
    result = emp.empowerment(emp.MDP(rows, available=[[True], [False]]), horizon, method=method, rng=0)
    assert result.value.tolist() == [0.0, 0.0]
    assert (result.lower <= 0).all()
    assert (result.upper >= 0).all()


@for_each("horizon", [0, 1])
def test_the_shortest_horizons(horizon):
    exact = emp.empowerment(emp.worlds.slip_grid(), horizon)
    for method in ("interval", "sampled"):
        found = emp.empowerment(emp.worlds.slip_grid(), horizon, method=method, rng=0)
        assert (found.lower <= exact.upper).all()
        assert (exact.lower <= found.upper).all()
        assert found.converged.all()  # one step with feedback is one step without

"""Intervals for horizons at which not every sequence can be looked at.

The lower end is the capacity of some sequences, the upper end the least of several bounds (`upper_bounds`). What a
step of either looks at is limited to a part of the number of sequences allowed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.feedback.bellman import feedback_value
from empowerment.actuation.open_loop.channel import open_loop
from empowerment.actuation.open_loop.column_generation import Solution, generate
from empowerment.actuation.open_loop.exact import oracle_from, with_pruned
from empowerment.actuation.open_loop.layers import HULL_COLUMNS, Kernels, Layer, first_layer
from empowerment.actuation.open_loop.local_search import LocalSearch
from empowerment.actuation.open_loop.sequence_oracle import SequenceOracle
from empowerment.actuation.open_loop.upper_bounds import FeedbackOracle, log_readings
from empowerment.actuation.sensor import Sensor
from empowerment.actuation.task import NoSequenceError, StateSolution, StateTask, TooManySequencesError, widened
from empowerment.capacity.solve import channel_capacity
from empowerment.core.channel import Channel
from empowerment.models.mdp import MDP

_MOST_SHARED = 64
_SHARE = 100  # the part of the sequences allowed that one step looks at
_FEW = 1000  # sequences that one step looks at where the upper end alone is narrow enough
_ROUGH = 1e-5  # nats; how well what only prepares a bound is solved
_LONG = 64  # beyond this horizon single actions are no longer varied
_SEARCH_ROUNDS, _FEEDBACK_ROUNDS, _FEEDBACK_STEPS = 40, 40, 1000
_CARRYING = 1e-6


def bracket(task: StateTask, dynamics: Dynamics, kernels: Kernels, shared: dict[bytes, Solution]) -> StateSolution:
    """Return an interval for any horizon; its lower end is 0 if no sequence of this length is found.

    Parameters
    ----------
    task : StateTask
    dynamics : Dynamics
    kernels : Kernels
    shared : dict
        Bounds that hold for many states, filled as they are found.

    Raises
    ------
    NoSequenceError
        If not even an agent that sees the states can be sure to take so many actions.
    """
    upper = _simple_bound(task, dynamics, _log_last_readings(task, dynamics))
    few = _FEW if upper <= task.wanted(0.0) else task.max_sequences // _SHARE
    part = task._replace(max_sequences=max(few, dynamics.n_actions))
    seeds = _seeds(part, dynamics, kernels)
    if not len(seeds):
        return _nothing(task, upper)
    best = _solved(seeds, upper, part, dynamics, kernels, rounds=1)
    for length in _tail_lengths(part, dynamics):
        if upper - best.lower <= task.wanted(best.lower):
            break
        try:
            upper = min(upper, _tail_bound(length, part, dynamics, kernels, shared))
            best = _better(best, _window(length, part, dynamics, kernels) or best)
        except TooManySequencesError:
            break
    if task.horizon <= _LONG and upper - best.lower > task.wanted(best.lower):
        found = np.unique(np.concatenate([seeds, best.sequences]), axis=0)
        best = _better(best, _solved(found, upper, part, dynamics, kernels, rounds=_SEARCH_ROUNDS))
    return _with_upper(best, upper)


def _with_upper(ends: StateSolution, upper: float) -> StateSolution:
    upper = max(upper, ends.lower)
    return ends._replace(value=min(max(ends.value, 0.0), upper), upper=upper)


def sampled(
    task: StateTask, samples: int, rng: np.random.Generator, dynamics: Dynamics, kernels: Kernels
) -> StateSolution:
    """Return an interval whose lower end is the capacity of randomly drawn sequences, 0 if none is available."""
    upper = _simple_bound(task, dynamics, _log_last_readings(task, dynamics))
    sequences = rng.integers(dynamics.n_actions, size=(samples, task.horizon), dtype=np.int32)
    search = LocalSearch(sequences, _unit(task, dynamics), upper, 0, dynamics, kernels)
    if not search.first().rows.size:
        return _nothing(task, upper)
    found = generate(search, task.options)
    ends = widened(found, task.horizon * dynamics.product_error)
    return _with_upper(ends, upper)


def bracket_runs(task: StateTask, model: MDP, sensor: Sensor, dynamics: Dynamics, kernels: Kernels) -> StateSolution:
    """Return an interval for whole trajectories: what is read first is not lost by what is done later.

    The lower end is the value at the longest horizon whose sequences can all be looked at; where actions are missing,
    so that not all of them can go on, it is that of the last reading. The upper end lets the agent see the states, or
    counts the runs of readings.
    """
    start = np.array([task.start])
    upper = _simple_bound(task, dynamics, sum(log_readings(dynamics, start, k) for k in range(1, task.horizon + 1)))
    best = _nothing(task, upper)
    if not model.available.all():  # then what is read at the end has to do, as a part of the trajectory
        return _with_upper(_better(best, bracket(task, dynamics, kernels, {})), upper)
    number = int(dynamics.columns[task.start])
    part = task.max_sequences // _SHARE, task.memory / _SHARE
    for horizon in range(1, task.horizon):
        if upper - best.lower <= task.wanted(best.lower):
            break
        try:
            rows = open_loop(model, number, horizon, sensor, "trajectory", part[1], kernels.capacity, part[0])
        except (MemoryError, TooManySequencesError):
            break
        found = channel_capacity(Channel.from_valid(rows.rows), **task.options.to_within(_ROUGH).as_keywords())
        more = np.zeros((len(rows.sequences), task.horizon - horizon), dtype=np.int32)
        sequences = np.concatenate([rows.sequences, more], axis=1)
        ends = StateSolution(float(found.value), float(found.lower), upper, sequences, found.input_distribution)
        best = _better(best, widened(ends, rows.relative_error))
    return _with_upper(best, upper)


def _nothing(task: StateTask, upper: float) -> StateSolution:
    return StateSolution(0.0, 0.0, upper, np.empty((0, task.horizon), dtype=np.int32), np.empty(0))


def _simple_bound(task: StateTask, dynamics: Dynamics, readings: float) -> float:
    """Return the least of what the readings allow and of what an agent that sees every state can tell."""
    if task.horizon and not dynamics.with_steps_left(task.horizon).available[task.start].any():
        raise NoSequenceError
    if readings <= task.wanted(0.0):
        return readings
    return min(readings, feedback_value(dynamics, task.start, task.horizon, readings, task.options))


def is_wide(task: StateTask, dynamics: Dynamics, output: str) -> bool:
    """Return whether what the readings allow is narrow enough, and the sequences are many: then few of them do."""
    if task.horizon * math.log(max(dynamics.n_actions, 2)) <= math.log(_FEW):
        return False
    first, start = 1 if output == "trajectory" else task.horizon, np.array([task.start])
    # Where nothing can be told apart, the exact answer takes no longer.
    return 0 < sum(log_readings(dynamics, start, k) for k in range(first, task.horizon + 1)) <= task.wanted(0.0)


def _log_last_readings(task: StateTask, dynamics: Dynamics) -> float:
    return log_readings(dynamics, np.array([task.start]), task.horizon)


def _unit(task: StateTask, dynamics: Dynamics) -> np.ndarray:
    return np.asarray(dynamics.unit_rows(np.array([task.start]))[0])


def _better(one: StateSolution, other: StateSolution) -> StateSolution:
    return other if other.lower > one.lower else one


def _solved(
    seeds: np.ndarray, upper: float, task: StateTask, dynamics: Dynamics, kernels: Kernels, rounds: int
) -> StateSolution:
    """Return the capacity of some sequences, and of those near them if there are rounds for it."""
    room = int(min(task.max_sequences, task.memory / (32 * dynamics.n_columns)))
    search = LocalSearch(seeds, _unit(task, dynamics), upper, room if rounds > 1 else 0, dynamics, kernels)
    found = generate(search, task.options, rounds)
    return widened(found, task.horizon * dynamics.product_error)


def _seeds(task: StateTask, dynamics: Dynamics, kernels: Kernels) -> np.ndarray:
    """Return sequences grown from the start.

    Of a long horizon only a part is grown: the beginning, before one action repeated, and the end, after one.
    """
    start = first_layer(_unit(task, dynamics)[None])
    free = min(task.horizon, _LONG)
    if free == task.horizon:
        return _grown(start, free, task, dynamics, kernels)
    beginnings = _grown(start, free, task, dynamics, kernels)
    repeated = _repeated(task.horizon - free, dynamics)
    count = len(beginnings)
    joined = np.concatenate([np.repeat(beginnings, len(repeated), axis=0), np.tile(repeated, (count, 1))], axis=1)
    ends = _grown(_followed(repeated, task, dynamics, kernels), task.horizon, task, dynamics, kernels)
    return np.concatenate([_followed(joined, task, dynamics, kernels).sequences, ends])


def _repeated(length: int, dynamics: Dynamics) -> np.ndarray:
    """Return the sequences of one action each."""
    return np.repeat(np.arange(dynamics.n_actions, dtype=np.int32)[:, None], length, axis=1)


def _grown(layer: Layer, length: int, task: StateTask, dynamics: Dynamics, kernels: Kernels) -> np.ndarray:
    """Return sequences of some length grown block by block: the carriers so far, followed by everything."""
    while len(layer.rows) and (left := length - layer.sequences.shape[1]) > 0:
        width = int(math.log(task.max_sequences / len(layer.rows)) / math.log(max(dynamics.n_actions, 2)))
        # Not all of a short horizon at once: that would be the exact solution, which was not to be looked for.
        width = min(max(width, 1), left, max(task.horizon - 1, 1))
        # Later blocks must find a way on.
        going_on = dynamics.with_steps_left(left - width + 1)
        try:
            stream = oracle_from(layer, width, going_on, kernels, task._replace(max_sequences=10**12))
        except TooManySequencesError:  # one step of it is too much
            stream = None
        if stream is None:
            return np.empty((0, length), dtype=np.int32)
        found = generate(stream, task.options.to_within(_ROUGH))
        layer = _followed(found.sequences[found.weights > _CARRYING], task, dynamics, kernels)
    return layer.sequences if len(layer.rows) else np.empty((0, length), dtype=np.int32)


def _followed(sequences: np.ndarray, task: StateTask, dynamics: Dynamics, kernels: Kernels) -> Layer:
    """Return the layer of those sequences that are available."""
    sequences = np.ascontiguousarray(sequences)
    starts = np.repeat(_unit(task, dynamics)[None], len(sequences), axis=0)
    rows = kernels.actuation.sequence_rows(starts, sequences, dynamics.steps)
    available = rows[:, 0] >= 0
    return first_layer(rows[available], sequences[available], sequences.shape[1] * dynamics.product_error)


def _tail_lengths(task: StateTask, dynamics: Dynamics) -> Iterator[int]:
    """Yield how many last actions to look at: as many as allowed, and more where pruning may keep them few."""
    n_actions = max(dynamics.n_actions, 2)
    length = int(math.log(max(task.max_sequences / dynamics.n_columns, 1.0)) / math.log(n_actions))
    longest = task.horizon - 1
    if length < 1 or longest < 1 or 8 * dynamics.n_columns**2 * n_actions > task.memory / 4:
        return
    length = min(length, longest)
    yield length
    while dynamics.n_columns <= HULL_COLUMNS and length < longest:
        length = min(2 * length, longest)
        yield length


def _tail_bound(
    length: int, task: StateTask, dynamics: Dynamics, kernels: Kernels, shared: dict[bytes, Solution]
) -> float:
    """Bound by what the last actions can do from any state the agent may then be in, or may steer to."""
    starts = dynamics.reached(np.array([task.start]), task.horizon - length)
    # All columns count, for rounding: an answer must not depend on which states were asked for before.
    key = b"".join(part.tobytes() for part in (np.array([length, dynamics.n_columns]), dynamics.columns, starts))
    if key not in shared:
        if len(shared) >= _MOST_SHARED:  # states far from each other share nothing
            shared.clear()
        shared[key] = _tail(length, starts, task, dynamics, kernels)
    tail = shared[key]
    n_steps = task.horizon - length
    if n_steps > _FEEDBACK_STEPS or dynamics.n_columns * dynamics.n_actions**length > task.max_sequences:
        return tail.upper
    everywhere = np.arange(dynamics.n_columns)
    tails = SequenceOracle(
        first_layer(dynamics.unit_rows(everywhere), everywhere[:, None]), dynamics, length, kernels
    )
    steering = FeedbackOracle(tails, task.start, n_steps, tail.q)
    found = generate(steering, task.options.to_within(_ROUGH), _FEEDBACK_ROUNDS)
    return min(tail.upper, widened(found, tails.relative_error + n_steps * dynamics.product_error).upper)


def _tail(length: int, starts: np.ndarray, task: StateTask, dynamics: Dynamics, kernels: Kernels) -> Solution:
    layer = first_layer(dynamics.unit_rows(starts), starts[:, None])
    stream = oracle_from(layer, length, dynamics, kernels, task)
    if stream is None:
        raise NoSequenceError
    found = generate(stream, task.options.to_within(min(task.options.tol, _ROUGH) / 4))
    pruned = with_pruned(found, stream, starts, length)
    return found._replace(upper=widened(pruned, stream.relative_error).upper)


def _window(length: int, task: StateTask, dynamics: Dynamics, kernels: Kernels) -> StateSolution | None:
    """Return the capacity of all sequences that repeat one action until the last `length`; None if there are none."""
    layer = _followed(_repeated(task.horizon - length, dynamics), task, dynamics, kernels)
    stream = oracle_from(layer, length, dynamics, kernels, task)
    if stream is None:
        return None
    return widened(generate(stream, task.options.to_within(min(task.options.tol, _ROUGH) / 4)), stream.relative_error)

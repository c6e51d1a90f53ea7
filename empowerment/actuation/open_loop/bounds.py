"""Intervals for horizons at which there are too many sequences to enumerate.

The lower end is the capacity of a subset of the sequences, the upper end the least of several bounds
(`upper_bounds`). Each step of either enumerates at most a fixed fraction of the number of sequences allowed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.feedback.bellman import feedback_value
from empowerment.actuation.open_loop.channel import open_loop
from empowerment.actuation.open_loop.column_generation import ColumnSolution, generate
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

_MAX_SHARED = 64
_STEP_FRACTION = 100  # one step enumerates at most this fraction of the sequences allowed
_FEW_SEQUENCES = 1000  # limit for one step if the upper end alone is narrow enough
_ROUGH_TOL = 1e-5  # nats; tolerance of auxiliary solutions from which a bound is made
_MAX_VARIED_HORIZON = 64  # beyond this horizon single actions are not varied
_SEARCH_ROUNDS, _FEEDBACK_ROUNDS, _FEEDBACK_STEPS = 40, 40, 1000
_MIN_WEIGHT = 1e-6
_SEQUENCE_BYTES = 32  # of one action of a sequence: in arrays, copies of them, and the set of those seen


def bound_sequences(
    task: StateTask, dynamics: Dynamics, kernels: Kernels, shared: dict[bytes, ColumnSolution]
) -> StateSolution:
    """Bound the capacity of all sequences, for any horizon; the lower end is 0 if the search meets no sequence.

    Parameters
    ----------
    task : StateTask
    dynamics : Dynamics
    kernels : Kernels
    shared : dict
        Cache of bounds that hold for many states; new ones are added.

    Raises
    ------
    NoSequenceError
        If every policy may reach a state without actions before the last step, even one that observes the states.
    """
    upper = _simple_bound(task, dynamics, _log_final_readings(task, dynamics))
    few = _FEW_SEQUENCES if upper <= task.width(0.0) else task.max_sequences // _STEP_FRACTION
    part = task._replace(max_sequences=max(few, dynamics.n_actions))
    seeds = _initial_sequences(part, dynamics, kernels)
    if not len(seeds):
        return _empty_solution(task, upper)
    best = _solve_near(seeds, upper, part, dynamics, kernels, rounds=1)
    for length in _suffix_lengths(part, dynamics):
        if upper - best.lower <= task.width(best.lower):
            break
        try:
            upper = min(upper, _suffix_bound(length, part, dynamics, kernels, shared))
            best = _higher(best, _solve_free_suffix(length, part, dynamics, kernels) or best)
        except TooManySequencesError:
            break
    if task.horizon <= _MAX_VARIED_HORIZON and upper - best.lower > task.width(best.lower):
        sequences = np.unique(np.concatenate([seeds, best.sequences]), axis=0)
        best = _higher(best, _solve_near(sequences, upper, part, dynamics, kernels, rounds=_SEARCH_ROUNDS))
    return best.with_upper(upper)


def bound_from_samples(
    task: StateTask, samples: int, rng: np.random.Generator, dynamics: Dynamics, kernels: Kernels
) -> StateSolution:
    """Bound the capacity from below by that of randomly drawn sequences, or by 0 if none of them is available."""
    upper = _simple_bound(task, dynamics, _log_final_readings(task, dynamics))
    sequences = rng.integers(dynamics.n_actions, size=(samples, task.horizon), dtype=np.int32)
    search = LocalSearch(sequences, _start_row(task, dynamics), upper, 0, dynamics, kernels)
    if not search.first().rows.size:
        return _empty_solution(task, upper)
    solution = widened(generate(search, task.options), task.horizon * dynamics.product_error)
    return solution.with_upper(upper)


def bound_trajectories(
    task: StateTask, model: MDP, sensor: Sensor, dynamics: Dynamics, kernels: Kernels
) -> StateSolution:
    """Bound the capacity of trajectories, which does not decrease with the horizon if all actions are available.

    The lower end is the value at the longest horizon whose sequences can all be enumerated; if actions are missing,
    so that not every sequence can be continued, it is that of the last reading. The upper end lets the agent observe
    the states, or counts the trajectories of readings.
    """
    start = np.array([task.start])
    upper = _simple_bound(task, dynamics, sum(log_readings(dynamics, start, k) for k in range(1, task.horizon + 1)))
    best = _empty_solution(task, upper)
    if not model.available.all():  # then the last reading, a function of the trajectory, gives the lower end
        return _higher(best, bound_sequences(task, dynamics, kernels, {})).with_upper(upper)
    number = int(dynamics.columns[task.start])
    max_sequences, memory = task.max_sequences // _STEP_FRACTION, task.memory / _STEP_FRACTION
    for horizon in range(1, task.horizon):
        if upper - best.lower <= task.width(best.lower):
            break
        try:
            channel = open_loop(model, number, horizon, sensor, "trajectory", memory, kernels.capacity, max_sequences)
        except (MemoryError, TooManySequencesError):
            break
        result = channel_capacity(
            Channel.from_valid(channel.rows), **task.options.to_within(_ROUGH_TOL).as_keywords()
        )
        continuation = np.zeros((len(channel.sequences), task.horizon - horizon), dtype=np.int32)
        sequences = np.concatenate([channel.sequences, continuation], axis=1)
        solution = StateSolution(
            float(result.value), float(result.lower), upper, sequences, result.input_distribution
        )
        best = _higher(best, widened(solution, channel.relative_error))
    return best.with_upper(upper)


def _empty_solution(task: StateTask, upper: float) -> StateSolution:
    return StateSolution(0.0, 0.0, upper, np.empty((0, task.horizon), dtype=np.int32), np.empty(0))


def _simple_bound(task: StateTask, dynamics: Dynamics, readings: float) -> float:
    """Return the lesser of the logarithm of the number of readings and the feedback value with observed states."""
    if task.horizon and not dynamics.with_steps_left(task.horizon).available[task.start].any():
        raise NoSequenceError
    if readings <= task.width(0.0):
        return readings
    return min(readings, feedback_value(dynamics, task.start, task.horizon, readings, task.options))


def bound_suffices(task: StateTask, dynamics: Dynamics, output: str) -> bool:
    """Return whether there are many sequences, and the number of readings alone bounds the capacity well enough."""
    if task.horizon * math.log(max(dynamics.n_actions, 2)) <= math.log(_FEW_SEQUENCES):
        return False
    first, start = 1 if output == "trajectory" else task.horizon, np.array([task.start])
    # If only one reading is possible, the exact solution takes no longer.
    return 0 < sum(log_readings(dynamics, start, k) for k in range(first, task.horizon + 1)) <= task.width(0.0)


def _log_final_readings(task: StateTask, dynamics: Dynamics) -> float:
    return log_readings(dynamics, np.array([task.start]), task.horizon)


def _start_row(task: StateTask, dynamics: Dynamics) -> np.ndarray:
    return np.asarray(dynamics.unit_rows(np.array([task.start]))[0])


def _higher(one: StateSolution, other: StateSolution) -> StateSolution:
    return other if other.lower > one.lower else one


def _solve_near(
    seeds: np.ndarray, upper: float, task: StateTask, dynamics: Dynamics, kernels: Kernels, rounds: int
) -> StateSolution:
    """Return the capacity of some sequences, with `rounds` > 1 also of sequences near them."""
    # Sequences that are stored, and as many that are tried together.
    each = 2 * (32 * dynamics.n_columns + _SEQUENCE_BYTES * task.horizon)
    limit = int(min(task.max_sequences, task.memory / each))
    search = LocalSearch(seeds, _start_row(task, dynamics), upper, limit if rounds > 1 else 0, dynamics, kernels)
    return widened(generate(search, task.options, rounds), task.horizon * dynamics.product_error)


def _initial_sequences(task: StateTask, dynamics: Dynamics, kernels: Kernels) -> np.ndarray:
    """Return sequences to start the search from.

    For a long horizon only a part is optimised: the beginning, before one action repeated, and the end, after one.
    """
    start = first_layer(_start_row(task, dynamics)[None])
    free = min(task.horizon, _MAX_VARIED_HORIZON)
    if free == task.horizon:
        return _grow_sequences(start, free, task, dynamics, kernels)
    beginnings = _grow_sequences(start, free, task, dynamics, kernels)
    repeated = _constant_sequences(task.horizon - free, dynamics)
    count = len(beginnings)
    joined = np.concatenate([np.repeat(beginnings, len(repeated), axis=0), np.tile(repeated, (count, 1))], axis=1)
    ends = _grow_sequences(_available_layer(repeated, task, dynamics, kernels), task.horizon, task, dynamics, kernels)
    return np.concatenate([_available_layer(joined, task, dynamics, kernels).sequences, ends])


def _constant_sequences(length: int, dynamics: Dynamics) -> np.ndarray:
    """Return the sequences that repeat one action."""
    return np.repeat(np.arange(dynamics.n_actions, dtype=np.int32)[:, None], length, axis=1)


def _grow_sequences(layer: Layer, length: int, task: StateTask, dynamics: Dynamics, kernels: Kernels) -> np.ndarray:
    """Extend the support of the optimal input distribution block by block, up to `length` actions."""
    while len(layer.rows) and (left := length - layer.sequences.shape[1]) > 0:
        width = int(math.log(task.max_sequences / len(layer.rows)) / math.log(max(dynamics.n_actions, 2)))
        # All of a short horizon at once would be the exact solution, which was given up before.
        width = min(max(width, 1), left, max(task.horizon - 1, 1))
        # Blocks must end where the later ones can be taken.
        going_on = dynamics.with_steps_left(left - width + 1)
        try:
            oracle = oracle_from(layer, width, going_on, kernels, task._replace(max_sequences=10**12))
        except TooManySequencesError:  # a single step exceeds the limits
            oracle = None
        if oracle is None:
            return np.empty((0, length), dtype=np.int32)
        solution = generate(oracle, task.options.to_within(_ROUGH_TOL))
        layer = _available_layer(solution.sequences[solution.weights > _MIN_WEIGHT], task, dynamics, kernels)
    return layer.sequences if len(layer.rows) else np.empty((0, length), dtype=np.int32)


def _available_layer(sequences: np.ndarray, task: StateTask, dynamics: Dynamics, kernels: Kernels) -> Layer:
    """Return the layer of the sequences that are available."""
    sequences = np.ascontiguousarray(sequences)
    starts = np.repeat(_start_row(task, dynamics)[None], len(sequences), axis=0)
    rows = kernels.actuation.sequence_rows(starts, sequences, dynamics.steps)
    available = rows[:, 0] >= 0
    return first_layer(rows[available], sequences[available], sequences.shape[1] * dynamics.product_error)


def _suffix_lengths(task: StateTask, dynamics: Dynamics) -> Iterator[int]:
    """Yield lengths of suffixes to enumerate: the longest allowed, then longer ones if pruning may keep them few."""
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


def _suffix_bound(
    length: int, task: StateTask, dynamics: Dynamics, kernels: Kernels, shared: dict[bytes, ColumnSolution]
) -> float:
    """Bound by the capacity of the last actions if the state before them can be chosen, or steered to by feedback."""
    starts = dynamics.reached(np.array([task.start]), task.horizon - length)
    # The key holds all columns, because of rounding: a bound must not depend on the states solved before.
    key = b"".join(part.tobytes() for part in (np.array([length, dynamics.n_columns]), dynamics.columns, starts))
    if key not in shared:
        if len(shared) >= _MAX_SHARED:  # states far from each other share no bounds
            shared.clear()
        shared[key] = _solve_suffix(length, starts, task, dynamics, kernels)
    solution = shared[key]
    n_steps = task.horizon - length
    if n_steps > _FEEDBACK_STEPS or dynamics.n_columns * dynamics.n_actions**length > task.max_sequences:
        return solution.upper
    everywhere = np.arange(dynamics.n_columns)
    suffixes = SequenceOracle(
        first_layer(dynamics.unit_rows(everywhere), everywhere[:, None]), dynamics, length, kernels
    )
    oracle = FeedbackOracle(suffixes, task.start, n_steps, solution.q)
    steered = generate(oracle, task.options.to_within(_ROUGH_TOL), _FEEDBACK_ROUNDS)
    error = suffixes.relative_error + n_steps * dynamics.product_error
    return min(solution.upper, widened(steered, error).upper)


def _solve_suffix(
    length: int, starts: np.ndarray, task: StateTask, dynamics: Dynamics, kernels: Kernels
) -> ColumnSolution:
    """Return the capacity of the sequences of `length` actions from an initial state that the agent may choose."""
    layer = first_layer(dynamics.unit_rows(starts), starts[:, None])
    oracle = oracle_from(layer, length, dynamics, kernels, task)
    if oracle is None:
        raise NoSequenceError
    solution = generate(oracle, task.options.to_within(min(task.options.tol, _ROUGH_TOL) / 4))
    pruned = with_pruned(solution, oracle, starts, length)
    return solution._replace(upper=widened(pruned, oracle.relative_error).upper)


def _solve_free_suffix(length: int, task: StateTask, dynamics: Dynamics, kernels: Kernels) -> StateSolution | None:
    """Return the capacity of all sequences whose actions before the last `length` are the same; None without any."""
    layer = _available_layer(_constant_sequences(task.horizon - length, dynamics), task, dynamics, kernels)
    oracle = oracle_from(layer, length, dynamics, kernels, task)
    if oracle is None:
        return None
    return widened(
        generate(oracle, task.options.to_within(min(task.options.tol, _ROUGH_TOL) / 4)), oracle.relative_error
    )

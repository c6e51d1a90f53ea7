"""The capacity over every sequence of actions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.forecast import Forecast, allowed, bytes_of_layer, of_pricing
from empowerment.actuation.open_loop.column_generation import ColumnSolution, generate
from empowerment.actuation.open_loop.layers import Kernels, Layer, first_layer, walk
from empowerment.actuation.open_loop.sequence_oracle import SequenceOracle
from empowerment.actuation.open_loop.upper_bounds import log_readings
from empowerment.actuation.task import NoSequenceError, StateSolution, StateTask, TooManySequencesError, widened
from empowerment.core import validate

# Layers up to this many entries are stored; the suffixes after the last of them are priced without storing their
# rows. More layers are stored if too many suffixes would be left.
_LAYER_ENTRIES, _SUFFIX_ENTRIES = 2**21, 2**23
_HOPELESS = 10

# Fraction of the tolerance that solvers aim at; the rest is left for rounding.
_INNER = 0.9


def oracle_from(
    layer: Layer, n_steps: int, dynamics: Dynamics, kernels: Kernels, task: StateTask
) -> SequenceOracle | None:
    """Return an oracle of all sequences that continue a layer by `n_steps` actions; None if none is available.

    Raises
    ------
    TooManySequencesError
        If after merging there are more sequences than the task allows, or they do not fit into its memory.
    """
    length = layer.sequences.shape[1] + n_steps
    layer = _extended(layer, length, dynamics, kernels, min(_LAYER_ENTRIES, _most_entries(length, dynamics, task)))
    if _suffix_entries(layer, length, dynamics) > _SUFFIX_ENTRIES:
        _refuse_hopeless(layer, length, dynamics, kernels, task)
        layer = _extended(layer, length, dynamics, kernels, _most_entries(length, dynamics, task))
    left = length - layer.sequences.shape[1]
    count = len(layer.rows) * dynamics.count_suffixes(left)
    needed = forecast_pricing(len(layer.rows), left, length, dynamics, task)
    too_long = _suffix_entries(layer, length, dynamics) > _SUFFIX_ENTRIES
    if too_long or count > task.max_sequences or needed.memory > task.memory:
        raise TooManySequencesError(_too_many_message(needed, length, task))
    if not count:
        return None
    oracle = SequenceOracle(layer, dynamics, left, kernels)
    return None if oracle.is_empty else oracle


def _extended(layer: Layer, length: int, dynamics: Dynamics, kernels: Kernels, max_entries: float) -> Layer:
    """Extend a layer by all steps but the last, as long as layers have at most `max_entries` entries."""
    return walk(layer, dynamics, max(length - layer.sequences.shape[1] - 1, 0), kernels, max_entries)


def _suffix_entries(layer: Layer, length: int, dynamics: Dynamics) -> float:
    """Return the number of expectations over the remaining suffixes, one for each column and suffix."""
    return dynamics.n_columns * dynamics.count_suffixes(length - layer.sequences.shape[1])


def _most_entries(length: int, dynamics: Dynamics, task: StateTask) -> float:
    """Return the largest number of entries of a layer that fits into memory while it is made."""
    return dynamics.n_columns * task.memory / bytes_of_layer(1, dynamics.n_columns, length)


def forecast_pricing(n_rows: float, left: int, length: int, dynamics: Dynamics, task: StateTask) -> Forecast:
    """Return what column generation takes over rows that are continued by `left` of `length` actions."""
    shape = dynamics.n_columns, dynamics.sensor.shape[1]
    entries = dynamics.rows.nnz / dynamics.n_actions
    n_suffixes = dynamics.count_suffixes(left)
    return of_pricing(n_rows, n_suffixes, shape, entries, length, task.options.backend)


def stored_steps(rows_after: Callable[[int], float], dynamics: Dynamics, task: StateTask) -> int:
    """Return how many steps :func:`oracle_from` will store, from the number of rows after each."""
    steps = 0
    for limit in (_LAYER_ENTRIES, _most_entries(task.horizon, dynamics, task)):
        while steps < task.horizon - 1 and rows_after(steps) * dynamics.n_actions * dynamics.n_columns <= limit:
            steps += 1
        if dynamics.n_columns * dynamics.count_suffixes(task.horizon - steps) <= _SUFFIX_ENTRIES:
            break
    return steps


def _refuse_hopeless(layer: Layer, length: int, dynamics: Dynamics, kernels: Kernels, task: StateTask) -> None:
    """Raise before large layers are made, if the number of rows would exceed the limit at its present growth."""
    following = walk(layer, dynamics, 1, kernels, _most_entries(layer.sequences.shape[1] + 1, dynamics, task))
    growth = len(following.rows) / max(len(layer.rows), 1)
    left = length - layer.sequences.shape[1]
    expected = len(layer.rows) * validate.power(growth, left)
    if expected > _HOPELESS * task.max_sequences:
        needed = forecast_pricing(expected, 0, length, dynamics, task)
        raise TooManySequencesError(_too_many_message(needed, length, task))


def _too_many_message(needed: Forecast, length: int, task: StateTask) -> str:
    return (
        f"about {needed.rows:.3g} action sequences of {length} steps are left after merging, which need {needed}; "
        f"{allowed(task.memory, task.max_sequences)}; shorten the horizon, raise max_sequences= or memory=, or take "
        "an interval: method='interval'"
    )


def solve_exactly(task: StateTask, dynamics: Dynamics, kernels: Kernels) -> StateSolution:
    """Compute the capacity over all sequences.

    Raises
    ------
    NoSequenceError
        If no sequence is available.
    TooManySequencesError
        If there are more sequences than the task allows.
    """
    start = np.array([task.start])
    oracle = oracle_from(first_layer(dynamics.unit_rows(start)), task.horizon, dynamics, kernels, task)
    if oracle is None:
        raise NoSequenceError
    solution = generate(oracle, task.options.share(_INNER))
    return widened(with_pruned(solution, oracle, start, task.horizon), oracle.relative_error)


def with_pruned(solution: ColumnSolution, oracle: SequenceOracle, starts: np.ndarray, n_steps: int) -> ColumnSolution:
    """Raise the upper end for pruned rows, which are mixtures of the kept ones only up to a small part."""
    share = oracle.layer.deleted
    if not share:
        return solution
    largest = log_readings(oracle.dynamics, starts, n_steps)
    return solution._replace(upper=(1.0 - share) * solution.upper + share * largest)

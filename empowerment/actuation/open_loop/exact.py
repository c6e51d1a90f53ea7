"""The capacity over every sequence of actions."""

from __future__ import annotations

import numpy as np

from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.open_loop.column_generation import ColumnSolution, generate
from empowerment.actuation.open_loop.layers import Kernels, Layer, first_layer, walk
from empowerment.actuation.open_loop.sequence_oracle import SequenceOracle
from empowerment.actuation.open_loop.upper_bounds import log_readings
from empowerment.actuation.task import NoSequenceError, StateSolution, StateTask, TooManySequencesError, widened
from empowerment.core import validate

# Layers up to this many entries are stored; the suffixes after the last of them are priced without storing their
# rows. More layers are stored if too many suffixes would be left.
_LAYER_ENTRIES, _SUFFIX_ENTRIES = 2**21, 2**23
# Bytes for each entry of a layer while the next layer is made and merged; an offset takes fewer.
_BYTES = 32
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
    layer = _extended(layer, length, dynamics, kernels, _LAYER_ENTRIES)
    if _suffix_entries(layer, length, dynamics) > _SUFFIX_ENTRIES:
        _refuse_hopeless(layer, length, dynamics, kernels, task)
        layer = _extended(layer, length, dynamics, kernels, task.memory / _BYTES)
    left = length - layer.sequences.shape[1]
    count = len(layer.rows) * dynamics.count_suffixes(left)
    too_long = _suffix_entries(layer, length, dynamics) > _SUFFIX_ENTRIES
    if too_long or count > min(task.max_sequences, task.memory / _BYTES):
        raise TooManySequencesError(_too_many_message(count, length, task))
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


def _refuse_hopeless(layer: Layer, length: int, dynamics: Dynamics, kernels: Kernels, task: StateTask) -> None:
    """Raise before large layers are made, if the number of rows would exceed the limit at its present growth."""
    following = walk(layer, dynamics, 1, kernels, task.memory / _BYTES)
    growth = len(following.rows) / max(len(layer.rows), 1)
    expected = len(layer.rows) * validate.power(growth, length - layer.sequences.shape[1])
    if expected > _HOPELESS * task.max_sequences:
        raise TooManySequencesError(_too_many_message(expected, length, task))


def _too_many_message(count: float, length: int, task: StateTask) -> str:
    return (
        f"about {count:.3g} action sequences of {length} steps are left after merging, allowed are "
        f"{task.max_sequences:,} and what fits into {task.memory / 1e9:.3g} GB; shorten the horizon, raise "
        "max_sequences= or memory=, or take an interval: method='interval'"
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

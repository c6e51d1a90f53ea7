"""The capacity over every sequence of actions."""

from __future__ import annotations

import numpy as np

from empowerment.actuation.dynamics import Dynamics, count_suffixes
from empowerment.actuation.open_loop.column_generation import Solution, generate
from empowerment.actuation.open_loop.layers import Kernels, Layer, first_layer, walk
from empowerment.actuation.open_loop.sequence_oracle import SequenceOracle
from empowerment.actuation.open_loop.upper_bounds import log_readings
from empowerment.actuation.task import NoSequenceError, StateSolution, StateTask, TooManySequencesError, widened
from empowerment.core import validate

# Layers up to this many entries are kept; what comes after the last of them is streamed. More are kept where
# there would be too many suffixes left.
_LAYER_ENTRIES, _SUFFIX_ENTRIES = 2**21, 2**23
# Bytes that an entry of a layer takes while the next layer is made and merged; an offset takes fewer.
_BYTES = 32
_HOPELESS = 10

# Solvers aim a little below the tolerance; the rest is room for rounding.
_INNER = 0.9


def oracle_from(
    layer: Layer, n_steps: int, dynamics: Dynamics, kernels: Kernels, task: StateTask
) -> SequenceOracle | None:
    """Return all sequences that go on from a layer for `n_steps` actions; None if none is available.

    Raises
    ------
    TooManySequencesError
        If there are more of them, after merging, than the task allows, or they do not fit into its memory.
    """
    length = layer.sequences.shape[1] + n_steps
    layer = _walked(layer, length, dynamics, kernels, _LAYER_ENTRIES)
    if _suffix_entries(layer, length, dynamics) > _SUFFIX_ENTRIES:
        _refuse_hopeless(layer, length, dynamics, kernels, task)
        layer = _walked(layer, length, dynamics, kernels, task.memory / _BYTES)
    left = length - layer.sequences.shape[1]
    count = len(layer.rows) * count_suffixes(dynamics.follows, left)
    too_long = _suffix_entries(layer, length, dynamics) > _SUFFIX_ENTRIES
    if too_long or count > min(task.max_sequences, task.memory / _BYTES):
        raise TooManySequencesError(_too_many(count, length, task))
    if not count:
        return None
    stream = SequenceOracle(layer, dynamics, left, kernels)
    return None if stream.is_empty else stream


def _walked(layer: Layer, length: int, dynamics: Dynamics, kernels: Kernels, most: float) -> Layer:
    """Take all steps but the last, as long as layers are small enough."""
    return walk(layer, dynamics, max(length - layer.sequences.shape[1] - 1, 0), kernels, most)


def _suffix_entries(layer: Layer, length: int, dynamics: Dynamics) -> float:
    """Return how many expectations there are after the suffixes that are left."""
    return dynamics.n_columns * count_suffixes(dynamics.follows, length - layer.sequences.shape[1])


def _refuse_hopeless(layer: Layer, length: int, dynamics: Dynamics, kernels: Kernels, task: StateTask) -> None:
    """Refuse before large layers are made, if rows go on multiplying as they do now."""
    following = walk(layer, dynamics, 1, kernels, task.memory / _BYTES)
    growth = len(following.rows) / max(len(layer.rows), 1)
    expected = len(layer.rows) * validate.power(growth, length - layer.sequences.shape[1])
    if expected > _HOPELESS * task.max_sequences:
        raise TooManySequencesError(_too_many(expected, length, task))


def _too_many(count: float, length: int, task: StateTask) -> str:
    return (
        f"about {count:.3g} action sequences of {length} steps are left after merging, allowed are "
        f"{task.max_sequences:,} and what fits into {task.memory / 1e9:.3g} GB; shorten the horizon, raise "
        "max_sequences= or memory=, or take an interval: method='interval'"
    )


def solve_exactly(task: StateTask, dynamics: Dynamics, kernels: Kernels) -> StateSolution:
    """Return the capacity over all sequences.

    Raises
    ------
    NoSequenceError
        If none is available.
    TooManySequencesError
        If there are more than the task allows.
    """
    start = np.array([task.start])
    stream = oracle_from(first_layer(dynamics.unit_rows(start)), task.horizon, dynamics, kernels, task)
    if stream is None:
        raise NoSequenceError
    found = generate(stream, task.options.share(_INNER))
    return widened(with_pruned(found, stream, start, task.horizon), stream.relative_error)


def with_pruned(found: Solution, stream: SequenceOracle, starts: np.ndarray, n_steps: int) -> Solution:
    """Raise the upper end for the part of rows that were left out in which they are no mixture of others."""
    share = stream.layer.deleted
    if not share:
        return found
    most = log_readings(stream.dynamics, starts, n_steps)
    return found._replace(upper=(1.0 - share) * found.upper + share * most)

"""The capacity over every sequence for many states at once: their rows in one pass, their capacities in one batch.

This takes the least time where the rows of a state are few. A state whose rows exceed the limits, or whose interval
stays wider than the tolerance, is left to the solver of single states.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from empowerment.actuation.kernels import RowLimits, StateRows, World
from empowerment.actuation.open_loop.layers import Kernels
from empowerment.actuation.sensor import Sensor
from empowerment.actuation.task import StateSolutions, StateTask, widened_ends
from empowerment.capacity.kernels import EQUAL_RTOL, flat_batch
from empowerment.capacity.solve import intervals_of
from empowerment.core import validate
from empowerment.models.mdp import MDP

# With more sequences than the first, or layers of more entries than the second, column generation takes less time.
MAX_SEQUENCES, _MAX_ENTRIES = 10_000, 2**20
# Entries of the rows that are solved together.
_ROOM = 2**20
_EPS = float(np.finfo(float).eps)
# Bytes for each entry of a layer: before and after an action, while rows are merged, and when they are solved.
_BYTES = 64


def world_of(model: MDP, sensor: Sensor) -> World:
    """Return a model and a sensor as kernels take them, without copies as far as possible."""
    moves, read = model.rows, sensor.matrix
    index = (np.asarray(part, dtype=np.int32) for part in (moves.indptr, moves.indices, read.indptr, read.indices))
    move_indptr, move_indices, read_indptr, read_indices = index
    read_part = read_indptr, read_indices, read.data, read.shape[1]
    return World(move_indptr, move_indices, moves.data, model.available, *read_part)


def is_short(horizon: int, n_actions: int) -> bool:
    """Return whether a horizon is short enough to enumerate its sequences."""
    return validate.power(n_actions, horizon) <= MAX_SEQUENCES


def solve_enumerated(
    world: World, starts: np.ndarray, task: StateTask, kernels: Kernels
) -> Iterator[tuple[np.ndarray, StateSolutions]]:
    """Yield those starts whose rows fit into memory and their solutions, block by block; `task.start` is not read."""
    max_entries, room = (int(min(entries, task.memory / _BYTES)) for entries in (_MAX_ENTRIES, _ROOM))
    limits = RowLimits(task.max_sequences, max_entries, max(max_entries, room))
    while starts.size and max_entries:
        found = kernels.actuation.enumerate_rows(world, starts, task.horizon, limits)
        block, starts = starts[: found.n_rows.size], starts[found.n_rows.size :]
        if (found.n_rows < 0).all():
            continue
        solved = _solve(found, world.available.shape[1], task, kernels)
        kept = task.options.met(solved.lower, solved.upper) & (found.n_rows >= 0)
        yield block[kept], solved.chosen(kept)


def _solve(found: StateRows, n_actions: int, task: StateTask, kernels: Kernels) -> StateSolutions:
    """Return the solutions of the rows of some starts; those of starts without rows mean nothing."""
    available = found.n_rows > 0
    if not available.any():
        return StateSolutions.without_sequences(available.size, task.horizon)
    n_rows, n_columns = found.n_rows[available], found.n_columns[available]
    batch = flat_batch(found.entries, n_rows, n_columns)
    outcome = kernels.capacity.solve_batch(batch, *task.options.for_kernel("working-set"))
    intervals = intervals_of(outcome, False, task.options, "working-set")
    (used,) = outcome.p.nonzero()
    first = used.searchsorted(batch.row_start)
    sequences = _digits(found.sequences[used], n_actions, task.horizon)
    error = row_error(task.horizon, found.n_states[available])
    return of_available(available, intervals, error, (first[1:] - first[:-1], sequences, outcome.p[used]))


def row_error(horizon: int, n_states: np.ndarray | int) -> np.ndarray | float:
    """Bound the relative error of rows: one product and one merging for each action, and for the reading.

    `n_states` is the number of terms of the longest of these sums; see :class:`.layers.Layer`.
    """
    return (horizon + 1) * (EQUAL_RTOL + (n_states + 2) * _EPS)


def of_available(
    available: np.ndarray,
    intervals: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    relative_error: np.ndarray | float,
    carriers: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> StateSolutions:
    """Return the solutions of all starts from the capacities of those from which a sequence is available.

    Parameters
    ----------
    available : ndarray of bool of shape (n_starts,)
    intervals : tuple of ndarray
        Value, lower and upper end, and status of the available ones, in nats.
    relative_error : float or ndarray of shape (n_available,)
        Relative error of their rows.
    carriers : tuple of ndarray
        The number of sequences of each of them, the sequences, and their weights.
    """
    n_sequences, sequences, weights = carriers
    value, lower, upper, status = intervals
    lower, upper = widened_ends(lower, upper, relative_error)
    solved = StateSolutions(value, lower, upper, status, n_sequences, sequences, weights)
    if available.all():
        return solved
    every = StateSolutions.without_sequences(available.size, sequences.shape[1])
    for column, known in zip(every[:5], solved[:5], strict=True):
        column[available] = known
    return every._replace(sequences=sequences, weights=weights)


def _digits(numbers: np.ndarray, base: int, length: int) -> np.ndarray:
    """Return the digits of numbers, the highest first: shape (n_numbers, length)."""
    digits = np.empty((numbers.size, length), dtype=np.int32)
    for position in range(length - 1, -1, -1):
        numbers, digits[:, position] = np.divmod(numbers, base)
    return digits

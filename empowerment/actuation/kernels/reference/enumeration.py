"""Enumerate the rows of many starts: layer by layer, one start after the other."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from empowerment.actuation.kernels import RowLimits, StateRows, World
from empowerment.capacity.kernels.reference.reduction import equal_rows


def enumerate_rows(world: World, starts: np.ndarray, horizon: int, limits: RowLimits) -> StateRows:
    """Return the distributions of the last reading after every available sequence of actions, for the first starts.

    Parameters
    ----------
    world : World
    starts : ndarray of int
    horizon : int
    limits : RowLimits
    """
    rows, sequences, sizes, used = [np.empty(0)], [np.empty(0, dtype=np.int64)], [], 0
    for start in starts.tolist():
        found = _rows_from(world, start, horizon, limits)
        if found is None:
            sizes.append((-1, 0, 0))
            continue
        matrix, numbers, n_states = found
        used += matrix.size
        if sizes and used > limits.room:
            break
        rows.append(matrix.reshape(-1))
        sequences.append(numbers)
        sizes.append((*matrix.shape, n_states))
    return StateRows(np.concatenate(rows), np.concatenate(sequences), *np.array(sizes).T)


def _rows_from(
    world: World, start: int, horizon: int, limits: RowLimits
) -> tuple[np.ndarray, np.ndarray, int] | None:
    """Return the rows, their sequences, and the number of states of the widest layer; None beyond the limits."""
    n_states, n_actions = world.available.shape
    moves = sparse.csr_array((world.data, world.indices, world.indptr), (n_states * n_actions, n_states))
    sensor = sparse.csr_array((world.read_data, world.read_indices, world.read_indptr), (n_states, world.n_readings))
    rows, states, sequences, widest = np.ones((1, 1)), np.array([start]), np.zeros(1, dtype=np.int64), 1
    for step in range(horizon):
        if step:
            rows, sequences = _merged(rows, sequences)
        possible = ((rows > 0).astype(float) @ ~world.available[states] == 0).reshape(-1)
        steps = moves[(states[:, None] * n_actions + np.arange(n_actions)).reshape(-1)]
        states, steps = _compressed(steps)
        if possible.size > limits.max_sequences or possible.size * states.size > limits.max_entries:
            return None
        following = steps.toarray().reshape(rows.shape[1], n_actions * states.size)
        rows = (rows @ following).reshape(possible.size, states.size)[possible]
        sequences = (sequences[:, None] * n_actions + np.arange(n_actions)).reshape(-1)[possible]
        widest = max(widest, states.size)
    _, read = _compressed(sensor[states])
    if len(rows) * read.shape[1] > limits.max_entries:
        return None
    return *_merged(np.ascontiguousarray(rows @ read), sequences), widest


def _compressed(matrix: sparse.csr_array) -> tuple[np.ndarray, sparse.csr_array]:
    """Return the numbers of the columns with entries, and the matrix of these columns."""
    filled, position = np.unique(matrix.indices, return_inverse=True)
    return filled, sparse.csr_array((matrix.data, position, matrix.indptr), (matrix.shape[0], filled.size))


def _merged(rows: np.ndarray, sequences: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keep one of each group of equal rows."""
    if len(rows) < 2:
        return rows, sequences
    first = equal_rows(rows)
    kept = np.flatnonzero(first == np.arange(first.size))
    return rows[kept], sequences[kept]

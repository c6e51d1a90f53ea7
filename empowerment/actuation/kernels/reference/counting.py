"""Count reachable readings: sets of states as rows of sparse matrices of truth values."""

from __future__ import annotations

import numpy as np
from scipy import sparse

# Number of starts to process together; bounds the memory of a frontier.
_CHUNK = 2048


def count_readings(
    indptr: np.ndarray,
    indices: np.ndarray,
    read_indptr: np.ndarray,
    read_indices: np.ndarray,
    n_readings: int,
    starts: np.ndarray,
    horizon: int,
    up_to: bool,
) -> np.ndarray:
    """Return the number of readings that are possible after `horizon` steps, for each start.

    Parameters
    ----------
    indptr : ndarray of int64 of shape (n_states + 1,)
    indices : ndarray of int32
        The distinct states that may follow state s are ``indices[indptr[s] : indptr[s + 1]]``.
    read_indptr : ndarray of int64 of shape (n_states + 1,)
    read_indices : ndarray of int32
        The same for the readings possible in each state.
    n_readings : int
    starts : ndarray of int
    horizon : int
    up_to : bool
        Count readings that are possible after any number of steps from 0 to `horizon` instead.

    Returns
    -------
    ndarray of int64, shaped like `starts`
        0 where no sequence of this length is available.
    """
    n_states = indptr.size - 1
    step = _relation(indptr, indices, (n_states, n_states))
    read = _relation(read_indptr, read_indices, (n_states, n_readings))
    counts = [np.empty(0, dtype=np.int64)]
    for first in range(0, starts.size, _CHUNK):
        reached = sparse.eye_array(n_states, dtype=bool, format="csr")[starts[first : first + _CHUNK]]
        for _ in range(horizon):
            following = reached @ step
            reached = reached + following if up_to else following
        counts.append(np.diff((reached @ read).indptr).astype(np.int64))
    return np.concatenate(counts)


def _relation(indptr: np.ndarray, indices: np.ndarray, shape: tuple[int, int]) -> sparse.csr_array:
    return sparse.csr_array((np.ones(indices.size, dtype=bool), indices, indptr), shape=shape)

"""Small dense models of the states within reach of each initial state, many of them side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from empowerment.actuation.dynamics import Dynamics


class LocalModels(NamedTuple):
    """Models of a common size, one around each of some states, as arrays of NumPy or of JAX.

    Attributes
    ----------
    start : ndarray of int of shape (n_models,)
        Number of the initial state in its own model.
    moves : ndarray of shape (n_models, n_actions, n_states, n_states)
        Transition probabilities; states outside of the model are reached too late to matter.
    missing : ndarray of bool of shape (n_models, n_states, n_actions)
        Where an action is not available.
    readings : ndarray of shape (n_models, n_states, n_readings)
        Probability of each reading in each state; readings that are impossible after the last step are left out.
    """

    start: Any
    moves: Any
    missing: Any
    readings: Any


class LocalModelBuilder:
    """Makes local models from the states and readings within some steps of each initial state.

    Attributes
    ----------
    n_states, n_readings : ndarray of int of shape (n_starts,)
    """

    def __init__(self, dynamics: Dynamics, starts: np.ndarray, horizon: int) -> None:
        self._dynamics, self._starts = dynamics, starts
        shape = (starts.size, dynamics.n_columns)
        front = sparse.csr_array((np.ones(starts.size), (np.arange(starts.size), starts)), shape=shape)
        met = front
        for _ in range(horizon):
            front = _truth(front @ dynamics.successors)
            met = _truth(met + front)
        self._states, self._readings = _sorted(met), _sorted(_truth(front @ _truth(dynamics.sensor)))
        self.n_states, self.n_readings = np.diff(self._states.indptr), np.diff(self._readings.indptr)

    def build(self, members: np.ndarray, n_states: int, n_readings: int, count: int) -> LocalModels:
        """Return the models around the starts with these numbers, padded to the given sizes."""
        n_actions = self._dynamics.n_actions
        states, readings_seen = _Index(self._states[members]), _Index(self._readings[members])
        models = LocalModels(
            start=np.zeros(count, dtype=np.int64),
            moves=np.zeros((count, n_actions, n_states, n_states)),
            missing=np.zeros((count, n_states, n_actions), dtype=bool),
            readings=np.zeros((count, n_states, n_readings)),
        )
        models.start[: members.size] = states.find(np.arange(members.size), self._starts[members])
        models.missing[states.owner, states.rank] = ~self._dynamics.available[states.column]
        for action, matrix in enumerate(self._dynamics.actions):
            for owner, rank, to, probability in _entries(matrix, states, states):
                models.moves[owner, action, rank, to] = probability
        for owner, rank, to, probability in _entries(self._dynamics.sensor, states, readings_seen):
            models.readings[owner, rank, to] = probability
        return models


class _Index:
    """The filled entries of a sparse array: the row and the rank of each, and a search by row and column."""

    def __init__(self, filled: sparse.csr_array) -> None:
        counts = np.diff(filled.indptr)
        self.owner = np.repeat(np.arange(counts.size), counts)
        self.rank = np.arange(filled.nnz) - np.repeat(filled.indptr[:-1], counts)
        self.column, self._width = filled.indices, filled.shape[1]
        self._keys = self.owner * self._width + self.column

    def find(self, owner: np.ndarray, column: np.ndarray) -> np.ndarray:
        """Return the ranks of entries in their rows, -1 for missing entries."""
        key = owner * self._width + column
        at = np.minimum(np.searchsorted(self._keys, key), self._keys.size - 1)
        return np.where(self._keys[at] == key, self.rank[at], -1)


def _entries(matrix: sparse.csr_array, sources: _Index, targets: _Index) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield, in one piece, the entries of the matrix from sources to targets: owner, row, column and value."""
    part = matrix[sources.column].tocoo()
    owner = sources.owner[part.row]
    to = targets.find(owner, part.col)
    kept = to >= 0
    yield owner[kept], sources.rank[part.row[kept]], to[kept], part.data[kept]


def _truth(counts: sparse.csr_array) -> sparse.csr_array:
    """Replace positive entries by 1: repeated sums of them would overflow."""
    positive = sparse.csr_array(counts > 0)
    return positive.astype(np.float64)


def _sorted(matrix: sparse.csr_array) -> sparse.csr_array:
    matrix.sort_indices()
    return matrix

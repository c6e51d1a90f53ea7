"""What some steps from a state can meet, as a small dense world of its own: many of them side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from empowerment.actuation.dynamics import Dynamics


class LocalModels(NamedTuple):
    """Small worlds of a common size, one around each of some states; arrays of NumPy, or of JAX on the device.

    Attributes
    ----------
    start : ndarray of int of shape (n_worlds,)
        The place of the state in its own world.
    moves : ndarray of shape (n_worlds, n_actions, n_places, n_places)
        Probability of each place after each action; what leaves the world comes too late to matter.
    missing : ndarray of bool of shape (n_worlds, n_places, n_actions)
        Where an action is not available.
    readings : ndarray of shape (n_worlds, n_places, n_readings)
        Probability of each reading in each place; readings that the last step cannot lead to are left out.
    """

    start: Any
    moves: Any
    missing: Any
    readings: Any


class Surroundings:
    """The places and the readings within some steps of each of some states, from which worlds are made.

    Attributes
    ----------
    n_places, n_readings : ndarray of int of shape (n_starts,)
    """

    def __init__(self, dynamics: Dynamics, starts: np.ndarray, horizon: int) -> None:
        self._dynamics, self._starts = dynamics, starts
        shape = (starts.size, dynamics.n_columns)
        front = sparse.csr_array((np.ones(starts.size), (np.arange(starts.size), starts)), shape=shape)
        met = front
        for _ in range(horizon):
            front = _truth(front @ dynamics.successors)
            met = _truth(met + front)
        self._places, self._seen = _sorted(met), _sorted(_truth(front @ _truth(dynamics.sensor)))
        self.n_places, self.n_readings = np.diff(self._places.indptr), np.diff(self._seen.indptr)

    def worlds(self, members: np.ndarray, n_places: int, n_readings: int, count: int) -> LocalModels:
        """Return the worlds around the starts with these numbers, padded with places, readings and worlds."""
        n_actions = self._dynamics.n_actions
        places, seen = _Index(self._places[members]), _Index(self._seen[members])
        found = LocalModels(
            start=np.zeros(count, dtype=np.int64),
            moves=np.zeros((count, n_actions, n_places, n_places)),
            missing=np.zeros((count, n_places, n_actions), dtype=bool),
            readings=np.zeros((count, n_places, n_readings)),
        )
        found.start[: members.size] = places.find(np.arange(members.size), self._starts[members])
        found.missing[places.owner, places.rank] = ~self._dynamics.available[places.column]
        for action, matrix in enumerate(self._dynamics.actions):
            for owner, rank, to, probability in _entries(matrix, places, places):
                found.moves[owner, action, rank, to] = probability
        for owner, rank, to, probability in _entries(self._dynamics.sensor, places, seen):
            found.readings[owner, rank, to] = probability
        return found


class _Index:
    """The filled entries of a sparse array: whose they are, their rank there, and where an entry is found."""

    def __init__(self, filled: sparse.csr_array) -> None:
        counts = np.diff(filled.indptr)
        self.owner = np.repeat(np.arange(counts.size), counts)
        self.rank = np.arange(filled.nnz) - np.repeat(filled.indptr[:-1], counts)
        self.column, self._width = filled.indices, filled.shape[1]
        self._keys = self.owner * self._width + self.column

    def find(self, owner: np.ndarray, column: np.ndarray) -> np.ndarray:
        """Return the ranks of entries, -1 for those that are not there."""
        key = owner * self._width + column
        at = np.minimum(np.searchsorted(self._keys, key), self._keys.size - 1)
        return np.where(self._keys[at] == key, self.rank[at], -1)


def _entries(matrix: sparse.csr_array, sources: _Index, targets: _Index) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield, in one piece, the entries of the matrix that lead from the sources to targets."""
    part = matrix[sources.column].tocoo()
    owner = sources.owner[part.row]
    to = targets.find(owner, part.col)
    kept = to >= 0
    yield owner[kept], sources.rank[part.row[kept]], to[kept], part.data[kept]


def _truth(counts: sparse.csr_array) -> sparse.csr_array:
    """Return 1 for each entry that is not 0: sums of many would overflow in the end."""
    found = sparse.csr_array(counts > 0)
    return found.astype(np.float64)


def _sorted(filled: sparse.csr_array) -> sparse.csr_array:
    filled.sort_indices()
    return filled

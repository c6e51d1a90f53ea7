"""Local search for good sequences, at horizons where there are too many to price them all.

Any set of sequences proves a lower end. This oracle searches near the sequences known so far. It crosses two of
them, the beginning of one, any action, the end of another, at every cut; and it exchanges two actions of a sequence
or moves one action to another position. It gives no upper end.
"""

from __future__ import annotations

import numpy as np

from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.open_loop.column_generation import Columns
from empowerment.actuation.open_loop.layers import Kernels
from empowerment.capacity.solve import row_offsets
from empowerment.core.channel import Channel

# Sequences in the support of the optimum have the largest divergence; others this close to it, in nats, count too.
_NEAR_OPTIMAL = 1e-3
_MAX_CROSSED, _CROSSINGS = 60, 1200
_MAX_PROPOSED = 400


class LocalSearch:
    """An oracle of sequences near the seeds and near its own later proposals.

    Parameters
    ----------
    seeds : ndarray of int of shape (n_seeds, horizon)
    start : ndarray of shape (n_columns,)
        The row before any action.
    upper : float
        An upper end, in nats; the search ends once the lower end meets it.
    max_sequences : int
        Largest number of sequences to store.
    dynamics : Dynamics
    kernels : Kernels
    """

    def __init__(
        self,
        seeds: np.ndarray,
        start: np.ndarray,
        upper: float,
        max_sequences: int,
        dynamics: Dynamics,
        kernels: Kernels,
    ) -> None:
        self._start, self._upper, self._max_sequences = start, upper, max_sequences
        self._dynamics, self._kernel = dynamics, kernels.actuation
        self._rows, self._offsets = np.empty((0, dynamics.sensor.shape[1])), np.empty(0)
        self._sequences = np.empty((0, seeds.shape[1]), dtype=np.int32)
        self._varied = np.empty(0, dtype=bool)
        self._seen: set[bytes] = set()
        self._store(seeds)

    def first(self) -> Columns:
        """Return the seeds that are available."""
        return self._columns(np.arange(len(self._sequences)))

    def price(self, q: np.ndarray, above: float) -> tuple[float, Columns]:
        """Return the given upper end, and the stored sequences that are furthest from q."""
        divergences = self._divergences(q)
        distance = np.abs(divergences - above)
        centres = np.flatnonzero(distance < _NEAR_OPTIMAL)
        centres = centres[np.argsort(distance[centres], kind="stable")]
        if self._sequences.size and len(self._sequences) < self._max_sequences:
            fresh = centres[~self._varied[centres]][: self._n_crossed()]
            self._varied[fresh] = True
            varied = [_variations(self._sequences[c]) for c in fresh]
            crossed = self._crossings(self._sequences[centres[: self._n_crossed()]], q, above)
            self._store(np.concatenate([*varied, crossed]))
            divergences = self._divergences(q)
        which = np.flatnonzero(divergences > above)
        return self._upper, self._columns(which[np.argsort(-divergences[which], kind="stable")[:_MAX_PROPOSED]])

    def _n_crossed(self) -> int:
        """Return how many sequences to cross: fewer if they are long, or have too many variations to store."""
        length = self._sequences.shape[1]
        return int(
            min(np.clip(_CROSSINGS // length, 8, _MAX_CROSSED), max(self._max_sequences // (2 * length**2), 1))
        )

    def _divergences(self, q: np.ndarray) -> np.ndarray:
        return np.asarray(self._offsets - self._rows @ np.log(q) + (q.sum() - 1.0))

    def _columns(self, which: np.ndarray) -> Columns:
        return Columns(self._rows[which], np.zeros(which.size), self._sequences[which])

    def _store(self, sequences: np.ndarray) -> None:
        """Store the sequences that are new and available."""
        sequences = np.unique(sequences.astype(np.int32), axis=0)
        sequences = sequences[[i for i, sequence in enumerate(sequences) if sequence.tobytes() not in self._seen]]
        self._seen.update(sequence.tobytes() for sequence in sequences)
        rows = self._rows_of(sequences)
        available = rows[:, 0] >= 0
        rows = self._dynamics.read(rows[available])
        self._rows = np.concatenate([self._rows, rows])
        self._offsets = np.concatenate([self._offsets, row_offsets(Channel.from_valid(rows))])
        self._sequences = np.concatenate([self._sequences, sequences[available]])
        self._varied = np.concatenate([self._varied, np.zeros(len(rows), dtype=bool)])

    def _rows_of(self, sequences: np.ndarray) -> np.ndarray:
        starts = np.repeat(self._start[None], len(sequences), axis=0)
        return np.asarray(self._kernel.sequence_rows(starts, np.ascontiguousarray(sequences), self._dynamics.steps))

    def _crossings(self, parents: np.ndarray, q: np.ndarray, above: float) -> np.ndarray:
        """Return the best child of every beginning and of every end, for every cut."""
        read_log_q = np.asarray(self._dynamics.sensor @ np.log(q))
        children = [np.empty((0, parents.shape[1]), dtype=np.int32)]
        for cut in range(parents.shape[1]):
            ends = np.unique(parents[:, cut + 1 :], axis=0)
            beginnings = np.unique(parents[:, :cut], axis=0)
            layer = self._kernel.extend(self._rows_of(beginnings), self._dynamics.steps)
            shape = len(beginnings), self._dynamics.n_actions, len(ends)
            rows = layer.reshape(-1, self._dynamics.n_columns)
            available = rows[:, 0] >= 0
            rows = np.maximum(rows, 0.0)
            offsets = self._kernel.leaf_offsets(rows, ends, self._dynamics.steps, self._dynamics.readings)
            divergences = offsets - rows @ self._dynamics.expected_after(read_log_q, ends)
            divergences[~available] = -np.inf
            children.append(_children(divergences.reshape(shape), beginnings, ends, above))
        return np.concatenate(children)


def _children(divergences: np.ndarray, beginnings: np.ndarray, ends: np.ndarray, above: float) -> np.ndarray:
    """Return the sequences above a threshold that are best for their beginning or for their end."""
    first = divergences.reshape(len(beginnings), -1).argmax(axis=1)
    last = divergences.transpose(2, 0, 1).reshape(len(ends), -1).argmax(axis=1)
    n_actions, n_ends = divergences.shape[1:]
    b = np.concatenate([np.arange(len(beginnings)), last // n_actions])
    a = np.concatenate([first // n_ends, last % n_actions])
    e = np.concatenate([first % n_ends, np.arange(len(ends))])
    good = divergences[b, a, e] > above
    b, a, e = b[good], a[good], e[good]
    return np.concatenate([beginnings[b], a[:, None].astype(np.int32), ends[e]], axis=1)


def _variations(sequence: np.ndarray) -> np.ndarray:
    """Return the sequences in which two actions are exchanged, or one is moved to another position."""
    length = sequence.size
    one, other = np.triu_indices(length, 1)
    exchanged = np.repeat(sequence[None], one.size, axis=0)
    exchanged[np.arange(one.size), one], exchanged[np.arange(one.size), other] = sequence[other], sequence[one]
    # To move position i to j is to rotate the positions between them.
    i, j, k = np.meshgrid(*[np.arange(length)] * 3, indexing="ij")
    rotated = np.where((i <= k) & (k < j), k + 1, np.where((j < k) & (k <= i), k - 1, k))
    rotated = np.where(k == j, i, rotated).reshape(-1, length)
    return np.concatenate([exchanged, sequence[rotated]])

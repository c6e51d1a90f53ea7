"""Roll-outs of an agent that draws its actions uniformly, many side by side."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse

from empowerment.models.mdp import MDP

# Roll-outs at a time.
_CHUNK = 1 << 20


class RowSampler:
    """Draw columns of the rows of a sparse stochastic matrix.

    Parameters
    ----------
    rows : scipy.sparse.csr_array
        Only rows with entries may be drawn from.
    """

    def __init__(self, rows: sparse.csr_array) -> None:
        self._indices, self._starts = rows.indices, rows.indptr
        self._sums = np.concatenate([[0.0], np.cumsum(rows.data)])

    def __call__(self, numbers: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return a column for each of the rows with these numbers."""
        first, end = self._starts[numbers], self._starts[numbers + 1]
        below, above = self._sums[first], self._sums[end]
        target = below + rng.random(len(numbers)) * (above - below)
        place = np.searchsorted(self._sums, target, side="right") - 1
        return np.asarray(self._indices[np.clip(place, first, end - 1)])


class Walkers:
    """Agents that draw uniformly from the actions they have, and stay where they have none.

    Parameters
    ----------
    model : MDP
    rng : numpy.random.Generator
    """

    def __init__(self, model: MDP, rng: np.random.Generator) -> None:
        self._model, self._rng, self._next = model, rng, RowSampler(model.rows)
        self._count = model.available.sum(axis=1)
        self._order = np.argsort(~model.available, axis=1, kind="stable")

    def moved(self, states: np.ndarray, actions: np.ndarray | None = None) -> np.ndarray:
        """Return the states after one action of each agent, drawn or given."""
        count = self._count[states]
        if actions is None:
            actions = self._order[states, (self._rng.random(states.size) * count).astype(np.int64)]
        moving = count > 0
        after = states.copy()
        after[moving] = self._next(states[moving] * self._model.n_actions + actions[moving], self._rng)
        return after

    def ends(self, starts: np.ndarray, horizon: int, first: np.ndarray | None = None) -> np.ndarray:
        """Return the states after `horizon` actions, the first of which may be given."""
        states = self.moved(starts, first)
        for _ in range(horizon - 1):
            states = self.moved(states)
        return states


def in_chunks(numbers: np.ndarray, each: int) -> Iterator[np.ndarray]:
    """Yield the numbers in parts of so many that their roll-outs, `each` for one of them, fit into memory."""
    size = max(1, _CHUNK // each)
    return (numbers[first : first + size] for first in range(0, len(numbers), size))

"""Best policies for payoffs of the last reading, many payoffs at once, by dynamic programming.

They are corners of a polytope, see :mod:`empowerment.actuation.box_search`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse

from empowerment.actuation.feedback.information_states import Branch, InformationStates

_EPS = float(np.finfo(float).eps)
# Entries to store at the same time for one level.
_AT_ONCE = 2**22


class BestPolicies:
    """The Markov policies on information states, with payoffs of the last reading.

    Parameters
    ----------
    information_states : InformationStates
        With the last reading alone.

    Attributes
    ----------
    readings : ndarray of int of shape (n_readings,)
        Numbers of the possible readings.
    n_moves : int
        Number of matrix entries that one payoff passes: a measure of time.
    row_error : float
        Bound on the relative error of the entries of rows.
    value_error : float
        Bound on the error of values, relative to the largest payoff, with respect to the computed best row.
    """

    def __init__(self, information_states: InformationStates) -> None:
        self._levels = [*map(_level, information_states.branches), _last_level(information_states.endings)]
        self.readings = _possible_readings(information_states.endings)
        self.n_moves = sum(level.moves.nnz for level in self._levels)
        summed = sum(int(np.diff(level.moves.indptr).max()) + 2 for level in self._levels)
        gathered = sum(level.moves.shape[0] + 2 for level in self._levels)
        self.row_error = information_states.relative_error + gathered * _EPS
        self.value_error = (summed + gathered) * _EPS

    @property
    def n_readings(self) -> int:
        """Number of possible readings."""
        return int(self.readings.size)

    def support(self, payoffs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the values of the best policies, and their rows.

        Parameters
        ----------
        payoffs : ndarray of shape (n, n_readings)

        Returns
        -------
        values : ndarray of shape (n,)
            Rounded up by that error.
        rows : ndarray of shape (n, n_readings)
            The distributions of the reading under the best deterministic policy for each payoff.
        """
        at_once = max(_AT_ONCE // max(level.n_information_states * level.n_actions for level in self._levels), 1)
        parts = [self._of(payoffs[first : first + at_once]) for first in range(0, max(len(payoffs), 1), at_once)]
        values, rows = zip(*parts, strict=True)
        error = self.value_error * np.abs(payoffs).max(axis=1, initial=0.0)
        return np.concatenate(values) + error, np.concatenate(rows)

    def _of(self, payoffs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, choices = payoffs.T, []
        for level in reversed(self._levels):
            action_values = np.full((level.n_information_states, level.n_actions, len(payoffs)), -np.inf)
            action_values[level.owner, level.rank] = level.moves @ values
            choices.append(action_values.argmax(axis=1))
            values = action_values.max(axis=1)
        occupancy = np.ones((1, len(payoffs)))
        for level, chosen in zip(self._levels, reversed(choices), strict=True):
            taken = chosen[level.owner] == level.rank[:, None]
            occupancy = level.moves.T @ (occupancy[level.owner] * taken)
        return values[0], np.ascontiguousarray(occupancy.T)


class _Level(NamedTuple):
    """Transitions from a level: one row for each action of each information state."""

    moves: sparse.csr_array
    owner: np.ndarray
    rank: np.ndarray

    @property
    def n_information_states(self) -> int:
        return int(self.owner[-1]) + 1

    @property
    def n_actions(self) -> int:
        return int(self.rank.max()) + 1


def _level(branches: Sequence[Sequence[Branch]]) -> _Level:
    pairs = [branch for own in branches for branch in own]
    indptr = np.cumsum([0, *(numbers.size for _, numbers in pairs)])
    chances, numbers = (np.concatenate(part) for part in zip(*pairs, strict=True))
    moves = sparse.csr_array((chances, numbers, indptr), shape=(len(pairs), int(numbers.max()) + 1))
    return _Level(moves, *_numbered(len(own) for own in branches))


def _last_level(endings: Sequence[np.ndarray]) -> _Level:
    rows = np.concatenate(endings)[:, _possible_readings(endings)]
    return _Level(sparse.csr_array(rows), *_numbered(len(own) for own in endings))


def _possible_readings(endings: Sequence[np.ndarray]) -> np.ndarray:
    return np.flatnonzero(np.any([rows.any(axis=0) for rows in endings], axis=0))


def _numbered(counts: Iterable[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the owner of each of `counts` items, and its rank among those of this owner."""
    sizes = np.array(list(counts))
    owner = np.repeat(np.arange(sizes.size), sizes)
    return owner, np.arange(owner.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)

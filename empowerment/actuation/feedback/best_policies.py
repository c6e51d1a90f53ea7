"""Policies that are best for payoffs of the last reading, many payoffs at once, by dynamic programming."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse

from empowerment.actuation.feedback.information_states import Branch, InformationStates

_EPS = float(np.finfo(float).eps)
# Numbers that are held at the same time for one level.
_AT_ONCE = 2**22


class BestPolicies:
    """The policies of an agent with feedback, as far as the last reading goes.

    Parameters
    ----------
    information_states : InformationStates
        Of which only the last reading counts.

    Attributes
    ----------
    n_readings : int
        Number of readings that some policy gives.
    n_moves : int
        How many entries one payoff has to pass, which tells the time it takes.
    row_error : float
        No entry of a row is further than this, relative to itself, from exact arithmetic.
    value_error : float
        No value is further than this, relative to the largest payoff, from that of the best row as it is computed.
    """

    def __init__(self, information_states: InformationStates) -> None:
        self._levels = [*map(_level, information_states.branches), _last_level(information_states.endings)]
        self.n_readings = int(self._levels[-1].moves.shape[1])
        self.n_moves = sum(level.moves.nnz for level in self._levels)
        summed = sum(int(np.diff(level.moves.indptr).max()) + 2 for level in self._levels)
        gathered = sum(level.moves.shape[0] + 2 for level in self._levels)
        self.row_error = information_states.relative_error + gathered * _EPS
        self.value_error = (summed + gathered) * _EPS

    def of(self, payoffs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what the best policies earn, and their rows.

        Parameters
        ----------
        payoffs : ndarray of shape (n, n_readings)

        Returns
        -------
        values : ndarray of shape (n,)
        rows : ndarray of shape (n, n_readings)
            The distributions of the reading under the best deterministic policy for each payoff.
        """
        most = max(_AT_ONCE // max(level.n_information_states * level.n_actions for level in self._levels), 1)
        parts = [self._of(payoffs[first : first + most]) for first in range(0, max(len(payoffs), 1), most)]
        values, rows = zip(*parts, strict=True)
        return np.concatenate(values), np.concatenate(rows)

    def _of(self, payoffs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, choices = payoffs.T, []
        for level in reversed(self._levels):
            worth = np.full((level.n_information_states, level.n_actions, len(payoffs)), -np.inf)
            worth[level.owner, level.rank] = level.moves @ values
            choices.append(worth.argmax(axis=1))
            values = worth.max(axis=1)
        where = np.ones((1, len(payoffs)))
        for level, chosen in zip(self._levels, reversed(choices), strict=True):
            taken = chosen[level.owner] == level.rank[:, None]
            where = level.moves.T @ (where[level.owner] * taken)
        return values[0], np.ascontiguousarray(where.T)


class _Level(NamedTuple):
    """What the actions of the information states of a level lead to: one row for each of their actions."""

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
    rows = np.concatenate(endings)
    return _Level(sparse.csr_array(rows[:, rows.any(axis=0)]), *_numbered(len(own) for own in endings))


def _numbered(counts: Iterable[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return whose each of so many things is, and its rank there."""
    sizes = np.array(list(counts))
    owner = np.repeat(np.arange(sizes.size), sizes)
    return owner, np.arange(owner.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)

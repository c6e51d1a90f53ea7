"""A model and a sensor as arrays for the kernels, restricted to the states within reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice, pairwise

import numpy as np
from scipy import sparse

from empowerment.actuation.kernels import Readings, Steps
from empowerment.actuation.sensor import Sensor
from empowerment.capacity.kernels import EQUAL_RTOL
from empowerment.models.dead_ends import admissible_actions
from empowerment.models.mdp import MDP

# Above this many products, testing which actions commute takes longer than it saves.
_COMMUTING_PRODUCTS = 2_000_000


@dataclass(frozen=True)
class Dynamics:
    """Transitions and sensor on a set of states, the columns.

    Attributes
    ----------
    columns : ndarray of int of shape (n_columns,)
        Numbers of the states, in increasing order.
    rows : csr_array of shape (n_columns * n_actions, n_columns)
        Row ``column * n_actions + action`` holds the probabilities of the next column; it is empty if the action is
        missing.
    available : ndarray of bool of shape (n_columns, n_actions)
    sensor : csr_array of shape (n_columns, n_readings)
        Of a part of a model, the readings that are possible in some of its columns.
    is_inner : ndarray of bool of shape (n_columns,)
        Whether all successors are among the columns.
    may_exchange : bool
        Whether actions that commute may stand for each other.
    """

    columns: np.ndarray
    rows: sparse.csr_array
    available: np.ndarray
    sensor: sparse.csr_array
    is_inner: np.ndarray
    may_exchange: bool = True

    @classmethod
    def of(cls, model: MDP, sensor: Sensor) -> Dynamics:
        """Return the dynamics on all states."""
        numbers, everywhere = np.arange(model.n_states), np.ones(model.n_states, dtype=bool)
        return cls(numbers, model.rows, model.available, sensor.matrix, everywhere)

    @property
    def n_actions(self) -> int:
        """Number of actions."""
        return int(self.available.shape[1])

    @property
    def n_columns(self) -> int:
        """Number of states."""
        return int(self.columns.size)

    @property
    def product_error(self) -> float:
        """Bound on the relative error that one step adds to each entry of a row."""
        return float((self.n_columns + 2) * np.finfo(float).eps)

    def exchange_error(self, length: int) -> float:
        """Bound the relative error of a suffix that stands for others with commuting actions exchanged."""
        return 0.0 if length < 2 or self.follows.all() else 0.5 * EQUAL_RTOL * length**2

    @cached_property
    def actions(self) -> tuple[sparse.csr_array, ...]:
        """Transition matrix of each action, of shape (n_columns, n_columns), with empty rows where it is missing."""
        return tuple(self.rows[action :: self.n_actions] for action in range(self.n_actions))

    @cached_property
    def successors(self) -> sparse.csr_array:
        """Whether one column can follow another in one step: truth values of shape (n_columns, n_columns)."""
        return sparse.csr_array(sum(abs(matrix) for matrix in self.actions) > 0)

    @cached_property
    def follows(self) -> np.ndarray:
        """Whether the second action may directly follow the first; of two that commute, one order is enough."""
        return _follows(self)

    @cached_property
    def steps(self) -> Steps:
        """The transitions in the layout of the kernels."""
        column, action = np.divmod(
            np.repeat(np.arange(self.available.size), np.diff(self.rows.indptr)), self.n_actions
        )
        position = action * self.n_columns + self.rows.indices, column
        shape = self.available.size, self.n_columns
        gathers = sparse.csr_array((self.rows.data, position), shape=shape)
        return Steps(*_arrays(gathers), np.ascontiguousarray(~self.available.T))

    @cached_property
    def readings(self) -> Readings:
        """The sensor in the layout of the kernels."""
        return Readings(*_arrays(sparse.csr_array(self.sensor.T)))

    def admissible(self, alive: np.ndarray | None = None) -> Iterator[Dynamics]:
        """Yield the dynamics restricted to the actions that are admissible with 1, 2, 3, … steps left.

        See :func:`empowerment.models.dead_ends.admissible_actions`. Columns that one step may leave are
        reached in the last step alone, and so are never dead ends.

        Parameters
        ----------
        alive : ndarray of bool of shape (n_columns,), optional
            Permitted final columns; by default all of them.
        """
        dynamics, last = self, self.available
        for allowed in admissible_actions(self.actions, self.available, alive, ~self.is_inner):
            if allowed is not last and (allowed != last).any():
                dynamics = self._with_available(allowed)
            last = allowed
            yield dynamics

    def _with_available(self, allowed: np.ndarray) -> Dynamics:
        counts, kept = np.diff(self.rows.indptr), allowed.reshape(-1)
        entries, indptr = np.repeat(kept, counts), np.concatenate([[0], np.cumsum(np.where(kept, counts, 0))])
        parts = self.rows.data[entries], self.rows.indices[entries], indptr
        rows = sparse.csr_array(parts, shape=self.rows.shape)
        # Of two actions that commute, the order that stays available may be the other one.
        return replace(self, rows=rows, available=allowed, may_exchange=False)

    def with_steps_left(self, n_steps: int) -> Dynamics:
        """Return the dynamics restricted to the actions that are admissible with `n_steps` >= 1 steps left."""
        levels = islice(self.admissible(), n_steps)
        dynamics = next(levels)
        for level in levels:
            if level is dynamics:  # nothing changes any more
                break
            dynamics = level
        return dynamics

    def lasting(self) -> Dynamics:
        """Return the largest part in which an agent can act for ever, with the actions that keep it there."""
        levels = pairwise(self.admissible())
        last = next(level for level, following in levels if following is level)
        return last.restricted(np.flatnonzero(last.available.any(axis=1)))

    def restricted(self, kept: np.ndarray) -> Dynamics:
        """Return the dynamics on some of the columns, given by increasing numbers."""
        every = (kept[:, None] * self.n_actions + np.arange(self.n_actions)).reshape(-1)
        rows, leaving = _cut(self.rows, every, kept)
        sensor, _ = _cut(self.sensor, kept, self.possible_readings(kept))
        leaves = np.asarray(leaving.reshape(kept.size, self.n_actions).any(axis=1))
        return Dynamics(self.columns[kept], rows, self.available[kept], sensor, ~leaves, self.may_exchange)

    def around(self, starts: np.ndarray, horizon: int) -> Dynamics:
        """Return the dynamics on what `horizon` steps can reach from some columns, or on all columns if on most."""
        reached = front = np.unique(starts)
        for _ in range(horizon):
            front = self._after(front)
            position = np.minimum(np.searchsorted(reached, front), reached.size - 1)
            front = front[reached[position] != front]
            if not front.size:
                break
            reached = np.sort(np.concatenate([reached, front]))
            if 2 * reached.size >= self.n_columns:
                break
        return self if 2 * reached.size >= self.n_columns else self.restricted(reached)

    def reached(self, starts: np.ndarray, n_steps: int) -> np.ndarray:
        """Return the columns that exactly `n_steps` steps from some columns can lead to."""
        front = np.unique(starts)
        for _ in range(n_steps):
            after = self._after(front)
            if np.array_equal(after, front):
                break
            front = after
        return front

    def _after(self, columns: np.ndarray) -> np.ndarray:
        """Return the columns that one step from some columns can lead to."""
        indptr = self.rows.indptr[:: self.n_actions]
        return _distinct(self.rows.indices[_positions(indptr, columns)], self.n_columns)

    def possible_readings(self, columns: np.ndarray) -> np.ndarray:
        """Return the numbers of the readings that are possible in some columns."""
        return _distinct(self.sensor.indices[_positions(self.sensor.indptr, columns)], self.sensor.shape[1])

    def positions(self, states: np.ndarray) -> np.ndarray:
        """Return the columns of states, given by the numbers of the states."""
        return np.searchsorted(self.columns, states)

    def unit_rows(self, columns: np.ndarray) -> np.ndarray:
        """Return the unit row of each column: all probability in this column."""
        rows = np.zeros((columns.size, self.n_columns))
        rows[np.arange(columns.size), columns] = 1.0
        return rows

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Return the distribution of the reading for each row over columns."""
        return np.ascontiguousarray(rows @ self.sensor)

    def count_suffixes(self, length: int) -> float:
        """Return the number of suffixes of one length; see :func:`all_suffixes`."""
        return count_suffixes(self._order(length), length)

    def suffixes(self, length: int) -> np.ndarray:
        """Return the suffixes of one length; see :func:`all_suffixes`."""
        return all_suffixes(self._order(length), length)

    def _order(self, length: int) -> np.ndarray:
        """Return which actions may follow each other, if suffixes of this length contain any that do."""
        return self.follows if length > 1 else np.ones((self.n_actions, self.n_actions), dtype=bool)

    def expected_after(self, values: np.ndarray, suffixes: np.ndarray) -> np.ndarray:
        """Return the expected `values` after each suffix, from each column: shape (n_columns, n_suffixes)."""
        expectations = np.repeat(values[:, None], len(suffixes), axis=1)
        for chosen in suffixes.T[::-1]:
            for action, matrix in enumerate(self.actions):
                own = np.flatnonzero(chosen == action)
                expectations[:, own] = matrix @ expectations[:, own]
        return expectations


def count_suffixes(follows: np.ndarray, length: int) -> float:
    """Return the number of suffixes that :func:`all_suffixes` would list."""
    ways = np.ones(len(follows))  # number of suffixes that begin with each action
    for _ in range(length - 1):
        ways = follows @ ways
    return float(ways.sum()) if length else 1.0


def all_suffixes(follows: np.ndarray, length: int) -> np.ndarray:
    """Return the suffixes of one length in lexicographic order, shape (n_suffixes, length).

    Suffixes in which an action directly follows one that it may not follow are left out.
    """
    n_actions = len(follows)
    suffixes = np.zeros((1, 0), dtype=np.int32)
    for size in range(length):
        first = np.repeat(np.arange(n_actions, dtype=np.int32), len(suffixes))
        rest = np.tile(suffixes, (n_actions, 1))
        suffixes = np.concatenate([first[:, None], rest], axis=1)
        if size:
            suffixes = suffixes[follows[suffixes[:, 0], suffixes[:, 1]]]
    return suffixes


def _arrays(matrix: sparse.csr_array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data.astype(np.float64)


def _follows(dynamics: Dynamics) -> np.ndarray:
    """Forbid, of two actions that commute, the larger directly before the smaller.

    Every sequence can be sorted by exchanging neighbours that commute, and its row stays the same. Exchanged
    actions must also be available under the same conditions: both everywhere, or one of them does nothing. Columns
    that one step may leave are reached in the last step alone, after which no two actions follow.
    """
    n_actions, available = dynamics.n_actions, dynamics.available
    follows, entries = np.ones((n_actions, n_actions), dtype=bool), np.diff(dynamics.rows.indptr)
    products = entries.reshape(-1, n_actions).sum(axis=1)[dynamics.rows.indices].sum()
    if not dynamics.may_exchange or products > _COMMUTING_PRODUCTS:
        return follows
    everywhere = np.asarray(available.all(axis=0))
    idle = np.array([_same(matrix, sparse.eye_array(dynamics.n_columns)) for matrix in dynamics.actions]) & everywhere
    exchangeable = idle[:, None] | idle | (everywhere[:, None] & everywhere)
    return follows & ~np.tril(exchangeable & _commute(dynamics), -1)


def _commute(dynamics: Dynamics) -> np.ndarray:
    """Return which actions lead to the same in either order, from all inner columns: shape (n_actions, n_actions)."""
    rows, n_columns, n_actions = dynamics.rows, dynamics.n_columns, dynamics.n_actions
    action = np.repeat(np.arange(rows.shape[0]) % n_actions, np.diff(rows.indptr))
    # One row for each column, with the next columns of all actions one after the other.
    parts = rows.data, action * n_columns + rows.indices, rows.indptr[::n_actions]
    second = sparse.csr_array(parts, shape=(n_columns, n_actions * n_columns))
    inner = (np.flatnonzero(dynamics.is_inner)[:, None] * n_actions + np.arange(n_actions)).reshape(-1)
    both = sparse.coo_array(rows[inner] @ second)
    (start, first), (later, end) = np.divmod(both.row, n_actions), np.divmod(both.col, n_columns)
    exchanged = (start * n_actions + later, first * n_columns + end)
    difference = sparse.coo_array(sparse.csr_array(both) - sparse.csr_array((both.data, exchanged), shape=both.shape))
    size = sparse.csr_array(both)[difference.row, difference.col] if difference.nnz else np.empty(0)
    wrong = np.abs(difference.data) > EQUAL_RTOL * size
    commute = np.ones((n_actions, n_actions), dtype=bool)
    one, other = difference.row[wrong] % n_actions, difference.col[wrong] // n_columns
    commute[one, other] = commute[other, one] = False
    return commute


def _same(one: sparse.csr_array, other: sparse.csr_array) -> bool:
    """Return whether all entries agree up to rounding."""
    difference = abs(sparse.csr_array(one - other))
    return bool((difference > EQUAL_RTOL * abs(sparse.csr_array(one))).nnz == 0)


def _positions(indptr: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the positions of the entries of some rows."""
    first, counts = indptr[rows], indptr[rows + 1] - indptr[rows]
    return np.arange(counts.sum()) + np.repeat(first - (np.cumsum(counts) - counts), counts)


def _distinct(numbers: np.ndarray, limit: int) -> np.ndarray:
    """Return distinct numbers below a limit in increasing order: by sorting them, or by marks if they are many."""
    if 8 * numbers.size < limit:
        return np.unique(numbers)
    found = np.zeros(limit, dtype=bool)
    found[numbers] = True
    return np.flatnonzero(found)


def _cut(matrix: sparse.csr_array, rows: np.ndarray, columns: np.ndarray) -> tuple[sparse.csr_array, np.ndarray]:
    """Return a matrix on some rows and columns, given by increasing numbers, and which rows have other columns."""
    positions = _positions(matrix.indptr, rows)
    row = np.repeat(np.arange(rows.size), matrix.indptr[rows + 1] - matrix.indptr[rows])
    column = np.minimum(np.searchsorted(columns, matrix.indices[positions]), columns.size - 1)
    inside = columns[column] == matrix.indices[positions]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row[inside], minlength=rows.size))])
    parts = matrix.data[positions[inside]], column[inside], indptr
    leaving = np.bincount(row[~inside], minlength=rows.size) > 0
    return sparse.csr_array(parts, shape=(rows.size, columns.size)), leaving

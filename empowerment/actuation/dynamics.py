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

# Above this many entries, testing which actions commute takes longer than it saves.
_COMMUTING_ENTRIES = 1_000_000


@dataclass(frozen=True)
class Dynamics:
    """Transitions and sensor on a set of states, the columns.

    Attributes
    ----------
    columns : ndarray of int of shape (n_columns,)
        Numbers of the states, in increasing order.
    actions : tuple of csr_array of shape (n_columns, n_columns)
        Transition matrix of each action; the rows of missing actions are empty.
    available : ndarray of bool of shape (n_columns, n_actions)
    sensor : csr_array of shape (n_columns, n_readings)
    follows : ndarray of bool of shape (n_actions, n_actions)
        Whether the second action may directly follow the first; of two that commute, one order is enough.
    is_inner : ndarray of bool of shape (n_columns,)
        Whether all successors are among the columns.
    """

    columns: np.ndarray
    actions: tuple[sparse.csr_array, ...]
    available: np.ndarray
    sensor: sparse.csr_array
    follows: np.ndarray
    is_inner: np.ndarray

    @classmethod
    def of(cls, model: MDP, sensor: Sensor) -> Dynamics:
        """Return the dynamics on all states."""
        actions = tuple(model.action_matrices)
        numbers, everywhere = np.arange(model.n_states), np.ones(model.n_states, dtype=bool)
        return cls(numbers, actions, model.available, sensor.matrix, _follows(model), everywhere)

    @property
    def n_actions(self) -> int:
        """Number of actions."""
        return len(self.actions)

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
        return 0.0 if self.follows.all() else 0.5 * EQUAL_RTOL * length**2

    @cached_property
    def successors(self) -> sparse.csr_array:
        """Whether one column can follow another in one step: truth values of shape (n_columns, n_columns)."""
        return sparse.csr_array(sum(abs(matrix) for matrix in self.actions) > 0)

    @cached_property
    def steps(self) -> Steps:
        """The transitions in the layout of the kernels."""
        gathers = sparse.csr_array(sparse.vstack([matrix.T for matrix in self.actions]))
        missing = np.ascontiguousarray(~self.available.T)
        return Steps(*_arrays(gathers), missing, self.follows)

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
        actions = []
        for matrix, kept in zip(self.actions, allowed.T, strict=True):
            masked = sparse.csr_array(sparse.diags_array(kept.astype(float)) @ matrix)
            masked.eliminate_zeros()
            actions.append(masked)
        # Of two actions that commute, the order that stays available may be the other one.
        follows = np.ones_like(self.follows)
        return replace(self, actions=tuple(actions), available=allowed, follows=follows)

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
        left = np.ones(self.n_columns, dtype=bool)
        left[kept] = False
        actions = tuple(matrix[kept][:, kept] for matrix in self.actions)
        leaves = (self.successors[kept] @ left).astype(bool)
        return Dynamics(self.columns[kept], actions, self.available[kept], self.sensor[kept], self.follows, ~leaves)

    def around(self, starts: np.ndarray, horizon: int) -> Dynamics:
        """Return the dynamics on what `horizon` steps can reach from some columns, or on all columns if on most."""
        reached = np.zeros(self.n_columns, dtype=bool)
        reached[starts] = True
        for _ in range(horizon):
            wider = reached | (self.successors.T @ reached)
            if 2 * wider.sum() >= self.n_columns:
                return self
            if (wider == reached).all():
                break
            reached = wider
        if 2 * reached.sum() >= self.n_columns:
            return self
        return self.restricted(np.flatnonzero(reached))

    def reached(self, starts: np.ndarray, n_steps: int) -> np.ndarray:
        """Return the columns that exactly `n_steps` steps from some columns can lead to."""
        front = np.zeros(self.n_columns, dtype=bool)
        front[starts] = True
        for _ in range(n_steps):
            after = self.successors.T @ front
            if (after == front).all():
                break
            front = after
        return np.flatnonzero(front)

    def possible_readings(self, columns: np.ndarray) -> np.ndarray:
        """Return the numbers of the readings that are possible in some columns."""
        return np.unique(self.sensor[columns].indices)

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


def _follows(model: MDP) -> np.ndarray:
    """Forbid, of two actions that commute, the larger directly before the smaller.

    Every sequence can be sorted by exchanging neighbours that commute, and its row stays the same. Exchanged
    actions must also be available under the same conditions: both everywhere, or one of them does nothing.
    """
    follows = np.ones((model.n_actions, model.n_actions), dtype=bool)
    if model.rows.nnz > _COMMUTING_ENTRIES:
        return follows
    matrices, everywhere = model.action_matrices, np.asarray(model.available.all(axis=0))
    idle = [everywhere[a] and _same(matrices[a], sparse.eye_array(model.n_states)) for a in range(model.n_actions)]
    for b in range(model.n_actions):
        for a in range(b):
            exchangeable = idle[a] or idle[b] or (everywhere[a] and everywhere[b])
            if exchangeable and _same(matrices[a] @ matrices[b], matrices[b] @ matrices[a]):
                follows[b, a] = False
    return follows


def _same(one: sparse.csr_array, other: sparse.csr_array) -> bool:
    """Return whether all entries agree up to rounding."""
    difference = abs(sparse.csr_array(one - other))
    return bool((difference > EQUAL_RTOL * abs(sparse.csr_array(one))).nnz == 0)

"""Policies of a discounted world, with payoffs of a reading: a polytope for the search over boxes.

The reading is that of the state at a random time, so that what a policy earns is the value of a Markov decision
process whose rewards are the expected payoffs of the states. Policy iteration finds the best policy, for many payoffs
at once. Its values v are an upper bound on those of all policies once what any choice gains on them is added: if
``r + g P v - v <= d`` everywhere, ``v + d / (1 - g)`` is at least the value of any policy.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from empowerment.actuation.occupancy.choices import ReachableWorld

_EPS = float(np.finfo(float).eps)
_SWEEPS, _IMPROVEMENTS = 8, 100
# A choice must be better by this part of the largest value, else rounding would exchange choices for ever.
_BETTER = 1e-13
# Entries of transition matrices to hold at a time.
_AT_ONCE = 2**22


class ReadingPolicies:
    """The distributions of a reading under all policies; see :mod:`empowerment.actuation.box_search`.

    Parameters
    ----------
    reachable : ReachableWorld
        Initial states apart, if there are any, share one further reading, the last.
    sensor : csr_array of shape (n_states of the model, n_readings of the model)

    Attributes
    ----------
    readings : ndarray of int
        Numbers of the possible readings of the model.
    """

    def __init__(self, reachable: ReachableWorld, sensor: sparse.csr_array) -> None:
        self._world, own = reachable.choices, sensor[reachable.states[reachable.n_apart :]]
        self.readings = np.unique(own.indices[own.data > 0])
        self._n_apart, self._n_all = min(reachable.n_apart, 1), int(sensor.shape[1])
        self._read = np.zeros((reachable.states.size, self.n_readings))
        self._read[: reachable.n_apart, -1] = 1.0
        self._read[reachable.n_apart :, : self.readings.size] = own[:, self.readings].toarray()
        world = self._world
        shape = world.owner.size, world.start.size
        self._moves = sparse.csr_array((world.data, world.indices, world.indptr), shape=shape).toarray()
        self._left = 1.0 - world.discount * max(float(self._moves.sum(axis=1).max()), 1.0)
        self._policies: dict[bytes, np.ndarray] = {}

    @property
    def n_readings(self) -> int:
        """Number of possible readings, that of initial states apart included."""
        return int(self.readings.size) + self._n_apart

    def on_model(self, q: np.ndarray) -> np.ndarray:
        """Return a distribution of readings, without that of states apart, over the readings of the model."""
        found, own = np.zeros(self._n_all), q[: self.readings.size]
        found[self.readings] = own / own.sum()
        return found

    def on_polytope(self, q: np.ndarray, scale: float) -> np.ndarray:
        """Return a distribution over the readings of the model as one over these: states apart have ``1 - scale``."""
        return np.concatenate([scale * q[self.readings], np.full(self._n_apart, 1.0 - scale)])

    def read(self, occupancies: np.ndarray) -> np.ndarray:
        """Return the distributions of the reading for occupancies of shape (n, n_states)."""
        return np.asarray(occupancies @ self._read)

    def support(self, payoffs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return upper bounds on the values of the best policies, and their rows."""
        size = max(_AT_ONCE // self._world.start.size**2, 1)
        parts = [payoffs[first : first + size] for first in range(0, max(len(payoffs), 1), size)]
        values, rows = zip(*map(self._best, parts), strict=True)
        return np.concatenate(values), np.concatenate(rows)

    def policies(self, rows: np.ndarray) -> np.ndarray:
        """Return a policy for each row that :meth:`support` has returned, as choices of shape (n, n_states)."""
        found = [self._policies[row.tobytes()] for row in rows]
        return np.array(found, dtype=np.int64).reshape(len(rows), self._world.start.size)

    def _best(self, payoffs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return upper bounds and rows for payoffs whose matrices fit into memory together."""
        world, rewards = self._world, payoffs @ self._read.T
        values = rewards
        for _ in range(_SWEEPS):
            values = self._improved(rewards, values)[1]
        policies = self._improved(rewards, values)[0]
        for _ in range(_IMPROVEMENTS):
            values = np.linalg.solve(self._equations(policies), rewards[..., None])[..., 0]
            better, best = self._improved(rewards, values)
            gains = best - values
            wins = gains > _BETTER * (1.0 + np.abs(values).max(axis=1, keepdims=True))
            if not wins.any():
                break
            policies = np.where(wins, better, policies)
        size = 1.0 + np.abs(rewards).max(axis=1) + np.abs(values).max(axis=1)
        rounding = 2.0 * (world.start.size + 8) * _EPS * size
        left = 1.0 - world.discount
        upper = left * (values @ world.start) + rounding
        upper += (np.maximum(gains, 0.0).max(axis=1) + rounding) * left / self._left
        return upper, self._rows(policies)

    def _improved(self, rewards: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the best choice of each state, the first of several, and its value one step earlier."""
        world, first = self._world, self._world.first[:-1]
        each = rewards[:, world.owner] + world.discount * (values @ self._moves.T)
        best = np.maximum.reduceat(each, first, axis=1)
        numbers = np.where(each >= best[:, world.owner], np.arange(world.owner.size), world.owner.size)
        return np.minimum.reduceat(numbers, first, axis=1), best

    def _equations(self, policies: np.ndarray) -> np.ndarray:
        """Return the matrices of the equations for the values of policies."""
        return np.asarray(np.eye(self._world.start.size) - self._world.discount * self._moves[policies])

    def _rows(self, policies: np.ndarray) -> np.ndarray:
        """Return the rows of policies, which are remembered."""
        left, transposed = 1.0 - self._world.discount, self._equations(policies).swapaxes(1, 2)
        starts = np.broadcast_to(left * self._world.start[:, None], (len(policies), self._world.start.size, 1))
        occupancies = np.maximum(np.linalg.solve(transposed, starts)[..., 0], 0.0)
        rows = np.ascontiguousarray(self.read(occupancies / occupancies.sum(axis=1, keepdims=True)))
        for row, policy in zip(rows, policies.astype(np.int32), strict=True):
            self._policies.setdefault(row.tobytes(), policy)
        return rows

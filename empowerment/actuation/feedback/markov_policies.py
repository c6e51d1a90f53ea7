"""Markov policies on the states of a world, with payoffs of the last reading: a polytope for local search.

Every column is visited in every step, whether it can be reached or not, so that no lists are made; where states are
few :mod:`empowerment.actuation.feedback.best_policies` is faster.
"""

from __future__ import annotations

from itertools import islice

import numpy as np

from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.open_loop.upper_bounds import rounding

_MAX_AT_ONCE = 200


class MarkovPolicies:
    """The policies of an agent that observes the state, as a polytope; see :mod:`empowerment.actuation.box_search`.

    Parameters
    ----------
    dynamics : Dynamics
    start : int
        Column of the initial state.
    horizon : int
    memory : float
        Limit in bytes; it sets how many policies are followed at a time.

    Attributes
    ----------
    readings : ndarray of int of shape (n_readings,)
        Numbers of the possible readings.
    """

    def __init__(self, dynamics: Dynamics, start: int, horizon: int, memory: float) -> None:
        self._dynamics, self._start = dynamics, start
        self._allowed = [step.available.T for step in islice(dynamics.admissible(), horizon)]
        each = 8 * dynamics.n_columns * (2 * dynamics.n_actions + horizon)
        self._at_once = int(np.clip(memory // each, 1, _MAX_AT_ONCE))
        self.readings = dynamics.possible_readings(dynamics.reached(np.array([start]), horizon))
        self._sensor = dynamics.sensor[:, self.readings]

    @property
    def n_readings(self) -> int:
        """Number of possible readings."""
        return int(self.readings.size)

    def support(self, payoffs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the values of the best policies, rounded up, and their rows."""
        parts = [payoffs[first : first + self._at_once] for first in range(0, max(len(payoffs), 1), self._at_once)]
        values, rows = zip(*map(self._best, parts), strict=True)
        return np.concatenate(values), np.concatenate(rows)

    def _best(self, payoffs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        dynamics, choices = self._dynamics, []
        values = self._sensor @ payoffs.T
        for allowed in self._allowed:
            action_values = np.stack([matrix @ values for matrix in dynamics.actions])
            action_values[~allowed] = -np.inf
            choices.append(action_values.argmax(axis=0).astype(np.int16))
            # States without allowed actions are never reached.
            values = np.where(np.asarray(allowed.any(axis=0))[:, None], action_values.max(axis=0), 0.0)
        occupancy = np.zeros((len(payoffs), dynamics.n_columns))
        occupancy[:, self._start] = 1.0
        for chosen in reversed(choices):
            moved = [(occupancy * (a == chosen.T)) @ matrix for a, matrix in enumerate(dynamics.actions)]
            occupancy = np.sum(moved, axis=0)
        error = rounding(dynamics, len(self._allowed) + 1, payoffs) if payoffs.size else 0.0
        return values[self._start] + error, np.ascontiguousarray(occupancy @ self._sensor)

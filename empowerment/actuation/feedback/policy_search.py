"""Local search for policies far from q: a lower end if there are too many policies to list.

The divergence from q is convex in the row of a policy, and so lies above its tangent at any row. The best policy for
the tangent, found by dynamic programming, is at least as far from q as the row of the tangent. Started from policies
that aim at one reading each, and at random payoffs with a fixed seed, such steps converge to local maxima.
"""

from __future__ import annotations

from itertools import islice

import numpy as np

from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.open_loop.column_generation import Columns

_STEPS, _MAX_AT_ONCE, _DRAWN = 8, 200, 64
_SMALLEST = 1e-15  # zero probabilities are replaced by this before the tangent is taken


class PolicySearch:
    """An oracle of good policies; it gives no upper end.

    Parameters
    ----------
    dynamics : Dynamics
    start : int
    horizon : int
    rows : ndarray of shape (n, n_readings)
        Rows of some policies, as further starting points.
    memory : float
        Limit in bytes; it sets how many policies are followed at a time.
    """

    def __init__(self, dynamics: Dynamics, start: int, horizon: int, rows: np.ndarray, memory: float) -> None:
        self._dynamics, self._start = dynamics, start
        self._allowed = [step.available.T for step in islice(dynamics.admissible(), horizon)]
        each = 8 * dynamics.n_columns * (2 * dynamics.n_actions + horizon)
        self._at_once = int(np.clip(memory // each, 1, _MAX_AT_ONCE))
        self._known: dict[bytes, int] = {}
        self._rows = rows

    def first(self) -> Columns:
        """Return the given rows, and those of policies that aim at one reading or at random payoffs."""
        readings = self._dynamics.possible_readings(
            self._dynamics.reached(np.array([self._start]), len(self._allowed))
        )
        payoffs = np.zeros((self._dynamics.sensor.shape[1], readings.size))
        payoffs[readings, np.arange(readings.size)] = 1.0
        drawn = np.random.default_rng(0).standard_normal((len(payoffs), _DRAWN))
        return self._columns(np.concatenate([self._rows, self._best_rows(payoffs), self._best_rows(drawn)]))

    def price(self, q: np.ndarray, above: float) -> tuple[float, Columns]:
        """Return infinity as the bound, and policies whose divergence from q exceeds `above`."""
        rows, logs = self._rows[-self._at_once :], np.log(np.maximum(q, 1e-300))
        for _ in range(_STEPS):
            rows = np.unique(self._best_rows((np.log(np.maximum(rows, _SMALLEST)) - logs).T), axis=0)
        divergences = (rows * (np.log(np.maximum(rows, _SMALLEST)) - logs)).sum(axis=1)
        return np.inf, self._columns(rows[divergences > above])

    def _columns(self, rows: np.ndarray) -> Columns:
        numbers = [self._known.setdefault(row.tobytes(), len(self._known)) for row in rows]
        self._rows = np.concatenate([self._rows, rows])
        return Columns(rows, np.zeros(len(rows)), np.array(numbers, dtype=np.int64).reshape(-1, 1))

    def _best_rows(self, payoffs: np.ndarray) -> np.ndarray:
        """Return the rows of the best policies for payoffs of shape (n_readings, n), as many as fit into memory."""
        dynamics = self._dynamics
        values, choices = dynamics.sensor @ payoffs[:, : self._at_once], []
        for allowed in self._allowed:
            action_values = np.stack([matrix @ values for matrix in dynamics.actions])
            action_values[~allowed] = -np.inf
            choices.append(action_values.argmax(axis=0).astype(np.int16))
            # States without allowed actions are never reached.
            values = np.where(np.asarray(allowed.any(axis=0))[:, None], action_values.max(axis=0), 0.0)
        occupancy = np.zeros((values.shape[1], dynamics.n_columns))
        occupancy[:, self._start] = 1.0
        for chosen in reversed(choices):
            moved = [(occupancy * (a == chosen.T)) @ matrix for a, matrix in enumerate(dynamics.actions)]
            occupancy = np.sum(moved, axis=0)
        return dynamics.read(occupancy)

"""Policies that make readings far from what the receiver expects: a lower end where they are too many to list.

The divergence from q is convex in a policy's row, and so lies above its tangent at any row. A policy that is best for
the tangent, found by dynamic programming, is at least as far from q as the row the tangent belongs to. Started from
policies that aim at one reading each, and at random payoffs, the same ones each time, such steps end in policies that
none of them improves.
"""

from __future__ import annotations

from itertools import islice

import numpy as np

from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.open_loop.column_generation import Columns

_STEPS, _MOST, _DRAWN = 8, 200, 64
_SMALLEST = 1e-15  # where a row has no probability, the tangent is taken here


class PolicySearch:
    """An oracle that knows good policies, if not the best: it bounds nothing from above.

    Parameters
    ----------
    dynamics : Dynamics
    start : int
    horizon : int
    rows : ndarray of shape (n, n_readings)
        What to begin with, besides aiming at every reading: rows that some policies have.
    memory : float
        Bytes that may be taken: it decides how many policies are tried at a time.
    """

    def __init__(self, dynamics: Dynamics, start: int, horizon: int, rows: np.ndarray, memory: float) -> None:
        self._dynamics, self._start = dynamics, start
        self._allowed = [step.available.T for step in islice(dynamics.admissible(), horizon)]
        each = 8 * dynamics.n_columns * (2 * dynamics.n_actions + horizon)
        self._at_once = int(np.clip(memory // each, 1, _MOST))
        self._known: dict[bytes, int] = {}
        self._rows = rows

    def first(self) -> Columns:
        """Return the rows to begin with, and those of policies that aim at one reading."""
        readings = self._dynamics.possible_readings(
            self._dynamics.reached(np.array([self._start]), len(self._allowed))
        )
        payoffs = np.zeros((self._dynamics.sensor.shape[1], readings.size))
        payoffs[readings, np.arange(readings.size)] = 1.0
        drawn = np.random.default_rng(0).standard_normal((len(payoffs), _DRAWN))
        return self._columns(np.concatenate([self._rows, self._followed(payoffs), self._followed(drawn)]))

    def price(self, q: np.ndarray, above: float) -> tuple[float, Columns]:
        """Return no bound, and policies whose divergence from q exceeds `above`."""
        rows, logs = self._rows[-self._at_once :], np.log(np.maximum(q, 1e-300))
        for _ in range(_STEPS):
            rows = np.unique(self._followed((np.log(np.maximum(rows, _SMALLEST)) - logs).T), axis=0)
        divergences = (rows * (np.log(np.maximum(rows, _SMALLEST)) - logs)).sum(axis=1)
        return np.inf, self._columns(rows[divergences > above])

    def _columns(self, rows: np.ndarray) -> Columns:
        numbers = [self._known.setdefault(row.tobytes(), len(self._known)) for row in rows]
        self._rows = np.concatenate([self._rows, rows])
        return Columns(rows, np.zeros(len(rows)), np.array(numbers, dtype=np.int64).reshape(-1, 1))

    def _followed(self, payoffs: np.ndarray) -> np.ndarray:
        """Return the rows of the policies that are best for payoffs of shape (n_readings, n), as many as fit."""
        dynamics = self._dynamics
        values, choices = dynamics.sensor @ payoffs[:, : self._at_once], []
        for allowed in self._allowed:
            worth = np.stack([matrix @ values for matrix in dynamics.actions])
            worth[~allowed] = -np.inf
            choices.append(worth.argmax(axis=0).astype(np.int16))
            # Where the agent would be stuck it never comes to.
            values = np.where(np.asarray(allowed.any(axis=0))[:, None], worth.max(axis=0), 0.0)
        where = np.zeros((values.shape[1], dynamics.n_columns))
        where[:, self._start] = 1.0
        for chosen in reversed(choices):
            moved = [(where * (a == chosen.T)) @ matrix for a, matrix in enumerate(dynamics.actions)]
            where = np.sum(moved, axis=0)
        return dynamics.read(where)

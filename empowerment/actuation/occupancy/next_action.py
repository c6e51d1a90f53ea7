"""The channel from the next action to a later state, while a policy chooses all actions after it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from empowerment.models.induced_chain import step_matrix
from empowerment.models.mdp import MDP

_EPS = float(np.finfo(float).eps)


class Rows(NamedTuple):
    """Distributions of the later state, one for each action of each of several states.

    Attributes
    ----------
    matrix : ndarray of shape (n_starts, n_actions, n_states)
        Zeros where an action is missing.
    distance : float
        No row is farther from the true one than this, in total variation.
    """

    matrix: np.ndarray
    distance: float


class NextAction:
    """The rows of a policy's next actions, at a fixed step or at a geometric time.

    Parameters
    ----------
    model : MDP
    policy : ndarray of shape (n_states, n_actions)
    horizon : int or None
        The later state is that after so many steps, the next action included.
    discount : float or None
        Without a horizon: step t = 1, 2, … counts with the probability ``(1 - discount) * discount ** (t - 1)``.
    """

    def __init__(self, model: MDP, policy: np.ndarray, horizon: int | None, discount: float | None) -> None:
        self._model, self._horizon, self._discount = model, horizon, discount or 0.0
        self._steps = step_matrix(model, policy)
        # Roundings in an entry of a vector times the matrix of steps, those of the matrix itself included.
        fullest = int(np.bincount(self._steps.indices, minlength=1).max(initial=0))
        self._roundings = (fullest + model.n_actions + 4) * _EPS
        if horizon is None:
            identity = sparse.eye_array(model.n_states, format="csc")
            self._solver = splu(sparse.csc_array(identity - self._discount * self._steps.T))

    def rows(self, starts: np.ndarray) -> Rows:
        """Return the rows of some states."""
        n_actions, n_states = self._model.n_actions, self._model.n_states
        numbers = starts[:, None] * n_actions + np.arange(n_actions)
        first = np.asarray(self._model.rows[numbers.reshape(-1)].toarray())
        found, distance = self.later(first)
        return Rows(found.reshape(starts.size, n_actions, n_states), distance)

    def later(self, rows: np.ndarray) -> tuple[np.ndarray, float]:
        """Return what distributions of the state after the first step become at the later time, and their error.

        No row is farther than this error from the true one, in total variation.
        """
        return self._after_steps(rows) if self._horizon is not None else self._at_geometric_time(rows)

    def _after_steps(self, rows: np.ndarray) -> tuple[np.ndarray, float]:
        assert self._horizon is not None
        for _ in range(self._horizon - 1):
            rows = np.asarray(rows @ self._steps)
        return rows, self._horizon * self._roundings

    def _at_geometric_time(self, rows: np.ndarray) -> tuple[np.ndarray, float]:
        """Solve ``x (1 - discount * steps) = (1 - discount) * rows``.

        A row whose residual has the norm r, the sum of absolute values, is within ``r / (1 - discount)`` of the
        solution in that norm, because the discounted steps lose ``1 - discount`` of any mass.
        """
        left = 1.0 - self._discount
        found = np.maximum(self._solver.solve(left * rows.T).T, 0.0)
        residual = left * rows - found + self._discount * np.asarray(found @ self._steps)
        largest = float(np.abs(residual).sum(axis=1).max(initial=0.0))
        return found, (largest + 2.0 * self._roundings) / left


def information(rows: np.ndarray, weights: np.ndarray, distance: float) -> tuple[float, float]:
    """Return the information between input and output in nats, and a bound on its error.

    Parameters
    ----------
    rows : ndarray of shape (n_inputs, n_outputs)
    weights : ndarray of shape (n_inputs,)
        Probability of each input, above 0.
    distance : float
        No row is farther than this, in total variation, from the row that is meant.
    """
    q = weights @ rows
    used = rows > 0
    ratios = np.ones_like(rows)
    np.divide(rows, q, out=ratios, where=used)
    terms = weights[:, None] * rows * np.log(ratios)
    rounding = (terms.size + weights.size + 8) * _EPS * float(np.abs(terms).sum()) + 4.0 * weights.size * _EPS
    return float(terms.sum()), rounding + 2.0 * entropy_change(distance, rows.shape[1])


def entropy_change(distance: float, n_outputs: int) -> float:
    """Bound how far the entropies of two distributions this far apart in total variation differ."""
    if distance == 0:
        return 0.0
    share = min(distance, 1.0 - 1.0 / max(n_outputs, 2))
    binary = -share * math.log(share) - (1.0 - share) * math.log1p(-share)
    return binary + share * math.log(max(n_outputs - 1, 1))

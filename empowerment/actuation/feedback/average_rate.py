"""The average rate of feedback empowerment over an infinite horizon.

One application of the Bellman operator of `feedback.bellman` to any values proves an interval: the rate lies between
the least and the largest growth of a state's value. Good values are the relative values of the policy of the
previous application, which solve a linear system (Howard 1960).
"""

from __future__ import annotations

import math
import warnings
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import MatrixRankWarning, spsolve

from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.feedback.bellman import Values, feedback_step
from empowerment.actuation.feedback.end_components import recurrent_classes
from empowerment.capacity.options import SolverOptions

_EPS = float(np.finfo(float).eps)
_PATIENCE = 20
_SHARE = 0.25  # the part of the tolerance that the capacities of one step may use up


class AverageRate(NamedTuple):
    """An interval in nats, the policy behind it, and the applications it took."""

    value: float
    lower: float
    upper: float
    policy: np.ndarray
    n_iter: int


def average(dynamics: Dynamics, options: SolverOptions, max_steps: int) -> AverageRate:
    """Compute the largest average information per step, to within the tolerance (nats) if possible.

    Every column must have an action, and no action may leave the columns: see :meth:`Dynamics.lasting`.

    For any V the rate lies between the least and the largest entry of ``BV - V`` (Odoni 1969). If a policy has
    several recurrent classes, its relative values are undefined; then half a step of relative value iteration is
    taken instead, which converges for periodic chains as well (Schweitzer 1971).
    """
    step = feedback_step(dynamics, options.to_within(_SHARE * options.tol))
    progress = _Progress(options.tol)
    guess, lower, upper = np.zeros(dynamics.n_columns), -math.inf, math.inf
    for n_iter in range(1, max_steps + 1):  # noqa: B007
        values = step.before(Values.guessed(guess, dynamics.n_actions))
        least, largest = _growth(values, guess)
        lower, upper = max(lower, least), min(upper, largest)
        if progress.ends(upper - lower):
            break
        halfway = (guess + values.value) / 2
        guess = _relative_values(step.moves(values.policy), values.gain, halfway - halfway[0])
    return AverageRate(max((lower + upper) / 2, 0.0), lower, upper, values.policy, n_iter)


class _Progress:
    """Stopping rule: the interval is narrow enough, or has not become narrower for several steps."""

    def __init__(self, tol: float) -> None:
        self._tol, self._best, self._idle = tol, math.inf, 0

    def ends(self, width: float) -> bool:
        self._idle = 0 if width < self._best else self._idle + 1
        self._best = min(width, self._best)
        return width <= self._tol or self._idle >= _PATIENCE


def _growth(values: Values, guess: np.ndarray) -> tuple[float, float]:
    """Return the least and the largest growth of values in one step, rounded outward."""
    slack = 2 * _EPS * (1 + np.abs(guess).max())
    return float((values.lower - guess).min() - slack), float((values.upper - guess).max() + slack)


def _relative_values(moves: sparse.csr_array, gain: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """Return the values of a policy relative to the first state, or `otherwise` if they are undefined."""
    if len(recurrent_classes(moves)) > 1:
        return otherwise
    size = gain.size
    # The value of the first state is 0, so the rate takes its place among the unknowns.
    system = sparse.csc_array(sparse.eye_array(size) - moves)
    system = sparse.hstack([sparse.csc_array(np.ones((size, 1))), system[:, 1:]], format="csc")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MatrixRankWarning)
        solution = np.atleast_1d(spsolve(system, gain))
    if not np.isfinite(solution).all():
        return otherwise
    solution[0] = 0.0
    return np.asarray(solution)

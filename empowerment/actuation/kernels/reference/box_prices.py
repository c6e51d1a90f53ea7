"""Prices of readings that bound a convex function over a box: the dual of a small linear program.

Over a box a sum of convex functions, one of each reading, lies below the sum of their chords. The largest value of
that sum over the mixtures of some rows in the box is a linear program, in which a reading may leave its interval at a
high cost, so that there always is a solution. The multipliers of the readings are payoffs for which no row of any
policy is far above the best of these mixtures. The program proposes them; they are no proof.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from empowerment.actuation.kernels import OUTSIDE

_ACCURATE = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


def box_prices(
    rows: np.ndarray, candidates: np.ndarray, low: np.ndarray, high: np.ndarray, payoffs: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the prices of the readings, and the weights of the best mixture of candidates, for each box.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_readings)
    candidates : ndarray of int64 of shape (n_boxes, n_candidates)
        Numbers of the rows to mix for each box; those of a box come first, at least one, then -1.
    low, high : ndarray of shape (n_boxes, n_readings)
        The ends of each box.
    payoffs : ndarray of shape (n_boxes, n_readings)
        Slopes of the chords over each box.

    Returns
    -------
    prices : ndarray of shape (n_boxes, n_readings)
    weights : ndarray of shape (n_boxes, n_candidates)
    """
    prices, weights = np.zeros(low.shape), np.zeros(candidates.shape)
    for box, chosen in enumerate(candidates):
        known = chosen[chosen >= 0]
        weights[box, : known.size], prices[box] = _solved(rows[known], low[box], high[box], payoffs[box])
    return prices, weights


def _solved(
    rows: np.ndarray, low: np.ndarray, high: np.ndarray, payoffs: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mix rows into a point plus an excess minus a shortfall; the multipliers are those of these equations."""
    (n_rows, n_readings), eye = rows.shape, np.eye(low.size)
    equations = np.block([[rows.T, -eye, eye, -eye], [np.ones((1, n_rows)), np.zeros((1, 3 * n_readings))]])
    cost = np.concatenate([np.zeros(n_rows), -payoffs, np.full(2 * n_readings, OUTSIDE)])
    ends = np.zeros((cost.size, 2))
    ends[:, 1] = np.inf
    ends[n_rows : n_rows + n_readings] = np.column_stack([low, high])
    found = linprog(
        cost,
        A_eq=equations,
        b_eq=np.append(np.zeros(n_readings), 1.0),
        bounds=ends,
        method="highs",
        options=_ACCURATE,
    )
    if found.x is None:
        return np.append(1.0, np.zeros(n_rows - 1)), payoffs
    return found.x[:n_rows], found.eqlin.marginals[:n_readings]

"""Extreme rows of a layer: the rows that are no mixture of the others.

The capacity depends on the convex hull of the rows alone, and actions act on rows linearly. A row that is a mixture
of others may therefore be left out after any step: what it becomes later is the same mixture of what they become.

In floating point a row is a mixture of others only up to rounding, so its distance from one is part of the result.
Let every row left out be at least 1 - delta times a mixture of kept rows, entry by entry. It then is this mixture
with probability 1 - delta and some other distribution with probability delta, now and after any further actions. If
the receiver learns which of the two it was, the capacity can only grow, hence

    C(kept) <= C(all) <= (1 - delta) C(kept) + delta log(number of all rows, or of columns).

Rows are tested one at a time against the extreme rows known so far, as in Clarkson's algorithm (1994), so that a
step costs as much as the few rows that stay. The largest 1 - delta is the value of a linear program with one
constraint for each column. If it is too small, its dual solution is a direction in which the row lies beyond all
mixtures. The row furthest in this direction is extreme, and is added.
"""

from __future__ import annotations

import math

import numpy as np

TOLERANCE = 1e-13
_EPS = float(np.finfo(float).eps)
# Entries below this count as zeros, because quotients by them could overflow.
_SMALLEST = 1e-300
# Rows whose values agree to this relative accuracy tie.
_TIE = 1e-15
# A pivot below the first is what rounding left of a zero; a gain below the second is none.
_MIN_PIVOT, _MIN_GAIN = 1e-14, 1e-15


def extreme_rows(rows: np.ndarray, tolerance: float = TOLERANCE) -> tuple[np.ndarray, float]:
    """Return the rows from which all others can be mixed, and how much is lost without the others.

    Parameters
    ----------
    rows : ndarray of float of shape (n_rows, n_columns)
        Distributions.
    tolerance : float
        Largest loss allowed.

    Returns
    -------
    kept : ndarray of int
        Numbers of the rows to keep, increasing. Of rows that are equal up to rounding one is kept.
    lost : float
        Entry by entry, every other row is at least ``1 - lost`` times a mixture of the kept ones. Computed from
        the mixtures and rounded outward; 0 if all rows are kept.

    Examples
    --------
    >>> kept, lost = extreme_rows(np.array([[1.0, 0.0], [0.4, 0.6], [0.2, 0.8], [0.2, 0.8]]))
    >>> kept.tolist(), lost < 1e-14
    ([0, 2], True)
    """
    rows, spread = _with_equal_sums(rows, tolerance)
    undecided, kept, lost = np.ones(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool), 0.0
    for number, row in enumerate(rows):
        # A mixture below this row takes nothing from rows with probability where this one has none.
        usable = np.logical_not(rows[:, row < _SMALLEST].any(axis=1))
        usable[number] = True
        while undecided[number]:
            excess, direction = _best_mixture(_quotients(rows[kept & usable], row))
            if excess + spread <= tolerance:
                undecided[number], lost = False, max(lost, excess + spread)
                continue
            others = np.flatnonzero(undecided & usable)
            extreme = others[_furthest(rows[others], _quotients(rows[others], row) @ direction)]
            undecided[extreme], kept[extreme] = False, True
    return np.flatnonzero(kept), lost


def _with_equal_sums(rows: np.ndarray, tolerance: float) -> tuple[np.ndarray, float]:
    """Return rows with equal sums, and how much their sums still differ.

    A row of a larger sum lies above mixtures of rows of a smaller one. If sums differ, a further entry fills them up
    to 2.
    """
    sums = rows.sum(axis=1)
    spread = float(np.ptp(sums)) if len(rows) else 0.0
    return (rows, spread) if spread <= tolerance / 2 else (np.column_stack([rows, 2 - sums]), 0.0)


def _quotients(rows: np.ndarray, row: np.ndarray) -> np.ndarray:
    filled = row >= _SMALLEST
    return rows[:, filled] / row[filled]


def _furthest(rows: np.ndarray, values: np.ndarray) -> int:
    """Return the row of the smallest value; among ties that of the largest norm, no mixture of the others."""
    ties = np.flatnonzero(values <= values.min() * (1 + _TIE))
    return int(ties[np.square(rows[ties]).sum(axis=1).argmax()])


def _best_mixture(quotients: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the largest excess over 1 of the best mixture, and a direction of shape (n_columns,).

    In this direction every mixture exceeds 1 at least as far as the best mixture does.
    """
    weights, direction = _solve_packing(quotients)
    if not weights.any():
        return math.inf, direction
    highest = float((weights @ quotients).max() / weights.sum())
    rounding = (int(np.count_nonzero(weights)) + 4) * _EPS
    return max(0.0, highest * (1 + rounding) - 1), direction


def _solve_packing(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Maximise the sum of weights such that ``weights @ rows <= 1``, by the simplex method.

    Returns
    -------
    weights : ndarray of shape (n_rows,)
        At least 0.
    prices : ndarray of shape (n_columns,)
        The dual solution: at least 0, with the same sum, and ``rows @ prices >= 1``, all up to rounding.
    """
    count, size = rows.shape
    scale = 1 / rows.max(axis=1)  # makes 1 the largest entry of every row
    tableau = np.zeros((size + 1, count + size + 1))
    tableau[:size, :count] = rows.T * scale
    tableau[:size, count:-1] = np.eye(size)
    tableau[:size, -1] = 1.0
    tableau[size, :count] = scale
    basis = np.arange(count, count + size)
    for _ in range(20 * size):  # about `size` pivots are enough; with ties the method could cycle
        entering = int(tableau[size, :-1].argmax())
        column = tableau[:size, entering]
        positive = np.flatnonzero(column > _MIN_PIVOT)
        if tableau[size, entering] <= _MIN_GAIN or not positive.size:
            break
        leaving = positive[(tableau[positive, -1] / column[positive]).argmin()]
        _pivot(tableau, leaving, entering)
        basis[leaving] = entering
    weights = np.zeros(count + size)
    weights[basis] = np.maximum(tableau[:size, -1], 0.0)
    return weights[:count] * scale, np.maximum(-tableau[size, count:-1], 0.0)


def _pivot(tableau: np.ndarray, row: int, column: int) -> None:
    """Turn one column into a unit vector, with its 1 in the given row."""
    tableau[row] /= tableau[row, column]
    factors = tableau[:, column].copy()
    factors[row] = 0.0
    tableau -= np.outer(factors, tableau[row])

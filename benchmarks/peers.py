"""What the library is compared with. Each takes a matrix and returns a capacity in bits, as its users get it."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from scipy.special import xlogy

PASSES = 20_000
"""Where the plain iteration is cut off; it would otherwise take minutes on some channels."""


def dit(matrix: np.ndarray) -> float:
    """Return dit's capacity at its own default stopping rule, the difference of two values."""
    from dit.algorithms import channel_capacity

    return float(channel_capacity(matrix)[0])


def clarabel(matrix: np.ndarray) -> float:
    """Return the optimum of the convex program, modelled in cvxpy and solved by Clarabel."""
    import cvxpy

    p = cvxpy.Variable(len(matrix), nonneg=True)
    entropies = -xlogy(matrix, matrix).sum(axis=1)
    information = cvxpy.sum(cvxpy.entr(matrix.T @ p)) - entropies @ p
    problem = cvxpy.Problem(cvxpy.Maximize(information), [cvxpy.sum(p) == 1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of "may be inaccurate" the error column tells
        problem.solve(solver=cvxpy.CLARABEL)
    return float(problem.value / np.log(2))


def numpy_blahut_arimoto(matrix: np.ndarray) -> float:
    """Return the lower end of a NumPy Blahut-Arimoto with the right bound, at a gap of 1e-9 bits or the limit."""
    offsets = xlogy(matrix, matrix).sum(axis=1)
    p = np.full(len(matrix), 1 / len(matrix))
    lower = 0.0
    for _ in range(PASSES):
        d = offsets - matrix @ np.log(np.maximum(p @ matrix, 1e-300))
        lower, upper = p @ d, d.max()
        if upper - lower <= 1e-9 * np.log(2):
            break
        p = p * np.exp(d - upper)
        p /= p.sum()
    return float(lower / np.log(2))


def mixed_bases(matrix: np.ndarray) -> float:
    """Return what the formula of much-copied scripts gives: natural exponentials of binary logarithms."""
    p = np.linspace(1.0, 1.1, len(matrix))
    p /= p.sum()
    weight = p
    for _ in range(1000):
        posterior = p[:, None] * matrix / np.maximum(p @ matrix, 1e-300)
        weight = np.exp(xlogy(matrix, np.maximum(posterior, 1e-300)).sum(axis=1) / np.log(2))
        before, p = p, weight / weight.sum()
        if np.abs(p - before).max() < 1e-10:
            break
    return float(max(np.log2(weight.sum()), 0.0))


PEERS: dict[str, Callable[[np.ndarray], float]] = {
    "dit": dit,
    "cvxpy/Clarabel": clarabel,
    "NumPy Blahut-Arimoto": numpy_blahut_arimoto,
    "mixed bases": mixed_bases,
}

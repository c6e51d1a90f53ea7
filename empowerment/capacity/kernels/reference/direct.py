"""Channels of two outputs or two inputs, which need no working set.

Of several rows over two outputs the two extreme ones carry the capacity, since the divergence from any q is convex in
the row. Their divergences agree where the log-odds of q are the difference of their offsets over that of their
probabilities of the first output, which gives q and then p (Muroga 1953; Silverman 1955). Of two inputs the one
unknown is the probability of the first, found by Newton's method inside the bracket that the sign of the difference
of both divergences gives.

None of this is part of a proof: with rewards the extreme rows need not be optimal, and rows that nearly agree leave
nothing but rounding. Where the certificate at the result is wider than the tolerance, the channel is solved like all
others.
"""

from __future__ import annotations

import numpy as np

from empowerment.capacity.kernels import DIRECT, NEWTON_STEPS, TINY, Outcome
from empowerment.capacity.kernels.reference.certificate import certificate


def solve_directly(matrix: np.ndarray, offsets: np.ndarray, tol: float, rtol: float, max_iter: int) -> Outcome | None:
    """Return the outcome of a channel of two outputs or inputs; None if it has more, or the tolerance was missed."""
    found, passes = None, 1
    if matrix.shape[1] == 2:
        found = _two_outputs(matrix, offsets)
    elif matrix.shape[0] == 2:
        found, passes = _two_inputs(matrix, offsets, tol, rtol, min(max_iter, NEWTON_STEPS))
    if found is None:
        return None
    proven = certificate(matrix, offsets, *found)
    if proven.upper - proven.lower > max(tol, rtol * proven.lower):
        return None
    return Outcome(*found, *proven, passes - 1, passes, DIRECT)


def _two_outputs(matrix: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    least, most = int(matrix[:, 0].argmin()), int(matrix[:, 0].argmax())
    spread = matrix[most, 0] - matrix[least, 0]
    if not spread > 0:
        return None
    log_odds = (offsets[most] - offsets[least]) / spread
    with np.errstate(over="ignore"):
        q = np.maximum(1.0 / (1.0 + np.exp([-log_odds, log_odds])), TINY)
    p = np.zeros(len(matrix))
    p[most] = min(max((q[0] - matrix[least, 0]) / spread, 0.0), 1.0)
    p[least] = 1.0 - p[most]
    return p, q


def _two_inputs(
    matrix: np.ndarray, offsets: np.ndarray, tol: float, rtol: float, max_passes: int
) -> tuple[tuple[np.ndarray, np.ndarray] | None, int]:
    reached = matrix.max(axis=0) > 0
    bracket, share = [0.0, 1.0], 0.5
    for passes in range(1, max_passes + 1):
        p = np.array([share, 1.0 - share])
        q = np.where(reached, np.maximum(p @ matrix, TINY), 0.0)
        d = offsets - matrix[:, reached] @ np.log(q[reached])
        lower = p @ d
        if d.max() - lower <= max(tol, rtol * lower):
            return (p, q), passes
        bend = ((matrix[0] - matrix[1])[reached] ** 2 / q[reached]).sum()
        if not bend > 0:  # equal rows, of which the reduction takes one
            break
        bracket[0 if d[0] > d[1] else 1] = share
        share += (d[0] - d[1]) / bend
        if not bracket[0] < share < bracket[1]:
            share = sum(bracket) / 2
    return None, 0

"""Channels of two outputs or two inputs, without the machinery; see `reference.direct`."""

from __future__ import annotations

import math

from empowerment.capacity.kernels import DIRECT, NEWTON_STEPS, NOT_REACHED, TINY, Certificate
from empowerment.capacity.kernels.cpu.arrays import Array
from empowerment.capacity.kernels.cpu.certificate import certificate
from empowerment.capacity.kernels.cpu.linear import fill
from empowerment.runtime.jit import jit


@jit()
def solve_directly(
    matrix: Array, offsets: Array, tol: float, rtol: float, max_iter: int, p: Array, q: Array
) -> tuple[Certificate, int, int, int]:
    """Fill in `p` and `q`; return both ends, steps, passes and the rung, which is not reached where this won't do."""
    n_rows, n_columns = matrix.shape
    passes = 0
    if n_columns == 2:
        passes = _two_outputs(matrix, offsets, p, q)
    elif n_rows == 2:
        passes = _two_inputs(matrix, offsets, tol, rtol, min(max_iter, NEWTON_STEPS), p, q)
    if passes == 0:
        return Certificate(0.0, 0.0, 0.0), 0, 0, NOT_REACHED
    proven = certificate(matrix, offsets, p, q)
    reached = proven.upper - proven.lower <= max(tol, rtol * proven.lower)
    return proven, passes - 1, passes, DIRECT if reached else NOT_REACHED


@jit()
def _two_outputs(matrix: Array, offsets: Array, p: Array, q: Array) -> int:
    """Use the two extreme rows, by the formula; return one pass, or 0 where it does not apply."""
    least = most = 0
    for x in range(1, matrix.shape[0]):
        if matrix[x, 0] < matrix[least, 0]:
            least = x
        if matrix[x, 0] > matrix[most, 0]:
            most = x
    spread = matrix[most, 0] - matrix[least, 0]
    if not spread > 0:
        return 0
    log_odds = (offsets[most] - offsets[least]) / spread
    q[0], q[1] = max(1.0 / (1.0 + math.exp(-log_odds)), TINY), max(1.0 / (1.0 + math.exp(log_odds)), TINY)
    fill(p, 0.0)
    p[most] = min(max((q[0] - matrix[least, 0]) / spread, 0.0), 1.0)
    p[least] = 1.0 - p[most]
    return 1


@jit()
def _two_inputs(matrix: Array, offsets: Array, tol: float, rtol: float, max_passes: int, p: Array, q: Array) -> int:
    """Use Newton's method in the probability of the first input; return the passes, or 0 where it does not end."""
    share, least, most = 0.5, 0.0, 1.0
    for passes in range(1, max_passes + 1):
        first, second, bend = offsets[0], offsets[1], 0.0
        for y in range(q.size):
            a, b = matrix[0, y], matrix[1, y]
            q[y] = 0.0
            if a > 0 or b > 0:
                q[y] = max(share * a + (1.0 - share) * b, TINY)
                log_q = math.log(q[y])
                first -= a * log_q
                second -= b * log_q
                bend += (a - b) * (a - b) / q[y]
        lower = share * first + (1.0 - share) * second
        if max(first, second) - lower <= max(tol, rtol * lower):
            p[0], p[1] = share, 1.0 - share
            return passes
        if not bend > 0:  # equal rows, of which the reduction takes one
            return 0
        if first > second:
            least = share
        else:
            most = share
        share += (first - second) / bend
        if not least < share < most:
            share = 0.5 * (least + most)
    return 0

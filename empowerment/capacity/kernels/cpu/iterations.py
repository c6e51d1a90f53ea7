"""First-order iterations; see `reference.iterations`."""

from __future__ import annotations

import math

from empowerment.capacity.kernels import (
    DIRECT,
    NOT_REACHED,
    SQUAREM_FIRST,
    SQUAREM_GROWTH,
    SQUAREM_LEAST,
    TINY,
    Solution,
)
from empowerment.capacity.kernels.cpu.arrays import Array, vector
from empowerment.capacity.kernels.cpu.linear import (
    copied,
    copy_to,
    divergences,
    dot,
    fill,
    largest,
    logarithms,
    outputs,
    total,
)
from empowerment.runtime.jit import jit, stopped

_INF = math.inf
_LEAST_LOG = math.log(TINY)


@jit()
def _keep_better(
    now: float, highest: float, p: Array, q: Array, lower: float, upper: float, best_p: Array, best_q: Array
) -> tuple[float, float]:
    """Return the better of each end, and keep the distributions that prove them."""
    if now > lower:
        lower = now
        copy_to(best_p, p)
    if highest < upper:
        upper = highest
        copy_to(best_q, q)
    return lower, upper


@jit()
def blahut_arimoto(
    matrix: Array, offsets: Array, p: Array, tol: float, rtol: float, max_iter: int, stop: Array
) -> Solution:
    """Plain Blahut-Arimoto; see `reference.iterations`.

    A pass reads the matrix once: each row contributes its divergence and its share of the next output distribution.
    """
    n_rows, n_columns = matrix.shape
    p, following = copied(p), vector(n_rows)
    q, log_q, next_q = vector(n_columns), vector(n_columns), vector(n_columns)
    outputs(p, matrix, q)
    best_p, best_q = copied(p), copied(q)
    lower, upper, shift, n_iter, rung = -_INF, _INF, 0.0, 0, NOT_REACHED
    while n_iter < max_iter and not stopped(stop):
        n_iter += 1
        logarithms(q, log_q)
        fill(next_q, 0.0)
        now, highest = 0.0, -_INF
        for x in range(n_rows):
            d = offsets[x] - dot(matrix[x], log_q)
            now += p[x] * d
            highest = max(highest, d)
            following[x] = p[x] * math.exp(d - shift)
            for y in range(n_columns):
                next_q[y] += following[x] * matrix[x, y]
        lower, upper = _keep_better(now, highest, p, q, lower, upper, best_p, best_q)
        if upper - lower <= max(tol, rtol * lower):
            rung = DIRECT
            break
        shift = highest  # an estimate of the next one, which only has to keep exponentials from overflow
        mass = total(following)
        for x in range(n_rows):
            p[x] = following[x] / mass
        for y in range(n_columns):
            q[y] = max(next_q[y] / mass, TINY)
    return Solution(best_p, best_q, lower, upper, n_iter, n_iter, rung)


@jit()
def _shift(log_p: Array, by: Array, p: Array) -> None:
    """Add `by` to `log_p` and put the normalised distribution into `p`, both in place."""
    for x in range(p.size):
        log_p[x] = log_p[x] + by[x]
    highest = largest(log_p)
    for x in range(p.size):
        p[x] = math.exp(log_p[x] - highest)
    mass = total(p)
    log_total = highest + math.log(mass)
    for x in range(p.size):
        p[x] /= mass
        log_p[x] = max(log_p[x] - log_total, _LEAST_LOG)


@jit()
def squarem(matrix: Array, offsets: Array, p: Array, tol: float, rtol: float, max_iter: int, stop: Array) -> Solution:
    """Blahut-Arimoto with squared extrapolation; see `reference.iterations`."""
    n_rows, n_columns = matrix.shape
    q, log_q, d = vector(n_columns), vector(n_columns), vector(n_rows)
    p, log_p = copied(p), vector(n_rows)
    for x in range(n_rows):
        log_p[x] = math.log(max(p[x], TINY))
    start, once, step = vector(n_rows), vector(n_rows), vector(n_rows)
    safe_log_p, safe_value = copied(log_p), -_INF
    best_p, best_q = copied(p), vector(n_columns)
    lower, upper, n_iter, rung, stage = -_INF, _INF, 0, NOT_REACHED, 0
    length, limit = 1.0, SQUAREM_FIRST
    while n_iter < max_iter and not stopped(stop):
        n_iter += 1
        outputs(p, matrix, q)
        logarithms(q, log_q)
        divergences(matrix, offsets, log_q, d)
        now, highest = dot(p, d), largest(d)
        lower, upper = _keep_better(now, highest, p, q, lower, upper, best_p, best_q)
        if upper - lower <= max(tol, rtol * lower):
            rung = DIRECT
            break
        if stage == 2 and now >= safe_value and length == limit:
            limit *= SQUAREM_GROWTH
        elif stage == 2 and not now >= safe_value:
            limit = max(limit / 2, SQUAREM_LEAST)
            copy_to(log_p, safe_log_p)  # the information decreased: continue from the point before the extrapolation
            fill(step, 0.0)
            _shift(log_p, step, p)
            stage = 0
            continue
        if stage == 0 or stage == 2:
            copy_to(start, log_p)
            _shift(log_p, d, p)
            copy_to(once, log_p)
            stage = 1
            continue
        safe_value = now
        _shift(log_p, d, p)
        copy_to(safe_log_p, log_p)
        first, bend = 0.0, 0.0
        for x in range(n_rows):
            r = once[x] - start[x]
            v = log_p[x] - once[x] - r
            first += p[x] * r * r
            bend += p[x] * v * v
        stage = 0
        if bend > 0:
            length = max(min(math.sqrt(first / bend), limit), 1.0)
            for x in range(n_rows):
                r = once[x] - start[x]
                v = log_p[x] - once[x] - r
                step[x] = start[x] + 2 * length * r + length * length * v - log_p[x]
            _shift(log_p, step, p)
            stage = 2
    return Solution(best_p, best_q, lower, upper, n_iter, n_iter, rung)

"""The methods one after the other; see `reference.solve.ladder`."""

from __future__ import annotations

import math

from empowerment.capacity.kernels import (
    BLAHUT_ARIMOTO,
    BY_BLAHUT_ARIMOTO,
    BY_SQUAREM,
    DIRECT,
    NOT_REACHED,
    SQUAREM,
    SQUAREM_SHARE,
    WORKING_SET,
    Solution,
)
from empowerment.capacity.kernels.cpu.arrays import Array, vector
from empowerment.capacity.kernels.cpu.interior_point import working_set
from empowerment.capacity.kernels.cpu.iterations import blahut_arimoto, squarem
from empowerment.capacity.kernels.cpu.linear import fill
from empowerment.runtime.jit import jit, stopped

_INF = math.inf


@jit()
def _better_ends(first: Solution, second: Solution, tol: float, rtol: float, rung: int) -> Solution:
    """Combine the better lower end and the better upper end of two solutions, each with its proof."""
    p, lower = (first.p, first.lower) if first.lower > second.lower else (second.p, second.lower)
    q, upper = (first.q, first.upper) if first.upper < second.upper else (second.q, second.upper)
    reached = upper - lower <= max(tol, rtol * lower)
    n_iter, n_passes = first.n_iter + second.n_iter, first.n_passes + second.n_passes
    return Solution(p, q, lower, upper, n_iter, n_passes, rung if reached else NOT_REACHED)


@jit()
def ladder(
    matrix: Array,
    offsets: Array,
    start: Array,
    tol: float,
    rtol: float,
    method: int,
    max_iter: int,
    last_rung: int,
    stop: Array,
) -> Solution:
    """Solve a reduced block by one method, or by the working set and the methods after it, up to `last_rung`."""
    solution = _nothing_yet(matrix)
    for rung in (DIRECT, BY_SQUAREM, BY_BLAHUT_ARIMOTO):
        left = max_iter - solution.n_iter
        if rung == DIRECT:
            current = method
        elif solution.rung != NOT_REACHED or left <= 0 or rung > last_rung or method != WORKING_SET or stopped(stop):
            break
        else:
            current = SQUAREM if rung == BY_SQUAREM else BLAHUT_ARIMOTO
            # Neither method raises a probability of 0, so they start in the interior of the simplex.
            start = vector(solution.p.size)
            for x in range(start.size):
                start[x] = 0.99 * solution.p[x] + 0.01 / start.size
        if current == WORKING_SET:
            continued = working_set(matrix, offsets, tol, rtol, left, stop)
        elif current == SQUAREM:
            steps = left if rung == DIRECT else max(int(SQUAREM_SHARE * left), 1)
            continued = squarem(matrix, offsets, start, tol, rtol, steps, stop)
        else:
            continued = blahut_arimoto(matrix, offsets, start, tol, rtol, left, stop)
        solution = continued if rung == DIRECT else _better_ends(solution, continued, tol, rtol, rung)
    return solution


@jit()
def _nothing_yet(matrix: Array) -> Solution:
    return Solution(vector(matrix.shape[0]), vector(matrix.shape[1]), -_INF, _INF, 0, 0, NOT_REACHED)


@jit()
def by_all_methods(
    matrix: Array, offsets: Array, tol: float, rtol: float, method: int, max_iter: int, stop: Array
) -> Solution:
    """Solve a reduced block by the whole ladder."""
    start = vector(matrix.shape[0])
    fill(start, 1.0 / start.size)
    return ladder(matrix, offsets, start, tol, rtol, method, max_iter, NOT_REACHED, stop)

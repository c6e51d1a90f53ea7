"""One channel from its matrix to its certified capacity, compiled as a whole; see `reference.solve`."""

from __future__ import annotations

import math

import numpy as np
from numba import float64, int64

from empowerment._jit import MATRIX, VECTOR, jit
from empowerment.capacity.kernels import (
    BLAHUT_ARIMOTO,
    BY_BLAHUT_ARIMOTO,
    BY_SQUAREM,
    NOT_REACHED,
    SQUAREM,
    SQUAREM_SHARE,
    TINY,
    Outcome,
    Solution,
)
from empowerment.capacity.kernels.cpu.certificate import careful_sum, certificate
from empowerment.capacity.kernels.cpu.interior_point import working_set
from empowerment.capacity.kernels.cpu.iterations import blahut_arimoto, squarem
from empowerment.capacity.kernels.cpu.linear import Array
from empowerment.capacity.kernels.cpu.reduction import components, equal_rows, proportional_columns


@jit()
def _better_ends(first: Solution, second: Solution, tol: float, rtol: float, rung: int) -> Solution:
    """Take the better lower end and the better upper end of two solutions, each with its proof."""
    p, lower = (first.p, first.lower) if first.lower > second.lower else (second.p, second.lower)
    q, upper = (first.q, first.upper) if first.upper < second.upper else (second.q, second.upper)
    reached = upper - lower <= max(tol, rtol * lower)
    n_iter, n_passes = first.n_iter + second.n_iter, first.n_passes + second.n_passes
    return Solution(p, q, lower, upper, n_iter, n_passes, rung if reached else NOT_REACHED)


@jit(MATRIX, VECTOR, float64, float64, int64, int64)
def ladder(matrix: Array, offsets: Array, tol: float, rtol: float, method: int, max_iter: int) -> Solution:
    """Solve a reduced block by one method, or by the working set and what comes after it."""
    n_rows = matrix.shape[0]
    start = np.full(n_rows, 1.0 / n_rows)
    if method == BLAHUT_ARIMOTO:
        return blahut_arimoto(matrix, offsets, start, tol, rtol, max_iter)
    if method == SQUAREM:
        return squarem(matrix, offsets, start, tol, rtol, max_iter)
    found = working_set(matrix, offsets, tol, rtol, max_iter)
    for rung in (BY_SQUAREM, BY_BLAHUT_ARIMOTO):
        left = max_iter - found.n_iter
        if found.rung != NOT_REACHED or left <= 0:
            return found
        # Neither method revives an input of probability 0, so they start a little inside.
        inside = 0.99 * found.p + 0.01 * start
        if rung == BY_SQUAREM:
            steps = max(int(SQUAREM_SHARE * left), 1)
            more = squarem(matrix, offsets, inside, tol, rtol, steps)
        else:
            more = blahut_arimoto(matrix, offsets, inside, tol, rtol, left)
        found = _better_ends(found, more, tol, rtol, rung)
    return found


@jit()
def _representatives(first: Array, offsets: Array) -> Array:
    """Return one row for each group of equal rows: that of the largest offset, hence of the largest reward."""
    best = first.copy()
    for x in range(first.size):
        if offsets[x] > offsets[best[first[x]]]:
            best[first[x]] = x
    return best[first == np.arange(first.size)]


@jit()
def _merged(matrix: Array, rows: Array, first_column: Array, share: Array, owner: Array) -> Array:
    """Return the matrix of the kept rows with proportional columns added up; fill in shares and owners."""
    n_columns = first_column.size
    count = 0
    for y in range(n_columns):
        if first_column[y] == y:
            owner[y] = count
            count += 1
    found = np.zeros((rows.size, count))
    weight, total = np.zeros(n_columns), np.zeros(count)
    for x in rows:
        for y in range(n_columns):
            weight[y] = max(weight[y], matrix[x, y])
    for y in range(n_columns):
        owner[y] = owner[first_column[y]] if first_column[y] >= 0 else -1
        if owner[y] >= 0:
            total[owner[y]] += weight[y]
    for y in range(n_columns):
        if owner[y] >= 0:
            share[y] = weight[y] / total[owner[y]]
    for i in range(rows.size):
        for y in range(n_columns):
            if owner[y] >= 0:
                found[i, owner[y]] += matrix[rows[i], y]
    return found


@jit()
def _offsets_of_merged(reduced: Array, offsets: Array, share: Array, owner: Array) -> Array:
    """Return the offsets that leave all divergences as they were: a share s of a column adds s log s."""
    mixing = np.zeros(reduced.shape[1])
    for y in range(share.size):
        if owner[y] >= 0:
            mixing[owner[y]] += share[y] * math.log(share[y])
    return offsets - reduced @ mixing


@jit()
def _reward(row: Array, offset: float) -> float:
    """Return the value of using one input alone: its reward."""
    found = offset - 1.0
    for w in row:
        if w > 0:
            found -= w * (math.log(w) - 1.0)
    return found


@jit()
def _solve_components(
    matrix: Array,
    offsets: Array,
    row_component: Array,
    column_component: Array,
    tol: float,
    rtol: float,
    method: int,
    max_iter: int,
) -> tuple[Solution, Array]:
    """Solve each connected component; return their p and q side by side, and the weight of each component."""
    count = column_component.max() + 1
    p, q, value = np.zeros(matrix.shape[0]), np.zeros(matrix.shape[1]), np.zeros(count)
    n_iter, n_passes, rung = 0, 0, 0
    for c in range(count):
        rows, columns = np.flatnonzero(row_component == c), np.flatnonzero(column_component == c)
        if rows.size == 1:
            value[c] = _reward(matrix[rows[0]], offsets[rows[0]])
            p[rows[0]] = 1.0
            q[columns] = matrix[rows[0]][columns]
            continue
        block = np.empty((rows.size, columns.size))
        for i in range(rows.size):
            for j in range(columns.size):
                block[i, j] = matrix[rows[i], columns[j]]
        found = ladder(block, offsets[rows], tol, rtol, method, max_iter)
        p[rows], q[columns], value[c] = found.p, found.q, found.lower
        n_iter, n_passes = n_iter + found.n_iter, n_passes + found.n_passes
        rung = max(rung, found.rung)
    # Component c of capacity C_c is used with probability exp(C_c - C).
    weight = np.exp(value - value.max())
    return Solution(p, q, 0.0, 0.0, n_iter, n_passes, rung), weight / weight.sum()


@jit(MATRIX, VECTOR, float64, float64, int64, int64)
def solve(matrix: Array, offsets: Array, tol: float, rtol: float, method: int, max_iter: int) -> Outcome:
    """Reduce, solve every component, map back, certify; see `reference.solve`."""
    n_rows, n_columns = matrix.shape
    first_column = proportional_columns(matrix)
    rows = _representatives(equal_rows(matrix), offsets)
    share, owner = np.ones(n_columns), np.arange(n_columns)
    whole = rows.size == n_rows and (first_column == np.arange(n_columns)).all()
    if whole:
        reduced, own = matrix, offsets
    else:
        reduced = _merged(matrix, rows, first_column, share, owner)
        own = _offsets_of_merged(reduced, offsets[rows], share, owner)
    row_component, column_component = components(reduced)
    if rows.size > 1 and not column_component.any():
        found = ladder(reduced, own, tol, rtol, method, max_iter)
        weight = np.ones(1)
    else:
        found, weight = _solve_components(reduced, own, row_component, column_component, tol, rtol, method, max_iter)
    full_p, full_q = np.zeros(n_rows), np.zeros(n_columns)
    for i in range(rows.size):
        full_p[rows[i]] = weight[row_component[i]] * found.p[i]
    for y in range(n_columns):
        if owner[y] >= 0:
            part = weight[column_component[owner[y]]] * share[y] * found.q[owner[y]]
            full_q[y] = max(part, TINY)  # a product of small numbers may have underflowed
    full_p /= careful_sum(full_p)
    ends = certificate(matrix, offsets, full_p, full_q)
    n_iter, n_passes = found.n_iter, found.n_passes
    return Outcome(full_p, full_q, ends.information, ends.lower, ends.upper, n_iter, n_passes, found.rung)

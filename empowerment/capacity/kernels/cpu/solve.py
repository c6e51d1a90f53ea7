"""The certified capacity of one channel, compiled as a whole; see `reference.solve`."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from empowerment.capacity.kernels import (
    BLAHUT_ARIMOTO,
    BY_BLAHUT_ARIMOTO,
    BY_SQUAREM,
    DIRECT,
    NOT_REACHED,
    SQUAREM,
    SQUAREM_SHARE,
    TINY,
    WORKING_SET,
    Certificate,
    Solution,
)
from empowerment.capacity.kernels.cpu.certificate import careful_sum, certificate
from empowerment.capacity.kernels.cpu.interior_point import working_set
from empowerment.capacity.kernels.cpu.iterations import blahut_arimoto, squarem
from empowerment.capacity.kernels.cpu.linear import Array, dot, largest, normalise
from empowerment.capacity.kernels.cpu.reduction import components, equal_rows, proportional_columns
from empowerment.runtime.jit import jit, stopped

_INF = math.inf


class Reduced(NamedTuple):
    """A reduced channel: the numbers of its rows, and its columns as merged columns of the original.

    Column y is the part ``share[y]`` of the merged column ``owner[y]``; a column of zeros has the owner -1.
    """

    matrix: Array
    offsets: Array
    rows: Array
    share: Array
    owner: Array


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
            start = np.empty(solution.p.size)
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
    return Solution(np.empty(matrix.shape[0]), np.empty(matrix.shape[1]), -_INF, _INF, 0, 0, NOT_REACHED)


@jit()
def _representatives(first: Array, offsets: Array) -> Array:
    """Return from each group of equal rows the one with the largest offset, hence the largest reward."""
    best = np.empty(first.size, dtype=np.int64)
    for x in range(first.size):
        best[x] = x
    for x in range(first.size):
        if offsets[x] > offsets[best[first[x]]]:
            best[first[x]] = x
    count = 0
    for x in range(first.size):
        if first[x] == x:
            best[count] = best[x]
            count += 1
    return best[:count]


@jit()
def _merged(matrix: Array, rows: Array, first_column: Array, share: Array, owner: Array) -> Array:
    """Return the matrix of the kept rows with proportional columns added up; fill in shares and owners."""
    n_columns = first_column.size
    count = 0
    for y in range(n_columns):
        if first_column[y] == y:
            owner[y] = count
            count += 1
    merged = np.zeros((rows.size, count))
    weight, total_weight = np.zeros(n_columns), np.zeros(count)
    for x in rows:
        for y in range(n_columns):
            weight[y] = max(weight[y], matrix[x, y])
    for y in range(n_columns):
        owner[y] = owner[first_column[y]] if first_column[y] >= 0 else -1
        if owner[y] >= 0:
            total_weight[owner[y]] += weight[y]
    for y in range(n_columns):
        if owner[y] >= 0:
            share[y] = weight[y] / total_weight[owner[y]]
    for i in range(rows.size):
        for y in range(n_columns):
            if owner[y] >= 0:
                merged[i, owner[y]] += matrix[rows[i], y]
    return merged


@jit()
def _offsets_of_merged(reduced: Array, offsets: Array, rows: Array, share: Array, owner: Array) -> Array:
    """Return the offsets that keep all divergences: a share s of a column adds w s log s."""
    mixing = np.zeros(reduced.shape[1])
    for y in range(share.size):
        if owner[y] >= 0:
            mixing[owner[y]] += share[y] * math.log(share[y])
    merged_offsets = np.empty(rows.size)
    for i in range(rows.size):
        merged_offsets[i] = offsets[rows[i]] - dot(reduced[i], mixing)
    return merged_offsets


@jit()
def _reward(row: Array, offset: float) -> float:
    """Return the value of using one input alone: its reward."""
    reward = offset - 1.0
    for w in row:
        if w > 0:
            reward -= w * (math.log(w) - 1.0)
    return reward


@jit()
def _members(component: Array, c: int) -> Array:
    """Return the rows, or columns, of a component."""
    members, count = np.empty(component.size, dtype=np.int64), 0
    for i in range(component.size):
        if component[i] == c:
            members[count] = i
            count += 1
    return members[:count]


@jit()
def reduce(matrix: Array, offsets: Array) -> Reduced:
    """Merge equal rows and proportional columns; without any, return the caller's own arrays."""
    n_rows, n_columns = matrix.shape
    first_column = proportional_columns(matrix)
    rows = _representatives(equal_rows(matrix), offsets)
    share, owner = np.empty(n_columns), np.empty(n_columns, dtype=np.int64)
    for y in range(n_columns):
        share[y], owner[y] = 1.0, y
    whole = rows.size == n_rows
    for y in range(n_columns):
        whole &= first_column[y] == y
    if whole:
        return Reduced(matrix, offsets, rows, share, owner)
    reduced = _merged(matrix, rows, first_column, share, owner)
    return Reduced(reduced, _offsets_of_merged(reduced, offsets, rows, share, owner), rows, share, owner)


@jit()
def solve_components(
    matrix: Array, offsets: Array, tol: float, rtol: float, method: int, max_iter: int, stop: Array
) -> Solution:
    """Solve and weigh each connected component; the ends are computed by the certificate."""
    row_component, column_component = components(matrix)
    count = 0
    for y in range(column_component.size):
        count = max(count, column_component[y] + 1)
    p, q, value = np.zeros(matrix.shape[0]), np.zeros(matrix.shape[1]), np.empty(count)
    n_iter, n_passes, rung = 0, 0, 0
    for c in range(count):
        rows, columns = _members(row_component, c), _members(column_component, c)
        if rows.size == 1:
            value[c] = _reward(matrix[rows[0]], offsets[rows[0]])
            p[rows[0]] = 1.0
            for y in columns:
                q[y] = matrix[rows[0], y]
            continue
        block, block_offsets, start = matrix, offsets, np.empty(rows.size)
        if count > 1:
            block, block_offsets = np.empty((rows.size, columns.size)), np.empty(rows.size)
        for i in range(rows.size):
            start[i] = 1.0 / rows.size
            if count > 1:
                block_offsets[i] = offsets[rows[i]]
                for j in range(columns.size):
                    block[i, j] = matrix[rows[i], columns[j]]
        solution = ladder(block, block_offsets, start, tol, rtol, method, max_iter, NOT_REACHED, stop)
        for i in range(rows.size):
            p[rows[i]] = solution.p[i]
        for j in range(columns.size):
            q[columns[j]] = solution.q[j]
        value[c] = solution.lower
        n_iter, n_passes = n_iter + solution.n_iter, n_passes + solution.n_passes
        rung = max(rung, solution.rung)
    # Component c of capacity C_c is used with probability exp(C_c - C).
    weight, highest = np.empty(count), largest(value)
    for c in range(count):
        weight[c] = math.exp(value[c] - highest)
    normalise(weight)
    for x in range(p.size):
        p[x] *= weight[row_component[x]]
    for y in range(q.size):
        q[y] *= weight[column_component[y]]
    return Solution(p, q, 0.0, 0.0, n_iter, n_passes, rung)


@jit()
def map_back(matrix: Array, offsets: Array, reduced: Reduced, solution: Solution, p: Array, q: Array) -> Certificate:
    """Put the distributions over all rows and columns into `p` and `q`, which are zeros, and certify them."""
    for i in range(reduced.rows.size):
        p[reduced.rows[i]] = solution.p[i]
    for y in range(q.size):
        owner = reduced.owner[y]
        if owner >= 0:
            q[y] = max(reduced.share[y] * solution.q[owner], TINY)  # a product of small numbers may have underflowed
    mass = careful_sum(p)
    for x in range(p.size):
        p[x] /= mass
    return certificate(matrix, offsets, p, q)

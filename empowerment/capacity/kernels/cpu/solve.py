"""The certified capacity of one channel, compiled as a whole; see `reference.solve`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from empowerment.capacity.kernels import DIRECT, NOT_REACHED, TINY, UNFINISHED, WORKING_SET, Certificate, Solution
from empowerment.capacity.kernels.cpu.arrays import Array, integers, vector, zeros
from empowerment.capacity.kernels.cpu.arrays import matrix as new_matrix
from empowerment.capacity.kernels.cpu.certificate import are_distributions, careful_sum, certificate, row_offsets
from empowerment.capacity.kernels.cpu.direct import solve_directly
from empowerment.capacity.kernels.cpu.interior_point import working_set
from empowerment.capacity.kernels.cpu.linear import dot, fill, largest, normalise
from empowerment.capacity.kernels.cpu.reduction import components, equal_rows, proportional_columns
from empowerment.runtime.jit import jit, stopped

OFFSETS, REWARDS, UNCHECKED = range(3)
"""What is known of channels: offsets, or rewards; and whether their rows are distributions is still to be checked."""

INVALID = 10
"""No rung: rows of the channel may not be distributions."""


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
def _representatives(first: Array, offsets: Array) -> Array:
    """Return from each group of equal rows the one with the largest offset, hence the largest reward."""
    best = integers(first.size)
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
    merged = new_matrix(rows.size, count)
    weight, total_weight = zeros(n_columns), zeros(count)
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
        fill(merged[i], 0.0)
        for y in range(n_columns):
            if owner[y] >= 0:
                merged[i, owner[y]] += matrix[rows[i], y]
    return merged


@jit()
def _offsets_of_merged(reduced: Array, offsets: Array, rows: Array, share: Array, owner: Array) -> Array:
    """Return the offsets that keep all divergences: a share s of a column adds w s log s."""
    mixing = zeros(reduced.shape[1])
    for y in range(share.size):
        if owner[y] >= 0:
            mixing[owner[y]] += share[y] * math.log(share[y])
    merged_offsets = vector(rows.size)
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
    members, count = integers(component.size), 0
    for i in range(component.size):
        if component[i] == c:
            members[count] = i
            count += 1
    return members[:count]


@jit()
def _reduce(matrix: Array, offsets: Array) -> Reduced:
    """Merge equal rows and proportional columns; without any, return the caller's own arrays."""
    n_rows, n_columns = matrix.shape
    first_column = proportional_columns(matrix)
    rows = _representatives(equal_rows(matrix), offsets)
    share, owner = vector(n_columns), integers(n_columns)
    fill(share, 1.0)
    whole = rows.size == n_rows
    for y in range(n_columns):
        whole &= first_column[y] == y
    if whole:
        return Reduced(matrix, offsets, rows, share, owner)
    reduced = _merged(matrix, rows, first_column, share, owner)
    return Reduced(reduced, _offsets_of_merged(reduced, offsets, rows, share, owner), rows, share, owner)


@jit()
def by_working_set(
    matrix: Array, offsets: Array, tol: float, rtol: float, method: int, max_iter: int, stop: Array
) -> Solution:
    """Solve a reduced block by the working set; it is unfinished where other methods would have to go on."""
    found = working_set(matrix, offsets, tol, rtol, max_iter, stop)
    rung = UNFINISHED if found.rung == NOT_REACHED and found.n_iter < max_iter else found.rung
    return Solution(found.p, found.q, found.lower, found.upper, found.n_iter, found.n_passes, rung)


@jit()
def _map_back(matrix: Array, offsets: Array, reduced: Reduced, solution: Solution, p: Array, q: Array) -> Certificate:
    """Put the distributions over all rows and columns into `p` and `q`, and certify them."""
    fill(p, 0.0)
    fill(q, 0.0)
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


SolveBlock = Callable[[Array, Array, float, float, int, int, Array], Solution]
"""A compiled function that solves one connected component of a reduced matrix."""


def _solver_of_components(solve_block: SolveBlock) -> SolveBlock:
    """Return the compiled solver of a reduced matrix, whose connected components `solve_block` solves."""

    @jit()
    def solve_components(
        matrix: Array, offsets: Array, tol: float, rtol: float, method: int, max_iter: int, stop: Array
    ) -> Solution:
        """Solve and weigh each connected component; the ends are computed by the certificate."""
        row_component, column_component = components(matrix)
        count = 0
        for y in range(column_component.size):
            count = max(count, column_component[y] + 1)
        p, q, value = zeros(matrix.shape[0]), zeros(matrix.shape[1]), vector(count)
        n_iter, n_passes, rung = 0, 0, 0
        for c in range(count):
            rows, columns = _members(row_component, c), _members(column_component, c)
            if rows.size == 1:
                value[c] = _reward(matrix[rows[0]], offsets[rows[0]])
                p[rows[0]] = 1.0
                for y in columns:
                    q[y] = matrix[rows[0], y]
                continue
            block, block_offsets = matrix, offsets
            if count > 1:
                block, block_offsets = new_matrix(rows.size, columns.size), vector(rows.size)
                for i in range(rows.size):
                    block_offsets[i] = offsets[rows[i]]
                    for j in range(columns.size):
                        block[i, j] = matrix[rows[i], columns[j]]
            solution = solve_block(block, block_offsets, tol, rtol, method, max_iter, stop)
            for i in range(rows.size):
                p[rows[i]] = solution.p[i]
            for j in range(columns.size):
                q[columns[j]] = solution.q[j]
            value[c] = solution.lower
            n_iter, n_passes = n_iter + solution.n_iter, n_passes + solution.n_passes
            rung = max(rung, solution.rung)
        # Component c of capacity C_c is used with probability exp(C_c - C).
        weight, highest = vector(count), largest(value)
        for c in range(count):
            weight[c] = math.exp(value[c] - highest)
        normalise(weight)
        for x in range(p.size):
            p[x] *= weight[row_component[x]]
        for y in range(q.size):
            q[y] *= weight[column_component[y]]
        return Solution(p, q, 0.0, 0.0, n_iter, n_passes, rung)

    return solve_components


def solver_of_each(solve_block: SolveBlock) -> Callable[..., None]:
    """Return the compiled solver of the channels of a batch, whose connected components `solve_block` solves."""
    solve_components = _solver_of_components(solve_block)

    @jit()
    def solve_each(
        entries: Array,
        rewards: Array,
        members: Array,
        given: int,
        tol: float,
        rtol: float,
        method: int,
        max_iter: int,
        p: Array,
        q: Array,
        numbers: Array,
        stop: Array,
    ) -> None:
        for k in range(len(members)):
            if stopped(stop):
                return
            i, n, m = members[k, 0], members[k, 1], members[k, 2]
            start, x, y = members[k, 3], members[k, 4], members[k, 5]
            matrix = entries[start : start + n * m].reshape((n, m))
            if given == UNCHECKED and not are_distributions(matrix):
                numbers[5, i] = INVALID
                continue
            offsets = rewards[x : x + n]
            if given != OFFSETS:
                offsets = row_offsets(matrix, offsets)
            own_p, own_q, rung = p[x : x + n], q[y : y + m], NOT_REACHED
            if method == WORKING_SET and min(n, m) == 2:
                proven, n_iter, n_passes, rung = solve_directly(matrix, offsets, tol, rtol, max_iter, own_p, own_q)
            if rung != DIRECT:
                reduced = _reduce(matrix, offsets)
                solution = solve_components(reduced.matrix, reduced.offsets, tol, rtol, method, max_iter, stop)
                n_iter, n_passes, rung = solution.n_iter, solution.n_passes, solution.rung
                proven = _map_back(matrix, offsets, reduced, solution, own_p, own_q)
            numbers[0, i], numbers[1, i], numbers[2, i] = proven.information, proven.lower, proven.upper
            numbers[3, i], numbers[4, i], numbers[5, i] = n_iter, n_passes, rung

    return solve_each

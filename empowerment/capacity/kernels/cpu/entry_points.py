"""The compiled functions that Python calls; see :mod:`empowerment.runtime.jit`."""

from __future__ import annotations

from numba import boolean, float64, int64, void

from empowerment.capacity.kernels.cpu import reduction
from empowerment.capacity.kernels.cpu.certificate import certificate as certified
from empowerment.capacity.kernels.cpu.certificate import row_offsets
from empowerment.capacity.kernels.cpu.linear import Array, copy_to
from empowerment.capacity.kernels.cpu.solve import ladder, map_back, reduce, solve_components
from empowerment.runtime.jit import (
    MATRIX,
    NUMBER_MATRIX,
    OUT_MATRIX,
    OUT_NUMBERS,
    OUT_VECTOR,
    STOP,
    VECTOR,
    as_writable,
    entry_point,
    stopped,
)

_LIMITS = (float64, float64, int64, int64)


@entry_point(void(MATRIX, OUT_NUMBERS))
def equal_rows(matrix: Array, first: Array) -> None:
    """Fill in, for each row, the smallest row that equals it."""
    copy_to(first, reduction.equal_rows(as_writable(matrix)))


@entry_point(void(MATRIX, OUT_NUMBERS))
def proportional_columns(matrix: Array, first: Array) -> None:
    """Fill in, for each column, the smallest column that it is a multiple of."""
    copy_to(first, reduction.proportional_columns(as_writable(matrix)))


@entry_point(void(MATRIX, OUT_NUMBERS, OUT_NUMBERS))
def components(matrix: Array, of_row: Array, of_column: Array) -> None:
    """Fill in the connected component of each row and of each column."""
    rows, columns = reduction.components(as_writable(matrix))
    copy_to(of_row, rows)
    copy_to(of_column, columns)


@entry_point(void(MATRIX, VECTOR, VECTOR, VECTOR, OUT_VECTOR))
def certificate(matrix: Array, offsets: Array, p: Array, q: Array, ends: Array) -> None:
    """Fill in the information, the lower and the upper end."""
    proven = certified(as_writable(matrix), as_writable(offsets), as_writable(p), as_writable(q))
    ends[0], ends[1], ends[2] = proven.information, proven.lower, proven.upper


@entry_point(void(MATRIX, VECTOR, VECTOR, *_LIMITS, int64, OUT_VECTOR, OUT_VECTOR, OUT_VECTOR, STOP))
def solve_block(
    matrix: Array,
    offsets: Array,
    start: Array,
    tol: float,
    rtol: float,
    method: int,
    max_iter: int,
    last_rung: int,
    p: Array,
    q: Array,
    numbers: Array,
    stop: Array,
) -> None:
    """Fill in the solution of a reduced matrix: p, q, and (lower, upper, steps, passes, rung)."""
    plain = as_writable(matrix), as_writable(offsets), as_writable(start)
    solution = ladder(*plain, tol, rtol, method, max_iter, last_rung, stop)
    copy_to(p, solution.p)
    copy_to(q, solution.q)
    numbers[0], numbers[1] = solution.lower, solution.upper
    numbers[2], numbers[3], numbers[4] = solution.n_iter, solution.n_passes, solution.rung


@entry_point(void(VECTOR, VECTOR, NUMBER_MATRIX, boolean, *_LIMITS, OUT_VECTOR, OUT_VECTOR, OUT_MATRIX, STOP))
def solve_each(
    entries: Array,
    rewards: Array,
    members: Array,
    are_offsets: bool,
    tol: float,
    rtol: float,
    method: int,
    max_iter: int,
    p: Array,
    q: Array,
    numbers: Array,
    stop: Array,
) -> None:
    """Fill in the outcomes of some channels of a batch, p and q being zeros; `rewards` may hold whole offsets.

    A row of `members` holds the number of a channel, its numbers of rows and columns, and the first indices of its
    entries, of its rewards and p, and of its q. Column i of `numbers` gets (information, lower, upper, steps, passes,
    rung) of channel i.
    """
    every_entry, every_reward = as_writable(entries), as_writable(rewards)
    for k in range(len(members)):
        if stopped(stop):
            return
        i, n, m, start, x, y = (
            members[k, 0],
            members[k, 1],
            members[k, 2],
            members[k, 3],
            members[k, 4],
            members[k, 5],
        )
        matrix = every_entry[start : start + n * m].reshape((n, m))
        offsets = every_reward[x : x + n]
        if not are_offsets:
            offsets = row_offsets(matrix, offsets)
        reduced = reduce(matrix, offsets)
        solution = solve_components(reduced.matrix, reduced.offsets, tol, rtol, method, max_iter, stop)
        proven = map_back(matrix, offsets, reduced, solution, p[x : x + n], q[y : y + m])
        numbers[0, i], numbers[1, i], numbers[2, i] = proven.information, proven.lower, proven.upper
        numbers[3, i], numbers[4, i], numbers[5, i] = solution.n_iter, solution.n_passes, solution.rung

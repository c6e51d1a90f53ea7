"""The compiled functions that Python calls; see :mod:`empowerment.runtime.jit`."""

from __future__ import annotations

from numba import float64, int64, void

from empowerment.capacity.kernels.cpu import reduction
from empowerment.capacity.kernels.cpu.arrays import Array
from empowerment.capacity.kernels.cpu.certificate import certificate as certified
from empowerment.capacity.kernels.cpu.ladder import by_all_methods, ladder
from empowerment.capacity.kernels.cpu.linear import copy_to
from empowerment.capacity.kernels.cpu.solve import by_working_set, solver_of_each
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


_by_working_set, _by_all_methods = solver_of_each(by_working_set), solver_of_each(by_all_methods)

_EACH = void(VECTOR, VECTOR, NUMBER_MATRIX, int64, *_LIMITS, OUT_VECTOR, OUT_VECTOR, OUT_MATRIX, STOP)


@entry_point(_EACH)
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
    """Fill in the outcomes of some channels by the working set alone.

    `given` is `OFFSETS`, `REWARDS` or `UNCHECKED`. A row of `members` holds the number of a channel, its numbers of
    rows and columns, and the first indices of its entries, of its rewards and p, and of its q. Column i of `numbers`
    gets (information, lower, upper, steps, passes, rung) of channel i.
    """
    channels = as_writable(entries), as_writable(rewards), members, given
    _by_working_set(*channels, tol, rtol, method, max_iter, p, q, numbers, stop)


@entry_point(_EACH)
def solve_each_by_all_methods(
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
    """Fill in the outcomes of some channels like `solve_each`, by any method.

    Few channels need other methods than the working set, so that these are compiled when the first does.
    """
    channels = as_writable(entries), as_writable(rewards), members, given
    _by_all_methods(*channels, tol, rtol, method, max_iter, p, q, numbers, stop)

"""The kernels compiled by numba for the CPU; see `reference` for the methods.

The functions of the contract allocate the arrays that the compiled code fills, and run it so that it can be
interrupted.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from empowerment.capacity.kernels import (
    BLAHUT_ARIMOTO,
    DIRECT,
    NOT_REACHED,
    SQUAREM,
    UNFINISHED,
    WORKING_SET,
    Batch,
    Certificate,
    Outcome,
    Solution,
)
from empowerment.capacity.kernels.cpu import entry_points
from empowerment.capacity.kernels.cpu.solve import INVALID, OFFSETS, REWARDS, UNCHECKED
from empowerment.runtime.interrupts import EntryPoint, run, run_side_by_side
from empowerment.runtime.threads import thread_count

__all__ = [
    "blahut_arimoto",
    "certificate",
    "components",
    "equal_rows",
    "ladder",
    "proportional_columns",
    "solve",
    "solve_batch",
    "solve_plain",
    "squarem",
    "working_set",
]

# Time of a logarithm or an exponential, in products.
_LOGARITHM = 10
# Below this many entries a further thread takes longer to start than it saves.
_FEW = 2_000
# Portions of a batch for each thread.
_PORTIONS = 8


def equal_rows(matrix: np.ndarray) -> np.ndarray:
    """Return for each row the smallest row with the same entries up to rounding."""
    first = np.empty(len(matrix), dtype=np.int64)
    entry_points.equal_rows(matrix, first)
    return first


def proportional_columns(matrix: np.ndarray) -> np.ndarray:
    """Return for each column the smallest column it is a multiple of, -1 for a column of zeros."""
    first = np.empty(matrix.shape[1], dtype=np.int64)
    entry_points.proportional_columns(matrix, first)
    return first


def components(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of the connected component of each row and of each column."""
    of_row, of_column = (np.empty(size, dtype=np.int64) for size in matrix.shape)
    entry_points.components(matrix, of_row, of_column)
    return of_row, of_column


def certificate(matrix: np.ndarray, offsets: np.ndarray, p: np.ndarray, q: np.ndarray) -> Certificate:
    """Return the information at p, and both ends rounded outward; see `reference.certificate`."""
    ends = np.empty(3)
    entry_points.certificate(matrix, offsets, p, q, ends)
    return Certificate(*ends.tolist())


def blahut_arimoto(
    matrix: np.ndarray, offsets: np.ndarray, p: np.ndarray, tol: float, rtol: float, max_iter: int
) -> Solution:
    """Iterate from p; see `reference.iterations`."""
    return _block(matrix, offsets, p, (tol, rtol, BLAHUT_ARIMOTO, max_iter), DIRECT)


def squarem(
    matrix: np.ndarray, offsets: np.ndarray, p: np.ndarray, tol: float, rtol: float, max_iter: int
) -> Solution:
    """Iterate with squared extrapolation from p; see `reference.iterations`."""
    return _block(matrix, offsets, p, (tol, rtol, SQUAREM, max_iter), DIRECT)


def working_set(matrix: np.ndarray, offsets: np.ndarray, tol: float, rtol: float, max_iter: int) -> Solution:
    """Generate columns around an interior-point method; see `reference.interior_point`."""
    return _block(matrix, offsets, _uniform(matrix), (tol, rtol, WORKING_SET, max_iter), DIRECT)


def ladder(matrix: np.ndarray, offsets: np.ndarray, tol: float, rtol: float, method: int, max_iter: int) -> Solution:
    """Solve a reduced block by one method, or by the working set and the methods after it."""
    return _block(matrix, offsets, _uniform(matrix), (tol, rtol, method, max_iter), NOT_REACHED)


def solve(matrix: np.ndarray, offsets: np.ndarray, tol: float, rtol: float, method: int, max_iter: int) -> Outcome:
    """Reduce, solve every component, map back, certify; see `reference.solve`."""
    n, m = matrix.shape
    p, q, numbers = np.zeros(n), np.zeros(m), np.zeros((6, 1))
    channel = matrix.reshape(-1), offsets, _alone(n, m), OFFSETS
    arguments = *channel, tol, rtol, method, max_iter, p, q, numbers
    solved = _solved(arguments, max_iter * _operations_of_a_step(n, m))
    assert solved is not None
    return solved


@lru_cache(maxsize=256)
def _alone(n_rows: int, n_columns: int) -> np.ndarray:
    """Return the table of members of a batch of one channel."""
    return np.array([[0, n_rows, n_columns, 0, 0, 0]])


def _solved(arguments: tuple[Any, ...], operations: float) -> Outcome | None:
    """Run the entry point on one channel, and that of all methods if need be; return None for an invalid channel."""
    *_, method, _, p, q, numbers = arguments
    if method == WORKING_SET:
        run(entry_points.solve_each, arguments, operations)
    if method != WORKING_SET or numbers[5, 0] == UNFINISHED:
        run(entry_points.solve_each_by_all_methods, arguments, operations)
    information, lower, upper, n_iter, n_passes, rung = numbers[:, 0].tolist()
    if rung == INVALID:
        return None
    return Outcome(p, q, information, lower, upper, int(n_iter), int(n_passes), int(rung))


def solve_plain(matrix: np.ndarray, tol: float, rtol: float, method: int, max_iter: int) -> Outcome | None:
    """Solve an unchecked float64 matrix without rewards; return None if its rows may not be distributions."""
    n, m = matrix.shape
    p, q, numbers = np.empty(n), np.empty(m), np.empty((6, 1))
    entries = np.ascontiguousarray(matrix).reshape(-1)
    channel = entries, np.zeros(n), _alone(n, m), UNCHECKED
    return _solved((*channel, tol, rtol, method, max_iter, p, q, numbers), max_iter * _operations_of_a_step(n, m))


def solve_batch(batch: Batch, tol: float, rtol: float, method: int, max_iter: int) -> Outcome:
    """Solve the channels of a batch side by side, on the cores that numba may use."""
    count = batch.n_rows.size
    p, q, numbers = np.zeros(batch.row_start[-1]), np.zeros(batch.column_start[-1]), np.zeros((6, count))
    starts = (start[:-1] for start in (batch.entry_start, batch.row_start, batch.column_start))
    members = np.stack([np.arange(count), batch.n_rows, batch.n_columns, *starts], axis=1)
    limits = tol, rtol, method, max_iter
    if method == WORKING_SET:
        _run_each(entry_points.solve_each, batch, members, limits, (p, q, numbers))
        members = members[numbers[5] == UNFINISHED]
    if members.size:
        _run_each(entry_points.solve_each_by_all_methods, batch, members, limits, (p, q, numbers))
    return Outcome(p, q, *numbers[:3], *numbers[3:].astype(np.int64))


def _run_each(
    entry_point: EntryPoint, batch: Batch, members: np.ndarray, limits: tuple[Any, ...], found: tuple[Any, ...]
) -> None:
    """Run an entry point on some channels of a batch, given by their rows of `members`, on all cores."""
    members = members[np.argsort(-members[:, 1] * members[:, 2], kind="stable")]
    threads = 1 if batch.entries.size < _FEW else min(thread_count(), len(members))
    if threads == 1:
        operations = float(_operations_of_a_step(members[:, 1], members[:, 2]).sum()) * limits[-1]
        run(entry_point, (batch.entries, batch.rewards, members, REWARDS, *limits, *found), operations)
        return
    entry_point.prepare()
    # Sorted by size and dealt in turn, so that each portion has channels of every size.
    n_portions = min(_PORTIONS * threads, len(members))
    waiting = iter([np.ascontiguousarray(members[k::n_portions]) for k in range(n_portions)])

    def take_portions(stop: np.ndarray) -> None:
        """Solve one portion after the other, so that a thread whose core has other work takes fewer of them."""
        for portion in waiting:
            entry_point(batch.entries, batch.rewards, portion, REWARDS, *limits, *found, stop)

    run_side_by_side([take_portions] * threads)


def _uniform(matrix: np.ndarray) -> np.ndarray:
    return np.full(len(matrix), 1.0 / len(matrix))


def _operations_of_a_step(n_rows: Any, n_columns: Any) -> Any:
    return n_rows * n_columns + _LOGARITHM * (n_rows + n_columns)


def _block(
    matrix: np.ndarray, offsets: np.ndarray, start: np.ndarray, limits: tuple[float, float, int, int], last_rung: int
) -> Solution:
    """Solve a reduced matrix by the ladder of methods up to `last_rung`."""
    n, m = matrix.shape
    p, q, numbers = np.zeros(n), np.zeros(m), np.empty(5)
    arguments = matrix, offsets, start, *limits, last_rung, p, q, numbers
    run(entry_points.solve_block, arguments, limits[-1] * _operations_of_a_step(n, m))
    lower, upper, *counts = numbers.tolist()
    return Solution(p, q, lower, upper, *map(int, counts))

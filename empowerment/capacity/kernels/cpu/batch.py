"""Many channels at once, one thread for each; compiled only when a batch is asked for."""

from __future__ import annotations

import numpy as np
from numba import prange

from empowerment._jit import jit
from empowerment.capacity.kernels import Batch, Outcome
from empowerment.capacity.kernels.cpu.certificate import row_offsets
from empowerment.capacity.kernels.cpu.linear import Array
from empowerment.capacity.kernels.cpu.solve import solve


@jit(parallel=True)
def solve_each(batch: Batch, order: Array, tol: float, rtol: float, method: int, max_iter: int) -> Outcome:
    """Solve the channels in this order; threads take consecutive stretches of it."""
    count = order.size
    p, q = np.zeros(batch.row_start[-1]), np.zeros(batch.column_start[-1])
    information, lower, upper = np.empty(count), np.empty(count), np.empty(count)
    n_iter, n_passes = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    rung = np.empty(count, dtype=np.int64)
    for k in prange(count):
        i = order[k]
        shape = batch.n_rows[i], batch.n_columns[i]
        start = batch.entry_start[i]
        matrix = batch.entries[start : start + shape[0] * shape[1]].reshape(shape)
        x, y = batch.row_start[i], batch.column_start[i]
        offsets = row_offsets(matrix, batch.rewards[x : x + shape[0]])
        found = solve(matrix, offsets, tol, rtol, method, max_iter)
        p[x : x + shape[0]] = found.p
        q[y : y + shape[1]] = found.q
        information[i], lower[i], upper[i] = found.information, found.lower, found.upper
        n_iter[i], n_passes[i], rung[i] = found.n_iter, found.n_passes, found.rung
    return Outcome(p, q, information, lower, upper, n_iter, n_passes, rung)

"""What the solver is made of, against the machine and its BLAS: ``python -m benchmarks.passes``.

Prints how fast a matrix is read by passes over it and by sums of its entries, the rates of the Gram matrix and of the
Cholesky factorisation beside those of OpenBLAS on one thread, and what whole solves cost beside their peers.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is imported

import time
from collections.abc import Callable
from functools import partial

import numpy as np
from numba import float64, void
from scipy.linalg import lapack

import empowerment as emp
from benchmarks.families import dirichlet
from benchmarks.peers import clarabel, numpy_blahut_arimoto
from empowerment.capacity.kernels import cpu
from empowerment.capacity.kernels.cpu import linear
from empowerment.capacity.solve import row_offsets
from empowerment.runtime.jit import MATRIX, OUT_MATRIX, OUT_VECTOR, STOP, VECTOR, as_writable, entry_point

_NEVER = np.zeros(1, dtype=np.uint8)


@entry_point(float64(VECTOR))
def _sum(entries: np.ndarray) -> float:
    return linear.total(as_writable(entries))


@entry_point(void(MATRIX, VECTOR, VECTOR, OUT_VECTOR))
def _divergences(matrix: np.ndarray, offsets: np.ndarray, log_q: np.ndarray, d: np.ndarray) -> None:
    linear.divergences(as_writable(matrix), as_writable(offsets), as_writable(log_q), d)


@entry_point(void(VECTOR, MATRIX, OUT_VECTOR))
def _outputs(p: np.ndarray, matrix: np.ndarray, q: np.ndarray) -> None:
    linear.outputs(as_writable(p), as_writable(matrix), q)


@entry_point(void(MATRIX, VECTOR, OUT_MATRIX, OUT_MATRIX, STOP))
def _gram(matrix: np.ndarray, q: np.ndarray, b: np.ndarray, system: np.ndarray, stop: np.ndarray) -> None:
    linear.gram(as_writable(matrix), as_writable(q), b, system, stop)


@entry_point(void(MATRIX, VECTOR, OUT_MATRIX, STOP))
def _factorise(system: np.ndarray, diagonal: np.ndarray, factor: np.ndarray, stop: np.ndarray) -> None:
    linear.factorise(as_writable(system), as_writable(diagonal), factor, stop)


def seconds(work: Callable[[], object], rounds: int = 7, least: float = 0.02) -> float:
    """Return the least time of a call, in blocks of calls that take some hundredths of a second."""
    work()
    start = time.process_time()
    work()
    calls = max(1, round(least / (time.process_time() - start + 1e-9)))
    times = []
    for _ in range(rounds):
        start = time.process_time()
        for _ in range(calls):
            work()
        times.append((time.process_time() - start) / calls)
    return min(times)


def reading(rows: int = 65_536, columns: int = 200) -> None:
    """Print in GB/s how fast a matrix is read."""
    matrix = dirichlet(rows, columns, 1.0)
    offsets = row_offsets(emp.Channel.from_valid(matrix))
    p, q = np.full(rows, 1 / rows), np.full(columns, 1 / columns)
    log_q, d, flat = np.log(q), np.empty(rows), matrix.reshape(-1)

    def iterate(passes: int) -> float:
        return seconds(lambda: cpu.blahut_arimoto(matrix, offsets, p, 0.0, 0.0, passes), 5)

    times = {
        "compiled sum": seconds(lambda: _sum(flat)),
        "np.sum": seconds(lambda: matrix.sum()),
        "divergences": seconds(lambda: _divergences(matrix, offsets, log_q, d)),
        "outputs": seconds(lambda: _outputs(p, matrix, q)),
        "fused pass": (iterate(11) - iterate(1)) / 10,
    }
    print(f"reading {rows} x {columns} entries")
    for name, taken in times.items():
        print(f"{name:>14}  {matrix.nbytes / taken / 1e9:5.1f} GB/s  {times['compiled sum'] / taken:4.0%}")


def factorising(sizes: tuple[int, ...] = (8, 16, 32, 64, 128, 256, 512, 1024, 2048)) -> None:
    """Print in GF/s how fast a square matrix is multiplied by its transpose, and the product factorised."""
    print("GF/s on one thread: the size, Gram matrix and OpenBLAS, Cholesky factor and OpenBLAS")
    for n in sizes:
        matrix = np.random.default_rng(n).uniform(size=(n, n))
        q, b, system, factor = np.ones(n), np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n))
        diagonal = np.full(n, float(n))
        whole = np.asfortranarray(matrix @ matrix.T + np.diag(diagonal))
        rounds = 3 if n > 1000 else 7
        times = (
            seconds(partial(_gram, matrix, q, b, system, _NEVER), rounds),
            seconds(partial(np.dot, matrix, matrix.T), rounds),
            seconds(partial(_factorise, system, diagonal, factor, _NEVER), rounds),
            seconds(partial(lapack.dpotrf, whole, 1), rounds),
        )
        operations = (n**3, n**3, n**3 / 3, n**3 / 3)
        print(
            f"{n:5}" + "".join(f"{work / taken / 1e9:10.1f}" for work, taken in zip(operations, times, strict=True))
        )


def solving() -> None:
    """Print what whole solves take, alone and beside their peers."""
    for rows, columns, name, peer in (
        (1024, 100, "NumPy Blahut-Arimoto", numpy_blahut_arimoto),
        (256, 64, "cvxpy/Clarabel", clarabel),
    ):
        matrix = dirichlet(rows, columns, 0.1)
        ours = seconds(partial(emp.channel_capacity, matrix), 15)
        theirs = seconds(partial(peer, matrix), 3, 0.0)
        result = emp.channel_capacity(matrix)
        print(
            f"Dirichlet(.1) {rows} x {columns}: {1e3 * ours:.2f} ms, {result.n_iter} steps, "
            f"{result.n_passes} passes; {name} takes {theirs / ours:.0f} times as long"
        )
    channel = emp.actuation_channel(emp.worlds.slip_grid(), 5, (4, 4), output="trajectory")
    start = time.process_time()
    result = emp.channel_capacity(channel)
    print(
        f"trajectories of 5 steps, {channel.n_inputs} x {channel.n_outputs}: {time.process_time() - start:.1f} s, "
        f"{result.n_iter} steps, {result.n_passes} passes"
    )


if __name__ == "__main__":
    reading()
    factorising()
    solving()

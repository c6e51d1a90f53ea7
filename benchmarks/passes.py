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


@entry_point(void(MATRIX, OUT_MATRIX, STOP))
def _gram(matrix: np.ndarray, system: np.ndarray, stop: np.ndarray) -> None:
    linear.gram(as_writable(matrix), system, stop)


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


def pass_seconds(matrix: np.ndarray) -> float:
    """Return the time of one fused pass of Blahut-Arimoto over a matrix."""
    offsets, p = row_offsets(emp.Channel.from_valid(matrix)), np.full(len(matrix), 1 / len(matrix))

    def iterate(passes: int) -> float:
        return seconds(lambda: cpu.blahut_arimoto(matrix, offsets, p, 0.0, 0.0, passes), 5)

    return (iterate(11) - iterate(1)) / 10


def reading(rows: int = 65_536, columns: int = 200) -> dict[str, float]:
    """Return in GB/s how fast a matrix is read."""
    matrix = dirichlet(rows, columns, 1.0)
    offsets = row_offsets(emp.Channel.from_valid(matrix))
    p, q = np.full(rows, 1 / rows), np.full(columns, 1 / columns)
    log_q, d, flat = np.log(q), np.empty(rows), matrix.reshape(-1)
    times = {
        "compiled sum": seconds(lambda: _sum(flat)),
        "np.sum": seconds(lambda: matrix.sum()),
        "divergences": seconds(lambda: _divergences(matrix, offsets, log_q, d)),
        "outputs": seconds(lambda: _outputs(p, matrix, q)),
        "fused pass": pass_seconds(matrix),
    }
    return {name: matrix.nbytes / taken / 1e9 for name, taken in times.items()}


def factorising(sizes: tuple[int, ...] = (8, 16, 32, 64, 128, 256, 512, 1024, 2048)) -> dict[int, list[float]]:
    """Return in GF/s how fast square matrices are multiplied by their transposes, and the products factorised.

    For each size our Gram matrix, that of OpenBLAS, our Cholesky factor, and that of OpenBLAS.
    """
    rates = {}
    for n in sizes:
        matrix = np.random.default_rng(n).uniform(size=(n, n))
        system, factor = np.zeros((n, n)), np.zeros((n, n))
        diagonal = np.full(n, float(n))
        whole = np.asfortranarray(matrix @ matrix.T + np.diag(diagonal))
        rounds = 3 if n > 1000 else 7
        times = (
            seconds(partial(_gram, matrix, system, _NEVER), rounds),
            seconds(partial(np.dot, matrix, matrix.T), rounds),
            seconds(partial(_factorise, system, diagonal, factor, _NEVER), rounds),
            seconds(partial(lapack.dpotrf, whole, 1), rounds),
        )
        operations = (n**3, n**3, n**3 / 3, n**3 / 3)
        rates[n] = [work / taken / 1e9 for work, taken in zip(operations, times, strict=True)]
    return rates


def beside(peer: Callable[[np.ndarray], object], matrix: np.ndarray) -> tuple[float, float]:
    """Return the time of a solve, and how many times longer a peer takes."""
    ours = seconds(partial(emp.channel_capacity, matrix), 15)
    return ours, seconds(partial(peer, matrix), 3, 0.0) / ours


def trajectories() -> tuple[emp.Channel, emp.CapacityResult, float]:
    """Return a large dense channel, its capacity, and the time that takes."""
    channel = emp.actuation_channel(emp.worlds.slip_grid(), 5, (4, 4), output="trajectory")
    start = time.process_time()
    result = emp.channel_capacity(channel)
    return channel, result, time.process_time() - start


LARGE, MIDDLE = (1024, 100), (256, 64)


def figures() -> dict[str, float]:
    """Return the figures of `benchmarks.speed`."""
    rates, (gram, their_gram, factor, their_factor) = reading(), factorising((1024,))[1024]
    large, middle = dirichlet(*LARGE, 0.1), dirichlet(*MIDDLE, 0.1)
    taken, multiple = beside(numpy_blahut_arimoto, large)
    return {
        "slip trajectory n=5, s": trajectories()[2],
        "1024 x 100, Blahut-Arimoto to ours": multiple,
        "1024 x 100, passes": taken / pass_seconds(large),
        "256 x 64, Clarabel to ours": beside(clarabel, middle)[1],
        "Gram, times OpenBLAS": their_gram / gram,
        "Cholesky, times OpenBLAS": their_factor / factor,
        "fused pass, share of a vectorised read": rates["fused pass"] / rates["compiled sum"],
    }


def main() -> None:
    """Print all of it."""
    rates = reading()
    print("reading 65536 x 200 entries")
    for name, rate in rates.items():
        print(f"{name:>14}  {rate:5.1f} GB/s  {rate / rates['compiled sum']:4.0%}")
    print("GF/s on one thread: the size, Gram matrix and OpenBLAS, Cholesky factor and OpenBLAS")
    for n, each in factorising().items():
        print(f"{n:5}" + "".join(f"{rate:10.1f}" for rate in each))
    for shape, name, peer in (
        (LARGE, "NumPy Blahut-Arimoto", numpy_blahut_arimoto),
        (MIDDLE, "cvxpy/Clarabel", clarabel),
    ):
        matrix = dirichlet(*shape, 0.1)
        (taken, multiple), result = beside(peer, matrix), emp.channel_capacity(matrix)
        print(
            f"Dirichlet(.1) {shape[0]} x {shape[1]}: {1e3 * taken:.2f} ms, {result.n_iter} steps, "
            f"{result.n_passes} passes; {name} takes {multiple:.0f} times as long"
        )
    channel, result, taken = trajectories()
    print(
        f"trajectories of 5 steps, {channel.n_inputs} x {channel.n_outputs}: {taken:.1f} s, "
        f"{result.n_iter} steps, {result.n_passes} passes"
    )


if __name__ == "__main__":
    main()

"""Single calls with small channels: ``python -m benchmarks.small_channels``.

Prints microseconds of a whole call, of the compiled kernel alone, and of the peers; the shortest of many runs each,
so that what else the machine does counts little. qif (C++) is among the peers where ``pip install qif`` has put it.
"""

from __future__ import annotations

import importlib.util
import timeit
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import empowerment as emp
from benchmarks.families import dirichlet
from benchmarks.machine import slowness
from benchmarks.peers import dit, numpy_blahut_arimoto
from empowerment.capacity.kernels import WORKING_SET
from empowerment.capacity.kernels.cpu import entry_points
from empowerment.capacity.kernels.cpu.solve import UNCHECKED
from empowerment.runtime.interrupts import new_flag

SHAPES = ((2, 2), (2, 5), (5, 2), (4, 4), (16, 16))


def microseconds(call: Callable[[], object], seconds: float = 0.4) -> float:
    """Return the shortest mean of the runs that fit into so many seconds, of at least 3."""
    once = max(timeit.timeit(call, number=1), 1e-6)
    number = max(1, int(1e-3 / once))
    runs = max(3, int(seconds / (number * once)))
    return 1e6 * min(timeit.repeat(call, number=number, repeat=min(runs, 300))) / number


def prepared(matrix: np.ndarray) -> tuple[Any, ...]:
    """Return the arguments of the compiled kernel."""
    n, m = matrix.shape
    channel = matrix.reshape(-1), np.zeros(n), np.array([[0, n, m, 0, 0, 0]]), UNCHECKED
    limits = 0.9e-9 * np.log(2), 0.0, WORKING_SET, 100_000
    return *channel, *limits, np.empty(n), np.empty(m), np.empty((6, 1)), new_flag()


def qif(matrix: np.ndarray) -> float:
    """Return qif's Shannon capacity, to within 1e-9 bits."""
    from qif.measure import shannon

    return float(shannon.add_capacity(matrix, 1e-9)[0])


def ours(matrix: np.ndarray) -> tuple[float, float]:
    """Return the microseconds of a whole call, and of the compiled kernel alone."""
    emp.channel_capacity(matrix, backend="numba")  # later calls, too, are then solved by the compiled kernels
    whole = microseconds(lambda: emp.channel_capacity(matrix))
    return whole, microseconds(partial(entry_points.solve_each, *prepared(matrix)))


def figures() -> dict[str, float]:
    """Return the figures of `benchmarks.speed`."""
    whole, kernel = ours(dirichlet(2, 2, 1.0))
    slow = {"plain passes of NumPy, times the usual": slowness()}
    return slow | {"2 x 2, us a call": whole, "2 x 2, us around the kernel": whole - kernel}


def main() -> None:
    """Print a line for each shape."""
    has_qif = importlib.util.find_spec("qif") is not None
    peers: dict[str, Callable[[np.ndarray], float]] = {"NumPy BA": numpy_blahut_arimoto, "dit": dit}
    peers |= {"qif": qif} if has_qif else {}
    print(f"{'channel':10}{'call':>9}{'kernel':>9}{'around':>9}" + "".join(f"{name:>12}" for name in peers))
    for shape in SHAPES:
        matrix = dirichlet(*shape, 1.0)
        value = float(emp.channel_capacity(matrix))
        whole, kernel = ours(matrix)
        times, errors = [], []
        for peer in peers.values():
            times.append(microseconds(lambda w=matrix, peer=peer: peer(w)))
            errors.append(abs(peer(matrix) - value))
        line = f"{shape[0]} x {shape[1]:<6}{whole:9.1f}{kernel:9.1f}{whole - kernel:9.1f}"
        print(line + "".join(f"{time:12.1f}" for time in times))
        print(f"{'  error':37}" + "".join(f"{error:12.0e}" for error in errors))
    print("microseconds; errors in bits against ours, whose intervals are below 1e-9")
    if not has_qif:
        print("qif is not installed")


if __name__ == "__main__":
    main()

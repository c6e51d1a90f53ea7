"""The kernels compiled by numba for the CPU; `reference` says the same in NumPy and explains the methods."""

from __future__ import annotations

import threading

import numba
import numpy as np

from empowerment.capacity.kernels import Batch, Outcome
from empowerment.capacity.kernels.cpu.certificate import certificate
from empowerment.capacity.kernels.cpu.interior_point import working_set
from empowerment.capacity.kernels.cpu.iterations import blahut_arimoto, squarem
from empowerment.capacity.kernels.cpu.reduction import components, equal_rows, proportional_columns
from empowerment.capacity.kernels.cpu.solve import ladder, solve

__all__ = [
    "blahut_arimoto",
    "certificate",
    "components",
    "equal_rows",
    "ladder",
    "proportional_columns",
    "solve",
    "solve_batch",
    "squarem",
    "working_set",
]


# Where numba has neither OpenMP nor TBB, two threads that begin a parallel region at once end the process.
_one_at_a_time = threading.Lock()


def solve_batch(batch: Batch, tol: float, rtol: float, method: int, max_iter: int) -> Outcome:
    """Solve the channels of a batch side by side on the cores that numba may use."""
    from empowerment.capacity.kernels.cpu.batch import solve_each

    by_size = np.argsort(-batch.n_rows * batch.n_columns, kind="stable")
    # Threads take stretches of equal length: dealt out like cards, each gets channels of every size.
    threads = numba.get_num_threads()
    order = np.concatenate([by_size[t::threads] for t in range(threads)])
    with _one_at_a_time:
        return solve_each(batch, order, tol, rtol, method, max_iter)

"""Peak memory of one large solve beyond the caller's matrix: ``python -m benchmarks.memory [ROWS COLUMNS]``."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import numpy as np

import empowerment as emp


def peak() -> int:
    """Return the largest resident size of this process so far, in bytes.

    On Linux `getrusage` begins with the size of the process that started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="ascii").splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(rows: int = 1_000_000, columns: int = 80) -> None:
    """Solve one random channel and print what it took."""
    rng = np.random.default_rng(0)
    emp.channel_capacity(rng.dirichlet(np.ones(30), size=300))  # compiles, and sizes the buffers of the libraries
    matrix = np.empty((rows, columns))
    for start in range(0, rows, 1000):
        part = rng.gamma(1.0, size=(min(1000, rows - start), columns))
        matrix[start : start + 1000] = part / part.sum(axis=1, keepdims=True)
    before = peak()
    result = emp.channel_capacity(matrix)
    extra = peak() - before
    print(f"{rows} x {columns}: matrix {matrix.nbytes / 1e6:.0f} MB, {extra / 1e6:.0f} MB more while solving")
    print(f"that is {extra / matrix.nbytes:.1%} of the matrix; {result}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

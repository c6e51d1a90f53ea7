"""New arrays.

numba compiles `np.empty` anew for each kind of arguments and each set of compiler options, and `np.zeros` three
functions for each. These helpers are compiled once.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from empowerment.runtime.jit import jit

Array: TypeAlias = np.ndarray


@jit()
def vector(size: int) -> Array:
    """Return numbers that are still to be filled in."""
    return np.empty(size)


@jit()
def matrix(n_rows: int, n_columns: int) -> Array:
    """Return a matrix that is still to be filled in."""
    return np.empty((n_rows, n_columns))


@jit()
def zeros(size: int) -> Array:
    """Return zeros."""
    found = vector(size)
    for i in range(size):
        found[i] = 0.0
    return found


@jit()
def integers(size: int) -> Array:
    """Return 0, 1, 2 and so on."""
    found = np.empty(size, dtype=np.int64)
    for i in range(size):
        found[i] = i
    return found


@jit()
def truths(size: int) -> Array:
    """Return as many times False."""
    found = np.empty(size, dtype=np.bool_)
    for i in range(size):
        found[i] = False
    return found

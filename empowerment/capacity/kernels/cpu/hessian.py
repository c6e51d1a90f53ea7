"""Systems of Newton steps, whose matrix is the negative Hessian of the information and a diagonal.

The Hessian is ``-B B'`` with ``B = W diag(q)^(-1/2)``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from empowerment.capacity.kernels.cpu.arrays import Array, vector, zeros
from empowerment.capacity.kernels.cpu.arrays import matrix as new_matrix
from empowerment.capacity.kernels.cpu.linear import dot, factorise, fill, gram, padded, substitute
from empowerment.runtime.jit import jit

# Columns that are transposed together, so that what is written stays in the cache.
_STRIP = 64


class System(NamedTuple):
    """The memory of a system ``(B B' + diag(d)) x = right``, and of the factor that solves it.

    With ``by_rows`` it is factorised as it stands; else ``I + B' diag(1/d) B`` is, by Woodbury's identity, which is
    smaller if there are more rows than columns.
    """

    by_rows: bool
    diagonal: Array
    b: Array
    gram: Array
    factor: Array
    added: Array
    root: Array
    y: Array


@jit()
def new_system(n_rows: int, n_columns: int, by_rows: bool) -> System:
    """Return the memory of a system of such a channel."""
    size, length = (padded(n_rows), padded(n_columns)) if by_rows else (padded(n_columns), padded(n_rows))
    b = new_matrix(size, length)
    for i in range(size):
        fill(b[i], 0.0)
    added = vector(n_rows if by_rows else n_columns)
    diagonal, whole, factor = vector(n_rows), new_matrix(size, size), new_matrix(size, size)
    return System(by_rows, diagonal, b, whole, factor, added, vector(n_columns), zeros(padded(n_columns)))


@jit()
def factorise_system(system: System, matrix: Array, q: Array, p: Array, z: Array, stop: Array) -> bool:
    """Factorise for ``d = z / p``, with the least addition to the diagonal that makes it possible."""
    for i in range(p.size):
        system.diagonal[i] = z[i] / p[i]
    for y in range(q.size):
        system.root[y] = math.sqrt(q[y])
        system.y[y] = 1.0 / system.root[y]
    # b gets W diag(scale) or, by columns, the transpose of diag(d)^(-1/2) W diag(scale).
    scale, b = system.y, system.b
    for first in range(0, q.size, _STRIP):
        last = min(first + _STRIP, q.size)
        for i in range(p.size):
            if system.by_rows:
                for y in range(first, last):
                    b[i, y] = matrix[i, y] * scale[y]
            else:
                weight = 1.0 / math.sqrt(system.diagonal[i])
                for y in range(first, last):
                    b[y, i] = matrix[i, y] * scale[y] * weight
    gram(system.b, system.gram, stop)
    trace = 0.0
    for i in range(system.added.size):
        trace += system.gram[i, i] + (system.diagonal[i] if system.by_rows else 1.0)
    for share in (0.0, 1e-14, 1e-12, 1e-10):
        for i in range(system.added.size):
            system.added[i] = (system.diagonal[i] if system.by_rows else 1.0) + share * trace
        if factorise(system.gram, system.added, system.factor, stop):
            return True
    return False


@jit()
def solve_system(system: System, matrix: Array, x: Array) -> None:
    """Solve in place, for x padded by zeros."""
    if system.by_rows:
        substitute(system.factor, x)
        return
    y, root = system.y, system.root
    fill(y, 0.0)
    for i in range(matrix.shape[0]):
        weight = x[i] / system.diagonal[i]
        for j in range(root.size):
            y[j] += weight * matrix[i, j]
    for j in range(root.size):
        y[j] /= root[j]
    substitute(system.factor, y)
    for j in range(root.size):
        y[j] /= root[j]
    for i in range(matrix.shape[0]):
        x[i] = (x[i] - dot(matrix[i], y[: root.size])) / system.diagonal[i]

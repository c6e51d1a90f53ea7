"""Linear algebra on small dense matrices."""

from __future__ import annotations

import math

from empowerment.capacity.kernels import TINY
from empowerment.capacity.kernels.cpu.arrays import Array, vector
from empowerment.capacity.kernels.cpu.arrays import matrix as new_matrix
from empowerment.runtime.jit import jit, stopped


@jit()
def dot(a: Array, b: Array) -> float:
    """Return the inner product, summed in any order."""
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@jit()
def copy_to(target: Array, source: Array) -> None:
    """Copy all entries. Assigning to a slice would take seconds to compile, for its error message."""
    for i in range(target.size):
        target[i] = source[i]


@jit()
def copied(source: Array) -> Array:
    """Return a copy of numbers."""
    target = vector(source.size)
    copy_to(target, source)
    return target


@jit()
def fill(target: Array, value: float) -> None:
    """Set all entries, as an assignment to a slice would, which takes seconds to compile."""
    for i in range(target.size):
        target[i] = value


@jit()
def logarithms(values: Array, logs: Array) -> None:
    """Put the logarithms into `logs`; a loop compiles sooner than an expression of arrays."""
    for i in range(values.size):
        logs[i] = math.log(values[i])


@jit()
def total(a: Array) -> float:
    """Return the sum, in any order."""
    result = 0.0
    for i in range(a.size):
        result += a[i]
    return result


@jit()
def largest(a: Array) -> float:
    """Return the largest entry."""
    result = a[0]
    for i in range(1, a.size):
        result = max(result, a[i])
    return result


@jit()
def outputs(p: Array, matrix: Array, q: Array) -> None:
    """Put ``p W`` into `q`, underflow raised to `TINY`."""
    fill(q, 0.0)
    for x in range(p.size):
        if p[x] > 0:
            for y in range(q.size):
                q[y] += p[x] * matrix[x, y]
    for y in range(q.size):
        q[y] = max(q[y], TINY)


@jit()
def divergences(matrix: Array, offsets: Array, log_q: Array, d: Array) -> None:
    """Put ``offsets - W log q`` into `d`."""
    for x in range(d.size):
        d[x] = offsets[x] - dot(matrix[x], log_q)


@jit()
def normalise(p: Array) -> None:
    """Divide by the sum, in place."""
    mass = total(p)
    for i in range(p.size):
        p[i] /= mass


@jit()
def picked(values: Array, at: Array) -> Array:
    """Return a copy of some entries."""
    found = vector(at.size)
    for i in range(at.size):
        found[i] = values[at[i]]
    return found


@jit()
def gather(matrix: Array, rows: Array) -> Array:
    """Return a copy of some rows."""
    rows_copied = new_matrix(rows.size, matrix.shape[1])
    for i in range(rows.size):
        for y in range(matrix.shape[1]):
            rows_copied[i, y] = matrix[rows[i], y]
    return rows_copied


@jit()
def gram(matrix: Array, q: Array, b: Array, system: Array, stop: Array) -> None:
    """Put the lower triangle of ``W diag(1/q) W'`` into `system`; `b` is a buffer for ``W diag(q)^(-1/2)``."""
    n = matrix.shape[0]
    scale = vector(q.size)
    for y in range(q.size):
        scale[y] = 1.0 / math.sqrt(q[y])
    for i in range(n):
        if stopped(stop):
            return
        for y in range(q.size):
            b[i, y] = matrix[i, y] * scale[y]
        for j in range(i + 1):
            system[i, j] = dot(b[i], b[j])


@jit()
def factorise(system: Array, diagonal: Array, factor: Array, stop: Array) -> bool:
    """Put the Cholesky factor of ``system + diag(diagonal)`` into `factor`; False if it has none."""
    n = diagonal.size
    for i in range(n):
        if stopped(stop):
            return False
        for j in range(i):
            factor[i, j] = (system[i, j] - dot(factor[i, :j], factor[j, :j])) / factor[j, j]
        rest = system[i, i] + diagonal[i] - dot(factor[i, :i], factor[i, :i])
        if not (rest > 0 and rest < math.inf):
            return False
        factor[i, i] = math.sqrt(rest)
    return True


@jit()
def substitute(factor: Array, x: Array) -> None:
    """Solve ``factor factor' y = x`` in place."""
    n = x.size
    for i in range(n):
        x[i] = (x[i] - dot(factor[i, :i], x[:i])) / factor[i, i]
    for i in range(n - 1, -1, -1):
        x[i] /= factor[i, i]
        for j in range(i):
            x[j] -= factor[i, j] * x[i]

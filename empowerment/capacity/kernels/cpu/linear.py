"""Linear algebra on dense matrices, small ones above all.

Passes over a matrix go from row to row: memory is read fastest in its order. Products of rows are taken in tiles of
four by four, whose sixteen sums stay in registers, over blocks of rows and columns that stay in the cache. What is
made of tiles is padded to a multiple of their size, and of the length of a vector: see `padded`.
"""

from __future__ import annotations

import math

import numpy as np

from empowerment.capacity.kernels import TINY
from empowerment.capacity.kernels.cpu.arrays import Array, vector
from empowerment.capacity.kernels.cpu.arrays import matrix as new_matrix
from empowerment.capacity.kernels.cpu.logarithm import logarithm
from empowerment.runtime.jit import jit, stopped

# Columns of a block, and rows that meet all others in turn: 128 KiB of the second-level cache.
_BLOCK, _PANEL = 256, 64


@jit()
def dot(a: Array, b: Array) -> float:
    """Return the inner product, summed in any order."""
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@jit()
def copy_to(target: Array, source: Array) -> None:
    """Copy all entries of `source`. Assigning to a slice would take seconds to compile, for its error message."""
    for i in range(source.size):
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
    """Put the logarithms into `logs`."""
    for i in range(values.size):
        logs[i] = logarithm(values[i])


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
def padded(size: int) -> int:
    """Return the next multiple of eight."""
    return (size + 7) // 8 * 8


@jit()
def _add_tile(a: Array, i: int, j: int, start: int, stop: int, sign: float, to: Array) -> None:
    """Add the products of rows i to i + 3 with rows j to j + 3, over some columns, to a tile of `to`."""
    a0, a1, a2, a3 = a[i], a[i + 1], a[i + 2], a[i + 3]
    b0, b1, b2, b3 = a[j], a[j + 1], a[j + 2], a[j + 3]
    s00 = s01 = s02 = s03 = s10 = s11 = s12 = s13 = 0.0
    s20 = s21 = s22 = s23 = s30 = s31 = s32 = s33 = 0.0
    for y in range(np.uint64(start), np.uint64(stop)):  # a signed index might count from the end
        u0, u1, u2, u3 = a0[y], a1[y], a2[y], a3[y]
        v0, v1, v2, v3 = b0[y], b1[y], b2[y], b3[y]
        s00 += u0 * v0
        s01 += u0 * v1
        s02 += u0 * v2
        s03 += u0 * v3
        s10 += u1 * v0
        s11 += u1 * v1
        s12 += u1 * v2
        s13 += u1 * v3
        s20 += u2 * v0
        s21 += u2 * v1
        s22 += u2 * v2
        s23 += u2 * v3
        s30 += u3 * v0
        s31 += u3 * v1
        s32 += u3 * v2
        s33 += u3 * v3
    to0, to1, to2, to3 = to[i], to[i + 1], to[i + 2], to[i + 3]
    to0[j] += sign * s00
    to0[j + 1] += sign * s01
    to0[j + 2] += sign * s02
    to0[j + 3] += sign * s03
    to1[j] += sign * s10
    to1[j + 1] += sign * s11
    to1[j + 2] += sign * s12
    to1[j + 3] += sign * s13
    to2[j] += sign * s20
    to2[j + 1] += sign * s21
    to2[j + 2] += sign * s22
    to2[j + 3] += sign * s23
    to3[j] += sign * s30
    to3[j + 1] += sign * s31
    to3[j + 2] += sign * s32
    to3[j + 3] += sign * s33


@jit()
def _add_products(a: Array, first: int, start: int, end: int, sign: float, to: Array, stop: Array) -> None:
    """Add the products of rows from `first` on, over some columns, to the lower triangle of `to`."""
    for top in range(first, len(to), _PANEL):
        for i in range(top, len(to), 4):
            if stopped(stop):
                return
            for j in range(top, min(top + _PANEL, i + 4), 4):
                _add_tile(a, i, j, start, end, sign, to)


@jit()
def gram(b: Array, system: Array, stop: Array) -> None:
    """Put the lower triangle of ``b b'`` into `system`, for b padded by zeros."""
    for i in range(len(system)):
        for j in range(i // 4 * 4 + 4):
            system[i, j] = 0.0
    for start in range(0, b.shape[1], _BLOCK):
        _add_products(b, 0, start, min(start + _BLOCK, b.shape[1]), 1.0, system, stop)


@jit()
def _factorise_tile(factor: Array, i: int) -> bool:
    """Put the Cholesky factor of a tile on the diagonal in its place, with the reciprocal of its diagonal."""
    for k in range(i, i + 4):
        for j in range(i, k + 1):
            rest = factor[k, j]
            for y in range(i, j):
                rest -= factor[k, y] * factor[j, y]
            if j < k:
                factor[k, j] = rest * factor[j, j]
            elif rest > 0 and rest < math.inf:
                factor[k, k] = 1.0 / math.sqrt(rest)
            else:
                return False
    return True


@jit()
def _divide_tile(factor: Array, i: int, j: int) -> None:
    """Divide the tile of rows i to i + 3 by the transpose of the triangle of rows j to j + 3."""
    for k in range(i, i + 4):
        x0 = factor[k, j] * factor[j, j]
        x1 = (factor[k, j + 1] - x0 * factor[j + 1, j]) * factor[j + 1, j + 1]
        x2 = (factor[k, j + 2] - x0 * factor[j + 2, j] - x1 * factor[j + 2, j + 1]) * factor[j + 2, j + 2]
        x3 = factor[k, j + 3] - x0 * factor[j + 3, j] - x1 * factor[j + 3, j + 1] - x2 * factor[j + 3, j + 2]
        factor[k, j], factor[k, j + 1], factor[k, j + 2], factor[k, j + 3] = x0, x1, x2, x3 * factor[j + 3, j + 3]


@jit()
def factorise(system: Array, diagonal: Array, factor: Array, stop: Array) -> bool:
    """Put the Cholesky factor of ``system + diag(diagonal)`` into `factor`; False if it has none.

    On its diagonal are the reciprocals. Block by block of columns: within the block tile by tile, each after what is
    to the left of it; then what the block takes from the rest.
    """
    n, size = diagonal.size, len(factor)
    for i in range(size):
        for j in range(i + 1):
            factor[i, j] = system[i, j]
        factor[i, i] += diagonal[i] if i < n else 1.0
    for first in range(0, size, _BLOCK):
        last = min(first + _BLOCK, size)
        for i in range(first, size, 4):
            if stopped(stop):
                return False
            for j in range(first, min(last, i + 4), 4):
                _add_tile(factor, i, j, first, j, -1.0, factor)
                if j < i:
                    _divide_tile(factor, i, j)
                elif not _factorise_tile(factor, i):
                    return False
        _add_products(factor, last, first, last, -1.0, factor, stop)
    return True


@jit()
def substitute(factor: Array, x: Array) -> None:
    """Solve ``factor factor' y = x`` in place, for x padded by zeros."""
    for i in range(0, x.size, 4):
        row0, row1, row2, row3 = factor[i], factor[i + 1], factor[i + 2], factor[i + 3]
        s0, s1, s2, s3 = x[i], x[i + 1], x[i + 2], x[i + 3]
        for j in range(i):
            s0 -= row0[j] * x[j]
            s1 -= row1[j] * x[j]
            s2 -= row2[j] * x[j]
            s3 -= row3[j] * x[j]
        x0 = s0 * row0[i]
        x1 = (s1 - row1[i] * x0) * row1[i + 1]
        x2 = (s2 - row2[i] * x0 - row2[i + 1] * x1) * row2[i + 2]
        x3 = (s3 - row3[i] * x0 - row3[i + 1] * x1 - row3[i + 2] * x2) * row3[i + 3]
        x[i], x[i + 1], x[i + 2], x[i + 3] = x0, x1, x2, x3
    for i in range(x.size - 4, -1, -4):
        row0, row1, row2, row3 = factor[i], factor[i + 1], factor[i + 2], factor[i + 3]
        x3 = x[i + 3] * row3[i + 3]
        x2 = (x[i + 2] - row3[i + 2] * x3) * row2[i + 2]
        x1 = (x[i + 1] - row2[i + 1] * x2 - row3[i + 1] * x3) * row1[i + 1]
        x0 = (x[i] - row1[i] * x1 - row2[i] * x2 - row3[i] * x3) * row0[i]
        for j in range(i):
            x[j] -= row0[j] * x0 + row1[j] * x1 + row2[j] * x2 + row3[j] * x3
        x[i], x[i + 1], x[i + 2], x[i + 3] = x0, x1, x2, x3

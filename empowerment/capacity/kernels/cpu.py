"""The kernels compiled by numba for the CPU; `reference` says the same in NumPy and explains the methods."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numba import float64, int64

from empowerment.capacity.kernels import (
    EQUAL_RTOL,
    INTERIOR_POINT_STEPS,
    TINY,
    WORKING_SET_ROUNDS,
    Certificate,
    Solution,
    summation_terms,
)
from empowerment.capacity.kernels._jit import MATRIX, VECTOR, jit

Array: TypeAlias = np.ndarray
_KEY_RTOL = 16 * EQUAL_RTOL  # keys of equal rows differ by the rounding of their sums as well
_INF = math.inf


@jit()
def _mixed_weights(count: int) -> Array:
    """Return weights in [1, 2) without a pattern, the fractional parts of multiples of the golden ratio."""
    found = np.empty(count)
    for i in range(count):
        found[i] = 1.0 + (0.6180339887498949 * (i + 1) + 0.7548776662466927 * (i + 1) * (i + 1)) % 1.0
    return found


@jit()
def _close(a: float, b: float) -> bool:
    return abs(a - b) <= EQUAL_RTOL * max(a, b)


@jit()
def _smallest_names(head: Array) -> Array:
    """Name each group by its smallest member instead of by its head."""
    smallest = np.arange(head.size)
    for i in range(head.size):
        smallest[head[i]] = min(smallest[head[i]], i)
    return smallest[head]


@jit(MATRIX)
def equal_rows(matrix: Array) -> Array:
    """Return for each row the smallest row with the same entries up to rounding."""
    n_rows, n_columns = matrix.shape
    weights = _mixed_weights(n_columns)
    keys = np.empty(n_rows)
    for x in range(n_rows):
        total = 0.0
        for y in range(n_columns):
            total += matrix[x, y] * weights[y]
        keys[x] = total
    order = np.argsort(keys)
    head = np.arange(n_rows)
    last = order[0]
    for i in range(1, n_rows):
        x = order[i]
        same = keys[x] - keys[last] <= _KEY_RTOL * keys[x]
        y = 0
        while same and y < n_columns:
            same = _close(matrix[x, y], matrix[last, y])
            y += 1
        if same:
            head[x] = last
        else:
            last = x
    return _smallest_names(head)


@jit(MATRIX)
def proportional_columns(matrix: Array) -> Array:
    """Return for each column the smallest column it is a multiple of, -1 for a column of zeros."""
    n_rows, n_columns = matrix.shape
    weights = _mixed_weights(n_rows)
    top = np.zeros(n_columns)
    for x in range(n_rows):
        for y in range(n_columns):
            top[y] = max(top[y], matrix[x, y])
    keys = np.zeros(n_columns)
    for x in range(n_rows):
        for y in range(n_columns):
            if matrix[x, y] > 0:
                keys[y] += weights[x] * (matrix[x, y] / top[y])
    order = np.argsort(keys)
    head = np.arange(n_columns)
    last = order[0]
    for i in range(1, n_columns):
        y = order[i]
        same = keys[y] - keys[last] <= _KEY_RTOL * keys[y] and top[last] > 0
        x = 0
        while same and x < n_rows:
            same = _close(matrix[x, y] / top[y], matrix[x, last] / top[last])
            x += 1
        if same:
            head[y] = last
        else:
            last = y
    first = _smallest_names(head)
    for y in range(n_columns):
        if top[y] == 0:
            first[y] = -1
    return first


@jit()
def _root(parent: Array, node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@jit(MATRIX)
def components(matrix: Array) -> tuple[Array, Array]:
    """Return the number of the connected component of each row and of each column."""
    n_rows, n_columns = matrix.shape
    parent = np.arange(n_columns)
    anchor = np.empty(n_rows, dtype=np.int64)
    separate = n_columns
    for x in range(n_rows):
        anchor[x] = -1
        for y in range(n_columns):
            if matrix[x, y] > 0:
                if anchor[x] < 0:
                    anchor[x] = y
                    if separate == 1:
                        break
                else:
                    a, b = _root(parent, anchor[x]), _root(parent, y)
                    if a != b:
                        parent[max(a, b)] = min(a, b)
                        separate -= 1
    number = np.full(n_columns, -1, dtype=np.int64)
    column_component = np.empty(n_columns, dtype=np.int64)
    count = 0
    for y in range(n_columns):
        root = _root(parent, y)
        if number[root] < 0:
            number[root] = count
            count += 1
        column_component[y] = number[root]
    return column_component[anchor], column_component


@jit()
def _dot(a: Array, b: Array) -> float:
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@jit()
def _outputs(p: Array, matrix: Array, q: Array) -> None:
    q[:] = 0.0
    for x in range(p.size):
        if p[x] > 0:
            for y in range(q.size):
                q[y] += p[x] * matrix[x, y]
    for y in range(q.size):
        q[y] = max(q[y], TINY)


@jit()
def _divergences(matrix: Array, offsets: Array, log_q: Array, d: Array) -> None:
    for x in range(d.size):
        d[x] = offsets[x] - _dot(matrix[x], log_q)


@jit(MATRIX, VECTOR, VECTOR, float64, float64, int64)
def blahut_arimoto(matrix: Array, offsets: Array, p: Array, tol: float, rtol: float, max_iter: int) -> Solution:
    """Plain Blahut-Arimoto; see `reference.blahut_arimoto`."""
    n_rows, n_columns = matrix.shape
    p = p.copy()
    q, d = np.empty(n_columns), np.empty(n_rows)
    lower, upper = -_INF, _INF
    best_p, best_q = p.copy(), np.empty(n_columns)
    n_iter, reached = 0, False
    while n_iter < max_iter:
        n_iter += 1
        _outputs(p, matrix, q)
        _divergences(matrix, offsets, np.log(q), d)
        now, highest = _dot(p, d), d.max()
        if now > lower:
            lower = now
            best_p[:] = p
        if highest < upper:
            upper = highest
            best_q[:] = q
        if upper - lower <= max(tol, rtol * lower):
            reached = True
            break
        p *= np.exp(d - highest)
        p /= p.sum()
    return Solution(best_p, best_q, lower, upper, n_iter, n_iter, reached)


@jit()
def _gather(matrix: Array, rows: Array) -> Array:
    found = np.empty((rows.size, matrix.shape[1]))
    for i in range(rows.size):
        found[i] = matrix[rows[i]]
    return found


@jit()
def _tallest(matrix: Array) -> Array:
    """Return for each column the row of its largest entry."""
    found = np.zeros(matrix.shape[1], dtype=np.int64)
    for x in range(1, matrix.shape[0]):
        for y in range(matrix.shape[1]):
            if matrix[x, y] > matrix[found[y], y]:
                found[y] = x
    return found


@jit()
def _highest(d: Array, among: Array, count: int) -> Array:
    """Return those of the rows `among` with the `count` largest divergences."""
    if among.size <= count:
        return among
    return among[np.argsort(-d[among])[:count]]


@jit()
def _interior_point(matrix: Array, offsets: Array, p: Array, tol: float, max_steps: int) -> tuple[int, bool]:
    """Mehrotra's predictor-corrector method, changing `p` in place; see `reference._interior_point`."""
    n, n_columns = matrix.shape
    q, d, z = np.empty(n_columns), np.empty(n), np.empty(n)
    b, factor = np.empty((n, n_columns)), np.empty((n, n))
    ones, right, dp, dz = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    nu = 0.0
    for step in range(max_steps + 1):
        _outputs(p, matrix, q)
        _divergences(matrix, offsets, np.log(q), d)
        lower, upper = _dot(p, d), d.max()
        if upper - lower <= tol:
            return step, True
        if step == max_steps:
            break
        if step == 0:
            nu = upper + max(0.1 * (upper - lower), tol)
            z[:] = nu - d
        if not _factorise(matrix, q, z / p, b, factor):
            return step, False
        mu = _dot(p, z) / n
        ones[:] = 1.0
        _solve(factor, ones)
        missing = 1.0 - p.sum()
        right[:] = d - nu  # the residual nu - d - z cancels the slack
        dp[:] = right
        d_nu = _balance(factor, dp, ones, missing)
        for i in range(n):
            dz[i] = -z[i] - z[i] * dp[i] / p[i]
        affine = min(1.0, _room(p, dp), _room(z, dz))
        mu_affine = 0.0
        for i in range(n):
            mu_affine += (p[i] + affine * dp[i]) * (z[i] + affine * dz[i]) / n
        centring = mu * (mu_affine / mu) ** 3
        for i in range(n):
            dz[i] = centring - affine * dp[i] * dz[i]
            dp[i] = right[i] + dz[i] / p[i]
        d_nu = _balance(factor, dp, ones, missing)
        for i in range(n):
            dz[i] = (dz[i] - z[i] * dp[i]) / p[i] - z[i]
        length = min(1.0, min(max(1.0 - mu, 0.9), 0.9995) * min(_room(p, dp), _room(z, dz)))
        if not length > 1e-12:
            return step, False
        nu += length * d_nu
        for i in range(n):
            p[i] += length * dp[i]
            z[i] += length * dz[i]
        p /= p.sum()
    return max_steps, False


@jit()
def _room(values: Array, changes: Array) -> float:
    """Return how far `values` can go along `changes` before one of them is 0."""
    found = _INF
    for i in range(values.size):
        if changes[i] < 0:
            found = min(found, -values[i] / changes[i])
    return found


@jit()
def _balance(factor: Array, dp: Array, ones: Array, missing: float) -> float:
    """Solve for `dp` in place, and for the change of nu that makes the probabilities go on to sum to 1."""
    _solve(factor, dp)
    d_nu = (dp.sum() - missing) / ones.sum()
    for i in range(dp.size):
        dp[i] -= d_nu * ones[i]
    return d_nu


@jit()
def _factorise(matrix: Array, q: Array, diagonal: Array, b: Array, factor: Array) -> bool:
    """Put the Cholesky factor of ``W diag(1/q) W' + diag(diagonal)`` into `factor`; False if it has none."""
    n = matrix.shape[0]
    scale = 1.0 / np.sqrt(q)
    for i in range(n):
        for y in range(q.size):
            b[i, y] = matrix[i, y] * scale[y]
        for j in range(i + 1):
            factor[i, j] = _dot(b[i], b[j])
        factor[i, i] += diagonal[i]
    for i in range(n):
        for j in range(i + 1):
            rest = factor[i, j] - _dot(factor[i, :j], factor[j, :j])
            if i > j:
                factor[i, j] = rest / factor[j, j]
            elif rest > 0 and rest < _INF:
                factor[i, i] = math.sqrt(rest)
            else:
                return False
    return True


@jit()
def _solve(factor: Array, x: Array) -> None:
    """Solve ``factor factor' y = x`` in place."""
    n = x.size
    for i in range(n):
        x[i] = (x[i] - _dot(factor[i, :i], x[:i])) / factor[i, i]
    for i in range(n - 1, -1, -1):
        x[i] /= factor[i, i]
        for j in range(i):
            x[j] -= factor[i, j] * x[i]


@jit(MATRIX, VECTOR, float64, float64, int64)
def working_set(matrix: Array, offsets: Array, tol: float, rtol: float, max_iter: int) -> Solution:
    """Column generation around an interior-point method; see `reference.working_set`."""
    n_rows, n_columns = matrix.shape
    first = blahut_arimoto(matrix, offsets, np.full(n_rows, 1.0 / n_rows), tol, rtol, 1)
    if first.reached:
        return Solution(first.p, first.q, first.lower, first.upper, 0, 1, True)
    active = np.full(n_rows, n_rows <= 16)
    active[_tallest(matrix)] = True
    rows = np.flatnonzero(active)
    dropped = np.zeros(n_rows, dtype=np.bool_)
    p = np.full(rows.size, 1.0 / rows.size)
    start = np.zeros(n_rows)
    q, d = np.empty(n_columns), np.empty(n_rows)
    best_p, best_q, lower, upper = first.p, first.q, first.lower, first.upper
    n_iter, n_passes, reached = 0, 1, False
    inner_tol = max(tol / 4, 1e-5)
    while n_passes <= WORKING_SET_ROUNDS:
        n_passes += 1
        part = _gather(matrix, rows)
        steps = min(INTERIOR_POINT_STEPS, max_iter - n_iter)
        n_steps, solved = _interior_point(part, offsets[rows], p, inner_tol, steps)
        n_iter += n_steps
        if not solved and n_iter < max_iter:
            p[:] = 1.0 / rows.size
            n_steps, solved = _interior_point(part, offsets[rows], p, inner_tol, min(steps, max_iter - n_iter))
            n_iter += n_steps
        _outputs(p, part, q)
        _divergences(matrix, offsets, np.log(q), d)
        inner_lower, outer_upper = _dot(p, d[rows]), d.max()
        if inner_lower > lower:
            lower = inner_lower
            best_p[:] = 0.0
            best_p[rows] = p
        if outer_upper < upper:
            upper = outer_upper
            best_q[:] = q
        target = max(tol, rtol * lower)
        if upper - lower <= target:
            reached = True
            break
        missing = np.flatnonzero(~active & (d > inner_lower + target / 4))
        if not solved or n_iter >= max_iter or (missing.size == 0 and inner_tol <= target / 4):
            break
        for i in range(rows.size):
            x = rows[i]
            start[x] = p[i]
            if not dropped[x] and p[i] < 1e-2 / rows.size and d[x] < inner_lower - 10 * inner_tol:
                dropped[x] = True
                active[x] = False
        start[missing] = 0.0
        active[_highest(d, missing, max(16, n_columns))] = True
        rows = np.flatnonzero(active)
        p = np.maximum(start[rows], 0.1 / rows.size)
        p /= p.sum()
        inner_tol = max(target / 4, min(inner_tol / 10, 0.05 * (outer_upper - inner_lower)))
    return Solution(best_p, best_q, lower, upper, n_iter, n_passes, reached)


@jit(fast=False)
def _careful_dot(a: Array, b: Array) -> float:
    """Sum in blocks of 128 by four partial sums, in this order: `summation_terms` counts on it."""
    total = 0.0
    for start in range(0, a.size, 128):
        stop = min(start + 128, a.size)
        s0 = s1 = s2 = s3 = 0.0
        i = start
        while i + 4 <= stop:
            s0 += a[i] * b[i]
            s1 += a[i + 1] * b[i + 1]
            s2 += a[i + 2] * b[i + 2]
            s3 += a[i + 3] * b[i + 3]
            i += 4
        while i < stop:
            s0 += a[i] * b[i]
            i += 1
        total += (s0 + s1) + (s2 + s3)
    return total


@jit(MATRIX, VECTOR, VECTOR, VECTOR, float64, float64, fast=False)
def _certificate(
    matrix: Array, offsets: Array, p: Array, q: Array, row_terms: float, column_terms: float
) -> Certificate:
    n_rows, n_columns = matrix.shape
    reached = np.zeros(n_columns, dtype=np.bool_)
    own_q = np.zeros(n_columns)
    for x in range(n_rows):
        for y in range(n_columns):
            reached[y] |= matrix[x, y] > 0
        if p[x] > 0:
            for y in range(n_columns):
                own_q[y] += p[x] * matrix[x, y]
    log_q, log_own = np.zeros(n_columns), np.zeros(n_columns)
    for y in range(n_columns):
        if reached[y]:
            log_q[y] = math.log(max(q[y], TINY))
            log_own[y] = math.log(max(own_q[y], TINY))
    upper, slack = -_INF, 0.0
    mass, own_mass = q.sum() - 1.0, own_q.sum() - 1.0
    d = np.zeros(n_rows)
    for x in range(n_rows):
        cross = _careful_dot(matrix[x], log_q)
        upper = max(upper, offsets[x] - cross + mass + row_terms * (2 + abs(offsets[x]) + abs(cross)))
        if p[x] > 0:
            cross = _careful_dot(matrix[x], log_own)
            d[x] = offsets[x] - cross + own_mass
            slack += p[x] * row_terms * (2 + abs(offsets[x]) + abs(cross))
    information = _careful_dot(p, d)
    slack += column_terms * (2 + abs(information))
    return Certificate(information, information - slack, upper)


def certificate(matrix: Array, offsets: Array, p: Array, q: Array) -> Certificate:
    """Return I(p) plainly, and I(p) and ``max_x D(row || q)`` rounded outward; see `reference.certificate`."""
    half_ulp = np.finfo(np.float64).eps / 2
    row_terms, column_terms = (half_ulp * summation_terms(size) for size in matrix.shape[::-1])
    return _certificate(matrix, offsets, p, q, row_terms, column_terms)

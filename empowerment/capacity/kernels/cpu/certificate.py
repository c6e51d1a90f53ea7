"""Both ends of an interval, rounded outward; see `reference.certificate`."""

from __future__ import annotations

import math

import numpy as np

from empowerment.capacity.kernels import TINY, Certificate, summation_terms
from empowerment.capacity.kernels.cpu.arrays import Array, truths, vector, zeros
from empowerment.capacity.kernels.cpu.logarithm import logarithm
from empowerment.runtime.jit import jit

SURE = 5e-10
"""Rows whose sum is no farther from 1 pass every check of it, which allow twice as much."""

_HALF_ULP = np.finfo(np.float64).eps / 2
_INF = math.inf
_ONE, _TWO, _THREE, _FOUR, _BLOCK = (np.uint64(size) for size in (1, 2, 3, 4, 128))
_terms = jit()(summation_terms)


@jit(fast=False)
def careful_dot(a: Array, b: Array) -> float:
    """Sum in blocks of 128 by four partial sums, in this order: `summation_terms` counts on it."""
    total, size = 0.0, np.uint64(a.size)  # a signed index might count from the end
    for start in range(np.uint64(0), size, _BLOCK):
        stop = min(start + _BLOCK, size)
        whole = start + (stop - start) // _FOUR * _FOUR
        s0 = s1 = s2 = s3 = 0.0
        for i in range(start, whole, _FOUR):
            s0 += a[i] * b[i]
            s1 += a[i + _ONE] * b[i + _ONE]
            s2 += a[i + _TWO] * b[i + _TWO]
            s3 += a[i + _THREE] * b[i + _THREE]
        for i in range(whole, stop):
            s0 += a[i] * b[i]
        total += (s0 + s1) + (s2 + s3)
    return total


@jit(fast=False)
def careful_sum(a: Array) -> float:
    """Sum like `careful_dot`: terms of equal size added one after the other would drift."""
    total, size = 0.0, np.uint64(a.size)
    for start in range(np.uint64(0), size, _BLOCK):
        stop = min(start + _BLOCK, size)
        whole = start + (stop - start) // _FOUR * _FOUR
        s0 = s1 = s2 = s3 = 0.0
        for i in range(start, whole, _FOUR):
            s0 += a[i]
            s1 += a[i + _ONE]
            s2 += a[i + _TWO]
            s3 += a[i + _THREE]
        for i in range(whole, stop):
            s0 += a[i]
        total += (s0 + s1) + (s2 + s3)
    return total


@jit(fast=False)
def certificate(matrix: Array, offsets: Array, p: Array, q: Array) -> Certificate:
    """Return I(p) as computed, and I(p) and ``max_x D(row || q)`` rounded outward; see `reference.certificate`."""
    n_rows, n_columns = matrix.shape
    row_terms, column_terms = _HALF_ULP * _terms(n_columns), _HALF_ULP * _terms(n_rows)
    reached, own_q = truths(n_columns), zeros(n_columns)
    for x in range(n_rows):
        for y in range(n_columns):
            reached[y] |= matrix[x, y] > 0
        if p[x] > 0:
            for y in range(n_columns):
                own_q[y] += p[x] * matrix[x, y]
    log_q, log_own = zeros(n_columns), zeros(n_columns)
    for y in range(n_columns):
        if reached[y]:
            log_q[y] = math.log(max(q[y], TINY))
            log_own[y] = math.log(max(own_q[y], TINY))
    upper, slack = -_INF, 0.0
    mass, own_mass = careful_sum(q) - 1.0, careful_sum(own_q) - 1.0
    d = zeros(n_rows)
    for x in range(n_rows):
        cross = careful_dot(matrix[x], log_q)
        upper = max(upper, offsets[x] - cross + mass + row_terms * (2 + abs(offsets[x]) + abs(cross)))
        if p[x] > 0:
            cross = careful_dot(matrix[x], log_own)
            d[x] = offsets[x] - cross + own_mass
            slack += p[x] * row_terms * (2 + abs(offsets[x]) + abs(cross))
    information = careful_dot(p, d)
    slack += column_terms * (2 + abs(information))
    return Certificate(information, information - slack, upper)


@jit(fast=False)
def are_distributions(matrix: Array) -> bool:
    """Return whether all rows certainly pass the checks of a channel; if not, they are to be looked at one by one."""
    for x in range(matrix.shape[0]):
        negative = False
        for y in range(matrix.shape[1]):
            negative |= matrix[x, y] < 0
        if negative or not (abs(careful_sum(matrix[x]) - 1.0) <= SURE):  # false of NaN, too
            return False
    return True


@jit(fast=False)
def row_offsets(matrix: Array, rewards: Array) -> Array:
    """Return the part of each row's divergence that does not depend on q, plus its reward."""
    n_rows, n_columns = matrix.shape
    offsets, log_w = vector(n_rows), vector(n_columns)
    for x in range(n_rows):
        for y in range(n_columns):
            log_w[y] = logarithm(max(matrix[x, y], TINY)) - 1.0
        offsets[x] = careful_dot(matrix[x], log_w) + 1.0 + rewards[x]
    return offsets

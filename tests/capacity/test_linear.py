"""The compiled linear algebra against NumPy, at sizes around the edges of tiles and blocks."""

import numba
import numpy as np
import pytest
from helpers import compiled_when_called, for_each
from numba import boolean, float64, uint8

from empowerment.capacity.kernels.cpu import linear
from empowerment.capacity.kernels.cpu.linear import _BLOCK, padded

SIZES = (1, 2, 3, 4, 5, 7, 8, 9, 17, 60, _BLOCK - 1, _BLOCK, _BLOCK + 1, 2 * _BLOCK + 5)
NEVER, AT_ONCE = np.zeros(1, dtype=np.uint8), np.ones(1, dtype=np.uint8)

_MATRIX, _VECTOR, _STOP = float64[:, ::1], float64[::1], uint8[::1]


@compiled_when_called(numba.void(_MATRIX, _MATRIX, _STOP))
def gram(b, system, stop):
    linear.gram(b, system, stop)


@compiled_when_called(boolean(_MATRIX, _VECTOR, _MATRIX, _STOP))
def factorise(system, diagonal, factor, stop):
    return linear.factorise(system, diagonal, factor, stop)


@compiled_when_called(numba.void(_MATRIX, _VECTOR))
def substitute(factor, x):
    linear.substitute(factor, x)


@compiled_when_called(numba.void(_VECTOR, _MATRIX, _VECTOR, _VECTOR, _VECTOR))
def look(p, matrix, offsets, q, d):
    linear.outputs(p, matrix, q)
    log_q = np.empty(q.size)
    linear.logarithms(q, log_q)
    linear.divergences(matrix, offsets, log_q, d)


@compiled_when_called(numba.void(_VECTOR, _VECTOR))
def logs(values, found):
    linear.logarithms(values, found)


def size_of(n):
    return padded.py_func(n)


def gram_of(matrix, q, stop=NEVER):
    n, n_columns = matrix.shape
    b, system = np.zeros((size_of(n), size_of(n_columns))), np.full((size_of(n), size_of(n)), np.nan)
    b[:n, :n_columns] = matrix / np.sqrt(q)
    gram(b, system, stop)
    return system


def solution(system, diagonal, right):
    """Return the solution of a system of which the lower triangle is given, or None."""
    n = diagonal.size
    given, factor, x = (np.full((size_of(n), size_of(n)), 0.0), np.full((size_of(n), size_of(n)), np.nan), None)
    given[:n, :n] = np.tril(system)
    if not factorise(given, diagonal, factor, NEVER):
        return None
    x = np.zeros(size_of(n))
    x[:n] = right
    substitute(factor, x)
    assert not x[n:].any()
    return x[:n]


@for_each("n", SIZES)
@for_each("n_columns", (1, 6, 8, _BLOCK + 3))
def test_gram(n, n_columns):
    rng = np.random.default_rng([n, n_columns])
    matrix, q = rng.random((n, n_columns)), rng.random(n_columns) + 0.1
    system, wanted = gram_of(matrix, q), (matrix / q) @ matrix.T
    np.testing.assert_allclose(np.tril(system[:n, :n]), np.tril(wanted), rtol=1e-13, atol=0)
    assert not np.tril(system)[n:].any()


@for_each("n", SIZES)
@for_each("spread", (0, 6, 14))
def test_systems_of_an_interior_point_are_solved(n, spread):
    """A Gram matrix of low rank and a diagonal of all sizes: what is left over is of the size of rounding errors."""
    rng = np.random.default_rng([n, spread])
    matrix = rng.dirichlet(np.full(max(n // 2, 2), 0.3), size=n)
    diagonal, right = 10.0 ** rng.uniform(-spread, spread, size=n), rng.normal(size=n)
    system = gram_of(matrix, matrix.mean(axis=0))[:n, :n]
    x = solution(system, diagonal, right)
    whole = np.tril(system) + np.tril(system, -1).T + np.diag(diagonal)
    size = np.abs(whole) @ np.abs(x) + np.abs(right)
    assert np.abs(whole @ x - right).max() <= 30 * max(n, 10) * np.finfo(float).eps * size.max()
    if spread == 0:
        assert x == pytest.approx(np.linalg.solve(whole, right), rel=1e-8, abs=1e-10)


@for_each("n", SIZES)
def test_what_has_no_factor_is_reported(n):
    rng = np.random.default_rng(n)
    system = rng.random((n, n // 2 + 1))
    system = system @ system.T
    for at in {0, n // 2, n - 1}:
        for wrong in (-1e3, np.nan, np.inf):
            diagonal = np.ones(n)
            diagonal[at] = wrong
            assert solution(system, diagonal, np.ones(n)) is None
            broken = system.copy()
            broken[n - 1, at] = wrong
            assert solution(broken, np.ones(n), np.ones(n)) is None


def test_a_set_flag_ends_the_work_and_leaves_no_factor():
    n = 2 * _BLOCK
    factor = np.zeros((n, n))
    assert not factorise(np.zeros((n, n)), np.ones(n), factor, AT_ONCE)
    matrix = np.random.default_rng(0).random((n, 8))
    assert not np.tril(gram_of(matrix, np.ones(8), AT_ONCE)).any()


@for_each("shape", [(1, 1), (3, 2), (4, 9), (5, 3), (16, 16), (131, 70), (1000, 5)])
def test_passes(shape):
    rng = np.random.default_rng(shape)
    matrix, offsets = rng.dirichlet(np.ones(shape[1]), size=shape[0]), rng.normal(size=shape[0])
    p = rng.random(shape[0])
    p[rng.random(shape[0]) < 0.3] = 0.0
    p[0] = 1.0
    q, d = np.full(shape[1], np.nan), np.full(shape[0], np.nan)
    look(p, matrix, offsets, q, d)
    assert q == pytest.approx(p @ matrix, rel=1e-13)
    assert d == pytest.approx(offsets - matrix @ np.log(p @ matrix), rel=1e-12, abs=1e-12)


@for_each("number", [5e-324, 1e-310, 2.2250738585072014e-308, 0.5, 1.0, 1e300, np.inf, np.nan])
def test_logarithms_of_all_sizes(number):
    found = np.empty(9)
    logs(np.full(9, number), found)
    assert found == pytest.approx(np.full(9, np.log(number)), rel=1e-15, nan_ok=True)


def test_an_output_of_no_probability_gets_the_least_number():
    q, d = np.empty(2), np.empty(2)
    look(np.array([1.0, 0.0]), np.eye(2), np.zeros(2), q, d)
    assert q.tolist() == [1.0, 5e-324]
    assert d == pytest.approx([0.0, -np.log(5e-324)])

"""The systems of Newton steps, factorised as they stand or by Woodbury's identity, against NumPy."""

import numpy as np
import pytest
from helpers import compiled_when_called, for_each
from numba import boolean, float64, uint8

from empowerment.capacity.kernels.cpu import hessian
from empowerment.capacity.kernels.cpu.linear import padded
from empowerment.capacity.kernels.reference.interior_point import _hessian_solver

_MATRIX, _VECTOR, _STOP = float64[:, ::1], float64[::1], uint8[::1]


@compiled_when_called(boolean(_MATRIX, _VECTOR, _VECTOR, _VECTOR, boolean, _VECTOR, _STOP))
def solve(matrix, q, p, z, by_rows, x, stop):
    system = hessian.new_system(matrix.shape[0], matrix.shape[1], by_rows)
    if not hessian.factorise_system(system, matrix, q, p, z, stop):
        return False
    hessian.solve_system(system, matrix, x)
    return True


def solution(matrix, q, p, z, by_rows, right, stopped=0):
    x = np.zeros(padded.py_func(len(matrix)))
    x[: len(matrix)] = right
    return x[: len(matrix)] if solve(matrix, q, p, z, by_rows, x, np.array([stopped], dtype=np.uint8)) else None


@for_each("shape", [(1, 3), (9, 4), (17, 17), (40, 7), (70, 130), (130, 70)])
@for_each("spread", [0, 4])
def test_both_ways_solve_the_same_system(shape, spread):
    rng = np.random.default_rng([*shape, spread])
    matrix, p = rng.dirichlet(np.full(shape[1], 0.3), size=shape[0]), rng.dirichlet(np.full(shape[0], 0.5))
    p = np.maximum(p, 1e-3)
    z, right, q = p * 10.0 ** rng.uniform(-spread, spread, size=shape[0]), rng.normal(size=shape[0]), p @ matrix
    b = matrix / np.sqrt(q)
    wanted = np.linalg.solve(b @ b.T + np.diag(z / p), right)
    close = pytest.approx(wanted, rel=1e-7, abs=1e-9 * np.abs(wanted).max())
    for by_rows in (True, False):
        assert solution(matrix, q, p, z, by_rows, right) == close
        assert _hessian_solver(b, z / p, by_rows)(right) == close


def test_what_has_no_factor_is_reported():
    matrix, p = np.full((4, 3), 1 / 3), np.full(4, 0.25)
    for by_rows in (True, False):
        assert solution(matrix, np.full(3, 1 / 3), p, np.full(4, np.nan), by_rows, np.ones(4)) is None
        assert solution(matrix, np.full(3, 1 / 3), p, p, by_rows, np.ones(4), stopped=1) is None

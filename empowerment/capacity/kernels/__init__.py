"""The numerical kernels, once for each backend, under one contract.

A kernel module offers the functions below on dense float64 matrices, in nats:

``equal_rows(matrix) -> first``
    For each row the smallest row with the same entries, up to rounding (relative `EQUAL_RTOL`).
``proportional_columns(matrix) -> first``
    For each column the smallest column it is a multiple of, -1 for a column of zeros.
``components(matrix) -> (row_component, column_component)``
    Connected components of the graph that joins an input to each output it can cause. No zero columns.
``blahut_arimoto(matrix, offsets, p, tol, rtol, max_iter) -> Solution``
``working_set(matrix, offsets, tol, rtol, max_iter) -> Solution``
    Capacity of a reduced matrix (no zero columns).
``certificate(matrix, offsets, p, q) -> Certificate``
    Both ends of the interval on a matrix that may have zero columns, rounded outward.

``offsets[x] = sum_y w log w - sum_y w + 1`` holds everything about a row that does not depend on q: with
``q = p W`` the divergence of row x from q is ``offsets - W log q + sum q - 1``. For exactly stochastic rows the
offset is the negative row entropy; for rows that miss 1 by a rounding error it makes the certificate exact for
the matrix as it stands (``sum_x p_x D_x = I(p)`` and ``I(p') <= max_x D_x`` then hold without any residue).
"""

from typing import NamedTuple

import numpy as np

EQUAL_RTOL = 1e-13
"""Two entries made by sums of non-negative products in another order agree to this relative accuracy."""

TINY = 5e-324
"""Stands in for an output probability that underflows; it keeps the divergence finite and the bound valid."""

WORKING_SET_ROUNDS = 40
INTERIOR_POINT_STEPS = 40


class Solution(NamedTuple):
    """What an iterative kernel returns."""

    p: np.ndarray
    q: np.ndarray
    lower: float
    upper: float
    n_iter: int
    n_passes: int
    reached: bool


class Certificate(NamedTuple):
    """The information at p as computed, and both ends of the interval rounded outward."""

    information: float
    lower: float
    upper: float


def summation_terms(width: int) -> float:
    """Return how many half-ulps a sum of `width` products may be off by, relative to their total size.

    Kernels sum in blocks of 128 by at least four partial sums (NumPy does the like), so that an entry passes
    through at most 32 + 2 + width / 128 additions; the rest is for the product and the logarithm.
    """
    return 44.0 + width / 128

"""Both ends of an interval, rounded outward."""

from __future__ import annotations

import numpy as np

from empowerment.capacity.kernels import TINY, Certificate, summation_terms
from empowerment.core.validate import Matrix, is_sparse


def certificate(matrix: Matrix, offsets: np.ndarray, p: np.ndarray, q: np.ndarray) -> Certificate:
    """Return I(p) as computed, and I(p) and ``max_x D(row || q)`` rounded outward by a bound on their error.

    The only kernel that takes CSR as well as dense matrices.
    """
    reached = np.asarray(matrix.max(axis=0).toarray() if is_sparse(matrix) else matrix.max(axis=0)) > 0
    width = np.diff(matrix.indptr).max() * 128 if is_sparse(matrix) else matrix.shape[1]
    half_ulps = np.finfo(float).eps / 2 * summation_terms(width)

    def divergences(q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        log_q = np.log(np.where(reached, np.maximum(q, TINY), 1.0))
        terms = matrix * log_q
        cross = np.asarray(terms.sum(axis=1)).reshape(-1)
        return offsets - cross + q.sum() - 1.0, half_ulps * (2 + np.abs(offsets) + np.abs(cross))

    d, slack = divergences(q)
    upper = (d + slack).max()
    d, slack = divergences(np.asarray(p @ matrix))
    used = p > 0
    information = float((p[used] * d[used]).sum())
    slack = (p[used] * slack[used]).sum()
    slack += np.finfo(float).eps / 2 * summation_terms(p.size) * (2 + abs(information))  # of p's own sum
    return Certificate(information, information - slack, float(upper))

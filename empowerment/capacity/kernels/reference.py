"""The kernels in plain NumPy, written to be read: the oracle the other backends are tested against."""

from __future__ import annotations

import math

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph, csr_array

from empowerment.capacity.kernels import (
    EQUAL_RTOL,
    INTERIOR_POINT_STEPS,
    TINY,
    WORKING_SET_ROUNDS,
    Certificate,
    Solution,
    summation_terms,
)
from empowerment.validate import Matrix


def equal_rows(matrix: np.ndarray) -> np.ndarray:
    """Return for each row the smallest row with the same entries up to rounding."""
    return _equal(matrix)


def proportional_columns(matrix: np.ndarray) -> np.ndarray:
    """Return for each column the smallest column it is a multiple of, -1 for a column of zeros."""
    sums = matrix.sum(axis=0)
    filled = np.flatnonzero(sums > 0)
    first = np.full(sums.size, -1)
    columns = matrix[:, filled].T / matrix[:, filled].max(axis=0)[:, None]
    first[filled] = filled[_equal(columns)]
    return first


def _equal(rows: np.ndarray) -> np.ndarray:
    """Group equal rows: equal ones are neighbours once sorted by their product with one fixed random vector."""
    weights = np.random.default_rng(0).uniform(1.0, 2.0, rows.shape[1])
    keys = rows @ weights
    order = np.argsort(keys, kind="stable")
    first = np.arange(rows.shape[0])
    head = order[0]
    for row in order[1:]:
        close = np.abs(rows[row] - rows[head]) <= EQUAL_RTOL * np.maximum(rows[row], rows[head])
        if close.all():
            first[row] = head
        else:
            head = row
    # The head of a group is its first row in sorted order; name the group by its smallest row instead.
    smallest = np.arange(rows.shape[0])
    np.minimum.at(smallest, first, np.arange(rows.shape[0]))
    return smallest[first]


def components(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of the connected component of each row and of each column."""
    n_rows, n_columns = matrix.shape
    x, y = np.nonzero(matrix)
    size = n_rows + n_columns
    graph = csr_array((np.ones(x.size), (x, n_rows + y)), shape=(size, size))
    _, component = csgraph.connected_components(graph, directed=False)
    return component[:n_rows].astype(np.int64), component[n_rows:].astype(np.int64)


def _outputs(p: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return np.maximum(p @ matrix, TINY)


def blahut_arimoto(
    matrix: np.ndarray, offsets: np.ndarray, p: np.ndarray, tol: float, rtol: float, max_iter: int
) -> Solution:
    """Multiply each input's probability by the exponential of its divergence until the interval is narrow.

    Arimoto (1972) and Blahut (1972). The best lower and the best upper end may come from different passes.
    """
    lower, upper, best_p, best_q = -math.inf, math.inf, p, p
    for n_iter in range(1, max_iter + 1):
        q = _outputs(p, matrix)
        d = offsets - matrix @ np.log(q)
        if p @ d > lower:
            lower, best_p = p @ d, p
        if d.max() < upper:
            upper, best_q = d.max(), q
        if upper - lower <= max(tol, rtol * lower):
            return Solution(best_p, best_q, lower, upper, n_iter, n_iter, True)
        p = p * np.exp(d - d.max())
        p = p / p.sum()
    return Solution(best_p, best_q, lower, upper, max_iter, max_iter, False)


def working_set(matrix: np.ndarray, offsets: np.ndarray, tol: float, rtol: float, max_iter: int) -> Solution:
    """Solve on few rows by an interior-point method, price all rows, exchange rows, until no row objects.

    Column generation on Kemperman's min-max form: an optimum needs no more rows than there are columns, and
    one pass over the full matrix certifies it (the largest divergence of *any* row is the upper end).
    """
    n_rows, n_columns = matrix.shape
    uniform = np.full(n_rows, 1.0 / n_rows)
    first = blahut_arimoto(matrix, offsets, uniform, tol, rtol, 1)
    if first.reached:  # the exit of all weakly symmetric channels
        return first._replace(n_iter=0)
    active = np.full(n_rows, n_rows <= 16)
    active[matrix.argmax(axis=0)] = True  # every output is covered, so that all divergences are finite
    rows = np.flatnonzero(active)
    dropped = np.zeros(n_rows, dtype=bool)  # a row is dropped once; if it comes back it stays: no cycling
    p = np.full(rows.size, 1.0 / rows.size)
    best_p, best_q, lower, upper, n_iter, n_passes, _ = first._replace(n_iter=0)
    inner_tol = max(tol / 4, 1e-5)
    for n_passes in range(2, WORKING_SET_ROUNDS + 2):
        steps = min(INTERIOR_POINT_STEPS, max_iter - n_iter)
        p, n_steps, solved = _interior_point(matrix[rows], offsets[rows], p, inner_tol, steps)
        n_iter += n_steps
        if not solved and n_iter < max_iter:  # a warm start may lie where the method goes in circles
            p, steps = np.full(rows.size, 1.0 / rows.size), min(steps, max_iter - n_iter)
            p, n_steps, solved = _interior_point(matrix[rows], offsets[rows], p, inner_tol, steps)
            n_iter += n_steps
        q = _outputs(p, matrix[rows])
        d = offsets - matrix @ np.log(q)
        inner_lower, outer_upper = p @ d[rows], d.max()
        if inner_lower > lower:
            lower, best_p = inner_lower, np.zeros(n_rows)
            best_p[rows] = p
        if outer_upper < upper:
            upper, best_q = outer_upper, q
        target = max(tol, rtol * lower)
        if upper - lower <= target:
            return Solution(best_p, best_q, lower, upper, n_iter, n_passes, True)
        missing = np.flatnonzero(~active & (d > inner_lower + target / 4))
        stuck = missing.size == 0 and inner_tol <= target / 4
        if not solved or stuck or n_iter >= max_iter:
            break
        keep = dropped[rows] | (p >= 1e-2 / rows.size) | (d[rows] >= inner_lower - 10 * inner_tol)
        dropped[rows[~keep]] = True
        active[rows[~keep]] = False
        added = missing[np.argsort(-d[missing], kind="stable")[: max(16, n_columns)]]
        active[added] = True
        start = np.zeros(n_rows)
        start[rows[keep]] = p[keep]
        rows = np.flatnonzero(active)
        p = np.maximum(start[rows], 0.1 / rows.size)
        p /= p.sum()
        inner_tol = max(target / 4, min(inner_tol / 10, 0.05 * (outer_upper - inner_lower)))
    return Solution(best_p, best_q, lower, upper, n_iter, n_passes, False)


def _interior_point(
    matrix: np.ndarray, offsets: np.ndarray, p: np.ndarray, tol: float, max_steps: int
) -> tuple[np.ndarray, int, bool]:
    """Mehrotra's predictor-corrector method for ``max I(p)`` over the simplex.

    Stationarity is ``divergences + z = nu`` with slacks z >= 0 and complementarity ``p z = mu -> 0``. The
    Hessian of the information is ``-B B'`` with ``B = W diag(q)^(-1/2)``.
    """
    n, nu = p.size, 0.0
    z = np.zeros(n)
    for step in range(max_steps + 1):
        q = _outputs(p, matrix)
        d = offsets - matrix @ np.log(q)
        lower, upper = p @ d, d.max()
        if upper - lower <= tol:
            return p, step, True
        if step == max_steps:
            break
        if step == 0:
            nu = upper + max(0.1 * (upper - lower), tol)
            z = nu - d
        b = matrix / np.sqrt(q)
        system = b @ b.T + np.diag(z / p)
        mu = p @ z / n
        try:
            factor = np.linalg.cholesky(system)
        except np.linalg.LinAlgError:
            return p, step, False

        def solve(right: np.ndarray, factor: np.ndarray = factor, p: np.ndarray = p) -> tuple[np.ndarray, float]:
            """Solve for the change of p, and of nu such that the probabilities go on to sum to 1."""
            both = np.linalg.solve(factor.T, np.linalg.solve(factor, np.stack([right, np.ones(n)], axis=1)))
            d_nu = (both[:, 0].sum() - (1 - p.sum())) / both[:, 1].sum()
            return both[:, 0] - d_nu * both[:, 1], d_nu

        residual = nu - d - z
        dp, d_nu = solve(-residual - z)
        dz = -z - z * dp / p
        affine = _step_length(p, dp, z, dz, 1.0)
        mu_affine = (p + affine * dp) @ (z + affine * dz) / n
        # A second-order correction taken from a step that hardly goes anywhere would send the method in circles.
        centre = mu * (mu_affine / mu) ** 3 - affine * dp * dz
        dp, d_nu = solve(-residual - z + centre / p)
        dz = (centre - z * dp) / p - z
        length = _step_length(p, dp, z, dz, float(np.clip(1 - mu, 0.9, 0.9995)))
        if not length > 1e-12:
            return p, step, False
        p, z, nu = p + length * dp, z + length * dz, nu + length * d_nu
        p = p / p.sum()
    return p, max_steps, False


def _step_length(p: np.ndarray, dp: np.ndarray, z: np.ndarray, dz: np.ndarray, fraction: float) -> float:
    """Return the part of the step, at most 1, that keeps p and z positive."""
    values, changes = np.concatenate([p, z]), np.concatenate([dp, dz])
    falling = changes < 0
    if not falling.any():
        return 1.0
    return float(min(1.0, fraction * (-values[falling] / changes[falling]).min()))


def certificate(matrix: Matrix, offsets: np.ndarray, p: np.ndarray, q: np.ndarray) -> Certificate:
    """Return I(p) plainly, and I(p) and ``max_x D(row || q)`` moved outward by a bound on their rounding error.

    The one kernel that takes CSR as well as dense matrices.
    """
    reached = np.asarray(matrix.max(axis=0).toarray() if sparse.issparse(matrix) else matrix.max(axis=0)) > 0
    width = np.diff(matrix.indptr).max() * 128 if sparse.issparse(matrix) else matrix.shape[1]
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

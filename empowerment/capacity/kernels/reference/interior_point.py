"""Column generation over working sets of rows, solved by an interior-point method."""

from __future__ import annotations

import contextlib
import math
from typing import Any, NamedTuple

import numpy as np
from scipy import linalg

from empowerment.capacity.kernels import (
    COSTLY,
    DIRECT,
    INTERIOR_POINT_STEPS,
    LOOSE,
    MARGIN,
    NEAR,
    NOT_REACHED,
    RESTARTED,
    TIGHT,
    UNUSED,
    WORKING_SET_ROUNDS,
    Solution,
)
from empowerment.capacity.kernels.reference.iterations import blahut_arimoto, outputs


def working_set(matrix: np.ndarray, offsets: np.ndarray, tol: float, rtol: float, max_iter: int) -> Solution:
    """Solve few rows by an interior-point method, price all rows and exchange rows until no divergence is too large.

    Column generation on Kemperman's min-max form: an optimum needs no more rows than there are columns, and one pass
    over the full matrix certifies it (the largest divergence of any row is the upper end). As long as rows are added
    a working set is solved no more exactly than the next one needs; once none is, the method goes on where it is.
    """
    n_rows, n_columns = matrix.shape
    uniform = np.full(n_rows, 1.0 / n_rows)
    first = blahut_arimoto(matrix, offsets, uniform, tol, rtol, 1)
    if first.rung == DIRECT:  # the exit of all weakly symmetric channels
        return first._replace(n_iter=0)
    active = np.full(n_rows, n_rows <= 16)
    active[matrix.argmax(axis=0)] = True  # every output has positive probability, so all divergences are finite
    rows = np.flatnonzero(active)
    dropped = np.zeros(n_rows, dtype=bool)  # a row is dropped at most once, which prevents cycling
    state = _start(np.full(rows.size, 1.0 / rows.size))
    best_p, best_q, lower, upper, n_iter, n_passes, _ = first._replace(n_iter=0)
    costly, rung = rows.size**2 > COSTLY * n_rows, DIRECT
    first_tol, fall, share, last_fall = LOOSE if costly else TIGHT
    inner_tol = max(tol / 4, first_tol * (upper - lower) if costly else first_tol)
    if rows.size == n_rows:
        inner_tol = max(tol, rtol * lower) / 4
    for n_passes in range(2, WORKING_SET_ROUNDS + 2):
        steps = min(INTERIOR_POINT_STEPS, max_iter - n_iter)
        state, n_steps, solved = _interior_point(matrix[rows], offsets[rows], state, inner_tol, steps)
        n_iter += n_steps
        if not solved and n_iter < max_iter:  # from a warm start the method may cycle
            state, steps, rung = _start(np.full(rows.size, 1.0 / rows.size)), min(steps, max_iter - n_iter), RESTARTED
            state, n_steps, solved = _interior_point(matrix[rows], offsets[rows], state, inner_tol, steps)
            n_iter += n_steps
        p = state.p
        q = outputs(p, matrix[rows])
        d = offsets - matrix @ np.log(q)
        inner_lower, outer_upper = p @ d[rows], d.max()
        if inner_lower > lower:
            lower, best_p = inner_lower, np.zeros(n_rows)
            best_p[rows] = p
        if outer_upper < upper:
            upper, best_q = outer_upper, q
        target = max(tol, rtol * lower)
        if upper - lower <= target:
            return Solution(best_p, best_q, lower, upper, n_iter, n_passes, rung)
        missing = np.flatnonzero(~active & (d > inner_lower + target / 4))
        gap, stuck = outer_upper - inner_lower, missing.size == 0 and inner_tol <= target / 4
        if not solved or stuck or n_iter >= max_iter:
            break
        hopeless = inner_lower - MARGIN * math.sqrt(inner_tol)
        keep = dropped[rows] | (p >= UNUSED / rows.size) | (d[rows] >= hopeless)
        dropped[rows[~keep]] = True
        active[rows[~keep]] = False
        if missing.size and costly and gap <= inner_tol:
            missing = np.flatnonzero(~active & (d > inner_lower - NEAR * inner_tol))
        # Once the missing rows matter less than the tolerance, nothing is gained by adding them step by step.
        following = inner_tol / last_fall if gap <= inner_tol else min(inner_tol / fall, share * gap)
        inner_tol = max(target / 4, following)
        if missing.size == 0:
            rows, state = rows[keep], _State(p[keep] / p[keep].sum(), state.z[keep], state.nu)
            continue
        added = missing[np.argsort(-d[missing], kind="stable")[: max(16, n_columns)]]
        active[added] = True
        start = np.zeros(n_rows)
        start[rows[keep]] = p[keep]
        rows = np.flatnonzero(active)
        p = np.maximum(start[rows], 0.1 / rows.size)
        state = _start(p / p.sum())
    return Solution(best_p, best_q, lower, upper, n_iter, n_passes, NOT_REACHED)


class _State(NamedTuple):
    """The state of the method: p, the slacks z and the multiplier nu, infinite before the first step."""

    p: np.ndarray
    z: np.ndarray
    nu: float


def _start(p: np.ndarray) -> _State:
    return _State(p, np.zeros(p.size), math.inf)


def _interior_point(
    matrix: np.ndarray, offsets: np.ndarray, state: _State, tol: float, max_steps: int
) -> tuple[_State, int, bool]:
    """Run Mehrotra's predictor-corrector method for ``max I(p)`` over the simplex.

    Stationarity is ``divergences + z = nu`` with slacks z >= 0 and complementarity ``p z = mu -> 0``. The
    Hessian of the information is ``-B B'`` with ``B = W diag(q)^(-1/2)``.
    """
    p, z, nu = state
    n = p.size
    for step in range(max_steps + 1):
        q = outputs(p, matrix)
        d = offsets - matrix @ np.log(q)
        lower, upper = p @ d, d.max()
        if upper - lower <= tol:
            return _State(p, z, nu), step, True
        if step == max_steps:
            break
        if nu == math.inf:
            nu = upper + max(0.1 * (upper - lower), tol)
            z = nu - d
        b = matrix / np.sqrt(q)
        factor = _factorised(b @ b.T + np.diag(z / p))
        if factor is None:
            return _State(p, z, nu), step, False
        mu = p @ z / n

        def solve(right: np.ndarray, factor: Any = factor, p: np.ndarray = p) -> tuple[np.ndarray, float]:
            """Solve for the change of p, and for the change of nu that keeps the sum of p at 1."""
            both = linalg.cho_solve(factor, np.stack([right, np.ones(n)], axis=1))
            d_nu = (both[:, 0].sum() - (1 - p.sum())) / both[:, 1].sum()
            return both[:, 0] - d_nu * both[:, 1], d_nu

        residual = nu - d - z
        dp, d_nu = solve(-residual - z)
        dz = -z - z * dp / p
        affine = _step_length(p, dp, z, dz, 1.0)
        mu_affine = (p + affine * dp) @ (z + affine * dz) / n
        # A second-order correction taken from a very short step would make the method cycle.
        centre = mu * (mu_affine / mu) ** 3 - affine * dp * dz
        dp, d_nu = solve(-residual - z + centre / p)
        dz = (centre - z * dp) / p - z
        length = _step_length(p, dp, z, dz, float(np.clip(1 - mu, 0.9, 0.9995)))
        if not length > 1e-12:
            return _State(p, z, nu), step, False
        p, z, nu = p + length * dp, z + length * dz, nu + length * d_nu
        p = p / p.sum()
    return _State(p, z, nu), max_steps, False


def _factorised(system: np.ndarray) -> Any:
    """Return a Cholesky factor, with the least addition to the diagonal that makes one possible, or None."""
    trace = np.trace(system)
    for added in (0.0, 1e-14, 1e-12, 1e-10):
        with contextlib.suppress(linalg.LinAlgError, ValueError):
            return linalg.cho_factor(system + added * trace * np.eye(len(system)), lower=True)
    return None


def _step_length(p: np.ndarray, dp: np.ndarray, z: np.ndarray, dz: np.ndarray, fraction: float) -> float:
    """Return the fraction of the step, at most 1, that keeps p and z positive."""
    values, changes = np.concatenate([p, z]), np.concatenate([dp, dz])
    falling = changes < 0
    if not falling.any():
        return 1.0
    return float(min(1.0, fraction * (-values[falling] / changes[falling]).min()))

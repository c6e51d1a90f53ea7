"""Column generation over working sets of rows, solved by an interior-point method."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np

from empowerment.capacity.kernels import (
    CORRECTOR_GAIN,
    CORRECTOR_RANGE,
    CORRECTOR_REACH,
    CORRECTORS,
    COSTLY,
    DIRECT,
    INTERIOR_POINT_STEPS,
    LARGE,
    LOOSE,
    MARGIN,
    NEAR,
    NOT_REACHED,
    RESTARTED,
    TIGHT,
    UNUSED,
    WHOLE_SHARE,
    WHOLE_UNUSED,
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
    active, costly, whole = _first_rows(matrix)
    rows, unused = np.flatnonzero(active), WHOLE_UNUSED if whole else UNUSED
    dropped = np.zeros(n_rows, dtype=bool)  # a row is dropped at most once, which prevents cycling
    state = _start(np.full(rows.size, 1.0 / rows.size))
    best_p, best_q, lower, upper, n_iter, n_passes, rung = first._replace(n_iter=0, rung=DIRECT)
    first_tol, fall, share, last_fall = LOOSE if costly else TIGHT
    inner_tol = max(tol / 4, first_tol * (upper - lower) if costly else first_tol)
    if rows.size == n_rows and not whole:
        inner_tol = max(tol, rtol * lower) / 4
    for n_passes in range(2, WORKING_SET_ROUNDS + 2):
        steps = min(INTERIOR_POINT_STEPS, max_iter - n_iter)
        by_rows, n_correctors = rows.size < max(LARGE, n_columns + 1), CORRECTORS if costly else 0
        part = matrix[rows], offsets[rows]
        state, n_steps, solved = _interior_point(*part, state, inner_tol, steps, by_rows, n_correctors)
        n_iter += n_steps
        if not solved and n_iter < max_iter:  # from a warm start the method may cycle
            state, steps, rung = _start(np.full(rows.size, 1.0 / rows.size)), min(steps, max_iter - n_iter), RESTARTED
            state, n_steps, solved = _interior_point(*part, state, inner_tol, steps, True, n_correctors)
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
        keep = dropped[rows] | (p >= unused / rows.size) | (d[rows] >= hopeless)
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


def _first_rows(matrix: np.ndarray) -> tuple[np.ndarray, bool, bool]:
    """Return which rows the first working set has, whether it is costly, and whether it has all rows at once."""
    n_rows = len(matrix)
    active = np.full(n_rows, n_rows <= 16)
    active[matrix.argmax(axis=0)] = True  # every output has positive probability, so all divergences are finite
    count = int(np.count_nonzero(active))
    costly = count**2 > COSTLY * n_rows
    whole = costly and n_rows >= LARGE and count >= WHOLE_SHARE * n_rows
    return active | whole, costly, whole


_Solver: TypeAlias = Callable[[np.ndarray], np.ndarray]


class _State(NamedTuple):
    """The state of the method: p, the slacks z and the multiplier nu, infinite before the first step."""

    p: np.ndarray
    z: np.ndarray
    nu: float


def _start(p: np.ndarray) -> _State:
    return _State(p, np.zeros(p.size), math.inf)


def _interior_point(
    matrix: np.ndarray,
    offsets: np.ndarray,
    state: _State,
    tol: float,
    max_steps: int,
    by_rows: bool,
    n_correctors: int,
) -> tuple[_State, int, bool]:
    """Run Mehrotra's predictor-corrector method for ``max I(p)`` over the simplex.

    Stationarity is ``divergences + z = nu`` with slacks z >= 0 and complementarity ``p z = mu -> 0``. The
    Hessian of the information is ``-B B'`` with ``B = W diag(q)^(-1/2)``. Gondzio's correctors make more of each
    factorisation, where that is what costs.
    """
    p, z, nu = state
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
        solve = _hessian_solver(matrix / np.sqrt(q), z / p, by_rows)
        if solve is None:
            return _State(p, z, nu), step, False
        mu = p @ z / p.size
        dp, dz, d_nu = _direction(solve, d, _State(p, z, nu), mu, n_correctors)
        length = _step_length(p, dp, z, dz, float(np.clip(1 - mu, 0.9, 0.9995)))
        if not length > 1e-12:
            return _State(p, z, nu), step, False
        p, z, nu = p + length * dp, z + length * dz, nu + length * d_nu
        p = p / p.sum()
    return _State(p, z, nu), max_steps, False


def _direction(solve: _Solver, d: np.ndarray, state: _State, mu: float, n_correctors: int) -> _State:
    """Return the changes of p, z and nu: Mehrotra's direction, then Gondzio's corrections while they lengthen it."""
    p, z, nu = state
    ones, missing = solve(np.ones(p.size)), 1 - p.sum()

    def towards(centre: np.ndarray | float) -> _State:
        """Solve for products ``p z`` that add up to `centre` with their changes, and for a sum of p of 1."""
        dp = solve(d - nu + centre / p)  # the residual nu - d - z cancels the slack
        d_nu = (dp.sum() - missing) / ones.sum()
        dp = dp - d_nu * ones
        return _State(dp, (centre - z * dp) / p - z, d_nu)

    dp, dz, _ = towards(0.0)
    affine = _step_length(p, dp, z, dz, 1.0)
    target = mu * ((p + affine * dp) @ (z + affine * dz) / p.size / mu) ** 3
    # A second-order correction taken from a very short step would make the method cycle.
    centre = target - affine * dp * dz
    best = towards(centre)
    length = _step_length(p, best.p, z, best.z, 1.0)
    for _ in range(n_correctors):
        reach = min(1.0, length + CORRECTOR_REACH)
        products = (p + reach * best.p) * (z + reach * best.z)
        wanted = np.clip(products, target / CORRECTOR_RANGE, target * CORRECTOR_RANGE)
        centre = centre + np.maximum(wanted - products, -target * CORRECTOR_RANGE)
        corrected = towards(centre)
        longer = _step_length(p, corrected.p, z, corrected.z, 1.0)
        if longer < length + CORRECTOR_GAIN:
            break
        best, length = corrected, longer
    return best


def _hessian_solver(b: np.ndarray, diagonal: np.ndarray, by_rows: bool) -> _Solver | None:
    """Return the solver of ``(B B' + diag(d)) x = right``, or None if there is no factor.

    Else than by rows, ``I + B' diag(1/d) B`` is factorised instead (Woodbury's identity).
    """
    if by_rows:
        factor = _factorised(b @ b.T + np.diag(diagonal))
        return None if factor is None else partial(_substituted, factor)
    scaled = b.T / np.sqrt(diagonal)
    factor = _factorised(scaled @ scaled.T + np.eye(len(scaled)))
    if factor is None:
        return None
    return lambda right: (right - b @ _substituted(factor, b.T @ (right / diagonal))) / diagonal


def _factorised(system: np.ndarray) -> np.ndarray | None:
    """Return a Cholesky factor, with the least addition to the diagonal that makes one possible, or None."""
    trace = np.trace(system)
    for added in (0.0, 1e-14, 1e-12, 1e-10):
        with contextlib.suppress(np.linalg.LinAlgError):
            factor = np.linalg.cholesky(system + added * trace * np.eye(len(system)))
            if np.isfinite(factor).all():
                return factor
    return None


def _substituted(factor: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the solution of the system with a Cholesky factor."""
    return np.linalg.solve(factor.T, np.linalg.solve(factor, right))


def _step_length(p: np.ndarray, dp: np.ndarray, z: np.ndarray, dz: np.ndarray, fraction: float) -> float:
    """Return the fraction of the step, at most 1, that keeps p and z positive."""
    values, changes = np.concatenate([p, z]), np.concatenate([dp, dz])
    falling = changes < 0
    if not falling.any():
        return 1.0
    return float(min(1.0, fraction * (-values[falling] / changes[falling]).min()))

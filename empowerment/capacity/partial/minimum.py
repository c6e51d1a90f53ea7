"""The completion of the smallest capacity: a convex program, and an interior-point method for it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from empowerment.capacity.convex import convex_library, solve_at_accuracies
from empowerment.capacity.partial.completions import CompletedMinimum, Completions, certificate

# Slack below this, or a thousandth of the tolerance, is ignored by the search, never by the certificate.
_NO_SLACK = 1e-13
# Fraction of the longest step to take.
_TO_THE_BOUND = 0.99
# After this many steps without a narrower interval only rounding is left.
_PATIENCE = 20
# What Clarabel is asked for, the next where it gives up.
_ACCURACIES = (1e-12, 1e-10, 1e-8)


def minimum_capacity(among: Completions, tol: float, max_iter: int) -> CompletedMinimum:
    """Return the completion of the smallest capacity, by a primal-dual interior-point method.

    The smallest capacity is the value of the convex program "minimise t over completions W, output distributions
    q and t, so that ``D(W_x || q) <= t`` for every x": the capacity is the least largest divergence from any q
    (Kemperman 1974), and the divergence is convex in both its arguments together. The multipliers of the
    inequalities are the input distribution.

    Parameters
    ----------
    among : Completions
        Each output must be possible for some input.
    tol : float
        Tolerated width of the interval, in nats.
    max_iter : int
        Limit on the number of steps.

    Returns
    -------
    CompletedMinimum
        The narrowest interval; it may be wider than `tol`.

    References
    ----------
    Kemperman (1974), "On the Shannon capacity of an arbitrary channel".
    Mehrotra (1992), "On the implementation of a primal-dual interior point method".
    """
    program = _Program(among, max(_NO_SLACK, 1e-3 * tol))
    x = program.start()
    best, since = certificate(among, x.p, _common_row(among, x.q)), 0
    for n_iter in range(1, max_iter + 1):
        if best.upper - best.lower <= tol or since >= _PATIENCE:
            break
        try:
            with np.errstate(all="ignore"):  # a step that overflows ends the search below
                x = program.advance(x)
        except np.linalg.LinAlgError:
            break
        if not all(np.isfinite(part).all() for part in x):
            break
        certified = certificate(among, x.p, x.q, n_iter)
        narrower = certified.upper - certified.lower < best.upper - best.lower
        best, since = (certified, 0) if narrower else (best._replace(n_iter=n_iter), since + 1)
    return best


def _common_row(among: Completions, otherwise: np.ndarray) -> np.ndarray:
    """Return a common completion of all rows, if there is one: then the minimum is 0."""
    low, high = among.observed.max(axis=0), (among.observed + among.slack).min(axis=0)
    missing, width = 1.0 - low.sum(), (high - low).sum()
    if (low > high).any() or not 0 <= missing <= width:
        return otherwise
    return low + (missing / width if width > 0 else 0.0) * (high - low)


class _Point(NamedTuple):
    """A point or a direction of the interior-point method.

    r, h (the remaining slack) and their multipliers a, b have the shape of the matrix; p is the multiplier of the
    inequalities with slack z, s that of ``q >= 0``, nu that of ``sum q = 1``, and row_nu those of the rows' sums.
    A fixed entry has the placeholders r = 1 and a = 0; one without an upper bound of its own h = 1 and b = 0.
    """

    r: np.ndarray
    h: np.ndarray
    a: np.ndarray
    b: np.ndarray
    p: np.ndarray
    z: np.ndarray
    q: np.ndarray
    s: np.ndarray
    row_nu: np.ndarray
    nu: np.ndarray
    t: np.ndarray

    def moved(self, length: float, by: _Point) -> _Point:
        return _Point(*(x + length * dx for x, dx in zip(self, by, strict=True)))

    def longest(self, by: _Point) -> float:
        """Return the longest step that keeps all positive variables positive, at most just over 1."""
        ratios = (
            -np.min(np.divide(dx, x, out=np.zeros_like(x), where=x > 0))
            for x, dx in zip(self[:8], by[:8], strict=True)
        )
        return 1.0 / max(*ratios, _TO_THE_BOUND)

    def products(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return the complementarity products, which converge to 0."""
        return self.r * self.a, self.h * self.b, self.p * self.z, self.q * self.s


class _Program:
    """The convex program of the smallest capacity, and one step of the interior-point method on it."""

    def __init__(self, among: Completions, no_slack: float = _NO_SLACK) -> None:
        slack = np.where(among.slack > no_slack, among.slack, 0.0)
        fixed = among._replace(slack=slack).fixed_rows
        self.observed = among.observed + np.where(fixed[:, None], slack, 0.0)
        self.slack = np.where(fixed[:, None], 0.0, slack)
        self.residual = np.where(fixed, 0.0, among.residual)
        self.free = self.slack > 0
        self.capped = self.free & (self.slack < self.residual[:, None])
        self.total = self.observed.sum(axis=1) + self.residual
        self.n_products = sum(self.slack.shape) + int(self.free.sum()) + int(self.capped.sum())

    def matrix(self, r: np.ndarray) -> np.ndarray:
        return self.observed + np.where(self.free, r, 0.0)

    def start(self) -> _Point:
        n_rows, n_columns = self.slack.shape
        total_slack = self.slack.sum(axis=1)
        share = self.residual / np.where(total_slack > 0, total_slack, 1.0)
        r = np.where(self.free, self.slack * share[:, None], 1.0)
        h = np.where(self.capped, self.slack - r, 1.0)
        W = self.matrix(r)
        q = np.maximum(W.mean(axis=0), _NO_SLACK)
        q /= q.sum()
        divergences = (W * _logs(W, q)).sum(axis=1)
        spread = 0.1 * max(float(np.ptp(divergences)), 0.01)
        mu = spread / n_rows
        return _Point(
            r=r,
            h=h,
            a=np.where(self.free, mu / r, 0.0),
            b=np.where(self.capped, mu / h, 0.0),
            p=np.full(n_rows, 1.0 / n_rows),
            z=divergences.max() + spread - divergences,
            q=q,
            s=mu / q,
            row_nu=np.zeros(n_rows),
            nu=np.array(1.0 + mu * n_columns),
            t=np.array(divergences.max() + spread),
        )

    def advance(self, x: _Point) -> _Point:
        """Take one predictor-corrector step."""
        newton = _Newton(self, x)
        products = x.products()
        mean = sum(float(part.sum()) for part in products) / self.n_products
        ahead = newton.direction(tuple(-part for part in products))
        length = min(1.0, x.longest(ahead))
        reached = sum(float(part.sum()) for part in x.moved(length, ahead).products()) / self.n_products
        target = max(min(1.0, (reached / mean) ** 3) * mean, 1e-18)
        # The second-order error of the predictor is scaled by its step length.
        cross = ahead.products()
        masks: tuple[Any, ...] = (self.free, self.capped, True, True)
        changes = (
            np.where(mask, target - part - length * error, 0.0)
            for mask, part, error in zip(masks, products, cross, strict=True)
        )
        step = newton.direction(tuple(changes))
        return x.moved(min(1.0, _TO_THE_BOUND * x.longest(step)), step)


def _logs(W: np.ndarray, q: np.ndarray) -> np.ndarray:
    return np.log(np.where(W > 0, W, 1.0) / np.where(W > 0, q, 1.0))


class _Newton:
    """Newton's equations at one point, reduced to the outputs: the entries of each row are eliminated first.

    ``D`` are the weights of the entries of a row; means over a row use them.
    """

    def __init__(self, program: _Program, x: _Point) -> None:
        self.x, self.free = x, program.free
        self.W = W = program.matrix(x.r)
        logs = _logs(W, x.q)
        p = x.p[:, None]
        bend = p / np.where(self.free, W, 1.0) + x.a / x.r + x.b / x.h
        self.D = np.where(self.free, 1.0 / bend, 0.0)
        weight = self.D.sum(axis=1, keepdims=True)
        self.weight = np.where(weight > 0, weight, 1.0)
        self.log_means = self.means(logs)
        self.centred = np.where(self.free, logs - self.log_means, 0.0)
        self.V = W - p * self.D * self.centred
        self.G = 1.0 / ((self.D * self.centred**2).sum(axis=1) + x.z / x.p)
        # Residuals of the equations.
        self.stationary = np.where(self.free, p * logs - x.a + x.b - x.row_nu[:, None], 0.0)
        self.missing = program.total - W.sum(axis=1)
        self.balance = (x.nu - x.s) * x.q - x.p @ W
        self.excess = (W * logs).sum(axis=1) + x.z - x.t
        self.system = self._system()

    def means(self, values: np.ndarray) -> np.ndarray:
        return (self.D * values).sum(axis=1, keepdims=True) / self.weight

    def _system(self) -> np.ndarray:
        x, n = self.x, self.x.q.size
        weighted = x.p[:, None] * self.D
        ridges = weighted / np.sqrt(self.weight)
        system = np.zeros((n + 2, n + 2))
        system[:n, :n] = ridges.T @ ridges + (self.V.T * self.G) @ self.V
        system[range(n), range(n)] += x.p @ self.W + x.s * x.q - x.p @ weighted
        system[:n, n] = system[n, :n] = self.G @ self.V
        system[n, n] = self.G.sum()
        system[:n, n + 1] = system[n + 1, :n] = x.q
        return system

    def direction(self, products: tuple[np.ndarray, ...]) -> _Point:
        """Return the direction in which the four products change by the given amounts, to first order."""
        x = self.x
        of_r, of_h, of_p, of_q = products
        g = np.where(self.free, -self.stationary + of_r / x.r - of_h / x.h, 0.0)
        shift = self.D * (np.where(self.free, g - self.means(g), 0.0) + self.missing[:, None] / self.weight)
        e = self.excess + of_p / x.p + self.missing * (1 + self.log_means[:, 0]) + (self.D * self.centred * g).sum(1)
        right = np.concatenate(
            [
                of_q - self.balance + x.p @ shift + (self.G * e) @ self.V,
                [x.p.sum() - 1 + self.G @ e, 1 - x.q.sum()],
            ]
        )
        solved = _solve(self.system, right)
        u, dt, dnu = solved[:-2], solved[-2], solved[-1]
        dp = self.G * (e - self.V @ u - dt)
        target = np.where(self.free, x.p[:, None] * u, 0.0)
        dr = self.D * (target - self.means(target) - self.centred * dp[:, None]) + shift
        forced = self.missing - (self.D * (target + g)).sum(axis=1) + self.weight[:, 0] * self.log_means[:, 0] * dp
        return _Point(
            r=dr,
            h=-dr * (x.b > 0),
            a=(of_r - x.a * dr) / x.r,
            b=(of_h + x.b * dr) / x.h,
            p=dp,
            z=(of_p - x.z * dp) / x.p,
            q=x.q * u,
            s=of_q / x.q - x.s * u,
            row_nu=forced / self.weight[:, 0],
            nu=np.asarray(dnu),
            t=np.asarray(dt),
        )


def _solve(system: np.ndarray, right: np.ndarray) -> np.ndarray:
    try:
        return np.linalg.solve(system, right)
    except np.linalg.LinAlgError:
        scale = 1e-14 * np.abs(np.diag(system)).max()
        return np.linalg.solve(system + scale * np.eye(len(system)), right)


def minimum_by_cvxpy(among: Completions) -> CompletedMinimum:
    """Return the same by a general convex solver, proved in the same way from the p and q it finds.

    Where the solver finds nothing, the interval is what the starting point of the other method proves.
    """
    cvxpy = convex_library('method="convex"')
    residue = cvxpy.Variable(among.slack.shape, nonneg=True)
    q, t = cvxpy.Variable((1, among.slack.shape[1]), nonneg=True), cvxpy.Variable()
    divergences = cvxpy.sum(cvxpy.rel_entr(among.observed + residue, np.ones((len(among.slack), 1)) @ q), axis=1)
    bounded = divergences <= t
    filled = cvxpy.sum(residue, axis=1) == among.residual
    problem = cvxpy.Problem(cvxpy.Minimize(t), [bounded, filled, residue <= among.slack, cvxpy.sum(q) == 1])
    start = _Program(among).start()
    best = certificate(among, start.p, start.q)
    for status in solve_at_accuracies(problem, _ACCURACIES):
        if q.value is None or not np.isfinite(q.value).all() or not (bounded.dual_value > 0).any():
            continue
        p = np.maximum(bounded.dual_value, 0.0)
        certified = certificate(among, p, np.maximum(q.value[0], _NO_SLACK), int(problem.solver_stats.num_iters))
        best = min(best, certified, key=lambda each: each.upper - each.lower)
        if status == "optimal":
            break
    return best

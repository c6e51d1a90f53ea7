"""First-order iterations: Blahut-Arimoto, and the same with squared extrapolation."""

from __future__ import annotations

import math

import numpy as np

from empowerment.capacity.kernels import (
    DIRECT,
    NOT_REACHED,
    SQUAREM_FIRST,
    SQUAREM_GROWTH,
    SQUAREM_LEAST,
    TINY,
    Solution,
)


def outputs(p: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return the output distribution, underflow raised to `TINY`."""
    return np.maximum(p @ matrix, TINY)


class _Best:
    """The best of each end seen so far; they may come from different steps."""

    def __init__(self, p: np.ndarray) -> None:
        self.lower, self.upper, self.p, self.q, self.n_iter = -math.inf, math.inf, p, p, 0

    def look(self, matrix: np.ndarray, offsets: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, float]:
        """Make one pass at p: return the divergences and the information, and keep what is better."""
        q = outputs(p, matrix)
        d = offsets - matrix @ np.log(q)
        information, self.n_iter = float(p @ d), self.n_iter + 1
        if information > self.lower:
            self.lower, self.p = information, p
        if d.max() < self.upper:
            self.upper, self.q = float(d.max()), q
        return d, information

    def solution(self, tol: float, rtol: float) -> Solution | None:
        """Return the solution if the interval is narrow enough."""
        if self.upper - self.lower > max(tol, rtol * self.lower):
            return None
        return self.end(DIRECT)

    def end(self, rung: int) -> Solution:
        """Return what there is."""
        return Solution(self.p, self.q, self.lower, self.upper, self.n_iter, self.n_iter, rung)


def blahut_arimoto(
    matrix: np.ndarray, offsets: np.ndarray, p: np.ndarray, tol: float, rtol: float, max_iter: int
) -> Solution:
    """Multiply each input's probability by the exponential of its divergence until the interval is narrow.

    Arimoto (1972) and Blahut (1972).
    """
    best = _Best(p)
    while best.n_iter < max_iter:
        d, _ = best.look(matrix, offsets, p)
        if found := best.solution(tol, rtol):
            return found
        p = p * np.exp(d - d.max())
        p = p / p.sum()
    return best.end(NOT_REACHED)


def squarem(
    matrix: np.ndarray, offsets: np.ndarray, p: np.ndarray, tol: float, rtol: float, max_iter: int
) -> Solution:
    """Extrapolate along two steps of Blahut-Arimoto in the logarithms of p, and check that nothing is lost.

    Varadhan and Roland (2008), scheme S3: with steps r and r + v the extrapolated point is
    ``x + 2 a r + a^2 v``, ``a = |r| / |v|``. It is kept if it carries no less information than the point before
    the second step; otherwise the iteration goes on from the second step, so that it is as monotone as the plain one.
    Norms weigh each input by its probability: an input on its way out moves by the same amount at every step, and
    would make a step without end look straight. A limit on a grows with success and falls with failure.
    """
    best, log_p = _Best(p), np.log(np.maximum(p, TINY))

    def look(log_p: np.ndarray) -> tuple[np.ndarray, float, Solution | None]:
        d, information = best.look(matrix, offsets, np.exp(log_p))
        found = best.solution(tol, rtol)
        return d, information, found or (best.end(NOT_REACHED) if best.n_iter >= max_iter else None)

    d, _, found = look(log_p)
    limit = SQUAREM_FIRST
    while not found:
        once = _normalised(log_p + d)
        d, information, found = look(once)
        if found:
            break
        twice = _normalised(once + d)
        r, v = once - log_p, twice - 2 * once + log_p
        weight = np.exp(twice)
        bend = float(weight @ v**2)
        length = max(min(math.sqrt(weight @ r**2 / bend), limit), 1.0) if bend > 0 else 0.0
        far = _normalised(log_p + 2 * length * r + length**2 * v) if length else twice
        d, extrapolated, found = look(far)
        log_p = far
        if not found and not extrapolated >= information:
            limit, log_p = max(limit / 2, SQUAREM_LEAST), twice
            d, _, found = look(log_p)
        elif length == limit:
            limit *= SQUAREM_GROWTH
    return found


def _normalised(log_p: np.ndarray) -> np.ndarray:
    highest = log_p.max()
    return np.maximum(log_p - highest - math.log(np.exp(log_p - highest).sum()), math.log(TINY))

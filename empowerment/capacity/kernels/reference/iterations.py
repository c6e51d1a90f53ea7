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
    """The best lower and upper ends so far, which may come from different steps."""

    def __init__(self, p: np.ndarray) -> None:
        self.lower, self.upper, self.p, self.q, self.n_iter = -math.inf, math.inf, p, p, 0

    def look(self, matrix: np.ndarray, offsets: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the divergences and the information at p, and keep better ends."""
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
        """Return the best ends so far."""
        return Solution(self.p, self.q, self.lower, self.upper, self.n_iter, self.n_iter, rung)


def blahut_arimoto(
    matrix: np.ndarray, offsets: np.ndarray, p: np.ndarray, tol: float, rtol: float, max_iter: int
) -> Solution:
    """Multiply the probability of each input by the exponential of its divergence until the interval is narrow.

    Arimoto (1972) and Blahut (1972).
    """
    best = _Best(p)
    while best.n_iter < max_iter:
        d, _ = best.look(matrix, offsets, p)
        if solution := best.solution(tol, rtol):
            return solution
        p = p * np.exp(d - d.max())
        p = p / p.sum()
    return best.end(NOT_REACHED)


def squarem(
    matrix: np.ndarray, offsets: np.ndarray, p: np.ndarray, tol: float, rtol: float, max_iter: int
) -> Solution:
    """Extrapolate two steps of Blahut-Arimoto in the logarithms of p, unless the information decreases.

    Varadhan and Roland (2008), scheme S3: with steps r and r + v the extrapolated point is ``x + 2 a r + a^2 v``, ``a
    = |r| / |v|``. It is accepted if its information is no less than that of the point before the second step;
    otherwise the iteration continues from the second step, which keeps it monotone. Norms weigh each input by its
    probability: the logarithm of a vanishing probability moves by the same amount at every step, which would make
    arbitrarily long steps look straight. The limit on a grows with success and shrinks with failure.
    """
    best, log_p = _Best(p), np.log(np.maximum(p, TINY))

    def look(log_p: np.ndarray) -> tuple[np.ndarray, float, Solution | None]:
        d, information = best.look(matrix, offsets, np.exp(log_p))
        solution = best.solution(tol, rtol)
        return d, information, solution or (best.end(NOT_REACHED) if best.n_iter >= max_iter else None)

    d, _, solution = look(log_p)
    limit = SQUAREM_FIRST
    while not solution:
        once = _normalised(log_p + d)
        d, information, solution = look(once)
        if solution:
            break
        twice = _normalised(once + d)
        r, v = once - log_p, twice - 2 * once + log_p
        weight = np.exp(twice)
        bend = float(weight @ v**2)
        length = max(min(math.sqrt(weight @ r**2 / bend), limit), 1.0) if bend > 0 else 0.0
        far = _normalised(log_p + 2 * length * r + length**2 * v) if length else twice
        d, extrapolated, solution = look(far)
        log_p = far
        if not solution and not extrapolated >= information:
            limit, log_p = max(limit / 2, SQUAREM_LEAST), twice
            d, _, solution = look(log_p)
        elif length == limit:
            limit *= SQUAREM_GROWTH
    return solution


def _normalised(log_p: np.ndarray) -> np.ndarray:
    highest = log_p.max()
    return np.maximum(log_p - highest - math.log(np.exp(log_p - highest).sum()), math.log(TINY))

"""Thousands of hard channels: ``python -m benchmarks.stress [COUNT]``; every certificate is recomputed.

Prints how many were left uncertified at 1e-9 and at 1e-11 bits, and how far the ends of 60 certificates are from
their values in 50 digits.
"""

from __future__ import annotations

import sys

import mpmath
import numpy as np

import empowerment as emp
from empowerment.testing import FAMILIES, check_certificate, hard_channel


def draw(count: int, seed: int) -> list[np.ndarray]:
    """Return channels of all families in turn, up to 40 by 30."""
    rng = np.random.default_rng(seed)
    names = list(FAMILIES)
    return [hard_channel(names[i % len(names)], rng, *rng.integers(1, (41, 31))) for i in range(count)]


def in_many_digits(matrix: np.ndarray, result: emp.CapacityResult) -> tuple[float, float]:
    """Return how far the lower and the upper end are from what p and q prove, computed with 50 digits."""
    mpmath.mp.dps = 50
    p = [mpmath.mpf(v) for v in result.input_distribution.tolist()]
    rows = [[mpmath.mpf(w) for w in row] for row in matrix.tolist()]
    total = mpmath.fsum(p)
    p = [v / total for v in p]
    own = [mpmath.fsum(p[x] * rows[x][y] for x in range(len(rows))) for y in range(matrix.shape[1])]
    q = [mpmath.mpf(v) for v in result.output_distribution.tolist()]

    def divergence(row: list[mpmath.mpf], at: list[mpmath.mpf]) -> mpmath.mpf:
        terms = [w * mpmath.log(w / at[y]) for y, w in enumerate(row) if w]
        return mpmath.fsum(terms) - mpmath.fsum(row) + mpmath.fsum(at)

    lower = mpmath.fsum(p[x] * divergence(rows[x], own) for x in range(len(rows)) if p[x]) / mpmath.log(2)
    upper = max(divergence(row, q) for row in rows) / mpmath.log(2)
    return float(lower - mpmath.mpf(float(result.lower))), float(mpmath.mpf(float(result.upper)) - upper)


def main(count: int = 24_000) -> None:
    """Solve, recompute and print."""
    for tol, seed in ((1e-9, 9), (1e-11, 11)):
        batch = draw(count, seed)
        result = emp.channel_capacity(batch, tol=tol, on_failure="ignore")
        wrong = 0
        for i, matrix in enumerate(batch):
            try:
                check_certificate(matrix, result[i])
            except AssertionError as reason:
                wrong += 1
                print(f"channel {i}: {reason}")
        missed = int((~result.converged).sum())
        rungs = {emp.Status(k).name: int(n) for k, n in enumerate(np.bincount(result.status)) if n}
        print(f"{count} channels at {tol:g} bits: {missed} uncertified, {wrong} certificates wrong, {rungs}")
        if tol == 1e-9:
            checked = [in_many_digits(batch[i], result[i]) for i in range(0, count, max(count // 60, 1))][:60]
            slack = np.array(checked)
            print(f"{len(checked)} ends in 50 digits lie inside by {slack.min():.1e} to {slack.max():.1e} bits")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""Local search for rows far from q.

The divergence from q is convex in the row, and so lies above its tangent at any row. The best policy for the tangent,
found by dynamic programming, is at least as far from q as the row of the tangent. Started from policies that aim at
one reading each, and at random payoffs with a fixed seed, such steps converge to local maxima.
"""

from __future__ import annotations

import numpy as np

from empowerment.actuation.box_search.polytope import ReadingPolytope, divergence_terms

STEPS, _DRAWN = 8, 256
_SMALLEST = 1e-15  # zero probabilities are replaced by this before the tangent is taken


def first_rows(polytope: ReadingPolytope) -> np.ndarray:
    """Return the rows of policies that aim at one reading, avoid it, or have random payoffs."""
    aims = np.eye(polytope.n_readings)
    drawn = np.random.default_rng(0).standard_normal((_DRAWN, polytope.n_readings))
    return np.unique(polytope.support(np.concatenate([aims, -aims, drawn]))[1], axis=0)


def ascended(polytope: ReadingPolytope, rows: np.ndarray, q: np.ndarray, steps: int = STEPS) -> np.ndarray:
    """Return the rows that some steps of the search lead to, without repetition."""
    logs = np.log(np.maximum(q, 1e-300))
    for _ in range(steps):
        before, payoffs = rows, np.log(np.maximum(rows, _SMALLEST)) - logs
        rows = np.unique(polytope.support(payoffs)[1], axis=0)
        if np.array_equal(before, rows):
            break
    return rows


def divergences(rows: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return the divergence of each row from q, in nats."""
    return np.asarray(divergence_terms(rows, np.log(np.maximum(q, 1e-300))).sum(axis=1))

"""Cost-optimal lengths of completions, which need no threshold."""

from __future__ import annotations

import numpy as np

from empowerment.text.handoff.gates import Amounts
from empowerment.text.handoff.threshold import Costs

# Savings that differ by less, relative to the cost of writing, are equal: the shorter completion is taken.
_TIE = 1e-12


def lengths(surprisals: Amounts, costs: Costs) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Compute the cost-optimal length from each start, with its interval.

    Parameters
    ----------
    surprisals : Amounts
        Surprisal of each token of a text, in nats.
    costs : Costs

    Returns
    -------
    lower, upper : ndarray of int of shape (n_tokens + 1,)
        The shortest and the longest completion that may be optimal.
    certain, possible : ndarray of int of shape (n_tokens + 1,)
        The completion with the largest guaranteed saving, and the one with the largest possible saving.

    Notes
    -----
    A completion of n tokens whose cumulative surprisal lies in [l, u] saves between ``n (write e^-u - read)`` and ``n
    (write e^-l - read)``. From the first n at which the latter is negative no length saves effort, because cumulative
    surprisals do not decrease.
    """
    n_tokens = len(surprisals.lower)
    found = np.zeros((4, n_tokens + 1), dtype=np.int64)
    for start in range(n_tokens):
        found[:, start] = length(Amounts(surprisals.lower[start:], surprisals.upper[start:]), costs)
    return found[0], found[1], found[2], found[3]


def length(surprisals: Amounts, costs: Costs) -> tuple[int, int, int, int]:
    """Compute the same for the first start alone."""
    window = _within(surprisals.lower, costs.threshold().in_nats + _TIE)
    return _optimum(surprisals.lower[:window], surprisals.upper[:window], costs)


def may_pay(surprisals: Amounts, costs: Costs) -> bool:
    """Return whether a completion that begins with these tokens can still save effort if it continues."""
    return float(surprisals.lower.sum()) <= costs.threshold().in_nats + _TIE


def _within(amounts: np.ndarray, limit: float) -> int:
    """Return how many amounts add up to at most the limit, reading no more of them than needed."""
    size = 64
    while True:
        total = np.cumsum(amounts[:size])
        count = int(np.searchsorted(total, limit, "right"))
        if count < size or size >= len(amounts):
            return count
        size *= 4


def _optimum(lower: np.ndarray, upper: np.ndarray, costs: Costs) -> tuple[int, int, int, int]:
    n = np.arange(len(lower) + 1)
    at_most = n * (costs.write * np.exp(-np.concatenate([[0.0], np.cumsum(lower)])) - costs.read)
    at_least = n * (costs.write * np.exp(-np.concatenate([[0.0], np.cumsum(upper)])) - costs.read)
    tie = _TIE * costs.write * len(n)
    certain, possible = (int(np.flatnonzero(s >= s.max() - tie)[0]) for s in (at_least, at_most))
    candidates = np.flatnonzero(at_most > at_least[certain] + 2 * tie)
    both = np.concatenate([candidates, [certain]])
    return int(both.min()), int(both.max()), certain, possible

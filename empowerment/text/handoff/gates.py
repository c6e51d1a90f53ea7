"""What each gate measures at the positions of a text, with both ends, and how far it lets a completion go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from empowerment.text.handoff.threshold import Threshold
from empowerment.text.token_model import Ends, Position

GATES = ("cumulative", "entropy", "both", "top")
"""What is held against the threshold: the surprisal of the completion, the entropy of each next token, both, or the
min-entropy (-log of the largest probability) of each next token."""

SLACK = 1e-9
"""In nats: an amount this close to the threshold is at the threshold. Sums of logarithms differ by less."""


class Amounts(NamedTuple):
    """Both ends of an amount of information at each position of a text, in nats."""

    lower: np.ndarray
    upper: np.ndarray

    @classmethod
    def of(cls, ends: Sequence[Ends]) -> Amounts:
        """Return the ends as arrays."""
        table = np.array(ends, dtype=np.float64).reshape(len(ends), 2)
        return cls(table[:, 0], table[:, 1])


def surprisals(positions: Sequence[Position]) -> Amounts:
    """Return the surprisal of each token."""
    return Amounts.of([place.surprisal(np.e) for place in positions])


def entropies(positions: Sequence[Position]) -> Amounts:
    """Return the entropy of each next token."""
    return Amounts.of([place.entropy(np.e) for place in positions])


def min_entropies(positions: Sequence[Position]) -> Amounts:
    """Return the min-entropy of each next token."""
    return Amounts.of([place.min_entropy(np.e) for place in positions])


def within(amounts: np.ndarray, threshold: Threshold) -> np.ndarray:
    """Return which amounts the threshold keeps."""
    if threshold.inclusive:
        return amounts <= threshold.in_nats + SLACK
    return amounts < threshold.in_nats - SLACK


def reach_of_sums(amounts: np.ndarray, threshold: Threshold) -> np.ndarray:
    """Return for each start how many amounts can be added up before the threshold is passed.

    Parameters
    ----------
    amounts : ndarray of shape (n_tokens,)
        At least 0; infinite ones are never passed.

    Returns
    -------
    ndarray of int of shape (n_tokens + 1,)
        The last start is the end of the text, where nothing is left.
    """
    n = len(amounts)
    finite = np.isfinite(amounts)
    total = np.concatenate([[0.0], np.cumsum(np.where(finite, amounts, 0.0))])
    starts = np.arange(n + 1)
    if threshold.inclusive:
        last = np.searchsorted(total, total + threshold.in_nats + SLACK, "right") - 1
    else:
        last = np.searchsorted(total, total + threshold.in_nats - SLACK, "left") - 1
    # A sum of nothing is kept by any threshold: the completion is then empty.
    return np.maximum(np.minimum(last, _next_of(~finite)) - starts, 0)


def reach_of_each(amounts: np.ndarray, threshold: Threshold) -> np.ndarray:
    """Return for each start how many amounts follow, each of which the threshold keeps; see `reach_of_sums`."""
    return _next_of(~within(amounts, threshold)) - np.arange(len(amounts) + 1)


def _next_of(marked: np.ndarray) -> np.ndarray:
    """Return for each start the first marked place from there on, the end of the text if there is none."""
    n = len(marked)
    places = np.where(np.concatenate([marked, [True]]), np.arange(n + 1), n)
    return np.minimum.accumulate(places[::-1])[::-1]

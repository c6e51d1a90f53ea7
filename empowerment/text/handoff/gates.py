"""Gates: the amounts that they compare with thresholds, and the lengths that they allow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from empowerment.core import validate
from empowerment.text.ends import Ends
from empowerment.text.handoff.threshold import Costs, Threshold
from empowerment.text.position import Position

GATES = ("cumulative", "entropy", "both", "top")
"""What is held against the threshold: the surprisal of the completion, the entropy of each next token, both, or the
min-entropy (-log of the largest probability) of each next token."""

SLACK = 1e-9
"""In nats: an amount this close to the threshold is at the threshold. Sums of logarithms differ by less."""


def limits(
    rule: Threshold | Costs, gate: str, entropy_threshold: Threshold | None
) -> tuple[tuple[str, Threshold], ...]:
    """Return the gates with their thresholds; with costs there are none.

    Raises
    ------
    TypeError, ValueError
        If the options are no rule and no gate, or contradict each other.
    """
    validate.one_of(gate, GATES, "gate")
    if entropy_threshold is not None and gate != "both":
        raise ValueError(f'entropy_threshold goes with gate="both", but gate is {gate!r}')
    if isinstance(rule, Costs):
        if gate != "cumulative":
            raise ValueError(f"gate is {gate!r}, but costs have no gate: pass a Threshold, or leave gate out")
        return ()
    if not isinstance(rule, Threshold):
        raise TypeError(f"rule is {validate.shown(rule)}, expected a Threshold or Costs, such as Threshold.bits(1)")
    if gate != "both":
        return ((gate, rule),)
    if entropy_threshold is not None:
        validate.instance(entropy_threshold, Threshold, "entropy_threshold")
    return (("cumulative", rule), ("entropy", entropy_threshold or rule))


class Amounts(NamedTuple):
    """Both ends of an amount of information at each position of a text, in nats."""

    lower: np.ndarray
    upper: np.ndarray

    @classmethod
    def of(cls, ends: Sequence[Ends]) -> Amounts:
        """Return the ends as arrays."""
        table = np.array(ends, dtype=np.float64).reshape(len(ends), 2)
        return cls(table[:, 0], table[:, 1])


def amounts_of(positions: Sequence[Position], gate: str) -> Amounts:
    """Return the amount that a gate compares at each position: for "cumulative", the surprisal of its token."""
    return Amounts.of([amount(position, gate) for position in positions])


def amount(position: Position, gate: str) -> Ends:
    """Return the amount that a gate compares at one position, in nats."""
    measure = {"cumulative": position.surprisal, "entropy": position.entropy, "top": position.min_entropy}[gate]
    return measure(np.e)


def within(amounts: np.ndarray | float, threshold: Threshold) -> Any:
    """Return which amounts the threshold allows, or whether it allows a single one."""
    if threshold.inclusive:
        return amounts <= threshold.in_nats + SLACK
    return amounts < threshold.in_nats - SLACK


def reach_of_sums(amounts: np.ndarray, threshold: Threshold) -> np.ndarray:
    """Return for each start how many amounts can be added before the sum exceeds the threshold.

    Parameters
    ----------
    amounts : ndarray of shape (n_tokens,)
        At least 0; an infinite one always exceeds it.

    Returns
    -------
    ndarray of int of shape (n_tokens + 1,)
        The last start is the end of the text, which no amount follows.
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
    """Return for each start how many consecutive amounts the threshold allows; see `reach_of_sums`."""
    return _next_of(~within(amounts, threshold)) - np.arange(len(amounts) + 1)


def _next_of(marked: np.ndarray) -> np.ndarray:
    """Return for each start the first marked index from there on, the end of the text if there is none."""
    n = len(marked)
    positions = np.where(np.concatenate([marked, [True]]), np.arange(n + 1), n)
    return np.minimum.accumulate(positions[::-1])[::-1]

"""Lengths of completions: one pass over the positions of a text answers all starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from empowerment.core import validate
from empowerment.text.handoff import cost_optimal, gates
from empowerment.text.handoff.characters import whole_starts
from empowerment.text.handoff.selection import Selection, Selections, Stop
from empowerment.text.handoff.threshold import Costs, Threshold
from empowerment.text.position import Position
from empowerment.text.tiers import TokenModelError

UNDECIDED = ("stop", "continue", "raise")
"""What to do where a truncated list does not decide whether a token is within the threshold."""

CUTS = ("token", "character")
"""Where a completion may end: after any token, or only where the bytes so far are whole characters."""


def select_all(
    positions: Sequence[Position],
    rule: Threshold | Costs,
    *,
    gate: str = "cumulative",
    entropy_threshold: Threshold | None = None,
    undecided: str = "stop",
    cut: str = "token",
    base: float | str = 2,
) -> Selections:
    """Select the completion from every token of a text on.

    Parameters
    ----------
    positions : sequence of Position
        Positions of a text, as ``model.score("", text)`` returns them. The text ends before the first position
        without a token or with an end-of-text token.
    rule : Threshold or Costs
        With a threshold, the longest completion that the gate allows; with costs, the cost-optimal length.
    gate : {"cumulative", "entropy", "both", "top"}
        Amount that is compared with the threshold: the cumulative surprisal of the completion (the paper's rule
        [1]_), the entropy of each next token, both of these, or the min-entropy of each next token, -log of its
        largest probability, which many products use.
    entropy_threshold : Threshold, optional
        The threshold of the entropy with ``gate="both"``; by default `rule` applies to both.
    undecided : {"stop", "continue", "raise"}
        What to do where the list of probabilities is too short to decide: hand over, continue as long as the
        threshold may be kept, or raise an error. With costs: take the length with the largest guaranteed saving, or
        the one with the largest possible saving.
    cut : {"token", "character"}
        Where a completion may end. Tokens may be parts of characters; with "character" the completion is shortened to
        complete ones.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats: the unit of the amounts in single selections.

    Returns
    -------
    Selections
        One completion for each token, and the empty one at the end of the text.

    Raises
    ------
    ValueError
        If an option is unknown, or with ``undecided="raise"`` where the lists do not decide.

    See Also
    --------
    select : Select the completion from the first token on.
    take_turns : Divide a text between an assistant and a person.
    complete : Apply the rule while a model generates.

    Notes
    -----
    An amount is compared with the threshold up to 1e-9 nats, so that a probability of exactly the threshold is
    recognized whatever the order of summation. The cumulative surprisal never decreases along a text, so the longest
    completion within the threshold ends at the first token that exceeds it, and one cumulative sum serves all starts.

    References
    ----------
    .. [1] "Training LLM Agents to Empower Humans", arXiv:2510.13709, Algorithm 1.

    Examples
    --------
    >>> from empowerment.text import TableModel, Threshold, select_all
    >>> model = TableModel({"": {"a": 0.9, "b": 0.1}, "a": {"a": 0.5, "b": 0.5}})
    >>> select_all(model.score("", "aab"), Threshold.probability(0.25)).value
    array([2, 2, 1, 0])
    """
    options = _Options(rule, gate, entropy_threshold, undecided, cut, validate.base(base))
    return _selections(positions, options)


def select(
    positions: Sequence[Position],
    rule: Threshold | Costs,
    *,
    gate: str = "cumulative",
    entropy_threshold: Threshold | None = None,
    undecided: str = "stop",
    cut: str = "token",
    base: float | str = 2,
) -> Selection:
    """Select the completion of a text from its first token on.

    Parameters
    ----------
    positions : sequence of Position
        Positions of the text that a person wrote, as ``model.score(prefix, text)`` returns them.
    rule : Threshold or Costs
        With a threshold, the longest completion that the gate allows; with costs, the cost-optimal length.
    gate : {"cumulative", "entropy", "both", "top"}
        See :func:`select_all`.
    entropy_threshold : Threshold, optional
        See :func:`select_all`.
    undecided : {"stop", "continue", "raise"}
        See :func:`select_all`.
    cut : {"token", "character"}
        See :func:`select_all`.
    base : float
        See :func:`select_all`.

    Returns
    -------
    Selection
        The completion, and why it ends where it does.

    Raises
    ------
    ValueError
        If an option is unknown, or with ``undecided="raise"`` if the lists do not decide this completion.

    See Also
    --------
    select_all : Select the completions from all tokens on, in one pass.
    complete : Apply the rule while a model generates.

    Examples
    --------
    >>> from empowerment.text import TableModel, Threshold, select
    >>> model = TableModel({"": {" for": 0.9, " if": 0.1}, " for": {" i": 0.5, " j": 0.5}})
    >>> select(model.score("", " for i"), Threshold.probability(0.8))
    Selection(1 tokens, ' for', hand over)
    """
    options = _Options(rule, gate, entropy_threshold, undecided, cut, validate.base(base))
    return _selections(positions, options, starts=1)[0]


@dataclass(frozen=True)
class _Options:
    """Options of `select_all`."""

    rule: Threshold | Costs
    gate: str
    entropy_threshold: Threshold | None
    undecided: str
    cut: str
    base: float

    def __post_init__(self) -> None:
        validate.one_of(self.undecided, UNDECIDED, "undecided")
        validate.one_of(self.cut, CUTS, "cut")


def _selections(positions: Sequence[Position], options: _Options, starts: int | None = None) -> Selections:
    """Return all completions; with ``undecided="raise"`` those from the first `starts` tokens must be decided."""
    within_text = _with_tokens(positions)
    reach = _reach(within_text, options)
    if options.undecided == "raise":
        _require_decided(within_text, reach, starts)
    value = reach.possible if options.undecided == "continue" else reach.certain
    lower, upper, status = reach.lower, reach.upper, _status(value, reach)
    if options.cut == "character":
        whole = _at_characters(within_text, value)
        status = np.where(whole < value, Stop.CHARACTER, status)
        value, lower, upper = whole, _at_characters(within_text, lower), _at_characters(within_text, upper)
    return Selections(
        value=value,
        lower=lower,
        upper=upper,
        status=status,
        positions=(*within_text, *positions[len(within_text) : len(within_text) + 1]),
        method="cost-optimal" if isinstance(options.rule, Costs) else options.gate,
        base=options.base,
    )


class _Reach(NamedTuple):
    """Lengths from each start: their lower and upper ends, and the length to take if these differ."""

    lower: np.ndarray
    upper: np.ndarray
    certain: np.ndarray
    possible: np.ndarray


def _with_tokens(positions: Sequence[Position]) -> tuple[Position, ...]:
    """Return the positions up to the end of the text."""
    if not isinstance(positions, list | tuple):
        raise TypeError(
            f"positions is {validate.shown(positions)}, expected a list of Position, as score() returns it"
        )
    for number, position in enumerate(positions):
        validate.instance(position, Position, f"positions[{number}]")
        if position.token is None and position.chosen is not None:
            raise TokenModelError(
                f"the model does not report the bytes of token {number}, so no text can be made of it"
            )
    end = next((i for i, position in enumerate(positions) if not position.token), len(positions))
    return tuple(positions[:end])


def _reach(positions: Sequence[Position], options: _Options) -> _Reach:
    limits = gates.limits(options.rule, options.gate, options.entropy_threshold)
    if isinstance(options.rule, Costs):
        return _Reach(*cost_optimal.lengths(gates.amounts_of(positions, "cumulative"), options.rule))
    ends = [_gate_reach(positions, name, limit) for name, limit in limits]
    lower, upper = np.minimum.reduce([e[0] for e in ends]), np.minimum.reduce([e[1] for e in ends])
    return _Reach(lower, upper, lower, upper)


def _gate_reach(positions: Sequence[Position], gate: str, threshold: Threshold) -> tuple[np.ndarray, np.ndarray]:
    """Return the shortest and the longest length that a gate may allow, for each start."""
    amounts = gates.amounts_of(positions, gate)
    reach = gates.reach_of_sums if gate == "cumulative" else gates.reach_of_each
    return reach(amounts.upper, threshold), reach(amounts.lower, threshold)


def _require_decided(positions: Sequence[Position], reach: _Reach, starts: int | None) -> None:
    asked = (reach.lower < reach.upper)[:starts]
    if asked.any():
        start = int(np.flatnonzero(asked)[0])
        position = positions[start + int(reach.lower[start])]
        raise ValueError(
            f"{asked.sum()} of {len(asked)} completions are undecided, the first from token {start}: it has "
            f"between {reach.lower[start]} and {reach.upper[start]} tokens, since at the first open one there is "
            f'{position!r}; ask the model for longer lists (top=), or choose undecided="stop" or "continue"'
        )


def _status(value: np.ndarray, reach: _Reach) -> np.ndarray:
    left = np.arange(len(value))[::-1]
    undecided = (value < reach.upper) & (reach.lower < reach.upper)
    status = np.where(undecided, Stop.UNDECIDED, Stop.HAND_OVER)
    return np.where(value == left, Stop.END_OF_TEXT, status).astype(np.int64)


def _at_characters(positions: Sequence[Position], lengths: np.ndarray) -> np.ndarray:
    """Return lengths from each start shortened to complete characters."""
    whole = whole_starts([position.token or b"" for position in positions])
    last_whole = np.maximum.accumulate(np.where(whole, np.arange(len(whole)), 0))
    starts = np.arange(len(lengths))
    return np.maximum(last_whole[starts + lengths] - starts, 0)

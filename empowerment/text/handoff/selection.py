"""How far each completion of a text goes before it is handed over: one pass over its positions answers all starts."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from empowerment import validate
from empowerment.text.handoff import cost_optimal, gates
from empowerment.text.handoff.characters import whole_starts
from empowerment.text.handoff.threshold import Costs, Threshold
from empowerment.text.token_model import Ends, Position, TokenModelError

UNDECIDED = ("stop", "continue", "raise")
"""What to do where a truncated list does not tell whether a token is within the threshold."""

CUTS = ("token", "character")
"""Where a completion may end: after any token, or only where the bytes so far are whole characters."""


class Stop(enum.IntEnum):
    """Why a completion ends where it does."""

    HAND_OVER = 0
    END_OF_TEXT = 1
    UNDECIDED = 2
    CHARACTER = 3
    LIMIT = 4

    @property
    def sentence(self) -> str:
        """What the reason means."""
        return _SENTENCES[self]


_SENTENCES = {
    Stop.HAND_OVER: "here the person decides: the next token would pass the threshold, or cost more than it saves",
    Stop.END_OF_TEXT: "the text ends here",
    Stop.UNDECIDED: "the list of probabilities is too short to tell whether the next token is within the threshold",
    Stop.CHARACTER: "the next token within the threshold would end inside a character",
    Stop.LIMIT: "the model was asked for no more tokens",
}


@dataclass(frozen=True, eq=False, repr=False)
class Selection:
    """One completion and why it ends where it does.

    Attributes
    ----------
    value : int
        Its length in tokens.
    lower, upper : int
        Lengths between which the answer lies for whole lists of probabilities; equal where the lists tell enough.
    start : int
        Number of the token that it begins with.
    completion : bytes
        What it says.
    span : tuple of two ints
        Bytes of the text that it covers.
    status : Stop
        Why it ends.
    surprisal : Ends
        Cumulative surprisal of the completion.
    next_entropy, next_surprisal : Ends or None
        Entropy of the next token after it, and surprisal of the token that the text has there; None where there is
        none.
    method : str
        The gate, or ``"cost-optimal"``.
    base : float
        Base of the logarithm of the amounts of information.
    """

    value: int
    lower: int
    upper: int
    start: int
    completion: bytes
    span: tuple[int, int]
    status: Stop
    surprisal: Ends
    next_entropy: Ends | None
    next_surprisal: Ends | None
    method: str
    base: float

    @property
    def gap(self) -> int:
        """How many tokens are undecided."""
        return self.upper - self.lower

    @property
    def converged(self) -> bool:
        """Whether the lists of probabilities decide the length."""
        return self.gap == 0

    @property
    def unit(self) -> str:
        """The unit of the length."""
        return "tokens"

    @property
    def text(self) -> str:
        """The completion as text.

        Raises
        ------
        ValueError
            If it begins or ends inside a character; ``select(..., cut="character")`` does not end there.
        """
        try:
            return self.completion.decode("utf-8")
        except UnicodeDecodeError:
            raise ValueError(
                f"the completion {self.completion!r} begins or ends inside a character; "
                'select(..., cut="character") ends at whole characters'
            ) from None

    def __repr__(self) -> str:
        shown = self.completion.decode("utf-8", errors="backslashreplace")
        length = f"{self.value}" if self.converged else f"{self.value} in [{self.lower}, {self.upper}]"
        return f"Selection({length} tokens, {shown!r}, {self.status.name.lower().replace('_', ' ')})"


@dataclass(frozen=True, eq=False, repr=False)
class Selections:
    """The completions from every token of a text on, and the empty one at its end.

    Sized, iterable and indexed by the number of the first token.

    Attributes
    ----------
    value, lower, upper : ndarray of int of shape (n_tokens + 1,)
        Lengths in tokens, as in :class:`Selection`.
    status : ndarray of int of shape (n_tokens + 1,)
        Why each ends, as numbers of :class:`Stop`.
    positions : tuple of Position
        The positions of the text, one for each token; one more where the distribution after the text is known.
    method : str
        The gate, or ``"cost-optimal"``.
    base : float
        Base of the logarithm of the amounts of information that single selections tell.
    """

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    status: np.ndarray
    positions: tuple[Position, ...]
    method: str
    base: float

    @property
    def gap(self) -> np.ndarray:
        """How many tokens are undecided, for each start."""
        return self.upper - self.lower

    @property
    def converged(self) -> np.ndarray:
        """Whether the lists of probabilities decide the length, for each start."""
        return self.gap == 0

    @property
    def unit(self) -> str:
        """The unit of the lengths."""
        return "tokens"

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Selection]:
        return (self[start] for start in range(len(self)))

    def __getitem__(self, start: int) -> Selection:
        """Return the completion from this token on."""
        start = range(len(self))[start]
        stop = start + int(self.value[start])
        kept = self.positions[start:stop]
        first = self.positions[start].span[0] if start < len(self.positions) else self._end_of_text
        after = self.positions[stop] if stop < len(self.positions) else None
        sums = [place.surprisal(self.base) for place in kept]
        return Selection(
            value=stop - start,
            lower=int(self.lower[start]),
            upper=int(self.upper[start]),
            start=start,
            completion=b"".join(place.token or b"" for place in kept),
            span=(first, kept[-1].span[1] if kept else first),
            status=Stop(int(self.status[start])),
            surprisal=Ends(sum(s.lower for s in sums), sum(s.upper for s in sums)),
            next_entropy=None if after is None else after.entropy(self.base),
            next_surprisal=None if after is None or after.token is None else after.surprisal(self.base),
            method=self.method,
            base=self.base,
        )

    @property
    def _end_of_text(self) -> int:
        return self.positions[-1].span[1] if self.positions else 0

    def to_dataframe(self) -> Any:
        """Return a row for each start: length, its interval, status, and bytes covered.

        Returns
        -------
        pandas.DataFrame
        """
        from empowerment.export import data_frame

        rows = list(self)
        columns = {
            "value": self.value,
            "lower": self.lower,
            "upper": self.upper,
            "status": [row.status.name for row in rows],
            "first_byte": [row.span[0] for row in rows],
            "end_byte": [row.span[1] for row in rows],
        }
        return data_frame(columns, index_name="start")

    def __repr__(self) -> str:
        undecided = int((~self.converged).sum())
        more = f", {undecided} undecided" if undecided else ""
        empty = int((self.value[:-1] == 0).sum())
        mean = self.value[:-1].mean() if len(self) > 1 else 0.0
        return (
            f"Selections({len(self) - 1} tokens, {self.method}: {mean:.3g} tokens a completion on average, "
            f"{empty} empty{more})"
        )


def select_all(
    positions: Sequence[Position],
    rule: Threshold | Costs,
    *,
    gate: str = "cumulative",
    entropy_threshold: Threshold | None = None,
    undecided: str = "stop",
    cut: str = "token",
    base: float = 2,
) -> Selections:
    """Select the completion from every token of a text on, from one pass over its positions.

    Parameters
    ----------
    positions : sequence of Position
        What a model tells of a text, as ``model.score("", text)`` returns it. The text ends before the first
        position without a token or with the empty one, which ends texts.
    rule : Threshold or Costs
        With a threshold, the longest completion that the gate lets pass; with costs, the cost-optimal length.
    gate : {"cumulative", "entropy", "both", "top"}
        What is held against the threshold: the cumulative surprisal of the completion (the paper's rule [1]_), the
        entropy of each next token, both of these, or the min-entropy of each next token, -log of its largest
        probability, by which shipping completers decide.
    entropy_threshold : Threshold, optional
        The threshold of the entropy with ``gate="both"``; by default `rule` serves for both.
    undecided : {"stop", "continue", "raise"}
        What to do where the list of probabilities is too short to decide: hand over, go on as long as it is
        possible that the threshold is kept, or raise. With costs: take the length whose guaranteed saving is
        largest, or the one whose possible saving is.
    cut : {"token", "character"}
        Where a completion may end. Tokens may be parts of characters; with "character" the completion is
        shortened to whole ones.
    base : float
        Base of the logarithm of the amounts that single selections tell.

    Returns
    -------
    Selections
        With one entry for each token and one for the end of the text.

    Raises
    ------
    ValueError
        If an option is unknown, or with ``undecided="raise"`` where the lists do not decide.

    See Also
    --------
    select : The completion of one text from its first token on.

    Notes
    -----
    An amount is compared with the threshold to within 1e-9 nats, so that a probability of exactly the threshold is
    recognised whatever the order of its sums. The cumulative surprisal never falls along a text, so the longest
    completion within the threshold ends at the first token that passes it, and one cumulative sum serves all starts.

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
    places = _with_tokens(positions)
    validate.one_of(undecided, UNDECIDED, "undecided")
    validate.one_of(cut, CUTS, "cut")
    reach = _reach(places, rule, gate, entropy_threshold)
    if undecided == "raise":
        _require_decided(places, reach)
    value, lower, upper = reach.possible if undecided == "continue" else reach.certain, reach.lower, reach.upper
    status = _status(value, reach)
    if cut == "character":
        whole = _at_characters(places, value)
        status = np.where(whole < value, Stop.CHARACTER, status)
        value, lower, upper = whole, _at_characters(places, lower), _at_characters(places, upper)
    after = positions[len(places) : len(places) + 1]
    return Selections(
        value=value,
        lower=lower,
        upper=upper,
        status=status,
        positions=(*places, *after),
        method="cost-optimal" if isinstance(rule, Costs) else gate,
        base=validate.base(base),
    )


def select(positions: Sequence[Position], rule: Threshold | Costs, **options: Any) -> Selection:
    """Select the completion of a text from its first token on.

    Parameters
    ----------
    positions : sequence of Position
        What a model tells of the text that a person wrote, as ``model.score(prefix, text)`` returns it.
    rule : Threshold or Costs
        See :func:`select_all`.
    **options
        `gate`, `entropy_threshold`, `undecided`, `cut` and `base` of :func:`select_all`.

    Returns
    -------
    Selection

    Examples
    --------
    >>> from empowerment.text import TableModel, Threshold, select
    >>> model = TableModel({"": {" for": 0.9, " if": 0.1}, " for": {" i": 0.5, " j": 0.5}})
    >>> select(model.score("", " for i"), Threshold.probability(0.8))
    Selection(1 tokens, ' for', hand over)
    """
    return select_all(positions, rule, **options)[0]


def can_grow(positions: Sequence[Position], rule: Threshold | Costs, **options: Any) -> bool:
    """Return whether the completion that begins these positions may go on beyond them.

    Parameters
    ----------
    positions, rule, **options
        As in :func:`select_all`.
    """
    places = _with_tokens(positions)
    if len(places) < len(positions):  # the text has ended
        return False
    if isinstance(rule, Costs):
        return cost_optimal.may_pay(gates.surprisals(places), rule)
    return select_all(places, rule, **options)[0].value == len(places)


class _Reach(NamedTuple):
    """Lengths from each start: between which ends they lie, and what to take where that is undecided."""

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
    for number, place in enumerate(positions):
        validate.instance(place, Position, f"positions[{number}]")
        if place.token is None and place.chosen is not None:
            raise TokenModelError(
                f"the model does not tell how token {number} is written, so no text can be made of it"
            )
    end = next((i for i, place in enumerate(positions) if not place.token), len(positions))
    return tuple(positions[:end])


def _reach(
    places: Sequence[Position], rule: Threshold | Costs, gate: str, entropy_threshold: Threshold | None
) -> _Reach:
    validate.one_of(gate, gates.GATES, "gate")
    if entropy_threshold is not None and gate != "both":
        raise ValueError(f'entropy_threshold goes with gate="both", but gate is {gate!r}')
    if isinstance(rule, Costs):
        if gate != "cumulative":
            raise ValueError(f"gate is {gate!r}, but costs have no gate: pass a Threshold, or leave gate out")
        return _Reach(*cost_optimal.lengths(gates.surprisals(places), rule))
    if not isinstance(rule, Threshold):
        raise TypeError(f"rule is {validate.shown(rule)}, expected a Threshold or Costs, such as Threshold.bits(1)")
    if entropy_threshold is not None:
        validate.instance(entropy_threshold, Threshold, "entropy_threshold")
    ends = [_gate_reach(places, name, limit) for name, limit in _gates_of(gate, rule, entropy_threshold)]
    lower, upper = np.minimum.reduce([e[0] for e in ends]), np.minimum.reduce([e[1] for e in ends])
    return _Reach(lower, upper, lower, upper)


def _gates_of(gate: str, rule: Threshold, entropy_threshold: Threshold | None) -> list[tuple[str, Threshold]]:
    if gate == "both":
        return [("cumulative", rule), ("entropy", entropy_threshold or rule)]
    return [(gate, rule)]


def _gate_reach(places: Sequence[Position], gate: str, threshold: Threshold) -> tuple[np.ndarray, np.ndarray]:
    """Return the shortest and the longest length that a gate may allow, for each start."""
    if gate == "cumulative":
        amounts, reach = gates.surprisals(places), gates.reach_of_sums
    else:
        amounts = gates.entropies(places) if gate == "entropy" else gates.min_entropies(places)
        reach = gates.reach_of_each
    return reach(amounts.upper, threshold), reach(amounts.lower, threshold)


def _require_decided(places: Sequence[Position], reach: _Reach) -> None:
    undecided = np.flatnonzero(reach.lower < reach.upper)
    if undecided.size:
        start = int(undecided[0])
        place = places[start + int(reach.lower[start])]
        raise ValueError(
            f"{undecided.size} of {len(reach.lower)} completions are undecided, the first from token {start}: it has "
            f"between {reach.lower[start]} and {reach.upper[start]} tokens, since at the first open one there is "
            f'{place!r}; ask the model for longer lists (top=), or choose undecided="stop" or "continue"'
        )


def _status(value: np.ndarray, reach: _Reach) -> np.ndarray:
    left = np.arange(len(value))[::-1]
    undecided = (value < reach.upper) & (reach.lower < reach.upper)
    status = np.where(undecided, Stop.UNDECIDED, Stop.HAND_OVER)
    return np.where(value == left, Stop.END_OF_TEXT, status).astype(np.int64)


def _at_characters(places: Sequence[Position], lengths: np.ndarray) -> np.ndarray:
    """Return lengths from each start shortened to whole characters."""
    whole = whole_starts([place.token or b"" for place in places])
    last_whole = np.maximum.accumulate(np.where(whole, np.arange(len(whole)), 0))
    starts = np.arange(len(lengths))
    return np.maximum(last_whole[starts + lengths] - starts, 0)

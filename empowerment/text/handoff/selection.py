"""Completions, each with the reason for its end and an interval for its length."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from empowerment.core.intervals import unit_name
from empowerment.export.html import fields, interval, table
from empowerment.results.result import Result, Table
from empowerment.text.ends import Ends
from empowerment.text.position import Position


class Stop(enum.IntEnum):
    """Reason why a completion ends where it does; `sentence` explains it.

    See Also
    --------
    Selection : A completion with its reason.

    Examples
    --------
    >>> from empowerment.text import Stop
    >>> Stop.HAND_OVER.name, Stop.HAND_OVER.sentence != ""
    ('HAND_OVER', True)
    """

    HAND_OVER = 0
    END_OF_TEXT = 1
    UNDECIDED = 2
    CHARACTER = 3
    LIMIT = 4

    @property
    def sentence(self) -> str:
        """Explanation of the reason."""
        return _SENTENCES[self]


_SENTENCES = {
    Stop.HAND_OVER: "here the person decides: the next token would pass the threshold, or cost more than it saves",
    Stop.END_OF_TEXT: "the text ends here",
    Stop.UNDECIDED: "the list of probabilities does not decide whether the next token is within the threshold",
    Stop.CHARACTER: "the next token within the threshold would end inside a character",
    Stop.LIMIT: "the model was asked for no more tokens",
}


@dataclass(frozen=True, eq=False, repr=False)
class Selection(Result):
    """Completion with the reason for its end.

    Attributes
    ----------
    value : int
        Its length in tokens.
    lower, upper : int
        Interval that contains the length for complete lists of probabilities; the ends are equal if the lists decide
        it.
    start : int
        Number of its first token.
    completion : bytes
        Its text.
    span : tuple of two ints
        Bytes of the text that it covers.
    status : Stop
        Why it ends.
    surprisal : Ends
        Cumulative surprisal of the completion.
    next_entropy, next_surprisal : Ends or None
        Entropy of the next token after it, and surprisal of the token that the text has there; None if there is none.
    method : str
        The gate, or ``"cost-optimal"``.
    base : float
        Base of the logarithm of the amounts of information.

    See Also
    --------
    select : Select a completion.
    Selections : The completions from every token on.

    Examples
    --------
    >>> from empowerment.text import TableModel, Threshold, select
    >>> model = TableModel({"": {" for": 0.9, " if": 0.1}, " for": {" i": 0.5, " j": 0.5}})
    >>> selection = select(model.score("", " for i"), Threshold.probability(0.8))
    >>> selection.value, selection.text, selection.status.name, selection.converged
    (1, ' for', 'HAND_OVER', True)
    """

    _parts = (Ends, Stop)

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
        """Number of undecided tokens."""
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
            If it begins or ends inside a character; ``select(..., cut="character")`` avoids that.
        """
        try:
            return self.completion.decode("utf-8")
        except UnicodeDecodeError:
            raise ValueError(
                f"the completion {self.completion!r} begins or ends inside a character; "
                'select(..., cut="character") ends at whole characters'
            ) from None

    def _table(self) -> Table:
        """Return the completion as one row."""
        row = {"value": self.value, "lower": self.lower, "upper": self.upper, "status": self.status.name}
        row |= {"first_byte": self.span[0], "end_byte": self.span[1], "completion": self._shown}
        return Table("start", (self.start,), {name: [each] for name, each in row.items()})

    def __repr__(self) -> str:
        return f"Selection({self._length} tokens, {self._shown!r}, {self.status.name.lower().replace('_', ' ')})"

    def _repr_html_(self) -> str:
        unit = unit_name(self.base)
        quantities = {f"surprisal [{unit}]": self.surprisal}
        quantities |= {f"entropy of the next token [{unit}]": self.next_entropy} if self.next_entropy else {}
        quantities |= {f"surprisal of the next token [{unit}]": self.next_surprisal} if self.next_surprisal else {}
        amounts = {name: interval(ends) for name, ends in quantities.items()}
        known = {"completion": repr(self._shown), "tokens": self._length, "why it ends": self.status.sentence}
        return fields(known | amounts, f"Selection ({self.method})")

    @property
    def _shown(self) -> str:
        return self.completion.decode("utf-8", errors="backslashreplace")

    @property
    def _length(self) -> str:
        return f"{self.value}" if self.converged else f"{self.value} in [{self.lower}, {self.upper}]"


@dataclass(frozen=True, eq=False, repr=False)
class Selections(Result):
    """Completions from every token of a text on, and the empty one at its end.

    They are sized, iterable and indexed by the number of the first token.

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
        Base of the logarithm of the amounts in single selections.

    See Also
    --------
    select_all : Select these completions.
    Selection : One of them.

    Examples
    --------
    >>> from empowerment.text import TableModel, Threshold, select_all
    >>> model = TableModel({"": {"a": 0.9, "b": 0.1}, "a": {"a": 0.5, "b": 0.5}})
    >>> selections = select_all(model.score("", "aab"), Threshold.probability(0.25))
    >>> len(selections), selections[1].completion
    (4, b'ab')
    """

    _parts = (Position,)

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    status: np.ndarray
    positions: tuple[Position, ...]
    method: str
    base: float

    @property
    def gap(self) -> np.ndarray:
        """Number of undecided tokens, for each start."""
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
        sums = [position.surprisal(self.base) for position in kept]
        return Selection(
            value=stop - start,
            lower=int(self.lower[start]),
            upper=int(self.upper[start]),
            start=start,
            completion=b"".join(position.token or b"" for position in kept),
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

    def _table(self) -> Table:
        """Return a row for each start: length, its interval, status, and bytes covered."""
        rows = list(self)
        columns = {
            "value": self.value,
            "lower": self.lower,
            "upper": self.upper,
            "status": [row.status.name for row in rows],
            "first_byte": [row.span[0] for row in rows],
            "end_byte": [row.span[1] for row in rows],
        }
        return Table("start", range(len(self)), columns)

    def _repr_html_(self) -> str:
        rows = list(self)
        columns = {
            "token": [repr((position.token or b"").decode(errors="backslashreplace")) for position in self.positions],
            "completion from here": [repr(row._shown) for row in rows],
            "tokens": [row._length for row in rows],
            "why it ends": [row.status.name.lower().replace("_", " ") for row in rows],
        }
        return table({name: column[: len(self) - 1] for name, column in columns.items()}, repr(self))

    def __repr__(self) -> str:
        undecided = int((~self.converged).sum())
        more = f", {undecided} undecided" if undecided else ""
        empty = int((self.value[:-1] == 0).sum())
        mean = self.value[:-1].mean() if len(self) > 1 else 0.0
        return (
            f"Selections({len(self) - 1} tokens, {self.method}: {mean:.3g} tokens a completion on average, "
            f"{empty} empty{more})"
        )

"""Turns: a text divided into what an assistant under the rule completes and what the person writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from empowerment.core import validate
from empowerment.results.result import Result, Table
from empowerment.text.handoff.rendering import html_fragment, html_page
from empowerment.text.handoff.select import select_all
from empowerment.text.handoff.selection import Selection, Selections
from empowerment.text.handoff.threshold import Costs, Threshold
from empowerment.text.position import Position

STRETCHES = ("token", "word", "line")
"""How far the person writes at a hand-over before the assistant may complete again."""


@dataclass(frozen=True, eq=False)
class Turn:
    """Part of a text that one side wrote.

    Attributes
    ----------
    writer : {"assistant", "person"}
        The side.
    text : str
        The text.
    span : tuple of two ints
        Bytes of the whole text that it covers.
    tokens : tuple of two ints
        Number of its first token, and the number after its last.
    selection : Selection
        The completion of the turn; in a turn of the person, the one before it, perhaps empty, which gives the reason
        for handing over.

    See Also
    --------
    Turns : All turns of a text.
    take_turns : Divide a text.

    Examples
    --------
    >>> from empowerment.text import TableModel, Threshold, take_turns
    >>> model = TableModel.from_texts(["for i in x", "for j in x"], order=1, smoothing=0)
    >>> turn = take_turns(model.score("", "for j in x"), Threshold.probability(0.9))[2]
    >>> turn.writer, turn.text, turn.span
    ('assistant', ' in x', (5, 10))
    """

    writer: str
    text: str
    span: tuple[int, int]
    tokens: tuple[int, int]
    selection: Selection


@dataclass(frozen=True, eq=False, repr=False)
class Turns(Result):
    """Turns of a whole text; sized, iterable, indexed by their order.

    Attributes
    ----------
    turns : tuple of Turn
        The turns in the order of the text.
    selections : Selections
        The completion from every token on.
    by : {"token", "word", "line"}
        Unit in which the person writes.

    See Also
    --------
    take_turns : Divide a text.
    empowerment.plotting.plot_turns : Draw the turns.

    Examples
    --------
    >>> from empowerment.text import TableModel, Threshold, take_turns
    >>> model = TableModel.from_texts(["for i in x", "for j in x"], order=1, smoothing=0)
    >>> turns = take_turns(model.score("", "for j in x"), Threshold.probability(0.9))
    >>> len(turns), turns.n_hand_overs, turns.completed
    (3, 2, 0.5)
    """

    _parts = (Turn, Selection, Selections)

    turns: tuple[Turn, ...]
    selections: Selections
    by: str

    def __len__(self) -> int:
        return len(self.turns)

    def __iter__(self) -> Iterator[Turn]:
        return iter(self.turns)

    def __getitem__(self, number: int) -> Turn:
        return self.turns[number]

    @property
    def n_hand_overs(self) -> int:
        """Number of hand-overs to the person."""
        return sum(turn.writer == "person" for turn in self.turns)

    @property
    def completed(self) -> float:
        """Share of the bytes of the text that the assistant completes."""
        total = sum(turn.span[1] - turn.span[0] for turn in self.turns)
        return self._bytes_of("assistant") / total if total else 0.0

    def _bytes_of(self, writer: str) -> int:
        return sum(turn.span[1] - turn.span[0] for turn in self.turns if turn.writer == writer)

    def _table(self) -> Table:
        """Return a row for each turn."""
        columns: dict[str, Any] = {
            "writer": [turn.writer for turn in self.turns],
            "text": [turn.text for turn in self.turns],
            "first_byte": [turn.span[0] for turn in self.turns],
            "end_byte": [turn.span[1] for turn in self.turns],
            "surprisal_lower": [turn.selection.surprisal.lower for turn in self.turns],
            "surprisal_upper": [turn.selection.surprisal.upper for turn in self.turns],
        }
        return Table("turn", range(len(self)), columns)

    def to_html(self) -> str:
        """Return a page that shows the text with its hand-over points.

        Returns
        -------
        str
            HTML.
        """
        return html_page(self)

    def _repr_html_(self) -> str:
        return html_fragment(self)

    def plot(
        self,
        ax: Any = None,
        title: str | None = None,
        vmin: float | None = None,
        vmax: float | None = None,
    ) -> Any:
        """Draw the tokens as a strip; see :func:`empowerment.plotting.plot_turns`.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; a new figure by default.
        title : str, optional
            Title; a summary by default.
        vmin, vmax : float, optional
            Ends of the scale; by default those of the data.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.
        """
        from empowerment.plotting import plot_turns

        return plot_turns(self, ax=ax, title=title, vmin=vmin, vmax=vmax)

    def __repr__(self) -> str:
        return (
            f"Turns({self.n_hand_overs} hand-overs, {self.completed:.1%} of the text completed by the assistant; "
            f"{self.selections.method}, the person writes to the end of the {self.by})"
        )


def take_turns(positions: Sequence[Position], rule: Threshold | Costs, *, by: str = "word", **options: Any) -> Turns:
    """Divide a text into what the rule lets an assistant complete and what the person writes.

    The assistant completes from the beginning as far as the rule allows. Then the person writes to the end of the
    token, word or line, and the assistant continues.

    Parameters
    ----------
    positions : sequence of Position
        Positions of the text, as ``model.score("", text)`` returns them.
    rule : Threshold or Costs
        See :func:`select_all`.
    by : {"token", "word", "line"}
        Unit that the person writes at each hand-over.
    **options
        `gate`, `entropy_threshold`, `undecided` and `base` of :func:`select_all`. Turns end at complete characters.

    Returns
    -------
    Turns
        The turns in the order of the text.

    Raises
    ------
    ValueError
        If an option is unknown, or the text is not UTF-8.

    See Also
    --------
    select_all : Select the completions from all tokens on.
    empowerment.plotting.plot_turns : Draw the turns.

    Examples
    --------
    >>> from empowerment.text import TableModel, Threshold, take_turns
    >>> model = TableModel.from_texts(["for i in x", "for j in x"], order=1, smoothing=0)
    >>> turns = take_turns(model.score("", "for j in x"), Threshold.probability(0.9))
    >>> [(turn.writer, turn.text) for turn in turns]
    [('person', 'for'), ('person', ' j'), ('assistant', ' in x')]
    """
    validate.one_of(by, STRETCHES, "by")
    selections = select_all(positions, rule, cut="character", **options)
    within_text = selections.positions[: len(selections) - 1]
    turns, start = [], 0
    while start < len(within_text):
        found = selections[start]
        stop = start + found.value
        if found.value:
            turns.append(_turn("assistant", within_text, start, stop, found))
        if stop < len(within_text):
            end = _written_to(within_text, stop, by)
            turns.append(_turn("person", within_text, stop, end, found))
            stop = end
        start = stop
    return Turns(tuple(turns), selections, by)


def _turn(writer: str, positions: Sequence[Position], start: int, stop: int, selection: Selection) -> Turn:
    text = b"".join(position.token or b"" for position in positions[start:stop])
    try:
        shown = text.decode("utf-8")
    except UnicodeDecodeError as reason:
        raise ValueError(f"the text has the bytes {text!r}, expected UTF-8: {reason.reason}") from None
    return Turn(writer, shown, (positions[start].span[0], positions[stop - 1].span[1]), (start, stop), selection)


def _written_to(positions: Sequence[Position], start: int, by: str) -> int:
    """Return the token before which the person stops, after at least one token and complete characters."""
    stop = start + 1
    text = positions[start].token or b""
    while stop < len(positions) and not (_is_text(text) and _ends(text, positions[stop].token or b"", by)):
        text += positions[stop].token or b""
        stop += 1
    return stop


def _is_text(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _ends(text: bytes, following: bytes, by: str) -> bool:
    """Return whether a token, word or line ends between what was written and what follows."""
    if by == "token":
        return True
    if by == "line":
        return text.endswith((b"\n", b"\r"))
    last, first = text.decode("utf-8")[-1:], following.decode("utf-8", errors="replace")[:1]
    return not (_in_word(last) and _in_word(first))


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"

"""Probabilities as services in the manner of OpenAI write them, read as positions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from empowerment.text.token_model import LOWEST_LOG, Outcome, Position, TokenModelError

# What a tokenizer shows of a part of a character.
_BROKEN = "\ufffd"
_BYTES = "bytes:"
_NUMBER = "token_id:"


class Entry(NamedTuple):
    """A token and its log-probability, as a service tells them.

    `token` is None if its bytes are not told, `number` if it is not numbered, and `log` if it has no probability.
    """

    token: bytes | None
    number: int | None
    log: float | None

    @property
    def outcome(self) -> Outcome | None:
        """What tells it apart from others."""
        return self.token if self.number is None else self.number


class Row(NamedTuple):
    """What a service tells of one place of a text.

    `own` is the token that is there. With `pure`, `listed` are the most probable tokens and nothing else; otherwise
    the own token may be among them without being one of these.
    """

    own: Entry | None
    listed: tuple[Entry, ...]
    pure: bool


def rows_of(choice: Any) -> list[Row]:
    """Return what a choice of an answer tells of the tokens in it, in either of the two forms there are.

    Raises
    ------
    TokenModelError
        If it tells nothing, or in another form.
    """
    told = choice.get("logprobs") if isinstance(choice, dict) else None
    if not told:
        raise TokenModelError(
            "tells no probabilities (logprobs is missing); with tells='nothing' it is asked for none"
        )
    try:
        if told.get("content") is not None:
            return [_row(each) for each in told["content"]]
        tokens, logs = told["tokens"], told["token_logprobs"]
        lists = told.get("top_logprobs") or [None] * len(tokens)
        return [
            Row(_entry(token, log), tuple(_entry(*pair) for pair in (listed or {}).items()), pure=False)
            for token, log, listed in zip(tokens, logs, lists, strict=True)
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as reason:
        raise TokenModelError(f"tells probabilities in a form that is not known: {reason!r}") from None


def _row(told: dict[str, Any]) -> Row:
    entries = [
        _entry(each["token"], each["logprob"], each.get("id"), each.get("bytes"))
        for each in [told, *(told.get("top_logprobs") or ())]
    ]
    return Row(entries[0], tuple(entries[1:]), pure=True)


def _entry(token: str, log: float | None, number: int | None = None, raw: Sequence[int] | None = None) -> Entry:
    if token.startswith(_NUMBER):
        return Entry(None, int(token[len(_NUMBER) :]), told_log(log))
    return Entry(bytes(raw) if raw is not None else bytes_of(token), number, told_log(log))


def bytes_of(token: str) -> bytes | None:
    """Return the bytes of a token that is written as text; None for a part of a character."""
    if token.startswith(_BYTES):
        return bytes.fromhex(token[len(_BYTES) :].replace("\\x", ""))
    return None if _BROKEN in token else token.encode()


def told_log(log: float | None) -> float | None:
    """Return a log-probability, or None for what stands in the place of one."""
    return None if log is None or not log > LOWEST_LOG else float(log)


def check_probabilities(rows: Sequence[Row], listed: int) -> None:
    """Refuse an answer without probabilities in it.

    Raises
    ------
    TokenModelError
        If every token is said to be certain and nothing is told of any other.
    """

    def certain(row: Row) -> bool:
        others = (each for each in row.listed if row.own is None or each.outcome != row.own.outcome)
        return row.own is not None and row.own.log == 0 and all(each.log is None for each in others)

    if rows and listed > 1 and all(map(certain, rows)):
        raise TokenModelError(
            "writes the log-probability 0 for each token and tells of no other: it accepts to be asked for "
            "probabilities and does not tell them; with tells='nothing' it is asked for none"
        )


def position(
    row: Row, asked: int, *, vocabulary_size: int | None, rounding: float, start: int = 0, named: Sequence[Entry] = ()
) -> Position:
    """Return the distribution that a row tells.

    Parameters
    ----------
    row : Row
    asked : int
        How many of the most probable tokens were asked for.
    vocabulary_size, rounding
        See :class:`Position`.
    start : int
        The byte of the text at which its token begins.
    named : sequence of Entry
        Tokens that were asked for beside these.

    Raises
    ------
    TokenModelError
        If the numbers are no probabilities, or the bytes of the row's own token are not told.
    """
    if row.own is not None and row.own.token is None:
        raise TokenModelError(
            "does not tell the bytes of a token that is a part of a character, as models in this process do"
        )
    told = sorted((each for each in row.listed if each.log is not None), key=_log, reverse=True)
    cap = _cap(told, row, asked)
    known: dict[Outcome, Entry] = {}
    for each in told:
        # Tokens that cannot be told apart stay outside the list, whatever probability they have.
        if each.token is None or each.outcome is None or each.outcome in known:
            cap = max(cap, math.exp(_log(each)))
        else:
            known[each.outcome] = each
    for each in [*named, *([row.own] if row.own is not None else [])]:
        if each.log is not None and each.outcome is not None:
            known.setdefault(each.outcome, each)
    entries = list(known.values())
    own = None if row.own is None else row.own.token
    numbered = bool(entries) and all(each.number is not None for each in entries)
    # A token that is written like a listed one, with another probability, is another token.
    chosen = next((i for i, each in enumerate(entries) if row.own is not None and _same(each, row.own)), None)
    try:
        return Position(
            tuple(each.token or b"" for each in entries),
            np.array([_log(each) for each in entries]),
            ids=np.array([each.number for each in entries]) if numbered else None,
            vocabulary_size=vocabulary_size,
            cap=min(cap, 1.0),
            rounding=rounding,
            token=own,
            chosen=chosen,
            span=(start, start + len(own or b"")),
        )
    except ValueError as reason:
        raise TokenModelError(f"tells what are no probabilities: {reason}") from None


def _cap(told: Sequence[Entry], row: Row, asked: int) -> float:
    """Return the most that a token outside the list can have, given the list in order."""
    if row.pure or len(told) > asked:
        least = told[:asked]
    else:  # the own token may be listed beside fewer than were asked for, and say nothing of others
        least = [each for each in told if row.own is None or each.outcome != row.own.outcome]
    return math.exp(_log(least[-1])) if least else 1.0


def _same(one: Entry, other: Entry) -> bool:
    return one.outcome == other.outcome and other.log is not None and math.isclose(_log(one), other.log, abs_tol=1e-6)


def _log(entry: Entry) -> float:
    assert entry.log is not None
    return entry.log

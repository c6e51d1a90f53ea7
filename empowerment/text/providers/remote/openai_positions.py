"""Positions from the reports of services: list, residual, and identities of tokens."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from empowerment.text.position import Position
from empowerment.text.providers.remote.openai_answers import Entry, Row
from empowerment.text.tiers import TokenModelError
from empowerment.text.token_list import Outcome


def position(
    row: Row, asked: int, *, vocabulary_size: int | None, rounding: float, start: int = 0, named: Sequence[Entry] = ()
) -> Position:
    """Make the position that a row reports.

    Parameters
    ----------
    row : Row
        The report.
    asked : int
        Number of the most probable tokens that were requested.
    vocabulary_size, rounding : int or None, float
        See :class:`Position`.
    start : int
        Byte of the text at which its token begins.
    named : sequence of Entry
        Tokens that were requested by name.

    Raises
    ------
    TokenModelError
        If the numbers are no probabilities.
    """
    listed = _each_once(row)
    reported = [each for each in listed if each.log is not None]
    entries = [*reported, *(each for each in named if each not in reported)]
    chosen = next((i for i, each in enumerate(entries) if _same(each, row.own)), None)
    if chosen is None and row.own is not None and row.own.log is not None:
        chosen = len(entries)
        entries.append(row.own)
    outcomes = _outcomes(entries, row)
    numbers = [each for each in outcomes if isinstance(each, int)]
    numbered = bool(entries) and len(numbers) == len(entries)
    if vocabulary_size is not None and max(numbers, default=0) >= vocabulary_size:
        raise TokenModelError(
            f"reports the token {max(numbers)}, but vocabulary_size is {vocabulary_size}; pass the number of tokens "
            "that the model has, with those that it only reserves"
        )
    own = None if row.own is None or row.after else row.own.token
    try:
        return Position(
            tuple(
                each.token if numbered or outcome is not None else None
                for each, outcome in zip(entries, outcomes, strict=True)
            ),
            np.array([_log(each) for each in entries]),
            ids=np.array(numbers) if numbered else None,
            vocabulary_size=vocabulary_size,
            cap=_cap(reported, row, asked),
            rounding=rounding,
            token=own,
            chosen=None if row.after else chosen,
            span=(start, start + len(own or b"")),
        )
    except ValueError as reason:
        raise TokenModelError(f"reports numbers that are no probabilities: {reason}") from None


def _each_once(row: Row) -> list[Entry]:
    """Return the entries of a list without repetitions, the most probable first.

    Raises
    ------
    TokenModelError
        If one numbered token has two probabilities.
    """
    listed = list(dict.fromkeys(row.listed))
    numbers = Counter(each.number for each in listed if each.number is not None)
    twice = [number for number, count in numbers.items() if count > 1]
    if twice:
        raise TokenModelError(f"reports two probabilities of the token {twice[0]}")
    return sorted(listed, key=lambda each: -math.inf if each.log is None else each.log, reverse=True)


def _outcomes(entries: Sequence[Entry], row: Row) -> list[Outcome | None]:
    """Return the identities of tokens: None for those that have the same text as another one."""
    if all(each.number is not None for each in entries):
        return [each.number for each in entries]
    written = Counter(each.token for each in {*entries, *row.listed})
    written.update(each.token for each, count in Counter(row.listed).items() if count > 1)
    return [each.token if each.token and written[each.token] == 1 else None for each in entries]


def _cap(reported: Sequence[Entry], row: Row, asked: int) -> float:
    """Return the largest probability that a token outside the list can have; 1 if the list may be incomplete.

    The own token may have been put into the list without being one of the most probable, and in a list that is keyed
    by texts it may have replaced another one with the same text.
    """
    others = [_log(each) for each in reported if not _same(each, row.own)]
    own = None if row.own is None else row.own.log
    if own is not None and others and own > min(others):  # one of the most probable, whether it is listed or not
        ranked, n_reported = sorted([*others, own], reverse=True), len(others) + 1
    else:
        ranked, n_reported = others, len(others) if row.keyed else len(reported)
    if n_reported < asked or not ranked:
        return 1.0
    return min(math.exp(ranked[min(asked, len(ranked)) - 1]), 1.0)


def _same(one: Entry, own: Entry | None) -> bool:
    """Return whether a listed entry is the own token: one with the same text and another probability is not."""
    if own is None or own.log is None or one.log is None:
        return False
    return (one.number, one.token) == (own.number, own.token) and math.isclose(one.log, own.log, abs_tol=1e-6)


def _log(entry: Entry) -> float:
    assert entry.log is not None
    return entry.log

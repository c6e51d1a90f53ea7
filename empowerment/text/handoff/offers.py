r"""Logged offers, and what became of them.

A log has one event a line; it holds what was offered, never what stood before it::

    {"format": "empowerment-offers-1", "scorer": "…", "rule": "Threshold(1 bits, probability 0.5)",
     "gate": "cumulative"}
    {"event": "offer", "offer": "ho-…", "time": 1767225600.0, "text": " in range", "status": "HAND_OVER",
     "tokens": [[" in", 0.02, 0.02], [" range", 0.3, 0.3]], "next": [1.1, 1.1]}
    {"event": "feedback", "offer": "ho-…", "time": 1767225603.5, "outcome": "accepted",
     "accepted": 9, "written": null}

`tokens` are those offered, each with both ends of its surprisal in bits, and `next` has both ends of the surprisal of
the token that was withheld; an end that is not known is null. `accepted` counts characters: all with the outcome
"accepted", a part with "partial", none with "rejected". `written` may say what the person wrote there instead. Of
several events of feedback on an offer the last one counts.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from empowerment.core import validate

FORMAT = "empowerment-offers-1"
OUTCOMES = ("accepted", "partial", "rejected")


@dataclass(frozen=True)
class Offer:
    """Offered completion with its feedback.

    Attributes
    ----------
    number : str
        Identifier of the offer.
    text : str
        The completion.
    tokens : tuple of (str, float, float)
        The offered tokens, each with both ends of its surprisal in bits.
    next : tuple of two floats or None
        Both ends of the surprisal in bits of the token that was withheld.
    outcome : {"accepted", "partial", "rejected"} or None
        The feedback; None if there was none.
    accepted : int
        Number of accepted characters.
    written : str or None
        Text that the person wrote in its place, if known.

    See Also
    --------
    read_offers : Read a log.
    calibrate : Estimate the effect of thresholds.

    Examples
    --------
    >>> from empowerment.text import Offer
    >>> offer = Offer("1", " in x", ((" in", 0.1, 0.1), (" x", 0.1, 0.1)), (3.0, 3.0), "accepted", 5)
    >>> offer.outcome, offer.accepted, offer.written is None
    ('accepted', 5, True)
    """

    number: str
    text: str
    tokens: tuple[tuple[str, float, float], ...]
    next: tuple[float, float] | None
    outcome: str | None = None
    accepted: int = 0
    written: str | None = None


def read_offers(path: str | os.PathLike[str]) -> list[Offer]:
    """Read a log of offers.

    Parameters
    ----------
    path : path
        A file that ``empowerment handoff serve --log`` wrote. An incomplete last line is left out.

    Returns
    -------
    list of Offer
        In the order in which they were made.

    Raises
    ------
    ValueError
        If the file is no such log, or a line is damaged; the message names it.

    See Also
    --------
    calibrate : Estimate the effect of thresholds from the offers.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> from empowerment.text import read_offers
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "offers.jsonl"
    >>> header = {"format": "empowerment-offers-1", "scorer": "m", "rule": "1 bit", "gate": "cumulative"}
    >>> offer = {"event": "offer", "offer": "ho-1", "time": 0.0, "text": " in", "status": "HAND_OVER",
    ...          "tokens": [[" in", 0.1, 0.1]], "next": [2.0, 2.0]}
    >>> _ = path.write_text("".join(json.dumps(line) + chr(10) for line in (header, offer)))
    >>> [(each.number, each.text, each.outcome) for each in read_offers(path)]
    [('ho-1', ' in', None)]
    """
    with open(validate.path(path, "path"), "rb") as file:
        lines = file.read().split(b"\n")
    found: dict[str, Offer] = {}
    for number, line in enumerate(lines[:-1], 1):
        where = f"line {number} of {os.fspath(path)!r}"
        event = _event(line, where)
        if number == 1:
            if event.get("format") != FORMAT:
                raise ValueError(f"{os.fspath(path)!r} is no log of offers: its first line does not say {FORMAT!r}")
            continue
        try:
            _note(found, event)
        except (KeyError, TypeError, ValueError) as reason:
            raise ValueError(f"{where} is no event of a log of offers: {reason}") from None
    if len(lines) < 2:
        raise ValueError(f"{os.fspath(path)!r} is no log of offers: it has no whole line")
    return list(found.values())


def _event(line: bytes, where: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError) as reason:
        raise ValueError(f"{where} is no JSON: {reason}") from None
    if not isinstance(event, dict):
        raise ValueError(f"{where} is {line[:40]!r}, expected a JSON object")
    return event


def _note(found: dict[str, Offer], event: Mapping[str, Any]) -> None:
    kind, number = event["event"], event["offer"]
    if kind == "offer":
        tokens = tuple((str(text), *_ends(lower, upper)) for text, lower, upper in event["tokens"])
        after = event["next"]
        found[number] = Offer(number, str(event["text"]), tokens, None if after is None else _ends(*after))
    elif kind == "feedback":
        if event["outcome"] not in OUTCOMES:
            raise ValueError(f"the outcome is {event['outcome']!r}, expected one of {', '.join(OUTCOMES)}")
        offer = found[number]
        accepted = event["accepted"]
        if isinstance(accepted, bool) or not isinstance(accepted, int) or not 0 <= accepted <= len(offer.text):
            raise ValueError(f"accepted is {accepted!r}, expected a number of characters up to {len(offer.text)}")
        found[number] = replace(offer, outcome=event["outcome"], accepted=accepted, written=event["written"])
    else:
        raise ValueError(f"the event is {kind!r}, expected 'offer' or 'feedback'")


def _ends(lower: float | None, upper: float | None) -> tuple[float, float]:
    """Return both ends of a surprisal; null stands for an unknown end."""
    ends = 0.0 if lower is None else float(lower), math.inf if upper is None else float(upper)
    if not 0 <= ends[0] <= ends[1]:
        raise ValueError(f"a surprisal lies in [{lower}, {upper}], expected 0 <= lower <= upper")
    return ends

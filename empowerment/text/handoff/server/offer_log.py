"""Log of a server; `handoff.offers` describes its format and reads it."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from empowerment.text.handoff.offers import FORMAT, OUTCOMES
from empowerment.text.handoff.server.answers import numbers
from empowerment.text.handoff.server.questions import RequestError
from empowerment.text.position import Position

_REMEMBERED = 10_000


class OfferLog:
    """Recent offers, against which feedback is checked, and their log file.

    Parameters
    ----------
    header : mapping
        Settings that hold for all offers.
    path : path, optional
        The file; lines are appended to an existing one.
    """

    def __init__(self, header: Mapping[str, Any], path: str | os.PathLike[str] | None = None) -> None:
        self._lock = threading.Lock()
        self._texts: dict[str, str] = {}
        self._file = None
        if path is not None:
            fresh = not Path(path).exists() or Path(path).stat().st_size == 0
            self._file = open(path, "a", encoding="utf-8", newline="\n")  # noqa: SIM115
            if fresh:
                self._add({"format": FORMAT} | dict(header))

    def offer(self, number: str, text: str, status: str, positions: Sequence[Position], n_tokens: int) -> None:
        """Record an offer."""
        with self._lock:
            self._texts[number] = text
            if len(self._texts) > _REMEMBERED:
                del self._texts[next(iter(self._texts))]
        if self._file is None:
            return
        tokens = [
            [(position.token or b"").decode("utf-8", errors="replace"), *numbers(position.surprisal())]
            for position in positions[:n_tokens]
        ]
        after = positions[n_tokens] if n_tokens < len(positions) else None
        following = None if after is None or not after.token else numbers(after.surprisal())
        event = {"event": "offer", "offer": number, "time": time.time(), "text": text, "status": status}
        self._add(event | {"tokens": tokens, "next": following})

    def feedback(self, body: Mapping[str, Any]) -> None:
        """Record the feedback on an offer.

        Raises
        ------
        RequestError
            If the offer is unknown or the outcome is invalid.
        """
        number, outcome, written = body.get("offer"), body.get("outcome"), body.get("written")
        with self._lock:
            text = self._texts.get(number) if isinstance(number, str) else None
        if text is None:
            raise RequestError(
                f"offer is {number!r}, expected the number of a recent offer", status=404, field="offer"
            )
        if outcome not in OUTCOMES:
            raise RequestError(f"outcome is {outcome!r}, expected one of {', '.join(OUTCOMES)}", field="outcome")
        if written is not None and not isinstance(written, str):
            raise RequestError(f"written is {written!r}, expected a text or nothing", field="written")
        accepted = _accepted(outcome, body.get("accepted"), text)
        if self._file is not None:
            event = {"event": "feedback", "offer": number, "time": time.time(), "outcome": outcome}
            self._add(event | {"accepted": accepted, "written": written})

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _add(self, event: Mapping[str, Any]) -> None:
        assert self._file is not None
        with self._lock:
            self._file.write(json.dumps(event) + "\n")
            self._file.flush()


def _accepted(outcome: str, count: Any, text: str) -> int:
    """Return how many characters of an offer were accepted."""
    implied = {"accepted": len(text), "rejected": 0}.get(outcome)
    if implied is not None:
        if count not in (None, implied):
            raise RequestError(f"accepted is {count!r}, but {outcome!r} means {implied}", field="accepted")
        return implied
    if isinstance(count, bool) or not isinstance(count, int) or not 0 < count < len(text):
        expected = f"a number of characters between 0 and {len(text)} for a part"
        raise RequestError(f"accepted is {count!r}, expected {expected}", field="accepted")
    return count

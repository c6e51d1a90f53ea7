"""Stop texts, at which a completion ends."""

from __future__ import annotations

from collections.abc import Sequence


class StopTexts:
    """Filter that passes pieces of text up to the first stop text, and withholds a possible beginning of one.

    Attributes
    ----------
    found : str or None
        The stop text at which the text ended.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops, self._held = tuple(stops), ""
        self.found: str | None = None

    def add(self, piece: str) -> str:
        """Return the text that can be shown after a piece."""
        if self.found is not None:
            return ""
        text = self._held + piece
        matches = [(text.find(stop), stop) for stop in self._stops if stop in text]
        if matches:
            end, self.found = min(matches)
            self._held = ""
            return text[:end]
        keep = max((_overlap(text, stop) for stop in self._stops), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def rest(self) -> str:
        """Return the withheld text at the end."""
        rest, self._held = self._held, ""
        return rest


def _overlap(text: str, stop: str) -> int:
    """Return the length of the longest end of a text that is a beginning of the stop text."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if stop.startswith(text[-n:])), 0)

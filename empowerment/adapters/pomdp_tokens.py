"""The words of a .POMDP file, one after the other, and the lines on which they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator

HEADS = ("discount", "values", "states", "actions", "observations", "start", "T", "O", "R")
"""The words that begin a statement."""

RESERVED = (*HEADS, "include", "exclude", "uniform", "identity", "reset", "reward", "cost")
NAMES = "a letter followed by letters, digits, '-' and '_', and none of the format's own words"

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def is_name(word: object) -> bool:
    """Return whether this can be the name of a state, an action or an observation."""
    return isinstance(word, str) and word not in RESERVED and _NAME.fullmatch(word) is not None


class Tokens:
    """A cursor on the words of a file.

    Parameters
    ----------
    text : str
        What the file holds.
    path : str
        What the file is called in a message.

    Attributes
    ----------
    word : str
        The word at the cursor, empty at the end.
    line : int
        Where it stands, counted from 1.
    """

    def __init__(self, text: str, path: str) -> None:
        self.path, self.word, self.line = path, "", 1
        self._rest = _words(text)
        self.take()

    def take(self) -> str:
        """Return the word at the cursor and go on to the next one."""
        taken = self.word
        self.word, self.line = next(self._rest, ("", self.line))
        return taken

    def skip(self, word: str) -> bool:
        """Go past the word at the cursor if it is this one, and return whether it was."""
        found = self.word == word
        if found:
            self.take()
        return found

    def expect(self, word: str) -> None:
        """Go past this word, or complain."""
        if not self.skip(word):
            raise self.error(repr(word))

    def at_number(self) -> bool:
        """Return whether the cursor is on a number or on the sign of one."""
        return self.word in ("+", "-") or _NUMBER.fullmatch(self.word) is not None

    def number(self, wanted: str = "numbers") -> float:
        """Return the number at the cursor, whose sign may stand apart, and go on."""
        sign = self.take() if self.word in ("+", "-") else ""
        if _NUMBER.fullmatch(self.word) is None or (sign and self.word[0] in "+-"):
            raise self.error(wanted)
        return float(sign + self.take())

    def probability(self, wanted: str = "probabilities") -> float:
        """Return the number at the cursor, which must lie in [0, 1], and go on."""
        line = self.line
        value = self.number(wanted)
        if not 0 <= value <= 1:
            raise self.complaint(f"found {value:g}, expected {wanted} in [0, 1]", line)
        return value

    def error(self, wanted: str, hint: str = "") -> ValueError:
        """Return the complaint that something else stands at the cursor."""
        found = repr(self.word) if self.word else "the end of the file"
        return self.complaint(f"found {found}, expected {wanted}{hint}", self.line)

    def complaint(self, sentence: str, line: int) -> ValueError:
        """Return an error about a line."""
        return ValueError(f"{self.path!r}, line {line}: {sentence}")


def _words(text: str) -> Iterator[tuple[str, int]]:
    for number, line in enumerate(text.split("\n"), start=1):
        for match in re.finditer(r":|[^\s:]+", line.partition("#")[0]):
            yield match[0], number

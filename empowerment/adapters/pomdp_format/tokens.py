"""Words of a .POMDP file, one after the other, and their lines."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import NamedTuple

HEADS = ("discount", "values", "states", "actions", "observations", "start", "T", "O", "R")
"""The words that begin a statement."""

RESERVED = (*HEADS, "include", "exclude", "uniform", "identity", "reset", "reward", "cost")
NAMES = "a letter followed by letters, digits, '-' and '_', and none of the format's own words"

LONGEST_COUNT = 15
"""Most digits of a count or of the number of a state; no computer holds more of them."""

DUST = 1e-12
"""Entries above the negative of this are the rounding errors of what should be 0."""

# Digits can be parted in one way only, so that no word takes longer than its length.
_DIGITS = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_NUMBER = re.compile(rf"[+-]?{_DIGITS}")
_ONLY_NUMBERS = re.compile(r"[0-9eE.+ -]+")
# The rules of the original scanner need no spaces: "R:0:*:*:*-1" has nine words.
_WORD = re.compile(rf"[:*]|[+-]?{_DIGITS}(?=[\s:*+-]|$)|[+-](?=[\s0-9.+-]|$)|[^\s:*]+")
_LONGEST_SHOWN = 60
_RUN = 256  # words that are read as numbers at once


class Range(NamedTuple):
    """Range of numbers, and its name in messages."""

    name: str
    least: float = -math.inf
    most: float = math.inf
    bounds: str = ""
    hint: str = ""


ANY_NUMBER = Range("a number")


def is_name(word: object) -> bool:
    """Return whether a word can be the name of a state, an action or an observation."""
    return isinstance(word, str) and word not in RESERVED and _NAME.fullmatch(word) is not None


def shortened(word: object) -> str:
    """Return a word or a number for a message, cut if it is very long."""
    text = str(word)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


class Tokens:
    """Cursor on the words of a file.

    Parameters
    ----------
    lines : iterable of str
        Content of the file. Bytes that are not UTF-8 are surrogates, as ``errors="surrogateescape"`` makes them.
    path : str
        Name of the file in messages.

    Attributes
    ----------
    word : str
        The word at the cursor, empty at the end.
    line : int
        Its line, counted from 1.
    """

    def __init__(self, lines: Iterable[str], path: str) -> None:
        self.path, self.word, self.line = path, "", 1
        self._lines = enumerate(lines, start=1)
        self._words: list[str] = []
        self._at = 0
        self._next: tuple[int, list[str]] | None = None
        self._enter(0)

    @property
    def begins_line(self) -> bool:
        """Whether the word at the cursor is the first of its line."""
        return self._at == 0

    def take(self) -> str:
        """Return the word at the cursor and advance."""
        taken = self.word
        self._enter(self._at + 1)
        return taken

    def ahead(self) -> str:
        """Return the word after the one at the cursor, empty at the end."""
        if self._at + 1 < len(self._words):
            return self._words[self._at + 1]
        if self._next is None:
            self._next = self._following()
        return self._next[1][0] if self._next[1] else ""

    def skip(self, word: str) -> bool:
        """Advance if the word at the cursor is this one, and return whether it was."""
        found = self.word == word
        if found:
            self.take()
        return found

    def expect(self, word: str) -> None:
        """Advance beyond this word, or raise an error."""
        if not self.skip(word):
            raise self.error(repr(word))

    def begins_statement(self) -> bool:
        """Return whether a statement begins here, known or not: with a word before ':', or with "start include"."""
        if self.word == "start" and self.ahead() in ("include", "exclude"):
            return True
        return _NAME.match(self.word) is not None and self.ahead() == ":"

    def at_number(self) -> bool:
        """Return whether the cursor is on a number or its sign."""
        return self.word in ("+", "-") or _NUMBER.fullmatch(self.word) is not None

    def count(self) -> int | None:
        """Return the whole number at the cursor without advancing; None if there is none, or a much too long one."""
        word = self.word
        return int(word) if word.isascii() and word.isdecimal() and len(word) <= LONGEST_COUNT else None

    def number(self, wanted: Range = ANY_NUMBER) -> float:
        """Return the number at the cursor, whose sign may be separate, and advance."""
        line = self.line
        sign = self.take() if self.word in ("+", "-") else ""
        if _NUMBER.fullmatch(self.word) is None or (sign and self.word[0] in "+-"):
            raise self.error(wanted.name, self.hint_about_colon)
        value = float(sign + self.word)
        if math.isinf(value):
            raise self.error(wanted.name, " that double precision can hold, up to 1.8e308")
        if not wanted.least <= value <= wanted.most:
            hint = wanted.hint if value >= -DUST else ""
            raise self.complaint(f"found {value:g}, expected {wanted.name} {wanted.bounds}{hint}", line)
        self.take()
        return value

    def numbers(self, most: float = math.inf, wanted: Range = ANY_NUMBER) -> list[float]:
        """Return the consecutive numbers from the cursor on, at most `most`, and advance."""
        found: list[float] = []
        while len(found) < most and self.at_number():
            run = self._words[self._at : self._at + int(min(most - len(found), _RUN))]
            values = _floats(run)
            if values is None or min(values) < wanted.least or max(values) > wanted.most:
                found.append(self.number(wanted))  # which complains where it must
            else:
                found += values
                self._enter(self._at + len(run))
        return found

    @property
    def hint_about_colon(self) -> str:
        """Hint about a ':' where a number is expected; empty before any other word."""
        return "; the format has no ':' before a number" if self.word == ":" else ""

    def error(self, wanted: str, hint: str = "") -> ValueError:
        """Return the error about an unexpected word at the cursor."""
        return self.complaint(f"found {self.found}, expected {wanted}{hint}", self.line)

    @property
    def found(self) -> str:
        """Description of the word at the cursor, for a message."""
        return repr(shortened(self.word)) if self.word else "the end of the file"

    def complaint(self, sentence: str, line: int) -> ValueError:
        """Return an error about a line."""
        return ValueError(f"{self.path!r}, line {line}: {sentence}")

    def _enter(self, at: int) -> None:
        """Move the cursor to a word of this line, or to the first of the next line that has one."""
        if at >= len(self._words):
            line, self._words = self._next or self._following()
            self._next, at = None, 0
            if self._words:
                self.line = line
        self._at = at
        self.word = self._words[at] if self._words else ""

    def _following(self) -> tuple[int, list[str]]:
        """Return the number and the words of the next line that has words; no words at the end."""
        for number, line in self._lines:
            content = line.partition("#")[0]
            if not content.isascii():
                self._check_bytes(content, number)
            words = _WORD.findall(content)
            if words:
                return number, words
        return 0, []

    def _check_bytes(self, content: str, line: int) -> None:
        for character in content:
            if "\udc80" <= character <= "\udcff":
                raise self.complaint(
                    f"found the byte 0x{ord(character) - 0xDC00:02x}, which is no text in UTF-8, expected the .POMDP "
                    "format; only comments may hold such bytes",
                    line,
                )


def _floats(words: list[str]) -> list[float] | None:
    """Return the numbers in words, None if a word is no number."""
    if _ONLY_NUMBERS.fullmatch(" ".join(words)) is None:
        return None
    try:
        values = list(map(float, words))
    except ValueError:  # a sign that stands apart
        return None
    return None if math.inf in values or -math.inf in values else values

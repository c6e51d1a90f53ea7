"""Keys in answers of servers: found in every form in which they may be repeated, and removed."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

# Escaped characters of JSON, Python, URLs and HTML, also where they were escaped twice; else any character.
_SIGN = re.compile(
    r"\\+u([0-9a-f]{4})|\\+x([0-9a-f]{2})|%(?:25)*([0-9a-f]{2})|&#x([0-9a-f]{1,5});|&#([0-9]{1,6});|.",
    re.IGNORECASE | re.DOTALL,
)
# A part of a key of as many letters and digits is hidden.
_HIDDEN = 4
# Keys that are shorter are no secrets, such as "none" or "EMPTY", and occur in answers by themselves.
_SHORTEST_SECRET = 16
# An answer with so long a part of a key, beginning at a multiple of it, is said to repeat it.
_PART = 12


class _Form(NamedTuple):
    """The letters and digits of a key in one of its encodings, and how many of them make a part that is hidden."""

    letters: str
    least: int


class Secret:
    """Key that is removed from every text.

    The key is recognized by its letters and digits, in lower or upper case, escaped or not, with anything between
    them; also backwards, in hexadecimal digits, and in base64 at any offset.

    Parameters
    ----------
    key : str
        The key; the empty text if there is none.
    """

    def __init__(self, key: str) -> None:
        self._key = key

    def hidden(self, text: str) -> str:
        """Return a text with stars for the key and for each part of it of four letters or digits."""
        if not self._key:
            return text
        text = text.replace(self._key, "***")  # also one without letters
        signs = list(_letters_of(text))
        letters = "".join(letter for letter, _, _ in signs)
        marked = bytearray(len(letters))
        for form in self._forms:
            parts = {form.letters[i : i + form.least] for i in range(len(form.letters) - form.least + 1)}
            for i in range(len(letters) - form.least + 1):
                if letters[i : i + form.least] in parts:
                    marked[i : i + form.least] = b"\1" * form.least
        shown, at = [], 0
        for run in re.finditer(b"\1+", bytes(marked)):
            shown.append(text[at : signs[run.start()][1]] + "***")
            at = signs[run.end() - 1][2]
        return "".join(shown) + text[at:]

    def repeated_in(self, raw: bytes) -> bool:
        """Return whether an answer repeats the key, or a long part of it, by a coarser search."""
        if len(self._key) < _SHORTEST_SECRET:
            return False
        lower = raw.lower()
        return any(part in lower for part in self._parts)

    @cached_property
    def _forms(self) -> list[_Form]:
        plain = "".join(letter for letter, _, _ in _letters_of(self._key))
        forms = [_Form(plain, _HIDDEN), _Form(plain[::-1], _HIDDEN), _Form(self._key.encode().hex(), 2 * _HIDDEN)]
        forms += [_Form(_alphanumeric(each), _HIDDEN * 4 // 3 + 1) for each in _in_base64(self._key.encode())]
        return [_Form(form.letters, min(form.least, len(form.letters))) for form in forms if form.letters]

    @cached_property
    def _parts(self) -> set[bytes]:
        key = self._key
        whole = [key, key[::-1], key.encode().hex(), *_in_base64(key.encode())]
        whole += ["".join(f"{mark}{ord(sign):0{width}x}" for sign in key) for mark, width in (("\\u", 4), ("%", 2))]
        parts = {key[i : i + _PART] for i in range(0, len(key) - _PART + 1, _PART)}
        return {each.lower().encode() for each in (*whole, *parts)}


def _letters_of(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield each letter or digit of a text, in lower case and not escaped, and where it begins and ends."""
    for sign in _SIGN.finditer(text):
        u, x, url, html, decimal = sign.groups()
        code = u or x or url or html
        letter = chr(int(code, 16)) if code else chr(int(decimal)) if decimal else sign[0]
        if letter.isalnum() and letter.isascii():
            yield letter.lower(), sign.start(), sign.end()


def _alphanumeric(text: str) -> str:
    return "".join(letter for letter, _, _ in _letters_of(text))


def _in_base64(raw: bytes) -> list[str]:
    """Return the part of a key in base64 that does not depend on the text before and after it, for each offset."""
    found = []
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw).decode().rstrip("=")
        cut = len(encoded) - bool((before + len(raw)) % 3)
        found.append(encoded[(0, 2, 3)[before] : cut])
    return found

"""Elements of a POMDPX file, and their lines."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

import numpy as np

from empowerment.adapters.pomdp_format.sizes import MemoryLimit
from empowerment.adapters.pomdp_format.tokens import shortened

_PER_ELEMENT = 600
"""Bytes for an element: its attributes, its list of children and its text, but for the characters."""

_DEEPEST = 200
"""How deep elements may lie in each other; a path through a diagram takes two for each variable."""

_READ = 2**16
_NUMBERS = re.compile(r"[0-9eE.+\-\s]+")


class Source:
    """The file that errors name.

    Parameters
    ----------
    path : path-like
        The file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)

    def complaint(self, sentence: str, line: int) -> ValueError:
        """Return an error about a line."""
        return ValueError(f"{self.path!r}, line {line}: {sentence}")


@dataclass
class Element:
    """An element of XML, without what is between its children.

    Attributes
    ----------
    tag : str
    attributes : dict of str to str
    line : int
        Line in which it begins, counted from 1.
    source : Source
    children : list of Element
    text : str
    """

    tag: str
    attributes: dict[str, str]
    line: int
    source: Source
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def all(self, tag: str) -> Iterator[Element]:
        """Yield the children of a kind."""
        return (child for child in self.children if child.tag == tag)

    def optional(self, tag: str) -> Element | None:
        """Return the child of a kind, None if there is none."""
        found = list(self.all(tag))
        if len(found) > 1:
            raise found[1].complaint(f"<{tag}> stands in <{self.tag}> a second time, expected it once")
        return found[0] if found else None

    def one(self, *tags: str) -> Element:
        """Return the child of one of several kinds."""
        for tag in tags:
            found = self.optional(tag)
            if found is not None:
                return found
        raise self.complaint(f"<{self.tag}> has no <{'> or <'.join(tags)}>, expected one")

    def attribute(self, name: str) -> str:
        """Return an attribute that the element must have."""
        if name not in self.attributes:
            raise self.complaint(f"<{self.tag}> has no attribute {name}, expected one")
        return self.attributes[name].strip()

    def only(self, *tags: str) -> None:
        """Refuse children of other kinds."""
        for child in self.children:
            if child.tag not in tags:
                raise child.complaint(
                    f"found <{shortened(child.tag)}> in <{self.tag}>, expected <{'>, <'.join(tags)}>"
                )

    def words(self) -> list[str]:
        """Return the words of the text."""
        return self.text.split()

    def numbers(self, what: str) -> np.ndarray:
        """Return the numbers of the text."""
        try:
            found = np.array(
                [float(word) for word in self.words()] if _NUMBERS.fullmatch(self.text) else ["no"], float
            )
        except ValueError:
            raise self.complaint(f"found {shortened(' '.join(self.words()))!r}, expected {what}") from None
        if not np.isfinite(found).all():
            raise self.complaint(f"found a number beyond double precision, expected {what}")
        return found

    def complaint(self, sentence: str) -> ValueError:
        """Return an error about the line in which the element begins."""
        return self.source.complaint(sentence, self.line)


def is_pomdpx(path: str | os.PathLike[str]) -> bool:
    """Return whether a file is XML with the root of a POMDPX file."""
    with open(path, "rb") as file:
        head = file.read(_READ)
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<") and b"<pomdpx" in head


def parse(source: Source, limit: MemoryLimit) -> Element:
    """Return the root of a file.

    Raises
    ------
    ValueError
        If the file is no XML, declares entities, or takes more memory than allowed.
    """
    builder = _Builder(source, limit)
    try:
        with open(source.path, "rb") as file:
            builder.parser.ParseFile(file)
    except expat.ExpatError as reason:
        raise source.complaint(f"this is no XML: {expat.ErrorString(reason.code)}", reason.lineno) from None
    return builder.root


class _Builder:
    """Makes elements of what expat finds."""

    def __init__(self, source: Source, limit: MemoryLimit) -> None:
        self._source, self._limit = source, limit
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._size = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._add
        self.parser.EntityDeclHandler = self._refuse_entity

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        element = Element(tag, attributes, self.parser.CurrentLineNumber, self._source)
        self._grow(_PER_ELEMENT, element.line)
        if len(self._open) >= _DEEPEST:
            raise element.complaint(f"<{shortened(tag)}> lies in {_DEEPEST} others, expected fewer")
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._texts.append([])

    def _end(self, tag: str) -> None:
        self._open.pop().text = "".join(self._texts.pop())

    def _add(self, text: str) -> None:
        self._grow(len(text), self.parser.CurrentLineNumber)
        self._texts[-1].append(text)

    def _grow(self, size: int, line: int) -> None:
        self._size += size
        self._limit.check(self._size, 1, "the elements up to here", line)

    def _refuse_entity(self, name: str, *_: object) -> None:
        line = self.parser.CurrentLineNumber
        raise self._source.complaint(f"the entity {shortened(name)!r} is declared, expected text in its place", line)


def listed(names: Sequence[str], most: int = 6) -> str:
    """Return names for a message."""
    return ", ".join(map(shortened, names[:most])) + (", …" if len(names) > most else "")

"""Memory of a model, refused before it is allocated."""

from __future__ import annotations

import math
from typing import Protocol


class Source(Protocol):
    """A file that errors name."""

    def complaint(self, sentence: str, line: int) -> ValueError:
        """Return an error about a line."""
        ...


PER_LABEL = 200
"""Bytes for a state, an action or an observation: its label, and its number in a table."""

PER_ROW = 150
"""Bytes for each pair of a state and an action, whatever follows it."""

PER_ENTRY = 100
"""Bytes for a probability above 0, while sparse rows are put together and checked."""

PER_NUMBER = 24
"""Bytes for a number of a statement, while it is read."""


class MemoryLimit:
    """Limit on the memory of a model.

    Parameters
    ----------
    most : float
        Limit in bytes.
    source : Source
        The file that errors name.
    """

    def __init__(self, most: float, source: Source) -> None:
        self._most, self._source = most, source

    def check(self, count: int, each: int, what: str, line: int) -> None:
        """Refuse `count` items of `each` bytes if they exceed the limit."""
        if count * each > self._most:
            raise self._source.complaint(
                f"{what} would take {_size(count * each)}, allowed are {_size(self._most)}; raise memory=", line
            )

    def check_entries(self, shape: tuple[int, ...], line: int) -> None:
        """Refuse a table whose entries 64 bits cannot number."""
        if math.prod(shape) >= 2**63:
            raise self._source.complaint(
                f"{' x '.join(f'{count:,}' for count in shape)} combinations of action, states and observation are "
                "too many, expected fewer than 2**63",
                line,
            )


def _size(count: float) -> str:
    return f"{count / 1e9:.3g} GB" if count >= 1e8 else f"{count / 1e6:.3g} MB"

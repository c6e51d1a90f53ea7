"""What a model takes in memory, refused before it is taken."""

from __future__ import annotations

import math

from empowerment.adapters.pomdp_format.tokens import Tokens

PER_LABEL = 200
"""Bytes for a state, an action or an observation: its label, and its number in a table."""

PER_ROW = 150
"""Bytes for each pair of a state and an action, whatever follows it."""

PER_ENTRY = 100
"""Bytes for a probability above 0, while sparse rows are put together and checked."""

PER_NUMBER = 24
"""Bytes for a number of a dense array, while it is copied and checked."""


class MemoryLimit:
    """How much memory a model may take.

    Parameters
    ----------
    most : float
        In bytes.
    tokens : Tokens
        The file that complaints name.
    """

    def __init__(self, most: float, tokens: Tokens) -> None:
        self._most, self._tokens = most, tokens

    def check(self, count: int, each: int, what: str, line: int) -> None:
        """Complain if so many of something, at `each` bytes, would take more than is allowed."""
        if count * each > self._most:
            raise self._tokens.complaint(
                f"{what} would take {_size(count * each)}, allowed are {_size(self._most)}; raise memory=", line
            )

    def check_places(self, shape: tuple[int, ...], line: int) -> None:
        """Complain about a grid whose places 64 bits cannot number."""
        if math.prod(shape) >= 2**63:
            raise self._tokens.complaint(
                f"{' x '.join(f'{count:,}' for count in shape)} combinations of action, states and observation are "
                "too many, expected fewer than 2**63",
                line,
            )


def _size(count: float) -> str:
    return f"{count / 1e9:.3g} GB" if count >= 1e8 else f"{count / 1e6:.3g} MB"

"""Writing tasks: a text to write, and the tokens in which it is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from empowerment.core import validate
from empowerment.text.tiers import Tier
from empowerment.text.token_model import TokenModel, check_model


class Piece(NamedTuple):
    """A text and the number of its tokens."""

    text: str
    n_tokens: int


NOTHING = Piece("", 0)


@dataclass(frozen=True)
class WritingTask:
    """Text at the beginning, and the text that a person is going to write after it.

    Attributes
    ----------
    name : str
        Identifies the task.
    prompt : str
        The text at the beginning.
    solution : str, optional
        Text that a person who replays writes; other persons need none.
    tokens : sequence of bytes or str, optional
        The tokens of the solution, in which it is written and counted; :meth:`tokenized` asks a model for them. They
        are kept as bytes, because a token may be part of a character.

    Raises
    ------
    ValueError
        If the tokens are not those of the solution.

    See Also
    --------
    compare_assistants : Let a person write tasks with several assistants.
    Replay : A person who writes the solution.

    Examples
    --------
    >>> from empowerment.text import TableModel, WritingTask
    >>> model = TableModel({"": {"a": 0.5, " b": 0.25, " a": 0.25}})
    >>> WritingTask("letters", "", "a b a").tokenized(model).tokens
    (b'a', b' b', b' a')
    """

    name: str
    prompt: str
    solution: str | None = None
    tokens: Sequence[bytes | str] | None = None

    def __post_init__(self) -> None:
        for name in ("name", "prompt"):
            if not isinstance(getattr(self, name), str):
                raise TypeError(f"{name} of a task is {getattr(self, name)!r}, expected a text")
        if self.solution is not None and not isinstance(self.solution, str):
            raise TypeError(f"solution of the task {self.name!r} is {self.solution!r}, expected a text or None")
        if self.tokens is not None:
            if not isinstance(self.tokens, list | tuple):
                raise TypeError(f"tokens is {validate.shown(self.tokens)}, expected a list of bytes or texts")
            strange = [token for token in self.tokens if not isinstance(token, str | bytes)]
            if strange:
                raise TypeError(f"tokens holds {validate.shown(strange[0])}, expected bytes or texts")
            tokens = tuple(token.encode() if isinstance(token, str) else token for token in self.tokens)
            self._check_tokens(tokens)
            object.__setattr__(self, "tokens", tokens)

    def _check_tokens(self, tokens: Sequence[bytes]) -> None:
        if self.solution is None:
            raise ValueError(f"the task {self.name!r} has tokens, but no solution that they could belong to")
        joined, whole = b"".join(tokens), self.solution.encode()
        if joined != whole:
            shorter = min(len(joined), len(whole))
            at = next((i for i in range(shorter) if joined[i] != whole[i]), shorter)
            raise ValueError(
                f"the tokens of the task {self.name!r} are those of another text: joined they differ from the "
                f"solution at byte {at}, {joined[at : at + 20]!r} instead of {whole[at : at + 20]!r}"
            )

    def tokenized(self, model: TokenModel) -> WritingTask:
        """Return the task with the tokens of its solution, as a model reads it after the prompt.

        Parameters
        ----------
        model : TokenModel
            A model of tier SCORE; the solution is scored once.

        Returns
        -------
        WritingTask
            The task with tokens.

        Raises
        ------
        TierError
            If the model does not score given texts.
        ValueError
            If there is no solution.
        """
        hint = "or pass WritingTask(…, tokens=…) with the tokens to count in, such as the words"
        check_model(model, Tier.SCORE, "tokenized()", hint)
        if self.solution is None:
            raise ValueError(f"the task {self.name!r} has no solution, so there is nothing to read as tokens")
        positions = model.score(self.prompt, self.solution, top=1)[:-1]
        return replace(self, tokens=tuple(position.token or b"" for position in positions))

    @cached_property
    def token_ends(self) -> np.ndarray:
        """Character of the solution before which each token ends; a token that ends inside a character counts it."""
        tokens = (token for token in self.tokens or () if isinstance(token, bytes))
        begun = [sum(byte & 0xC0 != 0x80 for byte in token) for token in tokens]
        return np.cumsum(begun, dtype=np.int64)

    def piece(self, start: int, n_tokens: int) -> Piece:
        """Return the next tokens of the solution; the rest of an incomplete one counts as one.

        Parameters
        ----------
        start : int
            Character of the solution at which they begin.
        n_tokens : int
            Number of tokens.

        Returns
        -------
        Piece
            The text and the number of its tokens.
        """
        assert self.solution is not None
        start, n_tokens = validate.horizon(start, "start"), validate.horizon(n_tokens, "n_tokens")
        first = int(np.searchsorted(self.token_ends, start, "right"))
        if first == len(self.token_ends):
            return NOTHING
        stop = self.token_ends[min(first + n_tokens, len(self.token_ends)) - 1]
        last = int(np.searchsorted(self.token_ends, stop, "right"))
        return Piece(self.solution[start:stop], last - first)

"""Base class of models whose tokens are known: texts become tokens, and answers become positions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, TypeVar

import numpy as np

from empowerment.core import validate
from empowerment.text.position import Position, unknown_position
from empowerment.text.provider import Provider
from empowerment.text.providers.tokens import TextTokens
from empowerment.text.tiers import Tier, TokenModelError
from empowerment.text.token_list import Outcome

Row = TypeVar("Row")


class TokenizedModel(Provider, Generic[Row]):
    """Base class of models that continue tokens.

    A subclass answers with a row for each position of a text in `_rows_at`, converts a row in `_read`, generates
    token by token in `_drawn` and whole texts in `_samples`. The context begins with the tokens that the tokenizer
    puts before a text; if there are none, the first token of a text has no distribution.

    Parameters
    ----------
    name : str
        Name of the model.
    tokens : TextTokens
        The tokenizer.
    ends : iterable of int
        The end-of-text tokens.
    length : int, optional
        Largest number of tokens in the context.
    """

    tier = Tier.SCORE
    whole_lists = True

    def __init__(self, name: str, tokens: TextTokens, ends: Iterable[int], length: int | None) -> None:
        self.name = name
        self.vocabulary_size: int = len(tokens.written)
        self.ends = tuple(sorted(ends))
        self._texts = tokens
        self._length = length
        self._ids = np.arange(self.vocabulary_size)  # one for all positions

    @abstractmethod
    def _rows_at(self, before: list[int], ids: list[int], top: int | None, whole_last: bool) -> Iterator[Row]:
        """Yield the row after `before` and then after each of `ids`, with the `top` most probable tokens or all.

        `before` is never empty. `whole_last` requests all tokens in the last row.
        """

    @abstractmethod
    def _drawn(
        self, before: list[int], max_tokens: int, top: int, temperature: float, seed: int | None
    ) -> Iterator[tuple[Row, int]]:
        """Yield the row after `before` and a token drawn from it, the row after that, and so on to the end."""

    @abstractmethod
    def _samples(
        self, before: list[int], n: int, max_tokens: int, temperature: float, seed: int | None
    ) -> Iterator[Sequence[int]]:
        """Yield the tokens of `n` texts that follow `before`."""

    @abstractmethod
    def _read(self, row: Row, written: tuple[bytes, ...], token: int | None, start: int) -> Position:
        """Make the position of a row, at a token of a text that begins at byte `start`, or after the last token."""

    def score(
        self, prefix: str, text: str = "", *, top: int | None = None, also: Sequence[Outcome] = ()
    ) -> list[Position]:
        """Return the distribution at each token of `text` after `prefix`, and the one after it.

        See :meth:`TokenModel.score`. A list of the whole vocabulary takes 8 bytes a token at each position; with
        `top` at most one is kept at a time. A request by `also` takes the whole list at the last position.

        Raises
        ------
        TokenModelError
            If the text is longer than the context, or has characters that the tokenizer does not preserve.
        """
        before = self._texts.before(prefix)
        ids, written = self._texts.of(text, first=not prefix)
        self._check_length(len(before) + len(ids))
        positions, start = [], 0
        for row, token in zip(self._rows(before, ids, top, len(also) > 0), [*ids, None], strict=True):
            position = self._position(row, written, token, start)
            wanted = also if token is None or position.complete else ()
            positions.append(position if top is None or row is None else position.top(top, also=wanted))
            start, written = position.span[1], self._texts.written
        return positions

    def step(
        self, prefix: str, max_tokens: int = 1, *, top: int = 20, temperature: float = 0.0, seed: int | None = None
    ) -> Iterator[Position]:
        """Yield the tokens that the model generates after `prefix`; see :meth:`TokenModel.step`.

        Raises
        ------
        TokenModelError
            If the text exceeds the context, or the context is empty.
        """
        temperature = validate.finite(temperature, "temperature", least=0)
        written, start = self._texts.at_start(first=not prefix), 0
        for row, token in self._drawn(self._beginning(prefix), max_tokens, top, temperature, seed):
            position = self._reported_position(row, written, token, start)
            yield position.top(top)
            start, written = position.span[1], self._texts.written

    def sample(
        self, prefix: str, n: int, *, max_tokens: int = 16, temperature: float = 1.0, seed: int | None = None
    ) -> list[str]:
        """Generate texts after `prefix`, with invalid UTF-8 replaced; see :meth:`TokenModel.sample`.

        Raises
        ------
        TokenModelError
            If a text exceeds the context, or the context is empty.
        """
        temperature = validate.finite(temperature, "temperature", least=0)
        start = self._texts.at_start(first=not prefix)
        samples = self._samples(self._beginning(prefix), n, max_tokens, temperature, seed)
        return [self._texts.joined(ids, start).decode("utf-8", errors="replace") for ids in samples]

    def _rows(self, before: list[int], ids: list[int], top: int | None, whole_last: bool) -> Iterator[Row | None]:
        """Yield the rows at each token and after the last; None where the context is empty."""
        if before:
            yield from self._rows_at(before, ids, top, whole_last)
            return
        yield None
        if ids:
            yield from self._rows_at(ids[:1], ids[1:], top, whole_last)

    def _position(self, row: Row | None, written: tuple[bytes, ...], token: int | None, start: int) -> Position:
        if row is not None:
            return self._reported_position(row, written, token, start)
        own = None if token is None else written[token]
        return unknown_position(own, (start, start + len(own or b"")), self.vocabulary_size)

    def _reported_position(self, row: Row, written: tuple[bytes, ...], token: int | None, start: int) -> Position:
        try:
            return self._read(row, written, token, start)
        except ValueError as reason:
            said = str(reason)
        raise TokenModelError(f"{self.name} reports numbers that are no probabilities: {said}")

    def _beginning(self, prefix: str) -> list[int]:
        """Return the tokens of the context before generation.

        Raises
        ------
        TokenModelError
            If there are none.
        """
        before = self._texts.before(prefix)
        if not before:
            raise TokenModelError(
                f"{self.name} reads nothing before a text, so the first token has no distribution; pass a prefix"
            )
        return before

    def _check_length(self, n_tokens: int) -> None:
        if self._length is not None and n_tokens > self._length:
            raise TokenModelError(
                f"the prefix and the text have {n_tokens} tokens, but {self.name} reads {self._length} at most; pass "
                "the end of the prefix only, or a model that reads more"
            )

"""Models whose tokens are known: a text is read as tokens here, and what follows each is asked of the model."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, TypeVar

import numpy as np

from empowerment.core import validate
from empowerment.text.providers.tokens import TextTokens
from empowerment.text.token_model import Outcome, Position, Provider, Tier, TokenModelError, unknown_position

Row = TypeVar("Row")


class TokenizedModel(Provider, Generic[Row]):
    """A start for models that go on from tokens: texts become tokens, and answers positions.

    A subclass answers with a row for each place of a text, in `_rows_at`, reads a row in `_read`, writes token by
    token in `_drawn` and whole texts in `_samples`. Its model begins with what its tokenizer puts before a text by
    itself, and with nothing else; where that is nothing, the first token of a text has no distribution.

    Parameters
    ----------
    name : str
    tokens : TextTokens
    ends : iterable of int
        The tokens that end a text.
    length : int, optional
        How many tokens the model reads at most.
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
        """Yield what follows `before` and then each of `ids`, with the `top` most probable tokens or all of them.

        There is always something before. `whole_last` asks for all tokens in the last row.
        """

    @abstractmethod
    def _drawn(
        self, before: list[int], max_tokens: int, top: int, temperature: float, seed: int | None
    ) -> Iterator[tuple[Row, int]]:
        """Yield what follows `before` and a token drawn from it, what follows that, and so on, until a text ends."""

    @abstractmethod
    def _samples(
        self, before: list[int], n: int, max_tokens: int, temperature: float, seed: int | None
    ) -> Iterator[Sequence[int]]:
        """Yield the tokens of `n` texts that follow `before`."""

    @abstractmethod
    def _read(self, row: Row, written: tuple[bytes, ...], token: int | None, start: int) -> Position:
        """Return the distribution in a row, at a token of a text that begins there, or after the last."""

    def score(
        self, prefix: str, text: str = "", *, top: int | None = None, also: Sequence[Outcome] = ()
    ) -> list[Position]:
        """Return the distribution at each token of `text` after `prefix`, and the one after it.

        See :meth:`TokenModel.score`. A list of the whole vocabulary takes 8 bytes a token at each position; with
        `top` no more than one is kept at a time. Tokens that are asked for by `also` take the whole list at the last
        position.

        Raises
        ------
        TokenModelError
            If the text is longer than the model reads, or has characters that the tokenizer does not keep.
        """
        before = self._texts.before(prefix)
        ids, written = self._texts.of(text, first=not prefix)
        self._check_length(len(before) + len(ids))
        places, start = [], 0
        for row, token in zip(self._rows(before, ids, top, len(also) > 0), [*ids, None], strict=True):
            place = self._place(row, written, token, start)
            wanted = also if token is None or place.complete else ()
            places.append(place if top is None or row is None else place.top(top, also=wanted))
            start, written = place.span[1], self._texts.written
        return places

    def step(
        self, prefix: str, max_tokens: int = 1, *, top: int = 20, temperature: float = 0.0, seed: int | None = None
    ) -> Iterator[Position]:
        """Yield what the model writes after `prefix`, token by token; see :meth:`TokenModel.step`.

        Raises
        ------
        TokenModelError
            If the text gets longer than the model reads, or there is nothing to begin with.
        """
        temperature = validate.finite(temperature, "temperature", least=0)
        written, start = self._texts.at_start(first=not prefix), 0
        for row, token in self._drawn(self._beginning(prefix), max_tokens, top, temperature, seed):
            place = self._position(row, written, token, start)
            yield place.top(top)
            start, written = place.span[1], self._texts.written

    def sample(
        self, prefix: str, n: int, *, max_tokens: int = 16, temperature: float = 1.0, seed: int | None = None
    ) -> list[str]:
        """Return `n` texts that the model writes after `prefix`; bytes that are no characters are replaced.

        Raises
        ------
        TokenModelError
            If a text gets longer than the model reads, or there is nothing to begin with.
        """
        temperature = validate.finite(temperature, "temperature", least=0)
        start = self._texts.at_start(first=not prefix)
        samples = self._samples(self._beginning(prefix), n, max_tokens, temperature, seed)
        return [self._texts.joined(ids, start).decode("utf-8", errors="replace") for ids in samples]

    def _rows(self, before: list[int], ids: list[int], top: int | None, whole_last: bool) -> Iterator[Row | None]:
        """Yield the rows at each token and after the last; none where nothing stands before it."""
        if before:
            yield from self._rows_at(before, ids, top, whole_last)
            return
        yield None
        if ids:
            yield from self._rows_at(ids[:1], ids[1:], top, whole_last)

    def _place(self, row: Row | None, written: tuple[bytes, ...], token: int | None, start: int) -> Position:
        if row is not None:
            return self._position(row, written, token, start)
        own = None if token is None else written[token]
        return unknown_position(own, (start, start + len(own or b"")), self.vocabulary_size)

    def _position(self, row: Row, written: tuple[bytes, ...], token: int | None, start: int) -> Position:
        try:
            return self._read(row, written, token, start)
        except ValueError as reason:
            said = str(reason)
        raise TokenModelError(f"{self.name} tells what are no probabilities: {said}")

    def _beginning(self, prefix: str) -> list[int]:
        """Return what the model reads before it writes.

        Raises
        ------
        TokenModelError
            If there is nothing to begin with.
        """
        before = self._texts.before(prefix)
        if not before:
            raise TokenModelError(
                f"{self.name} reads nothing before a text, so nothing tells how one begins; pass a prefix"
            )
        return before

    def _check_length(self, n_tokens: int) -> None:
        if self._length is not None and n_tokens > self._length:
            raise TokenModelError(
                f"the prefix and the text have {n_tokens} tokens, but {self.name} reads {self._length} at most; pass "
                "the end of the prefix only, or a model that reads more"
            )

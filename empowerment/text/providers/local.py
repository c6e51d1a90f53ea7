"""Models in this process: what those that read tokens and give logits have in common, whatever computes them."""

from __future__ import annotations

import importlib
from abc import abstractmethod
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from empowerment import validate
from empowerment.text.providers.tokens import TextTokens
from empowerment.text.token_model import Outcome, Position, Provider, Tier, TokenModelError, unknown_position


def required(module: str, extra: str) -> Any:
    """Return a module that an extra installs.

    Raises
    ------
    ImportError
        If it is not installed; the message says how to install it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as reason:
        raise ImportError(f'this needs {module}; install it with pip install "empowerment[{extra}]"') from reason


class LocalModel(Provider):
    """A start for models in this process: from logits follow distributions of texts, and texts.

    A subclass gives the logits, in `_rows`. Its model begins with what its tokenizer puts before a text by itself,
    and with nothing else; where that is nothing, the first token of a text has no distribution.

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
    # How many texts sample() writes side by side.
    _abreast = 1

    def __init__(self, name: str, tokens: TextTokens, ends: Iterable[int], length: int | None) -> None:
        self.name = name
        self.vocabulary_size: int = len(tokens.written)
        self.ends = tuple(sorted(ends))
        self._texts = tokens
        self._length = length
        self._ids = np.arange(self.vocabulary_size)  # one for all positions

    @abstractmethod
    def _rows(self, ids: list[int], count: int) -> Iterator[np.ndarray]:
        """Yield what follows each of the last `count` tokens: logits of the whole vocabulary in double precision."""

    def _continued(self, ids: list[int], copies: int) -> Generator[list[np.ndarray], list[int], None]:
        """Yield the logits that follow some tokens, for each of some copies, and go on with a token sent for each."""
        texts = [ids] * copies
        while True:
            sent = yield [next(self._rows(each, 1)) for each in texts]
            texts = [[*each, token] for each, token in zip(texts, sent, strict=True)]

    def score(
        self, prefix: str, text: str = "", *, top: int | None = None, also: Sequence[Outcome] = ()
    ) -> list[Position]:
        """Return the distribution at each token of `text` after `prefix`, and the one after it.

        See :meth:`TokenModel.score`. A list of the whole vocabulary takes 8 bytes a token at each position; with
        `top` no more than one is kept at a time.

        Raises
        ------
        TokenModelError
            If the text is longer than the model reads, or has characters that the tokenizer does not keep.
        """
        before = self._texts.before(prefix)
        ids, written = self._texts.of(text, first=not prefix)
        self._check_length(len(before) + len(ids))
        rows: Iterator[np.ndarray | None] = self._rows_after(before, ids)
        places, start = [], 0
        for row, token in zip(rows, [*ids, None], strict=True):
            place = self._place(row, written, token, start)
            places.append(place if top is None or row is None else place.top(top, also=also))
            start, written = place.span[1], self._texts.written
        return places

    def _rows_after(self, before: list[int], ids: list[int]) -> Iterator[np.ndarray | None]:
        """Yield the logits at each token and after the last; none where nothing stands before it."""
        if not before:
            yield None
        count = len(ids) + bool(before)
        if count:
            yield from self._rows(before + ids, count)

    def _place(self, row: np.ndarray | None, written: tuple[bytes, ...], token: int | None, start: int) -> Position:
        if row is not None:
            return Position.complete_list(written, row, ids=self._ids, chosen=token, start=start)
        own = None if token is None else written[token]
        return unknown_position(own, (start, start + len(own or b"")), self.vocabulary_size)

    def step(
        self, prefix: str, max_tokens: int = 1, *, top: int = 20, temperature: float = 0.0, seed: int | None = None
    ) -> Iterator[Position]:
        """Yield what the model writes after `prefix`, token by token; see :meth:`TokenModel.step`.

        Raises
        ------
        TokenModelError
            If the text gets longer than the model reads, or there is nothing to begin with.
        """
        written, start = self._texts.at_start(first=not prefix), 0
        for (row,), (token,) in self._drawn(prefix, max_tokens, temperature, [np.random.default_rng(seed)]):
            place = self._place(row, written, token, start)
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
        rngs = [np.random.default_rng(each) for each in np.random.SeedSequence(seed).generate_state(n)]
        found: list[str] = []
        for i in range(0, n, self._abreast):
            abreast = rngs[i : i + self._abreast]
            drawn = [tokens for _, tokens in self._drawn(prefix, max_tokens, temperature, abreast)]
            for ids in zip(*drawn, strict=True) if drawn else [()] * len(abreast):
                text = self._texts.joined(ids, self._texts.at_start(first=not prefix))
                found.append(text.decode("utf-8", errors="replace"))
        return found

    def _drawn(
        self, prefix: str, max_tokens: int, temperature: float, rngs: list[np.random.Generator]
    ) -> Iterator[tuple[list[np.ndarray], list[int]]]:
        """Yield logits and the tokens drawn from them, for texts side by side, until all have ended."""
        temperature = validate.finite(temperature, "temperature", least=0)
        before = self._texts.before(prefix)
        if not before:
            raise TokenModelError(
                f"{self.name} reads nothing before a text, so nothing tells how one begins; pass a prefix"
            )
        reading = self._continued(before, len(rngs))
        tokens: list[int] = []
        for i in range(max_tokens):
            self._check_length(len(before) + i)
            rows = reading.send(tokens) if tokens else next(reading)
            last = tokens or [-1] * len(rngs)
            # A text that has ended goes on ending while others are written.
            tokens = [
                token if token in self.ends else _draw(row, temperature, rng)
                for row, rng, token in zip(rows, rngs, last, strict=True)
            ]
            yield rows, tokens
            if all(token in self.ends for token in tokens):
                return

    def _check_length(self, n_tokens: int) -> None:
        if self._length is not None and n_tokens > self._length:
            raise TokenModelError(
                f"the prefix and the text have {n_tokens} tokens, but {self.name} reads {self._length} at most; pass "
                "the end of the prefix only, or a model that reads more"
            )


def _draw(logits: np.ndarray, temperature: float, rng: np.random.Generator) -> int:
    if temperature == 0:
        return int(np.argmax(logits))
    weights = np.exp((logits - logits.max()) / temperature)
    return int(rng.choice(len(weights), p=weights / weights.sum()))

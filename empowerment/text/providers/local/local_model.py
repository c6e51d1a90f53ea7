"""Base class of models in this process that read tokens and return logits."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Generator, Iterator, Sequence

import numpy as np

from empowerment.text.position import Position
from empowerment.text.providers.tokenized import TokenizedModel
from empowerment.text.tiers import TokenModelError


class LocalModel(TokenizedModel[np.ndarray]):
    """Base class of models in this process: distributions and texts follow from logits.

    A subclass returns the logits in `_logits_after`. The parameters are those of :class:`TokenizedModel`.
    """

    # Number of texts that sample() generates in parallel.
    _most_in_parallel = 1

    @abstractmethod
    def _logits_after(self, ids: list[int], count: int) -> Iterator[np.ndarray]:
        """Yield the logits after each of the last `count` tokens: the whole vocabulary in double precision."""

    def _rows_at(self, before: list[int], ids: list[int], top: int | None, whole_last: bool) -> Iterator[np.ndarray]:
        return map(self._finite, self._logits_after(before + ids, len(ids) + 1))

    def _read(self, row: np.ndarray, written: tuple[bytes, ...], token: int | None, start: int) -> Position:
        return Position.complete_list(written, row, ids=self._ids, chosen=token, start=start)

    def _finite(self, logits: np.ndarray) -> np.ndarray:
        """Return logits unchanged if they define a distribution.

        Raises
        ------
        TokenModelError
            If one is NaN or plus infinity, or all are minus infinity.
        """
        most = float(logits.max())  # not a number if one of them is not
        if not math.isfinite(most):
            raise TokenModelError(
                f"{self.name} computes the logit {most:g}; in half precision numbers overflow, so load it with "
                "weights in 32 bits or bfloat16"
            )
        return logits

    def _continued(self, ids: list[int], copies: int) -> Generator[list[np.ndarray], list[int], None]:
        """Yield the logits after some tokens, for several copies, and continue with the token sent for each."""
        texts = [ids] * copies
        while True:
            sent = yield [next(self._logits_after(each, 1)) for each in texts]
            texts = [[*each, token] for each, token in zip(texts, sent, strict=True)]

    def _drawn(
        self, before: list[int], max_tokens: int, top: int, temperature: float, seed: int | None
    ) -> Iterator[tuple[np.ndarray, int]]:
        for (row,), (token,) in self._drawn_in_parallel(
            before, max_tokens, temperature, [np.random.default_rng(seed)]
        ):
            yield row, token

    def _samples(
        self, before: list[int], n: int, max_tokens: int, temperature: float, seed: int | None
    ) -> Iterator[Sequence[int]]:
        rngs = [np.random.default_rng(each) for each in np.random.SeedSequence(seed).generate_state(n)]
        for i in range(0, n, self._most_in_parallel):
            generators = rngs[i : i + self._most_in_parallel]
            drawn = [tokens for _, tokens in self._drawn_in_parallel(before, max_tokens, temperature, generators)]
            yield from zip(*drawn, strict=True) if drawn else [()] * len(generators)

    def _drawn_in_parallel(
        self, before: list[int], max_tokens: int, temperature: float, rngs: list[np.random.Generator]
    ) -> Iterator[tuple[list[np.ndarray], list[int]]]:
        """Yield logits and the tokens drawn from them, for several texts in parallel, until all have ended."""
        reading = self._continued(before, len(rngs))
        tokens: list[int] = []
        for i in range(max_tokens):
            self._check_length(len(before) + i)
            rows = reading.send(tokens) if tokens else next(reading)
            rows = [self._finite(row) for row in rows]
            last = tokens or [-1] * len(rngs)
            # A text that has ended goes on ending while others are written.
            tokens = [
                token if token in self.ends else _draw(row, temperature, rng)
                for row, rng, token in zip(rows, rngs, last, strict=True)
            ]
            yield rows, tokens
            if all(token in self.ends for token in tokens):
                return


def _draw(logits: np.ndarray, temperature: float, rng: np.random.Generator) -> int:
    if temperature == 0:
        return int(np.argmax(logits))
    weights = np.exp((logits - logits.max()) / temperature)
    return int(rng.choice(len(weights), p=weights / weights.sum()))

"""A base class for token models, which draws texts from the distributions that they report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from empowerment.core import validate
from empowerment.text.position import Position
from empowerment.text.tiers import Tier, TierError, TokenModelError
from empowerment.text.token_list import Outcome
from empowerment.text.token_model import refusal


class Provider:
    """Base class for token models: a method that is not overridden is derived from a higher tier, or refused.

    A subclass sets `tier`, `name` and `vocabulary_size` and overrides `score` (tier SCORE), `step` (STEP) or
    `sample` (SAMPLE); `step` and `sample` are derived from `score`, and `sample` from `step`.

    Attributes
    ----------
    tier : Tier
        What the model offers.
    name : str
        Identifies the model and its settings.
    vocabulary_size : int or None
        Number of tokens, if known.
    ends : sequence of outcomes
        The end-of-text tokens, if known.
    whole_lists : bool
        Whether a request for tokens by name retrieves the whole list anyway, which is then used.

    See Also
    --------
    TokenModel : The contract.
    empowerment.testing.check_token_model : Test an implementation.

    Examples
    --------
    >>> import numpy as np
    >>> from empowerment.text import Position, Provider, Tier
    >>> class Coin(Provider):
    ...     tier, name, vocabulary_size = Tier.SCORE, "coin", 2
    ...     def score(self, prefix, text="", *, top=None, also=()):
    ...         return [Position.complete_list([b"0", b"1"], np.zeros(2))]
    >>> sum(len(text) for text in Coin().sample("", 3, max_tokens=4, seed=0))
    12
    """

    tier: Tier = Tier.SAMPLE
    name: str = "unnamed"
    vocabulary_size: int | None = None
    ends: Sequence[Outcome] = ()
    whole_lists: bool = False

    def score(
        self, prefix: str, text: str = "", *, top: int | None = None, also: Sequence[Outcome] = ()
    ) -> list[Position]:
        """Raise a :class:`TierError`; see :meth:`TokenModel.score`."""
        raise self._refusal("score", Tier.SCORE)

    def step(
        self, prefix: str, max_tokens: int = 1, *, top: int = 20, temperature: float = 0.0, seed: int | None = None
    ) -> Iterator[Position]:
        """Draw tokens one after another from the distributions of `score`; see :meth:`TokenModel.step`."""
        if self.tier < Tier.SCORE:
            raise self._refusal("step", Tier.STEP)
        rng, temperature = validate.generator(seed, "seed"), validate.finite(temperature, "temperature", least=0.0)
        prefix, top = validate.text(prefix, "prefix"), validate.positive_int(top, "top")
        start = 0
        for _ in range(validate.horizon(max_tokens, "max_tokens")):
            position = self.score(prefix)[-1]
            position, start = drawn(position, temperature, rng, start)
            yield position.top(top)
            if not position.token:
                return
            prefix += _whole_text(position.token)

    def sample(
        self, prefix: str, n: int, *, max_tokens: int = 16, temperature: float = 1.0, seed: int | None = None
    ) -> list[str]:
        """Generate texts by `step`; see :meth:`TokenModel.sample`."""
        if self.tier < Tier.STEP:
            raise self._refusal("sample", Tier.SAMPLE)
        n = validate.positive_int(n, "n", most=validate.MOST_DRAWS)
        seeds = np.random.SeedSequence(None if seed is None else validate.seed(seed)).generate_state(n)
        texts = [
            b"".join(
                position.token or b""
                for position in self.step(prefix, max_tokens, temperature=temperature, seed=int(s))
            )
            for s in seeds
        ]
        return [text.decode("utf-8", errors="replace") for text in texts]

    def _refusal(self, method: str, needed: Tier) -> TierError:
        return refusal(self, needed, f"{method}()")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.tier.name})"


def drawn(position: Position, temperature: float, rng: np.random.Generator, start: int = 0) -> tuple[Position, int]:
    """Return a position with a token drawn from its list, and the byte at which the next token begins.

    Raises
    ------
    TokenModelError
        If the list is not complete and a token outside it could be drawn.
    """
    logs = position.log_probabilities
    if temperature == 0:
        index = int(np.argmax(logs))
    else:
        if position.residual.upper > 1e-6:
            raise TokenModelError(
                f"cannot draw at temperature {temperature:g}: {position.residual.upper:.3g} of the mass is not listed"
            )
        with np.errstate(over="ignore"):  # at a low temperature only the best is left
            scaled = (logs - logs.max()) / temperature
        weights = np.exp(scaled - scaled.max())
        index = int(rng.choice(len(weights), p=weights / weights.sum()))
    token = position.tokens[index]
    if token is None:
        raise TokenModelError("cannot continue: the bytes of the token that was drawn are not reported")
    return replace(position, token=token, chosen=index, span=(start, start + len(token))), start + len(token)


def _whole_text(token: bytes) -> str:
    try:
        return token.decode("utf-8")
    except UnicodeDecodeError:
        raise TokenModelError(
            f"the token {token!r} is part of a character, so no text continues with it; a provider of such a model "
            "has to override step()"
        ) from None

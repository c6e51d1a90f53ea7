"""Token models from functions: of next tokens, or of texts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.text.position import Position
from empowerment.text.provider import Provider
from empowerment.text.tiers import Tier, TokenModelError
from empowerment.text.token_checks import well_formed
from empowerment.text.token_list import Outcome

# A row whose sum misses 1 by less lists everything.
_COMPLETE = 1e-9


class FunctionModel(Provider):
    """Token model from a function that returns the probabilities of next tokens, or that writes texts.

    Parameters
    ----------
    next_token : callable, optional
        Given a text, returns a mapping from tokens to their probabilities. The token ``""`` ends a text.
        Probabilities that sum to 1 are the whole distribution; otherwise they are a part of it, and the rest stays
        unknown.
    write : callable, optional
        Given a prefix and a `numpy.random.Generator`, returns a text that follows the prefix.
    name : str, optional
        Name of the model; by default the function's own name. Recorded answers are kept under it, so a function that
        was changed needs another name.
    tokenize : callable, optional
        Given a text, returns its tokens. By default a text is split from its beginning, always at the longest token
        that `next_token` lists there; with a partial list these may differ from the model's tokens.
    vocabulary_size : int, optional
        Number of tokens, for mappings that list a part.
    most_probable : bool
        Whether a partial list holds the most probable tokens, so that no other has more than the smallest of the
        list. It narrows the intervals.
    ends : bool
        Whether `next_token` reports the probability of ``""``.

    Raises
    ------
    ValueError
        If there is no function, or `vocabulary_size` is no positive number.

    See Also
    --------
    TableModel : A model from a table of probabilities.
    Provider : Base class for models with more methods.

    Notes
    -----
    An error of a function becomes the error of its prompt, a :class:`TokenModelError`, so that :func:`ask_each`
    continues with the others.

    With `next_token` the tier is SCORE, with `write` alone SAMPLE. `write` decides the length of a text, so
    `max_tokens` has no effect on it, and a `temperature` other than 1 is refused. From a partial list no token can be
    drawn; only the most probable one can be taken.

    Examples
    --------
    >>> from empowerment.text import FunctionModel
    >>> def person(text):
    ...     return {" yes": 0.7, " no": 0.2} if text.endswith("?") else {"": 1.0}
    >>> FunctionModel(person, vocabulary_size=1000, ends=False).score("Coffee?", " yes")[0]
    Position(2 of 1000 tokens, mass 0.9, b' yes' has 0.7, entropy in [1.157, 2.153] bits)
    >>> FunctionModel(write=lambda prefix, rng: rng.choice([" yes", " no"])).sample("Coffee?", 3, seed=1)
    [' yes', ' no', ' no']
    """

    def __init__(
        self,
        next_token: Callable[[str], Mapping[str, float]] | None = None,
        *,
        write: Callable[[str, np.random.Generator], str] | None = None,
        name: str | None = None,
        tokenize: Callable[[str], Sequence[str]] | None = None,
        vocabulary_size: int | None = None,
        most_probable: bool = False,
        ends: bool = True,
    ) -> None:
        if next_token is None and write is None:
            raise ValueError("there is no function, expected next_token or write")
        for each, called in (("next_token", next_token), ("write", write), ("tokenize", tokenize)):
            if called is not None and not callable(called):
                raise TypeError(f"{each} is {validate.shown(called)}, expected a function, or None")
        most_probable, ends = validate.flag(most_probable, "most_probable"), validate.flag(ends, "ends")
        name = None if name is None else validate.text(name, "name")
        self._next_token, self._write, self._tokenize = next_token, write, tokenize
        self._most_probable = most_probable
        self.tier = Tier.SAMPLE if next_token is None else Tier.SCORE
        function = next_token or write
        self.name = name or f"{function.__module__}.{getattr(function, '__qualname__', type(function).__name__)}"
        self.vocabulary_size = (
            None if vocabulary_size is None else validate.positive_int(vocabulary_size, "vocabulary_size")
        )
        self.ends = (b"",) if next_token is not None and ends else ()

    def score(
        self, prefix: str, text: str = "", *, top: int | None = None, also: Sequence[Outcome] = ()
    ) -> list[Position]:
        """Return the distribution at each token of `text` after `prefix`, and the one after it.

        See :meth:`TokenModel.score`.

        Raises
        ------
        TokenModelError
            If the function fails or returns no probabilities, no token fits the text, or one of `also` is not
            reported.
        """
        if self._next_token is None:
            return super().score(prefix, text)
        prefix, text = validate.text(prefix, "prefix"), validate.text(text, "text")
        top = None if top is None else validate.positive_int(top, "top")
        well_formed(prefix + text, "prefix or the text")
        tokens = None if self._tokenize is None else iter(self._split(text))
        positions, i, start = [], 0, 0
        while True:
            row = self._row(prefix + text[:i])
            token = None if i == len(text) else next(tokens) if tokens else self._longest(row, text[i:])
            position = self._position(row, token, start, [] if top is None else also)
            positions.append(position if top is None else position.top(top, also=also))
            if token is None:
                return positions
            i, start = i + len(token), position.span[1]

    def sample(
        self, prefix: str, n: int, *, max_tokens: int = 16, temperature: float = 1.0, seed: int | None = None
    ) -> list[str]:
        """Generate texts by the function, or token by token; see :meth:`TokenModel.sample`.

        Raises
        ------
        TokenModelError
            If the function fails or returns no text; if it writes texts, and a temperature is requested; or if it
            reports only a part of the tokens.
        """
        if self._write is None:
            return super().sample(prefix, n, max_tokens=max_tokens, temperature=temperature, seed=seed)
        n, temperature = validate.positive_int(n, "n"), validate.finite(temperature, "temperature", least=0.0)
        if temperature != 1:
            raise TokenModelError(f"temperature is {temperature:g}, but {self.name} writes as it does: expected 1")
        rng = validate.generator(seed, "seed")
        return [self._written(prefix, rng) for _ in range(n)]

    def _written(self, prefix: str, rng: np.random.Generator) -> str:
        assert self._write is not None
        text = _called("write", self._write, prefix, rng)
        if not isinstance(text, str):
            raise TokenModelError(f"write({prefix[-60:]!r}) returns {text!r}, expected a text")
        return str(well_formed(text, "text that was written"))

    def _row(self, text: str) -> dict[str, float]:
        assert self._next_token is not None
        returned = _called("next_token", self._next_token, text)
        where = f"next_token({text[-60:]!r})"
        try:
            row = {well_formed(token, "token"): float(p) for token, p in returned.items()}
        except (AttributeError, TypeError, ValueError, OverflowError) as reason:
            raise TokenModelError(
                f"{where} returns {str(returned)[:60]}, expected a mapping from texts to probabilities: {reason}"
            ) from None
        possible = all(0 <= p <= 1 + _COMPLETE for p in row.values())
        total = math.fsum(row.values()) if possible else sum(row.values())
        if not (possible and total <= 1 + _COMPLETE):
            raise TokenModelError(
                f"{where} gives numbers from {min(row.values()):.6g} with the sum {total:.6g}, expected "
                "probabilities with a sum of at most 1"
            )
        return {token: p / total for token, p in row.items()} if total >= 1 - _COMPLETE else row

    def _position(self, row: dict[str, float], token: str | None, start: int, also: Sequence[Outcome]) -> Position:
        total = math.fsum(row.values())
        complete = total >= 1 - _COMPLETE
        asked = [each.decode() if isinstance(each, bytes) else str(each) for each in also]
        if complete:
            row = dict.fromkeys([*asked, *filter(None, [token])], 0.0) | row
        missing = [each for each in asked if each not in row]
        if missing:
            raise TokenModelError(
                f"{self.name} does not report the probability of {missing[0]!r}, which also= requests"
            )
        written = tuple(each.encode() for each in row)
        own = None if token is None else token.encode()
        with np.errstate(divide="ignore"):
            logs = np.log(np.array(list(row.values())))
        return Position(
            written,
            logs,
            vocabulary_size=len(row) if complete else self.vocabulary_size,
            cap=None if complete or self._most_probable else 1 - total,
            token=own,
            chosen=written.index(own) if own in written else None,
            span=(start, start + len(own or b"")),
        )

    def _split(self, text: str) -> list[str]:
        assert self._tokenize is not None
        tokens = list(_called("tokenize", self._tokenize, text))
        if "".join(tokens) != text or "" in tokens:
            raise TokenModelError(
                f"tokenize({text[:60]!r}) gives {tokens[:10]}, expected parts that make up the text"
            )
        return tokens

    def _longest(self, row: dict[str, float], text: str) -> str:
        token = max((each for each in row if text.startswith(each)), key=len, default="")
        if not token:
            raise TokenModelError(f"{self.name} lists no token that {text[:20]!r} begins with; pass tokenize=")
        return token


def _called(name: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function of the caller.

    Raises
    ------
    TokenModelError
        If it fails. An interrupt is no error of the function and passes.
    """
    try:
        return function(*arguments)
    except TokenModelError:
        raise
    except Exception as reason:
        raise TokenModelError(f"{name}({arguments[0][-60:]!r}) raises {type(reason).__name__}: {reason}") from reason

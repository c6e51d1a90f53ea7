"""What is asked of a language model, and what it answers: distributions of one next token."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple, Protocol, TypeAlias, cast, runtime_checkable

import numpy as np

from empowerment.core import validate

# A complete list is normalised in double precision; this is what its sum may still miss.
_SUM_TOLERANCE = 1e-9
# Providers write lower numbers where a probability is not told, or is 0; no softmax in single precision reaches this.
LOWEST_LOG = -1000.0
# Above 0 by what a rounding allows, and by no more.
_HIGHEST_LOG = 1.0
# By how much the sum of probabilities in single precision may miss 1, and the least that tells a list that was cut.
_SINGLE_PRECISION = 1e-6
_GAP = 100
# Relative error of the logarithms and sums below; ends of intervals move outward by it.
_ROUNDING = 1e-14


Outcome: TypeAlias = int | bytes
"""What tells a token apart: its number in the vocabulary, or how it is written where that is all there is."""


class TokenModelError(RuntimeError):
    """A provider could not answer: the message names what was asked, what came back, and what to try."""


class TierError(TypeError):
    """A provider was asked for more than it offers."""


class Tier(enum.IntEnum):
    """What a provider offers; each tier includes those below it."""

    SAMPLE = 1
    STEP = 2
    SCORE = 3

    @property
    def sentence(self) -> str:
        """What a provider of this tier can do."""
        return _SENTENCES[self]


_SENTENCES = {
    Tier.SAMPLE: "writes texts, without probabilities",
    Tier.STEP: "tells the probabilities of the tokens that it writes itself",
    Tier.SCORE: "tells the probabilities of tokens of any given text",
}


class Ends(NamedTuple):
    """An interval that holds a quantity, in the unit that was asked for."""

    lower: float
    upper: float

    @property
    def width(self) -> float:
        """How much is not known."""
        return self.upper - self.lower


@dataclass(frozen=True, eq=False, repr=False)
class Position:
    """The distribution of one next token, as far as a model tells it.

    A model tells the probabilities of some tokens and nothing of the others but what is left for them.

    Parameters
    ----------
    tokens : tuple of (bytes or None)
        The tokens listed, as they are written; what ends a text is written as nothing. None for a token of which the
        provider tells the probability and not which one it is.
    log_probabilities : ndarray of shape (n_listed,)
        Their natural logarithms, of the model itself: before any temperature or cut of a sampler.
    ids : ndarray of int of shape (n_listed,), optional
        Their numbers in the vocabulary, where the provider tells them. Two tokens may be written alike.
    vocabulary_size : int, optional
        How many tokens there are.
    cap : float, optional
        No token outside the list has more than this. By default the smallest listed probability, as in a list of
        the most probable tokens.
    rounding : float
        By how much, relatively, the listed probabilities may all be off by a common factor: where a provider
        sums a large vocabulary in single precision, its ratios are right and its scale is not.
    token : bytes, optional
        The token that the text has here or that was generated. None in a distribution that nothing was drawn from,
        and where the provider does not tell its bytes.
    chosen : int, optional
        Its index in the list; None if it is not in the list.
    span : tuple of two ints
        Bytes of the text that `token` covers, from the beginning of the text that was scored or generated.

    Raises
    ------
    ValueError
        If the parts do not fit together or the listed mass exceeds 1.

    Examples
    --------
    >>> import numpy as np
    >>> from empowerment.text import Position
    >>> place = Position((b" yes", b" no"), np.log([0.6, 0.3]), vocabulary_size=1000, token=b" no", chosen=1)
    >>> place
    Position(2 of 1000 tokens, mass 0.9, b' no' has 0.3, entropy in [1.295, 2.292] bits)
    >>> round(place.surprisal().upper, 6)
    1.736966
    """

    tokens: tuple[bytes | None, ...]
    log_probabilities: np.ndarray
    ids: np.ndarray | None = None
    vocabulary_size: int | None = None
    cap: float | None = None
    rounding: float = 0.0
    token: bytes | None = None
    chosen: int | None = None
    span: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        logs = np.asarray(self.log_probabilities, dtype=np.float64)
        object.__setattr__(self, "log_probabilities", logs)
        if self.ids is not None:
            object.__setattr__(self, "ids", _numbers(self.ids))
        self._check()
        if self.cap is None:
            object.__setattr__(self, "cap", float(np.exp(logs.min())) if logs.size else 1.0)

    def _check(self) -> None:
        logs, n = self.log_probabilities, len(self.tokens)
        if logs.shape != (n,):
            raise ValueError(f"log_probabilities has shape {logs.shape}, expected ({n},): one for each token")
        wrong = logs[np.isnan(logs) | (logs > _HIGHEST_LOG)]
        if wrong.size:
            raise ValueError(f"log_probabilities has {wrong[0]:g}, expected numbers of at most 0")
        if not 0 <= self.rounding < 0.5:
            raise ValueError(f"rounding is {self.rounding!r}, expected a relative error in [0, 0.5)")
        if self.ids is not None and (self.ids.shape != (n,) or len(set(self.ids.tolist())) != n):
            raise ValueError(f"ids has shape {self.ids.shape}, expected {n} different numbers: one for each token")
        named = [token for token in self.tokens if token is not None]
        if self.ids is None and len(set(named)) != len(named):
            raise ValueError("tokens are listed twice, expected each once; tokens that are written alike need ids")
        mass = self.mass.lower
        if mass > 1 + _SUM_TOLERANCE:
            raise ValueError(
                f"the listed probabilities sum to {np.exp(logs).sum():.9g}, expected at most 1 (rounding "
                f"{self.rounding:g}); were they changed by a temperature, or need they a larger rounding?"
            )
        if self.cap is not None and not self.complete and self.cap * self._n_unlisted < self.residual.lower - 1e-9:
            raise ValueError(
                f"cap is {self.cap:.3g}, so {self._n_unlisted:g} tokens outside the list hold less than the "
                f"{self.residual.lower:.3g} that is left for them"
            )
        if self.vocabulary_size is not None and n > self.vocabulary_size:
            raise ValueError(f"{n} tokens are listed, but vocabulary_size is {self.vocabulary_size}")
        if self.complete and abs(mass - 1) > _SUM_TOLERANCE:
            raise ValueError(f"all {n} tokens are listed, but their probabilities sum to {mass:.9g}, expected 1")
        if self.chosen is not None and not (0 <= self.chosen < n and self.tokens[self.chosen] in (None, self.token)):
            raise ValueError(f"chosen is {self.chosen!r}, expected the index of the token {self.token!r} in the list")

    @classmethod
    def complete_list(
        cls,
        tokens: Sequence[bytes],
        logits: np.ndarray,
        *,
        ids: np.ndarray | None = None,
        chosen: int | None = None,
        start: int = 0,
    ) -> Position:
        """Return the distribution over a whole vocabulary, normalised in double precision.

        Parameters
        ----------
        tokens : sequence of bytes
        logits : array_like of shape (n_tokens,)
            Logits or log-probabilities: a constant added to all of them changes nothing.
        ids : array_like of int, optional
            By default 0, 1, 2, ...
        chosen : int, optional
            Index of the token that the text has here.
        start : int
            The byte of the text at which it begins.
        """
        try:
            if np.iscomplexobj(logits):
                raise TypeError
            with np.errstate(over="ignore"):
                logits = np.asarray(logits, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            raise TypeError(f"logits is {validate.shown(logits)}, expected a number for each token") from None
        if not isinstance(tokens, tuple):  # whole vocabularies are shared by all positions
            tokens = tuple(islice(tokens, logits.size + 1)) if validate.is_several(tokens) else ()
        if logits.shape != (len(tokens),):
            raise ValueError(f"logits has shape {logits.shape}, expected one number for each of the tokens")
        start = validate.horizon(start, "start")
        chosen = None if chosen is None else validate.horizon(chosen, "chosen")
        if chosen is not None and chosen >= len(tokens):
            raise ValueError(f"chosen is {chosen}, expected the index of one of {len(tokens)} tokens")
        token = None if chosen is None else tokens[chosen]
        shifted = logits - logits.max()
        logs = shifted - math.log(np.exp(shifted).sum())
        return cls(
            tokens,
            logs,
            ids=np.arange(len(logs)) if ids is None else ids,
            vocabulary_size=len(logs),
            token=token,
            chosen=chosen,
            span=(start, start + len(token or b"")),
        )

    @property
    def complete(self) -> bool:
        """Whether every token of the vocabulary is listed."""
        return self.vocabulary_size is not None and len(self.tokens) == self.vocabulary_size

    @property
    def outcomes(self) -> Sequence[Outcome | None]:
        """What tells the listed tokens apart: their ids where these are known, else how they are written."""
        return list(self.tokens) if self.ids is None else self.ids.tolist()

    @cached_property
    def mass(self) -> Ends:
        """Probability of the listed tokens together."""
        total = float(np.exp(self.log_probabilities).sum())
        if self.complete:
            return Ends(total, total)
        return Ends(total / (1 + self.rounding), min(total / (1 - self.rounding), 1.0))

    @property
    def residual(self) -> Ends:
        """Probability that is left for all tokens outside the list."""
        if self.complete:
            return Ends(0.0, 0.0)
        return Ends(1.0 - self.mass.upper, max(1.0 - self.mass.lower, 0.0))

    def entropy(self, base: float = 2) -> Ends:
        """Return both ends of the entropy of the next token.

        Notes
        -----
        With s the mass of the list, h the entropy of the list by itself and r = 1 - s, the listed tokens give
        ``s h - s log s``, which is concave in s. The others give most if they share r alike, and least in as few
        tokens as the cap allows.
        """
        return _in_unit(self._entropy, base)

    @cached_property
    def _entropy(self) -> Ends:
        logs = self.log_probabilities[np.isfinite(self.log_probabilities)]
        inside, s, r = _list_entropy(logs), self.mass, self.residual
        ends = [_scaled(inside, s.lower), _scaled(inside, s.upper)]
        at_most = max(*ends, _scaled(inside, min(max(math.exp(inside - 1.0), s.lower), s.upper)))
        lower = min(ends) + _packed(r, self._largest_unlisted)
        upper = at_most + _spread(r, self._n_unlisted)
        return _outward(max(lower, 0.0), upper)

    def min_entropy(self, base: float = 2) -> Ends:
        """Return both ends of -log of the largest probability that any next token has, listed or not."""
        return _in_unit(self._min_entropy, base)

    @cached_property
    def _min_entropy(self) -> Ends:
        listed = math.exp(self.log_probabilities.max()) if self.log_probabilities.size else 0.0
        unlisted = 0.0 if self.complete else min(self._largest_unlisted, self.residual.upper)
        slack = 0.0 if self.complete else self.rounding
        # Tokens that share what is left alike have at least this much each.
        shared = 0.0 if self.complete else self.residual.lower / self._n_unlisted
        most = min(max(listed / (1 - slack), unlisted), 1.0)
        least = max(listed / (1 + slack), shared)
        return _outward(-math.log(most), -math.log(least) if least > 0 else math.inf)

    def surprisal(self, base: float = 2) -> Ends:
        """Return both ends of -log p of the token that the text has here.

        Of a token outside the list only the lower end is known, and the upper one is infinite.

        Raises
        ------
        ValueError
            If no token belongs to this position.
        """
        if self.token is None and self.chosen is None:
            raise ValueError("this position has no token, only a distribution: nothing was read or drawn here")
        return _in_unit(self._surprisal, base)

    @cached_property
    def _surprisal(self) -> Ends:
        if self.chosen is None:
            most = min(self._largest_unlisted, self.residual.upper)
            return _outward(-math.log(most) if most > 0 else math.inf, math.inf)
        log = float(self.log_probabilities[self.chosen])
        slack = 0.0 if self.complete else self.rounding
        lower, upper = -log + math.log1p(-slack), -log + math.log1p(slack)
        return _outward(max(lower, 0.0), upper)

    def top(self, count: int, *, also: Sequence[Outcome] = ()) -> Position:
        """Return what remains if only the `count` most probable tokens are listed, `also` some, and the chosen one.

        Raises
        ------
        KeyError
            If one of `also` is not listed here.
        """
        order = _most_probable(self.log_probabilities, validate.horizon(count, "count"))
        if not validate.is_several(also):
            raise TypeError(f"also is {validate.shown(also)}, expected a sequence of outcomes")
        also = tuple(islice(also, len(self.tokens) + 1))
        if len(also) > len(self.tokens):
            raise KeyError(f"also names more tokens than the {len(self.tokens)} that are listed here")
        kept = dict.fromkeys([*order.tolist(), *(self._places_of(also) if also else ())])
        if self.chosen is not None:
            kept[self.chosen] = None
        index = list(kept)
        cap = float(np.exp(self.log_probabilities[order[-1]])) if order.size else 1.0
        return replace(
            self,
            tokens=tuple(self.tokens[i] for i in index),
            log_probabilities=self.log_probabilities[index],
            ids=None if self.ids is None else self.ids[index],
            cap=max(cap, self.cap or 0.0) if order.size < len(self.tokens) else self.cap,
            chosen=None if self.chosen is None else index.index(self.chosen),
        )

    def identified(self) -> Position:
        """Return what remains without the tokens of which is not told which ones they are."""
        index = [i for i, outcome in enumerate(self.outcomes) if outcome is not None]
        if len(index) == len(self.tokens):
            return self
        others = np.delete(self.log_probabilities, index)
        return replace(
            self,
            tokens=tuple(self.tokens[i] for i in index),
            log_probabilities=self.log_probabilities[index],
            cap=max(self.cap or 0.0, float(np.exp(others.max()))),
            chosen=index.index(self.chosen) if self.chosen in index else None,
        )

    def _places_of(self, wanted: Sequence[Outcome]) -> list[int]:
        """Return where some tokens are listed.

        Raises
        ------
        KeyError
            If one of them is not.
        """
        listed: dict[Outcome | None, int]
        if self.ids is None:
            listed = {token: i for i, token in enumerate(self.tokens)}
        else:  # a whole vocabulary is long, and few of it are wanted
            where = np.flatnonzero(np.isin(self.ids, [token for token in wanted if isinstance(token, int)]))
            listed = dict(zip(self.ids[where].tolist(), where.tolist(), strict=True))
        missing = [token for token in wanted if not isinstance(token, int | bytes) or token not in listed]
        if missing:
            raise KeyError(f"also names {validate.shown(missing[0])}, which is not listed here")
        return [listed[token] for token in wanted]

    @property
    def _largest_unlisted(self) -> float:
        assert self.cap is not None
        return min(self.cap / (1 - self.rounding), 1.0)

    @property
    def _n_unlisted(self) -> float:
        return math.inf if self.vocabulary_size is None else self.vocabulary_size - len(self.tokens)

    def __repr__(self) -> str:
        of = "" if self.vocabulary_size is None else f" of {self.vocabulary_size}"
        if self.token is None and self.chosen is None:
            token = ""
        elif self.chosen is None:
            token = f", {self.token!r} is not listed"
        else:
            own = "a token that is not told" if self.token is None else repr(self.token)
            token = f", {own} has {math.exp(self.log_probabilities[self.chosen]):.4g}"
        h, s = self.entropy(), self.mass
        mass = f"{s.lower:.6g}" if s.width <= 1e-9 else f"[{s.lower:.6g}, {s.upper:.6g}]"
        listed = f"{len(self.tokens)}{of} tokens, mass {mass}"
        return f"Position({listed}{token}, entropy in [{h.lower:.4g}, {h.upper:.4g}] bits)"


def _numbers(ids: Any) -> np.ndarray:
    try:
        if np.iscomplexobj(ids):
            raise TypeError
        with np.errstate(invalid="ignore"):
            found = np.asarray(ids, dtype=np.int64)
        if not (found == np.asarray(ids)).all():
            raise ValueError
        return found
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"ids is {validate.shown(ids)}, expected a whole number for each token") from None


def unknown_position(
    token: bytes | None, span: tuple[int, int] = (0, 0), vocabulary_size: int | None = None
) -> Position:
    """Return a position of which nothing is known but its token: the first of a text, for a model without a start."""
    return Position((), np.empty(0), vocabulary_size=vocabulary_size, token=token, span=span)


def _most_probable(logs: np.ndarray, count: int) -> np.ndarray:
    """Return the places of the largest, in their order; of equal ones the first."""
    if not 0 < count < logs.size:
        return np.argsort(-logs, kind="stable")[:count]
    least = np.partition(logs, logs.size - count)[logs.size - count]
    among = np.flatnonzero(logs >= least)
    return among[np.argsort(-logs[among], kind="stable")][:count]


def _list_entropy(logs: np.ndarray) -> float:
    """Return the entropy of listed tokens by themselves."""
    if not logs.size:
        return 0.0
    p = np.exp(logs - logs.max())
    total = float(p.sum())
    return max(math.log(total) - float(p @ (logs - logs.max())) / total, 0.0)


def _scaled(inside: float, mass: float) -> float:
    return mass * inside - mass * math.log(mass) if mass > 0 else 0.0


def _packed(residual: Ends, cap: float) -> float:
    """Return the least that a residual adds to an entropy if no token has more than `cap`."""
    if residual.upper <= 0 or cap <= 0:
        return 0.0
    # Between two multiples of the cap the packed entropy is concave, so it is least at an end or at a multiple.
    first, last = math.ceil(residual.lower / cap), math.floor(residual.upper / cap)
    tried = [residual.lower, residual.upper, *(n * cap for n in {first, last} if first <= last)]
    return min(_packed_entropy(r, cap) for r in tried)


def _packed_entropy(residual: float, cap: float) -> float:
    full = math.floor(residual / cap)
    rest = max(residual - full * cap, 0.0)
    return -full * cap * math.log(cap) - (rest * math.log(rest) if rest > 0 else 0.0)


def _spread(residual: Ends, n_unlisted: float) -> float:
    """Return the most that a residual adds to an entropy if that many tokens share it."""
    if residual.upper <= 0:
        return 0.0
    if n_unlisted == math.inf:
        return math.inf
    r = min(max(n_unlisted / math.e, residual.lower), residual.upper)
    return r * math.log(n_unlisted / r)


def _outward(lower: float, upper: float) -> Ends:
    slack = _ROUNDING * (1.0 + abs(lower))
    return Ends(max(lower - slack, 0.0), upper * (1 + _ROUNDING) + _ROUNDING)


def _in_unit(nats: Ends, base: float) -> Ends:
    """Return an amount in nats in the unit of a base; the ends have room for the rounding of the division."""
    unit = math.log(validate.base(base))
    return Ends(nats.lower / unit, nats.upper / unit)


@runtime_checkable
class TokenModel(Protocol):
    """A language model, as far as this library asks it: distributions of next tokens, or texts.

    Probabilities are the model's own, before any temperature, penalty or cut of a sampler. A provider offers the
    methods up to its `tier`; the others raise a :class:`TierError`. :class:`Provider` is a base class to start
    from, and :func:`empowerment.testing.check_token_model` tests what is promised here.

    """

    @property
    def tier(self) -> Tier:
        """Which of the methods the model offers."""
        ...

    @property
    def name(self) -> str:
        """The model and every setting that its answers depend on; recorded answers are kept under it."""
        ...

    @property
    def vocabulary_size(self) -> int | None:
        """How many tokens there are; None if the provider does not tell."""
        ...

    @property
    def ends(self) -> Sequence[Outcome]:
        """The tokens that end a text, as `also` takes them; empty if the provider does not tell them."""
        ...

    def score(
        self, prefix: str, text: str = "", *, top: int | None = None, also: Sequence[Outcome] = ()
    ) -> list[Position]:
        """Return the distribution at each token of `text` after `prefix`, and the one after it.

        The end of the prefix is a boundary between tokens.

        Parameters
        ----------
        prefix, text : str
        top : int, optional
            List the most probable tokens only; by default all that the provider tells. The token that the text
            has is listed wherever the provider tells its probability.
        also : sequence of outcomes
            Tokens to list beside these at the last position, the one after the text, as :attr:`Position.outcomes`
            names them. Where they cost nothing they may be listed at the others, too.
        """
        ...

    def step(
        self, prefix: str, max_tokens: int = 1, *, top: int = 20, temperature: float = 0.0, seed: int | None = None
    ) -> Iterator[Position]:
        """Yield what the model writes after `prefix`, token by token, with the distribution each was drawn from.

        The distributions are the model's own whatever the temperature; 0 takes the most probable token.
        """
        ...

    def sample(
        self, prefix: str, n: int, *, max_tokens: int = 16, temperature: float = 1.0, seed: int | None = None
    ) -> list[str]:
        """Return `n` texts that the model writes after `prefix`."""
        ...


def check_model(model: object, needed: Tier = Tier.SAMPLE, what: str = "", hint: str = "") -> None:
    """Refuse what is no token model, or one of a lower tier than `what` needs; `hint` says what to do then."""
    validate.offers(model, ("tier", "name", "ends", "score", "step", "sample"), "model", "a token model")
    if cast(TokenModel, model).tier < needed:
        raise _refusal(cast(TokenModel, model), needed, what, hint)


def _refusal(model: TokenModel, needed: Tier, what: str, hint: str = "") -> TierError:
    return TierError(
        f"{what} needs the tier {needed.name}: a model that {needed.sentence}; {model.name} is of the tier "
        f"{model.tier.name}, which {model.tier.sentence}{f'; {hint}' if hint else ''}"
    )


class Provider:
    """A start for providers: a method that is not overridden is derived from a higher tier, or refused.

    A provider states `tier`, `name` and `vocabulary_size` and overrides `score` (tier SCORE), `step` (STEP) or
    `sample` (SAMPLE); from `score` follow `step` and `sample`, from `step` follows `sample`. It sets `whole_lists`
    if tokens that are asked for by name take the whole list anyway, so that all of it is used.
    """

    tier: Tier = Tier.SAMPLE
    name: str = "unnamed"
    vocabulary_size: int | None = None
    ends: Sequence[Outcome] = ()
    whole_lists: bool = False

    def score(
        self, prefix: str, text: str = "", *, top: int | None = None, also: Sequence[Outcome] = ()
    ) -> list[Position]:
        """Refuse: the probabilities of a given text are not told."""
        raise self._refusal("score", Tier.SCORE)

    def step(
        self, prefix: str, max_tokens: int = 1, *, top: int = 20, temperature: float = 0.0, seed: int | None = None
    ) -> Iterator[Position]:
        """Draw tokens one after another from the distributions that `score` returns."""
        if self.tier < Tier.SCORE:
            raise self._refusal("step", Tier.STEP)
        rng, temperature = validate.generator(seed, "seed"), validate.finite(temperature, "temperature", least=0.0)
        prefix, top = validate.text(prefix, "prefix"), validate.positive_int(top, "top")
        start = 0
        for _ in range(validate.horizon(max_tokens, "max_tokens")):
            place = self.score(prefix)[-1]
            place, start = drawn(place, temperature, rng, start)
            yield place.top(top)
            if not place.token:
                return
            prefix += _whole_text(place.token)

    def sample(
        self, prefix: str, n: int, *, max_tokens: int = 16, temperature: float = 1.0, seed: int | None = None
    ) -> list[str]:
        """Write texts step by step."""
        if self.tier < Tier.STEP:
            raise self._refusal("sample", Tier.SAMPLE)
        n = validate.positive_int(n, "n", most=validate.MOST_DRAWS)
        seeds = np.random.SeedSequence(None if seed is None else validate.seed(seed)).generate_state(n)
        texts = [
            b"".join(
                place.token or b"" for place in self.step(prefix, max_tokens, temperature=temperature, seed=int(s))
            )
            for s in seeds
        ]
        return [text.decode("utf-8", errors="replace") for text in texts]

    def _refusal(self, method: str, needed: Tier) -> TierError:
        return _refusal(self, needed, f"{method}()")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.tier.name})"


def drawn(place: Position, temperature: float, rng: np.random.Generator, start: int = 0) -> tuple[Position, int]:
    """Return a position with a token drawn from its list, and where the text goes on.

    Raises
    ------
    TokenModelError
        If the list is not complete and a token outside it could be drawn.
    """
    logs = place.log_probabilities
    if temperature == 0:
        index = int(np.argmax(logs))
    else:
        if place.residual.upper > 1e-6:
            raise TokenModelError(
                f"cannot draw at temperature {temperature:g}: {place.residual.upper:.3g} of the mass is not listed"
            )
        with np.errstate(over="ignore"):  # at a low temperature only the best is left
            scaled = (logs - logs.max()) / temperature
        weights = np.exp(scaled - scaled.max())
        index = int(rng.choice(len(weights), p=weights / weights.sum()))
    token = place.tokens[index]
    if token is None:
        raise TokenModelError("cannot go on: the bytes of the token that was drawn are not told")
    return replace(place, token=token, chosen=index, span=(start, start + len(token))), start + len(token)


def _whole_text(token: bytes) -> str:
    try:
        return token.decode("utf-8")
    except UnicodeDecodeError:
        raise TokenModelError(
            f"the token {token!r} is part of a character, so no text continues with it; a provider of such a model "
            "has to override step()"
        ) from None


def cut_and_scaled(probabilities: Sequence[float]) -> bool:
    """Return whether the most probable tokens leave so little that a sampler must have cut off the others.

    In the distribution of a language model what follows the last of a list is about as probable as that one, and
    there is much of it. Where the list sums to 1 and its last is a hundred times what is missing, the rest was cut
    off, and the list scaled up.
    """
    return min(probabilities, default=0.0) >= _GAP * max(abs(1.0 - math.fsum(probabilities)), _SINGLE_PRECISION)


def well_formed(text: str, what: str) -> str:
    """Return a text, if it is one.

    Raises
    ------
    TokenModelError
        If it has half of a surrogate pair in it, which stands for no character.
    """
    try:
        text.encode()
    except UnicodeEncodeError as reason:
        raise TokenModelError(
            f"the {what} has half of a surrogate pair at character {reason.start}, {text[reason.start]!r}, which no "
            "model reads; was a text cut inside a character?"
        ) from None
    return text

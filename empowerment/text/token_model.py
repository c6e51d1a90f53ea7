"""Distributions of the next token, and the protocol by which language models report them."""

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
# Providers report lower numbers for a probability that is unknown or 0; no softmax in single precision reaches this.
LOWEST_LOG = -1000.0
# Above 0 by what a rounding allows, and by no more.
_HIGHEST_LOG = 1.0
# Error of a sum of probabilities in single precision, and the smallest ratio that shows a truncated list.
_SINGLE_PRECISION = 1e-6
_GAP = 100
# Relative error of the logarithms and sums below; ends of intervals move outward by it.
_ROUNDING = 1e-14


Outcome: TypeAlias = int | bytes
"""Identity of a token: its number in the vocabulary, or its bytes where there is no number."""


class TokenModelError(RuntimeError):
    """Failure of a token model to answer.

    The message names the request, the answer, and what to try.

    See Also
    --------
    TierError : A request that a model of this tier never answers.
    ask_each : Collect such errors while other prompts go on.

    Examples
    --------
    >>> from empowerment.text import TableModel, TokenModelError
    >>> try:
    ...     TableModel({"": {" yes": 1.0}}).score("Tea?", " no")
    ... except TokenModelError:
    ...     print("no distribution")
    no distribution
    """


class TierError(TypeError):
    """Request for more than a token model offers.

    See Also
    --------
    Tier : What a token model offers.
    TokenModelError : A failure to answer.

    Examples
    --------
    >>> from empowerment.text import FunctionModel, TierError
    >>> writer = FunctionModel(write=lambda prefix, rng: " yes")
    >>> try:
    ...     writer.score("Tea?", " yes")
    ... except TierError:
    ...     print("writes texts only")
    writes texts only
    """


class Tier(enum.IntEnum):
    """What a token model offers; each tier includes those below it.

    Attributes
    ----------
    SAMPLE
        Writes texts, without probabilities.
    STEP
        Reports the probabilities of the tokens that it generates.
    SCORE
        Reports the probabilities of the tokens of any given text.

    See Also
    --------
    TokenModel : The protocol of token models.
    TierError : The error for a request above the tier.

    Examples
    --------
    >>> from empowerment.text import TableModel, Tier
    >>> TableModel({"": {" yes": 1.0}}).tier >= Tier.STEP
    True
    >>> Tier.SCORE.sentence
    'reports the probabilities of the tokens of any given text'
    """

    SAMPLE = 1
    STEP = 2
    SCORE = 3

    @property
    def sentence(self) -> str:
        """Description of what a model of this tier does."""
        return _SENTENCES[self]


_SENTENCES = {
    Tier.SAMPLE: "writes texts, without probabilities",
    Tier.STEP: "reports the probabilities of the tokens that it generates",
    Tier.SCORE: "reports the probabilities of the tokens of any given text",
}


class Ends(NamedTuple):
    """Interval that contains a quantity, in the unit requested.

    Attributes
    ----------
    lower, upper : float
        The two ends.

    See Also
    --------
    Position.entropy : Returns such an interval.
    Amount : An amount of information with its interval.

    Examples
    --------
    >>> from empowerment.text import Ends
    >>> Ends(0.5, 0.75).width
    0.25
    """

    lower: float
    upper: float

    @property
    def width(self) -> float:
        """Difference of the two ends."""
        return self.upper - self.lower


@dataclass(frozen=True, eq=False, repr=False)
class Position:
    """Distribution of one next token, as far as a model reports it.

    A model reports the probabilities of some tokens, the list, and nothing about the others except their total, the
    residual.

    Parameters
    ----------
    tokens : tuple of (bytes or None)
        The listed tokens as bytes; end-of-text tokens are ``b""``. None for a token whose probability is reported
        without its identity.
    log_probabilities : ndarray of shape (n_listed,)
        Natural logarithms of the model's own probabilities, before any temperature or truncation by a sampler.
    ids : ndarray of int of shape (n_listed,), optional
        Numbers of the tokens in the vocabulary, if reported. Two tokens may have the same bytes.
    vocabulary_size : int, optional
        Number of tokens in the vocabulary.
    cap : float, optional
        Upper bound on the probability of every token outside the list. By default the smallest listed probability, as
        in a list of the most probable tokens.
    rounding : float
        Bound on the relative error of a common factor of all listed probabilities: where a provider sums a large
        vocabulary in single precision, the ratios are accurate and the scale is not.
    token : bytes, optional
        The token that the text has at this position or that was generated. None in a distribution from which nothing
        was drawn, and where the provider does not report its bytes.
    chosen : int, optional
        Index of `token` in the list; None if it is not listed.
    span : tuple of two ints
        Bytes of the text that `token` covers, counted from the beginning of the scored or generated text.

    Raises
    ------
    ValueError
        If the parts do not fit together or the listed mass exceeds 1.

    See Also
    --------
    TokenModel.score : Returns the positions of a text.
    next_token_channel : Make a channel of the positions after several prompts.
    select : Find how far a text is predictable.

    Examples
    --------
    >>> import numpy as np
    >>> from empowerment.text import Position
    >>> position = Position((b" yes", b" no"), np.log([0.6, 0.3]), vocabulary_size=1000, token=b" no", chosen=1)
    >>> position
    Position(2 of 1000 tokens, mass 0.9, b' no' has 0.3, entropy in [1.295, 2.292] bits)
    >>> round(position.surprisal().upper, 6)
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
        """Make the distribution over a whole vocabulary, normalized in double precision.

        Parameters
        ----------
        tokens : sequence of bytes
            All tokens of the vocabulary.
        logits : array_like of shape (n_tokens,)
            Logits or log-probabilities; adding a constant to all of them changes nothing.
        ids : array_like of int, optional
            Numbers of the tokens; by default 0, 1, 2, ….
        chosen : int, optional
            Index of the token that the text has at this position.
        start : int
            Byte of the text at which this token begins.

        Returns
        -------
        Position
            A position whose list is complete.

        Raises
        ------
        TypeError
            If the logits are no numbers.
        ValueError
            If there is not one logit for each token, or `chosen` is no index.
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
        """The identities of the listed tokens: their numbers if known, else their bytes."""
        return list(self.tokens) if self.ids is None else self.ids.tolist()

    @cached_property
    def mass(self) -> Ends:
        """Total probability of the listed tokens."""
        total = float(np.exp(self.log_probabilities).sum())
        if self.complete:
            return Ends(total, total)
        return Ends(total / (1 + self.rounding), min(total / (1 - self.rounding), 1.0))

    @property
    def residual(self) -> Ends:
        """Total probability of all tokens outside the list."""
        if self.complete:
            return Ends(0.0, 0.0)
        return Ends(1.0 - self.mass.upper, max(1.0 - self.mass.lower, 0.0))

    def entropy(self, base: float | str = 2) -> Ends:
        """Bound the entropy of the next token.

        Parameters
        ----------
        base : float or "e"
            2 for bits, ``math.e`` or ``"e"`` for nats.

        Returns
        -------
        Ends
            Interval that contains the entropy, whatever the distribution outside the list.

        Notes
        -----
        With s the mass of the list, h the entropy of the normalized list and r = 1 - s, the listed tokens contribute
        ``s h - s log s``, which is concave in s. The others contribute most if they share r equally, and least if
        they are as few as the cap allows.
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

    def min_entropy(self, base: float | str = 2) -> Ends:
        """Bound the min-entropy of the next token: -log of its largest probability, listed or not.

        Parameters
        ----------
        base : float or "e"
            2 for bits, ``math.e`` or ``"e"`` for nats.

        Returns
        -------
        Ends
            Interval that contains the min-entropy.
        """
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

    def surprisal(self, base: float | str = 2) -> Ends:
        """Bound the surprisal -log p of the token at this position.

        For a token outside the list only the lower end is known, and the upper end is infinite.

        Parameters
        ----------
        base : float or "e"
            2 for bits, ``math.e`` or ``"e"`` for nats.

        Returns
        -------
        Ends
            Interval that contains the surprisal.

        Raises
        ------
        ValueError
            If this position has no token.
        """
        if self.token is None and self.chosen is None:
            raise ValueError("this position has no token, only a distribution: no token was read or drawn here")
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
        """Restrict the list to the most probable tokens.

        Parameters
        ----------
        count : int
            Number of the most probable tokens that stay listed.
        also : sequence of outcomes
            Further tokens that stay listed, as :attr:`outcomes` names them. The chosen token always stays.

        Returns
        -------
        Position
            The position with the shorter list and its cap.

        Raises
        ------
        KeyError
            If one of `also` is not listed.
        """
        order = _most_probable(self.log_probabilities, validate.horizon(count, "count"))
        if not validate.is_several(also):
            raise TypeError(f"also is {validate.shown(also)}, expected a sequence of outcomes")
        also = tuple(islice(also, len(self.tokens) + 1))
        if len(also) > len(self.tokens):
            raise KeyError(f"also names more tokens than the {len(self.tokens)} that are listed here")
        kept = dict.fromkeys([*order.tolist(), *(self._indices_of(also) if also else ())])
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
        """Remove the tokens without identity from the list.

        Returns
        -------
        Position
            A position in which every listed token is identified; the others belong to the residual.
        """
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

    def _indices_of(self, wanted: Sequence[Outcome]) -> list[int]:
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
            own = "an unidentified token" if self.token is None else repr(self.token)
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
    """Return a position without a list, such as the first of a text for a model without a start token."""
    return Position((), np.empty(0), vocabulary_size=vocabulary_size, token=token, span=span)


def _most_probable(logs: np.ndarray, count: int) -> np.ndarray:
    """Return the indices of the largest entries in decreasing order; of equal ones the first."""
    if not 0 < count < logs.size:
        return np.argsort(-logs, kind="stable")[:count]
    least = np.partition(logs, logs.size - count)[logs.size - count]
    among = np.flatnonzero(logs >= least)
    return among[np.argsort(-logs[among], kind="stable")][:count]


def _list_entropy(logs: np.ndarray) -> float:
    """Return the entropy of the normalized list."""
    if not logs.size:
        return 0.0
    p = np.exp(logs - logs.max())
    total = float(p.sum())
    return max(math.log(total) - float(p @ (logs - logs.max())) / total, 0.0)


def _scaled(inside: float, mass: float) -> float:
    return mass * inside - mass * math.log(mass) if mass > 0 else 0.0


def _packed(residual: Ends, cap: float) -> float:
    """Return the minimal entropy contribution of a residual if no token has more than `cap`."""
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
    """Return the maximal entropy contribution of a residual that `n_unlisted` tokens share."""
    if residual.upper <= 0:
        return 0.0
    if n_unlisted == math.inf:
        return math.inf
    r = min(max(n_unlisted / math.e, residual.lower), residual.upper)
    return r * math.log(n_unlisted / r)


def _outward(lower: float, upper: float) -> Ends:
    slack = _ROUNDING * (1.0 + abs(lower))
    return Ends(max(lower - slack, 0.0), upper * (1 + _ROUNDING) + _ROUNDING)


def _in_unit(nats: Ends, base: float | str) -> Ends:
    """Convert an interval in nats into the unit of a base; the ends allow for the rounding of the division."""
    unit = math.log(validate.base(base))
    return Ends(nats.lower / unit, nats.upper / unit)


@runtime_checkable
class TokenModel(Protocol):
    """Protocol of language models: distributions of next tokens, or generated texts.

    Probabilities are the model's own, before any temperature, penalty or truncation by a sampler. A provider offers
    the methods up to its `tier`; the others raise a :class:`TierError`. :class:`Provider` is a base class for
    implementations, and :func:`empowerment.testing.check_token_model` tests this contract.

    See Also
    --------
    Provider : Base class for implementations.
    TableModel : A model from a table of probabilities.
    FunctionModel : A model from a function.
    empowerment.testing.check_token_model : Test an implementation.

    Examples
    --------
    >>> from empowerment.text import TableModel, TokenModel
    >>> model = TableModel({"": {" yes": 0.9, " no": 0.1}})
    >>> isinstance(model, TokenModel), len(model.score("Tea?", " yes"))
    (True, 2)
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
        prefix : str
            The text before; its end is a boundary between tokens.
        text : str
            The text to score.
        top : int, optional
            Number of the most probable tokens to list; by default all that the provider reports. The token of the
            text is listed wherever the provider reports its probability.
        also : sequence of outcomes
            Further tokens to list at the last position, the one after the text, as :attr:`Position.outcomes` names
            them. They may be listed at other positions, too, where that costs nothing.

        Returns
        -------
        list of Position
            One for each token of the text, and one for the token after it.
        """
        ...

    def step(
        self, prefix: str, max_tokens: int = 1, *, top: int = 20, temperature: float = 0.0, seed: int | None = None
    ) -> Iterator[Position]:
        """Yield the tokens that the model generates after `prefix`, each with its distribution.

        The distributions are the model's own whatever the temperature; 0 takes the most probable token.

        Parameters
        ----------
        prefix : str
            The text before.
        max_tokens : int
            Largest number of tokens to generate.
        top : int
            Number of the most probable tokens to list.
        temperature : float
            Temperature of the sampler; 0 takes the most probable token. The reported distributions are the model's
            own, whatever the temperature.
        seed : int, optional
            Seed of the draws.

        Yields
        ------
        Position
            The position of each generated token.
        """
        ...

    def sample(
        self, prefix: str, n: int, *, max_tokens: int = 16, temperature: float = 1.0, seed: int | None = None
    ) -> list[str]:
        """Generate texts after `prefix`.

        Parameters
        ----------
        prefix : str
            The text before.
        n : int
            Number of texts.
        max_tokens : int
            Largest number of tokens of a text.
        temperature : float
            Temperature of the sampler.
        seed : int, optional
            Seed of the draws.

        Returns
        -------
        list of str
            The generated texts.
        """
        ...


def check_model(model: object, needed: Tier = Tier.SAMPLE, what: str = "", hint: str = "") -> None:
    """Refuse an object that is no token model, or one of a tier below `needed`; `hint` says what to do."""
    validate.offers(model, ("tier", "name", "ends", "score", "step", "sample"), "model", "a token model")
    if cast(TokenModel, model).tier < needed:
        raise _refusal(cast(TokenModel, model), needed, what, hint)


def _refusal(model: TokenModel, needed: Tier, what: str, hint: str = "") -> TierError:
    return TierError(
        f"{what} needs the tier {needed.name}: a model that {needed.sentence}; {model.name} is of the tier "
        f"{model.tier.name}, which {model.tier.sentence}{f'; {hint}' if hint else ''}"
    )


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
        return _refusal(self, needed, f"{method}()")

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


def cut_and_scaled(probabilities: Sequence[float]) -> bool:
    """Return whether a sampler must have truncated a list of the most probable tokens and renormalized it.

    In the distribution of a language model the tokens after the last one of a list are about as probable as that one,
    and there are many of them. If the list sums to 1 and its last entry is a hundred times what is missing, the rest
    was truncated and the list renormalized.
    """
    return min(probabilities, default=0.0) >= _GAP * max(abs(1.0 - math.fsum(probabilities)), _SINGLE_PRECISION)


def well_formed(text: str, what: str) -> str:
    """Return a text unchanged if it is well-formed.

    Raises
    ------
    TokenModelError
        If it contains half of a surrogate pair, which stands for no character.
    """
    try:
        text.encode()
    except UnicodeEncodeError as reason:
        raise TokenModelError(
            f"the {what} has half of a surrogate pair at character {reason.start}, {text[reason.start]!r}, which no "
            "model reads; was a text cut inside a character?"
        ) from None
    return text

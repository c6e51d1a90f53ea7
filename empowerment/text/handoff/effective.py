"""Effective empowerment: information of the next token about the text that follows, compared with its entropy."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from empowerment.capacity.result import CapacityResult
from empowerment.capacity.solve import channel_capacity
from empowerment.core import validate
from empowerment.core.channel import mutual_information
from empowerment.core.intervals import unit_name
from empowerment.export.html import fields, interval
from empowerment.results.result import Result, Table
from empowerment.text.position import Position
from empowerment.text.tiers import Tier, TokenModelError
from empowerment.text.token_model import TokenModel, check_model


@dataclass(frozen=True, eq=False, repr=False)
class EffectiveEmpowerment(Result):
    """Effective empowerment of the next token, with its entropy and the capacity of its channel.

    Attributes
    ----------
    value : float
        Effective empowerment: information between the next token and the `horizon` tokens after it, if the person
        writes as the model does.
    entropy : float
        Entropy of the next token: an upper bound on `value`, which Empower uses in its place.
    capacity : CapacityResult
        Maximum over distributions of the next token: the empowerment of Klyubin, Polani and Nehaniv, with its
        certified interval.
    tokens : tuple of bytes
        Next tokens that are possible.
    probabilities : ndarray of shape (n_tokens,)
        Probability of each next token.
    channel : ndarray of shape (n_tokens, n_futures)
        Probability of each continuation, given the next token.
    futures : tuple of bytes
        The continuations; one that ends within the horizon is marked by a NUL at its end.
    horizon : int
        Number of tokens after the next one.
    base : float
        Base of the logarithm.

    See Also
    --------
    effective_empowerment : Compute these values.

    Examples
    --------
    >>> from empowerment.text import TableModel, effective_empowerment
    >>> echo = TableModel({"": {"a": 0.5, "b": 0.5}, "a": {"a": 1.0}, "b": {"b": 1.0}})
    >>> result = effective_empowerment(echo, "", 1)
    >>> result.value, result.slack, result.futures
    (1.0, 0.0, (b'a', b'b'))
    """

    _parts = (CapacityResult,)

    value: float
    entropy: float
    capacity: CapacityResult
    tokens: tuple[bytes, ...]
    probabilities: np.ndarray
    channel: np.ndarray
    futures: tuple[bytes, ...]
    horizon: int
    base: float

    @property
    def unit(self) -> str:
        """Name of the unit of information."""
        return unit_name(self.base)

    @property
    def slack(self) -> float:
        """Difference between the entropy and the effective empowerment: choices that do not affect the future."""
        return self.entropy - self.value

    def _table(self) -> Table:
        """Return a row for each amount; those but the capacity are sums, right to rounding."""
        ends = [(x, x, x) for x in (self.value, self.entropy)]
        ends.append(tuple(float(getattr(self.capacity, end)) for end in ("value", "lower", "upper")))  # type: ignore[arg-type]
        columns = {name: [row[i] for row in ends] for i, name in enumerate(("value", "lower", "upper"))}
        return Table("amount", ("effective empowerment", "entropy", "capacity"), columns)

    def __repr__(self) -> str:
        return (
            f"EffectiveEmpowerment({self.value:.6g} {self.unit} over {self.horizon} tokens; "
            f"entropy {self.entropy:.6g}, capacity {float(self.capacity.value):.6g})"
        )

    def _repr_html_(self) -> str:
        shown = {
            "effective empowerment": f"{self.value:.6g}",
            "entropy of the next token": f"{self.entropy:.6g}",
            "capacity": interval((float(self.capacity.lower), float(self.capacity.upper)), digits=6),
            "next tokens": len(self.tokens),
            "texts that may follow": len(self.futures),
        }
        return fields(shown, f"What the next token decides of the {self.horizon} after it [{self.unit}]")


def effective_empowerment(
    model: TokenModel, prefix: str, horizon: int, *, base: float | str = 2, max_texts: int = 100_000
) -> EffectiveEmpowerment:
    """Compute the information of the next token about the tokens after it, exactly.

    Parameters
    ----------
    model : TokenModel
        A model of tier SCORE with complete lists of probabilities, such as a :class:`TableModel`.
    prefix : str
        The text so far.
    horizon : int
        Number of tokens after the next one, at least 1. A text that has ended does not change.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.
    max_texts : int
        Limit on the number of continuations.

    Returns
    -------
    EffectiveEmpowerment
        The value, its upper bound by the entropy, and the capacity.

    Raises
    ------
    TierError
        If the model does not score texts.
    TokenModelError
        If a list of probabilities is not complete, or a token is part of a character.
    ValueError
        If there are more than `max_texts` continuations.

    See Also
    --------
    Position.entropy : Bound the entropy alone, for any model and any list.

    Notes
    -----
    The effective empowerment of a person who writes as the model does is ``I(X; F) = H(X) - H(X | F)``, with X the
    next token and F what follows. The method of [1]_ drops the second term, so a token that changes nothing later,
    such as the words of a comment, counts as much as one that decides everything.

    References
    ----------
    .. [1] "Training LLM Agents to Empower Humans", arXiv:2510.13709, section on effective empowerment.

    Examples
    --------
    The second word repeats the first, or is independent of it:

    >>> from empowerment.text import TableModel, effective_empowerment
    >>> echo = TableModel({"": {"a": 0.5, "b": 0.5}, "a": {"a": 1.0}, "b": {"b": 1.0}})
    >>> effective_empowerment(echo, "", 1)
    EffectiveEmpowerment(1 bits over 1 tokens; entropy 1, capacity 1)
    >>> noise = TableModel({"": {"a": 0.5, "b": 0.5}})
    >>> effective_empowerment(noise, "", 1)
    EffectiveEmpowerment(0 bits over 1 tokens; entropy 1, capacity 0)
    """
    check_model(model, Tier.SCORE, "effective_empowerment")
    horizon = validate.positive_int(horizon, "horizon")
    base = validate.base(base)
    max_texts = validate.positive_int(max_texts, "max_texts")
    first = _next(model, prefix)
    budget = [max_texts]
    rows = [_futures(model, prefix, token, horizon, budget, max_texts) for token in first]
    futures = tuple(dict.fromkeys(future for row in rows for future in row))
    channel = np.array([[row.get(future, 0.0) for future in futures] for row in rows])
    p = np.array(list(first.values()))
    return EffectiveEmpowerment(
        value=max(float(mutual_information(channel, p, base=base)), 0.0),
        entropy=-math.fsum(x * math.log(x) for x in p) / math.log(base) + 0.0,
        capacity=channel_capacity(channel, base=base),
        tokens=tuple(first),
        probabilities=p,
        channel=channel,
        futures=futures,
        horizon=horizon,
        base=base,
    )


def _next(model: TokenModel, text: str) -> dict[bytes, float]:
    """Return the possible next tokens; tokens with the same bytes are one."""
    position: Position = model.score(text)[-1]
    if position.residual.upper > 1e-9:
        raise TokenModelError(
            f"{model.name} does not report the probabilities of all tokens after {text[-40:]!r}: {position!r}; exact "
            "values need whole lists"
        )
    found: dict[bytes, float] = {}
    for token, log in zip(position.tokens, position.log_probabilities, strict=True):
        if log > -math.inf:
            if token is None:
                raise TokenModelError(f"{model.name} does not report the bytes of one of its tokens")
            found[token] = found.get(token, 0.0) + math.exp(log)
    total = math.fsum(found.values())
    return {token: p / total for token, p in found.items()}


def _futures(
    model: TokenModel, prefix: str, token: bytes, horizon: int, budget: list[int], most: int
) -> dict[bytes, float]:
    """Return the possible continuations of a token, each with its probability."""
    found: dict[tuple[bytes, bool], float] = {(b"", not token): 1.0}
    for _ in range(horizon):
        longer: dict[tuple[bytes, bool], float] = {}
        for (text, ended), p in found.items():
            if ended:
                longer[text, True] = longer.get((text, True), 0.0) + p
                continue
            for following, q in _next(model, prefix + _whole(token + text)).items():
                key = (text + following, not following)
                longer[key] = longer.get(key, 0.0) + p * q
            budget[0] -= 1
            if budget[0] < 0 or len(longer) > most:
                raise ValueError(f"more than {most} texts may follow; shorten the horizon or raise max_texts")
        found = longer
    # An end is distinguished from a text that continues.
    return {text + (b"" if not ended else b"\0"): p for (text, ended), p in found.items()}


def _whole(text: bytes) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        raise TokenModelError(f"the text {text[-20:]!r} ends inside a character, so it cannot be followed") from None

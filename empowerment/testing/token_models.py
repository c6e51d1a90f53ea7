"""The contract of a token model: what any provider must keep, whatever stands behind it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from empowerment.core import validate
from empowerment.testing.token_lists import check_list, check_written_text
from empowerment.text.position import Position
from empowerment.text.tiers import Tier, TierError, TokenModelError
from empowerment.text.token_list import Outcome
from empowerment.text.token_model import TokenModel, check_model

# Probabilities below this are compared by their difference, not by their ratio.
_FAINT = 1e-4
# A text is cut at no more places than this, since each costs a request.
_MOST_CUTS = 8


def check_token_model(
    model: TokenModel,
    prefix: str = "The quick brown fox",
    text: str = " jumps over the lazy dog",
    *,
    tolerance: float = 1e-6,
) -> None:
    """Check that a token model keeps the contract of the protocol.

    Parameters
    ----------
    model : TokenModel
        A model of any tier; requests above its tier must be refused.
    prefix, text : str
        A text that the model can read, divided at a boundary between tokens. A few tokens suffice, because each costs
        several requests.
    tolerance : float
        Largest difference of natural logarithms of probabilities that should be equal. It must exceed rounding if the
        arithmetic of a model depends on how much of a text it reads at once.

    Raises
    ------
    AssertionError
        If the contract is broken; the message names what was expected, where, and what was found.
    ValueError
        If the text has too few boundaries between tokens to test anything.

    See Also
    --------
    empowerment.text.TokenModel : The protocol.
    empowerment.text.Provider : Base class for implementations.

    Notes
    -----
    These properties are tested: the listed mass and the residual sum to 1; spans tile the text; no placeholder is
    taken for a probability; no list was truncated by a sampler and renormalized; indistinguishable tokens are not
    listed as one, and all have the bytes of the text; a list of the most probable tokens bounds all others, and lists
    the tokens that were requested; the probabilities of a text do not depend on its division into prefix and text,
    which also detects a start token that is added twice or inconsistently, and an answer that is shifted by one
    token; each position agrees with the distribution after the text before it; the distributions of generated tokens
    are those of the model, whatever the temperature and the tokens generated before; generated texts agree with
    sampled ones, and are not empty.

    Examples
    --------
    >>> from empowerment.testing import check_token_model
    >>> from empowerment.text import TableModel
    >>> check_token_model(TableModel.from_texts(["a rose is a rose is a rose"]), "a rose", " is a rose is")
    """
    check_model(model)
    prefix, text = validate.text(prefix, "prefix"), validate.text(text, "text")
    tolerance = validate.finite(tolerance, "tolerance", least=0.0)
    if tolerance > 1:
        raise ValueError(f"tolerance is {tolerance:g}, expected at most 1, in logarithms of probabilities")
    if model.tier >= Tier.SCORE:
        _check_scores(model, prefix, text, tolerance)
    else:
        _check_refused(model, "score", lambda: model.score(prefix, text))
    if model.tier >= Tier.STEP:
        _check_steps(model, prefix, tolerance)
    else:
        _check_refused(model, "step", lambda: list(model.step(prefix)))
    texts = model.sample(prefix, 2, max_tokens=2)
    assert len(texts) == 2, f"sample() was asked for 2 texts and returned {len(texts)}"
    assert all(isinstance(each, str) for each in texts), f"sample() returned {texts!r}, expected texts"
    assert model.tier > Tier.SAMPLE or any(texts), (
        "sample() returned empty texts: did an answer never come, as where all tokens are spent on reasoning? If the "
        "model ends its text here, pass another prefix"
    )


def _check_scores(model: TokenModel, prefix: str, text: str, tolerance: float) -> None:
    positions = model.score(prefix, text)
    _check_tiling(positions, text.encode(), "score()")
    assert positions[-1].token is None, f"the last position has the token {positions[-1].token!r}, expected none"
    for i, position in enumerate(positions):
        check_list(position, model.ends, f"position {i}")
    _check_lists(model, prefix, tolerance)
    _check_start(model, prefix + text, tolerance)
    cuts = _shared_cuts(model, prefix, text, positions)
    for i in cuts:
        at = positions[i].span[0]
        before, after = text.encode()[:at].decode(), text.encode()[at:].decode()
        head, tail = model.score(prefix, before), model.score(prefix + before, after)
        where = f"cut before token {i}, {positions[i].token!r}"
        _compare(positions[i], head[-1], tolerance, f"{where}: in the text, and at the end of what is before it")
        _compare(positions[i], tail[0], tolerance, f"{where}: in the text, and with all before it as prefix")
        _check_additive(positions, head, tail, tolerance, where)


def _check_tiling(positions: Sequence[Position], text: bytes, method: str) -> None:
    with_token = [position for position in positions if position.token is not None]
    for i, position in enumerate(with_token):
        start, end = position.span
        assert text[start:end] == position.token, (
            f"{method}: position {i} has the token {position.token!r}, but bytes {start} to {end} of the text are "
            f"{text[start:end]!r}"
        )
    ends = [0, *(position.span[1] for position in with_token)]
    starts = [*(position.span[0] for position in with_token), len(text)]
    assert ends == starts, (
        f"{method}: spans end at {ends[1:]} and begin at {starts[:-1]}, so they do not tile the text"
    )


def _check_lists(model: TokenModel, prefix: str, tolerance: float) -> None:
    longest, short = model.score(prefix)[-1], model.score(prefix, top=2)[-1]
    assert len(short.tokens) <= 2, f"top=2 lists {len(short.tokens)} tokens"
    _compare(longest, short, tolerance, "top=2 and all that the provider reports")
    assert short.cap is not None
    most = short.cap * math.exp(tolerance) / (1 - short.rounding) + 1e-12
    listed = set(short.outcomes)
    for outcome, log in zip(longest.outcomes, longest.log_probabilities, strict=True):
        assert outcome in listed or math.exp(log) <= most, (
            f"top=2 says that no token outside the list has more than {short.cap:.4g}, but {outcome!r} has "
            f"{math.exp(log):.4g}"
        )
    last: list[Outcome] = [each for each in longest.outcomes if each is not None][-1:]
    asked = model.score(prefix, top=1, also=last)[-1]
    assert set(last) <= set(asked.outcomes), f"also={last} was asked for, but {asked.outcomes} is listed"
    _compare(longest, asked, tolerance, "asked for with also=, and without")


def _check_start(model: TokenModel, text: str, tolerance: float) -> None:
    """Compare the start of a text when it is scored, and when it is asked for alone."""
    first, alone = model.score("", text)[0], model.score("")[-1]
    for position, where in ((first, "the first token of a text"), (alone, "the start of a text")):
        assert position.tokens or not position.complete, (
            f"{where}: nothing is listed, but the list is said to be complete"
        )
    known = bool(first.outcomes), bool(alone.outcomes)
    assert known[0] == known[1], (
        f"the first token of a text has {'a' if known[0] else 'no'} distribution, an empty text has "
        f"{'one' if known[1] else 'none'}: a start token is added in one of the two only"
    )
    _compare(first, alone, tolerance, "the first token of a text, and after an empty text")


def _shared_cuts(model: TokenModel, prefix: str, text: str, positions: Sequence[Position]) -> list[int]:
    """Return the tokens before which the text may be cut: the model reads the same tokens then."""
    tokens = [position.token for position in positions[:-1]]
    raw = text.encode()
    found = []
    for i in range(1, len(tokens)):
        at = positions[i].span[0]
        try:
            before, after = raw[:at].decode(), raw[at:].decode()
        except UnicodeDecodeError:
            continue
        heads = [position.token for position in model.score("", prefix + before, top=1)[:-1]]
        parts = [position.token for position in model.score("", prefix, top=1)[:-1]] + tokens[:i]
        tails = [position.token for position in model.score(prefix + before, after, top=1)[:-1]]
        if heads == parts and tails == tokens[i:]:
            found.append(i)
        if len(found) == _MOST_CUTS:
            break
    if not found:
        raise ValueError(
            f"the tokens {tokens} of {text!r} are read otherwise when the text is cut between them, so there is "
            "nothing to compare; pass a prefix and a text of plain words"
        )
    return found


def _check_additive(
    positions: Sequence[Position], head: Sequence[Position], tail: Sequence[Position], tolerance: float, where: str
) -> None:
    whole, parts = (_log_of(each) for each in (positions, [*head, *tail]))
    if whole is None or parts is None:
        return
    slack = tolerance * len(positions) + 2 * sum(position.rounding for position in positions)
    assert abs(whole - parts) <= slack, (
        f"{where}: the text has the log-probability {whole:.6f}, its two parts {parts:.6f} together"
    )


def _log_of(positions: Sequence[Position]) -> float | None:
    chosen = [(position.chosen, position.log_probabilities) for position in positions if position.token is not None]
    return None if any(i is None for i, _ in chosen) else math.fsum(logs[i] for i, logs in chosen)


def _compare(one: Position, other: Position, tolerance: float, where: str) -> None:
    """Compare what two positions say of the tokens that both list, and refuse two that share none."""
    logs = dict(zip(one.outcomes, one.log_probabilities, strict=True))
    others = dict(zip(other.outcomes, other.log_probabilities, strict=True))
    both = logs.keys() & others.keys()
    assert both or not (logs and others), f"{where}: no token is listed in both"
    for outcome in both - {None}:
        a, b = float(logs[outcome]), float(others[outcome])
        likely = max(math.exp(a), math.exp(b))
        scale = max(likely, _FAINT)
        slack = scale * (math.expm1(tolerance) + one.rounding + other.rounding)
        assert abs(math.exp(a) - math.exp(b)) <= slack, (
            f"{where}: the token {outcome!r} has the log-probabilities {a:.6f} and {b:.6f}"
        )


def _check_steps(model: TokenModel, prefix: str, tolerance: float) -> None:
    cold = list(model.step(prefix, 3, top=5, temperature=0.0))
    assert cold, "step() yielded nothing"
    assert len(cold) <= 3, f"step() was asked for 3 tokens and yielded {len(cold)}"
    text = b"".join(position.token or b"" for position in cold)
    _check_tiling(cold, text, "step()")
    for i, position in enumerate(cold):
        check_list(position, model.ends, f"step {i}")
        assert position.token is not None, f"step {i}: there is no token, expected the one that was generated"
        best = float(position.log_probabilities.max())
        own = position.log_probabilities[position.chosen] if position.chosen is not None else -math.inf
        assert own >= best - tolerance, (
            f"step {i}: temperature 0 took {position.token!r}, not the most probable token"
        )
    warm = [next(iter(model.step(prefix, 1, top=5, temperature=t, seed=0))) for t in (0.5, 2.0)]
    _compare(warm[0], warm[1], tolerance, "generated at temperature 0.5, and at 2")
    _compare(cold[0], warm[0], tolerance, "generated at temperature 0, and at 0.5")
    if model.tier >= Tier.SCORE:
        _compare(cold[0], model.score(prefix)[-1], tolerance, "generated, and scored")
        _check_generated(model, prefix, cold, tolerance)
    with contextlib.suppress(TokenModelError):  # of a model that has one temperature for texts
        check_written_text(cold[0], model.sample(prefix, 1, max_tokens=1, temperature=0.0)[0], tolerance)
    for one, other in pairwise(cold):
        assert one.span[1] == other.span[0], f"step(): spans {one.span} and {other.span} do not meet"


def _check_generated(model: TokenModel, prefix: str, cold: Sequence[Position], tolerance: float) -> None:
    """Compare distributions of generated tokens with those of the same text, as far as it is read as these tokens."""
    try:
        text = b"".join(position.token or b"" for position in cold).decode()
    except UnicodeDecodeError:
        return
    for i, (one, other) in enumerate(zip(cold, model.score(prefix, text, top=5), strict=False)):
        if one.token != other.token:
            return
        _compare(one, other, tolerance, f"token {i} generated, and scored after those before it")


def _check_refused(model: TokenModel, method: str, call: Callable[[], object]) -> None:
    try:
        call()
    except TierError:
        return
    raise AssertionError(f"{method}() answered, but the tier is {model.tier.name}")

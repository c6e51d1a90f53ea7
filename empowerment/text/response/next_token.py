"""What is said as the input, the next token as the output."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.text.batch import ask_each
from empowerment.text.response.channel import ResponseChannel, prompt_labels
from empowerment.text.token_model import Outcome, Position, Tier, TokenModel, TokenModelError, check_model

# Of whole lists side by side: 512 MB of numbers.
_MOST_ENTRIES = 1 << 26


def next_token_channel(
    model: TokenModel,
    prompts: Sequence[str],
    *,
    top: int | None = 20,
    union: bool = True,
    labels: Sequence[Any] | None = None,
    workers: int = 1,
    progress: bool = False,
) -> ResponseChannel:
    """Return the channel from prompts to the next token, as far as the model tells it.

    Parameters
    ----------
    model : TokenModel
        Of the tier SCORE; with ``union=False``, of the tier STEP.
    prompts : sequence of str
        The inputs: texts that the model goes on from.
    top : int or None
        How many of the most probable tokens to ask for; None asks for all that the model tells.
    union : bool
        Ask each prompt for the tokens that any of them listed, too. It costs a second request each, and makes the
        interval of the capacity far narrower. A model that needs its whole list for that, as those in this process
        and of llama.cpp do, is asked for it once, and the capacity is then exact; with so many prompts that the lists
        take more than 512 MB they are cut to the union.
    labels : sequence, optional
        Names of the prompts; by default the prompts.
    workers : int
        How many prompts are asked at the same time.
    progress : bool
        Show a bar.

    Returns
    -------
    ResponseChannel
        Of the mode "open".

    Raises
    ------
    TierError
        If the model tells less than that.
    TokenModelError
        If a prompt got no answer, see :func:`ask_each`; or no token is told of.

    Examples
    --------
    >>> from empowerment.text import TableModel, next_token_channel
    >>> person = TableModel({
    ...     "Tea?": {" yes": 0.6, " no": 0.2, " perhaps": 0.1, " later": 0.1},
    ...     "Surely no tea?": {" yes": 0.1, " no": 0.8, " perhaps": 0.1},
    ... })
    >>> next_token_channel(person, ["Tea?", "Surely no tea?"], top=1).capacity()
    ResponseCapacity([0.294281, 0.432553] bits, gap 0.14, mode open, next token, 2 inputs, table-...)
    >>> next_token_channel(person, ["Tea?", "Surely no tea?"], top=None).capacity()
    ResponseCapacity([0.3327, 0.3327] bits, gap ..., mode open, next token, 2 inputs, table-...)
    """
    names = prompt_labels(prompts, labels)
    if top is not None:
        top = validate.positive_int(top, "top")
    union = validate.flag(union, "union")
    hint = "pass union=False for the wider interval that its lists allow"
    check_model(model, Tier.SCORE if union else Tier.SAMPLE, "union=True", hint)
    options: dict[str, Any] = {"workers": workers, "progress": progress}
    if union and _whole_lists_fit(model, len(prompts)):
        top = None
    places = ask_each(lambda prompt: _next_token(model, prompt, top), prompts, **options).all()
    if union and not all(place.complete for place in places):
        wanted = _wanted(places)
        places = ask_each(lambda prompt: model.score(prompt, top=top, also=wanted)[-1], prompts, **options).all()
    return _side_by_side([place.identified() for place in places], names, model)


def _whole_lists_fit(model: TokenModel, count: int) -> bool:
    """Return whether whole lists are had anyway, and that many fit into memory."""
    size = model.vocabulary_size
    return getattr(model, "whole_lists", False) and size is not None and count * size <= _MOST_ENTRIES


def _next_token(model: TokenModel, prompt: str, top: int | None) -> Position:
    if model.tier >= Tier.SCORE:
        return model.score(prompt, top=top)[-1]
    for place in model.step(prompt, 1, **({} if top is None else {"top": top})):
        return place
    raise TokenModelError(f"{model.name} writes nothing after {prompt[-40:]!r}")


def _wanted(places: Sequence[Position]) -> list[Outcome]:
    """Return the tokens that any place lists."""
    return list(dict.fromkeys(each for place in places for each in place.outcomes if each is not None))


def _side_by_side(places: Sequence[Position], names: tuple[str, ...], model: TokenModel) -> ResponseChannel:
    columns: dict[Outcome, int] = {}
    written: list[tuple[Outcome, bytes | None]] = []
    for place in places:
        for outcome, token in zip(place.outcomes, place.tokens, strict=True):
            if outcome is not None and outcome not in columns:
                columns[outcome] = len(columns)
                written.append((outcome, token))
    if not columns:
        raise TokenModelError(
            f"{model.name} tells of no token which one it is, so nothing is known of what the prompts lead to; ask a "
            "model that tells the bytes of its tokens, or for more of them"
        )
    observed = np.zeros((len(places), len(columns)))
    listed = np.zeros(observed.shape, dtype=bool)
    for x, place in enumerate(places):
        where = [columns[outcome] for outcome in place.outcomes if outcome is not None]
        observed[x, where] = np.exp(place.log_probabilities)
        listed[x, where] = True
    sums = np.array([math.fsum(row) for row in observed])
    # A sum above 1 is rounding, which `rounding` answers for: the row is scaled, and its residual is nothing.
    observed /= np.maximum(sums, 1.0)[:, None]
    told = np.array([place.complete for place in places]) | (sums >= 1.0)
    listed[told] = True  # a complete list tells of every other token that it has no probability
    observed[told] /= observed[told].sum(axis=1, keepdims=True)
    return ResponseChannel(
        mode="open",
        outputs_are="next token",
        inputs=names,
        outputs=_labels(written),
        observed=observed,
        residual=np.where(told, 0.0, np.maximum(1.0 - observed.sum(axis=1), 0.0)),
        listed=listed,
        caps=np.array([1.0 if place.cap is None else min(place.cap / (1 - place.rounding), 1.0) for place in places]),
        unseen=math.inf if model.vocabulary_size is None else model.vocabulary_size - len(columns),
        rounding=max(0.0 if place.complete else place.rounding for place in places),
        length="total",
        model=model.name,
    )


def _labels(written: Sequence[tuple[Outcome, bytes | None]]) -> tuple[str, ...]:
    """Return each token as text, with its number where two are written alike."""
    texts = ["\ufffd" if token is None else token.decode(errors="backslashreplace") for _, token in written]
    seen: dict[str, int] = {}
    for text in texts:
        seen[text] = seen.get(text, 0) + 1
    return tuple(
        text if seen[text] == 1 else f"{text} [token {outcome!r}]"
        for text, (outcome, _) in zip(texts, written, strict=True)
    )

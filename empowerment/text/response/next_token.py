"""Channels from prompts to the next token."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.text.position import Position
from empowerment.text.response.channel import ResponseChannel
from empowerment.text.response.prompts import Prompts
from empowerment.text.tiers import Tier, TokenModelError
from empowerment.text.token_list import Outcome
from empowerment.text.token_model import TokenModel, check_model

# Number of entries of whole lists: 512 MB.
_MOST_ENTRIES = 1 << 26


def next_token_channel(
    model: TokenModel,
    prompts: Sequence[str],
    *,
    top: int | None = 20,
    union: bool = True,
    labels: Sequence[Any] | None = None,
    workers: int = 1,
    progress: bool | str = "auto",
) -> ResponseChannel:
    """Make the channel from prompts to the next token, as far as the model reports it.

    Parameters
    ----------
    model : TokenModel
        A model of tier SCORE; with ``union=False``, of tier STEP.
    prompts : sequence of str
        The inputs: texts that the model continues.
    top : int or None
        Number of the most probable tokens to request; None requests all that the model reports.
    union : bool
        Request for each prompt also the tokens that any other prompt listed. It costs a second request for each
        prompt, and makes the interval of the capacity much narrower. A model that needs its whole list for that, such
        as those in this process and those of llama.cpp, is asked for it once, and the capacity is then exact; with so
        many prompts that the lists take more than 512 MB they are cut to the union.
    labels : sequence, optional
        Labels of the prompts; by default the prompts.
    workers : int
        Number of concurrent requests.
    progress : bool or "auto"
        Show a progress bar. ``"auto"`` shows it on a terminal, once a second has passed.

    Returns
    -------
    ResponseChannel
        A channel of mode "open".

    Raises
    ------
    TierError
        If the model reports less than that.
    TokenModelError
        If a prompt got no answer, see :func:`ask_each`; or no token is reported.

    See Also
    --------
    answer_channel : Make the channel from prompts to whole answers.
    cluster_channel : Estimate a channel from sampled answers.
    ResponseChannel.capacity : Compute the capacity.

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
    inputs = Prompts.checked(prompts, labels, workers, progress)
    if top is not None:
        top = validate.positive_int(top, "top")
    union = validate.flag(union, "union")
    hint = "pass union=False for the wider interval that its lists allow"
    check_model(model, Tier.SCORE if union else Tier.SAMPLE, "union=True", hint)
    if union and _whole_lists_fit(model, len(inputs.texts)):
        top = None
    positions = inputs.ask(lambda prompt: _next_token(model, prompt, top))
    if union and not all(position.complete for position in positions):
        wanted = _wanted(positions)
        positions = inputs.ask(lambda prompt: model.score(prompt, top=top, also=wanted)[-1])
    return _combined([position.identified() for position in positions], inputs.labels, model)


def _whole_lists_fit(model: TokenModel, count: int) -> bool:
    """Return whether the model reports whole lists anyway and `count` of them fit into memory."""
    size = model.vocabulary_size
    return getattr(model, "whole_lists", False) and size is not None and count * size <= _MOST_ENTRIES


def _next_token(model: TokenModel, prompt: str, top: int | None) -> Position:
    if model.tier >= Tier.SCORE:
        return model.score(prompt, top=top)[-1]
    for position in model.step(prompt, 1, **({} if top is None else {"top": top})):
        return position
    raise TokenModelError(f"{model.name} writes nothing after {prompt[-40:]!r}")


def _wanted(positions: Sequence[Position]) -> list[Outcome]:
    """Return the tokens that any position lists."""
    return list(dict.fromkeys(each for position in positions for each in position.outcomes if each is not None))


def _combined(positions: Sequence[Position], names: tuple[str, ...], model: TokenModel) -> ResponseChannel:
    columns: dict[Outcome, int] = {}
    written: list[tuple[Outcome, bytes | None]] = []
    for position in positions:
        for outcome, token in zip(position.outcomes, position.tokens, strict=True):
            if outcome is not None and outcome not in columns:
                columns[outcome] = len(columns)
                written.append((outcome, token))
    if not columns:
        raise TokenModelError(
            f"{model.name} identifies no token, so nothing is known of what the prompts lead to; ask a "
            "model that reports the bytes of its tokens, or for more of them"
        )
    observed = np.zeros((len(positions), len(columns)))
    listed = np.zeros(observed.shape, dtype=bool)
    for x, position in enumerate(positions):
        where = [columns[outcome] for outcome in position.outcomes if outcome is not None]
        observed[x, where] = np.exp(position.log_probabilities)
        listed[x, where] = True
    sums = np.array([math.fsum(row) for row in observed])
    # A sum above 1 is rounding, which `rounding` answers for: the row is scaled, and its residual is nothing.
    observed /= np.maximum(sums, 1.0)[:, None]
    known = np.array([position.complete for position in positions]) | (sums >= 1.0)
    listed[known] = True  # in a complete list every other token has probability 0
    observed[known] /= observed[known].sum(axis=1, keepdims=True)
    return ResponseChannel(
        mode="open",
        outputs_are="next token",
        inputs=names,
        outputs=_labels(written),
        observed=observed,
        residual=np.where(known, 0.0, np.maximum(1.0 - observed.sum(axis=1), 0.0)),
        listed=listed,
        caps=np.array(
            [
                1.0 if position.cap is None else min(position.cap / (1 - position.rounding), 1.0)
                for position in positions
            ]
        ),
        unseen=math.inf if model.vocabulary_size is None else model.vocabulary_size - len(columns),
        rounding=max(0.0 if position.complete else position.rounding for position in positions),
        length="total",
        model=model.name,
    )


def _labels(written: Sequence[tuple[Outcome, bytes | None]]) -> tuple[str, ...]:
    """Return each token as text, with its number where two have the same bytes."""
    texts = ["\ufffd" if token is None else token.decode(errors="backslashreplace") for _, token in written]
    seen: dict[str, int] = {}
    for text in texts:
        seen[text] = seen.get(text, 0) + 1
    return tuple(
        text if seen[text] == 1 else f"{text} [token {outcome!r}]"
        for text, (outcome, _) in zip(texts, written, strict=True)
    )

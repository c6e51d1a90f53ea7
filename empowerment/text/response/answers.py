"""Channels from prompts to whole answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np

from empowerment.core import validate
from empowerment.text.position import Position
from empowerment.text.response.channel import ResponseChannel
from empowerment.text.response.prompts import Prompts
from empowerment.text.tiers import TokenModelError
from empowerment.text.token_model import TokenModel, check_model

LENGTHS = ("total", "per token")


def answer_channel(
    model: TokenModel,
    prompts: Sequence[str],
    answers: Sequence[str],
    *,
    mode: str = "open",
    end: str | None = None,
    length: str = "total",
    labels: Sequence[Any] | None = None,
    workers: int = 1,
    progress: bool | str = "auto",
) -> ResponseChannel:
    """Make the channel from prompts to a set of answers, each scored as a whole.

    Parameters
    ----------
    model : TokenModel
        A model of tier SCORE.
    prompts : sequence of str
        The inputs: texts that the model continues.
    answers : sequence of str
        The outputs, exactly as they follow a prompt: often with a space before them.
    mode : {"open", "menu"}
        "open": the model may answer anything, and the probability of other answers is the residual. "menu": it must
        choose among these, by their relative probabilities. These are different channels, and their capacities can
        differ much: a list of answers often has little of the mass.
    end : str, optional
        Text that closes an answer, such as a line break. By default the end-of-text tokens of the model; ``""`` if
        the response need only begin with the answer.
    length : {"total", "per token"}
        "per token" divides the log-probability of each answer by its number of tokens, a heuristic that lets long
        answers compete. The results are not probabilities of a model that answers, so it must be requested, requires
        ``mode="menu"``, and is reported by the result.
    labels : sequence, optional
        Names of the prompts; by default the prompts.
    workers : int
        Number of concurrent requests.
    progress : bool or "auto"
        Show a progress bar. ``"auto"`` shows it on a terminal, once a second has passed.

    Returns
    -------
    ResponseChannel
        Probabilities of the answers, and the residual of each prompt.

    Raises
    ------
    ValueError
        If an option is unknown, or one answer begins with another one, so that they do not exclude each other.
    TokenModelError
        If a prompt got no answer, or the probability of a token is not reported.

    See Also
    --------
    next_token_channel : Make the channel from prompts to the next token.
    cluster_channel : Estimate a channel from sampled answers.
    ResponseChannel.capacity : Compute the capacity.

    Notes
    -----
    The probability of an answer is that of its usual division into tokens; a model may also generate it as other
    tokens, which together rarely have a notable probability, and which "open" leaves in the residual.

    Examples
    --------
    >>> from empowerment.text import TableModel, answer_channel
    >>> person = TableModel({
    ...     "Tea?": {" yes": 0.2, " no": 0.1, " hm": 0.7},
    ...     "Surely no tea?": {" yes": 0.02, " no": 0.18, " hm": 0.8},
    ...     "": {"": 1.0},
    ... })
    >>> prompts = ["Tea?", "Surely no tea?"]
    >>> answer_channel(person, prompts, [" yes", " no"]).capacity()
    ResponseCapacity([0.0736727, 0.820022] bits, gap 0.75, mode open, answers, 2 inputs, table-...)
    >>> answer_channel(person, prompts, [" yes", " no"], mode="menu").capacity()
    ResponseCapacity([0.267649, 0.267649] bits, gap ..., mode menu, answers, 2 inputs, table-...)
    """
    validate.one_of(mode, ("open", "menu"), "mode")
    validate.one_of(length, LENGTHS, "length")
    if length == "per token" and mode == "open":
        raise ValueError(
            "length='per token' goes with mode='menu': divided by its length, a log-probability belongs to no "
            "probability, so nothing can be said of what is left for other answers"
        )
    inputs = Prompts.checked(prompts, labels, workers, progress)
    answers, end = _checked_answers(answers), None if end is None else validate.text(end, "end")
    check_model(model)
    _check_answers(answers, end, model)
    asked = inputs.ask(lambda prompt: [_scored(model, prompt, answer, end) for answer in answers])
    logs = np.array([[each.log / (each.n_tokens if length == "per token" else 1) for each in row] for row in asked])
    off = max(each.rounding for row in asked for each in row)
    names = inputs.labels
    observed, residual = _as_menu(logs, names) if mode == "menu" else _as_open(logs, off, names)
    return ResponseChannel(
        mode=mode,
        outputs_are="answers",
        inputs=names,
        outputs=tuple(answers),
        observed=observed,
        residual=residual,
        listed=np.ones(observed.shape, dtype=bool),
        caps=np.ones(len(names)),
        unseen=math.inf,
        rounding=off,
        length=length,
        model=model.name,
    )


class _Scored(NamedTuple):
    """One answer to one prompt: its log-probability, its number of tokens, and its relative error."""

    log: float
    n_tokens: int
    rounding: float


def _checked_answers(answers: object) -> tuple[str, ...]:
    if isinstance(answers, str) or (isinstance(answers, list | tuple) and not answers):
        raise ValueError(f"answers is {validate.shown(answers)}, expected a list of texts")
    return validate.texts(answers, "answers")


def _check_answers(answers: Sequence[str], end: str | None, model: TokenModel) -> None:
    if end is None and not len(model.ends):
        raise ValueError(
            f"{model.name} reports no end-of-text token; pass end='\\n' or another text that closes an answer, "
            "or end='' if it need only begin with the answer"
        )
    if len(set(answers)) != len(answers):
        raise ValueError(f"answers has a text twice: {sorted(answers)}")
    if end is None:
        return
    for one, other in permutations(answers, 2):
        if (other + end).startswith(one + end):
            raise ValueError(
                f"the answer {other!r} begins with {one + end!r}, so that one text would be both; pass end=None or "
                "another text that closes an answer"
            )


def _scored(model: TokenModel, prompt: str, answer: str, end: str | None) -> _Scored:
    positions = model.score(prompt, answer + (end or ""), top=1, also=model.ends if end is None else ())
    if end is None:
        return _with_end(positions, model, prompt)
    return _total(positions[:-1], prompt)


def _total(positions: Sequence[Position], prompt: str) -> _Scored:
    log, factor = 0.0, 1.0
    for position in positions:
        if position.chosen is None:
            raise TokenModelError(
                f"the probability of {position.token!r} after {prompt[-40:]!r} is not reported, only bounded; "
                "a provider that scores a given text reports it"
            )
        log += float(position.log_probabilities[position.chosen])
        factor /= 1 - position.rounding
    return _Scored(log, len(positions), factor - 1)


def _with_end(positions: Sequence[Position], model: TokenModel, prompt: str) -> _Scored:
    before, last = _total(positions[:-1], prompt), positions[-1]
    ends = set(model.ends)
    p = math.fsum(
        math.exp(log) for outcome, log in zip(last.outcomes, last.log_probabilities, strict=True) if outcome in ends
    )
    log = before.log + (math.log(p) if p > 0 else -math.inf)
    return _Scored(log, before.n_tokens + 1, (1 + before.rounding) / (1 - last.rounding) - 1)


def _as_menu(logs: np.ndarray, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    most = logs.max(axis=1)
    if (most == -math.inf).any():
        name = names[int(np.argmax(most == -math.inf))]
        raise ValueError(f"after {name!r} no answer of the menu has a probability above 0, so none can be chosen")
    p = np.exp(logs - most[:, None])
    return p / p.sum(axis=1, keepdims=True), np.zeros(len(p))


def _as_open(logs: np.ndarray, off: float, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    p = np.exp(logs)
    sums = p.sum(axis=1)
    if (sums > 1 + off + 1e-9).any():
        x = int(np.argmax(sums))
        raise ValueError(f"after {names[x]!r} the answers have {sums[x]:.6g} together, expected at most 1")
    p /= np.maximum(sums, 1.0)[:, None]  # what is above 1 is rounding, which the result answers for
    return p, np.where(sums >= 1, 0.0, 1.0 - p.sum(axis=1)).clip(0.0)

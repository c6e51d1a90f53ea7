"""Requests of editors, read from their bodies."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from empowerment.text.handoff.gates import GATES
from empowerment.text.handoff.server.limits import Limits
from empowerment.text.handoff.threshold import Costs, Threshold

_MOST_STOPS = 16
_MOST_LOGPROBS = 20

# Fields that change nothing here, since the most probable text is completed; the answer names those that were sent.
_SAMPLING = {
    *("temperature", "top_p", "top_k", "min_p", "typical_p", "seed", "samplers", "mirostat", "repeat_penalty"),
    *("presence_penalty", "frequency_penalty", "logit_bias", "t_max_prompt_ms", "t_max_predict_ms", "n_indent"),
    *("cache_prompt", "response_fields", "n_probs", "stream_options", "service_tier", "user", "model"),
}
_SILENT = {"user", "model", "cache_prompt", "stream_options"}


class RequestError(ValueError):
    """Request that cannot be answered, with its status and the field that is wrong."""

    def __init__(self, message: str, *, status: int = 400, field: str | None = None) -> None:
        super().__init__(message)
        self.status, self.field = status, field


@dataclass(frozen=True)
class Question:
    """Request for a completion.

    Attributes
    ----------
    prefix, suffix : str
        The text before and after the cursor.
    max_tokens : int
        Largest number of tokens.
    stop : tuple of str
        Texts before which the completion ends.
    stream : bool
        Whether to send the answer piece by piece.
    logprobs : int or None
        Number of probabilities to list at each token.
    rule : Threshold, Costs or None
        Rule of the request; None takes that of the server.
    gate : str or None
        Gate of the request; None takes that of the server.
    user : str or None
        A newer request of the same user supersedes this one.
    notes : tuple of str
        Fields that were sent and have no effect.
    """

    prefix: str
    suffix: str
    max_tokens: int
    stop: tuple[str, ...]
    stream: bool
    logprobs: int | None
    rule: Threshold | Costs | None
    gate: str | None
    user: str | None
    notes: tuple[str, ...]


def read_body(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a body.

    Raises
    ------
    RequestError
        If it contains none.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as reason:
        raise RequestError(f"the body is no JSON: {reason}") from None
    if not isinstance(found, dict):
        raise RequestError(f"the body is a {type(found).__name__}, expected a JSON object")
    return found


def completion_question(body: Mapping[str, Any], limits: Limits) -> Question:
    """Read the body of a request to ``/v1/completions``.

    Raises
    ------
    RequestError
        If a field is missing or wrong.
    """
    known = {"prompt", "suffix", "max_tokens", "stop", "stream", "logprobs", "handoff", "n", "best_of", "echo"}
    prompt = body.get("prompt")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    for name, only in (("n", 1), ("best_of", 1), ("echo", False)):
        if body.get(name) not in (None, only):
            raise RequestError(f"{name} is {body[name]!r}, expected {json.dumps(only)} or nothing", field=name)
    logprobs = _optional(body, "logprobs", _count(_MOST_LOGPROBS, least=0))
    return _question(body, known, limits, prompt, "prompt", _text(body, "suffix"), "max_tokens", logprobs)


def infill_question(body: Mapping[str, Any], limits: Limits) -> Question:
    """Read the body of a request to llama.cpp's ``/infill``.

    Raises
    ------
    RequestError
        If a field is missing or wrong.
    """
    known = {"input_prefix", "input_suffix", "input_extra", "prompt", "n_predict", "stop", "stream", "handoff"}
    prefix = _text(body, "input_prefix") + _text(body, "prompt")
    found = _question(body, known, limits, prefix, "input_prefix", _text(body, "input_suffix"), "n_predict", None)
    return found if not body.get("input_extra") else _noted(found, "input_extra: other files are not read")


def _question(
    body: Mapping[str, Any],
    known: set[str],
    limits: Limits,
    prefix: Any,
    prefix_name: str,
    suffix: str,
    length: str,
    logprobs: int | None,
) -> Question:
    if not isinstance(prefix, str):
        raise RequestError(f"{prefix_name} is {_shown(prefix)}, expected one text", field=prefix_name)
    rule, gate = _rule(body.get("handoff"))
    asked = _optional(body, length, _count(2**53, least=-1))
    unlimited = asked is None or asked < 0
    notes = [f"{name}: the most probable text is completed" for name in body if name in _SAMPLING - _SILENT]
    notes += [f"{name}: unknown" for name in body if name not in known | _SAMPLING]
    if not unlimited and asked is not None and asked > limits.tokens:
        notes.append(f"{length}: at most {limits.tokens} tokens are written")
    return Question(
        prefix=_encodable(prefix, prefix_name),
        suffix=_encodable(suffix, "suffix"),
        max_tokens=limits.tokens if unlimited or asked is None else min(asked, limits.tokens),
        stop=_stops(body.get("stop")),
        stream=bool(_optional(body, "stream", _boolean)),
        logprobs=logprobs,
        rule=rule,
        gate=gate,
        user=_optional(body, "user", _string),
        notes=tuple(notes),
    )


def _noted(question: Question, note: str) -> Question:
    return replace(question, notes=(*question.notes, note))


def _rule(asked: Any) -> tuple[Threshold | Costs | None, str | None]:
    """Return the rule and the gate that a request names."""
    if asked is None:
        return None, None
    if not isinstance(asked, dict):
        raise RequestError(f"handoff is {_shown(asked)}, expected an object", field="handoff")
    makers: dict[str, Callable[[Any], Threshold | Costs]] = {
        "eta_bits": Threshold.bits,
        "probability": Threshold.probability,
        "costs": lambda costs: Costs(*costs),
    }
    unknown = [name for name in asked if name not in (*makers, "gate")]
    rules = [name for name in asked if name in makers]
    if unknown or len(rules) > 1:
        raise RequestError(
            f"handoff has {', '.join(asked)}, expected one of {', '.join(makers)}, and a gate if wanted",
            field="handoff",
        )
    gate = asked.get("gate")
    if gate is not None and gate not in GATES:
        raise RequestError(f"gate is {_shown(gate)}, expected one of {', '.join(GATES)}", field="handoff")
    try:
        return (makers[rules[0]](asked[rules[0]]) if rules else None), gate
    except (TypeError, ValueError) as reason:
        raise RequestError(f"handoff: {reason}", field="handoff") from None


def _stops(stop: Any) -> tuple[str, ...]:
    found = [] if stop is None else [stop] if isinstance(stop, str) else stop
    right = isinstance(found, list) and len(found) <= _MOST_STOPS and all(isinstance(each, str) for each in found)
    if not right:
        raise RequestError(f"stop is {_shown(stop)}, expected up to {_MOST_STOPS} texts", field="stop")
    return tuple(each for each in found if each)


def _text(body: Mapping[str, Any], name: str) -> str:
    return _optional(body, name, _string) or ""


def _optional(body: Mapping[str, Any], name: str, check: Callable[[Any], str | None]) -> Any:
    """Return a field that may be missing; `check` says what was expected where it is wrong."""
    value = body.get(name)
    if value is None:
        return None
    expected = check(value)
    if expected:
        raise RequestError(f"{name} is {_shown(value)}, expected {expected}", field=name)
    return value


def _string(value: Any) -> str | None:
    return None if isinstance(value, str) else "a text"


def _boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else "true or false"


def _count(most: int, least: int) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        right = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
        return None if right else f"a whole number from {least} to {most}"

    return check


def _encodable(text: str, name: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as reason:
        raise RequestError(f"{name} has half of a surrogate pair at character {reason.start}", field=name) from None
    return text


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

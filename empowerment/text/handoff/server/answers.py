"""Answers in the formats that editors read: OpenAI's text completions, and llama.cpp's infill."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from empowerment.text.ends import Ends
from empowerment.text.handoff.live import Completion
from empowerment.text.handoff.selection import Selection, Stop
from empowerment.text.handoff.server.questions import Question
from empowerment.text.position import Position

STOP_TEXT = "STOP_TEXT"
"""The status of a completion that ended at a stop text of the request."""


class CompletionForm:
    """Text completion in OpenAI's format.

    Parameters
    ----------
    number : str
        Identifier of the offer.
    model : str
        Name of the model.
    created : int
        Seconds since 1970.
    """

    last_line = "data: [DONE]\n\n"

    def __init__(self, number: str, model: str, created: int) -> None:
        self._head = {"id": number, "object": "text_completion", "created": created, "model": model}

    def piece(self, text: str) -> dict[str, Any]:
        """Return a chunk of a stream."""
        return self._of(text, None, None)

    def end(self, text: str, report: dict[str, Any], logprobs: dict[str, Any] | None) -> dict[str, Any]:
        """Return the last chunk of a stream, or the whole answer, with the reason for its end."""
        reason = "length" if report["status"] == Stop.LIMIT.name else "stop"
        return self._of(text, reason, logprobs) | {"handoff": report}

    def _of(self, text: str, reason: str | None, logprobs: dict[str, Any] | None) -> dict[str, Any]:
        choice = {"index": 0, "text": text, "finish_reason": reason, "logprobs": logprobs}
        return self._head | {"choices": [choice]}


class InfillForm:
    """Infill in llama.cpp's format."""

    last_line = ""

    def __init__(self, number: str, model: str, created: int) -> None:
        self._head = {"id_slot": 0, "model": model, "offer": number, "created": created}

    def piece(self, text: str) -> dict[str, Any]:
        """Return a chunk of a stream."""
        return {"content": text, "stop": False}

    def end(self, text: str, report: dict[str, Any], logprobs: dict[str, Any] | None) -> dict[str, Any]:
        """Return the last chunk of a stream, or the whole answer, with the reason for its end."""
        kinds = {Stop.LIMIT.name: "limit", Stop.END_OF_TEXT.name: "eos", STOP_TEXT: "word"}
        return self._head | {
            "content": text,
            "stop": True,
            "stop_type": kinds.get(report["status"], "none"),
            "tokens_predicted": report["n_tokens"],
            "truncated": False,
            "handoff": report,
        }


Form = CompletionForm | InfillForm


def report_of(
    number: str, question: Question, completion: Completion, text: str, stopped_by: str | None, suffix_read: bool
) -> dict[str, Any]:
    """Return why a completion ended, and the interval of the next token's entropy and surprisal."""
    report: dict[str, Any] = {"offer": number, "notes": [*question.notes]}
    if question.suffix and not suffix_read:
        report["notes"].append("suffix: the model reads only what is before the cursor")
    if stopped_by is not None or completion.selection is None:
        n_tokens = sum(start < len(text) for start, _ in _offsets(completion.positions))
        return report | {
            "status": STOP_TEXT,
            "reason": f"the text would go on with {stopped_by!r}",
            "n_tokens": n_tokens,
        }
    return report | _of_selection(completion.selection)


def _of_selection(found: Selection) -> dict[str, Any]:
    return {
        "status": found.status.name,
        "reason": found.status.sentence,
        "n_tokens": found.value,
        "n_tokens_interval": [found.lower, found.upper],
        "surprisal_bits": numbers(found.surprisal),
        "next_entropy_bits": None if found.next_entropy is None else numbers(found.next_entropy),
        "next_surprisal_bits": None if found.next_surprisal is None else numbers(found.next_surprisal),
        "method": found.method,
    }


def numbers(ends: Ends) -> list[float | None]:
    """Return an interval in JSON types; an unknown end is null."""
    return [_finite(end) for end in ends]


def logprobs_of(positions: Sequence[Position], count: int, length: int) -> dict[str, Any]:
    """Return the probabilities at the tokens of the first `length` characters, in OpenAI's format."""
    found: dict[str, Any] = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
    for position, (offset, text) in zip(positions, _offsets(positions), strict=True):
        if offset >= length:
            break
        logs = position.log_probabilities
        found["tokens"].append(text)
        found["token_logprobs"].append(None if position.chosen is None else _finite(logs[position.chosen]))
        listed = [(position.tokens[i], float(logs[i])) for i in (-logs).argsort()[:count] if math.isfinite(logs[i])]
        found["top_logprobs"].append({_written(token): log for token, log in listed if token is not None})
        found["text_offset"].append(offset)
    return found


def _offsets(positions: Sequence[Position]) -> list[tuple[int, str]]:
    """Return the character at which each token begins, and its text."""
    found, offset = [], 0
    for position in positions:
        text = _written(position.token or b"")
        found.append((offset, text))
        offset += len(text)
    return found


def _written(token: bytes) -> str:
    return token.decode("utf-8", errors="replace")


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def sse(content: dict[str, Any]) -> str:
    """Return an event of a stream."""
    return f"data: {json.dumps(content)}\n\n"


def error_body(message: str, kind: str, field: str | None = None) -> dict[str, Any]:
    """Return an error in OpenAI's format."""
    return {"error": {"message": message, "type": kind, "param": field, "code": None}}

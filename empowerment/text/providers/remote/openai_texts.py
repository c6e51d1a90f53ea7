"""Generated texts of services: checks that they are answers and that their tokens make them up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from empowerment.text.providers.remote.openai_answers import Row
from empowerment.text.tiers import TokenModelError

# Fields of a message with what a model thought before it answered.
_REASONING = ("reasoning_content", "reasoning")
_THINKING, _THOUGHT = "<think>", "</think>"
# What vocabularies write for a space and a line break.
_SIGNS = ("\u0120", "\u2581", "\u010a")
_SWITCH_OFF = (
    "switch it off by options=, such as {'chat_template_kwargs': {'enable_thinking': False}} or "
    "{'reasoning_effort': 'none'}"
)


def text_of(choice: Mapping[str, Any], chat: bool) -> str:
    """Return the text of a choice, with half surrogate pairs replaced.

    Raises
    ------
    TokenModelError
        If there is none, or it was withheld or ended before the answer.
    """
    message = choice.get("message") if chat else None
    text = (message.get("content") if isinstance(message, dict) else None) if chat else choice.get("text")
    why = choice.get("finish_reason")
    if why == "length" and _only_reasoning(text, message):
        raise TokenModelError(
            "answers nothing: all tokens that it was allowed to write were spent before the answer began, as on "
            f"reasoning; allow more by max_tokens=, or {_SWITCH_OFF}"
        )
    if why == "content_filter":
        raise TokenModelError("withholds its answer, or a part of it (finish_reason is 'content_filter')")
    if not isinstance(text, str):
        raise TokenModelError("answers without a text")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def check_joined(rows: Sequence[Row], choice: Mapping[str, Any], *, stops: bool) -> None:
    """Refuse rows that do not belong to the generated text.

    A text may lack surrounding space, the end-of-text token, an incomplete character, and with `stops` also the stop
    text of the request.

    Raises
    ------
    TokenModelError
        If there are none, or their tokens make up another text.
    """
    if not rows:
        raise TokenModelError("reports on no token, not even one that ends the text")
    message = choice.get("message")
    if isinstance(message, dict) and any(message.get(field) for field in _REASONING):
        raise TokenModelError(
            "reasons before it answers, so the probabilities of its answer depend on reasoning that differs each "
            f"time; {_SWITCH_OFF}"
        )
    text = message.get("content") if isinstance(message, dict) else choice.get("text")
    if text is None and not (isinstance(message, dict) and "content" in message):
        return
    if not isinstance(text, str | None):
        raise TokenModelError(f"answers with a {type(text).__name__} instead of a text")
    written = [b"" if row.own is None else row.own.token for row in rows]
    known = written[: written.index(None)] if None in written else written
    wanted = _shown((text or "").encode(errors="replace"))
    whole = _shown(b"".join(known))  # type: ignore[arg-type]
    but_last = _shown(b"".join(known[:-1]))  # type: ignore[arg-type]
    if (choice.get("finish_reason") == "stop" and wanted == but_last) or (stops and whole.startswith(wanted)):
        return
    if wanted != whole and not (len(known) < len(written) and wanted.startswith(whole)):
        signs = [sign for sign in _SIGNS if sign in whole and sign not in wanted]
        why = f"; {signs[0]!r} is a sign of its vocabulary, which it has to write as text" if signs else ""
        raise TokenModelError(
            f"reports on the tokens {whole[:60]!r} where it wrote {wanted[:60]!r}: on another text, as of reasoning "
            f"or a template{why}"
        )


def _only_reasoning(text: Any, message: Any) -> bool:
    """Return whether a text ended before its answer began."""
    if not isinstance(text, str) or not text.strip():
        return text == "" or (isinstance(message, dict) and any(message.get(field) for field in _REASONING))
    return message is not None and text.lstrip().startswith(_THINKING) and _THOUGHT not in text


def _shown(raw: bytes) -> str:
    return raw.decode(errors="replace").strip().rstrip("\ufffd")

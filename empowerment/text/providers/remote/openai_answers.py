"""Probabilities in answers of OpenAI-compatible services, read entry by entry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from empowerment.text.tiers import TokenModelError
from empowerment.text.token_checks import LOWEST_LOG, cut_and_scaled
from empowerment.text.token_list import Outcome

# What a tokenizer shows of a part of a character.
_BROKEN = "\ufffd"
_BYTES = "bytes:"
_NUMBER = "token_id:"
# No vocabulary is larger.
_MOST_TOKENS = 1 << 31
# By how much rounding may lift a logarithm of a probability above 0, at the most.
_HIGHEST_LOG = 0.5


class Entry(NamedTuple):
    """Token with its log-probability, as a service reports them.

    `token` is None if its bytes are not reported, `number` if it has no number, and `log` if it has no probability.
    """

    token: bytes | None
    number: int | None
    log: float | None

    @property
    def outcome(self) -> Outcome | None:
        """Identity of the token; None if it has neither a number nor bytes."""
        return self.number if self.number is not None else self.token or None


class Row(NamedTuple):
    """Report of a service on one position of a text.

    `own` is the token of the text; it may be among the `listed` without being one of the most probable. With `keyed`,
    the list was keyed by the texts of tokens, so that of several tokens with the same text one is left. With `after`,
    the text ends before this position, and the own token was generated only to obtain the distribution.
    """

    own: Entry | None
    listed: tuple[Entry, ...]
    keyed: bool = False
    after: bool = False


def rows_of(choice: Any) -> list[Row]:
    """Read the reports on the tokens in a choice of an answer, in either of the two formats.

    Raises
    ------
    TokenModelError
        If there are none, or in another format.
    """
    report = choice.get("logprobs") if isinstance(choice, dict) else None
    if not report:
        raise TokenModelError(
            "reports no probabilities (logprobs is missing); with reports='nothing' none are requested"
        )
    try:
        if report.get("content") is not None:
            return [_row(each) for each in report["content"]]
        tokens, logs = report["tokens"], report["token_logprobs"]
        lists = report.get("top_logprobs") or [None] * len(tokens)
        return [
            Row(entry(token, log), tuple(entry(*pair) for pair in (listed or {}).items()), keyed=True)
            for token, log, listed in zip(tokens, logs, lists, strict=True)
        ]
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as reason:
        raise TokenModelError(f"reports probabilities in an unknown format: {reason!r}") from None


def _row(report: dict[str, Any]) -> Row:
    own, *listed = (
        entry(each["token"], each["logprob"], each.get("id"), each.get("bytes"))
        for each in [report, *(report.get("top_logprobs") or ())]
    )
    return Row(own, tuple(listed))


def entry(token: str, log: float | None, number: int | None = None, raw: Sequence[int] | None = None) -> Entry:
    """Make an entry of its parts.

    Raises
    ------
    TypeError, ValueError
        If a part is no text, no number, or no byte.
    """
    if not isinstance(token, str):
        raise TypeError(f"the token {token!r} is no text")
    if token.startswith(_NUMBER):
        return Entry(None, token_number(token[len(_NUMBER) :]), reported_log(log))
    written = bytes_of(token)
    if raw is not None and (raw or not token):
        if not isinstance(raw, list):
            raise TypeError(f"the bytes of the token {token!r} are a {type(raw).__name__}")
        written = bytes(raw)
        if _BROKEN.encode() in written and _BROKEN in token:  # the bytes of the sign for what was lost
            written = None
    return Entry(written, None if number is None else token_number(number), reported_log(log))


def token_number(report: int | str) -> int:
    """Return the number of a token.

    Raises
    ------
    ValueError
        If it is no number of a token.
    """
    number = int(report) if isinstance(report, int | str) and not isinstance(report, bool) else _MOST_TOKENS
    if not abs(number) < _MOST_TOKENS:
        raise ValueError(f"{str(report)[:40]!r} is no number of a token")
    return number


def bytes_of(token: str) -> bytes | None:
    """Return the bytes of a token that is reported as text; None for a part of a character."""
    if token.startswith(_BYTES):
        return bytes.fromhex(token[len(_BYTES) :].replace("\\x", ""))
    try:
        return None if _BROKEN in token else token.encode()
    except UnicodeEncodeError:  # half of a pair of surrogates
        return None


def reported_log(log: float | None) -> float | None:
    """Return a log-probability, or None for a placeholder.

    Raises
    ------
    TypeError, ValueError
        If it is no number, or the logarithm of no probability.
    """
    if log is None:
        return None
    if isinstance(log, bool) or not isinstance(log, int | float):
        raise TypeError(f"the log-probability {log!r} is no number")
    if not log <= _HIGHEST_LOG:
        raise ValueError(f"the log-probability {log!r} is not of at most 0")
    return float(log) if log > LOWEST_LOG else None


def check_probabilities(rows: Sequence[Row], asked: int, vocabulary_size: int | None) -> None:
    """Refuse an answer without probabilities, or with those of a sampler instead of the model's.

    Raises
    ------
    TokenModelError
        If every token has probability 1 and no other is reported, or a list was truncated and renormalized.
    """

    def certain(row: Row) -> bool:
        others = (each for each in row.listed if row.own is None or each.outcome != row.own.outcome)
        return row.own is not None and row.own.log == 0 and all(each.log is None for each in others)

    if rows and asked > 1 and all(map(certain, rows)):
        raise TokenModelError(
            "reports the log-probability 0 for each token and no other token: it accepts a request for "
            "probabilities without answering it; with reports='nothing' none are requested"
        )
    for row in rows:
        reported = {each for each in row.listed if each.log is not None}
        short = len(reported) < min(asked, vocabulary_size or asked) or len(reported) < len(row.listed)
        if short and len(reported) > 1 and cut_and_scaled([math.exp(each.log or 0.0) for each in reported]):
            raise TokenModelError(
                f"reports {len(reported)} of the {asked} requested probabilities, and they sum to 1: a sampler "
                "truncated the others (top_k, top_p, min_p, a grammar) and rescaled these, so they are not the "
                "model's; turn truncation off, as with options={'top_k': 0}, or report raw probabilities (vLLM: "
                "--logprobs-mode raw_logprobs --generation-config vllm)"
            )

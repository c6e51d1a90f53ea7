"""A service in the manner of OpenAI, and two ways in which some score a given text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from empowerment.text.providers.http import JsonClient
from empowerment.text.providers.openai_answers import (
    Entry,
    Row,
    bytes_of,
    check_probabilities,
    position,
    rows_of,
    told_log,
)
from empowerment.text.token_model import Outcome, Position, TokenModelError, unknown_position

# Prompts in one request, and tokens that are asked for by number in one.
_PROMPTS_AT_ONCE = 32
_NAMED_AT_ONCE = 128
# Characters of a message; answers that are quoted in one may be long.
_LONGEST_FAULT = 400
# Read where nothing else is, to see what stands before it.
_SOMETHING = "a"


@dataclass(frozen=True)
class Service:
    """What is common to all questions to one model of a service.

    Parameters
    ----------
    client : JsonClient
    model : str
    options : mapping
        Fields of every question; those that are None are not sent.
    listed : int
        How many of the most probable tokens are asked for.
    vocabulary_size, rounding
        See :class:`Position`.
    """

    client: JsonClient
    model: str
    options: Mapping[str, Any]
    listed: int
    vocabulary_size: int | None
    rounding: float

    def choices(self, path: str, count: int, **asked: Any) -> list[Any]:
        """Return the choices of an answer, in their order: at least one and at most `count`.

        Raises
        ------
        TokenModelError
            If there is no answer, or one without choices.
        """
        fields = {"model": self.model, **asked, **self.options}
        answer = self.client.ask(path, {name: value for name, value in fields.items() if value is not None})
        try:
            found = sorted(answer["choices"], key=lambda choice: choice.get("index", 0))
        except (KeyError, TypeError, AttributeError):
            found = []
        if not found:
            raise self.fault(f"answers without choices: {answer!r}")
        return found[:count]

    def completions(self, prompts: Sequence[Any], **asked: Any) -> list[Any]:
        """Return what one token after each prompt is answered with, and more if asked for."""
        fixed = {"max_tokens": 1, "temperature": 0} | asked
        found: list[Any] = []
        for i in range(0, len(prompts), _PROMPTS_AT_ONCE):
            some = list(prompts[i : i + _PROMPTS_AT_ONCE])
            several = self.choices("/completions", len(some), prompt=some if len(some) > 1 else some[0], **fixed)
            if len(several) != len(some):
                raise self.fault(f"answers {len(several)} of {len(some)} prompts in one question")
            found += several
        return found

    def rows(self, choice: Any) -> list[Row]:
        """Return what a choice tells of the tokens in it."""
        try:
            rows = rows_of(choice)
            check_probabilities(rows, self.listed)
            return rows
        except TokenModelError as reason:
            raise self.fault(str(reason)) from None

    def position(self, row: Row, start: int = 0, named: Sequence[Entry] = ()) -> Position:
        """Return the distribution that a row tells."""
        about: dict[str, Any] = {"vocabulary_size": self.vocabulary_size, "rounding": self.rounding}
        try:
            return position(row, self.listed, start=start, named=named, **about)
        except TokenModelError as reason:
            raise self.fault(str(reason)) from None

    def fault(self, what: str) -> TokenModelError:
        """Return an error that says who is at fault."""
        said = self.client.redacted(what)
        said = said if len(said) <= _LONGEST_FAULT else f"{said[:_LONGEST_FAULT]}..."
        return TokenModelError(f"{self.model} at {self.client.host} {said}")


@dataclass
class EchoScorer:
    """Scores a text by having it repeated: completions with ``echo``.

    Prefix and text are read as one, so that the end of the prefix has to be one of a token.
    """

    service: Service
    _has_start: bool | None = field(default=None, init=False)

    def score(self, prefix: str, text: str, also: Sequence[Outcome]) -> list[Position]:
        """Return the distribution at each token of a text, and the one after it."""
        rows, last = self._echoed(prefix + text) if text else ([], None)
        rows = self._after(rows, prefix)
        rows.append(last or self._row_after(prefix + text))
        places, start, raw = [], 0, text.encode()
        for row in rows:
            before = prefix + raw[:start].decode(errors="replace")
            places.append(self._place(row, start, before, also))
            start = places[-1].span[1]
        return places

    def _place(self, row: Row, start: int, before: str, also: Sequence[Outcome]) -> Position:
        if not row.listed and (row.own is None or row.own.log is None):  # nothing stands before it
            own = None if row.own is None else row.own.token
            return unknown_position(own, (start, start + len(own or b"")), self.service.vocabulary_size)
        return self.service.position(row, start, self._named(before, row, also))

    def _echoed(self, whole: str) -> tuple[list[Row], Row | None]:
        """Return what is told of each token of a text, and of what comes after it, if it is."""
        (choice,) = self.service.completions([whole], echo=True, logprobs=self.service.listed)
        rows, last = self._aligned(self.service.rows(choice), whole)
        self._has_start = rows[0].own is not None and rows[0].own.log is not None
        return rows, last

    def _aligned(self, rows: list[Row], whole: str) -> tuple[list[Row], Row | None]:
        """Return the rows of a text, without what is put before it and what is written after."""
        raw, at, found = whole.encode(), 0, list[Row]()
        for i, row in enumerate(rows):
            token = None if row.own is None else row.own.token
            if at == len(raw):
                return found, row._replace(own=None)
            if i == 0 and row.own is not None and row.own.log is None and (not token or not raw.startswith(token)):
                continue  # a start token
            if token is None or not raw.startswith(token, at):
                raise self.service.fault(
                    f"repeats {whole[-40:]!r} by the token {token!r} where the text has {raw[at : at + 12]!r}; pass "
                    "a text whose tokens are whole characters, or ask a server that tells their bytes"
                )
            found.append(row)
            at += len(token)
        if at < len(raw):
            raise self.service.fault(f"repeats only {at} of the {len(raw)} bytes of {whole[-40:]!r}; can it echo?")
        return found, None

    def _after(self, rows: list[Row], prefix: str) -> list[Row]:
        """Return the rows of the text alone."""
        at, end = 0, len(prefix.encode())
        for i, row in enumerate(rows):
            if at == end:
                return rows[i:]
            at += len(row.own.token or b"") if row.own is not None else 0
            if at > end:
                raise self.service.fault(_across(prefix))
        return []

    def _row_after(self, whole: str) -> Row:
        if whole:
            (choice,) = self.service.completions([whole], echo=False, logprobs=self.service.listed)
            rows = self.service.rows(choice)
            if not rows:
                raise self.service.fault(f"tells nothing of what comes after {whole[-40:]!r}")
            return rows[0]._replace(own=None)
        if self._has_start is not False:
            rows, _ = self._echoed(_SOMETHING)
            if self._has_start:
                return rows[0]._replace(own=None)
        return Row(None, (), pure=False)

    def _named(self, before: str, row: Row, also: Sequence[Outcome]) -> list[Entry]:
        """Return how probable some tokens are: each is put where it is asked for, and repeated."""
        known = {each.outcome for each in row.listed if each.log is not None}
        missing = [token for token in also if token not in known]
        wanted = [token.decode() for token in missing if isinstance(token, bytes)]
        if len(wanted) < len(missing):
            raise self.service.fault(f"does not number its tokens, but also={list(also)[:3]} names some by numbers")
        texts = [before + token for token in wanted]
        found = []
        for text, choice in zip(texts, self.service.completions(texts, echo=True, logprobs=1), strict=True):
            rows, _ = self._aligned(self.service.rows(choice), text)
            token = text[len(before) :].encode()
            own = rows[-1].own if rows else None
            if own is None or own.token != token or own.log is None:
                raise self.service.fault(
                    f"does not read {token!r} as a token of its own after {before[-40:]!r}, so does not tell its "
                    "probability; leave it out, or ask with union=False"
                )
            found.append(own)
        return found


@dataclass
class PromptScorer:
    """Scores a text by the probabilities of a prompt's tokens: ``prompt_logprobs``, of vLLM.

    Prefix and text are read as one, so that the end of the prefix has to be one of a token.
    """

    service: Service
    root: JsonClient
    _written: dict[int, bytes | None] = field(default_factory=dict, init=False)

    def score(self, prefix: str, text: str, also: Sequence[Outcome]) -> list[Position]:
        """Return the distribution at each token of a text, and the one after it."""
        whole = prefix + text
        ids = self._ids(whole or _SOMETHING)
        begins = self._begins(ids, whole or _SOMETHING)
        first = begins.index(0)  # what stands before it is put there by the tokenizer
        some = ids[first]
        if not whole:
            ids = ids[:first]
        elif prefix:
            first = self._first_after(prefix, begins)
        # A token is put after the text, whatever it is, since a prompt is told of at its tokens.
        rows = self._told([*ids, some])[first:] if ids else [None]
        places, at = [], 0
        for i, row in enumerate(rows, first):
            own = None if i == len(ids) else self._text_of(ids[i])
            if row is None:
                place = unknown_position(own, (at, at + len(own or b"")), self.service.vocabulary_size)
            else:
                row = row if own is not None else row._replace(own=None)
                place = self.service.position(row, at, self._named(ids[:i], row, also))
            places.append(place)
            at = place.span[1]
        return places

    def spelled(self, rows: Sequence[Row]) -> list[Row]:
        """Return rows of numbered tokens with the bytes of these."""

        def bytes_in(entry: Entry) -> Entry:
            return entry if entry.number is None else entry._replace(token=self._bytes_of(entry.number))

        return [
            Row(None if row.own is None else bytes_in(row.own), tuple(map(bytes_in, row.listed)), row.pure)
            for row in rows
        ]

    def _first_after(self, prefix: str, begins: Sequence[int]) -> int:
        """Return the first token of the text that follows a prefix."""
        end = len(prefix.encode())
        first = next((i for i, at in enumerate(begins) if at >= end), len(begins))
        if first < len(begins) and begins[first] != end:
            raise self.service.fault(_across(prefix))
        return first

    def _ids(self, whole: str) -> list[int]:
        (choice,) = self.service.completions([whole], return_token_ids=True)
        ids = choice.get("prompt_token_ids")
        if not ids:
            raise self.service.fault(
                "does not tell the tokens of a prompt (return_token_ids); is it vLLM of version 0.10.2 or later?"
            )
        return [int(each) for each in ids]

    def _begins(self, ids: list[int], whole: str) -> list[int]:
        """Return the byte at which each token begins; -1 for what is put before the text."""
        raw, at, begins = whole.encode(), 0, list[int]()
        for token in ids:
            written = self._text_of(token)
            if raw.startswith(written, at):
                begins.append(at)
                at += len(written)
            elif at == 0:
                begins.append(-1)
            else:
                raise self.service.fault(f"reads {whole[-40:]!r} as other tokens than it has: {written!r}")
        if at < len(raw):
            raise self.service.fault(f"reads only {at} of the {len(raw)} bytes of {whole[-40:]!r}")
        return begins

    def _told(self, ids: list[int]) -> list[Row | None]:
        (choice,) = self.service.completions([ids], prompt_logprobs=self.service.listed)
        told = choice.get("prompt_logprobs")
        if not isinstance(told, list) or len(told) != len(ids):
            raise self.service.fault("does not tell the probabilities of a prompt's tokens (prompt_logprobs)")
        return [None if each is None else self._row(each, token) for each, token in zip(told, ids, strict=True)]

    def _row(self, told: Mapping[str, Any], own: int) -> Row:
        entries = {}
        for number, each in told.items():
            written = bytes_of(each.get("decoded_token") or "")
            self._written.setdefault(int(number), written)
            rank = each.get("rank") or 0
            entries[int(number)] = (rank, Entry(written, int(number), told_log(each["logprob"])))
        listed = tuple(entry for rank, entry in entries.values() if rank <= self.service.listed)
        return Row(entries[own][1], listed, pure=True)

    def _named(self, before: list[int], row: Row, also: Sequence[Outcome]) -> list[Entry]:
        """Return how probable some tokens are that are asked for by their numbers."""
        known = {each.number for each in row.listed if each.log is not None}
        missing = [token for token in also if isinstance(token, int) and token not in known]
        if not all(isinstance(token, int) for token in also):
            raise self.service.fault(f"numbers its tokens, but also={list(also)[:3]} names some otherwise")
        found = []
        for i in range(0, len(missing), _NAMED_AT_ONCE):
            some = missing[i : i + _NAMED_AT_ONCE]
            asked = {"logprobs": 1, "logprob_token_ids": some, "return_tokens_as_token_ids": True}
            (choice,) = self.service.completions([before], **asked)
            told = (choice.get("logprobs") or {}).get("top_logprobs") or [{}]
            for token in some:
                log = told_log(told[0].get(f"token_id:{token}"))
                if log is None:
                    raise self.service.fault(
                        f"does not tell the probability of the token {token} (logprob_token_ids)"
                    )
                found.append(Entry(self._text_of(token), token, log))
        return found

    def _text_of(self, token: int) -> bytes:
        written = self._bytes_of(token)
        if written is None:
            raise self.service.fault(f"does not tell the bytes of token {token}, a part of a character")
        return written

    def _bytes_of(self, token: int) -> bytes | None:
        """Return how a token is written; None for a part of a character."""
        if token not in self._written:
            answer = self.root.ask("/detokenize", {"model": self.service.model, "tokens": [token]})
            self._written[token] = bytes_of(answer["prompt"])
        return self._written[token]


def _across(prefix: str) -> str:
    return (
        f"reads a token across the end of the prefix {prefix[-20:]!r}; let the text begin where a token does, as a "
        "rule with a space"
    )

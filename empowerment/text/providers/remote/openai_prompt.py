"""Scores of texts from services that report the probabilities of their prompts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from empowerment.text.position import Position, unknown_position
from empowerment.text.providers.remote.http import JsonClient
from empowerment.text.providers.remote.openai_answers import Entry, Row, bytes_of, reported_log, token_number
from empowerment.text.providers.remote.openai_service import SOMETHING, Service, across, doubled
from empowerment.text.token_list import Outcome

# Number of tokens that are requested by number at once.
_NAMED_AT_ONCE = 128
# Text of a token whose bytes are not reported.
_UNTOLD = "\ufffd"


@dataclass
class PromptScorer:
    """Scores a text by the probabilities of a prompt's tokens: ``prompt_logprobs`` of vLLM.

    Prefix and text are read as one, so the end of the prefix must be the end of a token.
    """

    service: Service
    root: JsonClient
    _written: dict[int, bytes | None] = field(default_factory=dict, init=False)

    def score(self, prefix: str, text: str, also: Sequence[Outcome]) -> list[Position]:
        """Return the distribution at each token of a text, and the one after it."""
        whole = prefix + text
        ids = self._ids(whole or SOMETHING)
        begins = self._begins(ids, whole or SOMETHING)
        first = begins.index(0)  # what stands before it is put there by the tokenizer
        some = ids[first]
        if not whole:
            ids = ids[:first]
        elif prefix:
            first = self._first_after(prefix, begins)
        # Some token is appended to the text, because probabilities of a prompt are reported at its tokens.
        rows = self._reported([*ids, some])[first:] if ids else [None]
        positions, at = [], 0
        for i, row in enumerate(rows, first):
            own = None if i == len(ids) else self._text_of(ids[i])
            if row is None:
                position = unknown_position(own, (at, at + len(own or b"")), self.service.vocabulary_size)
            else:
                named = self._named(ids, row, also) if own is None else []
                position = self.service.position(row._replace(after=own is None), at, named)
            positions.append(position)
            at = position.span[1]
        return positions

    def spelled(self, rows: Sequence[Row]) -> list[Row]:
        """Return rows of numbered tokens with their bytes."""

        def bytes_in(entry: Entry) -> Entry:
            return entry if entry.number is None else entry._replace(token=self._bytes_of(entry.number))

        return [
            row._replace(
                own=None if row.own is None else bytes_in(row.own),
                listed=tuple(map(bytes_in, row.listed)),
                keyed=False,
            )
            for row in rows
        ]

    def _first_after(self, prefix: str, begins: Sequence[int]) -> int:
        """Return the first token of the text that follows a prefix."""
        end = len(prefix.encode())
        first = next((i for i, at in enumerate(begins) if at >= end), len(begins))
        if first < len(begins) and begins[first] != end:
            raise self.service.fault(across(prefix))
        return first

    def _ids(self, whole: str) -> list[int]:
        (choice,) = self.service.completions([whole], return_token_ids=True)
        ids = choice.get("prompt_token_ids")
        if not ids:
            raise self.service.fault(
                "does not report the tokens of a prompt (return_token_ids); is it vLLM of version 0.10.2 or later?"
            )
        return [token_number(each) for each in ids]

    def _begins(self, ids: list[int], whole: str) -> list[int]:
        """Return the byte at which each token begins; -1 for tokens before the text."""
        raw, at, begins = whole.encode(), 0, list[int]()
        for token in ids:
            written = self._text_of(token)
            if raw.startswith(written, at) and written:
                begins.append(at)
                at += len(written)
            elif at == 0 and (not begins or token != ids[len(begins) - 1]):
                begins.append(-1)
            elif len(begins) == 1 and token == ids[0]:
                raise self.service.fault(doubled(written))
            else:
                raise self.service.fault(f"reads {whole[-40:]!r} as other tokens than it has: {written!r}")
        if at < len(raw):
            raise self.service.fault(f"reads only {at} of the {len(raw)} bytes of {whole[-40:]!r}")
        return begins

    def _reported(self, ids: list[int]) -> list[Row | None]:
        (choice,) = self.service.completions([ids], prompt_logprobs=self.service.listed)
        reported = choice.get("prompt_logprobs")
        if not isinstance(reported, list) or len(reported) != len(ids):
            raise self.service.fault("does not report the probabilities of a prompt's tokens (prompt_logprobs)")
        return [None if each is None else self._row(each, token) for each, token in zip(reported, ids, strict=True)]

    def _row(self, reported: Mapping[str, Any], own: int) -> Row:
        entries = {}
        for number, each in reported.items():
            token, written = token_number(number), bytes_of(each.get("decoded_token") or _UNTOLD)
            rank = each.get("rank") or 0
            entries[token] = (rank, Entry(written, token, reported_log(each["logprob"])))
        listed = tuple(entry for rank, entry in entries.values() if rank <= self.service.listed)
        return Row(entries[own][1], listed)

    def _named(self, before: list[int], row: Row, also: Sequence[Outcome]) -> list[Entry]:
        """Return the probabilities of tokens that are requested by their numbers."""
        known = {each.number for each in row.listed if each.log is not None}
        missing = [token for token in also if isinstance(token, int) and token not in known]
        if not all(isinstance(token, int) for token in also):
            raise self.service.fault(f"numbers its tokens, but also={list(also)[:3]} names some otherwise")
        found = []
        for i in range(0, len(missing), _NAMED_AT_ONCE):
            some = missing[i : i + _NAMED_AT_ONCE]
            asked = {"logprobs": 1, "logprob_token_ids": some, "return_tokens_as_token_ids": True}
            (choice,) = self.service.completions([before], **asked)
            reported = (choice.get("logprobs") or {}).get("top_logprobs") or [{}]
            for token in some:
                log = reported_log(reported[0].get(f"token_id:{token}"))
                if log is None:
                    raise self.service.fault(
                        f"does not report the probability of the token {token} (logprob_token_ids)"
                    )
                found.append(Entry(self._text_of(token), token, log))
        return found

    def _text_of(self, token: int) -> bytes:
        written = self._bytes_of(token)
        if written is None:
            raise self.service.fault(f"does not report the bytes of token {token}, a part of a character")
        return written

    def _bytes_of(self, token: int) -> bytes | None:
        """Return the bytes of a token; None for a part of a character."""
        if token not in self._written:
            answer = self.root.ask("/detokenize", {"model": self.service.model, "tokens": [token]})
            self._written[token] = bytes_of(answer["prompt"])
        return self._written[token]

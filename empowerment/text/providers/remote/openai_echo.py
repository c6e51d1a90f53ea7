"""Scores of texts from services that echo them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from empowerment.text.position import Position, unknown_position
from empowerment.text.providers.remote.openai_answers import Entry, Row
from empowerment.text.providers.remote.openai_service import SOMETHING, Service, across, doubled
from empowerment.text.token_list import Outcome


@dataclass
class EchoScorer:
    """Scores a text by completions with ``echo``.

    Prefix and text are read as one, so the end of the prefix must be the end of a token.
    """

    service: Service
    _has_start: bool | None = field(default=None, init=False)

    def score(self, prefix: str, text: str, also: Sequence[Outcome]) -> list[Position]:
        """Return the distribution at each token of a text, and the one after it."""
        rows, last = self._echoed(prefix + text) if text else ([], None)
        rows = self._after(rows, prefix)
        rows.append(last or self._row_after(prefix + text))
        positions, start = [], 0
        for row in rows:
            named = self._named(prefix + text, row, also) if row is rows[-1] else []
            positions.append(self._position(row, start, named))
            start = positions[-1].span[1]
        return positions

    def _position(self, row: Row, start: int, named: Sequence[Entry]) -> Position:
        if _has_no_report(row):
            own = None if row.own is None else row.own.token
            return unknown_position(own, (start, start + len(own or b"")), self.service.vocabulary_size)
        return self.service.position(row, start, named)

    def _echoed(self, whole: str) -> tuple[list[Row], Row | None]:
        """Return the report on each token of a text, and on the next one if there is one."""
        (choice,) = self.service.completions([whole], echo=True, logprobs=self.service.listed)
        rows, last = self._aligned(self.service.rows(choice), whole)
        self._has_start = rows[0].own is not None and rows[0].own.log is not None
        return rows, last

    def _aligned(self, rows: list[Row], whole: str) -> tuple[list[Row], Row | None]:
        """Return the rows of a text, without tokens before it and generated ones after it."""
        raw, at, found = whole.encode(), 0, list[Row]()
        for i, row in enumerate(rows):
            token = None if row.own is None else row.own.token
            if at == len(raw):
                return found, row._replace(after=True)
            if i == 0 and row.own is not None and row.own.log is None and (not token or not raw.startswith(token)):
                continue  # a start token
            if token is None or not raw.startswith(token, at):
                if i == 1 and token and rows[0].own is not None and token == rows[0].own.token:
                    raise self.service.fault(doubled(token))
                raise self.service.fault(
                    f"repeats {whole[-40:]!r} by the token {token!r} where the text has {raw[at : at + 12]!r}; pass "
                    "a text whose tokens are complete characters, or ask a server that reports their bytes"
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
                raise self.service.fault(across(prefix))
        return []

    def _row_after(self, whole: str) -> Row:
        if whole:
            (choice,) = self.service.completions([whole], echo=False, logprobs=self.service.listed)
            rows = self.service.rows(choice)
            if not rows:
                raise self.service.fault(f"reports nothing about the next token after {whole[-40:]!r}")
            return rows[0]._replace(after=True)
        if self._has_start is not False:
            rows, _ = self._echoed(SOMETHING)
            if self._has_start:
                return rows[0]._replace(after=True)
        return Row(None, ())

    def _named(self, before: str, row: Row, also: Sequence[Outcome]) -> list[Entry]:
        """Return the probabilities of named tokens: each is appended to the text, and echoed."""
        if _has_no_report(row):
            return []
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
                    f"does not read {token!r} as a single token after {before[-40:]!r}, so it does not report its "
                    "probability; leave it out, or ask with union=False"
                )
            found.append(own)
        return found


def _has_no_report(row: Row) -> bool:
    """Return whether a position has no report, like the first of a text."""
    return not row.listed and (row.own is None or row.own.log is None)

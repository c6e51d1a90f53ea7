"""Requests to one model of an OpenAI-compatible service, and checks of its answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from reprlib import Repr
from typing import Any

from empowerment.text.position import Position
from empowerment.text.providers.remote.http import JsonClient
from empowerment.text.providers.remote.openai_answers import Entry, Row, check_probabilities, rows_of
from empowerment.text.providers.remote.openai_positions import position
from empowerment.text.providers.remote.openai_texts import check_joined
from empowerment.text.tiers import TokenModelError

# Prompts in one request.
_PROMPTS_AT_ONCE = 32
# Characters of a message. What is quoted in one may be long, and is shortened before a key is looked for in it.
_LONGEST_FAULT = 400
_QUOTED = Repr()
_QUOTED.maxdict = _QUOTED.maxlist = 20
_QUOTED.maxstring = _QUOTED.maxother = 4 * _LONGEST_FAULT

SOMETHING = "a"
"""Read where nothing else is, to see what stands before it."""


@dataclass(frozen=True)
class Service:
    """Settings of all requests to one model of a service.

    Parameters
    ----------
    client : JsonClient
        The client.
    model : str
        Name of the model at the service.
    options : mapping
        Fields of every request; those that are None are not sent.
    listed : int
        Number of the most probable tokens to request.
    vocabulary_size, rounding : int or None, float
        See :class:`Position`.
    """

    client: JsonClient
    model: str
    options: Mapping[str, Any]
    listed: int
    vocabulary_size: int | None
    rounding: float

    def choices(self, path: str, count: int, *, several: bool = False, **asked: Any) -> list[Any]:
        """Return the choices of an answer, in their order: at least one, and at most `count` unless all are wanted.

        Raises
        ------
        TokenModelError
            If there is no answer, or one without choices.
        """
        fields = {"model": self.model, **asked, **self.options}
        sent = {name: value for name, value in fields.items() if value is not None}
        found = self.client.read(path, sent, self._in_order)
        return found if several else found[:count]

    def _in_order(self, answer: Any) -> list[Any]:
        report = answer.get("choices") if isinstance(answer, dict) else None
        if not (isinstance(report, list) and report and all(isinstance(each, dict) for each in report)):
            raise self.fault(f"answers without choices: {quoted(answer)}")
        indices = [each.get("index", i) for i, each in enumerate(report)]
        if sorted(indices) != list(range(len(report))):
            raise self.fault(f"numbers its {len(report)} choices {quoted(indices)}, expected 0, 1, ...")
        return [report[indices.index(i)] for i in range(len(report))]

    def completions(self, prompts: Sequence[Any], **asked: Any) -> list[Any]:
        """Return the choices for one token after each prompt, or more if requested."""
        fixed = {"max_tokens": 1, "temperature": 0} | asked
        found: list[Any] = []
        for i in range(0, len(prompts), _PROMPTS_AT_ONCE):
            some = list(prompts[i : i + _PROMPTS_AT_ONCE])
            several = self.choices(
                "/completions", len(some), several=True, prompt=some if len(some) > 1 else some[0], **fixed
            )
            if len(several) != len(some):
                raise self.fault(f"answers {len(several)} of {len(some)} prompts in one question")
            found += several
        return found

    def rows(
        self, choice: Any, *, written: bool = False, spelled: Callable[[list[Row]], list[Row]] = list
    ) -> list[Row]:
        """Return the reports on the tokens in a choice; with `written` the tokens must make up its text.

        `spelled` adds the bytes of numbered tokens.
        """
        try:
            rows = spelled(rows_of(choice))
            if written:
                check_joined(rows, choice, stops="stop" in self.options)
            check_probabilities(rows, self.listed, self.vocabulary_size)
        except TokenModelError as reason:
            said = str(reason)
        else:
            joined = b"".join(row.own.token or b"" for row in rows if row.own is not None)
            if not self.client.holds_key(joined.decode(errors="replace")):
                return rows
            said = "repeats the key in its tokens, which are not handed on"
        # Raised out here, the error has no context that would keep what the service said, perhaps the key.
        raise self.fault(said)

    def position(self, row: Row, start: int = 0, named: Sequence[Entry] = ()) -> Position:
        """Make the position that a row reports."""
        about: dict[str, Any] = {"vocabulary_size": self.vocabulary_size, "rounding": self.rounding}
        try:
            return position(row, self.listed, start=start, named=named, **about)
        except TokenModelError as reason:
            said = str(reason)
        raise self.fault(said)

    def fault(self, what: str) -> TokenModelError:
        """Return an error that names the service."""
        said = self.client.shown(what[: 8 * _LONGEST_FAULT])
        said = said if len(said) <= _LONGEST_FAULT else f"{said[:_LONGEST_FAULT]}..."
        return TokenModelError(f"{self.model} at {self.client.host} {said}")


def quoted(answer: Any) -> str:
    """Return an answer as it may appear in a message."""
    return _QUOTED.repr(answer)


def doubled(token: bytes) -> str:
    """Return the message about a start token that is read twice."""
    return (
        f"reads {token!r} twice before the text: once that it puts there itself, and once from the prefix or its "
        "template; leave it out of the prefix, or have the server add none"
    )


def across(prefix: str) -> str:
    """Return the message about a token that extends across the end of a prefix."""
    return (
        f"reads a token across the end of the prefix {prefix[-20:]!r}; let the text begin where a token does, as a "
        "rule with a space"
    )

r"""Logs of assistance: suggestions and decisions, one event a line.

A log is a file of JSON lines. The first says how effort is counted::

    {"format": "empowerment-assistance-1", "read": 0.1, "write": 0.5, "discount": 0.999}

Then come tasks, each with an event "begin", an event "round" for each, and an event "end"::

    {"event": "begin", "assistant": "Base-10", "person": "exact replay", "task": "HumanEval/0",
     "prompt": "def f(x):\n", "tokens_per_round": 3, "max_rounds": 50}
    {"event": "round", "suggestion": "    return", "suggestion_tokens": 2, "decided": true, "decision": "accept",
     "written": " x + 1", "written_tokens": 3}
    {"event": "end", "finished": true, "rest": "", "rest_tokens": 0, "correct": true}

"decision" is "accept", "reject" or "finish"; "decided" says whether lists of probabilities decided the length of the
suggestion; "rest" is what the person wrote alone after the last round; "correct" may be null.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Any

from empowerment.runtime.files import written_whole
from empowerment.text.assistance.metrics import Effort
from empowerment.text.assistance.process import Decision, Episode, Round
from empowerment.text.handoff.threshold import Costs

FORMAT = "empowerment-assistance-1"

_HEADER = {"format": str, "read": float, "write": float, "discount": float}
_BEGIN = {
    **dict.fromkeys(("event", "assistant", "person", "task", "prompt"), str),
    **dict.fromkeys(("tokens_per_round", "max_rounds"), int),
}
_ROUND = {
    **dict.fromkeys(("event", "suggestion", "decision", "written"), str),
    **dict.fromkeys(("suggestion_tokens", "written_tokens"), int),
    "decided": bool,
}
_END = {"event": str, "finished": bool, "rest": str, "rest_tokens": int, "correct": (bool, NoneType)}
_EVENTS: dict[str, Mapping[str, Any]] = {"begin": _BEGIN, "round": _ROUND, "end": _END}


def write_log(path: str | os.PathLike[str], episodes: Iterable[Episode], effort: Effort) -> None:
    """Write a log; the file is whole or absent."""
    costs = effort.costs
    header = {"format": FORMAT, "read": costs.read, "write": costs.write, "discount": effort.discount}
    with written_whole(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        for line in (header, *(event for episode in episodes for event in _events(episode))):
            file.write(json.dumps(line) + "\n")


def read_log(path: str | os.PathLike[str]) -> tuple[list[Episode], Effort]:
    """Return the episodes in a log, and the definition of effort.

    Raises
    ------
    ValueError
        If a line is not an event that is expected there; the message names it.
    """
    with open(path, "rb") as file:
        lines = _lines(file, Path(path))
        header = next(lines, None)
        if header is None or header[1].get("format") != FORMAT:
            raise ValueError(f"{str(path)!r} is no log of assistance: its first line does not say {FORMAT!r}")
        found = _checked(header, _HEADER)
        effort = Effort(Costs(found["read"], found["write"]), found["discount"])
        return list(_episodes(lines)), effort


def _events(episode: Episode) -> Iterator[dict[str, Any]]:
    yield {"event": "begin"} | {name: getattr(episode, name) for name in _BEGIN if name != "event"}
    for each in episode.rounds:
        row = {name: getattr(each, name) for name in _ROUND if name != "event"}
        yield {"event": "round"} | row | {"decision": each.decision.value}
    yield {"event": "end"} | {name: getattr(episode, name) for name in _END if name != "event"}


_Line = tuple[str, dict[str, Any]]


def _lines(file: Iterable[bytes], path: Path) -> Iterator[_Line]:
    """Yield the location and the content of each line."""
    for number, line in enumerate(file, 1):
        where = f"line {number} of {str(path)!r}"
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise ValueError(f"{where} is {line[:40]!r}, expected a JSON object")
        yield where, found


def _episodes(lines: Iterator[_Line]) -> Iterator[Episode]:
    for where, line in lines:
        begin = _checked((where, line), _event((where, line), "begin"))
        rounds: list[Round] = []
        for inner in lines:
            found = _checked(inner, _event(inner, "round", "end"))
            if found.pop("event") == "end":
                break
            rounds.append(Round(**found | {"decision": _decision(inner)}))
        else:
            raise ValueError(f"the task that begins in {where} has no end; the log is cut off")
        begin.pop("event")
        yield Episode(**begin, rounds=tuple(rounds), **found)


def _event(line: _Line, *expected: str) -> Mapping[str, Any]:
    """Return the fields of the event in a line."""
    event = line[1].get("event")
    if event not in expected:
        raise ValueError(f"{line[0]} has the event {event!r}, expected {' or '.join(map(repr, expected))}")
    return _EVENTS[event]


def _checked(line: _Line, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that a line must have; others are an error, because they would be lost."""
    where, found = line
    missing, unknown = [name for name in fields if name not in found], [name for name in found if name not in fields]
    if missing or unknown:
        kind, names = ("lacks", missing) if missing else ("has the unknown", unknown)
        raise ValueError(f"{where} {kind} {', '.join(map(repr, names))}; its fields are {', '.join(fields)}")
    for name, kind in fields.items():
        value = found[name]
        right = isinstance(value, kind) and not (isinstance(value, bool) and kind is int)
        if kind is float:
            right = isinstance(value, int | float) and not isinstance(value, bool)
        if not right or (kind is int and value < 0):
            raise ValueError(f"{where} has {name} = {value!r}, expected {_kind_name(kind)}")
    return dict(found)


def _kind_name(kind: Any) -> str:
    names = {str: "a text", int: "a count of at least 0", float: "a number", bool: "true or false"}
    return names.get(kind, "true, false or null")


def _decision(line: _Line) -> Decision:
    try:
        return Decision(line[1]["decision"])
    except ValueError:
        known = ", ".join(repr(decision.value) for decision in Decision)
        raise ValueError(f"{line[0]} has the decision {line[1]['decision']!r}, expected one of {known}") from None

"""Lines of a recording: a header and answers as JSON, each with a digest against damage."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

import numpy as np

from empowerment.runtime.digests import bytes_digest
from empowerment.text.position import Position
from empowerment.text.tiers import Tier
from empowerment.text.token_list import Outcome
from empowerment.text.token_model import TokenModel

FORMAT = "empowerment-recording-2"
_MADE_AS = re.compile(rb'\{"format": "(empowerment-recording-\d{1,9})"[,}]')
_BEGINNING = json.dumps({"format": FORMAT}).rstrip("}").encode()
_SEAL = re.compile(rb', "digest": "([0-9a-f]{64})"\}\n')
_SEAL_LENGTH = len(', "digest": ""}\n') + 64

_NUMBER = (int, float)
_FIELDS: dict[str, tuple[type, ...]] = {
    "tokens": (list,),
    "log_probabilities": (list,),
    "ids": (list, type(None)),
    "vocabulary_size": (int, type(None)),
    "cap": (*_NUMBER, type(None)),
    "rounding": _NUMBER,
    "token": (str, dict, type(None)),
    "chosen": (int, type(None)),
    "span": (list,),
}


class DamagedLineError(ValueError):
    """A line differs from what was written; the message says how, and the caller adds the name of the file."""


def sealed_line(content: dict[str, Any], seal: str) -> bytes:
    """Return a line with the digest of its content and of `seal`: the header's digest, or "" for the header.

    Raises
    ------
    ValueError
        If the content contains a number that JSON cannot express.
    """
    body = json.dumps(content, allow_nan=False).encode()
    return body[:-1] + f', "digest": "{bytes_digest(seal.encode() + body)}"}}\n'.encode()


def digest_of(line: bytes, seal: str) -> str:
    """Return the digest in a complete line.

    Raises
    ------
    DamagedLineError
        If it is not the digest of the line.
    """
    found = _SEAL.fullmatch(line, max(len(line) - _SEAL_LENGTH, 0))
    if found is None:
        raise DamagedLineError(f"{line[:40]!r} … does not end with a digest")
    digest = found[1].decode()
    if digest != bytes_digest(seal.encode() + line[: found.start()] + b"}"):
        raise DamagedLineError("it is not the line that was written, or belongs to another recording")
    return digest


def content_of(line: bytes) -> dict[str, Any]:
    """Return the content of a line whose digest was verified.

    Raises
    ------
    DamagedLineError
        If it is no JSON object, which a valid digest does not exclude.
    """
    try:
        found = json.loads(line, parse_constant=_no_number, object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as reason:
        raise DamagedLineError(f"it is no JSON ({reason})") from None
    if not isinstance(found, dict):
        raise DamagedLineError("it is no object of JSON")
    return found


def _no_number(constant: str) -> NoReturn:
    raise DamagedLineError(f"it has {constant} for a number")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise DamagedLineError("it has a name twice in one object")
    return found


# --- the header


def may_be_header(line: bytes) -> bool:
    """Return whether a line is the header of a recording, or the beginning of one."""
    return line.startswith(_BEGINNING) or (_BEGINNING.startswith(line) and not line.endswith(b"\n"))


def made_as(line: bytes) -> str | None:
    """Return the format that the header of a recording states, None if it is no recording."""
    found = _MADE_AS.match(line)
    return None if found is None else found[1].decode()


def header_line(model: TokenModel) -> bytes:
    """Return the header of a recording of a model."""
    ends = [outcome_to_json(each) for each in model.ends]
    header = {"format": FORMAT, "model": model.name, "tier": model.tier.name, "ends": ends}
    return sealed_line(header | {"vocabulary_size": model.vocabulary_size}, "")


def read_header(line: bytes) -> tuple[dict[str, Any], str]:
    """Return the description of a recorded model, and the digest that seals each of its answers.

    Raises
    ------
    DamagedLineError
        If the header was changed, or lacks a field.
    """
    seal, found = digest_of(line, ""), content_of(line)
    try:
        name, tier, size = found["model"], Tier[found["tier"]], found["vocabulary_size"]
        ends = [outcome_from_json(each) for each in found["ends"]]
    except (KeyError, TypeError, ValueError, AttributeError) as reason:
        raise DamagedLineError(f"it does not describe a model ({type(reason).__name__}: {reason})") from None
    if not isinstance(name, str) or not (size is None or (_is(size, (int,)) and size > 0)):
        raise DamagedLineError(f"it has {name!r} for a name and {size!r} for a vocabulary_size")
    return {"name": name, "tier": tier, "ends": ends, "vocabulary_size": size}, seal


# --- the answers


def positions_from_json(answer: Any) -> list[Position]:
    """Read positions from the form of :func:`position_to_json`.

    Raises
    ------
    DamagedLineError
        If they are no positions.
    """
    if not isinstance(answer, list):
        raise DamagedLineError(f"its answer is of the type {type(answer).__name__}, expected a list of positions")
    try:
        return [_position_from_json(each) for each in answer]
    except DamagedLineError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as reason:
        raise DamagedLineError(f"its answer holds no position ({type(reason).__name__}: {reason})") from None


def texts_from_json(answer: Any) -> list[str]:
    """Read sampled texts from a recorded answer.

    Raises
    ------
    DamagedLineError
        If they are no texts.
    """
    if not isinstance(answer, list) or not all(isinstance(text, str) for text in answer):
        raise DamagedLineError("its answer is no list of texts")
    return answer


def position_to_json(position: Position) -> dict[str, Any]:
    """Return a position in JSON types."""
    logs = [None if log == -math.inf else log for log in position.log_probabilities.tolist()]
    return {
        "tokens": [_token_to_json(token) for token in position.tokens],
        "log_probabilities": logs,
        "ids": None if position.ids is None else position.ids.tolist(),
        "vocabulary_size": position.vocabulary_size,
        "cap": position.cap,
        "rounding": position.rounding,
        "token": _token_to_json(position.token),
        "chosen": position.chosen,
        "span": list(position.span),
    }


def _position_from_json(found: dict[str, Any]) -> Position:
    if set(found) != set(_FIELDS):
        names = ", ".join(map(repr, sorted(set(found) ^ set(_FIELDS))))
        raise DamagedLineError(f"its answer has or lacks the names {names}")
    for name, types in _FIELDS.items():
        if not _is(found[name], types):
            raise DamagedLineError(f"its answer has {str(found[name])[:40]!r} for {name}")
    logs, ids, span = found["log_probabilities"], found["ids"] or [], found["span"]
    if not (all(_is(x, (*_NUMBER, type(None))) for x in logs) and all(_is(x, (int,)) for x in [*ids, *span])):
        raise DamagedLineError("its answer has something else than numbers in a list of numbers")
    if len(span) != 2:
        raise DamagedLineError(f"its answer has a span of {len(span)} numbers, expected 2")
    return Position(
        **found
        | {
            "tokens": tuple(map(_token_from_json, found["tokens"])),
            "log_probabilities": np.array([-math.inf if log is None else log for log in logs], dtype=float),
            "token": _token_from_json(found["token"]),
            "span": tuple(span),
        }
    )


def _is(value: Any, types: tuple[type, ...]) -> bool:
    """Return whether a value has one of these types; a bool is no number, and an int has at most 64 bits."""
    if isinstance(value, bool) or not isinstance(value, types):
        return False
    return not isinstance(value, int) or -(2**63) <= value < 2**63


def outcome_to_json(outcome: Outcome) -> Any:
    """Return a token in JSON types: its number, or its bytes."""
    return _text(outcome) if isinstance(outcome, bytes) else int(outcome)


def outcome_from_json(value: Any) -> Outcome:
    """Read a token from the form of :func:`outcome_to_json`."""
    return value if _is(value, (int,)) else _bytes(value)


def _token_to_json(token: bytes | None) -> Any:
    """Return the bytes of a token in JSON types; None stays None."""
    return None if token is None else _text(token)


def _token_from_json(value: Any) -> bytes | None:
    return None if value is None else _bytes(value)


def _text(token: bytes) -> str | dict[str, str]:
    """Return bytes as text if they are UTF-8, else as hexadecimal digits."""
    try:
        return token.decode("utf-8")
    except UnicodeDecodeError:
        return {"hex": token.hex()}


def _bytes(value: str | dict[str, str]) -> bytes:
    return value.encode() if isinstance(value, str) else bytes.fromhex(value["hex"])

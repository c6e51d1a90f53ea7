"""Results in files: arrays and JSON in one sealed ``.npz``, without pickles."""

from __future__ import annotations

import dataclasses
import enum
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import numpy as np

from empowerment.core import validate
from empowerment.runtime.archive import DamagedError, load_sealed, write_sealed

Result = TypeVar("Result")

VERSION = 4
_PLAIN = (bool, int, float, str, type(None))
_ADVICE = "; take a whole copy of it, or compute the result again"


def save_fields(result: Any, path: str | os.PathLike[str]) -> None:
    """Write the fields of a dataclass; whole or not at all.

    Raises
    ------
    TypeError
        If a field holds what neither an array nor JSON can hold.
    OSError
        If the file cannot be written; the message names the path and the reason.
    """
    arrays: dict[str, np.ndarray] = {}
    header = {"format": _format(type(result)), "fields": _packed_fields(result, arrays, "")}
    try:
        json.dumps(header)
    except (TypeError, ValueError, RecursionError) as reason:  # too many digits, too deep
        raise TypeError(f"the labels, options or layout cannot be saved: {reason}") from None
    write_sealed(validate.path(path, "path"), header, arrays, compressed=True)


def load_fields(kind: type[Result], path: str | os.PathLike[str], memory: float) -> Result:
    """Return the object whose fields :func:`save_fields` wrote, if nothing in the file has changed.

    Parameters
    ----------
    kind : type
        A dataclass. Its `_parts` are the classes of the objects that its fields may hold, and its `_check` raises
        where they cannot be believed.
    path : path
    memory : float
        The most bytes that the arrays may take.

    Raises
    ------
    ValueError
        If the file is no saved object of this class, is damaged, or was written by another version of the library.
    MemoryError
        If it would unpack to more than `memory`.
    """

    def build(header: dict[str, Any], arrays: dict[str, Any]) -> Result:
        found: Result = _built(kind, header["fields"], arrays, "header")
        for name in arrays:
            raise DamagedError(f"its list of arrays has the unknown name {name!r}")
        return found

    return load_sealed(path, _format(kind), memory, build, f"is not a saved {kind.__name__}", _ADVICE)


def _format(kind: type[Any]) -> str:
    return f"empowerment.{kind.__name__}-{VERSION}"


def _packed_fields(value: Any, arrays: dict[str, np.ndarray], path: str) -> dict[str, Any]:
    return {name: _packed(getattr(value, name), arrays, f"{path}{name}") for name in _fields_of(type(value))}


def _packed(value: Any, arrays: dict[str, np.ndarray], path: str) -> Any:
    """Return what JSON holds of a value; its arrays are added under the path of the field that has them."""
    if type(value) in _PLAIN:
        return value
    if hasattr(value, "dtype") and np.asarray(value).dtype.kind in "biufU":
        arrays[path] = np.asarray(value)
        return {"array": path}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, enum.Enum):
        return {type(value).__name__: value.value}
    if dataclasses.is_dataclass(value) or hasattr(value, "_fields"):
        return {type(value).__name__: _packed_fields(value, arrays, f"{path}.")}
    if isinstance(value, tuple | list):
        found = [_packed(each, arrays, f"{path}.{i}") for i, each in enumerate(value)]
        return found if isinstance(value, tuple) else {"list": found}
    if isinstance(value, Mapping):
        return {"dict": [_packed(pair, arrays, f"{path}.{i}") for i, pair in enumerate(value.items())]}
    raise TypeError(
        f"{path} holds {validate.shown(value)}, which cannot be saved, expected arrays, texts, numbers, or tuples of "
        "them"
    )


def _unpacked(value: Any, arrays: dict[str, np.ndarray], parts: Mapping[str, type[Any]]) -> Any:
    """Return the value that :func:`_packed` was given, taking its arrays out of those of the file."""
    if isinstance(value, list):
        return tuple(_unpacked(each, arrays, parts) for each in value)
    if not isinstance(value, dict):
        return value
    tag: Any
    held: Any
    ((tag, held),) = value.items() if len(value) == 1 else [(None, None)]
    if tag == "array":
        if held not in arrays:
            raise DamagedError(f"it has no array {held!r}")
        return arrays.pop(held)[()]
    if tag == "bytes":
        return bytes.fromhex(held)
    if tag == "list":
        return list(_unpacked(held, arrays, parts))
    if tag == "dict":
        return dict(_unpacked(held, arrays, parts))
    if tag not in parts:
        raise DamagedError(f"its header has {validate.shown(value)}, which no field holds")
    kind = parts[tag]
    return kind(held) if issubclass(kind, enum.Enum) else _built(kind, held, arrays, tag, parts)


def _built(
    kind: type[Any],
    held: Mapping[str, Any],
    arrays: dict[str, np.ndarray],
    what: str,
    parts: Mapping[str, type[Any]] | None = None,
) -> Any:
    """Return an object of a class from its packed fields, checked by the class itself."""
    wanted = _fields_of(kind)
    for name in sorted({*wanted} ^ {*held}):
        raise DamagedError(f"its {what} {'lacks' if name in wanted else 'has the unknown name'} {name!r}")
    own = getattr(kind, "_parts", None)
    known = parts or {} if own is None else {part.__name__: part for part in own}
    found = kind(**{name: _unpacked(held[name], arrays, known) for name in wanted})
    if own is not None:
        found._check()
    return found


def _fields_of(kind: type[Any]) -> Iterable[str]:
    return [each.name for each in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else kind._fields

"""Results on disk: arrays and JSON in one ``.npz``, never a pickle."""

from __future__ import annotations

import json
import os
from typing import IO, Any

import numpy as np

from empowerment.files import written_whole
from empowerment.layout import GridLayout
from empowerment.results import OPTIONS, EmpowermentResult, Sequences

FORMAT = "empowerment-result-2"
_ARRAYS = ("value", "lower", "upper", "status", "method", "state_numbers")


def save(result: EmpowermentResult, path: str | os.PathLike[str]) -> None:
    """Write a result; whole or not at all.

    Raises
    ------
    TypeError
        If a label or the layout is of a kind that JSON cannot hold.
    """
    if result.layout is not None and not isinstance(result.layout, GridLayout):
        raise TypeError(f"a layout of type {type(result.layout).__name__} cannot be saved, expected a GridLayout")
    header = {name: getattr(result, name) for name in OPTIONS}
    header |= {
        "format": FORMAT,
        "states": [_encoded(label) for label in result.states],
        "actions": [_encoded(label) for label in result.actions],
        "layout": result.layout and result.layout.to_dict(),
    }
    arrays = {name: getattr(result, name) for name in _ARRAYS}
    if result.beliefs is not None:
        arrays["beliefs"] = result.beliefs
    if result.optimal is not None:
        arrays |= {f"sequence_{name}": getattr(result.optimal, name) for name in ("actions", "weights", "offsets")}
    with written_whole(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, header=np.array(json.dumps(header)), **arrays)


def load(path: str | os.PathLike[str]) -> EmpowermentResult:
    """Read a result that :func:`save` wrote.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not a saved result.
    """
    with open(path, "rb") as file:
        try:
            return _read(file)
        except MemoryError:
            raise
        except Exception:  # what a damaged archive raises is a long list: BadZipFile, zlib.error, OSError, …
            raise ValueError(f"{os.fspath(path)!r} is not a saved empowerment result, or is damaged") from None


def _read(file: IO[bytes]) -> EmpowermentResult:
    with np.load(file, allow_pickle=False) as data:
        header = json.loads(str(data["header"]))
        if header.pop("format", None) != FORMAT:
            raise ValueError("the format is another")
        found = {name: data[name] for name in data.files if name != "header"}
    optimal = None
    if "sequence_actions" in found:
        optimal = Sequences(*(found.pop(f"sequence_{name}") for name in ("actions", "weights", "offsets")))
    layout = header.pop("layout")
    for name in ("states", "actions"):
        header[name] = tuple(_decoded(label) for label in header[name])
    return EmpowermentResult(**found, **header, optimal=optimal, layout=layout and GridLayout.from_dict(layout))


def _encoded(label: Any) -> Any:
    """Return a label as JSON has it; a tuple becomes a list."""
    if isinstance(label, tuple):
        return [_encoded(part) for part in label]
    if label is None or isinstance(label, str | int | float | bool):
        return label
    raise TypeError(f"the label {label!r} cannot be saved, expected text, numbers, or tuples of them")


def _decoded(label: Any) -> Any:
    return tuple(_decoded(part) for part in label) if isinstance(label, list) else label

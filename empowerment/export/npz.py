"""Results on disk: arrays and JSON in one sealed ``.npz``, never a pickle."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

from empowerment.core.layout import GridLayout
from empowerment.core.protocols import StateResult
from empowerment.core.question import OPTIONS
from empowerment.export.result_checks import check_result
from empowerment.runtime.archive import (
    DamagedError,
    decoded_label,
    encoded_label,
    load_sealed,
    write_sealed,
)

Result = TypeVar("Result", bound=StateResult)

FORMAT = "empowerment-result-3"
_ARRAYS = ("value", "lower", "upper", "status", "method", "state_numbers")
_SEQUENCES = (("actions", "weights", "offsets"), ("successors", "readings"))
"""The arrays of sequences that a solver found, and those that sequences are traced from."""
_HEADER = {*OPTIONS, "states", "actions", "layout"}


def save(result: StateResult, path: str | os.PathLike[str]) -> None:
    """Write a result; whole or not at all.

    Raises
    ------
    TypeError
        If a label or the layout is of a kind that JSON cannot hold.
    ValueError
        If the fields do not fit together, so that :func:`load` would refuse the file.
    OSError
        If nothing can be written there; the message names the path and the reason.
    """
    if result.layout is not None and not isinstance(result.layout, GridLayout):
        raise TypeError(f"a layout of type {type(result.layout).__name__} cannot be saved, expected a GridLayout")
    check_result(result)
    header = {name: getattr(result, name) for name in OPTIONS}
    header |= {
        "format": FORMAT,
        "states": [encoded_label(label) for label in result.states],
        "actions": [encoded_label(label) for label in result.actions],
        "layout": result.layout and result.layout.to_dict(),
    }
    _refuse_what_json_cannot_hold(header)
    arrays = {name: np.asarray(getattr(result, name)) for name in _ARRAYS}
    if result.beliefs is not None:
        arrays["beliefs"] = np.asarray(result.beliefs)
    if result.optimal is not None:
        names = next(names for names in _SEQUENCES if hasattr(result.optimal, names[0]))
        arrays |= {f"sequence_{name}": np.asarray(getattr(result.optimal, name)) for name in names}
    write_sealed(path, header, arrays, compressed=True)


def load(path: str | os.PathLike[str], memory: float, build: Callable[[dict[str, Any]], Result]) -> Result:
    """Read a result that :func:`save` wrote, if nothing in the file has changed.

    Parameters
    ----------
    path : path
    memory : float
        The most bytes that its arrays may take.
    build : callable
        Makes the result of its fields by name; "optimal" holds the arrays of sequences by name, or None.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    OSError
        If it is a directory, a device, a FIFO or a socket.
    ValueError
        If the file is not a saved result, is damaged, or was written by another version of the library. The
        message names the file and what in it is wrong.
    MemoryError
        If it would unpack to more than `memory`.
    """

    def checked(header: dict[str, Any], arrays: dict[str, Any]) -> Result:
        result = build(_fields(header, arrays))
        check_result(result)
        return result

    advice = "; take a whole copy of it, or compute the result again"
    return load_sealed(path, FORMAT, memory, checked, "is not a saved empowerment result", advice)


def _fields(header: dict[str, Any], arrays: dict[str, Any]) -> dict[str, Any]:
    _refuse_other_names(header, _HEADER, "header")
    present = next((names for names in _SEQUENCES if any(f"sequence_{name}" in arrays for name in names)), ())
    wanted = {*_ARRAYS, *(f"sequence_{name}" for name in present), *({"beliefs"} & set(arrays))}
    _refuse_other_names(arrays, wanted, "list of arrays")
    sequences = {name: arrays.pop(f"sequence_{name}") for name in present}
    layout = header.pop("layout")
    for name in ("states", "actions"):
        header[name] = tuple(decoded_label(label) for label in header[name])
    return {
        **arrays,
        **header,
        "optimal": sequences or None,
        "layout": None if layout is None else GridLayout.from_dict(layout),
    }


def _refuse_other_names(found: Mapping[str, Any], wanted: set[str], what: str) -> None:
    for name in sorted(wanted ^ set(found)):
        raise DamagedError(f"its {what} {'lacks' if name in wanted else 'has the unknown name'} {name!r}")


def _refuse_what_json_cannot_hold(header: dict[str, Any]) -> None:
    try:
        json.dumps(header)
    except (TypeError, ValueError, RecursionError) as reason:  # NumPy's numbers, too many digits, too deep
        raise TypeError(f"the labels, options or layout cannot be saved: {reason}") from None

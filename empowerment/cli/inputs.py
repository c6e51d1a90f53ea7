"""Worlds and channels named on the command line."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.adapters.gymnasium import from_gymnasium
from empowerment.adapters.pomdp_format.reader import DEFAULT_MEMORY, read_pomdp
from empowerment.cli.tables import read_table
from empowerment.core.channel import Channel
from empowerment.models.mdp import MDP
from empowerment.models.pomdp import POMDP
from empowerment.runtime.archive import DamagedError, read_npy, read_npz
from empowerment.worlds import WORLDS, grid_world

_ARRAYS = ("transition", "terminal", "available")
_TABLES = (".csv", ".tsv", ".txt", ".dat")
_MOST_UNPACKED = 4e9
_PLAIN = "(it is damaged, or holds Python objects, which are never loaded)"


def bundled_worlds() -> str:
    """Return a line for each bundled world, from its docstring."""
    width = max(map(len, WORLDS))
    lines = [(name, (build.__doc__ or "").split("\n")[0]) for name, build in sorted(WORLDS.items())]
    return "\n".join(f"  {name:{width}}  {text.removeprefix('Build ').rstrip('.')}" for name, text in lines)


def read_world(name: str, memory: float | None = None, **options: Any) -> MDP | POMDP:
    """Return the world that WORLD names.

    Parameters
    ----------
    name : str
        A bundled world, ``gym:ID``, or a file.
    memory : float, optional
        The most bytes that the arrays of a ``.npz`` or the model of a ``.POMDP`` file may take, 4 GB by default.
    **options
        `slip`, `slip_mode`, `terminal`, `normalize`; None where it was not given.

    Raises
    ------
    ValueError
        If there is no such world, a file does not hold one, or an option does not apply to it.
    """
    given = {option: value for option, value in options.items() if value is not None}
    suffix = Path(name).suffix.lower()
    if name.startswith("gym:"):
        _refuse(given, ("terminal",), f"the Gymnasium environment {name!r}")
        return from_gymnasium(name.removeprefix("gym:"), **given)
    if suffix == ".txt":
        _refuse(given, ("slip", "slip_mode"), f"the drawing {name!r}", slips=False)
        with _of_file(repr(name)):
            return grid_world(_read_drawing(name), **given)
    if suffix == ".pomdp":
        _refuse(given, ("normalize",), f"the file {name!r}")
        return read_pomdp(name, **given, memory=memory or DEFAULT_MEMORY)
    if suffix in (".npy", ".npz"):
        _refuse(given, ("normalize",), f"the transition file {name!r}")
        npy = suffix == ".npy"
        arrays = {"transition": _read_array(name)} if npy else _read_arrays(name, memory or _MOST_UNPACKED)
        with _of_file(repr(name)):
            return MDP(**arrays, **given)
    if name not in WORLDS:
        raise ValueError(
            f"unknown world {name!r}; the known ones are {', '.join(map(repr, sorted(WORLDS)))}, gym:ID, "
            "or a file that ends in .txt, .npy, .npz or .POMDP"
        )
    parameters = inspect.signature(WORLDS[name]).parameters
    slips = "slip" in parameters and parameters["slip"].default != 0
    _refuse(given, [option for option in given if option in parameters], f"the world {name!r}", slips=slips)
    return WORLDS[name](**given)


def read_channel(path: str, normalize: bool, **options: bool | None) -> tuple[Channel, str | None]:
    """Return the channel in a file of text or ``.npy``, and how a text was read.

    Parameters
    ----------
    path : str
        A file, or ``-`` for text on standard input.
    normalize : bool
    **options
        `header` and `index` of :func:`~empowerment.cli.tables.read_table`; None where they were not given.

    Raises
    ------
    ValueError
        If the file does not hold a channel, may be read in two ways, or an option does not apply to it.
    """
    suffix = Path(path).suffix.lower()
    if path != "-" and suffix not in (*_TABLES, ".npy"):
        raise ValueError(
            f"{path!r} ends in {suffix!r}; the known endings of a channel are {', '.join(_TABLES)} and .npy, and - "
            "stands for standard input"
        )
    if suffix == ".npy":
        _refuse({name: given for name, given in options.items() if given is not None}, (), f"the array {path!r}")
        with _of_file(repr(path)):
            return Channel(_read_array(path), normalize=normalize), None
    source = "standard input" if path == "-" else repr(path)
    table = read_table(_read_bytes(path), source, normalize=normalize, **options)
    with _of_file(source):
        return Channel(table.rows, table.inputs, table.outputs, normalize=normalize), table.reading


def _refuse(given: dict[str, Any], known: Any, what: str, slips: bool = True) -> None:
    """Complain about the first option that would have no effect."""
    for option in given:
        if option not in known:
            raise ValueError(f"--{option.replace('_', '-')} does not apply to {what}")
    if "slip_mode" in given and not slips and not given.get("slip"):
        raise ValueError(f"--slip-mode does not apply to {what} without --slip")


def _read_drawing(path: str) -> str:
    with _reading(path, "a text file in UTF-8"):
        return Path(path).read_text(encoding="utf-8-sig").rstrip("\n")


def _read_bytes(path: str) -> bytes:
    if path == "-":
        return sys.stdin.buffer.read()
    with _reading(path, "a text file in UTF-8"):
        return Path(path).read_bytes()


def _read_array(path: str) -> np.ndarray:
    with _reading(path, f"a file with one array of numbers {_PLAIN}"):
        return read_npy(path)


def _read_arrays(path: str, memory: float) -> dict[str, Any]:
    """Return the arguments of an MDP from named arrays, or from a matrix that SciPy wrote."""
    found: dict[str, Any]
    with _reading(path, f"a file of arrays {_PLAIN}"):
        found = read_npz(path, memory)
    if "format" in found:
        return {"transition": _read_csr(path, found)}
    unknown = [name for name in found if name not in _ARRAYS]
    if unknown or "transition" not in found:
        raise ValueError(
            f"{path!r} has the arrays {', '.join(map(repr, found)) or '(none)'}; expected 'transition' and, "
            "if wanted, 'terminal' and 'available', or what scipy.sparse.save_npz writes"
        )
    if "terminal" in found:
        found["terminal"] = found["terminal"].tolist()  # plain numbers read better in a message
    return found


def _read_csr(path: str, parts: dict[str, np.ndarray]) -> sparse.csr_array:
    if parts["format"].item() not in (b"csr", "csr"):
        raise ValueError(f"{path!r} holds a sparse matrix of another format, expected CSR")
    with _reading(path, "a whole CSR matrix"):
        index = {name: parts[name] for name in ("data", "indices", "indptr")}
        found = sparse.csr_array(tuple(index.values()), shape=tuple(parts["shape"].tolist()))
        found.check_format(full_check=True)  # an index out of range would be read from foreign memory
        return found


@contextmanager
def _reading(path: str, wanted: str) -> Iterator[None]:
    """Turn whatever a missing, foreign or damaged file makes a reader raise into one sentence."""
    try:
        yield
    except MemoryError:
        raise
    except DamagedError as reason:
        raise ValueError(f"{path!r} is not {wanted}: {reason}") from None
    except OSError as reason:
        raise ValueError(f"cannot read {path!r}: {reason.strerror}" if reason.strerror else str(reason)) from None
    except Exception:
        raise ValueError(f"{path!r} is not {wanted}") from None


@contextmanager
def _of_file(source: str) -> Iterator[None]:
    """Let an error about what a file holds name the file."""
    try:
        yield
    except (ValueError, TypeError) as reason:
        if source in str(reason):
            raise
        raise type(reason)(f"{source}: {reason}") from None

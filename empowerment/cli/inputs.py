"""Worlds and channels named on the command line."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.adapters.pomdp_format.reader import DEFAULT_MEMORY, read_pomdp
from empowerment.cli import standard_input
from empowerment.cli.tables import read_table
from empowerment.core import validate
from empowerment.core.channel import Channel
from empowerment.models.mdp import MDP
from empowerment.models.pomdp import POMDP
from empowerment.runtime.archive import DamagedError, read_npy, read_npz
from empowerment.worlds import WORLDS, grid_world

_ARRAYS = ("transition", "terminal", "available")
_TABLES = (".csv", ".tsv", ".txt", ".dat")
_MOST_UNPACKED = 4e9
_VERB_OR_CITATION = re.compile(r"^(Build|Make) |,[^,]*\[\d+\]_")
_LIKE_AN_ID = re.compile(r"-v\d+$")
_PLAIN = "(it is damaged, or holds Python objects, which are never loaded)"


def bundled_worlds() -> str:
    """Return a line for each bundled world, from its docstring."""
    width = max(map(len, WORLDS))
    lines = [(name, (build.__doc__ or "").split("\n")[0]) for name, build in sorted(WORLDS.items())]
    return "\n".join(f"  {name:{width}}  {_VERB_OR_CITATION.sub('', text).rstrip('.')}" for name, text in lines)


def name_of(name: str) -> str:
    """Return what a world or a channel is called in a summary."""
    return standard_input.NAME if name == "-" else name


def read_world(
    name: str, memory: float | None = None, progress: bool = False, seed: int | None = None, **options: Any
) -> MDP | POMDP:
    """Return the world that WORLD names.

    Parameters
    ----------
    name : str
        A bundled world, ``gym:ID``, a file, or ``-`` for what such a file holds on standard input.
    memory : float, optional
        The most bytes that the arrays of a ``.npz`` or the model of a ``.POMDP`` file may take, 4 GB by default.
    progress : bool
        Show a bar while an environment is explored.
    seed : int, optional
        For the reset of an environment that is explored.
    **options
        `slip`, `slip_mode`, `terminal`, `normalize`, `max_states`; None where it was not given.

    Raises
    ------
    ValueError
        If there is no such world, a file does not hold one, or an option does not apply to it.
    """
    if name == "-":
        with standard_input.as_file(standard_input.read()) as path:
            return read_world(path, memory, **options)
    given = {option: value for option, value in options.items() if value is not None}
    suffix = Path(name).suffix.lower()
    if name.startswith("gym:"):
        from empowerment.cli.environments import read_environment

        _refuse(given, ("terminal", "max_states"), f"the Gymnasium environment {name!r}")
        return read_environment(name.removeprefix("gym:"), progress=progress, seed=seed, **given)
    if suffix == ".txt":
        _refuse(given, ("slip", "slip_mode"), f"the drawing {name!r}", slips=False)
        with _of_file(repr(name)):
            return grid_world(_read_drawing(name), **given)
    if suffix in (".pomdp", ".pomdpx"):
        _refuse(given, ("normalize",), f"the file {name!r}")
        return read_pomdp(name, **given, memory=memory or DEFAULT_MEMORY)
    if suffix in (".npy", ".npz"):
        _refuse(given, ("normalize",), f"the transition file {name!r}")
        npy = suffix == ".npy"
        arrays = {"transition": _read_array(name)} if npy else _read_arrays(name, memory or _MOST_UNPACKED)
        with _of_file(repr(name)):
            return MDP(**arrays, **given)
    if name not in WORLDS:
        meant = f"; did you mean 'gym:{name}'?" if _LIKE_AN_ID.search(name) else validate.nearest(name, WORLDS)
        raise ValueError(
            f"unknown world {name!r}; the known ones are {', '.join(map(repr, sorted(WORLDS)))}, gym:ID, "
            f"a file that ends in .txt, .npy, .npz, .POMDP or .pomdpx, and - for standard input{meant}"
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
        A file, or ``-`` for what it would hold on standard input.
    normalize : bool
    **options
        `header` and `index` of :func:`~empowerment.cli.tables.read_table`; None where they were not given.

    Raises
    ------
    ValueError
        If the file does not hold a channel, may be read in two ways, or an option does not apply to it.
    """
    if path == "-":
        return _channel_on_standard_input(normalize, options)
    suffix = Path(path).suffix.lower()
    if suffix not in (*_TABLES, ".npy"):
        raise ValueError(
            f"{path!r} ends in {suffix!r}; the known endings of a channel are {', '.join(_TABLES)} and .npy, and - "
            "stands for standard input"
        )
    if suffix == ".npy":
        _refuse({name: given for name, given in options.items() if given is not None}, (), f"the array {path!r}")
        with _of_file(repr(path)):
            return Channel(_read_array(path), normalize=normalize), None
    return _channel_in_text(_read_bytes(path), repr(path), normalize, options)


def _channel_on_standard_input(normalize: bool, options: dict[str, Any]) -> tuple[Channel, str | None]:
    content = standard_input.read()
    if standard_input.format_of(content) == ".npy":
        with standard_input.as_file(content) as path:
            return read_channel(path, normalize, **options)
    return _channel_in_text(content, standard_input.NAME, normalize, options)


def _channel_in_text(content: bytes, source: str, normalize: bool, options: dict[str, Any]) -> tuple[Channel, str]:
    table = read_table(content, source, normalize=normalize, **options)
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

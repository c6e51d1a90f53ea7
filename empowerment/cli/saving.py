"""The files that ``--save`` writes."""

from __future__ import annotations

import contextlib
import csv
import importlib.util
import io
from pathlib import Path

from empowerment.core import validate
from empowerment.core.layout import GridLayout
from empowerment.core.status import Status
from empowerment.measures.result import EmpowermentResult
from empowerment.runtime.files import written_whole
from empowerment.runtime.optional import missing

_PICTURES = (".png", ".svg", ".pdf")
_NEEDED: dict[str, tuple[str, ...]] = dict.fromkeys(_PICTURES, ("matplotlib",)) | {
    ".csv": (),
    ".nc": ("xarray", "pandas", "netCDF4"),
    ".npz": (),
}
"""For each ending the packages it needs."""


class _TriedError(Exception):
    """Ends the trial, so that nothing is left behind."""


def check(path: str) -> None:
    """Raise what :func:`save` would raise, before any work is done.

    Raises
    ------
    ValueError
        If the ending is unknown.
    ImportError
        If a package is missing.
    OSError
        If nothing can be written there.
    """
    suffix = validate.one_of(_suffix(path), _NEEDED, "ending of a file to save")
    absent = [package for package in _NEEDED[suffix] if importlib.util.find_spec(package) is None]
    if absent:
        raise missing(f"writing {path!r}", *absent)
    with contextlib.suppress(_TriedError), written_whole(path):
        raise _TriedError


def save(result: EmpowermentResult, path: str) -> None:
    """Write a result in the form that the file's ending names; whole or not at all."""
    if _suffix(path) == ".npz":
        result.save(path)
        return
    with written_whole(path) as temporary:
        if _suffix(path) == ".csv":
            _write_table(result, temporary)
        elif _suffix(path) == ".nc":
            _write_netcdf(result, temporary)
        else:
            temporary.write_bytes(_picture(result, _suffix(path)))


def _suffix(path: str) -> str:
    return Path(path).suffix.lower()


def _write_table(result: EmpowermentResult, path: Path) -> None:
    layout = result.layout
    cells = isinstance(layout, GridLayout) and [layout.cells[number] for number in result.state_numbers]
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        place = ["row", "column"] if cells else []
        table.writerow(["state", *place, "value", "lower", "upper", "gap", "converged", "status", "unit"])
        for i, state in enumerate(result.states):
            numbers = [x[i].item() for x in (result.value, result.lower, result.upper, result.gap)]
            status = Status(result.status[i]).name
            place = list(cells[i]) if cells else []
            table.writerow([state, *place, *numbers, bool(result.converged[i]), status, result.unit])


def _write_netcdf(result: EmpowermentResult, path: Path) -> None:
    try:
        result.to_xarray().to_netcdf(path)
    except RuntimeError as reason:  # which the library raises where a disk is full
        raise OSError(str(reason)) from None


def _picture(result: EmpowermentResult, suffix: str) -> bytes:
    """Return a picture; it is made in memory, for matplotlib stumbles over a disk that is full."""
    from matplotlib.figure import Figure  # not pyplot, which may look for a screen

    from empowerment.plotting import figure_size, plot_empowerment

    figure = Figure(figsize=figure_size(result), layout="constrained")
    plot_empowerment(result, ax=figure.add_subplot())
    content = io.BytesIO()
    figure.savefig(content, format=suffix.removeprefix("."), dpi=150)
    return content.getvalue()

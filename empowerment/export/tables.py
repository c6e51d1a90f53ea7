"""Results as tables of pandas and xarray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from empowerment.core.layout import GridLayout
from empowerment.core.protocols import StateResult
from empowerment.core.question import OPTIONS
from empowerment.runtime.optional import required

_COLUMNS = ("value", "lower", "upper", "gap", "converged", "status", "method")
_TOLD = (*OPTIONS, "unit")


def to_xarray(result: StateResult) -> Any:
    """Return an xarray Dataset over the dimension "state".

    A state's coordinate is its label, as text where labels are not all plain numbers; states on a grid have the
    coordinates "row" and "column" as well.
    """
    xarray = required("xarray")
    # A netCDF variable is of one kind: all numbers or all text.
    plain = any(all(isinstance(label, kind) for label in result.states) for kind in (int | float, str))
    coords: dict[str, Any] = {"state": list(result.states) if plain else [str(label) for label in result.states]}
    if isinstance(result.layout, GridLayout):
        cells = np.array(result.layout.cells)[result.state_numbers]
        coords |= {"row": ("state", cells[:, 0]), "column": ("state", cells[:, 1])}
    variables: dict[str, Any] = {name: ("state", np.asarray(getattr(result, name))) for name in _COLUMNS}
    for name in ("value", "lower", "upper", "gap"):
        variables[name] = (*variables[name], {"units": result.unit})
    # An attribute in a netCDF file is a number or text, never a truth value.
    attributes = {name: getattr(result, name) for name in _TOLD} | {
        "stopping": int(result.stopping),
        "feedback": int(result.feedback),
    }
    return xarray.Dataset(variables, coords=coords, attrs=attributes)


def data_frame(
    columns: Mapping[str, Any],
    index_name: str,
    labels: Sequence[Any] | None = None,
    attributes: Mapping[str, Any] = {},
) -> Any:
    """Return a pandas DataFrame, its rows labelled, or numbered from 0, under a name; attributes are in ``attrs``."""
    pandas = required("pandas")
    frame = pandas.DataFrame({name: list(own) if isinstance(own, tuple) else own for name, own in columns.items()})
    if labels is not None:
        labelled = np.fromiter(labels, dtype=object, count=len(labels))
        frame.index = pandas.Index(labelled, tupleize_cols=False)
    frame.index.name, frame.attrs = index_name, dict(attributes)
    return frame

"""Lists of records, dataclasses whose fields are numbers and arrays, as the flat arrays that a checkpoint stores."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_SHAPES = "shapes of "


def packed(records: Sequence[Any]) -> dict[str, np.ndarray]:
    """Return the entries of each field one record after the other, and the shape that it has in each record.

    Parameters
    ----------
    records : sequence of instances of one dataclass
        At least one. A field has the same number of dimensions in all of them.

    Returns
    -------
    dict of str to ndarray
    """
    arrays: dict[str, np.ndarray] = {}
    for field in dataclasses.fields(records[0]):
        parts = [np.asarray(getattr(record, field.name)) for record in records]
        arrays[field.name] = np.concatenate([part.reshape(-1) for part in parts])
        arrays[_SHAPES + field.name] = np.array([part.shape for part in parts], dtype=np.int64)
    return arrays


def unpacked(kind: type[Any], arrays: Mapping[str, np.ndarray]) -> list[Any]:
    """Return the records of a dataclass that :func:`packed` made arrays of; every field is an array."""
    columns = []
    for field in dataclasses.fields(kind):
        shapes = arrays[_SHAPES + field.name]
        ends = np.cumsum(shapes.prod(axis=1))
        parts = np.split(arrays[field.name], ends[:-1])
        columns.append([part.reshape(shape) for part, shape in zip(parts, shapes.tolist(), strict=True)])
    return [kind(*fields) for fields in zip(*columns, strict=True)]

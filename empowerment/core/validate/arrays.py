"""Checks of arrays of numbers."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from empowerment.core.validate.scalars import real, shown

SUM_TOLERANCE = {np.dtype(np.float64): 1e-9, np.dtype(np.float32): 1e-5}
"""How far sums may miss: a float32 row rounds each entry by up to 6e-8, so hundreds of entries stay within 1e-5."""

# Samples that are counted one by one in double precision.
_MOST_COUNTED = 2.0**53


def is_sparse(values: object) -> bool:
    """Return whether values are a sparse matrix of SciPy, without importing it: whoever holds one has."""
    is_known = getattr(sys.modules.get("scipy.sparse"), "issparse", None)  # which may be loading in another thread
    return is_known is not None and bool(is_known(values))


def number_array(values: object, name: str, ndim: int | None, axes: str) -> np.ndarray:
    """Return `values` as a non-empty float array (float32 stays float32) of `ndim` axes, None for any number."""
    if np.ma.isMaskedArray(values):
        raise TypeError(f"{name} is a masked array, expected {axes} without gaps; fill them first")
    try:
        found = np.asarray(values)
    except (ValueError, RecursionError):
        raise ValueError(f"{name} has rows of different lengths, expected {axes}") from None
    if found.dtype.kind in "biu" or found.dtype == np.longdouble or _are_numbers(found):
        with np.errstate(over="ignore"):  # to infinity, which whoever wants finite numbers refuses
            found = found.astype(np.float64)
    if found.dtype not in SUM_TOLERANCE:
        hint = "; convert it to float32 or float64" if found.dtype.kind == "f" else ""
        raise TypeError(f"{name} has dtype {found.dtype}{_first_odd(found)}, expected real numbers in {axes}{hint}")
    if ndim is not None and found.ndim != ndim:
        raise ValueError(f"{name} has shape {found.shape}, expected {ndim} axes: {axes}")
    if 0 in found.shape:
        raise ValueError(f"{name} has shape {found.shape}, expected at least one entry along each of {axes}")
    return found


def _is_number(entry: object) -> bool:
    number = real(entry)
    return number is not None and not math.isinf(number)


def _are_numbers(array: np.ndarray) -> bool:
    """Return whether objects are numbers of Python, such as fractions, that double precision holds."""
    return array.dtype == object and all(map(_is_number, array.flat))


def _first_odd(array: np.ndarray) -> str:
    """Return the description of the first entry of an object array that is no number."""
    odd = [entry for entry in array.flat if not _is_number(entry)] if array.dtype == object else []
    return f" and holds {shown(odd[0])}" if odd else ""


def number_table(values: object, shape: tuple[int, ...], name: str, axes: str) -> np.ndarray:
    """Return finite numbers of this shape as a new float64 array."""
    found = np.array(number_array(values, name, len(shape), axes), dtype=np.float64)
    if found.shape != shape:
        raise ValueError(f"{name} has shape {found.shape}, expected {axes} = {shape}")
    if not np.isfinite(found).all():
        bad = tuple(int(i) for i in np.argwhere(~np.isfinite(found))[0])
        raise ValueError(f"{name}{list(bad)} is {found[bad]:g}, expected finite numbers")
    return found


def counts(values: object, name: str = "counts") -> np.ndarray:
    """Return checked counts of outputs for each input, an int64 array of shape (n_inputs, n_outputs)."""
    dense: Any = values
    dense = dense.toarray() if is_sparse(dense) else dense
    found = number_array(dense, name, 2, "(input, output)").astype(np.float64)
    wrong = ~((found >= 0) & (found == np.floor(found)) & (found < _MOST_COUNTED))
    if wrong.any():
        x, y = np.argwhere(wrong)[0]
        hint = "; shares of samples are not enough, how many there were matters" if 0 < found[x, y] < 1 else ""
        raise ValueError(f"{name}[{x}, {y}] is {found[x, y]:g}, expected a whole number of samples, at least 0{hint}")
    return found.astype(np.int64)

"""Checks of array arguments."""

from __future__ import annotations

import numpy as np

from empowerment.core import validate

N_AXES = 3
"""Pleasure, arousal, dominance."""


def matching_arrays(**given: tuple[object, int | None]) -> list[np.ndarray]:
    """Check arrays for finite numbers, and broadcast their leading axes.

    Parameters
    ----------
    **given
        By name, an array and the size of its last axis: None if all axes are leading ones, 0 for any size.

    Raises
    ------
    ValueError
        If an array has another size, entries that are not finite, or leading axes that do not broadcast.
    """
    found = {name: finite_array(values, name, count) for name, (values, count) in given.items()}
    leading = {name: found[name].shape[: None if count is None else -1] for name, (_, count) in given.items()}
    try:
        common = np.broadcast_shapes(*leading.values())
    except ValueError:
        shown = ", ".join(f"{name} {shape}" for name, shape in leading.items())
        raise ValueError(f"the leading axes do not go together: {shown}, expected shapes that broadcast") from None
    return [np.broadcast_to(array, (*common, *array.shape[len(leading[name]) :])) for name, array in found.items()]


def finite_array(values: object, name: str, count: int | None) -> np.ndarray:
    """Return an array of finite float64 numbers, with `count` of them along its last axis."""
    axes = "(...)" if count is None else "(..., entry)" if count == 0 else f"(..., {count})"
    array = np.asarray(validate.number_array(values, name, None, axes), dtype=np.float64)
    if count is not None and (array.ndim == 0 or (count and array.shape[-1] != count)):
        raise ValueError(f"{name} has shape {array.shape}, expected {axes}")
    if not np.isfinite(array).all():
        first = array[~np.isfinite(array)][0]
        raise ValueError(f"{name} holds {first}, expected finite numbers")
    return array

"""Results with JAX arrays: moved to devices, and registered as pytrees.

The class of a result lists its array fields: those in `device_fields` go to the device, those in `host_fields` stay
NumPy arrays. All other fields are static values, by which JAX compares two trees.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import jax
import numpy as np

from empowerment.capacity.kernels.xla.placement import in_double_precision, placed
from empowerment.core.status import Status


class _Texts(tuple[str, ...]):
    """An array of text as a hashable value."""


@in_double_precision
def with_jax_arrays(result: Any) -> Any:
    """Return the result with its arrays on the devices in use."""
    kind: Any = type(result)
    register(kind)
    arrays = {name: getattr(result, name) for name in result.device_fields}
    return dataclasses.replace(
        result, **placed({name: array for name, array in arrays.items() if not isinstance(array, Status)})
    )


@functools.cache
def register(kind: Any) -> None:
    """Register a class of results as a pytree, so that JAX transformations can return them."""
    names = tuple(field.name for field in dataclasses.fields(kind))
    leaves = (*kind.device_fields, *kind.host_fields)
    plain = tuple(name for name in names if name not in leaves)

    def flatten(result: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        children = (getattr(result, name) for name in leaves)
        return (
            tuple(int(child) if isinstance(child, Status) else child for child in children),
            tuple(_comparable(getattr(result, name)) for name in plain),
        )

    def unflatten(values: tuple[Any, ...], children: tuple[Any, ...]) -> Any:
        texts = (np.array(value) if isinstance(value, _Texts) else value for value in values)
        return kind(**dict(zip(leaves, children, strict=True)), **dict(zip(plain, texts, strict=True)))

    jax.tree_util.register_pytree_node(kind, flatten, unflatten)


def _comparable(value: Any) -> Any:
    return _Texts(value.tolist()) if isinstance(value, np.ndarray) else value

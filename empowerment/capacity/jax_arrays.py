"""JAX arrays as arguments, recognised without importing JAX: whoever holds one has imported it."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

import numpy as np


def found_in(*values: Any) -> list[Any]:
    """Return the JAX arrays among values, lists and tuples; tracers are JAX arrays, too."""
    jax = sys.modules.get("jax")
    if jax is None or not hasattr(jax, "Array"):  # nor is there one while JAX is being loaded in another thread
        return []
    flat = [item for value in values for item in (value if isinstance(value, list | tuple) else [value])]
    return [item for item in flat if isinstance(item, jax.Array)]


def any_traced(arrays: list[Any]) -> bool:
    """Return whether some of these JAX arrays are tracers, whose values are unknown inside a transformation."""
    return any(isinstance(array, sys.modules["jax"].core.Tracer) for array in arrays)


def on_host(value: Any) -> Any:
    """Convert JAX arrays, alone or in a list or tuple, to NumPy; return anything else unchanged."""
    if not found_in(value):
        return value
    if isinstance(value, list | tuple):
        return [on_host(item) for item in value]
    return np.asarray(value)


def on_devices_of(arrays: list[Any]) -> contextlib.AbstractContextManager[None]:
    """Run the block on the devices of these JAX arrays; without any, on the default ones."""
    if not arrays:
        return contextlib.nullcontext()
    from empowerment.capacity.kernels.xla.placement import on_devices_of

    return on_devices_of(arrays)


def on_device(result: Any, arrays: list[Any]) -> Any:
    """Return a result with JAX arrays on the devices of these arrays."""
    from empowerment.capacity.jax_results import with_jax_arrays

    with on_devices_of(arrays):
        return with_jax_arrays(result)

"""Double precision for the calls of this package, and the devices they run on."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, TypeVar

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

_F = TypeVar("_F", bound=Callable[..., Any])

# A channel takes about eight arrays of its size: 2 GiB of a GPU, or what the caches of a CPU hold.
_ENTRIES = {"gpu": 1 << 25, "cpu": 1 << 17}
_devices: ContextVar[tuple[Any, ...]] = ContextVar("devices", default=())


def in_double_precision(function: _F) -> _F:
    """Run a function in double precision, whatever the configuration of JAX."""

    @functools.wraps(function)
    def inside(*arguments: Any) -> Any:
        with jax.enable_x64(True):
            return function(*arguments)

    return inside  # type: ignore[return-value]


@contextlib.contextmanager
def on_devices_of(arrays: list[jax.Array]) -> Iterator[None]:
    """Run the block on the devices of these arrays instead of the default one."""
    devices = sorted({device for array in arrays for device in array.devices()}, key=lambda device: device.id)
    token = _devices.set(tuple(devices))
    try:
        yield
    finally:
        _devices.reset(token)


def fetched(arrays: Any) -> Any:
    """Return arrays of the device as NumPy arrays; the wait can be interrupted.

    After an interrupt the device still finishes the computation.
    """
    pending, start = jax.tree.leaves(arrays), time.perf_counter()
    while not all(array.is_ready() for array in pending):
        time.sleep(min(0.1 * (time.perf_counter() - start), 0.01))
    return jax.device_get(arrays)


def device_count() -> int:
    """Return how many devices a batch is spread over."""
    return max(len(_devices.get()), 1)


def entries_at_a_time() -> int:
    """Return the number of matrix entries to solve together."""
    device = (_devices.get() or jax.devices())[0]
    return device_count() * _ENTRIES.get(device.platform, _ENTRIES["gpu"])


def placed(arrays: Any) -> Any:
    """Move arrays to the caller's devices: split along the first axis if its length divides, else replicated."""
    devices = _devices.get()
    if not devices:
        return arrays
    if len(devices) == 1:
        return jax.device_put(arrays, devices[0])
    mesh = Mesh(np.array(devices), ("channel",))

    def put(array: Any) -> jax.Array:
        array = array if isinstance(array, jax.Array) else np.asarray(array)
        divides = array.ndim > 0 and array.shape[0] % len(devices) == 0
        spec: Any = PartitionSpec  # without types
        return jax.device_put(array, NamedSharding(mesh, spec("channel") if divides else spec()))

    return jax.tree.map(put, arrays)

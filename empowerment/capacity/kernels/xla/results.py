"""Results that hold JAX arrays."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax

from empowerment.capacity.kernels.xla.placement import in_double_precision, placed
from empowerment.results import CapacityResult

_DATA = (
    "value",
    "lower",
    "upper",
    "input_distribution",
    "output_distribution",
    "n_iter",
    "n_passes",
    "status",
)
_PLAIN = ("method", "backend", "base", "tol", "rtol")


@in_double_precision
def with_jax_arrays(result: CapacityResult) -> CapacityResult:
    """Return the result with its arrays on the devices in use."""
    names = _DATA if result.shapes is not None else _DATA[:-1]  # the status of one channel stays a Status
    return dataclasses.replace(result, **placed({name: getattr(result, name) for name in names}))


def _flattened(result: CapacityResult) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    status = int(result.status) if isinstance(result.status, int) else result.status
    return (
        (*(getattr(result, name) for name in _DATA[:-1]), status, result.shapes),
        tuple(getattr(result, name) for name in _PLAIN),
    )


def _restored(plain: tuple[Any, ...], leaves: tuple[Any, ...]) -> CapacityResult:
    *data, shapes = leaves
    return CapacityResult(
        **dict(zip(_DATA, data, strict=True)), **dict(zip(_PLAIN, plain, strict=True)), shapes=shapes
    )


jax.tree_util.register_pytree_node(CapacityResult, _flattened, _restored)

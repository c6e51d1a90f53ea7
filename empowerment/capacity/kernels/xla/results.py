"""Results that hold JAX arrays."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import numpy as np

from empowerment.capacity.kernels.xla.placement import in_double_precision, placed
from empowerment.capacity.result import CapacityResult
from empowerment.core.question import OPTIONS
from empowerment.measures.result import EmpowermentResult, Sequences

_CAPACITY = (
    "value",
    "lower",
    "upper",
    "input_distribution",
    "output_distribution",
    "n_iter",
    "n_passes",
    "status",
)
_CAPACITY_PLAIN = ("method", "backend", "base", "tol", "rtol")
_EMPOWERMENT = ("value", "lower", "upper", "status")
_EMPOWERMENT_PLAIN = ("states", "actions", "layout", *OPTIONS)


@in_double_precision
def with_jax_arrays(result: Any) -> Any:
    """Return the result with its arrays on the devices in use."""
    names: tuple[str, ...] = _EMPOWERMENT if isinstance(result, EmpowermentResult) else _CAPACITY
    if isinstance(result, CapacityResult) and result.shapes is None:
        names = names[:-1]  # the status of one channel stays a Status
    return dataclasses.replace(result, **placed({name: getattr(result, name) for name in names}))


def _flattened(result: CapacityResult) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    status = int(result.status) if isinstance(result.status, int) else result.status
    return (
        (*(getattr(result, name) for name in _CAPACITY[:-1]), status, result.shapes),
        tuple(getattr(result, name) for name in _CAPACITY_PLAIN),
    )


def _restored(plain: tuple[Any, ...], leaves: tuple[Any, ...]) -> CapacityResult:
    *data, shapes = leaves
    named = dict(zip(_CAPACITY, data, strict=True)), dict(zip(_CAPACITY_PLAIN, plain, strict=True))
    return CapacityResult(**named[0], **named[1], shapes=shapes)


def _flattened_map(result: EmpowermentResult) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    leaves = (*(getattr(result, name) for name in _EMPOWERMENT), result.state_numbers, result.optimal, result.beliefs)
    return leaves, (tuple(result.method.tolist()), *(getattr(result, name) for name in _EMPOWERMENT_PLAIN))


def _restored_map(plain: tuple[Any, ...], leaves: tuple[Any, ...]) -> EmpowermentResult:
    *data, state_numbers, optimal, beliefs = leaves
    named = dict(zip(_EMPOWERMENT, data, strict=True)), dict(zip(_EMPOWERMENT_PLAIN, plain[1:], strict=True))
    rest = {"state_numbers": state_numbers, "method": np.array(plain[0]), "optimal": optimal, "beliefs": beliefs}
    return EmpowermentResult(**named[0], **named[1], **rest)


jax.tree_util.register_pytree_node(CapacityResult, _flattened, _restored)
jax.tree_util.register_pytree_node(EmpowermentResult, _flattened_map, _restored_map)
jax.tree_util.register_dataclass(Sequences, ["actions", "weights", "offsets"], [])

"""The kernels in JAX, compiled by XLA for any device; see `reference` for the methods.

Reductions, which decide about shapes, stay on the host. The iterations run on the
device in double precision, one channel or many at once, each padded to a common shape.
"""

from __future__ import annotations

from empowerment.runtime.optional import missing

try:
    import jax  # noqa: F401
except ImportError as reason:
    raise missing('the backend "jax"', "jax") from reason

from empowerment.capacity.kernels.reference.reduction import components, equal_rows, proportional_columns
from empowerment.capacity.kernels.xla.placement import on_devices_of
from empowerment.capacity.kernels.xla.solve import (
    blahut_arimoto,
    certificate,
    ladder,
    solve,
    solve_batch,
    squarem,
    working_set,
)

__all__ = [
    "blahut_arimoto",
    "certificate",
    "components",
    "equal_rows",
    "ladder",
    "on_devices_of",
    "proportional_columns",
    "solve",
    "solve_batch",
    "squarem",
    "working_set",
]

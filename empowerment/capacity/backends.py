"""The backends of the solvers: their names, and their packages of kernels."""

from __future__ import annotations

from functools import cache
from types import ModuleType

from empowerment.core import validate
from empowerment.runtime.loading import load

BACKENDS = {"numba": "cpu", "reference": "reference", "jax": "xla"}


def backend_name(backend: str | None) -> str:
    """Return the name of a known backend, by default the compiled one."""
    return validate.one_of("numba" if backend is None else backend, BACKENDS, "backend")


@cache
def capacity_kernels(backend: str | None) -> ModuleType:
    """Return the package of kernels of a backend, imported on demand."""
    return load(f"empowerment.capacity.kernels.{BACKENDS[backend_name(backend)]}")

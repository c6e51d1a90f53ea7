"""The backends of the solvers: their names, and their packages of kernels."""

from __future__ import annotations

import sys
from functools import cache
from types import ModuleType

from empowerment.core import validate
from empowerment.runtime.loading import load

_PACKAGE = "empowerment.capacity.kernels"
_COMPILED = f"{_PACKAGE}.cpu"
BACKENDS = {"numba": "cpu", "reference": "reference", "jax": "xla"}

# A process's first single channels of at most so many entries are solved by plain NumPy, so many of them.
_SMALL, _FIRST = 1024, 16
_first_calls = iter(range(_FIRST))


def backend_name(backend: str | None) -> str:
    """Return the name of a known backend, by default the compiled one."""
    return validate.one_of("numba" if backend is None else backend, BACKENDS, "backend")


@cache
def capacity_kernels(backend: str | None) -> ModuleType:
    """Return the package of kernels of a backend, imported on demand."""
    return load(f"{_PACKAGE}.{BACKENDS[backend_name(backend)]}")


def backend_of_single(n_entries: int) -> str:
    """Return the name of the default backend for a single channel.

    It is plain NumPy for the first few small channels of a process, until something else loads the compiled kernels:
    loading them takes half a second and compiling them many, NumPy some milliseconds.
    """
    is_early = n_entries <= _SMALL and _COMPILED not in sys.modules and next(_first_calls, None) is not None
    return backend_name("reference" if is_early else None)

"""The numerical kernels of actuation, once for each backend, under one contract.

``reference`` is plain NumPy and SciPy, written to be read; ``cpu`` is compiled by numba. Both hold the same
functions, tested against each other.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from empowerment.capacity.solve import BACKENDS, backend_name


def kernel_of(backend: str | None) -> ModuleType:
    """Return the package of kernels of a backend, loaded only now; what runs on a device is the capacity alone."""
    package = BACKENDS[backend_name(backend)]
    return importlib.import_module(f"{__name__}.{'cpu' if package == 'xla' else package}")

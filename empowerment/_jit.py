"""One place that decides how kernels are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., object])

# Sums may be re-ordered and fused, which lets the compiler vectorise them; infinities and NaN keep their meaning.
_FAST = {"reassoc", "contract"}


MATRIX = numba.types.Array(numba.float64, 2, "C", readonly=True)
VECTOR = numba.types.Array(numba.float64, 1, "C", readonly=True)
"""Types of arrays that a kernel only reads; writable ones are accepted for them."""


def jit(*signature: object, fast: bool = True, parallel: bool = False) -> Callable[[F], F]:
    """Compile a kernel, keeping the machine code on disk where some directory for it is writable.

    With a signature it is compiled once, when its module is loaded, and not again for arrays that differ in
    being writable or not.
    """

    def decorate(function: F) -> F:
        options: dict[str, Any] = {
            "fastmath": _FAST if fast else False,
            "nogil": True,
            "error_model": "numpy",
            "parallel": parallel,
        }
        try:
            return numba.njit(signature or None, cache=True, **options)(function)
        except RuntimeError:  # numba finds no place for its cache, as in a read-only installation
            return numba.njit(signature or None, **options)(function)

    return decorate

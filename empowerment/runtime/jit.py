"""Compilation of kernels, and which compiled functions Python may call.

A signal that arrives while compiled code runs is handled at the next instruction of Python. If that is inside numba,
which converts the results of a compiled function into Python objects, the process may crash. So there are two kinds
of compiled functions: *helpers*, which only compiled functions can call and which may return anything, and *entry
points*, which Python calls and which return nothing or one number and write into arrays of their caller.
"""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
from numba.core import event
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing import Signature
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from empowerment.runtime.first_use import announce_compilation
from empowerment.runtime.inlining import Helper, HelperCompiler
from empowerment.runtime.interrupts import StoppedError, in_main_thread, new_flag, run_side_by_side

F = TypeVar("F", bound=Callable[..., object])


def read_only(kind: Any, dimensions: int = 1) -> Any:
    """Return the type of an array that an entry point only reads; a writable one is accepted, too."""
    return numba.types.Array(kind, dimensions, "C", readonly=True)


def written(kind: Any, dimensions: int = 1) -> Any:
    """Return the type of an array that an entry point fills."""
    return numba.types.Array(kind, dimensions, "C")


VECTOR, MATRIX = read_only(numba.float64), read_only(numba.float64, 2)
NUMBERS, NUMBER_MATRIX = read_only(numba.int64), read_only(numba.int64, 2)
OUT_VECTOR, OUT_MATRIX, OUT_NUMBERS = written(numba.float64), written(numba.float64, 2), written(numba.int64)
STOP = written(numba.uint8)
"""The type of the flag of :mod:`empowerment.runtime.interrupts`, the last argument of whatever may run for long."""

# Sums may be re-ordered and fused, which lets the compiler vectorise them; infinities and NaN keep their meaning.
_FAST = {"reassoc", "contract"}


def jit(*, fast: bool = True) -> Callable[[F], F]:
    """Make a helper: compiled together with the entry points that use it, and not callable from Python."""

    def decorate(function: F) -> F:
        wrappers = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
        helper = numba.njit(pipeline_class=HelperCompiler, **_options(fast), **wrappers)(function)
        helper.__class__ = Helper
        return helper

    return decorate


def entry_point(signature: Signature) -> Callable[[Callable[..., object]], EntryPoint]:
    """Make an entry point of this signature, whose return type is ``void`` or a number."""

    def decorate(function: Callable[..., object]) -> EntryPoint:
        ENTRY_POINTS.append(EntryPoint(function, signature))
        return ENTRY_POINTS[-1]

    return decorate


class EntryPoint:
    """Compiled function for Python to call, compiled or read from disk at its first call.

    Raises
    ------
    TypeError
        If it would return more than one number; see the module.
    """

    def __init__(self, function: Callable[..., object], signature: Signature) -> None:
        if not isinstance(signature.return_type, numba.types.NoneType | numba.types.Number | numba.types.Boolean):
            raise TypeError(
                f"{function.__name__} returns {signature.return_type}, expected void or a number: an entry point "
                "writes into arrays of its caller"
            )
        self.signature, self.__doc__, self.__name__ = signature, function.__doc__, function.__name__
        self.__module__ = function.__module__
        self._dispatcher = _kept_on_disk(function)
        self._is_ready = False

    def __call__(self, *arguments: Any) -> Any:
        """Run the function, compiling it first if necessary."""
        self.prepare()
        return self._dispatcher(*arguments)

    def prepare(self) -> None:
        """Compile the function if necessary, in a thread: inside the compiler Ctrl-C may be lost."""
        if self._is_ready:
            return
        if in_main_thread():
            run_side_by_side([self._compile])
        else:
            self._compile(new_flag())

    @property
    def was_compiled(self) -> bool:
        """Whether this process compiled the function instead of reading it from disk."""
        return bool(self._dispatcher.stats.cache_misses)

    @property
    def directory(self) -> str | None:
        """Where the code is kept, None where no directory is writable."""
        found: str | None = self._dispatcher.stats.cache_path
        return found

    def _compile(self, stop: np.ndarray) -> None:
        with _compiling, _without_collection(), event.install_listener("numba:compile", _Listener(stop)):
            if not self._is_ready:  # else another thread was faster
                self._dispatcher.compile(self.signature)
                self._dispatcher.disable_compile()
                self._is_ready = True


ENTRY_POINTS: list[EntryPoint] = []
"""The entry points of all modules that have been imported."""


def _options(fast: bool) -> dict[str, Any]:
    return {"fastmath": _FAST if fast else False, "nogil": True, "error_model": "numpy"}


def _kept_on_disk(function: Callable[..., object]) -> Any:
    """Return the numba dispatcher of an entry point, cached on disk where a directory is writable."""
    global _is_kept
    try:
        dispatcher = numba.njit(cache=True, **_options(fast=True))(function)
    except RuntimeError:  # numba finds no place for its cache, as in a read-only installation
        _is_kept = False
        return numba.njit(**_options(fast=True))(function)
    # numba would look at the file of the entry point alone, and go on to use the code of helpers that have changed.
    dispatcher._cache._cache_file._source_stamp = _stamp_of(Path(function.__code__.co_filename).parent)
    return dispatcher


@cache
def _stamp_of(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return names, dates and sizes of what compiled code depends on: kernels, and how they are compiled."""
    here = Path(__file__)
    files = [*folder.glob("*.py"), folder.parent / "__init__.py", here, here.with_name("inlining.py")]
    stats = [(path, path.stat()) for path in sorted(files) if path.exists()]
    return tuple((path.name, stat.st_mtime_ns, stat.st_size) for path, stat in stats)


@contextmanager
def _without_collection() -> Iterator[None]:
    """Let the collector of cycles wait: it would walk again and again what the compiler makes, and keeps."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Listener(event.Listener):  # type: ignore[misc]
    """Listener for functions that are compiled instead of read from disk."""

    def __init__(self, stop: np.ndarray) -> None:
        self._flag = stop

    def on_start(self, event: event.Event) -> None:
        announce_compilation(_is_kept)
        if self._flag[0]:  # whatever becomes of this one, the next function ends it again
            raise StoppedError

    def on_end(self, event: event.Event) -> None:
        pass


_is_kept = True
_compiling = threading.RLock()

if hasattr(os, "register_at_fork"):  # else a child would wait for ever for a compiler that it does not have
    os.register_at_fork(
        before=_compiling.acquire, after_in_parent=_compiling.release, after_in_child=_compiling.release
    )


@intrinsic  # type: ignore[untyped-decorator]
def stopped(typing_context: Any, stop: Any) -> Any:
    """Return the current flag in memory; a plain read may be moved out of the loop that polls it."""

    def read(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        flag = make_array(stop)(context, builder, arguments[0])
        return builder.load_atomic(flag.data, "monotonic", 1)

    return numba.uint8(stop), read


@intrinsic  # type: ignore[untyped-decorator]
def as_writable(typing_context: Any, array: Any) -> Any:
    """Return an array under the type of writable ones, so that helpers are compiled for that type alone."""

    def same(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return impl_ret_borrowed(context, builder, signature.return_type, arguments[0])

    return array.copy(readonly=False)(array), same

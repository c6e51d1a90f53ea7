"""Compiled work that Ctrl-C, or any signal handler that raises, ends soon.

Python handles signals in its main thread alone, between two of its own instructions, and never inside compiled code.
So work that may take long runs in a separate thread, and its caller waits in Python. An exception in the meantime
sets a flag, an array of one byte, which the compiled code polls.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, Protocol

import numpy as np

Work = Callable[[np.ndarray], object]
"""Called with the flag. Soon after that is not 0 it returns or raises, whatever it has done so far."""


class EntryPoint(Protocol):
    """Protocol of :class:`empowerment.runtime.jit.EntryPoint`: compiled code whose last argument is the flag."""

    def __call__(self, *arguments: Any) -> Any:
        """Run it."""

    def prepare(self) -> None:
        """Compile it."""


# As many elementary operations take a second at most; to start a thread takes a tenth of a millisecond.
_SOON = 1e9

_NEVER = np.zeros(1, dtype=np.uint8)
_shared_flag: ContextVar[np.ndarray] = ContextVar("shared_flag", default=_NEVER)


class StoppedError(Exception):
    """The work was stopped; its output is invalid."""


def new_flag() -> np.ndarray:
    """Return a flag that is not set."""
    return np.zeros(1, dtype=np.uint8)


@contextmanager
def stopped_by(flag: np.ndarray) -> Iterator[None]:
    """End all work of this thread as soon as the flag is set."""
    token = _shared_flag.set(flag)
    try:
        yield
    finally:
        _shared_flag.reset(token)


def run(entry_point: EntryPoint, arguments: tuple[Any, ...], operations: float) -> None:
    """Call an entry point with the flag as its last argument: directly if it is short, else in a thread.

    Signals arrive in the main thread; in others a further thread gains nothing.

    Raises
    ------
    StoppedError
        If the flag of :func:`stopped_by` was set in the meantime.
    """
    entry_point.prepare()
    if operations > _SOON and in_main_thread():
        run_side_by_side([partial(entry_point, *arguments)])
        return
    stop = _shared_flag.get()
    entry_point(*arguments, stop)
    if stop[0]:
        raise StoppedError


def in_main_thread() -> bool:
    """Return whether this is the main thread, in which signals arrive."""
    return threading.current_thread() is threading.main_thread()


def run_side_by_side(works: Sequence[Work]) -> None:
    """Run all work in parallel, each in a thread.

    After an exception from a signal handler the threads end by themselves, soon.

    Raises
    ------
    StoppedError
        As :func:`run` does.
    """
    shared = _shared_flag.get()
    stop = new_flag() if shared is _NEVER else shared
    threads = [_Thread(work, stop) for work in works]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(1.0)  # where no signal wakes a waiting thread, as on Windows, it is seen once a second
            if thread.error is not None:
                raise thread.error
    except BaseException:
        stop[0] = 1
        raise
    if stop[0]:
        raise StoppedError


class _Thread(threading.Thread):
    """Thread that runs the work, and keeps its exception."""

    def __init__(self, work: Work, stop: np.ndarray) -> None:
        super().__init__()
        self._work, self._flag = work, stop
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self._work(self._flag)
        except BaseException as error:
            self.error = error

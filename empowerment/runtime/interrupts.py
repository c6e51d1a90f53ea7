"""Compiled work that Ctrl-C, or any signal handler that raises, ends soon.

Python handles signals in its main thread alone, and between two steps of its own, never inside compiled code. So what
may take long runs in a thread of its own, and its caller waits in Python. An exception that comes meanwhile sets a
flag, an array of one byte, which the compiled code polls.
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
    """What :class:`empowerment.runtime.jit.EntryPoint` is: compiled code, the flag its last argument."""

    def __call__(self, *arguments: Any) -> Any:
        """Run it."""

    def prepare(self) -> None:
        """Compile it."""


# As many elementary operations take a second at most; to start a thread takes a tenth of a millisecond.
_SOON = 1e9

_NEVER = np.zeros(1, dtype=np.uint8)
_shared_flag: ContextVar[np.ndarray] = ContextVar("shared_flag", default=_NEVER)


class StoppedError(Exception):
    """The work was told to end; what it has written is of no use."""


def new_flag() -> np.ndarray:
    """Return a flag that is not set."""
    return np.zeros(1, dtype=np.uint8)


@contextmanager
def stopped_by(flag: np.ndarray) -> Iterator[None]:
    """Let all work of this thread end as soon as somebody sets the flag."""
    token = _shared_flag.set(flag)
    try:
        yield
    finally:
        _shared_flag.reset(token)


def run(entry_point: EntryPoint, arguments: tuple[Any, ...], operations: float) -> None:
    """Call an entry point with the flag as its last argument: here if it takes few operations, else in a thread.

    Signals come to the main thread; in others nothing is gained by one more.

    Raises
    ------
    StoppedError
        If the flag of :func:`stopped_by` was set meanwhile.
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
    """Return whether this is the thread that signals come to."""
    return threading.current_thread() is threading.main_thread()


def run_side_by_side(works: Sequence[Work]) -> None:
    """Do all of the work, each in a thread of its own.

    After an exception that a signal handler raises here the threads end by themselves, soon.

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
    """Does the work, and keeps what it raises."""

    def __init__(self, work: Work, stop: np.ndarray) -> None:
        super().__init__()
        self._work, self._flag = work, stop
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self._work(self._flag)
        except BaseException as error:
            self.error = error

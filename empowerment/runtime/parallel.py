"""Chunks of work on several cores or machines; the only module that knows joblib."""

from __future__ import annotations

import pickle
import signal
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.runtime.interrupts import new_flag, stopped_by
from empowerment.runtime.loading import load

Found = tuple[int, Any]
"""The number of a chunk and what came of it."""

# In bytes; more than any number in an array asks for.
_ALIGNMENT = 16


def run_chunks(
    work: Callable[[Any], Any], chunks: Iterable[Any], *, n_jobs: int | None = None, threads: bool = False
) -> Generator[Found, None, None]:
    """Call `work` on every chunk and yield the number of the chunk with the result, as they finish.

    One job means this process: the chunks are computed one after the other, each when its result is requested, and
    nothing is started or pickled.

    Parameters
    ----------
    work : callable
        Picklable, such as a partial of a function of the library. It is pickled once. Its arrays are read-only in the
        workers and are not sent again with every chunk: joblib's own processes share memory-mapped files of the large
        ones, a worker of Dask keeps them. Other content is unpickled for every chunk, so leave out millions of
        labels.
    chunks : iterable
        Read slightly ahead of the workers. Each should be small to send and take about a second.
    n_jobs : int, optional
        Number of processes on this machine, -1 for one on each core. None uses the active joblib configuration, else
        one process. With the backend ``"dask"`` all cores of the cluster are used whatever the number; ``"ray"``
        requires ``n_jobs=-1`` in its configuration.
    threads : bool
        Prefer threads to processes if the joblib configuration names no backend: for compiled work that releases the
        interpreter and starts no threads of its own.

    Yields
    ------
    int, object
        The number of a chunk and the result.

    Raises
    ------
    ValueError
        If `n_jobs` is no number of jobs.

    Notes
    -----
    A caller that may stop early, by an error or by Ctrl-C, closes the generator (:func:`contextlib.closing`). Then no
    more
    chunks are begun, the processes of this machine are ended, and compiled work in threads stops. Other work in
    threads, and
    clusters, still finish the chunks they have, at most two for each job.
    """
    jobs = number_of_jobs(validate.n_jobs(n_jobs))
    return _one_by_one(work, chunks) if jobs == 1 else _side_by_side(work, chunks, jobs, threads)


def local_jobs(n_jobs: int | None) -> int:
    """Return the number of jobs that share the memory of this machine; those of a cluster have their own."""
    jobs = number_of_jobs(n_jobs)
    if jobs == 1:
        return 1
    backend, _ = load("joblib.parallel").get_active_backend()
    return jobs if type(backend).__module__.startswith("joblib._parallel_backends") else 1


def number_of_jobs(n_jobs: int | None) -> int:
    """Return the number of jobs that share the work of :func:`run_chunks`."""
    if n_jobs == 1:
        return 1
    return int(load("joblib").effective_n_jobs(n_jobs))


def _one_by_one(work: Callable[[Any], Any], chunks: Iterable[Any]) -> Generator[Found, None, None]:
    for number, chunk in enumerate(chunks):
        yield number, work(chunk)


def _side_by_side(
    work: Callable[[Any], Any], chunks: Iterable[Any], jobs: int, threads: bool
) -> Generator[Found, None, None]:
    from joblib import Parallel, delayed

    sent, flag = _Parcel(work), new_flag()
    calls = (delayed(_call)(sent, flag, number, _Parcel(chunk)) for number, chunk in enumerate(chunks))
    # A chunk is as large as it should be, so joblib need not gather several into one task.
    options = {"n_jobs": jobs, "prefer": "threads" if threads else None, "batch_size": 1}
    try:
        pool = Parallel(**options, return_as="generator_unordered")
    except ValueError:  # the backend hands over lists only, as those of multiprocessing and of Ray do
        pool = None
    with nullcontext() if threads else _deaf_to_ctrl_c():
        found = pool(calls) if pool else _in_waves(Parallel(**options), calls, 4 * jobs)
    try:
        for pair in found:  # noqa: UP028 ("yield from" would close `found` itself, with the warning)
            yield pair
    finally:
        flag[0] = 1  # compiled work in threads of this process ends, too
        with warnings.catch_warnings():  # joblib warns of the work that is cancelled, which is what is wanted
            warnings.filterwarnings("ignore", ".*(cancelled|not used)", UserWarning)
            found.close()


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Let processes that are started inside ignore Ctrl-C, which a terminal sends to them as well.

    The parent process ends them. Otherwise each of them would print where it was interrupted.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    from joblib.externals import loky

    # Whoever starts one of these two helpers lets the signal through again.
    resource_tracker.ensure_running()
    loky.backend.resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _in_waves(pool: Any, calls: Iterator[Any], size: int) -> Generator[Found, None, None]:
    with pool:
        while wave := list(islice(calls, size)):
            yield from pool(wave)


def _call(work: _Parcel, flag: np.ndarray, number: int, chunk: _Parcel) -> Found:
    with stopped_by(flag):
        return number, work.content(chunk.content)


class _Parcel:
    """Object that is pickled once, however often it is sent, with the bytes of its arrays separate from the rest.

    joblib memory-maps the large arrays inside an argument, but pickles everything else again for every task. Its link
    to Dask sends a large argument once, but does not see the size of an object with arrays inside: hence
    `__sizeof__`. Dask delivers bytes at unaligned addresses, for which NumPy sums in another order: hence `_settled`.
    """

    def __init__(self, content: Any) -> None:
        self.content = content

    @cached_property
    def parts(self) -> list[np.ndarray]:
        """The pickle without the bytes of arrays, then these, as views."""
        try:
            import cloudpickle  # which joblib requires, and brings along itself before 1.6
        except ImportError:
            from joblib.externals import cloudpickle
        arrays: list[pickle.PickleBuffer] = []
        rest = cloudpickle.dumps(self.content, protocol=5, buffer_callback=arrays.append)
        return [np.frombuffer(part, dtype=np.uint8) for part in (rest, *(array.raw() for array in arrays))]

    @cached_property
    def content(self) -> Any:
        """The object, in the receiving process."""
        rest, *arrays = self.parts
        return pickle.loads(rest.data, buffers=arrays)

    def __getstate__(self) -> list[np.ndarray]:
        return self.parts

    def __setstate__(self, parts: list[np.ndarray]) -> None:
        self.parts = [_settled(part) for part in parts]

    def __sizeof__(self) -> int:
        return sum(part.nbytes for part in self.parts)


def _settled(part: np.ndarray) -> np.ndarray:
    """Return read-only bytes at an aligned address."""
    found = part if part.ctypes.data % _ALIGNMENT == 0 else part.copy()
    found.flags.writeable = False
    return found

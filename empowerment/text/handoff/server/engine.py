"""One model for many requests: a bounded queue, one thread that generates, and requests that can be cancelled."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from empowerment.text.handoff.live import Completion
from empowerment.text.tiers import TokenModelError


class BusyError(RuntimeError):
    """The queue is full."""


class Job:
    """Request in the queue.

    Events arrive in `events`, in order: ("piece", text) for each piece, then one of ("done", None),
    ("failed", sentence), ("late", sentence) or ("overtaken", sentence).

    Parameters
    ----------
    start : callable
        Returns the completion to generate.
    deadline : float
        Time of expiry, on the clock of `time.monotonic`.
    user : str, optional
        A newer request of the same user supersedes this one.

    Attributes
    ----------
    completion : Completion or None
        The completion, once its generation has begun.
    """

    def __init__(self, start: Callable[[], Completion], deadline: float, user: str | None = None) -> None:
        self.start, self.deadline, self.user = start, deadline, user
        self.events: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._given_up = threading.Event()
        self.completion: Completion | None = None

    def give_up(self) -> None:
        """Cancel the request; a running generation ends with its next token."""
        self._given_up.set()

    @property
    def given_up(self) -> bool:
        """Whether the request was cancelled."""
        return self._given_up.is_set()

    def send(self, kind: str, content: Any) -> None:
        """Send an event to the receiver, from any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.events.put_nowait, (kind, content))


class Engine:
    """Thread that generates one completion after the other.

    Parameters
    ----------
    waiting : int
        Largest number of jobs in the queue.
    """

    def __init__(self, waiting: int) -> None:
        self._most = waiting
        self._jobs: deque[Job] = deque()
        self._current: Job | None = None
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="handoff-engine", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Put a job into the queue; older ones of the same user are superseded.

        Raises
        ------
        BusyError
            If the queue is full.
        """
        with self._changed:
            if job.user is not None:
                self._overtake(job.user)
            self._jobs = deque(each for each in self._jobs if not each.given_up)
            if len(self._jobs) >= self._most:
                raise BusyError(f"{self._most} requests wait already; try again later")
            self._jobs.append(job)
            self._changed.notify()

    def stop(self, seconds: float = 5.0) -> None:
        """Begin no further job, cancel the current one, and wait for the thread for that long."""
        with self._changed:
            self._stopping = True
            for job in (*self._jobs, *([self._current] if self._current else [])):
                job.give_up()
            self._changed.notify()
        self._thread.join(seconds)

    def _overtake(self, user: str) -> None:
        for job in (*self._jobs, *([self._current] if self._current else [])):
            if job.user == user and not job.given_up:
                job.give_up()
                job.send("overtaken", "a newer request of the same user has overtaken this one")

    def _work(self) -> None:
        while True:
            with self._changed:
                self._current = None
                self._changed.wait_for(lambda: self._jobs or self._stopping)
                if self._stopping:
                    return
                self._current = job = self._jobs.popleft()
            if not job.given_up:
                _write(job)


def _write(job: Job) -> None:
    """Generate one completion, and report it."""
    try:
        completion = job.completion = job.start()
        for piece in completion:
            if job.given_up:
                completion.close()
                return
            if time.monotonic() > job.deadline:
                completion.close()
                job.send("late", "the time for this request is over")
                return
            job.send("piece", piece)
        job.send("done", None)
    except TokenModelError as reason:
        job.send("failed", str(reason))
    except Exception as reason:  # the next request must find the thread alive
        job.send("failed", f"{type(reason).__name__}: {reason}")

"""Run the server until it is stopped."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from empowerment.text.handoff.server.app import make_app
from empowerment.text.handoff.server.service import Service

_MOST_CONNECTIONS = 1024
_GRACE = 5


class _Server(uvicorn.Server):  # type: ignore[misc]
    """Server that reports when it accepts requests."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self._ready()


def serve(service: Service, *, host: str, port: int, ready: Callable[[int], None] = lambda port: None) -> None:
    """Run the server until SIGTERM or Ctrl-C; current answers get a few seconds to finish.

    Parameters
    ----------
    service : Service
        Model and rule.
    host : str
        Address to listen at.
    port : int
        Port; 0 takes any free one.
    ready : callable
        Called with the port once requests are accepted.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, when everything has been closed.
    OSError
        If the address is not available.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listening, _ended_by_sigterm():
        config = uvicorn.Config(
            make_app(service),
            log_level="error",
            access_log=False,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_graceful_shutdown=_GRACE,
        )
        server = _Server(config, lambda: ready(listening.getsockname()[1]))
        asyncio.run(server.serve(sockets=[listening]))


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Treat SIGTERM as a regular end: uvicorn raises it again once everything is closed."""
    before = signal.signal(signal.SIGTERM, lambda number, frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

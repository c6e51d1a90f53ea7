"""HTTP exchanges that are bounded in time and size."""

from __future__ import annotations

import http.client
import io
import socket
import time
import urllib.request
from functools import partial
from typing import Any

MOST_BYTES = 64 << 20
"""No answer is read beyond this: ten times what lists of a whole vocabulary of 50,000 tokens take."""


class TooLargeError(OSError):
    """An answer is larger than `MOST_BYTES`."""


def opener(*, direct: bool) -> urllib.request.OpenerDirector:
    """Return an opener that follows no redirect and returns answers of any status.

    `direct` bypasses proxies. The timeout of a request bounds its whole exchange except the look-up of the host name:
    each address of a host gets its share of the time to connect, and the remaining time bounds the handshake, the
    headers and the body together.
    """
    proxies = [urllib.request.ProxyHandler({})] if direct else []
    return urllib.request.build_opener(_AnyStatus, _Http, _Https, *proxies)


def read_whole(response: Any) -> bytes:
    """Return the body of an answer.

    Raises
    ------
    TooLargeError
        If the body is, or its header says that it is, larger than `MOST_BYTES`.
    http.client.IncompleteRead
        If it ends before the announced length.
    OSError
        If the connection is lost, or the time is over.
    """
    if (response.length or 0) > MOST_BYTES:
        raise TooLargeError
    parts = []
    while part := response.read1(1 << 16):
        parts.append(part)
    if response.length:
        raise http.client.IncompleteRead(b"".join(parts), response.length)
    return b"".join(parts)


class _AnyStatus(urllib.request.HTTPErrorProcessor):
    """Passes answers on unchanged. Following a redirect would send the key to another host."""

    def http_response(self, request: Any, response: Any) -> Any:
        return response

    https_response = http_response


class _Connection(http.client.HTTPConnection):
    """Connection for one exchange, bounded by its timeout."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._until = time.monotonic() + (self.timeout or 0.0)
        self._create_connection = self._reached
        self.response_class = partial(_Response, until=self._until)  # type: ignore[assignment]

    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(_left(self._until))

    def _reached(self, address: tuple[str, int], timeout: float, source: Any = None) -> socket.socket:
        """Return a connection to the first address of a host that can be reached."""
        addresses = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)
        found = list(dict.fromkeys((str(each[0]), int(each[1])) for *_, each in addresses))
        for i, each in enumerate(found, 1):
            try:
                return socket.create_connection(each, _left(self._until) / (len(found) - i + 1), source)
            except OSError:
                if i == len(found):
                    raise
        raise OSError("the host has no address")


class _SecureConnection(http.client.HTTPSConnection, _Connection):
    """Encrypted connection for one exchange."""


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: Any) -> Any:
        return self.do_open(_Connection, req)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, req: Any) -> Any:
        return self.do_open(_SecureConnection, req)


class _Response(http.client.HTTPResponse):
    """Answer whose status, headers and body together are bounded."""

    def __init__(self, sock: socket.socket, *args: Any, until: float, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_Bounded(self.fp.detach(), sock, until))


class _Bounded(io.RawIOBase):
    """Reads from a socket until a deadline, and at most `MOST_BYTES`."""

    def __init__(self, raw: Any, sock: socket.socket, until: float) -> None:
        self._raw, self._sock, self._until = raw, sock, until
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(_left(self._until))
        count = self._raw.readinto(buffer)
        self._count += count or 0
        if self._count > MOST_BYTES:
            raise TooLargeError
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


def _left(until: float) -> float:
    """Return the remaining seconds.

    Raises
    ------
    TimeoutError
        If there are none.
    """
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left

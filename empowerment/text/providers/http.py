"""Questions to servers over HTTP, in JSON: asked again where that may help, and never with a key in a message."""

from __future__ import annotations

import http.client
import json
import os
import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from empowerment import validate
from empowerment.text.token_model import TokenModelError

# What a server answers that may answer otherwise a little later.
_PASSING = {408, 409, 425, 429, 500, 502, 503, 504, 529}
# Seconds before the second try; each further wait is twice as long.
_FIRST_WAIT = 0.5
_EXCERPT = 300
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class JsonClient:
    """Asks a server over HTTP, in JSON.

    Parameters
    ----------
    url : str
        Where its paths begin, such as "http://127.0.0.1:8080".
    key_from : str, optional
        Name of the environment variable with the key. It is read for each question and not kept.
    timeout, tries, longest_wait
        See :class:`OpenAICompatible`.

    Raises
    ------
    ValueError
        If the address is none, or has more in it than a host and a path, or the environment has no key of this name.
    """

    def __init__(
        self,
        url: str,
        *,
        key_from: str | None = None,
        timeout: float = 60.0,
        tries: int = 6,
        longest_wait: float = 60.0,
    ) -> None:
        self._url = _checked_address(url)
        self._key_from = _checked_name(key_from)
        self._timeout = validate.finite(timeout, "timeout", least=1e-3)
        self._tries = validate.positive_int(tries, "tries")
        self._longest_wait = validate.finite(longest_wait, "longest_wait", least=0)
        local = urllib.parse.urlsplit(url).hostname in _LOOPBACK
        proxies = [urllib.request.ProxyHandler({})] if local else []
        self._opener = urllib.request.build_opener(_NoRedirect, *proxies)
        self._closed: str | None = None
        self._key()

    def close(self, why: str) -> None:
        """Ask no more, and say why to those who want to."""
        self._closed = why

    def redacted(self, text: str) -> str:
        """Return a text without the key, which servers repeat in unexpected places."""
        key = self._key()
        return text.replace(key, "***") if key else text

    @property
    def host(self) -> str:
        """Who is asked: the host and port of the address."""
        return urllib.parse.urlsplit(self._url).netloc

    def ask(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return what the server answers at `path`, posting the body if there is one.

        Raises
        ------
        TokenModelError
            If there is no answer, for a reason that does not pass or has not passed.
        """
        if self._closed is not None:
            raise TokenModelError(self._closed)
        where = f"{self.host}{urllib.parse.urlsplit(self._url).path}{path}"
        asked = 0
        while True:
            try:
                asked += 1
                return self._answer(path, body)
            except _FaultError as fault:
                wait = max(fault.wait, _FIRST_WAIT * 2 ** (asked - 1))
                if not fault.passing:
                    raise TokenModelError(f"{where} {fault}") from None
                if fault.wait > self._longest_wait:
                    raise TokenModelError(
                        f"{where} {fault}; it asks to wait {fault.wait:.0f} s, longer than longest_wait="
                        f"{self._longest_wait:g}"
                    ) from None
                if asked == self._tries:
                    times = f", asked {asked} times" if asked > 1 else ""
                    raise TokenModelError(f"{where} {fault}{times}; ask for it again later") from None
            time.sleep(min(wait, self._longest_wait))

    def _answer(self, path: str, body: Mapping[str, Any] | None) -> Any:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        key = self._key()
        if key:
            headers["Authorization"] = f"Bearer {key}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, headers)
        until = time.monotonic() + self._timeout
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                raw = _read(response, until)
        except urllib.error.HTTPError as refused:
            with refused:
                raise self._refused(refused) from None
        except (OSError, http.client.HTTPException) as reason:
            raise self._lost(reason) from None
        try:
            return json.loads(raw)
        except ValueError:
            raise _FaultError(f"answers what is no whole JSON: {self._excerpt(raw)!r}", passing=True) from None

    def _refused(self, refused: urllib.error.HTTPError) -> _FaultError:
        """Return what an answer with an error status means."""
        code = refused.code
        if code == 401:  # servers repeat parts of a key here
            keys = f"the key in {self._key_from}" if self._key_from else "a question without a key; pass key_from="
            return _FaultError(f"refuses {keys} (status {code})", passing=False)
        if 300 <= code < 400:
            return _FaultError(f"leads elsewhere (status {code}); pass the address it leads to", passing=False)
        try:
            said = self._excerpt(refused.read(_EXCERPT * 4))
        except (OSError, http.client.HTTPException):
            said = ""
        passing = code in _PASSING and "insufficient_quota" not in said
        return _FaultError(f"answers with status {code}: {said!r}", passing=passing, wait=_wait(refused.headers))

    def _lost(self, reason: Exception) -> _FaultError:
        """Return what it means that there is no answer."""
        cause = reason.reason if isinstance(reason, urllib.error.URLError) else reason
        if isinstance(cause, TimeoutError):
            return _FaultError(f"does not answer within {self._timeout:g} s", passing=True)
        if isinstance(cause, http.client.IncompleteRead):
            return _FaultError(f"breaks off its answer after {len(cause.partial)} bytes", passing=True)
        final = isinstance(cause, ssl.SSLCertVerificationError)
        return _FaultError(f"cannot be reached: {type(cause).__name__}: {cause}", passing=not final)

    def _excerpt(self, raw: bytes) -> str:
        text = self.redacted(raw.decode("utf-8", errors="replace"))
        return text if len(text) <= _EXCERPT else text[:_EXCERPT] + "..."

    def _key(self) -> str | None:
        if self._key_from is None:
            return None
        key = os.environ.get(self._key_from, "").strip()
        if not key:
            raise ValueError(f"the environment has no {self._key_from}; put the key in it, or pass key_from=None")
        if not (key.isascii() and key.isprintable()):
            raise ValueError(f"the key in {self._key_from} has characters that a header cannot have")
        return key

    def __repr__(self) -> str:
        return f"JsonClient({self.host!r})"


class _FaultError(Exception):
    """No answer; `passing` says whether to ask again, and `wait` for how many seconds the server asks."""

    def __init__(self, message: str, *, passing: bool, wait: float = 0.0) -> None:
        super().__init__(message)
        self.passing, self.wait = passing, wait


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves a redirect to the caller: followed, it would take the key to another host."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Follow nothing."""


def _checked_address(url: str) -> str:
    try:
        parts = urllib.parse.urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except (ValueError, AttributeError):
        known = False
    if not known:
        raise ValueError("the url is no address, expected one such as 'http://127.0.0.1:8080' or 'https://host/v1'")
    if "@" in parts.netloc or parts.query or parts.fragment:  # what may be a key is not shown
        raise ValueError(
            "the url has a name, a password or a query in it; leave them out, and name a key by key_from="
        )
    return url.rstrip("/")


def _checked_name(key_from: str | None) -> str | None:
    if key_from is not None and not _VARIABLE.fullmatch(key_from):
        # What was passed may be the key itself, so it is not shown.
        raise ValueError("key_from is no name of an environment variable; put the key in one, and pass its name")
    return key_from


def _read(response: Any, until: float) -> bytes:
    """Return the whole answer, if it is there in time: a timeout of the connection is one of each part."""
    parts = []
    while part := response.read1(1 << 16):
        parts.append(part)
        if time.monotonic() > until:
            raise TimeoutError
    raw = b"".join(parts)
    missing = getattr(response, "length", None)
    if missing:
        raise http.client.IncompleteRead(raw, missing)
    return raw


def _wait(headers: Any) -> float:
    """Return how many seconds a server asks to wait."""
    said = headers.get("Retry-After", "") if headers else ""
    try:
        return max(float(said), 0.0)
    except ValueError:
        pass
    try:
        return max((parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return 0.0

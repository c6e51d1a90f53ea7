"""Requests to servers over HTTP in JSON: repeated where that may help, without a key in any message."""

from __future__ import annotations

import http.client
import json
import math
import os
import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, TypeVar

from empowerment.core import validate
from empowerment.text.providers.remote.secrets import Secret
from empowerment.text.providers.remote.transport import MOST_BYTES, TooLargeError, opener, read_whole
from empowerment.text.tiers import TokenModelError

T = TypeVar("T")

# What a server answers that may answer otherwise a little later: by status, and by the words of an error.
_PASSING = {408, 409, 425, 429, 500, 502, 503, 504, 529}
_PASSING_WORDS = re.compile(
    r"rate.?limit|too.?many|overload|unavailable|timed?.?out|server.?error|busy", re.IGNORECASE
)
_LASTING_WORDS = re.compile(r"insufficient.?quota", re.IGNORECASE)
# Seconds before the second try; each further wait is twice as long.
_FIRST_WAIT = 0.5
_MOST_DOUBLED = 30
# A year: what a timer of the system can hold everywhere.
_LONGEST = 366 * 86400.0
_EXCERPT = 300
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# What reading an answer raises that has another form than expected.
_MISREAD = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)


class _Fault(NamedTuple):
    """Failed request; `passing` says whether to repeat it, and `wait` after how many seconds, if stated."""

    message: str
    passing: bool
    wait: float = 0.0


class _Answer(NamedTuple):
    """JSON answer of a server."""

    value: Any


class JsonClient:
    """Client of a server over HTTP in JSON.

    Parameters
    ----------
    url : str
        Base address, such as "http://127.0.0.1:8080".
    key_from : str, optional
        Name of the environment variable with the key. It is read for each request and not stored.
    timeout, tries, longest_wait : float, int, float
        See :class:`OpenAICompatible`.

    Raises
    ------
    ValueError
        If the address is invalid, or has more in it than a host and a path, or the environment has no key of this
        name.
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
        self._timeout = min(validate.finite(timeout, "timeout", least=1e-3), _LONGEST)
        self._tries = validate.positive_int(tries, "tries")
        self._longest_wait = min(validate.finite(longest_wait, "longest_wait", least=0), _LONGEST)
        self._opener = opener(direct=urllib.parse.urlsplit(url).hostname in _LOOPBACK)
        self._closed: str | None = None
        self._key()

    def close(self, why: str) -> None:
        """Refuse further requests with the given reason."""
        self._closed = why

    def shown(self, text: str) -> str:
        """Return a server's text as it may appear in a message: without the key, and printable."""
        return _printable(Secret(self._key()).hidden(text))

    def holds_key(self, text: str) -> bool:
        """Return whether an answer repeats the key, or a long part of it."""
        return Secret(self._key()).repeated_in(text.encode(errors="replace"))

    @property
    def host(self) -> str:
        """Host and port of the address."""
        return urllib.parse.urlsplit(self._url).netloc

    def ask(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return the server's answer at `path`, posting the body if there is one.

        Raises
        ------
        TokenModelError
            If there is no answer, for a reason that is permanent or did not pass in time.
        """
        return self.read(path, body, lambda answer: answer)

    def read(self, path: str, body: Mapping[str, Any] | None, reader: Callable[[Any], T]) -> T:
        """Return what `reader` makes of the answer at `path`.

        Raises
        ------
        TokenModelError
            If there is no answer, or the reader fails with an error that an answer in another form leads to.
        """
        if self._closed is not None:
            raise TokenModelError(self._closed)
        where = f"{self.host}{urllib.parse.urlsplit(self._url).path}{path}"
        asked = 1
        while isinstance(found := self._exchange(path, body), _Fault):
            why = self._why_not_again(found, asked)
            if why is not None:
                raise TokenModelError(f"{where} {found.message}{why}")
            wait = max(found.wait, _FIRST_WAIT * 2.0 ** min(asked - 1, _MOST_DOUBLED))
            time.sleep(min(wait, self._longest_wait))
            asked += 1
        try:
            return reader(found.value)
        except _MISREAD as reason:
            said = self.shown(repr(reason))[:_EXCERPT]
        raise TokenModelError(f"{where} answers in an unknown format: {said}")

    def _why_not_again(self, fault: _Fault, asked: int) -> str | None:
        """Return why a request is given up, or None to repeat it."""
        if not fault.passing:
            return ""
        if fault.wait > self._longest_wait:
            return f"; it asks to wait {fault.wait:.6g} s, longer than longest_wait={self._longest_wait:g}"
        if asked == self._tries:
            return (f", asked {asked} times" if asked > 1 else "") + "; ask for it again later"
        return None

    def _exchange(self, path: str, body: Mapping[str, Any] | None) -> _Answer | _Fault:
        """Make one request. The key is in nothing that is returned or raised."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key_from is not None:
            headers["Authorization"] = f"Bearer {self._key()}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, headers)
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                return self._answered(response)
        except (OSError, http.client.HTTPException, ValueError) as reason:
            return self._lost(reason)

    def _answered(self, response: Any) -> _Answer | _Fault:
        status, headers = response.status, response.headers
        if not 200 <= status < 300:
            try:
                said = self._excerpt(response.read(_EXCERPT * 4))
            except (OSError, http.client.HTTPException, ValueError):
                said = ""
            return self._refused(status, f"answers with status {status}: {said!r}", headers)
        coding = headers.get("Content-Encoding", "identity").strip().lower()
        if coding not in ("", "identity"):
            return _Fault(f"answers in the encoding {self.shown(coding)[:40]!r}, which it was not asked for", False)
        raw = read_whole(response)
        try:
            answer = json.loads(raw)
        except RecursionError:
            return _Fault("answers with JSON that is nested too deep to be read", False)
        except (json.JSONDecodeError, UnicodeDecodeError):
            return _Fault(f"answers what is no whole JSON: {self._excerpt(raw)!r}", passing=True)
        except ValueError:
            return _Fault("answers with a number of more digits than are read", False)
        error = _error_in(answer)
        if error is None and Secret(self._key()).repeated_in(raw):
            return _Fault(f"repeats the key in {self._key_from} in its answer, which is not handed on", False)
        if error is None:
            return _Answer(answer)
        said = self._excerpt(error if isinstance(error, str) else json.dumps(error))
        return self._refused(_status_of(error), f"answers with an error: {said!r}", headers)

    def _refused(self, status: int | None, message: str, headers: Any) -> _Fault:
        """Return the fault that an error means, by its status or its text."""
        if status == 401:  # servers repeat parts of a key here
            keys = f"the key in {self._key_from}" if self._key_from else "a question without a key; pass key_from="
            return _Fault(f"refuses {keys} (status {status})", passing=False)
        if status is not None and 300 <= status < 400:
            return _Fault(f"leads elsewhere (status {status}); pass the address it leads to", passing=False)
        passing = bool(_PASSING_WORDS.search(message)) if status is None else status in _PASSING
        return _Fault(message, passing and not _LASTING_WORDS.search(message), _wait(headers))

    def _lost(self, reason: Exception) -> _Fault:
        """Return the fault that a missing answer means."""
        cause = reason.reason if isinstance(reason, urllib.error.URLError) else reason
        if isinstance(cause, TimeoutError):
            return _Fault(f"does not answer within {self._timeout:g} s", passing=True)
        if isinstance(cause, TooLargeError):
            return _Fault(f"answers with more than {MOST_BYTES >> 20} MiB, the most that is read", passing=False)
        if isinstance(cause, http.client.IncompleteRead):
            return _Fault(f"breaks off its answer after {len(cause.partial)} bytes", passing=True)
        said = self.shown(f"{type(cause).__name__}: {cause}")[:_EXCERPT]
        if isinstance(cause, OSError):
            final = isinstance(cause, ssl.SSLCertVerificationError)
            return _Fault(f"cannot be reached: {said}", passing=not final)
        return _Fault(f"answers in what is no HTTP: {said}", passing=True)

    def _excerpt(self, said: str | bytes) -> str:
        """Return the beginning of an answer as it may appear in a message."""
        begins = said[: _EXCERPT * 8]
        text = self.shown(begins if isinstance(begins, str) else begins.decode("utf-8", errors="replace"))
        return text if len(text) <= _EXCERPT else text[:_EXCERPT] + "..."

    def _key(self) -> str:
        """Return the key, or the empty text if there is none."""
        if self._key_from is None:
            return ""
        key = os.environ.get(self._key_from, "").strip()
        if not key:
            raise ValueError(f"the environment has no {self._key_from}; put the key in it, or pass key_from=None")
        if not (key.isascii() and key.isprintable()):
            raise ValueError(f"the key in {self._key_from} has characters that a header cannot have")
        return key

    def __repr__(self) -> str:
        return f"JsonClient({self.host!r})"


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


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def _error_in(answer: Any) -> Any:
    """Return the error in an answer, if it holds one instead of the result."""
    if not isinstance(answer, dict):
        return None
    choices = answer.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    inside = first.get("error") if isinstance(first, dict) else None
    return answer.get("error") or inside or (answer if answer.get("object") == "error" else None)


def _status_of(error: Any) -> int | None:
    """Return the status that an error states in its body."""
    statuses = [str(error.get(name)) for name in ("code", "status")] if isinstance(error, dict) else []
    return next((int(each) for each in statuses if len(each) == 3 and each.isdecimal()), None)


def _wait(headers: Any) -> float:
    """Return how many seconds a server asks to wait; an unreadable value counts as 0."""
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        said = headers.get(name, "")
        try:
            seconds = float(said) * unit
        except ValueError:
            seconds = _seconds_until(said)
        if math.isfinite(seconds) and seconds > 0:
            return seconds
    return 0.0


def _seconds_until(date: str) -> float:
    try:
        return (parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, LookupError, ArithmeticError):
        return 0.0

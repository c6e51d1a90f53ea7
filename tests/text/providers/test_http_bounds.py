"""Whatever a server does, a question ends in time, takes a bounded memory, and is a TokenModelError."""

import gzip
import itertools
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import pytest
from helpers import for_each
from openai_stand_in import RawServer, answer

from empowerment.text import OpenAICompatible, TokenModelError, ask_each
from empowerment.text.providers.remote import http, transport
from empowerment.text.providers.remote.http import JsonClient

OK = b"HTTP/1.1 200 OK\r\n"
TIMEOUT = 0.4
# Ten times the timeout, since the machines that run tests are shared; the servers here go on for longer.
PATIENCE = 4.0


def drip(begin, part, pause=0.02):
    """Return what sends a beginning, and then parts of an answer without an end."""

    def serve(connection, head):
        connection.sendall(begin)
        until = time.monotonic() + 2 * PATIENCE
        while time.monotonic() < until:
            connection.sendall(part)
            time.sleep(pause)

    return serve


SLOW = {
    "status line": drip(b"HTTP/1.1 2", b"0"),
    "headers": drip(OK + b"X: ", b"y"),
    "one header after another": drip(OK, b"X: y\r\n"),
    "body": drip(OK + b"Content-Length: 1000\r\n\r\n", b" "),
    "body without a length": drip(OK + b"\r\n", b" "),
    "chunks": drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "length of a chunk": drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "trailers": drip(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
    "interim answers": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.0),
    "nothing": drip(b"", b""),
}


@for_each("part", SLOW)
def test_one_deadline_covers_all_of_an_answer(part):
    with RawServer(SLOW[part]) as server:
        started = time.monotonic()
        with pytest.raises(TokenModelError, match=rf"127.0.0.1:{server.port}/x (does not answer within|answers in)"):
            JsonClient(server.url, timeout=TIMEOUT, tries=1).ask("/x", {})
        assert time.monotonic() - started < PATIENCE


def test_the_deadline_covers_the_body_of_an_error_and_its_status_is_told():
    with RawServer(drip(b"HTTP/1.1 400 Bad\r\nContent-Length: 10000\r\n\r\n", b"x")) as server:
        started = time.monotonic()
        with pytest.raises(TokenModelError, match="answers with status 400"):
            JsonClient(server.url, timeout=TIMEOUT, tries=3).ask("/x", {})
        assert time.monotonic() - started < PATIENCE
        assert server.n_asked == 1


def test_the_deadline_covers_the_handshake_of_an_encrypted_connection():
    with RawServer(drip(b"", b"\x16\x03\x03\x40\x00", 0.05)) as server:
        started = time.monotonic()
        with pytest.raises(TokenModelError, match=r"cannot be reached|does not answer within"):
            JsonClient(f"https://127.0.0.1:{server.port}", timeout=TIMEOUT, tries=1).ask("/x", {})
        assert time.monotonic() - started < PATIENCE


def test_the_addresses_of_a_host_share_the_time(monkeypatch):
    """Two addresses that swallow what is sent to them, and one that answers."""
    tried = []

    def connect(address, timeout, source):
        tried.append(timeout)
        if len(tried) < 3:
            time.sleep(min(timeout, 0.05))
            raise TimeoutError
        return genuine(address, timeout, source)

    with RawServer(lambda connection, head: connection.sendall(answer({}))) as server:
        told = [(2, 1, 6, "", (host, server.port)) for host in ("192.0.2.1", "192.0.2.2", "127.0.0.1")]
        genuine = transport.socket.create_connection
        monkeypatch.setattr(transport.socket, "getaddrinfo", lambda *args, **options: told)
        monkeypatch.setattr(transport.socket, "create_connection", connect)
        try:
            assert JsonClient(server.url, timeout=6.0, tries=1).ask("/x") == {}
        finally:
            monkeypatch.undo()
    assert len(tried) == 3
    assert tried[0] <= 2.0


@for_each(
    "head",
    [b"Content-Length: 999999999999999\r\n\r\n", b"\r\n", b"Transfer-Encoding: chunked\r\n\r\n"],
    ids=["announced", "without a length", "chunked"],
)
def test_an_answer_that_is_too_large_is_read_no_further(head, monkeypatch):
    monkeypatch.setattr(transport, "MOST_BYTES", 1 << 20)
    sent = []

    def serve(connection, _):
        connection.sendall(OK + head)
        part = b" " * (1 << 16)
        for _ in range(200):
            connection.sendall(b"10000\r\n" + part + b"\r\n" if b"chunked" in head else part)
            sent.append(len(part))

    with RawServer(serve) as server:
        with pytest.raises(TokenModelError, match="answers with more than 64 MiB, the most that is read"):
            JsonClient(server.url, timeout=20, tries=3).ask("/x", {})
        assert server.n_asked == 1
    assert sum(sent) < 13 << 20  # what is under way in the system comes on top


@for_each("coding", ["gzip", "deflate", "br", "GZIP"])
def test_what_is_compressed_is_not_unpacked(coding):
    bomb = gzip.compress(bytes(1 << 20))
    with RawServer(lambda c, _: c.sendall(answer(bomb, headers=[f"Content-Encoding: {coding}"]))) as server:
        with pytest.raises(TokenModelError, match=f"in the encoding '{coding.lower()}', which it was not asked for"):
            JsonClient(server.url, timeout=20, tries=3).ask("/x", {})
        assert server.n_asked == 1


MALFORMED = {
    "lists in lists": (b"[" * 200_000 + b"]" * 200_000, "nested too deep"),
    "tables in tables": (b'{"choices":' * 50_000 + b"1" + b"}" * 50_000, "nested too deep"),
    "no UTF-8": (b'{"choices":[{"text":"\xff\xfe"}]}', "no whole JSON"),
    "nothing": (b"", "no whole JSON"),
    "a page": (b"<html>Sign in</html>", "no whole JSON: '<html>Sign in"),
    "too many headers": (b"".join(b"A%d: b\r\n" % i for i in range(500)), "no HTTP"),
    "a long header": (b"A: " + b"b" * 200_000, "no HTTP"),
    "no status": (b"GARBAGE", "no HTTP: BadStatusLine"),
}


@for_each("kind", MALFORMED)
def test_what_is_no_answer_is_said(kind):
    raw, message = MALFORMED[kind]
    whole = raw + b"\r\n\r\n" if kind == "no status" else OK + raw + b"\r\n\r\n" if "header" in kind else answer(raw)
    with RawServer(lambda connection, _: connection.sendall(whole)) as server:
        with pytest.raises(TokenModelError, match=rf"127.0.0.1:{server.port}/x .*{message}"):
            JsonClient(server.url, timeout=20, tries=2).ask("/x", {})
        assert server.n_asked == (1 if "deep" in message else 2)


def test_numbers_of_many_digits_are_read_or_refused():
    body = b'{"a": %s, "b": %s}' % (b"1" + b"0" * 30, b"9" * 400)
    with RawServer(lambda connection, _: connection.sendall(answer(body))) as server:
        assert JsonClient(server.url, timeout=20).ask("/x") == {"a": 10**30, "b": 10**400 - 1}
    with RawServer(lambda connection, _: connection.sendall(answer(b'{"a": %s}' % (b"9" * 5000)))) as server:
        with pytest.raises(TokenModelError, match="a number of more digits than are read"):
            JsonClient(server.url, timeout=20, tries=3).ask("/x")
        assert server.n_asked == 1


WAITS = [
    ({}, 0),
    ({"Retry-After": "2"}, 2),
    ({"Retry-After": "0.5"}, 0.5),
    *[
        ({"Retry-After": each}, 0)
        for each in ("nan", "inf", "-inf", "-5", "1e999", "soon", "", "Mon, 99 Foo 9 9:9:9")
    ],
    ({"Retry-After": "Mon, 01 Jan 2020 00:00:00 GMT"}, 0),
    ({"Retry-After": "Mon, 01 Jan 2020 00:00:00 -0000"}, 0),
    ({"Retry-After": "Mon, 01 Jan 99999 00:00:00 GMT"}, 0),
    ({"retry-after-ms": "1500"}, 1.5),
    ({"retry-after-ms": "1500", "Retry-After": "60"}, 1.5),
    ({"retry-after-ms": "nan", "Retry-After": "3"}, 3),
    ({"Retry-After": "1e300"}, 1e300),
]


def test_what_a_server_says_of_waiting_is_read_or_counts_as_nothing():
    for headers, seconds in WAITS:
        lower = {name.lower(): value for name, value in headers.items()}
        assert http._wait(lower) == pytest.approx(seconds), headers
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1))
    assert http._wait({"retry-after": in_an_hour}) == pytest.approx(3600, abs=600)


@for_each("value", ["nan", "-5", "1e-9", "Mon, 01 Jan 99999 00:00:00 GMT"])
def test_a_question_is_asked_again_whatever_the_header_says(value):
    answers = iter([answer({}, status="429 No", headers=[f"Retry-After: {value}"]), answer({"a": 1})])
    with RawServer(lambda connection, _: connection.sendall(next(answers))) as server:
        assert JsonClient(server.url, timeout=20, tries=2).ask("/x", {}) == {"a": 1}


def test_a_wait_without_measure_is_said():
    with RawServer(lambda c, _: c.sendall(answer({}, status="429 No", headers=["Retry-After: 1e300"]))) as server:
        with pytest.raises(TokenModelError, match=r"it asks to wait 1e\+300 s, longer than longest_wait=60"):
            JsonClient(server.url, timeout=20).ask("/x", {})
        assert server.n_asked == 1


def test_patience_without_measure_is_patience_of_a_year(monkeypatch):
    slept = []
    # The client's own clock alone: servers of other tests may still be sleeping between the parts of an answer.
    monkeypatch.setattr(http, "time", SimpleNamespace(sleep=slept.append))
    answers = itertools.chain([answer({}, status="500 No")] * 1100, [answer({"a": 1})])
    with RawServer(lambda connection, _: connection.sendall(next(answers))) as server:
        client = JsonClient(server.url, timeout=1e308, tries=10**9, longest_wait=1e308)
        assert client.ask("/x", {}) == {"a": 1}
    assert max(slept) <= 366 * 86400


# An error in the body of an answer, and whether to ask again.
ERRORS = [
    ({"error": {"message": "busy", "code": 429}}, True),
    ({"error": {"message": "no", "code": "503"}}, True),
    ({"error": {"message": "no", "type": "rate_limit_error"}}, True),
    ({"error": {"message": "no", "code": "server_error"}}, True),
    ({"error": "The model is overloaded, try again later"}, True),
    ({"choices": [{"error": {"code": 502, "message": "upstream"}, "finish_reason": "error"}]}, True),
    ({"object": "error", "message": "too many", "code": 429}, True),
    ({"error": {"message": "no such model", "code": 404}}, False),
    ({"error": {"message": "no", "code": "invalid_request_error"}}, False),
    ({"error": {"message": "rate limit", "code": "insufficient_quota"}}, False),
    ({"error": {"message": "bad key", "code": 401}}, False),
    ({"error": {"message": "no", "code": 10**30}}, False),
    ({"error": ["no"]}, False),
]


def test_an_error_in_the_body_counts_as_what_it_says():
    for error, passing in ERRORS:
        answers = iter([answer(error), answer({"choices": [{"text": "hi"}]})])
        with RawServer(lambda connection, _, answers=answers: connection.sendall(next(answers))) as server:
            model = OpenAICompatible(server.url, "fox", reports="nothing", requests={"timeout": 20, "tries": 2})
            found = ask_each(lambda prompt, model=model: model.sample(prompt, 1), ["x"])
            assert bool(found.found) is passing, error
            assert server.n_asked == 1 + passing
            for reason in found.failures.values():
                assert f"127.0.0.1:{server.port}" in str(reason)

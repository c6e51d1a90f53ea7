"""Questions over HTTP: faults are overcome or reported, and a key is in no message."""

import pickle
import time

import pytest
from helpers import for_each
from openai_stand_in import StandIn

from empowerment.text import TokenModelError
from empowerment.text.providers.remote.http import JsonClient

KEY = "sk-very-secret-0123456789"
# What passes when it is asked again, and what is said where it does not.
PASSING = {
    "500": 'answers with status 500: \'{"error": "out of luck"}\', asked 2 times',
    "429": "answers with status 429",
    "429_date": "answers with status 429",
    "truncated": "answers what is no whole JSON",
    "broken_off": "breaks off its answer after",
    "reset": "cannot be reached: ConnectionResetError",
    "slow": "does not answer within 1 s",
    "dripping": "does not answer within 1 s",
}


def echo(path, body):
    return {"path": path, "body": body}


def first_time(fault):
    """Return a fault that passes after it has come once."""
    left = [fault]
    return lambda body: left.pop() if left else None


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("TEST_KEY", f" {KEY}\n")
    return KEY


def client(server, **options):
    return JsonClient(server.url, **{"timeout": 1, "tries": 2} | options)


def test_what_is_asked_is_posted_and_answered():
    with StandIn(echo) as server:
        asking = client(server)
        assert asking.ask("/v1/x", {"a": [1, "é"]}) == {"path": "/v1/x", "body": {"a": [1, "é"]}}
        assert asking.ask("/props") == {"path": "/props", "body": None}
        assert "Authorization" not in server.headers[0]


@for_each("fault", PASSING)
def test_what_passes_is_asked_again(fault):
    with StandIn(echo, first_time(fault)) as server:
        assert client(server).ask("/x", {})["path"] == "/x"
        assert len(server.asked) == 2


@for_each(("fault", "message"), PASSING.items())
def test_what_does_not_pass_is_said(fault, message, key):
    with StandIn(echo, lambda body: fault) as server:
        with pytest.raises(TokenModelError) as raised:
            client(server, key_from="TEST_KEY").ask("/x", {})
        assert message in str(raised.value)
        assert "asked 2 times" in str(raised.value)
        assert key not in str(raised.value)
        assert len(server.asked) == 2


def test_a_server_that_is_not_there_is_said():
    with StandIn(echo) as server:
        asking = client(server, tries=1)
    with pytest.raises(TokenModelError, match=r"127\.0\.0\.1:\d+/x cannot be reached: .*; ask for it again later"):
        asking.ask("/x")


def test_the_server_says_how_long_to_wait():
    with StandIn(echo, first_time("429")) as server:
        started = time.perf_counter()
        client(server, longest_wait=0.05).ask("/x", {})
        assert time.perf_counter() - started >= 0.05
    with StandIn(echo, lambda body: "429_long") as server:
        with pytest.raises(TokenModelError, match="it asks to wait 3600 s, longer than longest_wait=60"):
            client(server).ask("/x", {})
        assert len(server.asked) == 1


@for_each("fault", ["quota", "redirect", "repeats_the_key", "repeats_the_key_400"])
def test_what_will_not_pass_is_not_asked_again(fault, key):
    with StandIn(echo, lambda body: fault) as server:
        with pytest.raises(TokenModelError) as raised:
            client(server, key_from="TEST_KEY").ask("/x", {})
        assert len(server.asked) == 1
        assert server.headers[0]["Authorization"] == f"Bearer {key}"
        assert key not in str(raised.value)
        assert raised.value.__context__ is None


def test_a_key_is_asked_for_where_one_is_wanted():
    with (
        StandIn(echo, lambda body: "repeats_the_key") as server,
        pytest.raises(TokenModelError, match=r"refuses a question without a key; pass key_from= \(status 401\)"),
    ):
        client(server).ask("/x", {})


def test_the_key_is_in_nothing_that_is_kept_or_shown(key):
    asking = JsonClient("http://127.0.0.1:1", key_from="TEST_KEY")
    assert key not in repr(asking)
    assert all(key not in repr(value) for value in vars(asking).values())
    asking._opener = None  # urllib's openers hold locks
    assert key.encode() not in pickle.dumps(asking)


@for_each(
    ("value", "message"),
    [("", "the environment has no TEST_KEY"), ("two\nlines", "the key in TEST_KEY has characters that a header")],
)
def test_keys_that_are_none_are_refused_without_being_shown(value, message, monkeypatch):
    monkeypatch.setenv("TEST_KEY", value)
    with pytest.raises(ValueError, match=message) as raised:
        JsonClient("http://127.0.0.1:1", key_from="TEST_KEY")
    assert "two" not in str(raised.value)


def test_a_key_in_the_place_of_its_name_is_not_shown():
    with pytest.raises(ValueError, match="key_from is no name of an environment variable") as raised:
        JsonClient("http://127.0.0.1:1", key_from=KEY)
    assert KEY not in str(raised.value)


@for_each("url", ["", "example.org", "ftp://example.org", "http://", "http://host:x", None])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValueError, match="the url is no address, expected one such as"):
        JsonClient(url)


@for_each("url", [f"https://me:{KEY}@host/v1", f"https://host/v1?key={KEY}", f"https://host/#{KEY}"])
def test_addresses_with_a_secret_in_them_are_refused(url):
    with pytest.raises(ValueError, match="name a key by key_from=") as raised:
        JsonClient(url)
    assert KEY not in str(raised.value)


@for_each("options", [{"timeout": 0}, {"tries": 0}, {"longest_wait": -1}])
def test_impossible_patience_is_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        JsonClient("http://127.0.0.1:1", **options)


def test_a_closed_client_says_why():
    asking = JsonClient("http://127.0.0.1:1")
    asking.close("the model is gone")
    with pytest.raises(TokenModelError, match="the model is gone"):
        asking.ask("/x")

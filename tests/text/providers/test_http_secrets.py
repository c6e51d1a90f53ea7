"""A key is in nothing that leaves a client, in whatever form a server repeats it."""

import base64
import html
import json
import logging
import pickle
import traceback
import urllib.parse

import pytest
from helpers import for_each
from openai_stand_in import RawServer, answer

from empowerment.text import OpenAICompatible, Recorded, TokenModelError, ask_each
from empowerment.text.providers.remote.http import JsonClient
from empowerment.text.providers.remote.secrets import Secret

KEY = "sk-J7vQm2Zp-0x4Rt9bXk1LwYc/+Hd8Nf3"
# What a server may make of a key. Parts have at least four letters or digits.
FORMS = {
    "plain": KEY,
    "first part": KEY[:12],
    "last part": KEY[-8:],
    "both ends": f"{KEY[:7]}...{KEY[-6:]}",
    "upper case": KEY.upper(),
    "lower case": KEY.lower(),
    "in a URL": urllib.parse.quote(KEY, safe=""),
    "in a URL, each sign": "".join(f"%{ord(sign):02X}" for sign in KEY),
    "in a URL, twice": urllib.parse.quote(urllib.parse.quote(KEY, safe=""), safe=""),
    "escaped in JSON": "".join(f"\\u{ord(sign):04x}" for sign in KEY),
    "escaped in JSON, twice": "".join(f"\\\\u{ord(sign):04X}" for sign in KEY),
    "escaped in Python": "".join(f"\\x{ord(sign):02x}" for sign in KEY),
    "escaped in HTML": "".join(f"&#{ord(sign)};" for sign in KEY),
    "escaped in HTML, where needed": html.escape(KEY),
    "spaced": " ".join(KEY),
    "over lines": "\n".join(KEY[i : i + 5] for i in range(0, len(KEY), 5)),
    "backwards": KEY[::-1],
    "hexadecimal": KEY.encode().hex(),
    **{f"base64 after {n}": base64.b64encode(b"a" * n + KEY.encode() + b"b" * n).decode() for n in range(4)},
    "base64 of the header": base64.b64encode(f"Bearer {KEY}".encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(KEY.encode()).decode(),
    "many times": KEY * 60,
}
# Where it puts that.
PLACES = {
    "an error": lambda said: answer({"error": f"bad key {said}!"}, status="400 Bad"),
    "a raw error": lambda said: answer(f"bad key {said}!".encode(), status="403 No"),
    "an error that passes": lambda said: answer({"error": {"message": said}}, status="503 No"),
    "an error in the body": lambda said: answer({"error": {"message": said, "code": 400}}),
    "the reason": lambda said: answer({}, status=f"400 {said!a}".replace("\n", " ")),
    "a status line": lambda said: f"BAD {said!a}\r\n\r\n".encode(),
    "a header": lambda said: answer({}, status="400 Bad", headers=[f"X-Key: {said!a}"]),
    "a redirect": lambda said: answer({}, status="307 Go", headers=[f"Location: http://127.0.0.1:9/{said!a}"]),
    "an encoding": lambda said: answer({}, headers=[f"Content-Encoding: {said!a}"]),
    "a time to wait": lambda said: answer({}, status="429 Wait", headers=[f"Retry-After: {said!a}"]),
    "a page": lambda said: answer(f"<html>{said}".encode()),
    "an answer without choices": lambda said: answer({"choices": [], "said": said}),
    "a log-probability": lambda said: answer(
        {"choices": [{"text": "a", "logprobs": {"tokens": ["a"], "token_logprobs": [said]}}]}
    ),
    "a field": lambda said: answer({"choices": [{"text": 5, said: said}]}),
}


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("FOX_KEY", KEY)


def letters(text):
    return "".join(sign for sign in text.lower() if sign.isalnum())


def holds_part(text, of, length):
    whole, said = letters(of), letters(text)
    return any(whole[i : i + length] in said for i in range(len(whole) - length + 1))


def leaks(text):
    """Return whether a text has six letters of the key, or nine of one of its encodings."""
    encoded = [KEY.encode().hex(), *(base64.b64encode(b"a" * n + KEY.encode()).decode()[6:] for n in range(3))]
    unescaped = html.unescape(urllib.parse.unquote(urllib.parse.unquote(text)))
    text = text.replace("\\u00", "").replace("\\x", "")
    return any(holds_part(each, KEY, 6) or holds_part(each, KEY[::-1], 6) for each in (text, unescaped)) or any(
        holds_part(text, each, 9) for each in encoded
    )


def test_the_test_would_see_a_key():
    assert all(leaks(said) for said in FORMS.values())
    assert not leaks("127.0.0.1:8080/v1/completions answers with status 400: 'bad key ***!'")


def test_a_key_is_hidden_in_every_form_and_nothing_else_is():
    for name, said in FORMS.items():
        shown = Secret(KEY).hidden(f"bad key <{said}> here")
        assert not leaks(shown), (name, shown)
        assert shown.startswith("bad key <"), name
        assert shown.endswith("> here"), name
    assert Secret(KEY).hidden("model 'fox-7b' was not found (request 20261130)") == (
        "model 'fox-7b' was not found (request 20261130)"
    )
    assert Secret("").hidden("nothing to hide") == "nothing to hide"
    assert Secret("--").hidden("a -- b") == "a *** b"


def caught(call):
    with pytest.raises(TokenModelError) as raised:
        call()
    return raised.value


@for_each("place", PLACES)
def test_a_key_is_in_no_error(place, caplog):
    said = ""
    with caplog.at_level(logging.DEBUG), RawServer(lambda c, head: c.sendall(PLACES[place](said))) as server:
        patience = {"timeout": 20, "tries": 2, "longest_wait": 0.01}
        model = OpenAICompatible(server.url, "fox", key_from="FOX_KEY", requests=patience)
        for name, form in FORMS.items():
            said = form
            error = caught(lambda: list(model.step("x")))
            shown = [str(error), repr(error), "".join(traceback.format_exception(error))]
            # Where dask is loaded, tracebacks and contexts are pickled too, which nobody is shown.
            assert error.__context__ is error.__cause__ is None, name
            shown.append(repr(pickle.dumps(error.with_traceback(None))))
            for told in [*shown, repr(model), repr(vars(model)), caplog.text]:
                assert not leaks(told), (name, told)
            assert f"127.0.0.1:{server.port}" in str(error)


def test_no_question_that_failed_keeps_the_key_of_its_header():
    with RawServer(lambda connection, head: connection.sendall(answer({}, status="500 No"))) as server:
        error = caught(lambda: JsonClient(server.url, key_from="FOX_KEY", timeout=20, tries=1).ask("/x", {}))
    assert error.__context__ is error.__cause__ is None
    frames = [frame.f_locals for frame, _ in traceback.walk_tb(error.__traceback__) if "error" not in frame.f_locals]
    assert all(KEY not in repr(value) for each in frames for value in each.values())


@for_each("form", ["plain", "upper case", "backwards", "hexadecimal", "base64 after 1", "first part"])
def test_a_key_is_in_no_recording(form, tmp_path):
    """An answer that repeats it, as a text or in pieces, is not handed on."""
    said = FORMS[form] if form != "first part" else KEY[:24]
    text = {"choices": [{"text": f"the key is {said}", "finish_reason": "stop"}]}
    tokens = [said[i : i + 3] for i in range(0, len(said), 3)]
    pieces = {"choices": [{"logprobs": {"tokens": tokens, "token_logprobs": [-0.5] * len(tokens)}}]}
    path = tmp_path / "fox.jsonl"
    for body, ask in ((text, lambda m, p: m.sample(p, 1)), (pieces, lambda m, p: list(m.step(p, 100)))):
        with RawServer(lambda connection, head, body=body: connection.sendall(answer(body))) as server:
            patience = {"timeout": 20, "tries": 1}
            model = OpenAICompatible(server.url, "fox", key_from="FOX_KEY", requests=patience, name="fox")
            with Recorded(path, model) as recorded:
                found = ask_each(lambda prompt, ask=ask, recorded=recorded: ask(recorded, prompt), ["x"])
        (reason,) = found.failures.values()
        assert "repeats the key" in str(reason)
        assert not leaks(path.read_text() + str(reason))


def test_what_is_no_secret_may_occur_in_an_answer(monkeypatch):
    """Servers in the house take any word for a key."""
    monkeypatch.setenv("FOX_KEY", "EMPTY")
    body = {"choices": [{"text": "an empty cup", "finish_reason": "stop"}]}
    with RawServer(lambda connection, head: connection.sendall(answer(body))) as server:
        assert OpenAICompatible(server.url, "fox", reports="nothing", key_from="FOX_KEY").sample("x", 1) == [
            "an empty cup"
        ]


def test_a_key_in_a_large_answer_is_found_soon():
    body = json.dumps({"choices": [{"text": "a" * 5_000_000 + KEY.upper()}]}).encode()
    with RawServer(lambda connection, head: connection.sendall(answer(body))) as server:
        model = OpenAICompatible(server.url, "fox", reports="nothing", key_from="FOX_KEY", requests={"tries": 1})
        assert "repeats the key" in str(caught(lambda: model.sample("x", 1)))

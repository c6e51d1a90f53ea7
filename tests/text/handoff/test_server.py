"""The server: what editors send is answered as the rule selects, and nothing that is sent brings it down."""

import asyncio
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from helpers import for_each

from empowerment.text import Costs, Position, Provider, Stop, TableModel, Threshold, Tier, TokenModelError, complete
from empowerment.text.handoff.server.limits import Limits
from empowerment.text.handoff.server.stops import StopTexts

pytest.importorskip("starlette")
uvicorn = pytest.importorskip("uvicorn")

from empowerment.text.handoff.server.app import make_app  # noqa: E402
from empowerment.text.handoff.server.service import Service  # noqa: E402

TABLE = {
    "": {"def": 0.5, "if": 0.5},
    "def": {" f": 0.9, " g": 0.1},
    " f": {"(": 0.95, "é": 0.05},
    "(": {"):": 0.95, "é": 0.05},
    "):": {"\n": 1.0},
    "\n": {"    ": 0.6, "if": 0.4},
}
RULE = Threshold.bits(1)


class Slow(Provider):
    """A model that takes its time for each token, counts them, and sees when it is told to stop."""

    tier, name, vocabulary_size = Tier.STEP, "slow", 10

    def __init__(self, seconds=0.0, p=0.99):
        self.seconds, self.p, self.written, self.closed = seconds, p, 0, 0

    def step(self, prefix, max_tokens=1, *, top=20, temperature=0.0, seed=None):
        try:
            for i in range(max_tokens):
                time.sleep(self.seconds)
                self.written += 1
                logs = np.log([self.p, 1 - self.p])
                yield Position(
                    (b"x ", b"y "), logs, vocabulary_size=2, token=b"x ", chosen=0, span=(2 * i, 2 * i + 2)
                )
        finally:
            self.closed += 1


@contextlib.contextmanager
def serving(model, rule=RULE, **options):
    """Serve in a thread, at a port that is free."""
    service = Service(model, rule, **options)
    server = uvicorn.Server(uvicorn.Config(make_app(service), log_level="error", timeout_graceful_shutdown=2))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def ask(port, path, body=None, headers=None, method=None):
    """Return the status and the JSON of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    with contextlib.closing(connection):
        connection.request(method or ("GET" if body is None else "POST"), path, content, headers or {})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def events(port, path, body):
    """Return the events of a stream, as an independent reader of server-sent events finds them."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        connection.request("POST", path, json.dumps(body | {"stream": True}).encode())
        answer = connection.getresponse()
        assert answer.getheader("content-type").startswith("text/event-stream")
        raw = answer.read().decode()
    return [event.removeprefix("data: ") for event in re.split(r"\n\n", raw) if event]


def test_the_answer_is_that_of_complete_with_and_without_a_stream():
    model = TableModel(TABLE)
    wanted = complete(model, "def", RULE).run()
    with serving(model) as port:
        status, answer = ask(port, "/v1/completions", {"prompt": "def", "logprobs": 2})
        assert (status, answer["choices"][0]["text"]) == (200, wanted.text)
        assert answer["choices"][0]["finish_reason"] == "stop"
        told = answer["handoff"]
        assert (told["status"], told["n_tokens"]) == ("HAND_OVER", wanted.value)
        assert told["next_entropy_bits"] == list(wanted.next_entropy)
        assert told["next_surprisal_bits"] == list(wanted.next_surprisal)
        logs = answer["choices"][0]["logprobs"]
        assert logs["tokens"] == [" f", "(", "):", "\n"]
        assert logs["text_offset"] == [0, 2, 3, 5]
        assert np.exp(logs["token_logprobs"]) == pytest.approx([0.9, 0.95, 0.95, 1.0])
        assert logs["top_logprobs"][0] == pytest.approx({" f": np.log(0.9), " g": np.log(0.1)})
        *chunks, last = events(port, "/v1/completions", {"prompt": "def"})
        assert last == "[DONE]"
        chunks = [json.loads(chunk) for chunk in chunks]
        assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == wanted.text
        assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
        assert chunks[-1]["handoff"]["status"] == "HAND_OVER"
        infill = ask(port, "/infill", {"input_prefix": "d", "prompt": "ef", "input_suffix": "", "n_predict": 64})[1]
        assert (infill["content"], infill["stop"], infill["tokens_predicted"]) == (wanted.text, True, wanted.value)
        chunks = [json.loads(event) for event in events(port, "/infill", {"input_prefix": "def"})]
        assert "".join(chunk["content"] for chunk in chunks) == wanted.text
        assert [chunk["stop"] for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
        assert ask(port, "/v1/models")[1]["data"][0]["id"] == model.name
        assert ask(port, "/health") == (200, {"status": "ok"})


def test_a_request_may_name_its_rule_length_and_stop_texts():
    with serving(TableModel(TABLE)) as port:

        def text(**body):
            answer = ask(port, "/v1/completions", {"prompt": "def", **body})[1]
            return answer["choices"][0]["text"], answer["choices"][0]["finish_reason"], answer["handoff"]

        assert text(prompt=["def"])[:2] == text()[:2]
        assert text(handoff={"probability": 0.9})[0] == " f"
        assert text(handoff={"eta_bits": 0.2, "gate": "entropy"})[0] == ""
        assert text(handoff={"costs": [0.1, 0.5]})[2]["method"] == "cost-optimal"
        assert text(max_tokens=2)[:2] == (" f(", "length")
        assert text(max_tokens=0)[:2] == ("", "length")
        assert text(stop=":")[:2] == (" f()", "stop")
        assert text(stop=["nothing", "f("])[0] == " "
        assert text(stop=["f(", "):"])[2]["status"] == "STOP_TEXT"
        notes = text(temperature=0.2, suffix="end", max_tokens=10**6, colour=1)[2]["notes"]
        assert [note.partition(":")[0] for note in notes] == ["temperature", "colour", "max_tokens", "suffix"]


def test_both_sides_of_the_cursor_are_read_by_a_template():
    class Told(Slow):
        def step(self, prefix, *args, **options):
            self.prefix = prefix
            yield from super().step(prefix, *args, **options)

    model = Told()
    with serving(model, fim="<S>{suffix}<P>{prefix}<M>") as port:
        body = {"prompt": "a{suffix}", "suffix": "b{prefix}", "max_tokens": 1}
        assert ask(port, "/v1/completions", body)[1]["handoff"]["notes"] == []
        assert model.prefix == "<S>b{prefix}<P>a{suffix}<M>"
    with pytest.raises(ValueError, match="expected a template"):
        Service(model, RULE, fim="{prefix}")


BAD = [
    (b"{", "no JSON"),
    (b"[" * 100_000, "no JSON"),
    (b"\xff", "no JSON"),
    (b"[1]", "expected a JSON object"),
    ({}, "prompt is None"),
    ({"prompt": [1, 2]}, "expected one text"),
    ({"prompt": ["a", "b"]}, "expected one text"),
    ({"prompt": "a", "max_tokens": 1.5}, "max_tokens is 1.5"),
    ({"prompt": "a", "max_tokens": True}, "max_tokens is True"),
    ({"prompt": "a", "max_tokens": 10**400}, "max_tokens is"),
    ({"prompt": "a", "stop": [1]}, "stop is [1]"),
    ({"prompt": "a", "stream": "yes"}, "expected true or false"),
    ({"prompt": "a", "logprobs": 1000}, "logprobs is 1000"),
    ({"prompt": "a", "n": 3}, "n is 3, expected 1"),
    ({"prompt": "a", "echo": True}, "echo is True, expected false"),
    ({"prompt": "a", "suffix": 1}, "suffix is 1"),
    ({"prompt": "a", "handoff": 3}, "handoff is 3, expected an object"),
    ({"prompt": "a", "handoff": {"eta": 1}}, "expected one of eta_bits, probability, costs"),
    ({"prompt": "a", "handoff": {"eta_bits": -1}}, "amount is -1"),
    ({"prompt": "a", "handoff": {"eta_bits": 1, "costs": [1, 2]}}, "expected one of"),
    ({"prompt": "a", "handoff": {"costs": 3}}, "handoff:"),
    ({"prompt": "a", "handoff": {"gate": "mean"}}, "gate is 'mean'"),
    (b'{"prompt": "\\ud800"}', "half of a surrogate pair"),
]


def test_wrong_requests_get_a_sentence_and_harm_nobody():
    with serving(TableModel(TABLE)) as port:
        for body, message in BAD:
            status, answer = ask(port, "/v1/completions", body)
            assert status == 400, body
            assert message in answer["error"]["message"]
        assert ask(port, "/v1/nothing")[0] == 404
        assert ask(port, "/v1/completions")[0] == 405
        assert ask(port, "/v1/completions", {"prompt": "def"})[0] == 200


def test_a_body_of_ten_megabytes_is_refused():
    with serving(TableModel(TABLE)) as port:
        status, answer = ask(port, "/v1/completions", {"prompt": "a" * 10_000_000})
        assert (status, "limit" in answer["error"]["message"]) == (413, True)
        assert ask(port, "/v1/completions", {"prompt": "def"})[0] == 200


def test_the_key_the_name_and_the_origin_are_checked():
    with serving(TableModel(TABLE), key="secret") as port:
        for sent in (
            {},
            {"Authorization": "Bearer wrong"},
            {"Authorization": "secret"},
            {"Authorization": "Bearer é"},
        ):
            status, answer = ask(port, "/v1/models", headers=sent)
            assert status == 401
            assert "secret" not in json.dumps(answer)
        assert ask(port, "/v1/models", headers={"Authorization": "Bearer secret"})[0] == 200
    with serving(TableModel(TABLE)) as port:
        assert ask(port, "/health", headers={"Host": "example.org"})[0] == 403
        assert ask(port, "/health", headers={"Origin": "https://example.org"})[0] == 403
        assert ask(port, "/health", headers={"Host": "localhost:1", "Origin": "http://localhost:8888"})[0] == 200


def test_a_model_that_fails_is_told_and_the_next_request_is_answered():
    class Failing(Slow):
        def step(self, prefix, *args, **options):
            if prefix == "fail":
                raise TokenModelError("the model has no answer")
            if prefix == "break":
                raise KeyError("unexpected")
            yield from super().step(prefix, *args, **options)

    with serving(Failing()) as port:
        assert ask(port, "/v1/completions", {"prompt": "fail"})[0] == 502
        assert "KeyError" in ask(port, "/v1/completions", {"prompt": "break"})[1]["error"]["message"]
        assert ask(port, "/v1/completions", {"prompt": "fail", "stream": True})[0] == 502
        assert ask(port, "/v1/completions", {"prompt": "a", "max_tokens": 2})[1]["choices"][0]["text"] == "x x "


def test_time_is_bounded():
    model = Slow(0.05)
    with serving(model, Threshold.bits(9), limits=Limits(seconds=0.3)) as port:
        began = time.monotonic()
        assert ask(port, "/v1/completions", {"prompt": "a", "max_tokens": 200})[0] == 504
        assert time.monotonic() - began < 5
        last = json.loads(events(port, "/v1/completions", {"prompt": "a", "max_tokens": 200})[-1])
        assert "time" in last["error"]["message"]


def test_a_body_that_does_not_arrive_is_not_waited_for():
    with serving(TableModel(TABLE), limits=Limits(seconds=0.2)) as port:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            connection.putrequest("POST", "/v1/completions")
            connection.putheader("Content-Length", "1000")
            connection.endheaders(b"{")
            answer = connection.getresponse()
            assert answer.status == 408
            assert "did not arrive in time" in json.loads(answer.read())["error"]["message"]
        assert ask(port, "/v1/completions", {"prompt": "def"})[0] == 200


def test_whoever_hangs_up_or_is_overtaken_is_given_up():
    model = Slow(0.02)
    with serving(model, Threshold.bits(90), limits=Limits(tokens=2000)) as port:
        body = json.dumps({"prompt": "a", "max_tokens": 2000, "user": "me"}).encode()
        for stream in (b"", b"s"):
            request = body if not stream else body.replace(b'"user"', b'"stream": true, "user"')
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("POST", "/v1/completions", request)
            if stream:
                connection.getresponse().fp.readline()
            before = model.closed
            time.sleep(0.2)
            connection.close()
            _until(lambda before=before: model.closed > before)
        answers = []
        first = threading.Thread(target=lambda: answers.append(ask(port, "/v1/completions", body)))
        first.start()
        written = model.written
        _until(lambda: model.written > written)
        assert ask(port, "/v1/completions", {"prompt": "a", "max_tokens": 1, "user": "me"})[0] == 200
        first.join(10)
        assert answers[0][0] == 499
        assert "overtaken" in answers[0][1]["error"]["message"]


def _until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_two_hundred_requests_with_disconnects_and_a_client_that_never_reads():
    """All are answered or refused, the queue is bounded, and afterwards the next one is answered at once."""
    import resource

    model = Slow(0.001)
    with serving(model, Threshold.bits(90), limits=Limits(waiting=8, seconds=20)) as port:
        lazy = [_raw(port, {"prompt": "a", "max_tokens": 200, "stream": True}) for _ in range(3)]  # never read
        statuses, lock = [], threading.Lock()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        def one(number):
            kind = number % 4
            if kind == 0:  # asks and hangs up
                _raw(port, {"prompt": "a", "max_tokens": 200, "stream": bool(number % 8)}).close()
                return
            if kind == 1:  # hangs up in the middle of its body
                with socket.create_connection(("127.0.0.1", port)) as sock:
                    sock.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{")
                return
            body = b"{" if kind == 2 else {"prompt": "a", "max_tokens": 3}
            status = ask(port, "/v1/completions", body)[0]
            with lock:
                statuses.append(status)

        threads = [threading.Thread(target=one, args=(number,)) for number in range(200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads)
        assert len(statuses) == 100
        assert statuses.count(400) == 50
        assert set(statuses) <= {200, 400, 503}
        assert statuses.count(200) >= 1
        assert (
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000
        )  # in kB: most of it are the threads
        _until(lambda: ask(port, "/v1/completions", {"prompt": "a", "max_tokens": 3})[0] == 200)
        for sock in lazy:
            sock.close()


def _raw(port, body):
    content = json.dumps(body).encode()
    sock = socket.create_connection(("127.0.0.1", port))
    head = f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\n\r\n"
    sock.sendall(head.encode() + content)
    return sock


def test_the_first_token_is_hardly_later_than_the_models_own():
    model = Slow(0.05)
    with serving(model) as port:
        ask(port, "/v1/completions", {"prompt": "a", "max_tokens": 1})
        shares = []
        for _ in range(5):
            began = time.perf_counter()
            next(model.step("a", 1))
            own = time.perf_counter() - began
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            began = time.perf_counter()
            connection.request("POST", "/v1/completions", b'{"prompt": "a", "max_tokens": 20, "stream": true}')
            connection.getresponse().fp.readline()
            shares.append((time.perf_counter() - began) / own)
            connection.close()
        assert min(shares) <= 1.2


def test_offers_and_what_became_of_them_are_logged(tmp_path):
    path = tmp_path / "offers.jsonl"
    with serving(TableModel(TABLE), log=path) as port:
        told = ask(port, "/v1/completions", {"prompt": "def"})[1]["handoff"]
        offer = told["offer"]
        assert ask(port, "/v1/feedback", {"offer": offer, "outcome": "accepted"}) == (200, {"status": "noted"})
        assert (
            ask(port, "/v1/feedback", {"offer": offer, "outcome": "partial", "accepted": 2, "written": " f x"})[0]
            == 200
        )
        wrong = [
            ({"offer": "ho-0", "outcome": "accepted"}, 404),
            ({"offer": [1], "outcome": "accepted"}, 404),
            ({"offer": offer, "outcome": "liked"}, 400),
            ({"offer": offer, "outcome": "partial", "accepted": 99}, 400),
            ({"offer": offer, "outcome": "partial"}, 400),
            ({"offer": offer, "outcome": "rejected", "accepted": 3}, 400),
            ({"offer": offer, "outcome": "rejected", "written": 3}, 400),
        ]
        for body, status in wrong:
            assert ask(port, "/v1/feedback", body)[0] == status, body
    header, first, accepted, partial = map(json.loads, path.read_text().splitlines())
    assert header["format"] == "empowerment-offers-1"
    assert (first["offer"], first["text"], first["status"]) == (offer, " f():\n", "HAND_OVER")
    assert [token[0] for token in first["tokens"]] == [" f", "(", "):", "\n"]
    assert first["next"] == told["next_surprisal_bits"]
    assert (accepted["outcome"], accepted["accepted"]) == ("accepted", 6)
    assert (partial["accepted"], partial["written"]) == (2, " f x")
    assert "def" not in path.read_text()  # what stood before is not logged


def test_stop_texts_are_found_however_the_text_is_cut():
    rng = np.random.default_rng(0)
    for _ in range(2000):
        text = "".join(rng.choice(list("ab\n"), size=int(rng.integers(0, 12))))
        stops = [
            "".join(rng.choice(list("ab\n"), size=int(rng.integers(1, 4)))) for _ in range(int(rng.integers(0, 3)))
        ]
        reader, shown, at = StopTexts(stops), "", 0
        while at < len(text):
            step = int(rng.integers(1, 4))
            piece = reader.add(text[at : at + step])
            assert text.startswith(shown + piece)
            shown, at = shown + piece, at + step
        shown += reader.rest()
        ends = [text.find(stop) for stop in stops if stop in text]
        assert shown == (text[: min(ends)] if ends else text)
        assert (reader.found is not None) == bool(ends)


@pytest.fixture
def table(tmp_path):
    (tmp_path / "table.json").write_text(json.dumps(TABLE), encoding="utf-8")
    return tmp_path


@for_each(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_the_command_serves_until_it_is_told_to_stop(table, number, code):
    # What runs in the background of a shell inherits that Ctrl-C is ignored.
    heard = "import os, sys, signal as s; s.signal(s.SIGINT, s.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    command = [sys.executable, "-m", "empowerment", "handoff", "serve", "--model", str(table / "table.json")]
    process = subprocess.Popen(
        [sys.executable, "-c", heard, *command, "--eta", "1", "--port", "0", "--log", str(table / "log.jsonl")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
    )
    port = int(re.search(r":(\d+)/v1", process.stdout.readline())[1])
    assert ask(port, "/v1/completions", {"prompt": "def"})[1]["choices"][0]["text"] == " f():\n"
    lazy = _raw(port, {"prompt": "def", "stream": True})
    process.send_signal(number)
    assert process.wait(20) == code
    lazy.close()
    assert "Traceback" not in process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    assert len((table / "log.jsonl").read_text().splitlines()) >= 2


@for_each(
    ("options", "message"),
    [
        (["--host", "0.0.0.0"], "so --key is needed"),
        (["--key", "NO_SUCH_VARIABLE"], "no such variable"),
        (["--max-tokens", "0"], "tokens is 0"),
        (["--seconds", "nan"], "seconds is nan"),
        (["--fim", "x"], "fim is 'x'"),
    ],
)
def test_wrong_options_of_the_command_get_a_sentence(table, capsys, options, message):
    from empowerment.cli import main

    assert main(["handoff", "serve", "--model", str(table / "table.json"), "--eta", "1", *options]) == 2
    assert message in capsys.readouterr().err


def test_the_official_client_reads_the_answers():
    openai = pytest.importorskip("openai")
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(serving(TableModel(TABLE), Costs()))
        client = openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0)
        with stack.enter_context(client):
            whole = client.completions.create(model="any", prompt="def", max_tokens=16, logprobs=1)
            assert whole.choices[0].finish_reason == "stop"
            assert whole.choices[0].logprobs.tokens[0] == " f"
            assert whole.handoff["method"] == "cost-optimal"
            with client.completions.create(model="any", prompt="def", max_tokens=16, stream=True) as stream:
                assert "".join(chunk.choices[0].text for chunk in stream) == whole.choices[0].text
            assert client.models.list().data[0].id.startswith("table-")
            with pytest.raises(openai.BadRequestError, match="n is 2"):
                client.completions.create(model="any", prompt="def", n=2)


def test_limits_are_checked():
    assert Limits().tokens == 256
    for name, value in (("body", 0), ("tokens", -1), ("waiting", 1.5), ("seconds", 0)):
        with pytest.raises(ValueError, match=f"{name} is"):
            Limits(**{name: value})
    assert Stop.LIMIT.sentence

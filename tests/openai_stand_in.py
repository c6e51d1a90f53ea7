"""A server on loopback in the manner of OpenAI, for what no server here does: it echoes, fails and lies as told.

Its answers are made of a token model, in the forms in which services write them.
"""

import contextlib
import json
import math
import re
import socket
import socketserver
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

START = "<s>"


class StandIn:
    """A server that answers with `respond(path, body)`, and before that with the faults that `fault(body)` names."""

    def __init__(self, respond, fault=lambda body: None):
        self.asked = []
        self.headers = []
        handler = type("Handler", (_Handler,), {"stand_in": self})
        self.respond, self.fault = respond, fault
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *args: None  # of clients that have gone
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *reason):
        self._server.shutdown()
        self._server.server_close()


class RawServer:
    """A server on loopback that hands each connection to `serve(connection, head)`, for some seconds."""

    def __init__(self, serve, *, seconds=8.0):
        self.n_asked = 0
        server = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                server.n_asked += 1
                with contextlib.suppress(OSError):  # the client has gone
                    self.request.settimeout(seconds)
                    serve(self.request, _read_question(self.request))

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    __enter__ = StandIn.__enter__
    __exit__ = StandIn.__exit__


def _read_question(connection):
    """Return the head of a question, read to the end of its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return data
        data += part
    head, body = data.split(b"\r\n\r\n", 1)
    told = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    left = (int(told[1]) if told else 0) - len(body)
    while left > 0:
        left -= len(connection.recv(65536)) or left
    return head.decode()


def answer(body, *, status="200 OK", headers=()):
    """Return an answer as it goes over the wire."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(raw)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.do_POST()

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
        self.stand_in.asked.append((self.path, body))
        self.stand_in.headers.append(dict(self.headers))
        fault = self.stand_in.fault(body)
        if fault:
            return getattr(self, f"fault_{fault}")(body)
        try:
            self.send(200, self.stand_in.respond(self.path, body))
        except KeyError as reason:
            self.send(404, {"error": f"not known: {reason}"})
        except Exception as reason:  # for the test to see, which else would see a lost connection
            self.send(400, {"error": repr(reason)})

    def send(self, status, answer, headers=(), cut=0):
        raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in (("Content-Length", str(len(raw))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw[: len(raw) - cut])
        if cut:
            self.close_connection = True

    def fault_500(self, body):
        self.send(500, {"error": "out of luck"})

    def fault_429(self, body):
        self.send(429, {"error": "too many"}, [("Retry-After", "0.05")])

    def fault_429_long(self, body):
        self.send(429, {"error": "too many"}, [("Retry-After", "3600")])

    def fault_429_date(self, body):
        self.send(429, {"error": "too many"}, [("Retry-After", "Mon, 01 Jan 2024 00:00:00 GMT")])

    def fault_quota(self, body):
        self.send(429, {"error": {"code": "insufficient_quota"}})

    def fault_truncated(self, body):
        raw = json.dumps(self.stand_in.respond(self.path, body)).encode()
        self.send(200, raw[: len(raw) // 2])

    def fault_broken_off(self, body):
        self.send(200, self.stand_in.respond(self.path, body), cut=10)

    def fault_reset(self, body):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def fault_slow(self, body):
        time.sleep(4.0)
        self.send(200, self.stand_in.respond(self.path, body))

    def fault_dripping(self, body):
        self.send_response(200)
        self.end_headers()
        for _ in range(80):
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(0.05)
        self.close_connection = True

    def fault_redirect(self, body):
        self.send(307, {}, [("Location", "http://127.0.0.1:9/elsewhere")])

    def fault_repeats_the_key(self, body):
        self.send(401, {"error": f"Incorrect key: {self.headers['Authorization']}"})

    def fault_repeats_the_key_400(self, body):
        self.send(400, {"error": f"Bad request with {self.headers['Authorization']}"})

    def finish(self):
        with contextlib.suppress(OSError, ValueError):  # the client has gone, or the socket was reset
            super().finish()

    def log_message(self, *args):
        pass


class Completions:
    """Answers as services do that complete texts, in the older form of lists by tokens, and chat in the newer one.

    `start` says whether a token is put before each text, and `most` how many tokens are listed at most.
    """

    def __init__(self, model, *, start=True, most=5):
        self.model, self.start, self.most = model, start, most

    def __call__(self, path, body):
        if path == "/detokenize":
            (token,) = body["tokens"]
            return {"prompt": self.written(token)}
        make = {"/v1/completions": self.completions, "/v1/chat/completions": self.chat}[path]
        choices = make(body)
        return {"choices": [each | {"index": i} for i, each in enumerate(choices)][::-1]}

    def written(self, number):
        return START if number < 0 else self.model.score("a")[-1].tokens[number].decode()

    def drawn(self, text, body):
        options = {"temperature": body.get("temperature", 1), "seed": body.get("seed"), "top": 10**6}
        return list(self.model.step(text, body.get("max_tokens", 1), **options))

    def completions(self, body):
        prompts = body["prompt"]
        several = isinstance(prompts, list) and not isinstance(prompts[0], int)
        return [self.completed(prompt, body) for prompt in (prompts if several else [prompts])] * body.get("n", 1)

    def completed(self, prompt, body):
        numbers = prompt if isinstance(prompt, list) else self.numbers(prompt)
        text = "".join(self.written(number) for number in numbers if number >= 0)
        read, drawn = self.model.score("", text)[:-1], self.drawn(text, body)
        rows = [*read, *drawn] if body.get("echo") else drawn
        found = {"text": b"".join(place.token for place in rows).decode()}
        if body.get("logprobs"):
            found["logprobs"] = self.lists(rows, body, untold=bool(body.get("echo")) and not self.start)
        if body.get("return_token_ids"):
            found["prompt_token_ids"] = numbers
        if body.get("prompt_logprobs"):
            lists = [self.ranked(place, body["prompt_logprobs"]) for place in read]
            found["prompt_logprobs"] = [None, *lists] if self.start else [None, *lists[1:]]
        return found

    def numbers(self, text):
        return [-1] * self.start + [place.chosen for place in self.model.score("", text)[:-1]]

    def lists(self, rows, body, untold):
        if "logprob_token_ids" in body:
            lists = [{f"token_id:{n}": own_log(place, n) for n in body["logprob_token_ids"]} for place in rows]
            return {"tokens": ["?"] * len(rows), "token_logprobs": [0.0] * len(rows), "top_logprobs": lists}
        write = named if body.get("return_tokens_as_token_ids") else spelled
        tokens, logs = [write(place, place.chosen) for place in rows], [own_log(place) for place in rows]
        tops = [
            self.top(place, body["logprobs"], write) | {write(place, place.chosen): own_log(place)} for place in rows
        ]
        if body.get("echo") and self.start:
            tokens, logs, tops = [START, *tokens], [None, *logs], [None, *tops]
        elif untold:
            logs[0] = tops[0] = None
        return {"tokens": tokens, "token_logprobs": logs, "top_logprobs": tops}

    def top(self, place, count, write):
        order = np.argsort(-place.log_probabilities, kind="stable")[: min(count, self.most)]
        return {write(place, i): float(place.log_probabilities[i]) for i in order}

    def ranked(self, place, count):
        order = np.argsort(-place.log_probabilities, kind="stable").tolist()
        kept = dict.fromkeys([place.chosen, *order[: min(count, self.most)]])
        return {
            str(i): {
                "logprob": own_log(place, i),
                "rank": order.index(i) + 1,
                "decoded_token": place.tokens[i].decode(),
            }
            for i in kept
        }

    def chat(self, body):
        drawn = self.drawn(body["messages"][-1]["content"], body)
        found = {"message": {"content": b"".join(place.token for place in drawn).decode()}}
        if body.get("logprobs"):
            found["logprobs"] = {"content": [self.newer(place, body["top_logprobs"]) for place in drawn]}
        return [found] * body.get("n", 1)

    def newer(self, place, count):
        top = [self.entry(token, log) for token, log in self.top(place, count, spelled).items()]
        return self.entry(place.token.decode(), own_log(place)) | {"top_logprobs": top}

    def entry(self, token, log):
        return {"token": token, "logprob": log, "bytes": list(token.encode())}


def spelled(place, index):
    return place.tokens[index].decode()


def named(place, index):
    return f"token_id:{place.ids[index]}"


def own_log(place, number=None):
    """Return the log-probability of a place's own token, or of one that is named, as services write it."""
    index = place.chosen if number is None else place.ids.tolist().index(number)
    log = float(place.log_probabilities[index])
    return log if log > -math.inf else -9999.0

"""Answers of services that lose a part of the truth, or are damaged, and what has to come of them.

An answer that tells less than there is has to be refused, or read as intervals that hold the truth. One that is
damaged has to be refused in a sentence that names the service, or read as something that keeps its promises. Either
way no key is shown, and nothing takes long. Everything stays on loopback, and answers are small.
"""

import copy
import json
import math
import os
import time
import warnings
from typing import NamedTuple

import numpy as np
from openai_stand_in import RawServer, answer

import empowerment as emp
from empowerment.text import LlamaServer, OpenAICompatible, TokenModelError, next_token_channel

KEY = "sk-Q9wZk3VtLr81XcPdMn46"
MODEL = "fuzz-model"
NAMES = [f" w{i}" for i in range(40)]
# Seconds that a question may take: many times its timeout, since the machines that run tests are shared.
PATIENCE = 30.0
TIMEOUT = 1.5


class Truth(NamedTuple):
    """A distribution of numbered tokens, and how they are shown; two may be shown alike."""

    p: np.ndarray
    shown: list[str]

    @property
    def entropy(self):
        return -math.fsum(x * math.log2(x) for x in self.p if x > 0)


def random_truth(rng, alike=True):
    size = int(rng.integers(3, 40))
    p = rng.dirichlet(np.full(size, rng.choice([0.05, 0.3, 2.0])))
    p = np.maximum(p, 1e-12)
    shown = NAMES[:size]
    if alike and rng.random() < 0.5:
        shown = [shown[int(rng.integers(size))] if rng.random() < 0.2 else each for each in shown]
    if rng.random() < 0.4:
        lost = str(rng.choice(["\ufffd", ""]))
        shown = [lost if rng.random() < 0.3 else each for each in shown]
    return Truth(p / p.sum(), shown)


class Service:
    """A server whose answer can be set, and models that ask it with a key."""

    def __init__(self):
        self.raw = b""
        self.server = RawServer(lambda connection, head: connection.sendall(self.reply(head)))
        self.reply = lambda head: self.raw
        os.environ["FUZZ_KEY"] = KEY

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *reason):
        self.server.__exit__(*reason)
        del os.environ["FUZZ_KEY"]

    def model(self, **options):
        patience = {"timeout": TIMEOUT, "tries": 1}
        options = {"key_from": "FUZZ_KEY", "rounding": 0.0} | options
        return OpenAICompatible(self.server.url, MODEL, requests=patience, **options)


def outcome(ask, host):
    """Return what a question returns, "refused", or what is wrong with how it fails."""
    began = time.monotonic()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = ask()
    except TokenModelError as reason:
        if host not in str(reason) and MODEL not in str(reason):
            return f"names no service: {reason}"
        if KEY.lower() in str(reason).lower():
            return f"shows the key: {reason}"
        found = "refused"
    except Exception as reason:
        return f"raises {reason!r}"
    return found if time.monotonic() - began < PATIENCE else "takes long"


# --- answers that tell less than there is


def told_by(rng, truth, own, asked):
    """Return the most probable tokens and the own one, as some services have it, by their numbers."""
    order = np.argsort(-truth.p, kind="stable").tolist()
    listed = order[:asked]
    if own not in listed:
        how = rng.integers(3)
        listed = [*listed, own] if how == 0 else [own, *listed[:-1]] if how == 1 else listed
    return listed


def losses(rng, listed, own):
    """Return fewer of the listed tokens, or some of them without a probability, in any order."""
    untold = set()
    if rng.random() < 0.3:
        keep = int(rng.integers(1, len(listed) + 1))
        listed = [each for i, each in enumerate(listed) if i < keep or each == own]
    if rng.random() < 0.2:
        untold = {each for each in listed if rng.random() < 0.3 and each != own}
    if rng.random() < 0.3:
        rng.shuffle(listed)
    return listed, untold


def lossy_choice(rng, truth, own, asked, *, chat):
    """Return a choice that tells of the truth, and less than it was asked for."""
    listed, untold = losses(rng, told_by(rng, truth, own, asked), own)
    nothing = rng.choice([-9999.0, -math.inf, 0.0])
    logs = {i: float(nothing) if i in untold and nothing else math.log(truth.p[i]) for i in {*listed, own}}
    written = truth.shown[own]
    said = {"finish_reason": str(rng.choice(["length", "stop"])), "index": 0}
    if not chat:
        keyed = {truth.shown[i]: logs[i] for i in listed}
        told = {"tokens": [written], "token_logprobs": [logs[own]], "top_logprobs": [keyed]}
        return said | {"text": written, "logprobs": told}
    bare = rng.random() < 0.3
    entries = {
        i: {"token": truth.shown[i], "logprob": log, "bytes": None if bare else list(truth.shown[i].encode())}
        for i, log in logs.items()
    }
    if listed and rng.random() < 0.1:
        listed = [*listed, listed[0]]
    told = {"content": [entries[own] | {"top_logprobs": [entries[i] for i in listed]}]}
    return said | {"message": {"content": written.strip() if rng.random() < 0.2 else written}, "logprobs": told}


def lossy_verdict(rng, service):
    """Return "right" or "refused" for an answer that loses a part of the truth, or what is wrong."""
    truth, chat = random_truth(rng), bool(rng.integers(2))
    asked = int(rng.integers(1, 12))
    own = int(rng.choice(truth.p.size, p=truth.p))
    choice = lossy_choice(rng, truth, own, asked, chat=chat)
    service.raw = answer({"choices": [choice]})
    model = service.model(chat=chat, listed=asked, vocabulary_size=truth.p.size)
    found = outcome(lambda: next(iter(model.step("x"))), service.server.url[7:])
    if isinstance(found, str):
        return found if found == "refused" else f"{found} of {truth} {choice}"
    surprisal, h = -math.log2(truth.p[own]), truth.entropy
    slack = 1e-9 * (1 + h)
    if not found.entropy().lower - slack <= h <= found.entropy().upper + slack:
        return f"entropy {h} is not in {found.entropy()} of {truth} {choice}"
    told = found.token is not None or found.chosen is not None
    if told and not found.surprisal().lower - 1e-9 <= surprisal <= found.surprisal().upper + 1e-9:
        return f"surprisal {surprisal} is not in {found.surprisal()} of {truth} {choice}"
    return "right"


def channel_verdict(rng, service):
    """Return "right" or "refused" for the channel of two prompts, or what is wrong."""
    first = random_truth(rng, alike=False)
    truths = [first, Truth(rng.permutation(first.p), first.shown)]
    chat, asked = bool(rng.integers(2)), int(rng.integers(1, 12))
    bodies = []
    for truth in truths:
        own = int(rng.choice(truth.p.size, p=truth.p))
        bodies.append(answer({"choices": [lossy_choice(rng, truth, own, asked, chat=chat)]}))
    replies = iter(bodies)
    service.reply = lambda head: next(replies)
    model = service.model(chat=chat, listed=asked, vocabulary_size=first.p.size)

    found = outcome(lambda: next_token_channel(model, ["x", "y"], union=False), service.server.url[7:])
    service.reply = lambda head: service.raw
    if isinstance(found, str):
        return found if found == "refused" else f"{found} of {truths}"
    found = found.capacity(tol=1e-4, on_failure="ignore")
    exact = emp.channel_capacity(np.array([truth.p for truth in truths]), tol=1e-6)
    right = found.lower <= exact.upper + 1e-9 and exact.lower <= found.upper + 1e-9
    return "right" if right else f"capacity {exact} is not in {found} of {truths} {bodies}"


def cut_verdict(rng, service):
    """Return "right" if a list is refused that a sampler cut and scaled up, or what is wrong.

    What is left of the others is at least a thousandth, so that the interval of the list would be wrong.
    """
    truth, chat = random_truth(rng, alike=False), bool(rng.integers(2))
    kept = int(rng.integers(2, truth.p.size))
    p = np.zeros(truth.p.size)
    order = np.argsort(-truth.p)
    p[order[:kept]] = truth.p[order[:kept]] / truth.p[order[:kept]].sum()
    if p[order[kept - 1]] < 1e-3 or 1 - truth.p[order[:kept]].sum() < 1e-3:
        return "right"
    scaled = Truth(np.maximum(p, 1e-300), NAMES[: p.size])
    listed = order[: kept + bool(rng.integers(2))].tolist()
    logs = [math.log(scaled.p[i]) if p[i] else -9999.0 for i in listed]
    if chat:
        entries = [
            {"token": scaled.shown[i], "logprob": log, "bytes": None} for i, log in zip(listed, logs, strict=True)
        ]
        choice = {"logprobs": {"content": [entries[0] | {"top_logprobs": entries}]}}
    else:
        keyed = {scaled.shown[i]: log for i, log in zip(listed, logs, strict=True)}
        told = {"tokens": [scaled.shown[listed[0]]], "token_logprobs": logs[:1], "top_logprobs": [keyed]}
        choice = {"logprobs": told}
    service.raw = answer({"choices": [choice]})
    model = service.model(chat=chat, listed=kept + 1)
    found = outcome(lambda: next(iter(model.step("x"))), service.server.url[7:])
    return "refused" if found == "refused" else f"{found!r} of {truth} {choice}"


# --- damaged answers

ODD = [
    *(None, True, -1, 0, 2**31, 10**30, -(10**400), 1.5, 1e308, math.nan, math.inf, -math.inf, -9999.0, 1e-320),
    *("", "x", "\ud800", "\0", "\ufffd", "\u0120a", "9" * 5000, "token_id:1", "bytes:\\xff", "-0.5", KEY),
    *([], [[]], {}, {"a": 1}, [1, 2], [None], {"error": "busy"}, {"error": {"code": 429}}),
]


def places_in(value, path=()):
    """Yield the path of each part of a JSON value."""
    yield path
    for key, part in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places_in(part, (*path, key))


def damaged(rng, value):
    """Return a JSON value of which one or two parts were changed, taken away or repeated."""
    value = copy.deepcopy(value)
    for _ in range(int(rng.integers(1, 3))):
        paths = [path for path in places_in(value) if path]
        if not paths:
            return value
        *way, last = paths[int(rng.integers(len(paths)))]
        inside = value
        for key in way:
            inside = inside[key]
        kind = rng.integers(4)
        if kind == 0:
            del inside[last]
        elif kind == 1 and isinstance(inside, list):
            inside.insert(int(rng.integers(len(inside) + 1)), copy.deepcopy(inside[last]))
        elif kind == 2 and isinstance(inside[last], float):
            inside[last] = inside[last] * float(rng.choice([-1, 0, 0.5, 2.303, 100, 1e300])) + float(rng.integers(2))
        else:
            inside[last] = copy.deepcopy(ODD[int(rng.integers(len(ODD)))])
    return value


TEXTS = ("", "<s>", "a", " b", "\ufffd", "c")
LOGS = tuple(math.log(p) for p in (0.01, 0.04, 0.4, 0.3, 0.15, 0.1))


class Scored:
    """Good answers to a question that takes several, some of them damaged."""

    def __init__(self, rng, rate):
        self.rng, self.rate = rng, rate

    def __call__(self, head):
        body = self.good(head.split()[1])
        return answer(damaged(self.rng, body) if self.rng.random() < self.rate else body)

    def good(self, path):
        entries = [self.entry(i) for i in range(6)]
        if path == "/detokenize":
            return {"prompt": "a"}
        if path == "/props":
            return {"model_path": f"{MODEL}.gguf", "default_generation_settings": {"n_ctx": 64}}
        if path == "/v1/models":
            return {"data": [{"meta": {"n_vocab": 6}}]}
        if path == "/lora-adapters":
            return []
        if path == "/tokenize":
            return {"tokens": [2]}
        if path == "/completion":
            rows = [entries[2] | {"top_logprobs": entries}]
            forbidden = {"logit_bias": [{"token": 0, "bias": -math.inf}]}
            return {"tokens": [2], "completion_probabilities": rows, "generation_settings": forbidden}
        keyed = {"<s>": -3.2, "a": -0.9, " b": -1.2, "c": -2.3}
        logs = {"tokens": ["<s>", "a", " b", "c"], "token_logprobs": [None, -0.9, -1.2, -2.3]}
        logs["top_logprobs"] = [None, *[keyed] * 3]
        by_number = {str(i): {"logprob": LOGS[i], "rank": i, "decoded_token": TEXTS[i]} for i in range(1, 6)}
        told = {"prompt_token_ids": [2, 2, 2], "prompt_logprobs": [None, *[by_number] * 3]}
        return {"choices": [{"index": 0, "text": "a bc", "finish_reason": "length", "logprobs": logs} | told]}

    def entry(self, i):
        return {"id": i, "token": TEXTS[i], "logprob": LOGS[i], "bytes": list(TEXTS[i].encode())}


def damaged_verdict(rng, service):
    """Return "read" or "refused" for a damaged answer, or what is wrong."""
    host, chat = service.server.url[7:], bool(rng.integers(2))
    truth = random_truth(rng)
    good = {"choices": [lossy_choice(rng, truth, 0, 5, chat=chat)]}
    body = damaged(rng, good)
    try:
        service.raw = answer(body)
    except (ValueError, RecursionError):
        return "refused"
    model = service.model(chat=chat, listed=5, vocabulary_size=50, rounding=1e-3)
    ask = (lambda: list(model.step("x", 2))) if rng.integers(4) else (lambda: model.sample("x", 1))
    return _kept(outcome(ask, host), body)


def scored_verdict(rng, service):
    """Return "read" or "refused" for a text that is scored by damaged answers, or what is wrong."""
    host, kind = service.server.url[7:], int(rng.integers(3))
    service.reply = Scored(rng, 0.5)

    def ask():
        if kind == 2:
            return LlamaServer(service.server.url, timeout=TIMEOUT, tries=1, key_from="FUZZ_KEY").score(
                "a", "a", top=3
            )
        model = service.model(reports=("echo", "prompt")[kind], listed=5, vocabulary_size=50, rounding=1e-3)
        return model.score("a", " b" if kind == 0 else "aa", top=3, also=[b"c"] if kind == 0 else [2])

    found = outcome(ask, host)
    service.reply = lambda head: service.raw
    return _kept(found, kind)


def wire_verdict(rng, service):
    """Return "read" or "refused" for an answer that was damaged on its way, or what is wrong."""
    truth, chat = random_truth(rng), bool(rng.integers(2))
    body = json.dumps({"choices": [lossy_choice(rng, truth, 0, 5, chat=chat)]})
    odd = ["Transfer-Encoding: chunked", "Content-Encoding: gzip", "Retry-After: nan", "Content-Length: 5", "X: \0"]
    headers = [each for each in odd if rng.random() < 0.1]
    raw = answer(
        body.encode(str(rng.choice(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))),
        status="200 OK"
        if rng.random() < 0.7
        else str(rng.choice([f"429 {KEY}", "204 No", "103 Early", "-1", "301"])),
        headers=headers,
    )
    changed = bytearray(raw)
    for _ in range(int(rng.integers(0, 3))):
        changed[int(rng.integers(len(changed)))] = int(rng.integers(256))
    service.raw = bytes(changed[: int(rng.integers(len(changed)))] if rng.random() < 0.2 else changed)
    model = service.model(chat=chat, listed=5, vocabulary_size=50, rounding=1e-3)
    return _kept(outcome(lambda: list(model.step("x")), service.server.url[7:]), service.raw)


def _kept(found, given):
    """Return "read" where what was read keeps its promises."""
    if isinstance(found, str):
        return found if found == "refused" else f"{found} of {given!r}"
    for place in found:
        if isinstance(place, str):
            place.encode()
        elif not 0 <= place.entropy().lower <= place.entropy().upper:
            return f"{place!r} of {given!r}"
    return "read"


VERDICTS = {
    "lists that lose a part": lossy_verdict,
    "channels of such lists": channel_verdict,
    "lists that a sampler cut": cut_verdict,
    "damaged answers": damaged_verdict,
    "texts scored by damaged answers": scored_verdict,
    "answers damaged on their way": wire_verdict,
}

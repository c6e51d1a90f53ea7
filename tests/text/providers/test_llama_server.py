"""A real server of llama.cpp on loopback, with a small real model.

Skipped where xllamacpp or the weights are not installed; see docs/how-to/language-models.md.
"""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from helpers import for_each
from openai_stand_in import Completions, StandIn

from empowerment.testing import check_token_model
from empowerment.text import (
    LlamaServer,
    OpenAICompatible,
    Recorded,
    TableModel,
    TokenModelError,
    XLlamaCpp,
    ask_each,
)

xllamacpp = pytest.importorskip("xllamacpp")
PREFIX, TEXT = "def add", "(a, b):\n    return"
# By how much probabilities differ that other kernels of llama.cpp compute from the same weights in 4 bits.
KERNELS = 0.1


@pytest.fixture(scope="module")
def model(weights):
    with XLlamaCpp(weights, n_ctx=256) as started:
        yield started


@pytest.fixture(scope="module")
def url(model):
    return model._server.listening_address


@pytest.fixture(scope="module")
def server(url):
    return LlamaServer(url)


def logs(places):
    return np.array([place.log_probabilities[place.chosen] for place in places[:-1]])


def test_the_contract_holds_for_a_server(server):
    check_token_model(server, PREFIX, "(a, b")


@for_each("text", ["é 🙂 — 漢", "<|im_end|> <|endoftext|>", "\n\n\t  x  ", " \r\n"])
def test_the_bytes_of_tokens_are_those_of_the_text(server, text):
    for prefix in ("", "x"):
        places = server.score(prefix, text, top=1)
        assert b"".join(place.token for place in places[:-1]) == text.encode()
        assert places[-1].span == (len(text.encode()),) * 2


def test_parts_of_characters_are_looked_for_in_lists_that_grow(server, monkeypatch):
    whole, asked, read = server.score("x", "\u6f22 \U0001f642"), [], server._client.read

    def noted(path, body, reader):
        asked.append(body.get("n_probs", 0))
        return read(path, body, reader)

    monkeypatch.setattr(server._client, "read", noted)
    places = server.score("x", "\u6f22 \U0001f642", top=20)
    assert sum(count == server.vocabulary_size for count in asked) <= 1
    assert all(place.chosen is not None for place in places[:-1])
    rounding = max(place.rounding for place in places)
    np.testing.assert_allclose(np.expm1(logs(places) - logs(whole)), 0, atol=rounding)


def test_lists_are_the_beginnings_of_whole_lists(server):
    short, whole = server.score(PREFIX, TEXT, top=20), server.score(PREFIX, TEXT)
    assert len(short) == len(whole)
    for one, other in zip(short, whole, strict=True):
        assert other.complete
        assert other.rounding == 0
        told = dict(zip(other.outcomes, other.log_probabilities, strict=True))
        off = [log - told[token] for token, log in zip(one.outcomes, one.log_probabilities, strict=True)]
        assert 0 < one.rounding < 0.01
        assert np.abs(np.expm1(off)).max() <= one.rounding
        assert np.ptp(off) < 1e-5  # it is the scale that is off
        assert one.entropy().lower <= other.entropy().lower <= one.entropy().upper


def test_no_list_at_all_is_allowed(server):
    places = server.score(PREFIX, TEXT, top=0)
    assert [len(place.tokens) for place in places] == [1] * (len(places) - 1) + [0]  # that of the text is told


def test_with_exact_nothing_is_rounded(url):
    exact = LlamaServer(url, exact=True)
    (place,) = exact.score(PREFIX, top=3)
    assert (len(place.tokens), place.rounding) == (3, 0)
    assert exact.name != LlamaServer(url).name


def test_distributions_are_not_shifted(server):
    """Those that llama-cpp-python told without echo are right, in a recording made by other kernels."""
    exchanges = json.loads((Path(__file__).parents[2] / "data" / "echo_llama_cpp.json").read_text())
    answers = {(e["request"]["prompt"], e["request"]["echo"]): e["response"]["choices"][0] for e in exchanges}
    text = "(a, b):\n    return a + b"
    places = server.score(PREFIX, text, top=40)
    for place in places[1:]:
        prompt = (PREFIX + text).encode()[: len(PREFIX) + place.span[0]].decode()
        (five,) = answers[prompt, False]["logprobs"]["top_logprobs"]
        own = dict(zip(place.tokens, np.exp(place.log_probabilities), strict=True))
        for token, log in five.items():
            assert own[token.encode()] == pytest.approx(np.exp(log), abs=KERNELS)
    echoed = answers[PREFIX + text, True]["logprobs"]["token_logprobs"]
    assert abs(logs(places) - echoed[2:]).min() > 1


def test_what_is_written_is_what_is_scored(server):
    steps = list(server.step(PREFIX, 6, temperature=0.8, seed=3))
    text = b"".join(place.token for place in steps).decode()
    scored = server.score(PREFIX, text)
    assert [place.token for place in steps] == [place.token for place in scored[:-1]]
    np.testing.assert_allclose([p.log_probabilities[p.chosen] for p in steps], logs(scored), atol=3e-3)


def test_parts_of_characters_are_written_with_their_distributions(server):
    """A server keeps what it tells of an unfinished character to itself, and is asked again."""
    steps = list(server.step("🙂🙂🙂", 4, top=5))
    assert all(place.chosen is not None for place in steps)
    assert any(len(place.token.decode(errors="ignore").encode()) < len(place.token) for place in steps)
    assert [place.span[0] for place in steps[1:]] == [place.span[1] for place in steps[:-1]]


def test_texts_are_drawn_from_the_whole_distribution(server):
    """Of 300 tokens as many lie outside the 40 most probable ones as there should; a server's defaults allow none."""
    prompt = "Is it Monday or Tuesday? It is"
    place = server.score(prompt, top=40)[-1]
    inside = {token.decode() for token in place.tokens}
    texts = server.sample(prompt, 300, max_tokens=1, seed=1)
    p = place.residual.lower
    outside = sum(text not in inside for text in texts)
    assert abs(outside - 300 * p) < 5 * math.sqrt(300 * p * (1 - p))
    assert p > 0.1
    assert server.sample(prompt, 3, max_tokens=3, seed=2) == server.sample(prompt, 3, max_tokens=3, seed=2)
    assert len(set(server.sample(prompt, 3, max_tokens=3, temperature=0))) == 1


def test_a_text_ends_with_a_token_that_ends_it(url):
    marked = LlamaServer(url, parse_special=True)
    asked = "<|im_start|>user\nSay hi.<|im_end|>\n<|im_start|>assistant\nHi!"
    *_, last = marked.step(asked, 60)
    assert last.token == b""
    assert last.ids[last.chosen] in marked.ends
    end = marked.score(asked, top=1, also=marked.ends)[-1]
    assert set(marked.ends) <= set(end.outcomes)
    assert not marked.sample(asked, 1, max_tokens=60, temperature=0)[0].endswith(">")


def test_nothing_is_known_of_the_first_token_without_a_start(server):
    first, *_ = server.score("", "def add", top=3)
    assert (first.token, first.tokens) == (b"def", ())
    for call in (lambda: server.sample("", 1), lambda: list(server.step(""))):
        with pytest.raises(TokenModelError, match="reads nothing before a text"):
            call()


def test_a_text_longer_than_the_context_is_refused(server):
    with pytest.raises(TokenModelError, match=r"have \d+ tokens, but .* reads 255 at most"):
        server.score("", "one two three " * 100, top=1)


def test_many_are_asked_side_by_side(server):
    prompts = [f"{n} plus {n} is" for n in range(12)]
    found = ask_each(lambda prompt: server.score(prompt, top=5), prompts, workers=4).all()
    for prompt, places in zip(prompts, found, strict=True):
        np.testing.assert_array_equal(places[-1].log_probabilities, server.score(prompt, top=5)[-1].log_probabilities)


def test_a_server_that_is_no_llama_is_said():
    with (
        StandIn(Completions(TableModel({"": {" a": 1.0}}))) as other,
        pytest.raises(TokenModelError, match="answers with status 404"),
    ):
        LlamaServer(other.url)
    with (
        StandIn(lambda path, body: {}) as other,
        pytest.raises(TokenModelError, match=r"does not describe its model as llama.cpp does"),
    ):
        LlamaServer(other.url)


def test_a_server_with_a_key_wants_it(weights, monkeypatch):
    params = xllamacpp.CommonParams()
    params.model.path, params.port, params.n_ctx, params.verbosity, params.warmup = str(weights), 0, 64, -1, False
    params.n_parallel, params.api_keys = 1, ["sk-local-0123"]
    started = xllamacpp.Server(params)
    with pytest.raises(TokenModelError, match=r"refuses a question without a key; pass key_from= \(status 401\)"):
        LlamaServer(started.listening_address)
    monkeypatch.setenv("LLAMA_KEY", "sk-local-0124")
    with pytest.raises(TokenModelError, match=r"refuses the key in LLAMA_KEY \(status 401\)"):
        LlamaServer(started.listening_address, key_from="LLAMA_KEY")
    monkeypatch.setenv("LLAMA_KEY", "sk-local-0123")
    assert LlamaServer(started.listening_address, key_from="LLAMA_KEY").score("def", top=2)[0].tokens


# The same server, asked as a service in the manner of OpenAI.


@for_each("chat", [True, False])
def test_the_contract_holds_for_the_service(url, server, chat):
    about = {"vocabulary_size": server.vocabulary_size, "rounding": 3e-3, "listed": 10}
    service = OpenAICompatible(f"{url}/v1", "SmolLM2", chat=chat, options={"top_k": 0, "min_p": 0}, **about)
    check_token_model(service, "The sky is")


def test_what_the_service_writes_has_the_distributions_of_the_server(url, server):
    service = OpenAICompatible(f"{url}/v1", "SmolLM2", listed=10, rounding=3e-3)
    steps = list(service.step("The sky is", 4, top=10))
    text = b"".join(place.token for place in steps).decode()
    for one, other in zip(steps, server.score("The sky is", text, top=10), strict=False):
        assert one.token == other.token
        told = dict(zip(other.outcomes, other.log_probabilities, strict=True))
        assert list(one.log_probabilities) == pytest.approx([told[token] for token in one.outcomes], abs=1e-5)


def test_the_service_does_not_echo_and_is_found_out(url):
    with pytest.raises(TokenModelError, match="repeats 'The sky is' by the token"):
        OpenAICompatible(f"{url}/v1", "SmolLM2", reports="echo").score("The sky", " is")


def test_a_service_that_stops_is_reported_by_prompt_and_nothing_is_lost(weights, tmp_path):
    prompts = [f"{n} plus {n} is" for n in range(6)]
    path = tmp_path / "sums.jsonl"
    started = XLlamaCpp(weights, n_ctx=64)

    def ask(service):
        with Recorded(path, service) as recorded:

            def one(prompt):
                if prompt == prompts[4]:
                    started.close()
                return list(recorded.step(prompt))

            return ask_each(one, prompts)

    address = started._server.listening_address
    first = ask(OpenAICompatible(f"{address}/v1", "SmolLM2", requests={"tries": 1}, name="sums"))
    assert list(first.failures) == prompts[4:]
    assert all("cannot be reached" in str(each) for each in first.failures.values())
    started = XLlamaCpp(weights, n_ctx=64)
    with Recorded(path, OpenAICompatible(f"{started._server.listening_address}/v1", "SmolLM2", name="sums")) as again:
        assert len(again) == 4
        assert len(ask_each(lambda prompt: list(again.step(prompt)), prompts).all()) == 6
    started.close()


# The model in this process.


def test_a_closed_model_says_so(weights):
    started = XLlamaCpp(weights, n_ctx=64)
    started.close()
    with pytest.raises(TokenModelError, match="is closed; ask before close"):
        started.score("def", top=1)


def test_what_cannot_be_loaded_is_said(weights, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file 'none.gguf', expected a model in the format GGUF"):
        XLlamaCpp("none.gguf")
    (tmp_path / "text.gguf").write_bytes(b"text")
    with pytest.raises(OSError, match=r"text.gguf' begins with b'text', expected b'GGUF'"):
        XLlamaCpp(tmp_path / "text.gguf")
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(OSError, match=r"llama.cpp cannot load .*bad.gguf"):
        XLlamaCpp(tmp_path / "bad.gguf")
    with pytest.raises(
        TypeError, match=r"unknown option 'n_layers'; known are the attributes of xllamacpp.CommonPara"
    ):
        XLlamaCpp(weights, n_layers=1)
    with pytest.raises(ValueError, match="n_ctx is 0"):
        XLlamaCpp(weights, n_ctx=0)


def test_the_name_tells_the_file_and_the_options_and_no_path(model, weights):
    assert model.name.startswith("SmolLM2-135M-Instruct.Q4_1-")
    with XLlamaCpp(weights, n_ctx=256, n_ubatch=8) as other:
        assert other.name != model.name
        assert str(weights.parent) not in other.name + LlamaServer(other._server.listening_address).name

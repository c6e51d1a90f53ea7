"""A small real model in a GGUF file, where llama-cpp-python is installed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import for_each

from empowerment.testing import check_token_model
from empowerment.text import LlamaCpp, TokenModelError

llama_cpp = pytest.importorskip("llama_cpp")
PREFIX, TEXT = "def add", "(a, b):\n    return a + b"


@pytest.fixture(scope="module")
def model(weights):
    return LlamaCpp(weights, n_ctx=256, n_batch=16)


def logs(places):
    return np.array([place.log_probabilities[place.chosen] for place in places[:-1]])


def test_the_contract_holds(model):
    check_token_model(model, PREFIX, TEXT, tolerance=1e-6)


def test_answers_do_not_depend_on_what_was_read_before(model):
    whole = model.score(PREFIX, TEXT)
    model.score("something else", " altogether")
    again = model.score(PREFIX, TEXT)
    np.testing.assert_array_equal(whole[3].log_probabilities, again[3].log_probabilities)
    np.testing.assert_array_equal(logs(whole), logs(again))


def test_a_text_of_many_batches_is_that_of_one(model, weights):
    text = " " + "one two three four five six seven eight nine ten, " * 5
    long = LlamaCpp(weights, n_ctx=256, n_batch=256).score(PREFIX, text)
    np.testing.assert_allclose(logs(model.score(PREFIX, text)), logs(long), atol=1e-4)


def test_what_is_written_is_what_is_scored_also_while_other_texts_are(model):
    steps = []
    for place in model.step(PREFIX, 6):
        steps.append(place)
        model.score("another text", " in between", top=1)
    text = b"".join(place.token for place in steps).decode()
    wanted = model.score(PREFIX, text)
    assert [place.token for place in steps] == [place.token for place in wanted[:-1]]
    np.testing.assert_allclose([p.log_probabilities[p.chosen] for p in steps], logs(wanted), atol=1e-6)


def test_texts_are_drawn_by_seed(model):
    texts = model.sample(PREFIX, 3, max_tokens=4, seed=1)
    assert texts == model.sample(PREFIX, 3, max_tokens=4, seed=1)
    assert len(set(texts)) > 1


def test_a_text_ends_with_a_token_that_ends_it(model):
    asked = "<|im_start|>user\nSay hi.<|im_end|>\n<|im_start|>assistant\nHi!"
    marked = LlamaCpp(model._model, parse_special=True)
    *_, last = marked.step(asked, 60)
    assert last.token == b""
    assert last.ids[last.chosen] in marked.ends
    end = marked.score(asked, top=1, also=marked.ends)[-1]
    assert set(marked.ends) <= set(end.outcomes)
    assert marked.name != model.name


@for_each("text", ["é 🙂 — 漢", "<|im_end|> <|endoftext|>", "\n\n\t  x  ", " \r\n"])
def test_the_bytes_of_tokens_are_those_of_the_text(model, text):
    for prefix in ("", "x"):
        places = model.score(prefix, text, top=1)
        assert b"".join(place.token for place in places[:-1]) == text.encode()


def test_nothing_is_known_of_the_first_token_without_a_start(model):
    first, *_ = model.score("", "def add")
    assert (first.token, first.tokens) == (b"def", ())
    with pytest.raises(TokenModelError, match="reads nothing before a text"):
        model.sample("", 1)


def test_distributions_are_not_shifted_as_those_of_create_completion_are(model):
    """The answers in the recording without echo are right, and those with echo stand one token too early."""
    exchanges = json.loads((Path(__file__).parents[2] / "data" / "echo_llama_cpp.json").read_text())
    answers = {(e["request"]["prompt"], e["request"]["echo"]): e["response"]["choices"][0] for e in exchanges}
    places = model.score(PREFIX, TEXT)
    for place in places[1:]:
        prompt = (PREFIX + TEXT).encode()[: len(PREFIX) + place.span[0]].decode()
        (five,) = answers[prompt, False]["logprobs"]["top_logprobs"]
        own = dict(zip(place.tokens, np.exp(place.log_probabilities), strict=True))
        for token, log in five.items():
            assert own[token.encode()] == pytest.approx(np.exp(log), abs=0.05)  # kernels differ among processors
    echoed = answers[PREFIX + TEXT, True]["logprobs"]["token_logprobs"]
    assert abs(logs(places) - echoed[2:]).min() > 1


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory from /proc")
def test_memory_is_used_for_what_is_asked_only(weights):
    """All logits of a context would be 1.6 GB here."""
    code = (
        "from empowerment.text import LlamaCpp;"
        f"model = LlamaCpp({str(weights)!r}, n_ctx=8192);"
        "model.score('def add', '(a, b)', top=5);"
        "print(*(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(found.stdout) < 900_000  # kB
    assert found.stderr == ""


def test_a_text_longer_than_the_context_is_refused(model):
    with pytest.raises(TokenModelError, match=r"have \d+ tokens, but .* reads 256 at most"):
        model.score("", "one two three " * 100)


def test_what_the_loaded_model_reads_elsewhere_is_noticed(model):
    wanted = logs(model.score(PREFIX, TEXT))
    model._model.reset()
    model._model.eval([1, 2, 3])
    np.testing.assert_array_equal(logs(model.score(PREFIX, TEXT)), wanted)
    other = LlamaCpp(model._model, name="other")
    other.score("quite another text", " here")
    np.testing.assert_array_equal(logs(model.score(PREFIX, TEXT)), wanted)


def test_what_cannot_be_loaded_is_said(model, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file 'none.gguf', expected a model in the format GGUF"):
        LlamaCpp("none.gguf")
    (tmp_path / "bad.gguf").write_bytes(b"bad")
    with pytest.raises(OSError, match=r"llama.cpp cannot load .*bad.gguf"):
        LlamaCpp(tmp_path / "bad.gguf")
    with pytest.raises(TypeError, match="n_gpu_layers cannot be changed of a model that is loaded; pass its file"):
        LlamaCpp(model._model, n_gpu_layers=1)


def test_the_name_tells_the_file_and_the_options(model):
    assert model.name.startswith("SmolLM2-135M-Instruct.Q4_1-")
    assert model.name == LlamaCpp(model._model).name

"""Tiny models in GGUF files made here, whose tokenizers put a space or a start token before a text, or do not."""

import pytest
from helpers import for_each
from tiny_gguf import write_tiny_gguf

from empowerment.testing import check_token_model
from empowerment.text import LlamaCpp, XLlamaCpp

LIBRARIES = {LlamaCpp: "llama_cpp", XLlamaCpp: "xllamacpp"}


@pytest.fixture(params=LIBRARIES, ids=LIBRARIES.get)
def provider(request):
    pytest.importorskip(LIBRARIES[request.param])
    return request.param


@pytest.fixture(params=[(True, True), (True, False), (False, True)], ids=["space, start", "space", "start"])
def tiny(request, provider, tmp_path):
    gguf = pytest.importorskip("gguf")
    puts_space, start = request.param
    write_tiny_gguf(gguf, tmp_path / "tiny.gguf", puts_space=puts_space, start=start)
    model = provider(tmp_path / "tiny.gguf", n_ctx=256)
    yield model
    getattr(model, "close", lambda: None)()


def test_the_contract_holds_with_and_without_a_space_and_a_start(tiny):
    check_token_model(tiny, "the dog", " in the dog in", tolerance=1e-5)
    check_token_model(tiny, "the dog", "(the) in a dog", tolerance=1e-5)


@for_each("text", ["the dog", " the dog", "  x é 🙂", "(a)", "\n\nx", "<s></s>"])
def test_no_space_is_put_into_a_text(tiny, text):
    for prefix in ("", "the"):
        for top in (3, None):
            places = tiny.score(prefix, text, top=top)
            assert b"".join(place.token for place in places[:-1]) == text.encode()
            assert bool(places[0].tokens) == bool(tiny._texts.beginning or prefix)
    puts_space = tiny._texts._tokenized("the", start=False, control=False) != tiny._texts.of("the", first=False)[0]
    assert puts_space == (len(tiny.score("", "the dog")) == 3)

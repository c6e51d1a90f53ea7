"""A fault that providers of scored texts have to find, in answers that were really given."""

import json
from pathlib import Path

import pytest

# Made by data/record_echo.py.
EXCHANGES = json.loads((Path(__file__).parents[2] / "data" / "echo_llama_cpp.json").read_text())


def answers(echo):
    return {
        each["request"]["prompt"]: each["response"]["choices"][0]["logprobs"]
        for each in EXCHANGES
        if each["request"]["echo"] is echo
    }


def test_each_echoed_distribution_is_the_one_after_its_token():
    after, texts = answers(echo=False), answers(echo=True)
    whole = max(texts, key=len)
    echoed = texts[whole]
    for i, (token, start) in enumerate(zip(echoed["tokens"], echoed["text_offset"], strict=True)):
        if i == 0:
            assert echoed["top_logprobs"][i] is None
            continue
        shifted, wanted = after[whole[: start + len(token)]], after[whole[:start]]
        five = dict(list(echoed["top_logprobs"][i].items())[:5])
        assert five == pytest.approx(shifted["top_logprobs"][0], abs=1e-5)
        assert five.keys() != wanted["top_logprobs"][0].keys()


def test_what_is_echoed_of_a_token_is_how_probable_it_is_to_come_again():
    echoed = answers(echo=True)["def add"]
    assert echoed["token_logprobs"][1] == pytest.approx(-12.251, abs=1e-3)
    assert echoed["top_logprobs"][1]["("] == pytest.approx(-1.130, abs=1e-3)
    assert answers(echo=False)["def add"]["top_logprobs"][0]["("] == pytest.approx(-1.130, abs=1e-3)

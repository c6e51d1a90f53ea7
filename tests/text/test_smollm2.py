"""A real language model: every interval holds what the whole distribution says.

Skipped where xllamacpp or the weights are not installed; see docs/how-to/language-models.md.
"""

import math
from pathlib import Path

import numpy as np
import pytest

import empowerment as emp
from empowerment.testing import check_token_model
from empowerment.text import XLlamaCpp, next_token_channel

TEXT = (Path(__file__).parents[1] / "data" / "python_text.txt").read_text(encoding="utf-8")
BEFORE = (
    "Assistant: Is the sky blue?\nUser: Yes, it is.\nAssistant: What colour is grass?\nUser: Green.\n"
    "Assistant: Thank you.\nUser: You are welcome.\n"
)
MESSAGES = [
    "Shall I delete the file, yes or no?",
    "Is it Monday or Tuesday?",
    "What is two plus two?",
    "Are you tired?",
    "Red, green or blue?",
    "Hello!",
]
PROMPTS = [f"{BEFORE}Assistant: {message}\nUser:" for message in MESSAGES]


@pytest.fixture(scope="module")
def model(weights):
    pytest.importorskip("xllamacpp")
    with XLlamaCpp(weights) as started:
        yield started


@pytest.fixture(scope="module")
def positions(model):
    """The whole distribution at each token of a Python text."""
    return model.score("", TEXT)


def entropy(place):
    p = np.exp(place.log_probabilities)
    return -math.fsum(p[p > 0] * np.log2(p[p > 0]))


def test_it_keeps_the_contract(model):
    check_token_model(model, tolerance=1e-6)


def test_entropies_of_short_lists_hold_the_whole_one_at_every_token(positions):
    known = [place for place in positions if place.complete]
    assert len(known) >= 300
    exact = np.array([entropy(place) for place in known])
    for k, settled in ((5, 0.9), (20, 0.95), (100, 0.98)):
        ends = np.array([place.top(k).entropy() for place in known])
        assert (ends[:, 0] <= exact).all()
        assert (exact <= ends[:, 1]).all()
        # "H > 1 bit?" is settled where the interval lies on one side of 1.
        assert np.mean((ends[:, 0] > 1) | (ends[:, 1] <= 1)) >= settled


def test_lists_with_the_servers_rounding_hold_the_whole_entropy(model, positions):
    told = model.score("", TEXT, top=20)
    assert max(place.rounding for place in told) > 0
    for place, whole in zip(told, positions, strict=True):
        if not whole.complete:
            continue
        assert place.entropy().lower <= entropy(whole) <= place.entropy().upper
        assert place.token == whole.token
        if place.token is not None:
            assert place.surprisal().lower <= whole.surprisal().lower <= place.surprisal().upper


def test_the_capacity_of_six_messages_lies_in_every_interval(model, monkeypatch):
    whole = next_token_channel(model, PROMPTS, top=None).capacity()
    assert whole.converged
    once = next_token_channel(model, PROMPTS).capacity()
    assert (once.lower, once.upper) == (
        whole.lower,
        whole.upper,
    )  # its whole lists are used, since they are had anyway
    monkeypatch.setattr(model, "whole_lists", False)
    gaps = []
    for k in (1, 5, 20, 100, 1000):
        union = next_token_channel(model, PROMPTS, top=k).capacity()
        assert union.slack == 0  # the union is asked for with the whole list, and so without rounding
        assert union.lower <= whole.upper
        assert whole.lower <= union.upper
        gaps.append(float(union.gap))
        if k <= 100:
            lists = next_token_channel(model, PROMPTS, top=k, union=False)
            alone = lists.capacity(tol=1e-6)
            assert alone.lower <= whole.upper
            assert whole.lower <= alone.upper
            assert float(emp.channel_capacity(lists.renormalised()).value) > whole.upper
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] <= 0.03

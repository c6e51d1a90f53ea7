"""Likelihoods of texts: entropies that are known, and what they take for a decision."""

import numpy as np
import pytest
from helpers import MINI3

import empowerment as emp
from empowerment import proxies
from empowerment.text import TableModel, Threshold, effective_empowerment

# After "a" a choice between synonyms, after "b" one that decides the token after it.
SYNONYMS = TableModel(
    {"a": {"x": 0.5, "y": 0.5}, "b": {"p": 0.5, "q": 0.5}, "x": {"!": 1.0}, "y": {"!": 1.0}}
    | {"p": {"!": 1.0}, "q": {"?": 1.0}},
)


def test_the_surprisal_of_a_walk_is_the_entropy_of_its_steps():
    steps = MINI3.to_dense().mean(axis=1)
    entropies = -(steps * np.log2(steps)).sum(axis=1)
    expected = entropies + steps @ entropies
    found = proxies.token_surprisal(MINI3, 2, n_texts=40_000, rng=0)
    assert found.value == pytest.approx(expected, abs=0.02)


def test_synonyms_and_decisions_are_equally_surprising():
    found = proxies.token_surprisal(SYNONYMS, 1, states=["a", "b"], rng=0)
    assert found.value == pytest.approx([1, 1], abs=1e-6)
    assert effective_empowerment(SYNONYMS, "a", 1).value == pytest.approx(0, abs=1e-9)
    assert effective_empowerment(SYNONYMS, "b", 1).value == pytest.approx(1, abs=1e-9)


def test_the_threshold_is_passed_as_often_as_texts_are_unlikely():
    model = TableModel({"": {"a": 0.9, "b": 0.1}})
    for threshold, expected in (
        (Threshold.probability(0.9), 0.1),
        (Threshold.probability(0.9, inclusive=False), 1.0),
        (Threshold.probability(0.05), 0.0),
    ):
        found = proxies.token_threshold(model, states="", threshold=threshold, n_texts=2000, rng=0)
        assert float(found) == pytest.approx(expected, abs=0.03)
        assert found.unit == "share of texts"
    hall = emp.worlds.open_grid(3)
    assert (proxies.token_threshold(hall, 1, rng=0).value == 1).all()


def test_what_is_refused():
    with pytest.raises(ValueError, match="prefixes"):
        proxies.token_surprisal(SYNONYMS)
    with pytest.raises(TypeError, match="Threshold"):
        proxies.token_threshold(SYNONYMS, states="a", threshold=1.0)
    with pytest.raises(TypeError, match="token model"):
        proxies.token_surprisal(3, states="a")

"""Effective empowerment of the next token: closed forms, its bounds, and what cannot be followed."""

import itertools
import math

import numpy as np
import pytest
from helpers import h

from empowerment.text import FunctionModel, TableModel, TierError, TokenModelError, effective_empowerment


def test_a_noisy_echo_tells_as_much_as_a_binary_symmetric_channel():
    rows = {"a": {"a": 0.9, "b": 0.1}, "b": {"a": 0.1, "b": 0.9}}
    for p in (0.5, 0.3):
        found = effective_empowerment(TableModel({"": {"a": p, "b": 1 - p}, **rows}), "", 1)
        assert found.value == pytest.approx(h(0.9 * p + 0.1 * (1 - p)) - h(0.1), abs=1e-12)
        assert found.entropy == pytest.approx(h(p), abs=1e-12)
        assert found.capacity.lower <= 1 - h(0.1) <= found.capacity.upper
        assert found.slack == pytest.approx(found.entropy - found.value)


def test_words_that_change_nothing_look_empowering_to_the_entropy_alone():
    """A comment of four words, each as likely, then the code, whatever the comment said."""
    words = [" alpha", " beta", " gamma", " delta"]
    table = {"#": dict.fromkeys(words, 0.25), **{word: {"\n": 1.0} for word in words}, "\n": {"x": 0.5, "y": 0.5}}
    found = effective_empowerment(TableModel(table), "#", 2)
    assert (found.value, found.entropy) == (0.0, 2.0)
    assert float(found.capacity.upper) <= 1e-9
    code = effective_empowerment(TableModel(table | {"x": {"1": 1.0}, "y": {"2": 1.0}}), "\n", 1)
    assert (code.value, code.entropy) == (1.0, 1.0)


def test_what_shows_late_needs_a_horizon():
    """The choice shows only after two tokens that are the same for both."""
    table = {"": {"a": 0.5, "b": 0.5}, "a": {".": 1.0}, "b": {".": 1.0}, ".": {",": 1.0}}
    table |= {"a.,": {"A": 1.0}, "b.,": {"B": 1.0}, "A": {"": 1.0}, "B": {"": 1.0}}
    model = TableModel(table)
    assert [effective_empowerment(model, "", n).value for n in (1, 2, 3, 4)] == [0.0, 0.0, 1.0, 1.0]


def test_it_is_the_information_of_the_joint_distribution_and_stays_below_both_bounds():
    rng = np.random.default_rng(0)
    words = ["a", "b", "c", ""]
    for _ in range(20):
        contexts = ["", "a", "b", "c", "ab", "ca"]
        rows = rng.dirichlet(np.full(4, 0.4), size=len(contexts)).tolist()
        table = {c: dict(zip(words, row, strict=True)) for c, row in zip(contexts, rows, strict=True)}
        model, horizon = TableModel(table), 2
        found = effective_empowerment(model, "c", horizon, base=math.e)

        def p(text, word, table=table):
            context = max((c for c in table if text.endswith(c)), key=len)
            return table[context][word]

        joint = {}
        for first in words:
            for rest in itertools.product(words, repeat=horizon):
                weight, text, ended = p("c", first), "c" + first, first == ""
                for word in rest:
                    weight *= (word == "") if ended else p(text, word)
                    text, ended = text + word, ended or word == ""
                joint[first, rest] = weight
        total = 0.0
        for (first, rest), weight in joint.items():
            if weight > 0:
                px = math.fsum(w for (x, _), w in joint.items() if x == first)
                py = math.fsum(w for (_, y), w in joint.items() if y == rest)
                total += weight * math.log(weight / (px * py))
        assert found.value == pytest.approx(total, abs=1e-10)
        assert found.value <= found.entropy + 1e-12
        assert found.value <= float(found.capacity.upper) + 1e-12
        assert found.unit == "nats"


def test_what_cannot_be_followed_is_said():
    partial = FunctionModel(lambda text: {"a": 0.6}, vocabulary_size=9, name="partial")
    with pytest.raises(TokenModelError, match="need whole lists"):
        effective_empowerment(partial, "", 1)
    with pytest.raises(TierError, match="effective_empowerment needs"):
        effective_empowerment(FunctionModel(write=lambda p, r: "a", name="w"), "", 1)
    model = TableModel({"": {"a": 0.5, "b": 0.5}})
    with pytest.raises(ValueError, match="more than 10 texts"):
        effective_empowerment(model, "", 12, max_texts=10)
    for horizon in (0, 1.5, True):
        with pytest.raises((ValueError, TypeError), match="horizon is"):
            effective_empowerment(model, "", horizon)

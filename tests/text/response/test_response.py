"""Response channels: intervals that hold the exact capacity, and modes that are kept apart."""

import math
from dataclasses import replace

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp
from empowerment.text import (
    FunctionModel,
    Provider,
    TableModel,
    Tier,
    TierError,
    TokenModelError,
    answer_channel,
    next_token_channel,
)

PROMPTS = ["Shall we?", "Let us!", "Better not.", "As you like."]


def random_person(seed, size=60):
    rng = np.random.default_rng(seed)
    common = rng.dirichlet(np.full(size, 0.2))
    rows = {}
    for prompt in PROMPTS:
        row = 0.5 * common + 0.5 * rng.dirichlet(np.full(size, 0.05))
        rows[prompt] = {f" w{i}": float(p) for i, p in enumerate(row / row.sum())}
    return TableModel(rows, name=f"person-{seed}")


def exact_capacity(model):
    rows = [np.exp(model.score(prompt)[-1].log_probabilities) for prompt in PROMPTS]
    return emp.channel_capacity(rows)


class InSinglePrecision(Provider):
    """Tells lists whose scale is off by up to its rounding, as servers do that sum in single precision."""

    tier, name = Tier.SCORE, "single"

    def __init__(self, model, rounding, seed):
        self.model, self.rounding = model, rounding
        self.vocabulary_size = model.vocabulary_size
        self._rng = np.random.default_rng(seed)

    def score(self, prefix, text="", *, top=None, also=()):
        places = self.model.score(prefix, text, top=top, also=also)
        factors = 1 + self.rounding * self._rng.uniform(-1, 1, size=len(places))
        return [
            place
            if place.complete
            else replace(place, log_probabilities=place.log_probabilities + math.log(f), rounding=self.rounding)
            for place, f in zip(places, factors, strict=True)
        ]


class OnlyWrites(Provider):
    """Tells lists of what it writes, and scores nothing."""

    tier, name = Tier.STEP, "writer"

    def __init__(self, model):
        self.model, self.vocabulary_size = model, model.vocabulary_size

    def step(self, prefix, max_tokens=1, *, top=20, temperature=0.0, seed=None):
        return self.model.step(prefix, max_tokens, top=top, temperature=temperature, seed=seed)


@for_each("seed", range(10))
@for_each("k", [1, 3, 10, 40])
def test_the_exact_capacity_lies_in_the_interval_for_every_k(seed, k):
    model = random_person(seed)
    exact = exact_capacity(model)
    filled = next_token_channel(model, PROMPTS, top=k).capacity()
    assert filled.lower <= exact.upper
    assert exact.lower <= filled.upper
    alone = next_token_channel(model, PROMPTS, top=k, union=False).capacity(tol=1e-6)
    assert alone.lower <= exact.upper
    assert exact.lower <= alone.upper
    assert filled.gap <= alone.gap + 1e-6


@for_each("union", [True, False])
def test_a_whole_list_gives_the_exact_capacity(union):
    model = random_person(3)
    channel = next_token_channel(model, PROMPTS, top=None, union=union)
    found = channel.capacity()
    assert found.converged
    assert abs(float(found.lower) - float(exact_capacity(model).value)) < 1e-8
    assert isinstance(found.solution, emp.CapacityResult)
    assert float(emp.channel_capacity(channel.renormalised()).value) == pytest.approx(float(found.lower))


@for_each("seed", range(8))
@for_each("union", [True, False])
def test_rounding_widens_the_interval_and_keeps_it_valid(seed, union):
    model = random_person(seed)
    rough = InSinglePrecision(model, 3e-3, seed)
    exact = exact_capacity(model)
    found = next_token_channel(rough, PROMPTS, top=12, union=union).capacity(tol=1e-6)
    assert found.slack > 0
    assert found.lower <= exact.upper
    assert exact.lower <= found.upper


def test_a_sum_above_one_is_rounding_and_no_residual():
    class Sure(Provider):
        tier, name, vocabulary_size = Tier.SCORE, "sure", 1000

        def score(self, prefix, text="", *, top=None, also=()):
            return [emp.text.Position((b"a", b"b"), np.log([0.6004, 0.4]), vocabulary_size=1000, rounding=1e-3)]

    channel = next_token_channel(Sure(), ["x", "y"])
    np.testing.assert_allclose(channel.observed.sum(axis=1), 1.0)
    assert not channel.residual.any()
    assert channel.capacity().lower == 0
    assert channel.capacity().upper == pytest.approx(channel.capacity().slack, abs=1e-8)


def test_complete_lists_of_different_tokens_do_not_make_a_vocabulary():
    lists = {"x": {" a": 0.6, " b": 0.4}, "y": {" c": 0.7, " b": 0.3}}
    model = FunctionModel(lambda text: lists.get(text, {"": 1.0}), name="two of three")
    exact = emp.channel_capacity([[0.6, 0.4, 0], [0, 0.3, 0.7]])
    for options in ({"top": None}, {"top": 1}, {"top": 1, "union": False}):
        found = next_token_channel(model, ["x", "y"], **options).capacity(tol=1e-6)
        assert found.lower <= exact.upper
        assert exact.lower <= found.upper


def test_lists_of_what_is_written_need_no_scores():
    model = random_person(0)
    with pytest.raises(TierError, match=r"writer is of the tier STEP.*pass union=False"):
        next_token_channel(OnlyWrites(model), PROMPTS)
    found = next_token_channel(OnlyWrites(model), PROMPTS, top=20, union=False).capacity(tol=1e-6)
    exact = exact_capacity(model)
    assert found.lower <= exact.upper
    assert exact.lower <= found.upper


def test_scoring_the_union_is_what_narrows_the_interval():
    model = random_person(5)
    gaps = [float(next_token_channel(model, PROMPTS, top=k).capacity().gap) for k in (1, 5, 20, 59)]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 0.1 * gaps[0]


DINERS = TableModel(
    {
        "Menu?": {" the": 0.5, " a": 0.3, " hm": 0.2},
        "Quick!": {" the": 0.1, " a": 0.1, " hm": 0.8},
        " the": {" soup": 0.5, " fish": 0.5},
        " a": {" soup": 0.1, " fish": 0.9},
        "": {"": 0.75, " hm": 0.25},
    },
    name="diners",
)
ANSWERS = [" the soup", " the fish", " a fish"]


def test_open_answers_have_the_probability_of_all_their_tokens_and_the_end():
    channel = answer_channel(DINERS, ["Menu?", "Quick!"], ANSWERS)
    expected = 0.75 * np.array([[0.25, 0.25, 0.27], [0.05, 0.05, 0.09]])
    np.testing.assert_allclose(channel.observed, expected, rtol=1e-12)
    np.testing.assert_allclose(channel.residual, 1 - expected.sum(axis=1), rtol=1e-12)
    begun = answer_channel(DINERS, ["Menu?", "Quick!"], ANSWERS, end="")
    np.testing.assert_allclose(begun.observed, expected / 0.75, rtol=1e-12)
    closed = answer_channel(DINERS, ["Menu?", "Quick!"], ANSWERS, end=" hm")
    np.testing.assert_allclose(closed.observed, expected / 3, rtol=1e-12)


def test_the_modes_are_different_channels_and_say_which_they_are():
    prompts = ["Menu?", "Quick!"]
    opened = answer_channel(DINERS, prompts, ANSWERS).capacity()
    menu = answer_channel(DINERS, prompts, ANSWERS, mode="menu").capacity()
    lengths = answer_channel(DINERS, prompts, [" hm", " a fish"], mode="menu", length="per token", end="")
    assert (opened.mode, menu.mode, lengths.capacity().mode) == ("open", "menu", "menu")
    assert (menu.length, lengths.capacity().length) == ("total", "per token")
    assert "per token" in repr(lengths)
    assert "per token" in repr(lengths.capacity())
    assert opened.gap > 0.5
    assert menu.converged
    rows = np.array([[0.25, 0.25, 0.27], [0.05, 0.05, 0.09]])
    expected = emp.channel_capacity(rows / rows.sum(axis=1, keepdims=True))
    assert float(menu.lower) == pytest.approx(float(expected.value), abs=1e-8)
    logs = np.array([[math.log(0.2), math.log(0.27) / 2], [math.log(0.8), math.log(0.09) / 2]])
    np.testing.assert_allclose(lengths.observed, np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True), rtol=1e-12)


def test_units():
    channel = answer_channel(DINERS, ["Menu?", "Quick!"], ANSWERS, mode="menu")
    assert float(channel.capacity(base=math.e).lower) == pytest.approx(float(channel.capacity().lower) * math.log(2))
    assert channel.capacity(base=math.e).unit == "nats"


def test_rounding_of_several_tokens_adds_up():
    rough = InSinglePrecision(DINERS, 1e-3, 0)
    rough.ends = DINERS.ends
    channel = answer_channel(rough, ["Menu?", "Quick!"], ANSWERS, mode="menu")
    assert channel.rounding == pytest.approx(3e-3, rel=1e-2)
    exact = answer_channel(DINERS, ["Menu?", "Quick!"], ANSWERS, mode="menu").capacity()
    found = channel.capacity()
    assert found.lower <= exact.lower <= exact.upper <= found.upper


@for_each(
    ("options", "message"),
    [
        ({"mode": "semantic"}, "unknown mode 'semantic'; the known ones are 'open', 'menu'"),
        ({"length": "mean"}, "unknown length 'mean'"),
        ({"length": "per token"}, "length='per token' goes with mode='menu'"),
        ({"answers": [" a", " a fish"], "end": ""}, "the answer ' a fish' begins with ' a'"),
        ({"answers": [" a", " a"]}, "answers has a text twice"),
        ({"answers": " a"}, "expected a list of texts"),
        ({"answers": []}, "expected a list of texts"),
        ({"prompts": ["Menu?", "Menu?"]}, "prompts has 'Menu.' twice"),
        ({"prompts": []}, "prompts is empty"),
        ({"labels": ["one"]}, "labels"),
    ],
)
def test_what_does_not_fit_is_refused(options, message):
    asked = {"prompts": ["Menu?", "Quick!"], "answers": ANSWERS} | options
    with pytest.raises(ValueError, match=message):
        answer_channel(DINERS, **asked)


def test_a_model_that_writes_nothing_is_named():
    class Silent(Provider):
        tier, name, vocabulary_size, ends = Tier.STEP, "silent", 3, (b"",)

        def step(self, prefix, max_tokens=1, *, top=20, temperature=0.0, seed=None):
            return iter(())

    with pytest.raises(TokenModelError, match="silent writes nothing after 'Menu"):
        next_token_channel(Silent(), ["Menu?", "Quick!"], union=False)


def test_a_text_is_not_taken_for_a_list_of_letters():
    with pytest.raises(TypeError, match="prompts is one text"):
        next_token_channel(DINERS, "Menu?")


def test_a_model_that_does_not_tell_its_end_needs_one():
    model = TableModel({"": {" a": 0.5, " b": 0.5}}, name="endless")
    with pytest.raises(ValueError, match="endless reports no end-of-text token; pass end="):
        answer_channel(model, ["x", "y"], [" a", " b"])


def test_a_menu_of_impossible_answers_is_refused():
    model = TableModel({"x": {" a": 1.0}, "y": {" a": 1.0, " b": 0.0}, "": {" a": 1.0}}, name="one")
    with pytest.raises(ValueError, match="after 'x' no answer of the menu has a probability above 0"):
        answer_channel(model, ["x", "y"], [" b"], mode="menu", end="")


def test_an_answer_whose_probability_is_not_told_is_an_error_of_its_prompt():
    class Bounds(Provider):
        tier, name, ends = Tier.SCORE, "bounds", (0,)

        def score(self, prefix, text="", *, top=None, also=()):
            place = emp.text.Position((b"a",), np.log([0.5]), token=text.encode())
            return [place, place]

    with pytest.raises(TokenModelError, match="the probability of b' z' after 'x' is not reported, only bounded"):
        answer_channel(Bounds(), ["x"], [" z"], end="")


def test_labels_name_the_inputs_and_tokens_written_alike_keep_their_numbers():
    class Twins(Provider):
        tier, name, vocabulary_size = Tier.SCORE, "twins", 3

        def score(self, prefix, text="", *, top=None, also=()):
            return [emp.text.Position.complete_list([b"a", b"", b""], np.zeros(3))]

    channel = next_token_channel(Twins(), ["x", "y"], labels=["first", "second"])
    assert channel.inputs == ("first", "second")
    assert channel.outputs == ("a", " [token 1]", " [token 2]")
    assert channel.capacity().inputs == ("first", "second")

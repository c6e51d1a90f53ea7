import math

import numpy as np
import pytest
from helpers import for_each

from empowerment.testing import check_token_model
from empowerment.text import FunctionModel, Recorded, Tier, TierError, TokenModelError, ask_each


def weather(text):
    if text.endswith("sun"):
        return {" rain": 0.2, " sun": 0.7, "": 0.1}
    return {" rain": 0.5, " sun": 0.25, "": 0.25}


def partial(text):
    return {" yes": 0.6, " no": 0.3}


def test_the_contract_holds_for_complete_mappings():
    check_token_model(FunctionModel(weather), " sun rain", " sun rain sun")


def test_the_contract_holds_for_what_only_writes():
    model = FunctionModel(write=lambda prefix, rng: f" {prefix}{rng.integers(10)}")
    check_token_model(model)
    assert model.tier is Tier.SAMPLE
    with pytest.raises(TierError, match=r"score\(\) needs the tier SCORE"):
        model.score("x", "y")


def test_a_text_is_read_by_the_longest_token_listed():
    model = FunctionModel(lambda text: {"a": 0.5, "ab": 0.25, "b": 0.25})
    places = model.score("x", "aba")
    assert [(p.token, p.span) for p in places] == [(b"ab", (0, 2)), (b"a", (2, 3)), (None, (3, 3))]
    assert places[0].surprisal() == pytest.approx((2, 2))
    with pytest.raises(TokenModelError, match=r"lists no token that 'c' begins with; pass tokenize="):
        model.score("x", "c")


def test_the_function_is_asked_for_the_text_before_each_token():
    asked = []
    model = FunctionModel(lambda text: asked.append(text) or weather(text))
    model.score("sun", " rain sun")
    assert asked == ["sun", "sun rain", "sun rain sun"]


def test_a_part_of_the_tokens_leaves_a_residual_that_one_token_may_have():
    place = FunctionModel(partial, vocabulary_size=100).score("x", " yes")[0]
    assert place.residual == pytest.approx((0.1, 0.1))
    assert place.cap == pytest.approx(0.1)
    h = -0.6 * math.log2(0.6) - 0.3 * math.log2(0.3)
    assert place.entropy() == pytest.approx((h - 0.1 * math.log2(0.1), h + 0.1 * math.log2(98 / 0.1)))


def test_what_lists_the_most_probable_tokens_caps_the_others():
    spread = {f" {i}": 0.1 for i in range(5)}
    loose, tight = (FunctionModel(lambda _: spread, vocabulary_size=50, most_probable=m) for m in (False, True))
    assert tight.score("x")[0].cap == pytest.approx(0.1)
    assert tight.score("x")[0].entropy().lower > loose.score("x")[0].entropy().lower + 1


def test_a_token_outside_the_list_is_known_to_be_there_and_no_more():
    model = FunctionModel(partial, vocabulary_size=100, tokenize=lambda text: [text])
    place = model.score("x", " maybe")[0]
    assert (place.token, place.chosen) == (b" maybe", None)
    assert place.surprisal() == pytest.approx((-math.log2(0.1), math.inf))


def test_what_a_complete_mapping_leaves_out_is_impossible():
    model = FunctionModel(weather, tokenize=lambda text: [text])
    place = model.score("x", " snow", top=1, also=[b"", b" hail"])[0]
    logs = dict(zip(place.outcomes, place.log_probabilities, strict=True))
    assert logs[b" snow"] == logs[b" hail"] == -math.inf
    assert math.exp(logs[b""]) == pytest.approx(0.25)


def test_what_a_part_does_not_tell_cannot_be_asked_for():
    with pytest.raises(TokenModelError, match="does not report the probability of '', which also= requests"):
        FunctionModel(partial).score("x", top=1, also=[b""])
    assert FunctionModel(partial, ends=False).ends == ()


def test_nothing_is_drawn_from_a_part_but_the_most_probable_token():
    model = FunctionModel(partial)
    assert [place.token for place in model.step("x", 2)] == [b" yes", b" yes"]
    with pytest.raises(TokenModelError, match=r"cannot draw at temperature 1: 0.1 of the mass is not listed"):
        model.sample("x", 1)


def test_texts_are_written_by_the_function_where_there_is_one():
    model = FunctionModel(partial, write=lambda prefix, rng: prefix + str(rng.integers(1000)))
    assert model.tier is Tier.SCORE
    assert model.sample("x", 3, seed=1) == model.sample("x", 3, seed=1)
    assert len(set(model.sample("x", 3, seed=1))) > 1
    with pytest.raises(TokenModelError, match=r"temperature is 0.5, but .* writes as it does: expected 1"):
        model.sample("x", 1, temperature=0.5)


@for_each("row", [{"a": 1.2}, {"a": -0.1, "b": 0.5}, {"a": np.nan}, {"a": 0.6, "b": 0.6}])
def test_what_are_no_probabilities_is_refused(row):
    with pytest.raises(TokenModelError, match=r"next_token\('x'\) gives numbers from .* expected probabilities"):
        FunctionModel(lambda _: row).score("x")


@for_each(
    "told",
    [
        *(None, 7, ["a"], {"a": "b"}, {"a": None}, {b"a": 1.0}, {3: 1.0}, {"a": 10**400}),
        *({"a": 1e308, "b": 1e308}, {"\ud800": 1.0}, {"a": np.inf}),
    ],
)
def test_what_is_no_mapping_of_probabilities_is_a_failure_of_its_prompt(told):
    model = FunctionModel(lambda text: told if text == "x" else {"": 1.0}, name="odd")
    found = ask_each(model.score, ["x", "y"])
    assert list(found.found) == ["y"]
    assert "next_token('x')" in str(found.failures["x"]) or "surrogate" in str(found.failures["x"])


def raising(error):
    def fail(text, *rest):
        if text == "bad":
            raise error
        return " yes" if rest else {"": 1.0}

    return fail


@for_each("workers", [1, 3])
@for_each("error", [StopIteration(), KeyError("a"), RecursionError(), ValueError("no"), MemoryError()])
def test_an_error_of_a_function_is_that_of_its_prompt(error, workers):
    prompts = ["a", "bad", "b"]
    tells, writes = FunctionModel(raising(error), name="tells"), FunctionModel(write=raising(error), name="writes")
    asks = [tells.score, lambda p: list(tells.step(p)), lambda p: tells.sample(p, 1), lambda p: writes.sample(p, 1)]
    for ask in asks:
        found = ask_each(ask, prompts, workers=workers)
        assert list(found.failures) == ["bad"]
        assert f"('bad') raises {type(error).__name__}" in str(found.failures["bad"])
        assert found.failures["bad"].__cause__ is error


@for_each("workers", [1, 3])
@for_each("error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_an_interrupt_passes(error, workers):
    model = FunctionModel(raising(error), write=raising(error), name="stopped")
    for ask in (model.score, lambda p: list(model.step(p)), lambda p: model.sample(p, 1)):
        with pytest.raises(type(error)):
            ask_each(ask, ["a", "bad", "b"], workers=workers)


@for_each("workers", [1, 3])
def test_an_iterator_without_a_next_is_a_failure_of_its_prompt(workers):
    found = ask_each(lambda prompt: next(iter([1] if prompt == "a" else [])), ["a", "b"], workers=workers)
    assert found.found == {"a": 1}
    assert "next item of an empty iterator: no token" in str(found.failures["b"])


@for_each("text", [None, 3, b"yes", "half \ud83d"])
def test_what_is_no_text_is_not_taken_for_one(text):
    with pytest.raises(TokenModelError, match=r"write\('x'\) returns|surrogate"):
        FunctionModel(write=lambda prefix, rng: text).sample("x", 1)


def test_steps_that_are_left_early_leave_nothing_behind():
    steps = FunctionModel(weather).step("x", 5, seed=1)
    next(steps)
    steps.close()
    with pytest.raises(StopIteration):
        next(steps)


def test_parts_that_do_not_make_up_the_text_are_refused():
    model = FunctionModel(weather, tokenize=str.split)
    with pytest.raises(TokenModelError, match=r"gives \['sun', 'rain'\], expected parts that make up the text"):
        model.score("x", "sun rain")


def test_a_function_is_needed():
    with pytest.raises(ValueError, match="there is no function, expected next_token or write"):
        FunctionModel()
    with pytest.raises(ValueError, match="vocabulary_size"):
        FunctionModel(weather, vocabulary_size=0)


def test_an_empty_mapping_says_nothing():
    place = FunctionModel(lambda _: {}, vocabulary_size=8).score("x")[0]
    assert place.entropy() == pytest.approx((0, 3))


def test_answers_are_recorded_under_the_functions_name(tmp_path):
    model = FunctionModel(weather)
    assert model.name == f"{__name__}.weather"
    with Recorded(tmp_path / "weather.jsonl", model) as recorded:
        first = recorded.score("x", " sun")
    assert Recorded(tmp_path / "weather.jsonl").score("x", " sun")[0].surprisal() == first[0].surprisal()

"""Positions: intervals that hold whatever was not told; the protocol and what is derived from it."""

import math
from dataclasses import replace

import numpy as np
import pytest
from helpers import for_each
from hypothesis import given
from hypothesis import strategies as st

from empowerment.testing import check_token_model
from empowerment.text import Position, Provider, TableModel, Tier, TierError, TokenModel, TokenModelError


def random_logits(seed, size):
    rng = np.random.default_rng(seed)
    return rng.normal(scale=rng.choice([0.1, 1, 4, 12]), size=size)


def complete(seed, size, chosen=None):
    return Position.complete_list([b"%d" % i for i in range(size)], random_logits(seed, size), chosen=chosen)


def entropy(p):
    return -math.fsum(x * math.log2(x) for x in p if x > 0)


@given(st.integers(0, 2**32 - 1), st.integers(2, 300), st.integers(1, 30))
def test_the_entropy_of_a_whole_list_lies_in_the_interval_of_its_beginning(seed, size, k):
    whole = complete(seed, size)
    exact = entropy(np.exp(whole.log_probabilities))
    found = whole.top(min(k, size)).entropy()
    assert found.lower <= exact <= found.upper
    assert whole.entropy().lower <= exact <= whole.entropy().upper
    assert whole.entropy().width <= 1e-12 * (1 + exact)


@given(st.integers(0, 2**32 - 1), st.integers(3, 300), st.integers(1, 20), st.floats(-1, 1))
def test_a_common_factor_within_the_rounding_leaves_the_interval_valid(seed, size, k, factor):
    rounding = 3e-3
    whole = complete(seed, size)
    told = whole.top(min(k, size - 1))
    off = replace(told, log_probabilities=told.log_probabilities + math.log1p(rounding * factor), rounding=rounding)
    exact = entropy(np.exp(whole.log_probabilities))
    found = off.entropy()
    assert found.lower <= exact <= found.upper
    assert off.mass.lower - 1e-15 <= told.mass.lower <= off.mass.upper + 1e-15
    assert off.residual.lower <= told.residual.upper + 1e-15
    assert told.residual.lower <= off.residual.upper + 1e-15


@given(st.integers(0, 2**32 - 1), st.integers(2, 300), st.integers(1, 30))
def test_the_min_entropy_of_a_whole_list_lies_in_the_interval_of_any_part_of_it(seed, size, k):
    whole = complete(seed, size)
    exact = -whole.log_probabilities.max() / math.log(2)
    assert whole.min_entropy().lower <= exact <= whole.min_entropy().upper
    assert whole.min_entropy().width <= 1e-12 * (1 + exact)
    kept = np.random.default_rng(seed).permutation(size)[: min(k, size - 1)]
    logs = whole.log_probabilities[kept]
    some = Position(tuple(whole.tokens[i] for i in kept), logs, ids=kept, vocabulary_size=size, cap=1.0)
    for told in (whole.top(min(k, size)), some):
        assert told.min_entropy().lower <= exact <= told.min_entropy().upper


@given(st.integers(0, 2**32 - 1), st.integers(2, 100))
def test_both_ends_of_the_entropy_are_attained(seed, size):
    told = complete(seed, size).top(1)
    p, r, n = math.exp(told.log_probabilities[0]), told.residual.upper, size - 1
    full = math.floor(r / p)
    packed = [p] * (full + 1) + [r - full * p]
    found = told.entropy()
    assert found.lower == pytest.approx(entropy(packed), abs=1e-9)
    assert found.upper == pytest.approx(entropy([p] + [r / n] * n), abs=1e-9)


def test_an_unknown_vocabulary_leaves_the_entropy_without_an_upper_end():
    told = Position((b"a",), np.log([0.75]))
    assert told.entropy() == (pytest.approx(entropy([0.75, 0.25])), math.inf)
    assert told.entropy(math.e).lower == pytest.approx(told.entropy().lower * math.log(2))


def test_the_surprisal_of_a_token_outside_the_list_is_a_bound():
    place = Position((b"a", b"b"), np.log([0.6, 0.3]), vocabulary_size=50, token=b"z")
    assert place.surprisal() == (pytest.approx(-math.log2(0.1)), math.inf)
    narrow = Position((b"a", b"b"), np.log([0.6, 0.05]), vocabulary_size=50, token=b"z")
    assert narrow.surprisal().lower == pytest.approx(-math.log2(0.05))
    inside = replace(place, token=b"b", chosen=1, rounding=0.01)
    assert inside.surprisal().lower < -math.log2(0.3) < inside.surprisal().upper
    assert inside.surprisal().width == pytest.approx(2 * 0.01 / math.log(2), rel=1e-3)
    with pytest.raises(ValueError, match="this position has no token"):
        replace(place, token=None).surprisal()


def test_top_keeps_the_chosen_token_and_those_asked_for():
    whole = complete(0, 40, chosen=int(np.argmin(random_logits(0, 40))))
    short = whole.top(3, also=[7, 8])
    assert {7, 8, whole.chosen} <= set(short.outcomes)
    assert short.tokens[short.chosen] == whole.token
    unlisted = np.delete(np.exp(whole.log_probabilities), list(short.outcomes))
    assert short.cap >= unlisted.max()
    assert short.top(100).cap == short.cap
    with pytest.raises(KeyError):
        short.top(3, also=[next(i for i in range(40) if i not in short.outcomes)])
    with pytest.raises(KeyError, match="also names more tokens than the 6 that are listed here"):
        short.top(3, also=range(40))
    with pytest.raises(TypeError, match="also is 7, expected a sequence of outcomes"):
        short.top(3, also=7)


@for_each(
    ("logits", "options", "error", "message"),
    [
        ([1j, 2], {}, TypeError, r"logits is \[1j, 2\], expected a number for each token"),
        ([1.0], {}, ValueError, r"logits has shape \(1,\), expected one number for each of the tokens"),
        ([1.0, 2.0], {"chosen": 2}, ValueError, "chosen is 2, expected the index of one of 2 tokens"),
        ([1.0, 2.0], {"ids": np.array([1j, 2])}, TypeError, "ids is array.*expected a whole number for each token"),
        ([1.0, 2.0], {"ids": [1.5, 2]}, TypeError, r"ids is \[1.5, 2\], expected a whole number for each token"),
    ],
)
def test_a_vocabulary_has_a_number_for_each_token(logits, options, error, message):
    with pytest.raises(error, match=message):
        Position.complete_list([b"a", b"b"], logits, **options)


def test_a_list_that_a_temperature_changed_is_refused():
    logs = complete(1, 50).log_probabilities
    with pytest.raises(ValueError, match=r"sum to .*were they changed by a temperature"):
        Position(tuple(b"%d" % i for i in range(49)), logs[:49] / 3)


@for_each(
    ("changes", "message"),
    [
        ({"log_probabilities": np.log([0.5])}, r"log_probabilities has shape \(1,\), expected \(2,\)"),
        ({"log_probabilities": np.array([0.0, math.nan])}, "log_probabilities has nan"),
        ({"tokens": (b"a", b"a")}, "tokens are listed twice"),
        ({"ids": np.array([3, 3])}, "expected 2 different numbers"),
        ({"rounding": 0.7}, "rounding is 0.7"),
        ({"vocabulary_size": 1}, "2 tokens are listed, but vocabulary_size is 1"),
        ({"vocabulary_size": 2}, "all 2 tokens are listed, but their probabilities sum to 0.8"),
        ({"vocabulary_size": 4, "cap": 0.05}, "cap is 0.05, so 2 tokens outside the list hold less than the 0.2"),
        ({"token": b"a", "chosen": 1}, "chosen is 1, expected the index of the token b'a'"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes, message):
    parts = {"tokens": (b"a", b"b"), "log_probabilities": np.log([0.5, 0.3])}
    with pytest.raises(ValueError, match=message):
        Position(**parts | changes)


def test_tokens_that_are_written_alike_are_told_apart_by_their_ids():
    place = Position((b"", b""), np.log([0.5, 0.3]), ids=[1, 2])
    assert list(place.outcomes) == [1, 2]


def test_a_table_reads_the_longest_context_that_fits():
    model = TableModel({"": {"a": 0.5, "b": 0.5}, "a": {"b": 1.0}, "aba": {"": 1.0}})
    probabilities = [np.exp(place.log_probabilities[place.chosen]) for place in model.score("", "aba")[:-1]]
    assert probabilities == pytest.approx([0.5, 1.0, 0.5])
    assert model.sample("aba", 2) == ["", ""]
    assert [place.token for place in model.step("ab", 5, seed=0)][-1] == b""


def test_a_table_says_what_it_cannot_read_or_continue():
    model = TableModel({"yes": {" a": 1.0}}, name="tiny")
    with pytest.raises(TokenModelError, match="tiny has no context that 'no' ends with"):
        model.score("no")
    with pytest.raises(TokenModelError, match="tiny has no token that 'zebra' begins with"):
        model.score("yes", "zebra")
    with pytest.raises(ValueError, match=r"table\['x'\] sums to 0.5, expected 1"):
        TableModel({"x": {"a": 0.5}})
    with pytest.raises(ValueError, match=r"table\['x'\]\['a'\] is -1"):
        TableModel({"x": {"a": -1, "b": 2}})


def test_a_table_from_texts_is_a_model_of_its_words():
    model = TableModel.from_texts(["the cat sat on the mat", "the cat ran"], order=2, smoothing=0.5)
    assert isinstance(model, TokenModel)
    check_token_model(model, "the cat", " sat on the mat")
    assert "".join(model.sample("the", 1, max_tokens=3, seed=4)) == model.sample("the", 1, max_tokens=3, seed=4)[0]


def test_a_table_of_characters_of_several_bytes_tiles_by_bytes():
    check_token_model(TableModel.from_texts(["é ü 東京 é ü 東京"]), "é ü", " 東京 é ü")


class OnlyWrites(Provider):
    name = "pen"

    def sample(self, prefix, n, *, max_tokens=16, temperature=1.0, seed=None):
        return ["x"] * n


def test_what_a_tier_does_not_offer_is_refused_with_its_name():
    check_token_model(OnlyWrites())
    with pytest.raises(TierError, match=r"score\(\) needs the tier SCORE.*pen is of the tier SAMPLE"):
        OnlyWrites().score("a", "b")


def test_drawing_needs_the_whole_list():
    class Short(Provider):
        tier, name = Tier.SCORE, "short"

        def score(self, prefix, text="", *, top=None, also=()):
            return [Position((b"a",), np.log([0.5]))]

    with pytest.raises(TokenModelError, match=r"cannot draw at temperature 1: 0.5 of the mass is not listed"):
        Short().sample("x", 1)
    assert Short().sample("x", 1, max_tokens=2, temperature=0.0) == ["aa"]


# The contract catches providers that break it. Each double breaks one thing of a sound model.

SOUND = TableModel.from_texts(["the quick brown fox jumps over the lazy dog while the quick brown dog naps"], order=2)


class Broken(Provider):
    tier, vocabulary_size, name = Tier.SCORE, SOUND.vocabulary_size, "broken"

    def score(self, prefix, text="", *, top=None, also=()):
        return SOUND.score(prefix, text, top=top, also=also)


class ShiftedEcho(Broken):
    """Row i of a text tells of token i + 1, as a server does that forgets that it has no start token."""

    def score(self, prefix, text="", *, top=None, also=()):
        places = SOUND.score(prefix, text, top=None)
        rows = [*places[1:], places[-1]]
        shifted = [
            replace(row, token=place.token, chosen=place.chosen, span=place.span)
            for row, place in zip(rows, places, strict=True)
        ]
        return shifted if top is None else [place.top(top, also=also) for place in shifted]


class StartsOnlyTexts(Broken):
    """Adds a start token where a text follows, and not otherwise."""

    def score(self, prefix, text="", *, top=None, also=()):
        return SOUND.score(prefix or (" brown fox" if text else ""), text, top=top, also=also)


class Placeholders(Broken):
    def score(self, prefix, text="", *, top=None, also=()):
        places = super().score(prefix, text, top=top, also=also)
        first = places[0]
        logs = np.where(np.arange(len(first.tokens)) == len(first.tokens) - 1, -9999.0, first.log_probabilities)
        return [replace(first, log_probabilities=logs, vocabulary_size=None, cap=1.0), *places[1:]]


class Warmed(Broken):
    """Tells probabilities after the temperature."""

    def step(self, prefix, max_tokens=1, *, top=20, temperature=0.0, seed=None):
        for place in super().step(prefix, max_tokens, top=1000, temperature=temperature, seed=seed):
            logs = place.log_probabilities / (temperature or 1.0)
            yield replace(place, log_probabilities=logs - np.log(np.exp(logs).sum()))


class WrongSpans(Broken):
    def score(self, prefix, text="", *, top=None, also=()):
        places = super().score(prefix, text, top=top, also=also)
        return [replace(place, span=(place.span[0] + 1, place.span[1] + 1)) for place in places]


class DeafToAlso(Broken):
    def score(self, prefix, text="", *, top=None, also=()):
        return SOUND.score(prefix, text, top=top)


class KeyedByText(Broken):
    """Of two tokens that are written alike one is left, and the more probable one was drawn."""

    def step(self, prefix, max_tokens=1, *, top=20, temperature=0.0, seed=None):
        for place in super().step(prefix, max_tokens, top=top, temperature=temperature, seed=seed):
            logs = place.log_probabilities.copy()
            logs[place.chosen] -= 6
            yield replace(place, log_probabilities=logs, ids=None, vocabulary_size=50, cap=1.0)


class LosesItsOwn(KeyedByText):
    """Says of the token that was drawn that it is not listed, beside another one that is written alike."""

    def step(self, prefix, max_tokens=1, *, top=20, temperature=0.0, seed=None):
        for place in super().step(prefix, max_tokens, top=top, temperature=temperature, seed=seed):
            yield replace(place, chosen=None)


def rewritten(place, write):
    """Return a position by texts alone, the tokens of which are written otherwise, given their places in the list."""
    tokens = tuple(write(token, i) for i, token in enumerate(place.tokens))
    token = tokens[place.chosen]
    return replace(place, tokens=tokens, ids=None, vocabulary_size=None, cap=1.0, token=token)


class OnlySteps(Provider):
    tier, vocabulary_size, name = Tier.STEP, SOUND.vocabulary_size, "steps"

    def step(self, prefix, max_tokens=1, *, top=20, temperature=0.0, seed=None):
        return SOUND.step(prefix, max_tokens, top=top, temperature=temperature, seed=seed)

    def sample(self, prefix, n, *, max_tokens=16, temperature=1.0, seed=None):
        return SOUND.sample(prefix, n, max_tokens=max_tokens, temperature=temperature, seed=seed)


class Rewritten(OnlySteps):
    """Writes its tokens otherwise than they stand in a text."""

    listed = 2

    def step(self, prefix, max_tokens=1, *, top=20, temperature=0.0, seed=None):
        start = 0
        for place in super().step(prefix, max_tokens, top=self.listed, temperature=temperature, seed=seed):
            found = rewritten(place, self.write)
            yield replace(found, span=(start, start + len(found.token or b"")))
            start += len(found.token or b"")


class InSigns(Rewritten):
    listed = 5

    def write(self, token, place):
        return token.replace(b" ", "\u0120".encode())


class Replaced(Rewritten):
    """Shows the less probable of two tokens as a broken character."""

    def write(self, token, place):
        return b"\xef\xbf\xbd" if place else token


class WrittenAsNothing(Rewritten):
    def write(self, token, place):
        return b"" if place else token


class TellsNoToken(Rewritten):
    def write(self, token, place):
        return None


class CutAndScaled(Broken):
    """Tells the two most probable tokens as if there were no others."""

    def score(self, prefix, text="", *, top=None, also=()):
        places = []
        for place in SOUND.score(prefix, text, top=2):
            logs = place.log_probabilities - math.log(np.exp(place.log_probabilities).sum())
            places.append(replace(place, log_probabilities=logs, cap=1.0))
        return places


class Reasons(OnlySteps):
    """Tells of reasoning, and answers with something else."""

    def step(self, prefix, max_tokens=1, *, top=20, temperature=0.0, seed=None):
        return super().step("the lazy dog", max_tokens, top=top, temperature=temperature, seed=seed)


class NeverAnswers(Provider):
    name = "silent"

    def sample(self, prefix, n, *, max_tokens=16, temperature=1.0, seed=None):
        return [""] * n


class StartsTwice(Broken):
    """Puts a start before the prefix, and another one before the text."""

    def score(self, prefix, text="", *, top=None, also=()):
        return SOUND.score(prefix + (" brown fox" if prefix and text else ""), text, top=top, also=also)


class Penalizes(Broken):
    """Makes what it has written less probable, in what it writes on."""

    def step(self, prefix, max_tokens=1, *, top=20, temperature=0.0, seed=None):
        written = []
        for place in super().step(prefix, max_tokens, top=100, temperature=temperature, seed=seed):
            logs = place.log_probabilities - np.isin(place.ids, written)
            written.append(place.ids[place.chosen])
            yield replace(place, log_probabilities=logs - math.log(np.exp(logs).sum()))


@for_each(
    ("model", "message"),
    [
        (ShiftedEcho(), "log-prob"),
        (KeyedByText(), "temperature 0 took b' jumps', not the most probable token"),
        (LosesItsOwn(), "b' jumps' is listed, but chosen is None: another token is the same"),
        (InSigns(), r"\d of \d tokens contain '\u0120', a sign of the vocabulary"),
        (Replaced(), r"b'\\xef\\xbf\\xbd' is listed, which is shown for every part of a character"),
        (WrittenAsNothing(), "a token without bytes is listed"),
        (TellsNoToken(), "there is no token, expected the one that was generated"),
        (CutAndScaled(), "a sampler truncated the others and rescaled these"),
        (Reasons(), r"at temperature 0 sample\(\) writes ' jumps', and step\(\) b' while'"),
        (NeverAnswers(), "empty texts: did an answer never come"),
        (StartsTwice(), "in the text, and with all before it as prefix"),
        (Penalizes(), "generated, and scored after those before it"),
        (StartsOnlyTexts(), "the first token of a text, and after an empty text"),
        (Placeholders(), "stands for 'unknown'"),
        (Warmed(), "generated at temperature 0.5, and at 2"),
        (WrongSpans(), r"position 0 has the token b' jumps', but bytes 1 to 7"),
        (DeafToAlso(), r"also=\[\d+\] was asked for"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Provider) else "",
)
def test_the_contract_catches(model, message):
    with pytest.raises(AssertionError, match=message):
        check_token_model(model, "the quick brown fox", " jumps over the lazy dog")


def test_the_contract_bounds_its_tolerance():
    with pytest.raises(ValueError, match="tolerance is 2, expected at most 1, in logarithms of probabilities"):
        check_token_model(SOUND, "the quick", " brown fox", tolerance=2)


def test_the_contract_needs_a_text_that_can_be_cut():
    with pytest.raises(ValueError, match="pass a prefix and a text of plain words"):
        check_token_model(SOUND, "the quick", " brown")


def test_the_sound_model_passes():
    check_token_model(SOUND, "the quick brown fox", " jumps over the lazy dog")

"""What models in this process have in common, with logits that a test sets."""

import numpy as np
import pytest
from helpers import for_each

from empowerment.text import TokenModelError, answer_channel, ask_each, next_token_channel
from empowerment.text.providers.local.local_model import LocalModel
from empowerment.text.providers.tokens import TextTokens

WRITTEN = [b"", b"<s>", b"a", b"b", b"\xf0", b"\x9f"]


class Letters(TextTokens):
    """Reads letters, and the start token where it is written in a prefix."""

    def _encoded(self, text, *, first, control):
        start = [1] * (control and text.startswith("<s>"))
        return start + [2 + "ab".index(letter) for letter in text[3 * len(start) :]]


class Set(LocalModel):
    """A model whose logits are those that it is given; it notes what it has read."""

    def __init__(self, logits, parse_special=False):
        super().__init__("set", Letters("set", WRITTEN, [1], False, parse_special), {0}, None)
        self.logits, self.read = logits, []

    def _logits_after(self, ids, count):
        self.read.append(ids)
        return (np.asarray(self.logits, dtype=float) for _ in range(count))


@for_each(
    ("logits", "said"),
    [
        ([0.0, 1.0, np.nan, 2.0, 0.0, 0.0], "nan"),
        ([0.0, 1.0, np.inf, 2.0, 0.0, 0.0], "inf"),
        ([-np.inf] * 6, "-inf"),
        ([np.nan] * 6, "nan"),
    ],
)
def test_logits_that_overflow_are_a_failure_of_the_prompt(logits, said):
    model = Set(logits)
    asks = [
        lambda prompt: model.score(prompt, "a", top=2),
        lambda prompt: list(model.step(prompt)),
        lambda prompt: list(model.step(prompt, temperature=0.5)),
        lambda prompt: model.sample(prompt, 1),
        lambda prompt: model.sample(prompt, 1, temperature=0.0),
    ]
    for ask in asks:
        (reason,) = ask_each(ask, ["b"]).failures.values()
        assert f"set computes the logit {said}; in half precision numbers overflow" in str(reason)


def test_a_masked_token_has_no_probability():
    (place,) = Set([0.0, -np.inf, 0.0, 0.0, 0.0, 0.0]).score("a")
    assert place.complete
    assert place.log_probabilities[1] == -np.inf


def test_a_start_token_is_not_read_twice():
    assert Set([0.0] * 6, parse_special=True).score("a")[-1].complete
    with pytest.raises(TokenModelError, match="begins with the start token that the tokenizer of set puts there"):
        Set([0.0] * 6, parse_special=True).score("<s>a")


def test_half_of_a_surrogate_pair_is_read_by_no_model():
    model = Set([0.0] * 6)
    for ask in (lambda p: model.score(p), lambda p: model.score("a", p), lambda p: model.sample(p, 1)):
        (reason,) = ask_each(ask, ["a\ud800"]).failures.values()
        assert "half of a surrogate pair at character 1" in str(reason)


def test_whole_lists_are_used_where_they_are_had():
    """One reading of each prompt gives the exact capacity, though two tokens were asked for."""
    model = Set([3.0, 1.0, 2.0, 0.0, 0.0, 0.0])
    found = next_token_channel(model, ["a", "b"], top=2)
    assert found.observed.shape == (2, 6)
    assert not found.residual.any()
    assert model.read == [[1, 2], [1, 3]]
    model.whole_lists = False
    assert next_token_channel(model, ["a", "b"], top=2).observed.shape == (2, 2)


def test_many_whole_lists_are_cut_to_their_union(monkeypatch):
    from empowerment.text.response import next_token

    monkeypatch.setattr(next_token, "_MOST_ENTRIES", 11)
    assert next_token_channel(Set([3.0, 1.0, 2.0, 0.0, 0.0, 0.0]), ["a", "b"], top=2).observed.shape == (2, 2)


def test_the_end_of_an_answer_is_asked_for_where_it_ends_alone(monkeypatch):
    asked = []

    class Noted(Set):
        def _rows_at(self, before, ids, top, whole_last):
            asked.append((len(ids), top, whole_last))
            return super()._rows_at(before, ids, top, whole_last)

    p = answer_channel(Noted([3.0, 1.0, 2.0, 0.0, 0.0, 0.0]), ["b"], ["aab"]).observed[0, 0]
    q = np.exp([3.0, 1.0, 2.0, 0.0, 0.0, 0.0]) / np.exp([3.0, 1.0, 2.0, 0.0, 0.0, 0.0]).sum()
    assert p == pytest.approx(q[2] * q[2] * q[3] * q[0])
    assert asked == [(3, 1, True)]

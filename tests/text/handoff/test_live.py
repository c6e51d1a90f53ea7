"""Completions while a model writes: as the rule selects offline, never taken back, no token asked for in vain."""

import math

import numpy as np
import pytest

from empowerment.text import (
    Costs,
    FunctionModel,
    Position,
    Provider,
    Stop,
    TableModel,
    Threshold,
    Tier,
    TierError,
    complete,
    select,
    select_all,
)
from empowerment.text.handoff.growth import Growth

RULES = [
    *(
        (Threshold.bits(eta), {"gate": gate})
        for eta in (0.1, 0.5, 1.5, 4)
        for gate in ("cumulative", "entropy", "top")
    ),
    (Threshold.bits(2), {"gate": "both", "entropy_threshold": Threshold.bits(1)}),
    (Costs(), {}),
    (Costs(0.01, 0.5), {}),
]


class Script(Provider):
    """A model that writes given tokens with given probabilities, and counts how many it was asked for."""

    tier = Tier.STEP
    name = "script"
    vocabulary_size = 300

    def __init__(self, *script):
        self.script, self.asked, self.closed = script, 0, False

    def step(self, prefix, max_tokens=1, *, top=20, temperature=0.0, seed=None):
        start = 0
        try:
            for token, p in self.script[:max_tokens]:
                self.asked += 1
                tokens = (token, b"<other>") if p < 1 else (token,)
                logs = np.log([p, 1 - p]) if p < 1 else np.zeros(1)
                yield Position(
                    tokens, logs, vocabulary_size=300, token=token, chosen=0, span=(start, start + len(token))
                )
                start += len(token)
        finally:
            self.closed = True


class Told(Script):
    """A model that tells given positions."""

    def step(self, *args, **options):
        yield from self.script


def random_table(rng):
    words = [" a", " b", " c", "é", " naïve", "\n", ""]
    contexts = ["", *(w for w in words if w), " a b", " b c"]
    rows = rng.dirichlet(np.full(len(words), 0.15), size=len(contexts))
    return TableModel(
        {c: dict(zip(words, row / row.sum(), strict=True)) for c, row in zip(contexts, rows, strict=True)}
    )


def test_live_and_offline_agree_byte_for_byte():
    """Offline, the model's whole greedy continuation is there and scored as a given text."""
    rng = np.random.default_rng(0)
    for _ in range(150):
        model = random_table(rng)
        greedy = b"".join(place.token for place in model.step("", 30)).decode()
        rule, options = RULES[rng.integers(len(RULES))]
        live = complete(model, "", rule, max_tokens=30, top=7, **options)
        pieces = list(live)
        wanted = select(model.score("", greedy), rule, **options)
        assert "".join(pieces) == live.text == wanted.text
        assert (live.selection.value, live.selection.completion) == (wanted.value, wanted.completion)
        assert live.selection.next_entropy is None or live.selection.next_entropy.lower == pytest.approx(
            wanted.next_entropy.lower, abs=1e-9
        )


def test_it_stops_before_the_token_where_the_person_decides_and_asks_for_no_more():
    model = Script((b" for", 0.9), (b" i", 0.95), (b" in", 0.99), (b" range", 0.3), (b"(", 1.0))
    live = complete(model, "x", Threshold.bits(0.5))
    assert list(live) == [" for", " i", " in"]
    assert live.selection.status is Stop.HAND_OVER
    assert live.selection.next_surprisal.lower == pytest.approx(-math.log2(0.3))
    assert model.asked == 4
    assert model.closed


def test_nothing_is_written_before_it_is_asked_for():
    model = Script((b" for", 0.9), (b" i", 0.95))
    live = complete(model, "x", Threshold.bits(0.5))
    assert (model.asked, live.text, live.selection) == (0, "", None)
    assert next(iter(live)) == " for"
    assert model.asked == 1
    live.close()
    assert model.closed
    assert live.text == " for"
    with pytest.raises(RuntimeError, match="closed before its end"):
        live.run()


def test_with_costs_tokens_wait_until_they_pay():
    """By hand: 1 (.5 * .3 - .1) = .05; with two certain tokens more 3 (.15 - .1) = .15; then .12 is less than .2."""
    model = Script((b"a", 0.3), (b"b", 1.0), (b"c", 1.0), (b"d", 0.4), (b"e", 1.0))
    live = complete(model, "x", Costs())
    assert "".join(live) == "abc"
    assert model.asked == 4
    # At first a longer completion does not pay: 2 (.5 * .45 - .1) = .25 < .35; six later tokens make up for it.
    model = Script((b"a", 0.9), (b"b", 0.5), *[(b"c", 1.0)] * 6, (b"d", 0.01))
    live = complete(model, "x", Costs())
    first = next(iter(live))
    assert (first, live.text) == ("a", "a")
    assert live.run().completion == b"abcccccc"


def test_pieces_are_whole_characters():
    euro = "€".encode()
    model = Script((b"a", 0.9), (euro[:1], 0.99), (euro[1:], 0.99), (euro[:2], 0.99), (euro[2:], 0.01))
    live = complete(model, "x", Threshold.bits(1))
    assert list(live) == ["a", "€"]
    assert (live.selection.value, live.selection.status) == (3, Stop.CHARACTER)
    # Bytes that never become a character are shown as such and do not block what follows.
    live = complete(Script((b"\xff", 1.0), (b"a", 1.0)), "x", Threshold.bits(1))
    assert "".join(live) == "\ufffda"


def test_the_end_of_a_text_and_the_limit_are_told_apart():
    script = [(b"a", 1.0), (b"b", 1.0), (b"", 1.0)]
    assert complete(Script(*script), "", Threshold.bits(1)).run().status is Stop.END_OF_TEXT
    assert complete(Script(*script), "", Threshold.bits(1), max_tokens=2).run().status is Stop.LIMIT
    assert complete(Script(*script[:2]), "", Threshold.bits(1)).run().status is Stop.END_OF_TEXT
    assert complete(Script((b"a", 0.1)), "", Threshold.bits(1), max_tokens=1).run().status is Stop.HAND_OVER
    assert complete(Script((b"", 1.0)), "", Threshold.bits(1)).run().completion == b""


def test_short_lists_stop_unless_the_caller_goes_on():
    known = Position((b"a",), np.log([0.9]), vocabulary_size=9, token=b"a", chosen=0)
    open_ = Position((b"a",), np.log([0.6]), vocabulary_size=9, token=b"a", chosen=0)

    # The second entropy lies between 0.97 and 2.17 bits.
    bits = Threshold.bits(1.5)
    assert complete(Told(known, open_, known), "x", bits, gate="entropy").run().status is Stop.UNDECIDED
    assert complete(Told(known, open_, known), "x", bits, gate="entropy", undecided="continue").run().value == 3
    with pytest.raises(ValueError, match="longer lists"):
        complete(Told(known, open_, known), "x", bits, gate="entropy", undecided="raise").run()


def test_models_and_options_that_do_not_fit_are_refused_before_anything_is_written():
    sampler = FunctionModel(write=lambda prefix, rng: "a", name="texts")
    with pytest.raises(TierError, match=r"step\(\) needs the tier STEP"):
        complete(sampler, "x", Threshold.bits(1)).run()
    model = Script((b"a", 1.0))
    for options in (
        {"gate": "mean"},
        {"max_tokens": 0},
        {"undecided": "maybe"},
        {"entropy_threshold": Threshold.bits(1)},
    ):
        with pytest.raises(ValueError, match=next(iter(options)).split("_")[0]):
            complete(model, "x", Threshold.bits(1), **options)
    assert model.asked == 0


def random_position(rng, rule_nats):
    """Return a position whose list may be short; its token may be outside the list or end inside a character."""
    size = int(rng.integers(1, 9))
    p = rng.dirichlet(np.full(size + 4, rng.choice([0.1, 0.4, 2])))
    p = np.sort(p)[::-1][: size + (4 if rng.random() < 0.3 else 0)]
    if rng.random() < 0.1:  # just at the threshold
        p = np.array([math.exp(-rule_nats)])
    p = p[p > 0]
    written = [b"a", b" b", "é".encode(), b"\xe2\x82", b"\xac", b"\xff", b"\n"]
    tokens = tuple(written[rng.integers(len(written))] + b"~" * i for i in range(len(p)))
    chosen = int(rng.integers(len(p))) if rng.random() < 0.85 else None
    token = tokens[chosen] if chosen is not None else written[rng.integers(len(written))]
    if rng.random() < 0.04:
        token, chosen = b"", None
    return Position(tokens, np.log(p), vocabulary_size=len(p) + 40, token=token, chosen=chosen)


def by_selecting_again(positions, rule, options):
    """Return how `select` goes on and what it has decided after each token, or the error."""
    if not positions[-1].token:
        return False, select(positions, rule, cut="character", **options)
    found = select(positions, rule, **options)
    if isinstance(rule, Costs):
        goes_on = sum(place.surprisal(math.e).lower for place in positions) <= rule.threshold().in_nats + 1e-12
    else:
        goes_on = found.value == len(positions)
    return goes_on, select(positions, rule, cut="character", **options)


def test_token_by_token_it_decides_as_the_whole_text_would():
    rng = np.random.default_rng(5)
    rules = [*RULES, (Threshold.bits(1, inclusive=False), {"gate": "cumulative"}), (Threshold.bits(0), {})]
    stopped = {"certain": 0, "undecided": 0, "raised": 0, "end": 0}
    for _ in range(1000):
        rule, options = rules[rng.integers(len(rules))]
        if isinstance(rule, Threshold) and rng.random() < 0.7:
            rule = Threshold.bits(rng.uniform(2, 12))
        options = options | {"undecided": str(rng.choice(["stop", "continue", "raise"]))}
        nats = rule.in_nats if isinstance(rule, Threshold) else rule.threshold().in_nats
        places = [random_position(rng, nats) for _ in range(rng.integers(1, 17))]
        growth, text = Growth(rule, **options), ""
        for n in range(1, len(places) + 1):
            text += growth.add(places[n - 1])
            try:
                goes_on, wanted = by_selecting_again(places[:n], rule, options)
            except ValueError:
                assert options["undecided"] == "raise"
                assert not growth.goes_on
                stopped["raised"] += 1
                break
            assert (growth.goes_on, growth.length) == (goes_on, wanted.value)
            assert text == wanted.completion.decode(errors="replace")
            if not goes_on:
                stopped["end" if not places[n - 1].token else "certain" if wanted.converged else "undecided"] += 1
                break
    assert min(stopped.values()) > 8, stopped


def test_a_token_is_looked_at_once(monkeypatch):
    asked = []
    surprisal = Position.surprisal
    monkeypatch.setattr(Position, "surprisal", lambda self, base: asked.append(1) or surprisal(self, base))
    place, growth = Position((b"a",), np.zeros(1), vocabulary_size=1, token=b"a", chosen=0), Growth(Threshold.bits(1))
    assert "".join(growth.add(place) for _ in range(500)) == "a" * 500
    assert len(asked) == 500


def test_only_the_completion_that_is_asked_for_has_to_be_decided():
    """The first token takes .74 bits, the second 1 at least: not both are within 1.2, the second alone may be."""
    first = Position((b"a",), np.log([0.6]), vocabulary_size=2, token=b"a", chosen=0)
    second = Position((b"a",), np.log([0.5]), vocabulary_size=9, token=b"b", chosen=None)
    rule = Threshold.bits(1.2)
    assert select([first, second], rule, undecided="raise").value == 1
    with pytest.raises(ValueError, match="1 of 3 completions are undecided, the first from token 1"):
        select_all([first, second], rule, undecided="raise")
    found = complete(Told(first, second), "x", rule, undecided="raise").run()
    assert (found.value, found.status) == (1, Stop.HAND_OVER)

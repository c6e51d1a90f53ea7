"""Empower's rule: thresholds in any unit, every gate against brute force, and what truncated lists can decide."""

import math
from dataclasses import replace

import numpy as np
import pytest
from helpers import for_each

from empowerment.text import Costs, Position, Stop, TableModel, Threshold, select, select_all


def random_text(rng, whole=True):
    """Return positions of a random text over a small vocabulary, and their exact probabilities."""
    size = int(rng.integers(2, 12))
    positions = []
    for start in range(int(rng.integers(0, 25))):
        logits = rng.normal(scale=rng.choice([0.3, 2.0, 8.0]), size=size)
        if rng.random() < 0.1:
            logits[rng.integers(size)] = -math.inf
        p = np.exp(logits - logits.max())
        # Mostly the probable token, as in a text, but sometimes one that is impossible.
        chosen = int(rng.choice(size, p=p / p.sum())) if rng.random() < 0.8 else int(rng.integers(size))
        tokens = [b"%c" % (97 + i) for i in range(size)]
        positions.append(Position.complete_list(tokens, logits, chosen=chosen, start=start))
    return positions if whole else [shortened(rng, place) for place in positions]


def shortened(rng, place):
    """Return a position whose list holds only some tokens, and the one of the text only if it is among them."""
    k = int(rng.integers(1, len(place.tokens) + 1))
    told = replace(place, token=None, chosen=None).top(k)
    index = told.tokens.index(place.token) if place.token in told.tokens else None
    return replace(told, token=place.token, chosen=index)


def amounts(place):
    """Return the surprisal, the entropy and the min-entropy of a whole list, in nats."""
    logs = place.log_probabilities
    return -float(logs[place.chosen]), -math.fsum(math.exp(x) * x for x in logs if x > -math.inf), -float(logs.max())


def by_brute_force(told, rule, gate):
    """Return the length of a completion by trying one after the other; `told` are the amounts of its tokens."""
    surprisals = [each[0] for each in told]
    if isinstance(rule, Costs):
        totals = [math.fsum(surprisals[:n]) for n in range(len(told) + 1)]
        savings = [n * (rule.write * math.exp(-total) - rule.read) for n, total in enumerate(totals)]
        return next(n for n, s in enumerate(savings) if s >= max(savings) - 1e-12)
    eta = rule.in_nats + (1e-9 if rule.inclusive else -1e-9)

    def below(amount):
        return amount <= eta if rule.inclusive else amount < eta

    n = 0
    while n < len(told) and (
        (gate not in ("cumulative", "both") or below(math.fsum(surprisals[: n + 1])))
        and (gate not in ("entropy", "both") or below(told[n][1]))
        and (gate != "top" or below(told[n][2]))
    ):
        n += 1
    return n


RULES = [
    *(
        (Threshold.bits(eta), gate)
        for eta in (0.0, 0.32, 1.0, 4.0)
        for gate in ("cumulative", "entropy", "both", "top")
    ),
    (Threshold.bits(1.0, inclusive=False), "cumulative"),
    (Threshold.bits(1.0, inclusive=False), "entropy"),
    (Costs(), "cumulative"),
    (Costs(0.02, 0.5), "cumulative"),
]


@pytest.mark.parametrize(("seed", "n_lists"), [(0, 200), pytest.param(1, 1000, marks=pytest.mark.slow)])
def test_all_prefixes_equal_brute_force_on_many_lists_for_every_gate(seed, n_lists):
    """Each list is tried with half of the rules, drawn at random."""
    rng = np.random.default_rng(seed)
    for _ in range(n_lists):
        places = random_text(rng)
        told = [amounts(place) for place in places]
        for rule, gate in (RULES[i] for i in rng.choice(len(RULES), size=10, replace=False)):
            found = select_all(places, rule, gate=gate)
            wanted = [by_brute_force(told[start:], rule, gate) for start in range(len(places) + 1)]
            assert found.value.tolist() == wanted, (rule, gate)
            assert found.converged.all()


@pytest.mark.parametrize(("seed", "wanted"), [(1, 2_000), pytest.param(2, 10_000, marks=pytest.mark.slow)])
def test_short_lists_never_decide_wrongly_on_thousands_of_positions(seed, wanted):
    """The length for whole lists lies between the ends; where they meet it is that length."""
    rng, n_positions, decided = np.random.default_rng(seed), 0, 0
    while n_positions < wanted:
        whole = random_text(rng)
        told = [shortened(rng, place) for place in whole]
        n_positions += len(whole)
        for rule, gate in (RULES[i] for i in rng.choice(len(RULES), size=5, replace=False)):
            exact, found = select_all(whole, rule, gate=gate), select_all(told, rule, gate=gate)
            assert (found.lower <= exact.value).all(), (rule, gate)
            assert (exact.value <= found.upper).all(), (rule, gate)
            careful, bold = found.value, select_all(told, rule, gate=gate, undecided="continue").value
            assert ((found.lower <= careful) & (careful <= bold) & (bold <= found.upper)).all()
            decided += int(found.converged.sum())
    assert decided > wanted / 2


def test_thresholds_are_equal_in_every_unit():
    rng = np.random.default_rng(2)
    assert Threshold.bits(-math.log2(0.8)) == Threshold.probability(0.8)
    assert Threshold.nats(-math.log(0.8)) == Threshold.probability(0.8)
    assert Threshold.from_costs(0.1, 0.5) == Threshold.probability(0.2)
    for p in rng.random(200):
        assert Threshold.bits(-math.log2(p)).in_nats == pytest.approx(Threshold.probability(p).in_nats, rel=1e-11)
    assert Threshold.probability(0.8).in_bits == pytest.approx(0.3219280948873623, abs=1e-12)
    assert Threshold.bits(4).least_probability == pytest.approx(1 / 16)
    assert Threshold.probability(0.8) != Threshold.probability(0.8, inclusive=False)


def coins(*probabilities):
    """Return positions whose token has this probability, against one other."""
    logs = [np.log([p, 1 - p]) if p < 1 else np.array([0.0, -math.inf]) for p in probabilities]
    return [Position.complete_list([b"x", b"y"], row, chosen=0, start=i) for i, row in enumerate(logs)]


@for_each("probabilities", [(0.8, 0.9), (1.0, 0.8, 0.9), (0.9, 8 / 9, 0.9), (0.95, 0.95, 0.8 / 0.9025, 0.5)])
def test_at_the_threshold_the_default_keeps_and_the_exclusive_rule_does_not(probabilities):
    n = next(n for n in range(1, 5) if math.isclose(math.prod(probabilities[:n]), 0.8))
    for make in (lambda **k: Threshold.probability(0.8, **k), lambda **k: Threshold.bits(-math.log2(0.8), **k)):
        assert select(coins(*probabilities), make()).value == n
        assert select(coins(*probabilities), make(inclusive=False)).value == n - 1
        # Read backwards from every start it is the same threshold, however the sums are rounded.
        padded = [*coins(*([0.31] * 50)), *coins(*probabilities)]
        assert select_all(padded, make()).value[50] == n
        assert select_all(padded, make(inclusive=False)).value[50] == n - 1


def test_the_entropy_of_a_fair_coin_is_at_one_bit():
    assert select(coins(0.5, 0.5), Threshold.bits(1), gate="entropy").value == 2
    assert select(coins(0.5, 0.5), Threshold.bits(1, inclusive=False), gate="entropy").value == 0
    assert select(coins(0.5, 0.5), Threshold.probability(0.5), gate="top").value == 2


def test_the_end_of_the_text_bounds_every_completion():
    """From start t of N tokens at most N - t follow: the paper's loop runs to N."""
    found = select_all(coins(1.0, 1.0, 1.0), Threshold.bits(1))
    assert found.value.tolist() == [3, 2, 1, 0]
    assert [Stop(s) for s in found.status] == [Stop.END_OF_TEXT] * 4
    assert len(select_all([], Threshold.bits(1))) == 1


def test_an_empty_completion_is_told_with_what_follows():
    found = select(coins(0.25, 1.0), Threshold.bits(1))
    assert (found.value, found.completion, found.status) == (0, b"", Stop.HAND_OVER)
    assert found.next_surprisal.lower == pytest.approx(2.0)
    assert found.next_entropy.lower == pytest.approx(-(0.25 * math.log2(0.25) + 0.75 * math.log2(0.75)))
    assert (found.surprisal.lower, found.surprisal.upper) == (0.0, 0.0)


def test_the_token_that_ends_a_text_ends_the_completion():
    model = TableModel({"": {"a": 1.0}, "a": {"": 1.0}})
    positions = list(model.step("", 5))
    assert [place.token for place in positions] == [b"a", b""]
    found = select(positions, Threshold.bits(1))
    assert (found.value, found.status, found.text) == (1, Stop.END_OF_TEXT, "a")


def test_both_gates_may_have_thresholds_of_their_own():
    text = coins(0.9, 0.9, 0.9)  # 0.152 bits and an entropy of 0.469 bits each
    assert select(text, Threshold.bits(0.32), gate="both").value == 0
    assert select(text, Threshold.bits(0.32), gate="both", entropy_threshold=Threshold.bits(0.5)).value == 2
    assert select(text, Threshold.bits(4), gate="both", entropy_threshold=Threshold.bits(0.5)).value == 3


def test_undecided_positions_are_told_and_the_policy_is_the_callers():
    known = coins(0.9)[0]
    unlisted = Position((b"a",), np.log([0.6]), vocabulary_size=10, token=b"x", span=(1, 2))
    places = [known, unlisted, coins(0.9)[0]]
    bit = Threshold.bits(1.7)
    found = select(places, bit)
    assert (found.value, found.lower, found.upper, found.status) == (1, 1, 3, Stop.UNDECIDED)
    assert not found.converged
    assert select(places, bit, undecided="continue").value == 3
    with pytest.raises(
        ValueError, match=r"1 of 1 completions are undecided, the first from token 0.*between 1 and 3"
    ):
        select(places, bit, undecided="raise")
    # At least 1.32 bits: enough to stop at one bit.
    assert select(places, Threshold.bits(1), undecided="raise").value == 1


def test_completions_may_end_at_characters_only():
    euro = "€".encode()
    tokens = [b"a", euro[:1], euro[1:], b"b"]
    places = [
        Position.complete_list([token, b"?"], np.log([p, 1 - p]), chosen=0, start=i)
        for i, (token, p) in enumerate(zip(tokens, (0.9, 0.9, 0.1, 0.9), strict=True))
    ]
    bit = Threshold.bits(1)
    assert select(places, bit).completion == b"a" + euro[:1]
    with pytest.raises(ValueError, match="inside a character"):
        _ = select(places, bit).text
    found = select(places, bit, cut="character")
    assert (found.text, found.status) == ("a", Stop.CHARACTER)
    assert found.converged  # the lists tell the length; the character shortens both of its ends


def test_costs_follow_from_effort_and_bound_the_probability():
    """By hand: n (0.5 p^n - 0.1) for p = 0.9 is 0, .35, .61, .7935, .9122, .9762, .9943, .9741: largest at n = 6."""
    assert select(coins(*[0.9] * 20), Costs()).value == 6
    assert select(coins(0.19, 1.0, 1.0), Costs()).value == 0
    assert select(coins(0.21, 1.0, 1.0), Costs()).value == 3
    assert select(coins(0.9), Costs()).method == "cost-optimal"
    with pytest.raises(ValueError, match="no suggestion pays"):
        Costs(0.6, 0.5)


@for_each(
    ("call", "message"),
    [
        (lambda: Threshold.bits(-1), "amount is -1"),
        (lambda: Threshold.bits(math.nan), "amount is nan"),
        (lambda: Threshold.probability(0), "least is 0, expected a probability above 0"),
        (lambda: Threshold.probability(1.5), "least is 1.5"),
        (lambda: Threshold.from_costs(0, 1), "read is 0"),
        (lambda: select(coins(0.9), Threshold.bits(1), gate="mean"), "unknown gate 'mean'"),
        (lambda: select(coins(0.9), Threshold.bits(1), undecided="maybe"), "unknown undecided 'maybe'"),
        (lambda: select(coins(0.9), Threshold.bits(1), cut="word"), "unknown cut 'word'"),
        (lambda: select(coins(0.9), Threshold.bits(1), entropy_threshold=Threshold.bits(1)), 'goes with gate="both"'),
        (lambda: select(coins(0.9), Costs(), gate="top"), "costs have no gate"),
        (lambda: select(coins(0.9), 0.32), "expected a Threshold or Costs"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_selections_are_a_table():
    pytest.importorskip("pandas")
    found = select_all(coins(0.9, 0.1, 0.9), Threshold.bits(1))
    frame = found.to_dataframe()
    assert frame["value"].tolist() == [1, 0, 1, 0]
    assert frame["status"].tolist() == ["HAND_OVER", "HAND_OVER", "END_OF_TEXT", "END_OF_TEXT"]
    assert frame["end_byte"].tolist() == [1, 1, 3, 3]
    assert [s.value for s in found] == [1, 0, 1, 0]
    assert found[-1].value == 0
    with pytest.raises(IndexError):
        found[4]

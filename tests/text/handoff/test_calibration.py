"""Thresholds by logs: what is known of each offer by hand, intervals that hold the truth, damaged logs named."""

import json
import math

import numpy as np
import pytest
from helpers import for_each

from empowerment.cli import main
from empowerment.text import Costs, Offer, Threshold, calibrate, read_offers

HEADER = {"format": "empowerment-offers-1", "scorer": "s", "rule": "r", "gate": "cumulative"}
OFFER = {"event": "offer", "offer": "a", "time": 1.0, "text": "ab", "status": "HAND_OVER"}
OFFER |= {"tokens": [["a", 0.1, 0.1], ["b", 0.2, 0.2]], "next": [3.0, None]}
BACK = {"event": "feedback", "offer": "a", "time": 2.0, "outcome": "accepted", "accepted": 2, "written": None}


def row_at(offers, eta, costs=None):
    [row] = calibrate(offers, costs=costs, thresholds=[Threshold.bits(eta)])
    return row


def test_what_one_offer_tells_by_hand():
    """An offer of two tokens of .1 and .2 bits with 3 bits after it, rejected: its first token alone is not known."""
    made = Offer("1", "ab", (("a", 0.1, 0.1), ("b", 0.2, 0.2)), (3.0, 3.0), "rejected", 0)
    offers = [made] * 400
    assert (row_at(offers, 0.05).shown, row_at(offers, 0.05).saving) == (0.0, (0.0, 0.0))
    first = row_at(offers, 0.2)
    assert (first.shown, first.n_tokens) == (1.0, 1.0)
    assert first.saving == pytest.approx((-0.1, 0.4))  # rejected or accepted, as nobody knows
    assert first.acceptance.lower == pytest.approx(0.0, abs=1e-9)
    assert first.acceptance.upper == pytest.approx(1.0, abs=1e-9)
    both = row_at(offers, 1.0)
    assert both.saving == pytest.approx((-0.2, -0.2))
    assert both.acceptance.upper == pytest.approx(3.8415 / (400 + 3.8415), rel=1e-3)  # Wilson, none of 400
    assert len(calibrate(offers, thresholds=[Threshold.bits(5)])) == 0  # beyond the withheld token nothing is known
    written = [Offer("1", "ab", made.tokens, made.next, "rejected", 0, "ax")] * 400
    assert row_at(written, 0.2).saving == pytest.approx((0.4, 0.4))
    partial = [Offer("1", "ab", made.tokens, made.next, "partial", 1)] * 400
    assert row_at(partial, 0.2).saving == pytest.approx((0.4, 0.4))
    assert row_at(partial, 1.0).saving == pytest.approx((-0.2, -0.2))
    accepted = [Offer("1", "ab", made.tokens, made.next, "accepted", 2)] * 400
    assert row_at(accepted, 0.2, Costs(0.2, 1)).saving == pytest.approx((0.8, 0.8))


def simulated(rng, n):
    """Return offers of a person who takes whatever is right, with what was written, and the truth for each length."""
    offers = []
    for number in range(n):
        surprisals = rng.gamma(0.5, 0.6, size=6)
        right = np.cumprod(rng.random(6) < 2.0**-surprisals)
        total, length = np.cumsum(surprisals), int(np.searchsorted(np.cumsum(surprisals), 2.0))
        length = min(length, 5)
        text, written = "x" * length, "x" * int(right.sum()) + "y"
        taken = min(int(right.sum()), length)
        outcome = "accepted" if taken == length else "partial" if taken else "rejected"
        tokens = tuple(("x", float(s), float(s)) for s in surprisals[:length])
        after = (float(max(surprisals[length], 2.0 - total[length] + surprisals[length])),) * 2
        offers.append(Offer(str(number), text, tokens, after, outcome, taken, written))
    return offers


def true_savings(etas):
    """The average saving of a request at each threshold, from a large sample of the same person."""
    savings = []
    for offer in simulated(np.random.default_rng(99), 20_000):
        total = np.cumsum([token[1] for token in offer.tokens])
        lengths = [int(np.searchsorted(total, eta, "right")) for eta in etas]
        savings.append([n * (0.5 * offer.written.startswith("x" * n) - 0.1) for n in lengths])
    return np.mean(savings, axis=0)


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng, etas = np.random.default_rng(0), (0.3, 1.0, 1.9)
    truth, held = true_savings(etas), np.zeros(len(etas))
    for _ in range(100):
        offers = simulated(rng, 80)
        for i, eta in enumerate(etas):
            ends = row_at(offers, eta).saving
            held[i] += ends.lower <= truth[i] <= ends.upper
    # 95 of 100 expected; 89 or fewer would come up once in a hundred times.
    assert (held >= 89).all()


def test_what_was_written_narrows_the_intervals_and_never_contradicts_them():
    offers = simulated(np.random.default_rng(1), 300)
    hidden = [Offer(o.number, o.text, o.tokens, o.next, o.outcome, o.accepted) for o in offers]
    for known, guessed in zip(calibrate(offers), calibrate(hidden), strict=True):
        assert guessed.saving.lower <= known.saving.lower + 1e-12
        assert known.saving.upper <= guessed.saving.upper + 1e-12
    assert "best" in repr(calibrate(offers))
    assert calibrate(offers).best.n_offers == 300


def test_nothing_is_chosen_where_nothing_helps_or_offers_are_missing():
    bad = [Offer("1", "a", (("a", 0.1, 0.1),), (3.0, 3.0), "rejected", 0)] * 50
    assert calibrate(bad).best is None
    assert "none is certain" in repr(calibrate(bad))
    good = [Offer("1", "a", (("a", 0.1, 0.1),), (0.2, 0.2), "accepted", 1)] * 50
    # Beyond .3 bits only the bad ones are known, so that row is shown and not chosen.
    found = calibrate(bad + good * 5)
    assert found.best.threshold.in_bits <= 0.3
    assert any(row.n_offers == 50 for row in found)


def test_offers_without_feedback_are_left_out():
    silent = Offer("1", "a", (("a", 0.1, 0.1),), (3.0, 3.0))
    taken = Offer("2", "a", (("a", 0.1, 0.1),), (3.0, 3.0), "accepted", 1)
    assert calibrate([silent, taken, taken]).n_without_feedback == 1
    with pytest.raises(ValueError, match="none of the 1 offers has feedback"):
        calibrate([silent])
    with pytest.raises(ValueError, match="level is 2"):
        calibrate([taken], level=2)


def written_log(tmp_path, *events):
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    return path


def test_a_log_is_read_back(tmp_path):
    second = BACK | {"outcome": "partial", "accepted": 1, "written": "ax"}
    [offer] = read_offers(written_log(tmp_path, HEADER, OFFER, BACK, second))
    assert offer == Offer("a", "ab", (("a", 0.1, 0.1), ("b", 0.2, 0.2)), (3.0, math.inf), "partial", 1, "ax")
    path = written_log(tmp_path, HEADER, OFFER)
    path.write_bytes(path.read_bytes() + b'{"event": "feedb')  # cut off by a kill
    assert len(read_offers(path)) == 1


@for_each(
    ("events", "message"),
    [
        ((), "no whole line"),
        (({"format": "other"},), "no log of offers"),
        ((HEADER, 3), "line 2 of .* expected a JSON object"),
        ((HEADER, OFFER | {"event": "gift"}), "line 2 of .*the event is 'gift'"),
        ((HEADER, OFFER | {"tokens": [["a", 0.2, 0.1]]}), r"line 2 of .*surprisal lies in \[0.2, 0.1\]"),
        ((HEADER, OFFER | {"tokens": 3}), "line 2 of"),
        ((HEADER, BACK), "line 2 of"),
        ((HEADER, OFFER, BACK | {"outcome": "liked"}), "line 3 of .*the outcome is 'liked'"),
        ((HEADER, OFFER, BACK | {"accepted": 3}), "line 3 of .*accepted is 3"),
        ((HEADER, OFFER, BACK | {"accepted": True}), "line 3 of .*accepted is True"),
    ],
)
def test_damaged_logs_are_named(tmp_path, events, message):
    with pytest.raises(ValueError, match=message):
        read_offers(written_log(tmp_path, *events))


def test_the_command_prints_a_table_and_a_choice(tmp_path, capsys):
    events = [HEADER]
    for number in range(60):
        events += [OFFER | {"offer": str(number)}, BACK | {"offer": str(number)}]
    path = str(written_log(tmp_path, *events))
    assert main(["handoff", "calibrate", path]) == 0
    out = capsys.readouterr().out
    assert "best: --eta 0.32" in out
    assert main(["handoff", "calibrate", path, "--json", "--costs", "0.4", "0.5"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["best_bits"] == 0.32
    assert record["saving_lower"][-1] == pytest.approx(0.2)
    assert main(["handoff", "calibrate", str(tmp_path / "none.jsonl")]) == 2
    assert "none.jsonl" in capsys.readouterr().err

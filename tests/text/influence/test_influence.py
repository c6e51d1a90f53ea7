"""Audits of influence: closed forms, identities and orders, rows known in part, intents, reports, pictures."""

import math
import subprocess
import sys

import numpy as np
import pytest
from helpers import for_each, h, on_every_backend

import empowerment as emp
from empowerment.text.influence.audit import influence_audit
from empowerment.text.influence.budget import ControlBudget
from empowerment.text.influence.intents import intent_audit

pyplot = pytest.importorskip("matplotlib.pyplot")
pyplot.switch_backend("Agg")

PRAISE, SILENCE = [0.5, 0.5, 0], "nothing"
NAMES = {"messages": ["praise tea", "praise coffee", SILENCE], "wills": ["tea", "coffee"], "choices": ["T", "C"]}
PARTS = (
    *("total", "noise", "assistant", "assistant_given_person", "person", "person_given_assistant", "interaction"),
    *("assistant_share", "person_share"),
)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    pyplot.close("all")


def drinks(follows, errs):
    """With probability `follows` the choice is what was praised, else what is wanted but for errors."""
    own = np.array([[1 - errs, errs], [errs, 1 - errs]])
    praised = [follows * np.eye(2)[m] + (1 - follows) * own for m in range(2)]
    return np.array([*praised, own])


def servant():
    """Two intents that make no difference: what the person wants is praised."""
    strategy = np.zeros((2, 2, 3))
    strategy[:, [0, 1], [0, 1]] = 1
    return strategy


def seller():
    """Praise what is to be sold, whatever the person wants."""
    return servant().swapaxes(0, 1)


def random_table(seed, *, extra=0):
    """A table, both distributions, and choices that are to be left out of it."""
    rng = np.random.default_rng(seed)
    m, t, x = rng.integers(1, 5), rng.integers(1, 5), rng.integers(1, 6)
    rows = rng.dirichlet(np.full(x + extra, rng.choice([0.2, 1.0])), (m, t))
    return rows, {"message_policy": rng.dirichlet(np.ones(m)), "prior": rng.dirichlet(np.ones(t))}


def amounts(audit):
    """Every amount of an audit by its name, as arrays of values, lower and upper ends."""
    own = {name: getattr(audit, name) for name in ("targeted", "untargeted", "targeted_by_will", "control_left")}
    own |= {"control_left_capacity": audit.control_left_capacity, "outcome_control": audit.outcome_control}
    own |= {name: getattr(audit.budget, name) for name in PARTS}
    return {name: each for name, each in own.items() if each is not None}


# --- closed forms

# Untargeted, targeted, left after praise, the most left, in silence, noise, I(will;X), I(message;X|will), served.
TABLE = {
    (0.1, 0.0): (0.007226, 0.054837, 0.758277, 0.762848, 1, 0.234498, 0.713603, 0.051899, 1),
    (0.25, 0.1): (0.045566, 0.075470, 0.307410, 0.308961, 0.531004, 0.647024, 0.278072, 0.074904, 0.615688),
    (0.5, 0.0): (0.188722, 0.321928, 0.311278, 0.321928, 1, 0.5, 0.188722, 0.311278, 1),
    (0.5, 0.1): (0.188722, 0.244295, 0.171692, 0.173776, 0.531004, 0.639586, 0.118709, 0.241705, 0.713603),
    (0.9, 0.1): (0.713603, 0.739051, 0.027765, 0.028385, 0.531004, 0.258631, 0.004622, 0.736747, 0.919207),
    (1.0, 0.1): (1, 1, 0, 0, 1 - h(0.1), 0, 0, 1, 1),
}


@for_each(("follows", "errs"), TABLE, first=6)
@on_every_backend
def test_values_of_the_drinks(follows, errs, backend):
    options = {"silence": SILENCE, "backend": backend, "labels": NAMES}
    audit = influence_audit(drinks(follows, errs), message_policy=PRAISE, **options)
    served = intent_audit(drinks(follows, errs), servant(), **options)
    found = (
        *(audit.untargeted, audit.targeted, audit.control_left[0], audit.control_left_capacity[1], audit.silent),
        *(audit.budget.noise, audit.budget.person, audit.budget.assistant_given_person, served.service),
    )
    assert [float(each) for each in found] == pytest.approx(TABLE[follows, errs], abs=1e-6)
    assert float(served.manipulation) == pytest.approx(0, abs=1e-14)
    assert audit.targeted.converged
    assert audit.untargeted.converged
    assert audit.control_left_capacity.converged.all()


@for_each(("follows", "errs"), [(0.1, 0.0), (0.25, 0.1), (0.5, 0.1), (0.7, 0.3)])
def test_closed_forms(follows, errs):
    audit = influence_audit(drinks(follows, errs), message_policy=PRAISE)
    a, b = (1 - follows) * errs, (1 - follows) * (1 - errs)  # how often each message fails, for one will
    slope = (h(a) - h(b)) / (1 - a - b)
    targeted = np.log2(1 + 2**slope) - ((1 - b) * h(a) - a * h(b)) / (1 - a - b)
    assert audit.targeted.lower <= targeted <= audit.targeted.upper
    untargeted = 1 - h((1 - follows) / 2)
    assert audit.untargeted.lower <= untargeted <= audit.untargeted.upper
    assert float(audit.budget.noise) == pytest.approx((h(a) + h(b)) / 2, abs=1e-12)
    assert float(audit.budget.assistant) == pytest.approx(untargeted, abs=1e-12)
    assert float(audit.budget.person) == pytest.approx(1 - h(follows / 2 + b), abs=1e-12)


@for_each(("override", "leverage"), [(0, 1), (0.25, 0.558239), (0.5, 0.321928), (1, 0)])
def test_an_override_takes_leverage(override, leverage):
    outcomes = [[1, 0], [override, 1 - override]]
    audit = influence_audit(drinks(0.5, 0.1), outcomes=outcomes)
    assert float(audit.leverage) == pytest.approx(leverage, abs=1e-6)
    expected = [emp.mutual_information(rows @ outcomes, [0.5, 0.5]) for rows in drinks(0.5, 0.1)]
    assert audit.outcome_control.value == pytest.approx(expected, abs=1e-12)
    assert (audit.outcome_control.value <= audit.control_left.value + 1e-12).all()


def test_other_units():
    bits, nats = (influence_audit(drinks(0.25, 0.1), base=base) for base in (2, math.e))
    assert nats.unit == nats.targeted.unit == nats.budget.unit == "nats"
    for name, amount in amounts(bits).items():
        assert amounts(nats)[name].value == pytest.approx(amount.value * math.log(2), abs=1e-9), name


# --- identities and orders


@for_each("start", range(0, 200, 50))
def test_the_budget_is_balanced(start):
    for seed in range(start, start + 50):
        rows, chances = random_table(seed)
        budget = influence_audit(rows, **chances).budget
        value = {name: float(getattr(budget, name)) for name in PARTS}
        total = value["total"]
        assert budget.imbalance < 1e-10
        assert value["assistant"] + value["person_given_assistant"] + value["noise"] == pytest.approx(
            total, abs=1e-10
        )
        assert value["person"] + value["assistant_given_person"] + value["noise"] == pytest.approx(total, abs=1e-10)
        assert value["assistant_share"] + value["person_share"] + value["noise"] == pytest.approx(total, abs=1e-10)
        for given, first in (("assistant_given_person", "assistant"), ("person_given_assistant", "person")):
            assert value[given] - value[first] == pytest.approx(value["interaction"], abs=1e-10)
        assert min(value.values()) >= 0
        assert value["assistant"] + value["person_given_assistant"] <= np.log2(rows.shape[2]) + 1e-10


@for_each("seed", range(30))
def test_orders(seed):
    rows, chances = random_table(seed)
    outcomes = np.random.default_rng(seed).dirichlet(np.ones(3), rows.shape[2])
    audit = influence_audit(rows, outcomes=outcomes, **chances)
    assert audit.untargeted.lower <= audit.targeted.upper
    assert (audit.control_left.value <= audit.control_left_capacity.upper).all()
    assert (audit.outcome_control.value <= audit.control_left.value + 1e-12).all()
    assert float(audit.budget.assistant) <= audit.untargeted.upper
    assert float(audit.budget.assistant_given_person) <= audit.targeted.upper
    assert float(audit.mean_left) == pytest.approx(chances["message_policy"] @ audit.control_left.value, abs=1e-12)
    assert float(audit.least_left) == audit.control_left.value.min()
    assert float(audit.targeted) == pytest.approx(chances["prior"] @ audit.targeted_by_will.value, abs=1e-12)


@for_each("seed", range(10))
def test_amounts_are_those_of_single_channels(seed):
    rows, chances = random_table(seed)
    audit = influence_audit(rows, **chances)
    for m in range(len(rows)):
        assert audit.control_left.value[m] == pytest.approx(
            emp.mutual_information(rows[m], chances["prior"]), abs=1e-12
        )
    for t in range(rows.shape[1]):
        capacity = emp.channel_capacity(rows[:, t])
        assert audit.targeted_by_will[t].lower <= capacity.upper
        assert capacity.lower <= audit.targeted_by_will[t].upper


def test_an_average_over_persons_hides_what_is_aimed_at_each():
    # Each message moves each will, but no message moves the mixture of both.
    rows = [[[1, 0], [0, 1]], [[0, 1], [1, 0]]]
    audit = influence_audit(rows)
    assert (float(audit.untargeted), float(audit.targeted)) == (pytest.approx(0, abs=1e-9), pytest.approx(1))
    assert float(audit.budget.interaction) == pytest.approx(1)
    assert (float(audit.budget.assistant_share), float(audit.budget.person_share)) == (0.5, 0.5)


def test_wills_and_messages_that_never_occur_change_no_average():
    rows = drinks(0.25, 0.1)
    extra = np.concatenate([rows, np.full((3, 1, 2), 0.5)], axis=1)
    plain, wider = influence_audit(rows), influence_audit(extra, prior=[0.5, 0.5, 0])
    for name in ("targeted", "untargeted"):
        assert float(getattr(wider, name)) == pytest.approx(float(getattr(plain, name)), abs=1e-9)
    for name in PARTS:
        assert float(getattr(wider.budget, name)) == pytest.approx(float(getattr(plain.budget, name)), abs=1e-12)


def test_one_message_one_will_one_choice():
    audit = influence_audit([[[1.0]]])
    assert all(np.allclose(each.value, 0, atol=1e-12) for each in amounts(audit).values())
    assert audit.silent is None
    assert audit.silence is None
    audit.report()
    audit.plot()


def test_silence_is_a_message_by_its_label():
    assert influence_audit(drinks(0.5, 0), silence=2).silence == 2
    audit = influence_audit(drinks(0.5, 0), silence=SILENCE, labels=NAMES)
    assert float(audit.silent) == 1
    assert audit.least_message == "praise tea"
    with pytest.raises(
        ValueError, match="unknown message 'quiet'; the 3 messages are 'praise tea', 'praise coffee', 'n"
    ):
        influence_audit(drinks(0.5, 0), silence="quiet", labels=NAMES)


# --- rows that are known in part


def completed(seed, unseen):
    """A table of which the last columns are hidden, with the audit of what is left and that of the whole."""
    rows, chances = random_table(seed, extra=unseen)
    rng, known = np.random.default_rng(seed), rows.shape[2] - unseen
    outcomes = rng.dirichlet(np.ones(3), rows.shape[2])
    options = {"residual": rows[..., known:].sum(axis=2), **chances}
    whole = influence_audit(rows, outcomes=outcomes, **chances)
    return whole, rows[..., :known], {"outcomes": outcomes[:known], **options}


@for_each("unseen", [1, 2, 3, 8])
@for_each("seed", range(12))
def test_intervals_hold_every_completion(seed, unseen):
    whole, rows, options = completed(seed, unseen)
    for allowed in (unseen, unseen + 1, math.inf):
        part = amounts(influence_audit(rows, unseen=allowed, **options))
        for name, amount in amounts(whole).items():
            assert np.all(part[name].lower <= amount.upper + 1e-12), (name, allowed)
            assert np.all(amount.lower <= part[name].upper + 1e-12), (name, allowed)
            assert np.all(part[name].lower <= part[name].value), (name, allowed)
            assert np.all(part[name].value <= part[name].upper), (name, allowed)


@for_each("seed", range(8))
def test_ends_are_attained(seed):
    rows, chances = random_table(seed, extra=1)
    known, residual = rows[..., :-1], rows[..., -1]
    part = influence_audit(known, residual=residual, **chances)
    n_messages, n_wills, _ = rows.shape
    shared = influence_audit(rows, **chances)
    for name, amount in amounts(part).items():
        assert amount.value == pytest.approx(amounts(shared)[name].value, abs=1e-9), name
        if name != "interaction":
            assert amount.lower == pytest.approx(amounts(shared)[name].lower, abs=1e-9), name
    by_will = np.concatenate([known, residual[..., None] * np.eye(n_wills)], axis=2)
    person = influence_audit(by_will, **chances)
    assert part.control_left.upper == pytest.approx(person.control_left.value, abs=1e-9)
    assert part.control_left_capacity.upper == pytest.approx(person.control_left_capacity.value, abs=1e-8)
    assert part.budget.person_given_assistant.upper == pytest.approx(float(person.mean_left), abs=1e-9)
    by_message = np.concatenate([known, residual[..., None] * np.eye(n_messages)[:, None]], axis=2)
    assistant = influence_audit(by_message, **chances)
    assert part.targeted.upper == pytest.approx(float(assistant.targeted), abs=1e-8)
    assert part.untargeted.upper == pytest.approx(float(assistant.untargeted), abs=1e-8)
    assert part.budget.assistant_share.upper == pytest.approx(float(assistant.budget.assistant_share), abs=1e-9)
    by_both = residual[..., None] * np.eye(n_messages * n_wills).reshape(n_messages, n_wills, -1)
    apart = influence_audit(np.concatenate([known, by_both], axis=2), **chances)
    assert part.budget.interaction.lower == pytest.approx(float(apart.budget.interaction), abs=1e-9)


def test_with_one_choice_outside_nothing_is_left_open():
    rows, chances = random_table(3, extra=1)
    part = influence_audit(rows[..., :-1], residual=rows[..., -1], unseen=1, **chances)
    for name, amount in amounts(part).items():
        assert np.all(amount.gap < 1e-9), name


def test_capacities_are_those_of_capacity_bounds():
    rows, chances = random_table(5, extra=2)
    known, residual = rows[..., :-2], rows[..., -2:].sum(axis=2)
    audit = influence_audit(known, residual=residual, **chances)
    for m in range(len(rows)):
        bounds = emp.capacity_bounds(known[m], residual[m], residual_in="outside")
        assert audit.control_left_capacity[m].lower == pytest.approx(bounds.lower, abs=1e-9)
        assert audit.control_left_capacity[m].upper == pytest.approx(bounds.upper, abs=1e-9)


def test_a_residual_of_zeros_changes_nothing():
    plain, zero = (influence_audit(drinks(0.25, 0.1), residual=r) for r in (None, np.zeros((3, 2))))
    for name, amount in amounts(plain).items():
        assert np.array_equal(amount.value, amounts(zero)[name].value), name
        assert np.array_equal(amount.upper, amounts(zero)[name].upper), name


def test_single_precision_is_welcome():
    rows = np.random.default_rng(0).dirichlet(np.ones(300), (3, 2)).astype(np.float32)
    audit = influence_audit(rows[..., :200], residual=rows[..., 200:].sum(axis=2))
    assert audit.targeted.lower < audit.targeted.upper < math.inf
    assert influence_audit(rows).budget.imbalance < 1e-10


# --- an assistant with intents


def test_servant_and_seller():
    options = {"silence": SILENCE, "labels": NAMES | {"intents": ["sell tea", "sell coffee"]}}
    served = intent_audit(drinks(0.5, 0.1), servant(), **options)
    sold = intent_audit(drinks(0.5, 0.1), seller(), **options)
    assert float(served.manipulation) == pytest.approx(0, abs=1e-14)
    assert float(served.gain) == pytest.approx(0.713603 - 0.531004, abs=1e-6)
    # The seller sends each message as often as the other, for any will.
    audit = influence_audit(drinks(0.5, 0.1), message_policy=PRAISE)
    for name in PARTS:
        assert float(getattr(sold.budget, name)) == pytest.approx(float(getattr(audit.budget, name)), abs=1e-12)
    assert float(sold.manipulation) == float(audit.budget.assistant_given_person)
    assert float(sold.limit) == float(audit.targeted)
    assert float(sold.gain) < 0
    assert sold.budget.source == "intent"
    assert sold.unit == "bits"
    assert intent_audit(drinks(0.5, 0.1), servant()).gain is None


@for_each("seed", range(30))
def test_manipulation_is_at_most_targeted_control(seed):
    rows, chances = random_table(seed)
    rng = np.random.default_rng(seed)
    strategy = rng.dirichlet(np.full(len(rows), 0.3), (rng.integers(1, 5), rows.shape[1]))
    audit = intent_audit(rows, strategy, prior=chances["prior"])
    control = influence_audit(rows, prior=chances["prior"])
    assert 0 <= float(audit.manipulation) <= control.targeted.upper
    assert (audit.manipulation_by_will.value <= control.targeted_by_will.upper).all()
    assert float(audit.manipulation) == pytest.approx(chances["prior"] @ audit.manipulation_by_will.value, abs=1e-12)
    assert audit.budget.imbalance < 1e-10
    blind = intent_audit(rows, np.repeat(strategy[:1], 3, axis=0), prior=chances["prior"])
    assert float(blind.manipulation) == pytest.approx(0, abs=1e-14)


@for_each("seed", range(10))
def test_intent_audits_of_rows_known_in_part(seed):
    rows, chances = random_table(seed, extra=3)
    strategy = np.random.default_rng(seed).dirichlet(np.ones(len(rows)), (3, rows.shape[1]))
    whole = intent_audit(rows, strategy, prior=chances["prior"], silence=0)
    part = intent_audit(
        rows[..., :-3], strategy, prior=chances["prior"], silence=0, residual=rows[..., -3:].sum(axis=2)
    )
    for name in ("manipulation", "manipulation_by_will", "limit", "service", "silent", "gain"):
        inner, outer = getattr(whole, name), getattr(part, name)
        assert np.all(outer.lower <= inner.upper + 1e-9), name
        assert np.all(inner.lower <= outer.upper + 1e-9), name


# --- what is wrong with a table


def test_what_is_wrong_is_said():
    short = drinks(0.5, 0.1)
    short[1, 0, 0] -= 0.03
    where = r"responses\[1, 0\] \(message 'praise coffee', will 'tea'\)"
    with pytest.raises(
        ValueError, match=where + r" sums to 0.97, expected 1; pass normalize=True .* as residual, or che"
    ):
        influence_audit(short, labels=NAMES)
    with pytest.raises(ValueError, match=where + " with its residual sums to 0.97, expected 1"):
        influence_audit(short, residual=np.zeros((3, 2)), labels=NAMES)
    with pytest.raises(ValueError, match=r"responses\[0, 0\] .* has the entry -0.1, expected finite probabilities"):
        influence_audit([[[1.1, -0.1]]])
    with pytest.raises(ValueError, match=r"responses has shape \(2, 2\), expected 3 axes: \(message, will, choice\)"):
        influence_audit(np.eye(2))
    with pytest.raises(ValueError, match=r"residual has shape \(2, 3\), expected \(message, will\) = \(3, 2\)"):
        influence_audit(short, residual=np.zeros((2, 3)))
    with pytest.raises(ValueError, match="prior has 3 entries, expected 2"):
        influence_audit(drinks(0.5, 0), prior=[0.2, 0.3, 0.5])
    with pytest.raises(ValueError, match=r"message_policy sums to 0\.9, expected 1"):
        influence_audit(drinks(0.5, 0), message_policy=[0.3, 0.3, 0.3])
    with pytest.raises(ValueError, match="wills has 3 labels, expected 2"):
        influence_audit(drinks(0.5, 0), labels={"wills": "abc"})
    with pytest.raises(ValueError, match=r"unknown labels 'will'; .* did you mean 'wills'"):
        influence_audit(drinks(0.5, 0), labels={"will": ["tea", "coffee"]})
    with pytest.raises(TypeError, match=r"labels is \['tea'\], expected a mapping with names such as 'messages'"):
        influence_audit(drinks(0.5, 0), labels=["tea"])
    with pytest.raises(ValueError, match=r"unseen is 0, expected a whole number of outputs of at least 1"):
        influence_audit(drinks(0.5, 0), unseen=0)
    with pytest.raises(ValueError, match=r"outcomes has shape \(3, 2\), expected .* for each of 2 choices"):
        influence_audit(drinks(0.5, 0), outcomes=np.full((3, 2), 0.5))
    with pytest.raises(ValueError, match=r"outcomes\[1\] \(choice 'C'\) sums to 0.9, expected 1"):
        influence_audit(drinks(0.5, 0), outcomes=[[1, 0], [0.5, 0.4]], labels=NAMES)
    with pytest.raises(ValueError, match="unknown backend 'abacus'"):
        influence_audit(drinks(0.5, 0), backend="abacus")


def test_what_is_wrong_with_a_strategy_is_said():
    with pytest.raises(ValueError, match=r"strategy has shape \(2, 3, 2\), expected \(intent, .*\) = \(any, 2, 3\)"):
        intent_audit(drinks(0.5, 0), servant().swapaxes(1, 2))
    with pytest.raises(
        ValueError, match=r"strategy\[0, 1\] \(will 'coffee'\) sums to 2, expected 1; pass normalize=T"
    ):
        intent_audit(drinks(0.5, 0), servant() * [[[1], [2]]], labels=NAMES)
    with pytest.raises(ValueError, match="intents has 3 labels, expected 2"):
        intent_audit(drinks(0.5, 0), servant(), labels={"intents": "abc"})


def test_rows_are_rescaled_when_asked_for():
    plain, scaled = influence_audit(drinks(0.5, 0.1)), influence_audit(3 * drinks(0.5, 0.1), normalize=True)
    assert float(scaled.targeted) == pytest.approx(float(plain.targeted), abs=1e-9)


# --- what is shown


def test_amounts_say_what_they_are():
    audit = influence_audit(drinks(0.5, 0.1), silence=2)
    assert repr(audit.silent) == "Amount(0.5310044064 bits)"
    assert repr(audit.targeted).startswith("Amount(0.244295")
    assert repr(audit.control_left).startswith("Amount(3: 0.171692 to 0.531004 bits")
    assert len(audit.control_left) == 3
    assert bool(audit.control_left.converged.all())
    with pytest.raises(TypeError, match="the result holds 3 amounts; name one first"):
        float(audit.control_left)
    with pytest.raises(TypeError, match="one amount has no length"):
        len(audit.targeted)
    with pytest.raises(TypeError, match="this is the result of one amount already"):
        audit.targeted[0]
    assert repr(audit).startswith("InfluenceAudit(3 messages, 2 wills, 2 choices: targeted control 0.2442")
    assert isinstance(audit.budget, ControlBudget)


def test_the_report_has_the_numbers():
    audit = influence_audit(
        drinks(0.1, 0), message_policy=PRAISE, silence=SILENCE, outcomes=[[1, 0], [0.25, 0.75]], labels=NAMES
    )
    page = audit.report()
    for number in ("0.0548", "0.0072", "0.7583", "0.7628", "0.2345", "0.7136", "0.0519", "0.5582"):
        assert number in page
    for words in ("'nothing'", "'praise coffee'", "bits", "the baseline", "certified", "leverage", "None of these"):
        assert words in page
    assert max(map(len, page.splitlines())) <= 100
    assert len(page.splitlines()) <= 60


def test_the_report_of_rows_known_in_part_has_both_ends():
    rows, chances = random_table(3, extra=2)
    audit = influence_audit(rows[..., :-2], residual=rows[..., -2:].sum(axis=2), **chances)
    page = audit.report()
    assert (
        f"{math.floor(audit.targeted.lower * 1e4) / 1e4:.4f} to {math.ceil(audit.targeted.upper * 1e4) / 1e4:.4f}"
        in page
    )
    assert "to inf" in page
    assert "that the table does not list" in page


def test_the_report_lists_the_messages_that_leave_least():
    rows = np.random.default_rng(0).dirichlet(np.ones(3), (20, 2))
    page = influence_audit(rows, labels={"messages": [f"number {i}" for i in range(20)]}).report()
    assert "and 8 messages that leave more" in page
    assert page.count("'number ") == 13


def test_the_report_of_intents_says_who_is_followed():
    options = {"silence": SILENCE, "labels": NAMES}
    assert "has 0.1826 bits more control" in intent_audit(drinks(0.5, 0.1), servant(), **options).report()
    assert "has 0.4123 bits less control" in intent_audit(drinks(0.5, 0.1), seller(), **options).report()
    alike = np.zeros((2, 2, 3))
    alike[..., 2] = 1
    assert "has as much control" in intent_audit(drinks(0.5, 0.1), alike, **options).report()
    half = 0.5 * drinks(0.5, 0.1)
    page = intent_audit(half, servant(), residual=np.full((3, 2), 0.5), **options).report()
    assert "may have more control" in page
    assert "silence" not in intent_audit(drinks(0.5, 0.1), servant()).report()


def test_pictures():
    audit = influence_audit(drinks(0.5, 0.1), silence=SILENCE, message_policy=PRAISE, labels=NAMES)
    ax = audit.plot()
    assert [text.get_text() for text in ax.get_yticklabels()] == NAMES["messages"]
    assert ax.get_xlabel() == "control left to the person [bits]"
    assert [bar.get_width() for bar in ax.patches] == pytest.approx(audit.control_left.value)
    other = pyplot.subplots()[1]
    assert audit.budget.plot(other) is other
    assert sum(bar.get_width() for bar in other.patches) == pytest.approx(3 * float(audit.budget.total))
    assert [text.get_text() for text in other.get_legend().get_texts()] == ["assistant", "person", "chance"]
    labels = intent_audit(drinks(0.5, 0.1), servant()).plot().get_yticklabels()
    assert labels[0].get_text() == "intent first"


def test_pictures_of_rows_known_in_part_and_of_long_labels():
    rows, chances = random_table(3, extra=2)
    labels = ["word " * 30, *map(str, range(1, len(rows)))]
    residual, named = rows[..., -2:].sum(axis=2), {"messages": labels}
    audit = influence_audit(rows[..., :-2], residual=residual, labels=named, **chances)
    ax = audit.plot()
    ax.figure.canvas.draw()
    assert len(ax.patches) == 2 * len(rows)
    assert ax.get_yticklabels()[0].get_text().endswith("…")
    assert "counted as one" in audit.budget.plot().get_xlabel()


def test_importing_the_audit_loads_nothing_heavy():
    code = (
        "import sys, empowerment.text.influence, empowerment.text.influence.intents;"
        "print({'numba', 'jax', 'matplotlib'} & {*sys.modules})"
    )
    found = subprocess.run([sys.executable, "-Werror", "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"

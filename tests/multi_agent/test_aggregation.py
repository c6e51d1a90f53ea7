"""Aggregates of several persons' empowerment: limits, intervals, and what must not change them."""

import math
from dataclasses import replace

import numpy as np
import pytest

import empowerment as emp
from tests.helpers import for_each

CORRIDOR = emp.worlds.shared_corridor(5)
BOTH = {name: emp.transfer_empowerment(CORRIDOR, 2, name, name) for name in CORRIDOR.agents}
RULES = ("sum", "mean", "minimum", "soft minimum")


def with_values(values, width=0.0, base=2.0):
    """Return one result for each column of a table of values, with intervals of a width around them."""
    table = np.asarray(values, dtype=float)
    one = emp.empowerment(emp.worlds.grid_world(["." * len(table)]), 1, base=base)
    ends = [(column, np.maximum(column - width / 2, 0), column + width / 2) for column in table.T]
    return {i: replace(one, value=v, lower=low, upper=high) for i, (v, low, high) in enumerate(ends)}


def aggregated(results, rule, aversion=1.0, **options):
    soft = {"aversion": aversion} if rule == "soft minimum" else {}
    return emp.aggregate_empowerment(results, rule, **soft, **options)


def test_rules_are_what_they_are_called():
    table = np.array([[1.0, 3.0], [2.0, 2.0], [0.0, 5.0]])
    both = with_values(table)
    assert aggregated(both, "sum").value == pytest.approx([4, 4, 5])
    assert aggregated(both, "mean").value == pytest.approx([2, 2, 2.5])
    assert aggregated(both, "minimum").value == pytest.approx([1, 2, 0])
    harmonic = [math.log2(2 / (1 / 2 + 1 / 8)), 2, math.log2(2 / (1 + 1 / 32))]  # 2 and 8 options, 4 and 4, 1 and 32
    assert aggregated(both, "soft minimum").value == pytest.approx(harmonic, abs=1e-12)
    assert aggregated(both, "sum").terms.tolist() == table.tolist()


def test_the_soft_minimum_is_right_to_its_interval_at_any_aversion():
    mpmath = pytest.importorskip("mpmath")
    rng, mpf = np.random.default_rng(0), mpmath.mpf
    for aversion in (1e-100, 1e-12, 1e-3, 0.7, 3.0, 1e4, 1e100):
        table, weights = rng.gamma(1.0, 3.0, (6, 4)), rng.gamma(0.3, 1.0, 4)
        found = aggregated(with_values(table), "soft minimum", aversion, weights=dict(enumerate(weights)))
        with mpmath.workdps(250):
            for row, low, high in zip(table, found.lower, found.upper, strict=True):
                total = sum(mpf(w) * mpf(2) ** (-mpf(aversion) * mpf(e)) for w, e in zip(weights, row, strict=True))
                exact = -mpmath.log(total / sum(map(mpf, weights)), 2) / mpf(aversion)
                assert mpf(low) <= exact <= mpf(high), (aversion, row)
                assert high - low < 1e-10


def test_aversion_leads_from_the_mean_to_the_minimum():
    curve = np.array([aggregated(BOTH, "soft minimum", xi).value for xi in np.geomspace(1e-6, 1e6, 40)])
    assert (np.diff(curve, axis=0) <= 1e-9).all()
    assert curve[0] == pytest.approx(aggregated(BOTH, "mean").value, abs=1e-5)
    assert curve[-1] == pytest.approx(aggregated(BOTH, "minimum").value, abs=1e-5)


def test_the_unit_does_not_matter():
    table = np.array([[1.0, 3.0, 0.2], [2.0, 2.0, 1.0]])
    for rule in RULES:
        bits, nats = (
            aggregated(with_values(table * scale, base=base), rule) for scale, base in ((1, 2), (math.log(2), math.e))
        )
        assert nats.value == pytest.approx(bits.value * math.log(2), abs=1e-12), rule
        assert (bits.unit, nats.unit) == ("bits", "nats")


@for_each("seed", range(60))
def test_every_rule_is_monotone_symmetric_and_keeps_intervals(seed):
    rng = np.random.default_rng(seed)
    table, width = rng.gamma(1.0, 2.0, (4, 3)), float(rng.gamma(1.0, 0.1))
    more = table + rng.random((4, 3)) * (rng.random((4, 3)) < 0.5)
    order = rng.permutation(3).tolist()
    for rule in RULES:
        aversion = float(rng.gamma(0.5, 5.0)) + 1e-6
        found = aggregated(with_values(table, width), rule, aversion)
        assert (aggregated(with_values(more, width), rule, aversion).value >= found.value - 1e-9).all()
        mixed = aggregated(with_values(table[:, order], width), rule, aversion)
        assert mixed.value == pytest.approx(found.value, abs=1e-12)
        for _ in range(5):  # whatever the persons' values are within their intervals, the aggregate is within its own
            inside = np.maximum(table - width / 2, 0)
            inside += rng.random((4, 3)) * (table + width / 2 - inside)
            exact = aggregated(with_values(inside), rule, aversion)
            assert (found.lower <= exact.upper).all()
            assert (exact.lower <= found.upper).all()
        assert (found.gap <= (3 if rule == "sum" else 1) * width + 1e-12).all()


def test_a_person_who_has_the_same_everywhere_changes_no_order_but_that_of_the_minimum():
    table = np.random.default_rng(3).gamma(1.0, 2.0, (8, 3))
    fixed = np.column_stack([table, np.zeros(8)])
    for rule in ("sum", "mean", "soft minimum"):
        before, after = (aggregated(with_values(each), rule).value for each in (table, fixed))
        assert (np.argsort(before) == np.argsort(after)).all(), rule
    assert (aggregated(with_values(fixed), "minimum").value == 0).all()


def test_weights_are_like_copies_of_a_person():
    table = np.random.default_rng(4).gamma(1.0, 2.0, (5, 2))
    copied = with_values(table[:, [0, 1, 1, 1]])
    for rule in ("sum", "mean", "soft minimum"):
        weighted = aggregated(with_values(table), rule, weights={0: 1, 1: 3})
        assert weighted.value == pytest.approx(aggregated(copied, rule).value, abs=1e-12), rule
        nobody = aggregated(with_values(table), rule, weights={0: 1, 1: 0})
        assert nobody.value == pytest.approx(table[:, 0], abs=1e-12), rule


def test_aggregates_are_objectives_of_assistants_and_of_plans():
    row = {"person": {"stay": 1}}
    for rule in RULES:
        found = aggregated(BOTH, rule)
        policy = emp.assistant_policy(CORRIDOR, "assistant", row, found)
        beside = CORRIDOR.for_agent("assistant", row)
        best = emp.expected_next(beside, found)[beside.state_index((1, 2))].argmax()
        assert policy.action((1, 2)) == beside.actions[best]
        plans = emp.optimal_plans(beside, found, 1, (1, 2), measures={"own": BOTH["assistant"]})
        assert plans.best == pytest.approx(emp.expected_next(beside, found)[beside.state_index((1, 2))].max())


def test_what_is_wrong_is_refused():
    one = BOTH["person"]
    with pytest.raises(TypeError, match="expected a mapping"):
        emp.aggregate_empowerment([one, one])
    with pytest.raises(TypeError, match="results\\['b'\\]"):
        emp.aggregate_empowerment({"a": one, "b": one.value})
    with pytest.raises(ValueError, match="of other states"):
        emp.aggregate_empowerment({"a": one, "b": one[0, 1]})
    with pytest.raises(ValueError, match=r"in nats and .* in bits"):
        emp.aggregate_empowerment(
            {"a": one, "b": emp.transfer_empowerment(CORRIDOR, 2, "person", "person", base="e")}
        )
    with pytest.raises(ValueError, match="minimum has no weights"):
        emp.aggregate_empowerment(BOTH, "minimum", weights={"person": 1, "assistant": 1})
    with pytest.raises(ValueError, match="a weight for each of 'person', 'assistant'"):
        emp.aggregate_empowerment(BOTH, weights={"person": 1})
    for weights in ({"person": 0, "assistant": 0}, {"person": 1, "assistant": 1e101}):
        with pytest.raises(ValueError, match="expected the largest above 0"):
            emp.aggregate_empowerment(BOTH, weights=weights)
    with pytest.raises(ValueError, match="the sum has none"):
        emp.aggregate_empowerment(BOTH, aversion=1.0)
    with pytest.raises(ValueError, match="aversion is None"):
        emp.aggregate_empowerment(BOTH, "soft minimum")
    for aversion in (0, 1e101, -1):
        with pytest.raises(ValueError, match="aversion is"):
            emp.aggregate_empowerment(BOTH, "soft minimum", aversion=aversion)
    with pytest.raises(ValueError, match="soft minimum"):
        emp.aggregate_empowerment(BOTH, "softmin")

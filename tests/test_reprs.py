"""What is printed: a value where it is known to within the tolerance, else the interval and no digits of a bound."""

import re

import numpy as np
from helpers import for_each

import empowerment as emp

RNG = np.random.default_rng(5)
HARD = RNG.dirichlet(np.ones(6), 6)
NOISY = RNG.dirichlet(np.ones(3), (3, 2))
SLOW = {"method": "blahut-arimoto", "max_iter": 2, "on_failure": "ignore"}


def interval(result):
    lower, upper = np.min(result.lower), np.max(result.upper)
    return f"[{lower:.10g}, {upper:.10g}]" if np.size(result.upper) == 1 else f"[{lower:.6g}, {upper:.6g}]"


def unconverged():
    """Yield results of every kind that missed their tolerance."""
    yield emp.channel_capacity(HARD, **SLOW)
    yield emp.channel_capacity([HARD, HARD[:4]], **SLOW)
    few = {"method": "sampled", "options": {"samples": 2}, "rng": 0}
    yield emp.empowerment(NOISY, 6, **few)
    yield emp.empowerment(NOISY, 6, states=0, **few)
    yield emp.empowerment(NOISY, 6, **few).average()
    yield emp.horizon_sweep(NOISY, [5, 6], **few).largest()
    yield emp.context_empowerment(NOISY, 6, n_contexts=3, **few)
    yield emp.empowerment_rate(NOISY, max_iter=1, on_failure="ignore")
    yield emp.discounted_empowerment(NOISY, 0.99, max_iter=1, on_failure="ignore")
    yield emp.capacity_cost(HARD, np.arange(6.0), 1.0, tol=1e-12, on_failure="ignore")
    yield emp.worst_case_empowerment(
        emp.worlds.two_way_dimmer(), 1, "person", "assistant", tol=1e-11, max_iter=1, on_failure="ignore"
    )
    yield emp.text.influence_audit([[[0.5, 0.1], [0.1, 0.6]]] * 2, residual=[[0.4, 0.3]] * 2).control_left[0]


def test_what_missed_the_tolerance_is_printed_as_its_interval():
    kinds = set()
    for result in unconverged():
        if np.all(result.converged):
            continue
        kinds.add(type(result).__name__)
        text = repr(result)
        assert interval(result) in text, text
        for value in np.atleast_1d(result.value):
            digits = f"{value:.10g}"
            if digits not in interval(result):  # a bound may be the value
                assert digits not in text, text
    assert {"CapacityResult", "EmpowermentResult", "AverageEmpowerment", "OverHorizons"} <= kinds
    assert {"ContextEmpowerment", "EmpowermentRate", "BellmanResult", "Amount"} <= kinds


def test_what_met_it_is_printed_as_its_value():
    switch = [[0.9, 0.1], [0.1, 0.9]]
    assert repr(emp.channel_capacity(switch)).startswith("CapacityResult(0.5310044064 bits in [0.53100440")
    two = repr(emp.channel_capacity([switch, np.eye(2)]))
    assert "CapacityResult(2 channels: 0.531004 to 1 bits" in two
    assert "NOT" not in two
    alone = emp.empowerment(emp.worlds.grid_world(["..."]), 1)
    assert repr(alone.average()).startswith("AverageEmpowerment(1.19498")  # (1 + log2 3 + 1) / 3
    assert repr(emp.context_empowerment(alone and emp.worlds.grid_world(["..."]))).startswith("ContextEmpowerment(")


def test_some_of_many_are_counted():
    mixed = emp.channel_capacity([np.eye(2), HARD], **SLOW)
    assert re.search(r", 1 NOT converged,", repr(mixed))
    assert f"[{mixed.lower.min():.6g}, {mixed.upper.max():.6g}] bits" in repr(mixed)


def test_an_interval_of_samples_holds_the_estimate_or_says_why_not():
    counts = np.random.default_rng(0).integers(0, 2, (50, 60))
    options = {"rng": 0, "n_draws": 100, "n_null": 0}
    found = emp.capacity_from_counts(counts, **options)
    assert found.lower <= found.corrected <= found.upper
    assert found.upper > found.lower
    assert "lies above the bootstrap interval [0, 0]" in repr(found)
    assert "it was stretched to hold it" in found.caveat
    posterior = emp.capacity_from_counts(counts, interval="dirichlet", **options)
    assert posterior.corrected < posterior.lower
    assert "lies below the dirichlet interval" in posterior.caveat
    plenty = emp.capacity_from_counts([[270, 30], [30, 270]], **options)
    assert plenty.caveat is None
    assert plenty.lower < plenty.corrected < plenty.upper


@for_each("level", [1e-300, 0.5])
def test_a_level_near_zero_has_a_quantile(level):
    found = emp.capacity_from_counts([[9, 1], [2, 8]], level=level, rng=0, n_draws=40, n_null=20)
    assert 0 <= found.null_quantile <= 1

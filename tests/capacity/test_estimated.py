"""Capacities estimated from counts, against exact enumeration of all samples, quadrature and closed forms."""

import itertools
import math
from functools import partial

import numpy as np
import pytest
from helpers import LOG2, for_each, on_every_backend
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse, stats

import empowerment as emp
from empowerment.capacity.estimation import from_counts
from empowerment.capacity.estimation.confidence import _row_distance
from empowerment.capacity.estimation.plug_in import bias_at, expansion
from empowerment.capacity.partial.continuity import largest_change
from empowerment.testing import channels

SWITCH = np.array([[0.9, 0.1], [0.1, 0.9]])
CAPACITY = 0.531004406411
THREE = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.2, 0.1, 0.7]])  # 0.505989130499 bits, by Muroga's formula


def binary_samples(n, first, second):
    """Return the counts of every sample of two rows (a, n - a), (b, n - b), and how likely each is."""
    a, b = (each.ravel() for each in np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij"))
    counts = np.stack([np.stack([a, n - a], axis=1), np.stack([b, n - b], axis=1)], axis=1)
    return counts, stats.binom.pmf(a, n, first) * stats.binom.pmf(b, n, second)


def expected(counts, weights):
    """Return the exact mean and standard deviation of the plug-in, in bits."""
    values = emp.channel_capacity(counts / counts.sum(axis=2, keepdims=True)).value
    mean = weights @ values
    return mean, math.sqrt(weights @ (values - mean) ** 2)


@for_each(
    ("n", "mean", "deviation"),
    [(10, 0.605265, 0.22335), (30, 0.553770, 0.12790), (100, 0.537250, 0.06787), (300, 0.533052, 0.03894)],
)
def test_the_plug_in_is_too_large_by_what_the_expansion_says(n, mean, deviation):
    found = expected(*binary_samples(n, 0.9, 0.1))
    assert found == (pytest.approx(mean, abs=1e-6), pytest.approx(deviation, abs=1e-5))
    truth = emp.capacity_from_counts((10 * SWITCH).astype(int) * n, n_draws=39, n_null=0, rng=0)
    assert truth.bias * 10 * n == pytest.approx(0.6096, abs=5e-5)
    assert truth.standard_error * math.sqrt(10 * n) == pytest.approx(0.67244, abs=5e-6)
    assert truth.bias * 10 == pytest.approx(found[0] - CAPACITY, rel=4.5 / n)
    assert truth.standard_error * math.sqrt(10) == pytest.approx(found[1], rel=2 / n)


@for_each(("n", "mean"), [(10, 0.039537), (30, 0.012342), (100, 0.003634)])
def test_samples_of_a_useless_channel_show_a_capacity(n, mean):
    found, _ = expected(*binary_samples(n, 0.5, 0.5))
    assert found == pytest.approx(mean, abs=1e-6)
    assert found == pytest.approx(1 / (4 * n * LOG2), rel=1.2 / n)


def test_the_correction_takes_most_of_the_bias_away():
    counts, weights = binary_samples(30, 0.9, 0.1)
    likely = weights > 1e-5
    values = emp.channel_capacity(counts[likely] / 30).value
    biases = np.array([expansion(each).in_units_of(LOG2).bias or 0.0 for each in counts[likely]])
    left = weights[likely] @ (values - biases) - CAPACITY
    assert abs(left) < 0.3 * (weights[likely] @ values - CAPACITY)


@for_each(
    "rows",
    [THREE, [[0.6, 0.2, 0.1, 0.1], [0.05, 0.75, 0.1, 0.1], [0.1, 0.1, 0.3, 0.5]], [[1, 0, 0], [0.3, 0.5, 0.2]]],
)
def test_bias_and_error_of_other_channels(rows):
    rows, n = np.asarray(rows), np.array([200, 300, 400])[: len(rows)]
    rng = np.random.default_rng(5)
    drawn = emp.channel_capacity(rng.multinomial(n, rows, size=(40_000, len(n))) / n[:, None], tol=1e-7).value
    found = expansion(np.round(rows * n[:, None] * 100).astype(int)).in_units_of(LOG2)
    assert found.caveat is None
    noise = drawn.std() / math.sqrt(drawn.size)
    assert found.bias * 100 == pytest.approx(drawn.mean() - emp.channel_capacity(rows).value, abs=4 * noise, rel=0.03)
    assert found.standard_error * 10 == pytest.approx(drawn.std(), rel=0.02)


def test_an_input_that_is_not_used_changes_no_bias():
    counts = np.array([[90, 10], [10, 90]])
    more = np.vstack([counts, [[50, 50]]])
    assert expansion(more)[:2] == pytest.approx(expansion(counts)[:2], rel=1e-6)
    assert expansion(more).caveat is None


@for_each(
    ("counts", "caveat", "error"),
    [
        ([[3, 3], [5, 5]], "capacity of 0", False),
        ([[5, 0], [0, 9]], "show no noise", False),
        ([[9, 1], [9, 1], [1, 9]], "several input distributions", False),
        (np.eye(6, dtype=int) + np.roll(np.eye(6, dtype=int), 1, axis=1), "several input distributions", False),
        # The third row is as far from the output of the other two as they are, in another direction.
        ([[5, 5, 0, 0], [0, 0, 5, 5], [5, 0, 5, 0]], "brink of being used, as input 2 is", True),
    ],
)
def test_where_the_expansion_does_not_hold_it_says_so(counts, caveat, error):
    found = emp.capacity_from_counts(counts, n_draws=39, n_null=0, rng=0)
    assert found.bias is None
    assert found.corrected is None
    assert (found.standard_error is None) == (not error)
    assert caveat in found.caveat
    assert caveat in repr(found)


def every_sample(rows, n):
    """Return the empirical rows of every sample, n outputs for each input, and how likely each is."""
    columns = range(rows.shape[1])
    outputs = np.array(list(itertools.combinations_with_replacement(columns, n)))
    counts = np.stack([(outputs == y).sum(axis=1) for y in columns], axis=1)
    picks = np.array(list(itertools.product(range(len(counts)), repeat=len(rows))))
    chances = np.stack([stats.multinomial.pmf(counts, n, row / row.sum()) for row in rows])
    return counts[picks] / n, np.prod([chance[pick] for chance, pick in zip(chances, picks.T, strict=True)], axis=0)


@given(channels(3, 3), st.integers(1, 2))
@settings(max_examples=60)
def test_the_plug_in_is_too_large_on_average(rows, n):
    samples, weights = every_sample(rows, n)
    assert weights.sum() == pytest.approx(1)
    assert weights @ emp.channel_capacity(samples).value >= emp.channel_capacity(rows).lower - 1e-8


@for_each(
    ("counts", "mean", "ends", "of_mean"),
    [
        ([[9, 1], [1, 9]], 0.3902, (0.0890, 0.7203), 0.349978),
        ([[45, 5], [5, 45]], 0.4950, (0.3181, 0.6687), None),
        ([[3, 3], [3, 3]], 0.0434, (4.6e-5, 0.2083), 0.0),
    ],
)
def test_posterior_of_two_inputs(counts, mean, ends, of_mean):
    found = emp.capacity_from_counts(counts, interval="dirichlet", prior=1, n_draws=20_000, n_null=0, rng=1)
    assert found.posterior_mean == pytest.approx(mean, abs=4 * found.draws.std() / math.sqrt(20_000))
    assert (found.lower, found.upper) == pytest.approx(ends, abs=0.006)
    assert found.lower > 0
    assert found.draws.shape == (20_000,)
    if of_mean is not None:
        rows = (np.array(counts) + 1) / (np.sum(counts, axis=1, keepdims=True) + 2)
        assert emp.channel_capacity(rows).value == pytest.approx(of_mean, abs=1e-6)
        assert found.posterior_mean >= of_mean


def test_the_null_of_two_inputs_is_that_of_fixed_margins():
    counts = [[18, 12], [12, 18]]
    found = emp.capacity_from_counts(counts, interval="concentration", n_null=4000, rng=2)
    first = np.arange(31)
    tables = np.stack([np.stack([first, 30 - first], 1), np.stack([30 - first, first], 1)], axis=1)
    weights, values = stats.hypergeom.pmf(first, 60, 30, 30), emp.channel_capacity(tables / 30).value
    assert found.null_mean == pytest.approx(weights @ values, abs=4 * found.null_draws.std() / math.sqrt(4000))
    exact = weights[values >= found.plug_in.value - 1e-9].sum()  # Fisher's exact test, by capacity
    assert found.p_value == pytest.approx(exact, abs=4 * math.sqrt(exact / 4000))


def test_the_null_of_many_inputs():
    found = emp.capacity_from_counts(np.full((8, 4), 125), interval="concentration", n_null=2000, rng=3)
    assert found.null_mean == pytest.approx(0.00643, abs=0.0002)
    assert found.p_value == 1.0
    assert not found.detected


def test_p_values_are_uniform_where_nothing_depends_on_the_input():
    rng = np.random.default_rng(4)
    rows = np.tile([0.5, 0.3, 0.2], (3, 1))
    options = {"interval": "concentration", "n_null": 99, "rng": rng, "level": 0.9}
    found = [emp.capacity_from_counts(rng.multinomial([60, 80, 100], rows), **options) for _ in range(300)]
    p = np.array([each.p_value for each in found])
    assert stats.kstest(p, "uniform").pvalue > 0.01
    assert 0.06 < np.mean([each.detected for each in found]) < 0.145
    for each in found:
        assert each.detected == (each.plug_in.lower > each.null_quantile)


@for_each("interval", from_counts.INTERVALS)
@for_each("counts", [[[3, 2]], [[1], [5]], [[0, 3, 0], [0, 9, 0]], [[1]]])
def test_one_input_or_one_output_has_no_capacity(counts, interval):
    found = emp.capacity_from_counts(counts, interval=interval, rng=0)
    assert found.plug_in.value == 0
    assert found.lower < 1e-8 or interval == "dirichlet"
    assert found.p_value == 1
    assert not found.detected
    assert found.null_mean == 0
    assert found.upper == 0 or min(np.shape(counts)) > 1


def test_what_is_there_is_detected():
    found = emp.capacity_from_counts([[18, 2], [3, 17]], rng=0)
    assert found.detected
    assert found.p_value == pytest.approx(1 / 1001)
    assert found.null_quantile < found.plug_in.value
    none = emp.capacity_from_counts([[18, 2], [3, 17]], rng=0, n_null=0)
    assert none.p_value is none.null_mean is none.null_quantile is none.null_draws is none.detected is None


@for_each(
    ("rows", "n", "least"),
    [(SWITCH, 30, 0.88), (np.full((3, 3), 1 / 3), 50, 0.95), ([[0.99, 0.01], [0.01, 0.99]], 30, 0.88)],
)
def test_bootstrap_intervals_hold_the_capacity_about_as_often_as_they_say(rows, n, least):
    rng, truth = np.random.default_rng(6), emp.channel_capacity(rows)
    found = [emp.capacity_from_counts(rng.multinomial(n, rows), n_draws=300, n_null=0, rng=rng) for _ in range(150)]
    assert np.mean([each.lower <= truth.upper and truth.lower <= each.upper for each in found]) >= least
    assert np.mean([each.upper - each.lower for each in found]) < 0.5


def test_a_channel_that_shows_no_noise_still_has_an_interval():
    found = emp.capacity_from_counts([[20, 0], [0, 20]], rng=0, n_null=0)
    assert found.lower < 0.8
    assert found.upper == 1
    assert emp.capacity_from_counts([[20, 0], [0, 20]], prior=0, rng=0, n_null=0).lower == 1


def test_a_concentration_interval_is_what_its_formula_says():
    found = emp.capacity_from_counts([[450, 50, 0], [50, 400, 0]], interval="concentration", rng=0, n_null=0)
    distance = 0.5 * math.sqrt(2 * (math.log(2**3 - 2) + math.log(2 / 0.05)) / 450)
    change = emp.entropy([distance, 1 - distance])
    assert found.lower == pytest.approx(found.plug_in.value - change, abs=1e-8)
    assert found.upper == pytest.approx(min(found.plug_in.value + change, 1), abs=1e-8)
    assert found.draws is None
    assert emp.capacity_from_counts([[1], [5]], interval="concentration", n_null=0).upper == 0


@for_each("m", [2, 3, 7])
def test_no_smaller_change_of_capacity_would_do(m):
    # Attained between the identity and the channel that errs to each other symbol alike.
    for distance in (0.01, 0.3, 1 - 1 / m):
        noisy = np.full((m, m), distance / (m - 1))
        np.fill_diagonal(noisy, 1 - distance)
        drop = math.log(m) - emp.channel_capacity(noisy, base=math.e).value
        assert largest_change(distance, m) == pytest.approx(drop, abs=1e-8)
    assert largest_change(1.0, m) == pytest.approx(math.log(m))
    assert largest_change(0.0, m) == 0


def test_rows_stay_within_the_distance():
    rng, row, n = np.random.default_rng(8), np.array([0.5, 0.3, 0.2]), 40
    away = 0.5 * np.abs(rng.multinomial(n, row, size=(4000, 2)) / n - row).sum(axis=2).max(axis=1)
    assert np.mean(away > _row_distance(np.array([n, n]), 3, 0.9)) <= 0.1
    assert _row_distance(np.array([n]), 2000, 0.9) < 6  # no overflow


@for_each("interval", from_counts.INTERVALS)
def test_the_seed_decides(interval):
    counts = [[10, 4, 1], [2, 9, 5], [3, 3, 6]]
    one, same, other = (
        emp.capacity_from_counts(counts, interval=interval, n_draws=100, n_null=50, rng=rng)
        for rng in (1, np.random.default_rng(1), 2)
    )
    assert (one.lower, one.upper, one.p_value) == (same.lower, same.upper, same.p_value)
    assert np.array_equal(one.null_draws, same.null_draws)
    assert not np.array_equal(one.null_draws, other.null_draws)


def test_draws_do_not_depend_on_how_many_are_made_at_a_time(monkeypatch):
    counts = [[10, 4, 1], [2, 9, 5]]
    whole = emp.capacity_from_counts(counts, n_null=100, rng=1)
    monkeypatch.setattr("empowerment.capacity.estimation.resampling._CHUNK", 60)
    parts = emp.capacity_from_counts(counts, n_null=100, rng=1)
    assert np.array_equal(whole.draws, parts.draws)
    assert np.array_equal(whole.null_draws, parts.null_draws)


@for_each("interval", from_counts.INTERVALS)
def test_units(interval):
    counts = [[10, 4, 1], [2, 9, 5], [3, 3, 6]]
    bits = emp.capacity_from_counts(counts, interval=interval, n_draws=100, n_null=50, rng=1)
    nats = emp.capacity_from_counts(counts, interval=interval, n_draws=100, n_null=50, rng=1, base=math.e)
    for name in ("bias", "corrected", "standard_error", "lower", "upper", "null_mean", "null_quantile"):
        assert getattr(nats, name) == pytest.approx(LOG2 * getattr(bits, name), abs=1e-8)
    assert nats.plug_in.value == pytest.approx(LOG2 * bits.plug_in.value)
    assert (nats.unit, bits.unit, nats.p_value) == ("nats", "bits", bits.p_value)


@on_every_backend
def test_backends_agree(backend):
    counts = [[10, 4, 1, 0], [2, 9, 5, 0], [3, 3, 6, 0]]
    found, other = (
        emp.capacity_from_counts(counts, n_draws=60, n_null=40, rng=1, backend=each)
        for each in (backend, "reference")
    )
    assert found.plug_in.backend == backend
    assert found.draws == pytest.approx(other.draws, abs=2e-9)
    assert (found.lower, found.upper) == pytest.approx((other.lower, other.upper), abs=5e-9)
    assert (found.bias, found.standard_error) == pytest.approx((other.bias, other.standard_error), abs=1e-8)
    assert found.p_value == other.p_value


def test_columns_that_were_never_seen_count_only_where_they_should():
    counts = np.array([[10, 4], [2, 9]])
    wide = np.column_stack([counts, np.zeros((2, 3), dtype=int)])
    narrow, padded = (emp.capacity_from_counts(sparse.csr_array(each), rng=1, n_null=50) for each in (counts, wide))
    assert padded.bias == pytest.approx(narrow.bias, abs=1e-9)
    assert (padded.lower, padded.upper) == pytest.approx((narrow.lower, narrow.upper), abs=1e-8)
    assert padded.p_value == narrow.p_value
    narrow, padded = (
        emp.capacity_from_counts(each * 50, interval="concentration", n_null=0) for each in (counts, wide)
    )
    assert padded.upper > narrow.upper


def test_what_is_shown():
    found = emp.capacity_from_counts([[27, 3], [3, 27]], rng=0)
    assert "95% bootstrap interval" in repr(found)
    assert "corrected 0.510685" in repr(found)
    assert "; detected (p = 0.000999), 60 samples of 2 inputs" in repr(found)
    assert found.n_samples.tolist() == [30, 30]
    assert found.posterior_mean is None
    assert not hasattr(found, "converged")
    with pytest.raises(AttributeError):
        found.lower = 0


def test_few_samples_for_many_outputs_are_said():
    few, many = ([[14, 1, 4], [1, 13 + more, 5]] for more in (-5, 1))
    assert "fewer than 5 for each of the 3 outputs" in emp.capacity_from_counts(few, rng=0).caveat
    assert "fewer than 5 for each of the 3 outputs" in repr(
        emp.capacity_from_counts(few, interval="dirichlet", rng=0)
    )
    assert emp.capacity_from_counts(few, interval="concentration", rng=0).caveat is None
    assert emp.capacity_from_counts(many, rng=0).caveat is None
    both = emp.capacity_from_counts([[1, 0], [0, 9]], rng=0).caveat
    assert "show no noise" in both
    assert "fewer than 5" in both


def test_a_bar_is_shown_when_asked_for(capsys):
    pytest.importorskip("tqdm")
    emp.capacity_from_counts([[5, 1], [1, 5]], n_draws=50, n_null=30, progress=True, rng=0)
    assert "80/80" in capsys.readouterr().err


def test_a_missed_tolerance_is_said(monkeypatch):
    counts = np.random.default_rng(0).integers(1, 9, (5, 4))
    monkeypatch.setattr(from_counts, "channel_capacity", partial(emp.channel_capacity, max_iter=1))
    with pytest.warns(emp.ConvergenceWarning, match="^1040 capacities are known less well than 1.00e-09 bits"):
        emp.capacity_from_counts(counts, n_draws=1000, n_null=39, rng=0)
    with pytest.raises(RuntimeError, match="raise tol"):
        emp.capacity_from_counts(counts, on_failure="raise", rng=0)
    assert emp.capacity_from_counts(counts, on_failure="ignore", rng=0).plug_in.gap > 1e-9


@for_each(
    ("counts", "message"),
    [
        ([[1, -2], [3, 4]], r"counts\[0, 1\] is -2, expected a whole number"),
        ([[1, 2], [0.5, 4]], r"counts\[1, 0\] is 0.5, expected a whole number of samples, at least 0; shares"),
        ([[1, 2], [math.nan, 4]], r"counts\[1, 0\] is nan"),
        ([[1, 2], [math.inf, 4]], r"counts\[1, 0\] is inf"),
        ([[1, 2], [0, 0]], r"counts\[1\] has no samples"),
        ([1, 2], r"counts has shape \(2,\), expected 2 axes: \(input, output\)"),
        ([[[1, 2]]], "expected 2 axes"),
        ([[1, 2], [3]], "rows of different lengths"),
        (np.zeros((0, 2)), "at least one entry"),
    ],
)
def test_bad_counts(counts, message):
    with pytest.raises(ValueError, match=message):
        emp.capacity_from_counts(counts)


@for_each(
    ("options", "message"),
    [
        ({"interval": "normal"}, "unknown interval 'normal'; the known ones are 'bootstrap', 'dirichlet', 'conc"),
        ({"level": 1}, "level is 1, expected a number between 0 and 1"),
        ({"level": 0.0}, "level is 0.0"),
        ({"level": "95%"}, "level is '95%'"),
        ({"n_draws": 38}, "n_draws is 38, expected at least 39"),
        ({"n_draws": 0}, "n_draws is 0, expected a whole number of at least 1"),
        ({"n_null": 18}, "n_null is 18, expected at least 19"),
        ({"n_null": -1}, "n_null is -1"),
        ({"prior": -1}, "prior holds -1, expected finite numbers of at least 0,"),
        ({"prior": 0, "interval": "dirichlet"}, "prior holds 0, expected finite numbers above 0,"),
        ({"prior": [1, 2, 3]}, r"prior has shape \(3,\), expected one that broadcasts to \(2, 2\)"),
        ({"tol": 0}, "tol is 0"),
        ({"base": 1}, "base is 1"),
        ({"backend": "abacus"}, "unknown backend 'abacus'"),
        ({"on_failure": "hope"}, "unknown on_failure 'hope'"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        emp.capacity_from_counts([[5, 1], [1, 5]], **options)


def test_miller_and_madow_for_pairs_that_were_drawn_together():
    joint, n = np.array([[0.3, 0.2], [0.2, 0.3]]), 24
    truth = emp.mutual_information(joint / joint.sum(axis=1, keepdims=True), joint.sum(axis=1))
    left = {"miller-madow": 0.0, None: 0.0}
    for a in range(n + 1):
        for b in range(n + 1 - a):
            for c in range(n + 1 - a - b):
                counts = [[a, b], [c, n - a - b - c]]
                weight = stats.multinomial.pmf(np.ravel(counts), n, joint.ravel())
                for correction in left:
                    left[correction] += weight * (emp.information_from_counts(counts, correction=correction) - truth)
    assert left[None] == pytest.approx(1 / (2 * n * LOG2), rel=0.35)
    assert abs(left["miller-madow"]) < 0.3 * left[None]


def test_rows_that_were_sampled_apart_need_another_correction():
    n, truth = 30, CAPACITY
    counts, weights = binary_samples(n, 0.9, 0.1)
    options = {"plug-in": {"correction": None}, "pairs": {}, "rows": {"input_distribution": [0.5, 0.5]}}
    left = {
        name: weights @ [emp.information_from_counts(each, **given) for each in counts] - truth
        for name, given in options.items()
    }
    assert left["plug-in"] == pytest.approx(0.41 / (n * LOG2), rel=0.15)
    assert left["pairs"] == pytest.approx(left["plug-in"] - 0.25 / (n * LOG2), abs=2e-3)
    assert abs(left["rows"]) < 0.3 * left["pairs"]


def test_the_number_of_cells_that_were_seen_decides():
    counts = np.array([[4, 0, 2], [0, 0, 5], [0, 0, 0]])
    plain, corrected = (
        emp.information_from_counts(counts, correction=each, base=math.e) for each in (None, "miller-madow")
    )
    assert plain - corrected == pytest.approx((3 - 2 - 2 + 1) / (2 * 11))
    assert plain == pytest.approx(emp.mutual_information([[2 / 3, 1 / 3], [0, 1]], [6 / 11, 5 / 11], base=math.e))
    fixed = emp.information_from_counts(counts, [0.25, 0.75, 0], base=math.e)
    assert emp.information_from_counts(
        counts, [0.25, 0.75, 0], correction=None, base=math.e
    ) - fixed == pytest.approx(bias_at(counts[:2], np.array([0.25, 0.75])))


def test_bad_input_for_information():
    with pytest.raises(ValueError, match="unknown correction 'jackknife'; the known ones are 'miller-madow'"):
        emp.information_from_counts([[1, 2]], correction="jackknife")
    with pytest.raises(ValueError, match="counts holds no samples"):
        emp.information_from_counts([[0, 0]])
    with pytest.raises(ValueError, match=r"counts\[1\] has no samples, but input_distribution\[1\] is 0.5"):
        emp.information_from_counts([[1, 2], [0, 0]], [0.5, 0.5])
    with pytest.raises(ValueError, match="input_distribution has 3 entries"):
        emp.information_from_counts([[1, 2], [2, 1]], [0.5, 0.25, 0.25])
    with pytest.raises(ValueError, match=r"counts\[0, 0\] is 0.25"):
        emp.information_from_counts([[0.25, 0.75]])

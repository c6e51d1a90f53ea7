"""Sweeps over horizons: against single calls, closed forms and numbers computed by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from helpers import for_each, random_model

import empowerment as emp

NOISY = emp.worlds.open_grid(3, slip=0.2)
CORNER_AND_MIDDLE = [(0, 0), (1, 1)]


@pytest.fixture(scope="module")
def noisy():
    return emp.horizon_sweep(NOISY, [3, 1, 2], states=CORNER_AND_MIDDLE)


@pytest.fixture(scope="module")
def wide():
    """Exact at horizons 1 and 2, an interval at 5."""
    model = emp.worlds.open_grid(4, slip=0.2)
    return emp.horizon_sweep(model, [1, 2, 5], states=[(0, 0), (1, 1)], options={"max_sequences": 60})


def random_world(seed):
    """A small noisy world with missing actions, and a noisy sensor."""
    rng = np.random.default_rng(seed)
    model = random_model(rng, range(2, 6), range(1, 4), concentration=0.3, missing=[0.0, 0.2])
    return model, rng.dirichlet(np.full(rng.integers(1, 5), 0.2), size=model.n_states)


# --- values


def test_values_are_those_of_single_horizons(noisy):
    assert noisy.horizons.tolist() == [1, 2, 3]
    assert noisy.states == ((0, 0), (1, 1))
    for i, horizon in enumerate(noisy.horizons):
        alone = emp.empowerment(NOISY, int(horizon), states=CORNER_AND_MIDDLE)
        for name in ("value", "lower", "upper", "status", "method", "gap", "converged"):
            assert np.array_equal(getattr(noisy, name)[i], getattr(alone, name)), name
        assert noisy[horizon].horizon == horizon
        assert np.array_equal(noisy[horizon].value, alone.value)
    assert (noisy.unit, noisy.tol, noisy.rtol, len(noisy)) == ("bits", 1e-9, 0.0, 3)


def test_options_are_those_of_empowerment():
    options = {"states": [(0, 0), (1, 2)], "sensor": lambda cell: cell[0], "base": math.e, "tol": 1e-6, "rtol": 1e-7}
    options |= {"stopping": True, "method": "enumeration", "backend": "reference"}
    sweep = emp.horizon_sweep(NOISY, [2], **options)
    alone = emp.empowerment(NOISY, 2, **options)
    assert np.array_equal(sweep.value[0], alone.value)
    for name in ("tol", "rtol", "base", "unit"):
        assert getattr(sweep, name) == getattr(alone, name)
    for name in ("sensor", "stopping", "backend", "output"):
        assert getattr(sweep[2], name) == getattr(alone, name)
    assert sweep.method.tolist() == [["enumeration", "enumeration"]]


def test_samples_are_drawn_with_the_generator_handed_in():
    options = {"states": (0, 0), "method": "sampled", "options": {"samples": 7}}
    sweep = emp.horizon_sweep(NOISY, [2, 3], rng=5, **options)
    for horizon in (2, 3):
        assert float(sweep[horizon]) == float(emp.empowerment(NOISY, horizon, rng=5, **options))


def test_each_horizon_has_its_sequences():
    kept = emp.horizon_sweep(NOISY, [2], states=(0, 0))
    assert all(len(sequence) == 2 for sequence, _ in kept[2].sequences((0, 0)))


def test_any_iterable_of_horizons_will_do(noisy):
    for horizons in (np.array([2, 1]), range(1, 3), (n for n in (1, 2))):
        sweep = emp.horizon_sweep(NOISY, horizons, states=CORNER_AND_MIDDLE)
        assert np.array_equal(sweep.value, noisy.value[:2])


def test_wide_intervals_are_counted_and_not_warned_of(wide):
    assert wide.converged.tolist() == [[True, True], [True, True], [False, False]]
    assert wide.method[2].tolist() == ["interval", "interval"]
    assert (wide.status[2] == emp.Status.BOUNDED).all()
    assert "horizons 1, 2, 5: " in repr(wide)
    assert f"4 exact, 2 intervals (widest {wide.gap.max():.2g})" in repr(wide)


def test_repr_tells_the_horizons_apart_or_as_a_range(noisy):
    assert repr(noisy).startswith("HorizonSweep(2 states, horizons 1 to 3: ")
    assert repr(noisy).endswith(" bits, 6 exact, 0 intervals)")
    many = emp.horizon_sweep(emp.worlds.open_grid(2), range(0, 40, 2), states=(0, 0))
    assert "1 state, horizons 0, 2, 4, 6, 8, 10, …, 34, 36, 38: " in repr(many)


def test_a_bar_is_shown_for_each_horizon(capsys):
    pytest.importorskip("tqdm")
    emp.horizon_sweep(NOISY, [1, 2], states=(0, 0), progress=True)
    shown = capsys.readouterr().err
    assert "empowerment, horizon 1" in shown
    assert "empowerment, horizon 2" in shown


# --- limits


def test_limits_of_an_open_grid_are_its_closed_forms():
    sweep = emp.horizon_sweep(emp.worlds.open_grid(25), range(13), states=(12, 12))
    n = sweep.horizons
    assert np.allclose(sweep.reachable[:, 0], np.log2(2 * n**2 + 2 * n + 1), rtol=1e-14, atol=0)
    assert np.allclose(sweep.actions, n * math.log2(5), rtol=1e-14, atol=0)
    assert sweep.limit[:, 0].tolist() == ["actions"] * 2 + ["readings"] * 11
    assert (sweep.saturation == 1).all()


def test_noise_changes_the_saturation_and_not_the_limits():
    quiet, noisy = (emp.horizon_sweep(emp.worlds.open_grid(4, slip=slip), [1, 2, 3]) for slip in (0, 0.1))
    # A slip makes the other moves possible in a quiet step: here that adds no reading, as staying is a move.
    assert np.array_equal(quiet.reachable, noisy.reachable)
    assert np.array_equal(quiet.limit, noisy.limit)
    assert (quiet.saturation == 1).all()
    bound = np.minimum(noisy.reachable, noisy.actions[:, None])
    assert np.allclose(noisy.saturation, noisy.value / bound, rtol=1e-15, atol=0)
    assert (noisy.saturation < 1).all()


def test_stopping_has_more_sequences_and_more_readings():
    """Without an action that stays, n moves reach (n + 1)^2 cells, and at most n moves all within n steps."""
    model = emp.worlds.open_grid(11, stay=False)
    n = np.arange(6)
    exactly = emp.horizon_sweep(model, n, states=(5, 5), base=math.e)
    at_most = emp.horizon_sweep(model, n, states=(5, 5), base=math.e, stopping=True)
    assert np.allclose(exactly.reachable[:, 0], 2 * np.log(n + 1), rtol=1e-14, atol=1e-15)
    assert np.allclose(exactly.actions, n * math.log(4), rtol=1e-14, atol=0)
    assert np.allclose(at_most.reachable[:, 0], np.log(2 * n**2 + 2 * n + 1), rtol=1e-14, atol=1e-15)
    assert np.allclose(at_most.actions, np.log((4.0 ** (n + 1) - 1) / 3), rtol=1e-13, atol=1e-15)
    assert (at_most.saturation == 1).all()


def test_of_trajectories_the_readings_limit_every_step():
    """In a row of three cells one reads whether it is the last: at most one bit for each step but the first."""
    sensor = [[1, 0], [1, 0], [0, 1]]
    sweep = emp.horizon_sweep(
        emp.worlds.grid_world(["..."]), range(4), states=(0, 0), sensor=sensor, output="trajectory"
    )
    assert np.allclose(sweep.reachable[:, 0], [0, 0, 1, 2])
    assert np.allclose(sweep.actions, np.arange(4) * math.log2(5))
    assert sweep.limit[:, 0].tolist() == ["actions", "readings", "readings", "readings"]
    assert np.allclose(sweep.value[:, 0], np.log2([1, 1, 2, 4]))


@for_each("seed", range(20))
@for_each("options", [{}, {"stopping": True}, {"output": "trajectory"}])
def test_nothing_exceeds_its_limits(seed, options):
    model, sensor = random_world(seed)
    sweep = emp.horizon_sweep(model, range(4), sensor=sensor, backend="reference", **options)
    bound = np.minimum(sweep.reachable, sweep.actions[:, None])
    assert (sweep.lower <= bound + 1e-12).all()
    assert np.isfinite(sweep.saturation).all()
    assert ((sweep.saturation >= 0) & (sweep.saturation <= 1)).all()


def test_where_nothing_can_be_chosen_the_saturation_is_1():
    """At horizon 0, in a terminal state, with one action, and where no sequence is available."""
    sweeps = [
        emp.horizon_sweep(emp.worlds.grid_world(["..G"], slip=0.2), [0, 2]),
        emp.horizon_sweep(emp.MDP(np.full((2, 1, 2), 0.5)), [0, 1, 2]),
        emp.horizon_sweep(emp.MDP(np.eye(2)[:, None, ::-1], available=[[True], [False]]), [1, 2]),
    ]
    assert (sweeps[0].saturation[0] == 1).all()
    assert sweeps[0].saturation[1, 2] == 1
    assert (sweeps[1].saturation == 1).all()
    assert (sweeps[1].limit == "actions").all()
    assert (sweeps[2].reachable == 0).all()
    assert (sweeps[2].status[1] == emp.Status.NO_SEQUENCE).all()
    assert (sweeps[2].saturation == 1).all()


# --- up to n


def by_hand(noisy, value, width):
    value = np.array(value)
    return replace(noisy, value=value, lower=value - width, upper=value + width)


def test_the_largest_over_horizons(noisy):
    sweep = by_hand(noisy, [[1.0, 2.0], [3.0, 2.5], [2.0, 2.75]], np.array([[0.125], [0.25], [0.5]]))
    best = sweep.largest()
    assert best.value.tolist() == [3.0, 2.75]
    assert best.lower.tolist() == [2.75, 2.25]
    assert best.upper.tolist() == [3.25, 3.25]
    assert best.horizon.tolist() == [2, 3]
    assert (best.states, best.unit) == (sweep.states, "bits")
    assert (
        repr(best)
        == "OverHorizons(2 states: [2.25, 3.25] bits, widest interval 1.0e+00, 2 NOT converged, at horizons 2 to 3)"
    )


def test_of_values_that_agree_the_first_horizon_is_named(noisy):
    sweep = by_hand(noisy, [[1.0, 1.0], [2.0, 2.0], [2.0 + 1e-10, 2.0 + 1e-8]], 0)
    assert sweep.largest().horizon.tolist() == [2, 3]
    assert replace(sweep, rtol=1e-7).largest().horizon.tolist() == [2, 2]
    assert sweep.largest().value.tolist() == [2.0 + 1e-10, 2.0 + 1e-8]


def test_the_largest_meets_the_tolerance_where_all_horizons_do(noisy, wide):
    assert noisy.largest().converged.all()
    assert not wide.largest().converged.any()


def test_the_discounted_sum(noisy):
    sweep = by_hand(noisy, [[1.0, 2.0], [3.0, 2.5], [2.0, 2.75]], np.array([[0.125], [0.25], [0.5]]))
    total = sweep.discounted(0.5)
    assert total.value.tolist() == [0.5 + 0.75 + 0.25, 1.0 + 0.625 + 0.34375]
    assert total.gap == pytest.approx(2 * (0.125 / 2 + 0.25 / 4 + 0.5 / 8))
    assert (total.lower < total.value - 0.1874).all()
    assert total.horizon is None
    assert total.tol == 1e-9 * 0.875
    assert repr(total) == "OverHorizons(2 states: [1.3125, 2.15625] bits, widest interval 3.8e-01, 2 NOT converged)"
    assert np.allclose(sweep.discounted(1).value, [6.0, 7.25])
    assert noisy.discounted(0.9).converged.all()


def test_a_discount_of_0_leaves_the_horizon_0():
    sweep = emp.horizon_sweep(NOISY, [0, 1], states=(0, 0))
    assert sweep.discounted(0).value.tolist() == [0.0]


def test_the_interval_of_a_sum_holds_it():
    sweep = emp.horizon_sweep(emp.worlds.open_grid(25), range(1, 12), states=(12, 12))
    total = sweep.discounted(0.7)
    exact = math.fsum(0.7**n * math.log2(2 * n * n + 2 * n + 1) for n in range(1, 12))
    assert total.lower[0] < exact < total.upper[0]
    assert total.gap[0] < 1e-12


def test_to_choose_when_to_stop_is_worth_no_less_than_the_best_horizon():
    at_most = emp.horizon_sweep(NOISY, [3], states=CORNER_AND_MIDDLE, stopping=True)
    best = emp.horizon_sweep(NOISY, range(4), states=CORNER_AND_MIDDLE).largest()
    assert (at_most.upper[0] >= best.lower).all()


# --- errors


@for_each(
    ("horizons", "kind", "message"),
    [
        (5, TypeError, r"horizons is 5, expected several numbers of steps, such as range\(1, 9\)"),
        ("12", TypeError, "horizons is '12', expected several numbers of steps"),
        ([], ValueError, "horizons is empty, expected at least one number of steps"),
        ([1, 2.5], TypeError, r"horizons\[1\]: horizon is 2.5, expected a whole number of steps"),
        ([3, -1], ValueError, r"horizons\[1\]: horizon is -1, expected a number of steps of at least 0"),
        ([1, 2, 1], ValueError, r"horizons\[2\] is 1 again, expected numbers of steps that differ"),
    ],
)
def test_horizons_that_are_none(horizons, kind, message):
    with pytest.raises(kind, match=message):
        emp.horizon_sweep(NOISY, horizons)


@for_each("discount", [-0.1, 1.1, math.nan, True, "0.5"])
def test_discounts_that_are_none(noisy, discount):
    with pytest.raises(ValueError, match=r"discount is .*, expected a number in \[0, 1\]"):
        noisy.discounted(discount)


def test_a_horizon_without_a_result(noisy):
    with pytest.raises(KeyError, match="no result for horizon 9; the 3 horizons are 1, 2, 3"):
        noisy[9]


def test_what_empowerment_refuses_is_refused():
    with pytest.raises(TypeError, match="expected an MDP"):
        emp.horizon_sweep(np.eye(2), [1])
    with pytest.raises(ValueError, match="unknown state 'attic'"):
        emp.horizon_sweep(NOISY, [1], states="attic")
    with pytest.raises(MemoryError, match=r"^horizon 3: state \(0, 0\): "):
        emp.horizon_sweep(NOISY, [0, 3], states=(0, 0), method="enumeration", options={"memory": 100})


# --- pictures


@pytest.fixture
def pyplot():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    yield pyplot
    pyplot.close("all")


def drawn(ax, name):
    return [line for line in ax.lines if line.get_gid() == name]


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_sweep_is_drawn_as_curves_with_their_limits(wide, pyplot):
    ax = wide.plot()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("horizon", "empowerment [bits]")
    assert legend(ax) == ["(1, 1)", "(0, 0)", "limit of the readings", "limit of the actions", "interval"]
    curves = [line for line in ax.lines if line.get_label() in ("(0, 0)", "(1, 1)")]
    for i, curve in zip((1, 0), curves, strict=True):
        assert np.array_equal(curve.get_ydata(), wide.value[:, i])
    for i, line in zip((1, 0), drawn(ax, "readings"), strict=True):
        assert np.array_equal(line.get_ydata(), wide.reachable[:, i])
        assert line.get_linestyle() == "--"
    (dotted,) = drawn(ax, "actions")
    assert np.array_equal(dotted.get_ydata(), wide.actions)
    low, high = ax.get_ylim()
    assert low < 0
    assert wide.upper.max() < high < wide.actions.max()


def test_intervals_have_a_band_and_open_marks_with_bars(wide, pyplot):
    ax = wide.plot(states=(1, 1))
    (exact,) = drawn(ax, "exact")
    assert exact.get_xdata().tolist() == [1, 2]
    (container,) = ax.containers
    marks, _, (bars,) = container.lines
    assert marks.get_markerfacecolor() == "white"
    assert marks.get_xdata().tolist() == [5]
    (segment,) = bars.get_segments()
    assert np.allclose(segment[:, 1], [wide.lower[2, 1], wide.upper[2, 1]])
    (band,) = (found for found in ax.collections if found.get_gid() == "band")
    corners = {(int(x), y) for x, y in band.get_paths()[0].vertices}
    assert {(5, wide.lower[2, 1]), (5, wide.upper[2, 1])} <= corners


def test_bars_of_several_states_lie_side_by_side(wide, pyplot):
    one, other = (container.lines[0].get_xdata()[0] for container in wide.plot().containers)
    assert one < 5 < other
    assert other - one < 0.1


def test_where_the_readings_are_told_apart_the_legend_says_so(pyplot):
    sweep = emp.horizon_sweep(emp.worlds.open_grid(3), range(4), states=(1, 1))
    ax = sweep.plot()
    assert legend(ax) == ["(1, 1)", "limit of the readings, attained", "limit of the actions"]
    assert ax.containers == []


def test_of_many_states_three_are_drawn(pyplot):
    sweep = emp.horizon_sweep(emp.worlds.open_grid(1, 5), [1, 2])
    assert legend(sweep.plot())[:3] == ["(0, 2)", "(0, 3)", "(0, 4)"]
    chosen = emp.plotting.plot_horizons(sweep, states=[(0, 4), (0, 1)])
    assert legend(chosen)[:2] == ["(0, 4)", "(0, 1)"]
    few = emp.horizon_sweep(emp.worlds.open_grid(1, 4), [1, 2])
    assert legend(few.plot())[:4] == ["(0, 1)", "(0, 2)", "(0, 0)", "(0, 3)"]


def test_an_axes_handed_in_is_drawn_on(noisy, pyplot):
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    assert noisy.plot(ax=ax) is ax
    assert pyplot.get_fignums() == []


def test_a_world_without_empowerment_is_drawn_too(pyplot):
    low, high = emp.horizon_sweep(emp.MDP(np.ones((1, 1, 1))), [0]).plot().get_ylim()
    assert low < 0 < 1 < high


def test_a_state_that_cannot_be_drawn(noisy, pyplot):
    with pytest.raises(ValueError, match=r"the sweep has no state \(2, 2\), expected labels among its 2 states"):
        noisy.plot(states=[(0, 0), (2, 2)])
    with pytest.raises(ValueError, match="states is empty, expected at least one state"):
        noisy.plot(states=[])


def test_the_title_says_what_is_not_usual(noisy, pyplot):
    assert noisy.plot().get_title() == "open_grid"
    options = {"states": (0, 0), "sensor": lambda cell: cell[0]}
    for unusual, title in (
        ({"stopping": True}, "free to stop early"),
        ({"output": "trajectory"}, "over trajectories"),
    ):
        assert emp.horizon_sweep(NOISY, [1], **options, **unusual).plot().get_title() == f"open_grid: {title}"

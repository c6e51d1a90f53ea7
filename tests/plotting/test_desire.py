import itertools
import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp
from empowerment.desire import DesireAgent, Riders, desire_influence, example_region, shock_effects, simulate_agents
from empowerment.plotting.trace import _apart

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from matplotlib import pyplot  # noqa: E402
from matplotlib.colors import to_hex  # noqa: E402


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def made_up(events, n_steps=40):
    """Return what a picture needs of a trace: two runs of two agents with three desires."""
    rng = np.random.default_rng(0)
    shape = 2, n_steps, 2
    event = np.zeros(shape, dtype=bool)
    event[1, list(events), 1] = True
    return SimpleNamespace(
        agent="made up",
        seeds=(5, 8),
        desires=("income", "health", "standing"),
        actions=("accept", "refuse", "rest"),
        levels=rng.random((*shape, 3)),
        emotion=rng.uniform(-1, 1, (2, n_steps + 1, 2, 3)),
        emotion_names=np.full(shape, "fear"),
        desire=rng.dirichlet(np.ones(3), (2, n_steps + 1, 2)),
        event=event,
        action_numbers=rng.integers(0, 3, shape),
    )


def drawn(trace, **options):
    return emp.plotting.plot_desire_trace(trace, seed=8, agent=1, **options)


def overlaps(texts):
    """Return the pairs of texts whose boxes share a point."""
    boxes = [text.get_window_extent() for text in texts]
    return [(i, j) for i, one in enumerate(boxes) for j, other in enumerate(boxes[:i]) if one.overlaps(other)]


# --- a trace


def test_every_strip_shows_the_numbers_of_its_own_agent_and_run():
    trace = made_up([4, 30])
    names, *strips = drawn(trace).child_axes
    assert [strip.get_ylabel() for strip in strips] == [
        "income", "health", "standing", "pleasure", "arousal", "dominance", "weight", "",
    ]  # fmt: skip
    for i in range(3):
        level, feeling = strips[i].patches[0].get_data(), strips[3 + i].patches[0].get_data()
        np.testing.assert_array_equal(level.values, trace.levels[1, :, 1, i])
        np.testing.assert_array_equal(level.edges, np.arange(41))
        np.testing.assert_array_equal(feeling.values, trace.emotion[1, 1:, 1, i])
    assert [text.get_text() for text in names.texts] == ["fear", "fear"]


def test_the_desire_is_a_band_of_those_in_force():
    trace = made_up([])
    band = drawn(trace).child_axes[7]
    parts = {patch.get_label(): patch.get_data() for patch in band.patches}
    assert list(parts) == ["standing", "health", "income"]  # as they lie, the topmost first
    for i, name in enumerate(trace.desires):
        np.testing.assert_allclose(parts[name].values - parts[name].baseline, trace.desire[1, :-1, 1, i], atol=1e-15)
    np.testing.assert_allclose(parts["standing"].values, 1)


def test_each_action_has_a_row_with_the_steps_it_was_chosen_in():
    trace = made_up([])
    strip = drawn(trace, steps=(10, 25)).child_axes[8]
    assert [label.get_text() for label in strip.get_yticklabels()] == ["accept", "refuse", "rest"]
    for number, row in enumerate(strip.collections):
        paths = [path.get_extents() for path in row.get_paths()]
        wanted = 10 + np.flatnonzero(trace.action_numbers[1, 10:25, 1] == number)
        assert [box.x0 for box in paths] == wanted.tolist()
        assert all(box.y0 == number - 0.4 for box in paths)
    assert strip.get_xlim() == (10, 25)


def test_events_are_marked_in_every_strip_where_their_step_ends():
    strips = drawn(made_up([4, 30]), steps=(2, 32)).child_axes[1:]
    for strip in strips:
        marks = [line for line in strip.lines if to_hex(line.get_color()) == "#b03a2e"]
        assert [line.get_xdata()[0] for line in marks] == [5, 31]


def test_names_do_not_overlap_however_dense_their_events():
    for events in ([4], range(100, 120), [0, 1, 2], [357, 358, 359], range(0, 360, 9)):
        ax = drawn(made_up(events, n_steps=360))
        ax.figure.canvas.draw()
        names = ax.child_axes[0]
        assert len(names.texts) == len(events)
        assert not overlaps(names.texts)
        pyplot.close("all")


def test_what_is_too_much_to_name_is_counted():
    ax = drawn(made_up(range(300), n_steps=300))
    assert [text.get_text() for text in ax.child_axes[0].texts] == ["300 events, too many to name"]
    assert {line.get_alpha() for line in ax.child_axes[1].lines} == {0.25}


def test_no_label_overlaps_another():
    ax = drawn(made_up([4, 5, 30]), day=12)
    ax.figure.canvas.draw()
    labels = [ax.title, *ax.texts, *ax.child_axes[0].texts]
    for strip in ax.child_axes[1:]:
        labels += [strip.yaxis.label, *strip.get_yticklabels()]
    assert not overlaps([label for label in labels if label.get_text()])
    width = ax.figure.bbox.width
    legend = ax.child_axes[7].get_legend().get_window_extent()
    assert ax.child_axes[7].bbox.x1 < legend.x0 < legend.x1 <= width


def test_days_are_counted_from_nought():
    last = drawn(made_up([]), day=12).child_axes[-1]
    last.figure.canvas.draw()
    shown = {text.get_text(): text.get_position()[0] for text in last.get_xticklabels()}
    assert {name: shown[name] for name in "0123"} == {"0": 0, "1": 12, "2": 24, "3": 36}
    assert last.get_xlabel() == "day"


def test_titles_and_axes_handed_in():
    trace = made_up([4, 30])
    assert drawn(trace).get_title() == "'made up', seed 8, agent 1: 2 events in 40 steps"
    assert drawn(trace, steps=(0, 10), title="mine").get_title() == "mine"
    ax = pyplot.figure().add_subplot()
    assert drawn(trace, ax=ax) is ax
    assert len(ax.figure.axes) == 1


def test_a_trace_of_riders_draws_itself():
    trace = simulate_agents(Riders(2), DesireAgent(), 24, seeds=[3])
    ax = trace.plot(agent=1, day=12, title="two days")
    assert ax.get_title() == "two days"
    health = ax.child_axes[2].patches[0].get_data().values
    np.testing.assert_array_equal(health, trace.records["health"][0, :, 1])


@for_each(
    ("options", "sentence"),
    [
        ({"seed": 6}, "unknown seed 6; the 2 seeds are 5, 8"),
        ({"agent": 2}, "agent is 2, expected a number from 0 to 1"),
        ({"agent": True}, "agent is True, expected a number from 0 to 1"),
        ({"steps": (3, 3)}, r"steps is \(3, 3\), expected 0 <= first < end <= 40"),
        ({"steps": (0, 41)}, r"steps is \(0, 41\)"),
        ({"steps": 3}, "steps is 3, expected two whole numbers"),
        ({"steps": (0.5, 3)}, "expected two whole numbers"),
        ({"steps": itertools.count()}, "expected two whole numbers"),
        ({"day": 0}, "day is 0"),
    ],
)
def test_parts_that_a_trace_does_not_have(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        emp.plotting.plot_desire_trace(made_up([]), **options)


def test_what_is_no_trace():
    with pytest.raises(TypeError, match="trace is a list, expected a DesireTrace"):
        emp.plotting.plot_desire_trace([])


def test_places_apart_are_the_nearest_there_are():
    rng = np.random.default_rng(1)
    for _ in range(200):
        count, room = int(rng.integers(1, 9)), 1.0
        wanted = np.sort(rng.uniform(0, 12, count))
        places = _apart(wanted, room, 0.0, 12.0)
        assert (np.diff(places) >= room - 1e-9).all()
        assert places.min() >= -1e-9
        assert places.max() <= 12 + 1e-9
        if (np.diff(wanted) >= room).all():
            np.testing.assert_allclose(places, wanted)
    np.testing.assert_allclose(_apart(np.array([5.0, 5.0]), 1.0, 0.0, 12.0), [4.5, 5.5])


# --- measured numbers


VALUES = np.array([[0.05, 0.07, 0.23], [62.1, 57.2, 47.02]])


def test_before_and_after_have_a_panel_for_each_measure():
    ax = emp.plotting.plot_before_after(
        VALUES, 0.9 * VALUES, 1.2 * VALUES, measures=["declined", "income a day"], title="shocks"
    )
    assert [panel.get_title() for panel in ax.child_axes] == ["declined", "income a day"]
    for panel, row in zip(ax.child_axes, VALUES, strict=True):
        bars = [segment[:, 1] for segment in panel.collections[0].get_segments()]
        np.testing.assert_allclose(bars, np.stack([0.9 * row, 1.2 * row], axis=1))
        low, high = panel.get_ylim()
        assert low < 0.9 * row.min() < 1.2 * row.max() < high
    assert [text.get_text() for text in ax.child_axes[1].texts] == ["62.1", "57.2", "47.0"]
    assert [text.get_text() for text in ax.child_axes[0].texts] == ["0.0500", "0.0700", "0.230"]
    ax.figure.canvas.draw()
    for panel in ax.child_axes:
        assert not overlaps(panel.texts)
        assert ax.get_legend().get_window_extent().y1 < panel.bbox.y0
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["before", "after, desire frozen", "after"]


def test_bars_by_timing_carry_their_intervals_and_numbers():
    values = np.array([[0.4552, 0.0335], [0.0016, 0.021], [0.0, 0.0223]])
    ax = emp.plotting.plot_timing(
        values,
        0.9 * values,
        1.1 * values,
        timings=["at events", "anywhere", "calm"],
        quantities=["targeted", "silent"],
    )
    heights = np.array([[bar.get_height() for bar in group] for group in ax.containers])
    np.testing.assert_allclose(heights, values.T)
    for column, whiskers in enumerate(ax.collections):
        ends = [segment[:, 1] for segment in whiskers.get_segments()]
        np.testing.assert_allclose(ends, np.outer(values[:, column], [0.9, 1.1]))
    assert [text.get_text() for text in ax.texts] == ["0.455", "0.0016", "0", "0.0335", "0.0210", "0.0223"]
    assert ax.get_ylabel() == "bits"
    ax.figure.canvas.draw()
    assert not overlaps(ax.texts)
    assert ax.get_legend().get_window_extent().x0 >= ax.bbox.x1
    for bar, left in zip(ax.containers[0].patches, (-0.42, 0.58, 1.58), strict=True):
        assert left <= bar.get_x() < bar.get_x() + bar.get_width() <= left + 0.84


def test_a_map_of_settings_frames_those_that_hold():
    values = np.array([[0.1, -0.2, 0.0], [0.3, np.nan, 0.05]])
    holds = np.array([[False, False, False], [True, False, True]])
    ax = emp.plotting.plot_sensitivity(
        values, holds, rows=[1.2, math.inf], columns=[0.5, 2, "off"],
        row_name="threshold", column_name="gain", value_name="rise",
    )  # fmt: skip
    frames = {patch.get_xy() for patch in ax.patches if patch.get_gid() == "holds"}
    assert {(int(x), int(y)) for x, y in frames} == {(0, 1), (2, 1)}
    assert [patch.get_xy() for patch in ax.patches if patch.get_gid() == "none"] == [(1, 1)]
    assert [text.get_text() for text in ax.texts] == ["+0.100", "−0.200", "0", "+0.300", "+0.050"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["1.2", "∞"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.5", "2", "off"]
    low, high = ax.collections[0].get_clim()
    assert (low, high) == (-0.3, 0.3)
    assert ax.yaxis_inverted()


def test_a_map_without_any_number_or_difference_has_a_scale_still():
    for values in ([[np.nan, np.nan]], [[0.0, 0.0]]):
        ax = emp.plotting.plot_sensitivity(
            values, [[False, False]], rows=[1], columns=[1, 2], row_name="a", column_name="b", value_name="c"
        )
        assert ax.collections[0].get_clim() == (-1, 1)
        ax.figure.canvas.draw()


def test_intervals_that_are_not_known_reach_out_of_the_picture():
    infinite = np.full((1, 2), np.inf)
    ax = emp.plotting.plot_timing([[1, 2]], -infinite, infinite, timings=["a"], quantities=["b", "c"])
    low, high = ax.get_ylim()
    assert all(tuple(whiskers.get_segments()[0][:, 1]) == (low, high) for whiskers in ax.collections)
    assert (low, high) == pytest.approx((0, 2.3))
    panel = emp.plotting.plot_before_after(
        [[1, 2]], -infinite, infinite, measures=["a"], cases=["b", "c"]
    ).child_axes[0]
    assert [tuple(segment[:, 1]) for segment in panel.collections[0].get_segments()] == [panel.get_ylim()] * 2


def test_intervals_that_end_before_they_begin_and_tables_of_other_shapes_are_refused():
    names = {"timings": ["a"], "quantities": ["b", "c"]}
    with pytest.raises(ValueError, match=r"lower\[0, 1\] is 4, expected at most upper, 3"):
        emp.plotting.plot_timing([[1, 2]], [[0, 4]], [[3, 3]], **names)
    with pytest.raises(ValueError, match=r"lower\[0, 0\] is nan, expected at most upper"):
        emp.plotting.plot_timing([[1, 2]], [[np.nan, 0]], [[3, 3]], **names)
    with pytest.raises(ValueError, match=r"lower has shape \(1, 1\)"):
        emp.plotting.plot_timing([[1, 2]], [[0]], [[3, 3]], **names)
    settings = {"rows": [1], "columns": [1, 2], "row_name": "a", "column_name": "b", "value_name": "c"}
    with pytest.raises(ValueError, match=r"holds has shape \(2,\), expected \(n_rows, n_columns\) = \(1, 2\)"):
        emp.plotting.plot_sensitivity([[1.0, 2.0]], [True, False], **settings)
    with pytest.raises(ValueError, match="values has entries that are infinite"):
        emp.plotting.plot_sensitivity([[1.0, np.inf]], [[True, False]], **settings)
    with pytest.raises(ValueError, match="holds has entries of type int64, expected True and False"):
        emp.plotting.plot_sensitivity([[1.0, 2.0]], [[1, 0]], **settings)
    with pytest.raises(ValueError, match="columns has more than 1000 settings, expected fewer"):
        emp.plotting.plot_sensitivity([[1.0, 2.0]], [[True, False]], **settings | {"columns": itertools.count()})


def test_experiments_draw_themselves():
    agent = DesireAgent(resolution=20)
    effects = shock_effects(agent, seeds=range(6), windows=[12, 24])
    ax = effects.plot(window=24)
    assert ax.get_title() == f"{effects[24].total} shocks, 24 slots after"
    shown = [[line.get_ydata()[0] for line in panel.lines] for panel in ax.child_axes]
    for row, measure in zip(shown, effects[24], strict=True):
        found = effects[24][measure]
        assert row == [found.before.value, found.frozen.value, found.updated.value]

    region = example_region({"threshold": [1.2, math.inf], "gain": [1.0, 2.0]}, seeds=range(6))
    ax = region.plot(title="where")
    assert (ax.get_title(), ax.get_xlabel(), ax.get_ylabel()) == ("where", "gain", "threshold")
    values = ax.collections[0].get_array()
    assert values[0, 1] == region.row((1.2, 2.0))["more_declined"]
    assert sum(patch.get_gid() == "holds" for patch in ax.patches) == region.holds.sum()
    with pytest.raises(ValueError, match="threshold varied, expected two parameters"):
        example_region({"threshold": [1.2]}, seeds=range(2)).plot()

    influence = desire_influence(Riders(), seeds=range(2))
    ax = influence.plot(contexts=["timed", "untimed"])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["timed", "untimed"]
    assert ax.patches[0].get_height() == influence["timed"].audit.targeted.value
    assert len(influence.plot().get_xticklabels()) == 3


def test_shocks_that_never_came_have_no_picture():
    with pytest.raises(ValueError, match="nothing was counted for 'far_declined'"):
        shock_effects(DesireAgent(resolution=20), seeds=[0], windows=[1], n_steps=26).plot()


def test_without_matplotlib_there_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="drawing needs matplotlib"):
        emp.plotting.plot_desire_trace(made_up([]))

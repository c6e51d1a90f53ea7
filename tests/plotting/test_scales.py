"""Scales that are asked for or shared, titles, and which picture a result gets."""

import inspect
import warnings
from dataclasses import replace

import numpy as np
import pytest

import empowerment as emp
from benchmarks.valid_calls import calls

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from matplotlib import pyplot  # noqa: E402

COMMON = ("ax", "title", "vmin", "vmax")


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def grids():
    return [emp.empowerment(emp.worlds.open_grid(3), n) for n in (1, 2)]


def mesh(ax):
    return ax.collections[0]


def pictures():
    """Return a valid call of everything that draws, by its name."""
    return {name: call for name, call in calls().items() if name.split(".")[-1].startswith("plot")}


def test_everything_that_draws_takes_axes_a_title_and_the_ends_of_the_values():
    drawing = pictures()
    assert len(drawing) >= 28
    for name, call in drawing.items():
        parameters = inspect.signature(call.function).parameters
        assert [parameters[each].default for each in COMMON] == [None] * 4, name
        if name.startswith("plotting."):
            ends = {} if name.endswith("plot_policy") else {"vmin": -1.5, "vmax": 40.5}
            ax = call.function(**call.arguments, title="A title of mine", **ends)
            ax = ax[0] if isinstance(ax, list) else ax
            assert "A title of mine" in (ax.get_title(), ax.figure.get_suptitle()), name
            found = [limits for each in (ax, *ax.child_axes) for limits in (each.get_xlim(), each.get_ylim())]
            found += [artist.get_clim() for artist in (*ax.collections, *ax.images) if artist.get_array() is not None]
            assert not ends or (-1.5, 40.5) in found, name
            pyplot.close("all")


def test_ends_that_are_none_are_refused(grids):
    result = grids[0]
    for options, sentence in (
        ({"vmin": 2, "vmax": 1}, "vmin is 2 and vmax is 1, expected vmin below vmax"),
        ({"vmin": float("nan")}, "vmin is nan"),
        ({"vmax": "high"}, "vmax is 'high'"),
        ({"title": 3}, "title is 3"),
    ):
        with pytest.raises((TypeError, ValueError), match=sentence):
            result.plot(**options)
    assert mesh(result.plot(vmin=50)).get_clim() == (50, 51)  # above all values
    assert mesh(result.plot(vmax=-3)).get_clim() == (-4, -3)


def test_one_end_that_is_given_leaves_the_other_to_the_data(grids):
    result = grids[0]
    assert mesh(result.plot(vmin=0)).get_clim() == (0, result.value.max())
    assert mesh(result.plot(vmax=9)).get_clim() == (result.value.min(), 9)


# --- several maps


def test_several_maps_share_one_scale_and_one_bar(grids):
    axes = emp.plotting.plot_maps(grids, titles=["one", "two"], title="both")
    ends = min(grids[0].value), max(grids[1].value)
    assert [mesh(ax).get_clim() for ax in axes] == [ends, ends]
    assert [ax.get_title() for ax in axes] == ["one", "two"]
    figure = axes[0].figure
    assert figure.get_suptitle() == "both"
    assert [ax.get_ylabel() for ax in figure.axes] == ["row", "row", "empowerment [bits]"]
    assert emp.plotting.common_range(grids) == ends
    wide = emp.plotting.plot_maps(grids, vmin=0, vmax=5)
    assert [mesh(ax).get_clim() for ax in wide] == [(0, 5), (0, 5)]


def test_maps_are_drawn_where_they_are_asked_for(grids):
    figure, axes = pyplot.subplots(1, 2)
    assert emp.plotting.plot_maps(grids, ax=axes) == axes.tolist()
    assert pyplot.get_fignums() == [figure.number]


def test_what_has_no_common_scale_is_refused(grids):
    nats = emp.empowerment(emp.worlds.open_grid(3), 1, base=np.e)
    for results, sentence in (
        ([], "results holds no result"),
        ([grids[0], nats], "results holds results in bits and nats"),
        (grids[0], "expected a list of several EmpowermentResults"),
    ):
        for function in (emp.plotting.plot_maps, emp.plotting.common_range):
            with pytest.raises((TypeError, ValueError), match=sentence):
                function(results)
    with pytest.raises(ValueError, match="titles has 1 entries, expected one for each of 2 results"):
        emp.plotting.plot_maps(grids, titles=["one"])
    with pytest.raises(ValueError, match="ax has 1 Axes, expected one for each of 2 results"):
        emp.plotting.plot_maps(grids, ax=pyplot.subplots()[1])
    with pytest.raises(ValueError, match="a model has no grid to draw a map of"):
        emp.plotting.plot_maps([replace(grids[0], layout=None)])


# --- which picture


def test_beliefs_are_drawn_as_a_curve_or_a_triangle_by_their_result():
    tiger = emp.worlds.tiger()
    curve = emp.empowerment(tiger, 1, beliefs=emp.belief_grid(2, 8))
    ax = curve.plot(labels=tiger.states, vmin=0, vmax=1)
    assert ax.get_xlabel() == "probability of tiger-right"
    assert ax.get_title() == "tiger: 1-step empowerment"
    assert ax.get_ylim() == (0, 1)
    assert tuple(ax.figure.get_size_inches()) == emp.plotting.figure_size(curve)
    rows = np.random.default_rng(0).dirichlet(np.ones(3), size=(3, 2))
    triangle = emp.empowerment(emp.MDP(rows), 1, beliefs=emp.belief_grid(3, 4))
    ax = triangle.plot()
    assert [text.get_text() for text in ax.texts] == ["state 0", "state 1", "state 2"]
    assert mesh(ax).get_clim() == (triangle.value.min(), triangle.value.max())


def test_beliefs_without_such_a_picture_are_drawn_one_by_one():
    rows = np.random.default_rng(0).dirichlet(np.ones(4), size=(4, 2))
    for beliefs in (np.eye(4), [[0.5, 0.5, 0, 0]]):
        ax = emp.empowerment(emp.MDP(rows), 1, beliefs=beliefs).plot()
        assert ax.get_xlabel() == ("belief" if len(beliefs) > 1 else "")
    line = emp.empowerment(emp.MDP(rows[:3, :, :3] / rows[:3, :, :3].sum(2, keepdims=True)), 1, beliefs=np.eye(3)[:2])
    assert line.plot().get_xlabel() == "belief"  # two beliefs span no triangle


def test_a_minigrid_lies_where_its_agent_stands():
    pytest.importorskip("minigrid")
    room = emp.from_step_function("MiniGrid-DoorKey-5x5-v0")
    layout = room.layout
    assert (layout.shape, layout.name) == ((5, 5), "MiniGrid-DoorKey-5x5-v0")
    for state, cell in zip(room.states, layout.cells, strict=True):
        assert cell == (state[0][1], state[0][0])
    assert sorted(layout.marks.values()) == ["D", "G", "K"]
    result = emp.empowerment(room, 1)
    ax = result.plot()
    assert ax.get_title().replace("\n", " ").endswith("mean of the 10 to 52 states in each cell")
    own = [i for i, cell in enumerate(layout.cells) if cell == (1, 1)]
    assert mesh(ax).get_array()[1, 1] == pytest.approx(result.value[own].mean())
    given = emp.from_step_function("MiniGrid-Empty-5x5-v0", layout=lambda states: None)
    assert given.layout is None
    ended = emp.from_step_function("MiniGrid-Empty-5x5-v0")
    assert ended.layout.marks == {(3, 3): "G"}


def test_pictures_of_every_kind_fit_into_their_figures():
    """No text leaves a figure of the size that is made for it, and no warning comes of it."""
    rows = np.random.default_rng(0).dirichlet(np.ones(12), size=(12, 3))
    world = emp.MDP(rows, states=[f"a state with a long name {i}" for i in range(12)])
    result = emp.empowerment(world, 1)
    tiger, maze = emp.worlds.tiger(), emp.worlds.klyubin_maze()
    draws = [
        result.plot,
        lambda: emp.plotting.plot_graph(result, world),
        emp.empowerment(tiger, 1, beliefs=emp.belief_grid(2, 8)).plot,
        emp.empowerment(emp.worlds.delivery(), 1, states=[(8, 0, "far")]).plot,
        emp.empowerment(emp.worlds.tower_of_hanoi(), 1).plot,
        emp.empowerment(emp.worlds.grid_world([".."]), 1).plot,
        emp.empowerment(maze, 1).plot,
        emp.channel_capacity(rows[:, 0]).plot,
        emp.channel_capacity(rows).plot,
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for draw in draws:
            figure = draw().figure
            figure.canvas.draw()
            box = figure.get_tightbbox()
            width, height = figure.get_size_inches()
            assert box.x0 > -0.03
            assert box.y0 > -0.03
            assert box.x1 < width + 0.03
            assert box.y1 < height + 0.03


# --- capacities and sweeps


def test_a_capacity_is_drawn_as_its_input_distribution():
    result = emp.channel_capacity([[0.9, 0.1], [0.1, 0.9], [0.5, 0.5]])
    ax = result.plot()
    assert [bar.get_height() for bar in ax.patches] == result.input_distribution.tolist()
    assert ax.get_title() == "capacity 0.531 bits"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("input", "probability")
    wide = replace(result, upper=result.upper + 0.25)
    assert wide.plot().get_title() == "capacity between 0.531 and 0.781 bits"


def test_the_capacities_of_a_batch_are_drawn_with_their_intervals():
    channels = np.random.default_rng(0).dirichlet(np.ones(3), size=(4, 2))
    result = emp.channel_capacity(channels)
    ax = result.plot(title="four", vmin=0, vmax=1)
    (container,) = ax.containers
    assert container.lines[0].get_ydata().tolist() == result.value.tolist()
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_ylim()) == ("channel", "capacity [bits]", (0, 1))


def test_any_values_with_intervals_are_drawn():
    sweep = emp.horizon_sweep(emp.worlds.open_grid(2), [1, 2])
    largest = sweep.largest()
    ax = emp.plotting.plot_intervals(largest, ylabel="largest empowerment [bits]")
    assert [text.get_text() for text in ax.get_xticklabels()] == [str(state) for state in largest.states]
    assert ax.get_ylabel() == "largest empowerment [bits]"
    one = emp.plotting.plot_intervals(emp.channel_capacity([[1, 0], [0, 1]]), ylabel="capacity [bits]")
    assert one.containers[0].lines[0].get_ydata().tolist() == [1.0]
    with pytest.raises(ValueError, match="have shape"):
        emp.plotting.plot_intervals(sweep)


@pytest.mark.parametrize(
    ("horizons", "scale"),
    [([1, 2, 4, 8], "log"), ([1, 2, 3, 4], "linear"), ([0, 1, 2], "linear"), ([1, 8], "linear")],
)
def test_horizons_that_double_lie_on_a_logarithmic_axis(horizons, scale):
    ax = emp.horizon_sweep(emp.worlds.grid_world(["..."], slip=0.1), horizons).plot()
    assert ax.get_xscale() == scale
    if scale == "log":
        ax.figure.canvas.draw()
        assert [text.get_text() for text in ax.get_xticklabels()] == ["1", "2", "4", "8"]
        at = ax.transData.transform(np.column_stack([horizons, np.zeros(4)]))[:, 0]
        assert np.allclose(np.diff(at), np.diff(at)[0])


def test_a_criterion_is_text_and_what_holds_is_a_table():
    table = {"rows": [1], "columns": [1, 2], "row_name": "a", "column_name": "b", "value_name": "c"}
    with pytest.raises(TypeError, match="criterion is "):
        emp.plotting.plot_sensitivity([[0.1, 0.2]], [[True, False]], criterion=["x", "y"], **table)
    with pytest.raises(ValueError, match="holds has rows of different lengths"):
        emp.plotting.plot_sensitivity([[0.1, 0.2]], [[True], [True, False]], **table)

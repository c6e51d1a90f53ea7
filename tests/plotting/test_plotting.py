import sys
from dataclasses import replace

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp
from empowerment.core.layout import GridLayout

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from matplotlib import pyplot  # noqa: E402
from matplotlib.colors import to_rgb  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def maze():
    return emp.empowerment(emp.worlds.klyubin_maze(), 5)


@pytest.fixture(scope="module")
def drawing():
    return emp.empowerment(emp.worlds.grid_world(["S.#", "..G"]), 2)


@pytest.fixture(scope="module")
def hanoi():
    return emp.empowerment(emp.worlds.tower_of_hanoi(), 2)


def mesh(ax):
    return ax.collections[0]


def lines(ax, name="walls"):
    """Return the ends of each line of a collection as a set of (x, y) pairs."""
    (found,) = (c for c in ax.collections if c.get_gid() == name)
    return {frozenset(map(tuple, segment.tolist())) for segment in found.get_segments()}


def cells(ax, name):
    """Return the (row, column) of the patches of one kind."""
    corners = (patch.get_xy() for patch in ax.patches if patch.get_gid() == name)
    return {(int(y + 0.5), int(x + 0.5)) for x, y in corners}


def texts(ax):
    """Return what is written into each cell."""
    found = {}
    for text in ax.texts:
        x, y = text.get_position()
        found.setdefault((round(y), round(x)), []).append(text.get_text())
    return found


# --- maps


def test_a_map_shows_each_value_in_its_cell(maze):
    ax = emp.plotting.plot_map(maze)
    values = mesh(ax).get_array()
    assert values.shape == (10, 10)
    assert not np.ma.getmaskarray(values).any()
    for state, value in zip(maze.states, maze.value, strict=True):
        assert values[state] == value
        assert texts(ax)[state] == [f"{value:.2f}"]
    assert mesh(ax).get_clim() == (maze.value.min(), maze.value.max())
    assert ax.get_title() == "klyubin_maze: 5-step empowerment"
    assert ax.get_aspect() == 1


def test_walls_lie_on_the_edges_that_their_cells_share(maze):
    drawn = lines(emp.plotting.plot_map(maze))
    assert len(drawn) == len(maze.layout.walls) == 22
    for one, other in maze.layout.walls:
        row, column = (one[0] + other[0]) / 2, (one[1] + other[1]) / 2
        upright = one[0] == other[0]
        ends = [(column, row - 0.5), (column, row + 0.5)] if upright else [(column - 0.5, row), (column + 0.5, row)]
        assert frozenset(ends) in drawn
    assert drawn == lines(emp.plotting.plot_map(maze), "rims")


def test_the_picture_parts_the_cells_that_no_move_joins(maze):
    """Dark pixels halfway between two cells, exactly where the model lets nobody through."""
    ax = emp.plotting.plot_map(maze, annotate=False, cmap="spring")
    ax.figure.canvas.draw()
    image = np.asarray(ax.figure.canvas.buffer_rgba())[..., :3].sum(axis=2)
    model = emp.worlds.klyubin_maze()
    for state in model.states:
        for other in ((state[0] + 1, state[1]), (state[0], state[1] + 1)):
            if other not in model.states:
                continue
            x, y = ax.transData.transform(((state[1] + other[1]) / 2, (state[0] + other[0]) / 2))
            dark = image[image.shape[0] - 1 - round(y), round(x)] < 150
            joined = model.state_index(other) in model.successors[model.state_index(state)]
            assert dark != joined, (state, other)


@for_each(("origin", "limits"), [("lower", (-0.5, 1.5)), ("upper", (1.5, -0.5))])
def test_row_0_is_where_the_origin_says(origin, limits):
    layout = GridLayout((2, 1), ((0, 0), (1, 0)), origin=origin)
    ax = emp.plotting.plot_map(emp.empowerment(emp.MDP(np.eye(2)[:, None, :], layout=layout)))
    assert ax.get_ylim() == limits


def test_marks_and_cells_without_a_state(drawing):
    ax = emp.plotting.plot_map(drawing)
    assert cells(ax, "blocked") == {(0, 2)}
    assert np.argwhere(np.ma.getmaskarray(mesh(ax).get_array())).tolist() == [[0, 2]]
    assert sorted(texts(ax)[0, 0]) == sorted([f"{drawing.value[0]:.2f}", "S"])
    assert sorted(texts(ax)[1, 2]) == ["0.00", "G"]
    assert (0, 2) not in texts(ax)
    for text in ax.texts:
        if text.get_text() in ("S", "G"):  # in the upper left corner, above the value
            x, y = text.get_position()
            assert x < round(x)
            assert y < round(y)


def test_a_mark_stays_above_the_value_when_row_0_is_at_the_bottom():
    layout = GridLayout((1, 1), ((0, 0),), marks={(0, 0): "G"}, origin="lower")
    ax = emp.plotting.plot_map(emp.empowerment(emp.MDP(np.ones((1, 1, 1)), layout=layout)))
    (mark,) = (text for text in ax.texts if text.get_text() == "G")
    assert mark.get_position()[1] > 0


def test_a_mark_alone_stands_in_the_middle(drawing):
    ax = emp.plotting.plot_map(drawing, annotate=False)
    assert [(t.get_text(), t.get_position()) for t in ax.texts] == [("S", (0, 0)), ("G", (2, 1))]


def test_states_that_were_not_asked_for_are_hatched():
    result = emp.empowerment(emp.worlds.grid_world(["..#", "..."]), 1, states=[(0, 0), (1, 2)])
    ax = emp.plotting.plot_map(result)
    assert cells(ax, "not asked") == {(0, 1), (1, 0), (1, 1)}
    assert cells(ax, "blocked") == {(0, 2)}
    assert all(p.get_hatch() for p in ax.patches if p.get_gid() == "not asked")
    assert set(texts(ax)) == {(0, 0), (1, 2)}


def test_more_than_120_cells_are_not_annotated_unless_asked():
    result = emp.empowerment(emp.worlds.open_grid(11), 1)
    assert len(emp.plotting.plot_map(result).texts) == 0
    assert len(emp.plotting.plot_map(result, annotate=True).texts) == 121


def test_text_can_be_read_on_its_cell(maze):
    ax = emp.plotting.plot_map(maze)
    for text in ax.texts:
        row, column = text.get_position()[::-1]
        value = mesh(ax).get_array()[round(row), round(column)]
        weights = (0.299, 0.587, 0.114)
        paper = np.dot(mesh(ax).cmap(mesh(ax).norm(value))[:3], weights)
        assert abs(paper - np.dot(to_rgb(text.get_color()), weights)) >= 0.45


def test_the_colour_bar_names_the_unit(maze):
    ax = emp.plotting.plot_map(emp.empowerment(emp.worlds.open_grid(3), 1, base=10))
    assert mesh(ax).colorbar.ax.get_ylabel() == "empowerment [hartleys]"
    assert mesh(emp.plotting.plot_map(maze, colorbar=False)).colorbar is None


@for_each("layout", [None, "constrained"])
def test_the_colour_bar_overlaps_no_map(layout, maze):
    figure = pyplot.figure(figsize=(9, 4), layout=layout)
    axes = figure.subplots(1, 2)
    for ax in axes:
        emp.plotting.plot_map(maze, ax=ax)
    figure.canvas.draw()
    bar = mesh(axes[0]).colorbar.ax.get_tightbbox()
    assert axes[0].get_window_extent().x1 <= bar.x0
    assert bar.x1 <= axes[1].get_tightbbox(for_layout_only=True).x0


def test_ticks_are_row_and_column_numbers(maze):
    ax = emp.plotting.plot_map(maze)
    assert ax.get_xticks().tolist() == ax.get_yticks().tolist() == list(range(10))
    ax = emp.plotting.plot_map(emp.empowerment(emp.worlds.open_grid(1, 70), 1))
    assert ax.get_xticks().tolist() == list(range(0, 70, 5))


def test_an_axes_that_is_handed_in_is_drawn_on(maze):
    ax = Figure().add_subplot()
    assert emp.plotting.plot_map(maze, ax=ax) is ax
    assert maze.plot(ax=ax, annotate=False) is ax
    assert pyplot.get_fignums() == []


def test_a_flat_map_is_drawn_flat():
    """Differences that lie within the intervals do not fill the scale."""
    result = emp.empowerment(emp.worlds.open_grid(2), 3)
    noise = np.array([0, 1e-12, -1e-12, 3e-12])
    low, high = mesh(emp.plotting.plot_map(replace(result, value=result.value + noise))).get_clim()
    assert high - low == pytest.approx(1)
    assert low < result.value[0] < high
    nothing = emp.empowerment(emp.worlds.open_grid(2), 0)
    assert mesh(emp.plotting.plot_map(nothing)).get_clim() == (0, 1)


# --- titles


def test_the_title_owns_up_to_a_missed_tolerance(maze):
    upper = maze.upper.copy()
    upper[:3] += 0.2
    title = emp.plotting.plot_map(replace(maze, upper=upper)).get_title()
    assert title == "klyubin_maze: 5-step empowerment\nwidest interval 0.2 bits\n3 of 100 states missed the tolerance"


def test_the_title_owns_up_to_an_interval_that_could_be_seen(maze):
    loose = replace(maze, upper=maze.upper + 0.1, tol=0.5)
    assert emp.plotting.plot_map(loose).get_title() == "klyubin_maze: 5-step empowerment\nwidest interval 0.1 bits"
    narrow = replace(maze, upper=maze.upper + 0.001, tol=0.5)
    assert emp.plotting.plot_map(narrow).get_title() == "klyubin_maze: 5-step empowerment"


def test_the_title_names_trajectories():
    result = emp.empowerment(emp.worlds.open_grid(3), 2, output="trajectory")
    title = "open_grid: 2-step empowerment over trajectories"
    assert emp.plotting.plot_map(result).get_title().replace("\n", " ") == title


# --- intervals


def test_intervals_are_drawn_as_bars(hanoi):
    wide = replace(hanoi, lower=hanoi.value - 0.1, upper=hanoi.value + 0.3)
    ax = emp.plotting.plot_intervals(wide)
    (container,) = ax.containers
    points, _, (bars,) = container.lines
    assert np.array_equal(points.get_ydata(), wide.value)
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    assert np.allclose(ends, np.stack([wide.lower, wide.upper], axis=1))
    assert ax.get_ylabel() == "empowerment [bits]"
    lines = ["tower_of_hanoi: 2-step empowerment", "widest interval 0.4 bits", "27 of 27 states missed the tolerance"]
    assert ax.get_title() == "\n".join(lines)
    low, high = ax.get_ylim()
    assert low < wide.lower.min()
    assert wide.upper.max() < high


def test_labels_are_those_of_the_states_thinned_when_many(hanoi):
    ax = emp.plotting.plot_intervals(hanoi)
    assert [t.get_text() for t in ax.get_xticklabels()] == [str(state) for state in hanoi.states[::2]]
    few = emp.empowerment(emp.worlds.tower_of_hanoi(), 1, states=[(0, 0, 0), (1, 2, 0)])
    ax = emp.plotting.plot_intervals(few, labels=["start", "later"])
    assert [t.get_text() for t in ax.get_xticklabels()] == ["start", "later"]
    with pytest.raises(ValueError, match="labels has 1 entries, expected one for each of 2 states"):
        emp.plotting.plot_intervals(few, labels=["start"])


# --- which picture


def test_a_grid_gives_a_map_a_graph_nodes_and_anything_else_intervals(maze, hanoi):
    assert maze.plot().get_ylabel() == "row"
    assert [c.get_gid() for c in hanoi.plot().collections] == ["both ways", "states"]
    assert replace(hanoi, layout=None).plot().get_xlabel() == "state"
    assert emp.plotting.plot_empowerment(replace(maze, layout=object())).get_xlabel() == "state"


@for_each("layout", [None, "a picture of its own"])
def test_a_map_needs_a_grid(layout, maze):
    with pytest.raises(ValueError, match="has no grid to draw a map of; plot_intervals draws any result"):
        emp.plotting.plot_map(replace(maze, layout=layout))


def test_states_that_share_a_cell_show_their_mean_and_the_title_says_so():
    layout = GridLayout((1, 2), ((0, 0), (0, 0), (0, 1)))
    rows = np.zeros((3, 2, 3))
    rows[0, [0, 1], [0, 2]] = rows[1, :, 1] = rows[2, :, 2] = 1  # only the first state has a choice
    result = emp.empowerment(emp.MDP(rows, states="abc", layout=layout))
    assert result.value.round(9).tolist() == [1, 0, 0]
    ax = emp.plotting.plot_map(result)
    assert mesh(ax).get_array().tolist() == [[0.5, 0.0]]
    assert texts(ax) == {(0, 0): ["0.50"], (0, 1): ["0.00"]}
    assert ax.get_title() == "1-step empowerment\nmean of the 1 to 2 states in each cell"
    alone = emp.plotting.plot_map(result["a"])
    assert mesh(alone).get_array()[0, 0] == 1
    assert alone.get_title() == "1-step empowerment"


def test_without_matplotlib_it_says_what_to_install(maze, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match='install it with pip install "matplotlib>='):
        emp.plotting.plot_map(maze)


def test_the_figure_has_the_announced_size(maze, hanoi):
    for result in (maze, hanoi):
        assert tuple(result.plot().figure.get_size_inches()) == emp.plotting.figure_size(result)


def test_a_curve_over_beliefs():
    tiger = emp.worlds.tiger()
    result = emp.empowerment(tiger, 1, beliefs=emp.belief_grid(2, 8), sensor="state")
    ax = emp.plotting.plot_beliefs(result, labels=tiger.states, label="place")
    (line,) = ax.lines
    assert line.get_xdata().tolist() == (np.arange(9) / 8).tolist()
    assert line.get_ydata()[4] == pytest.approx(0, abs=1e-9)
    assert line.get_label() == "place"
    assert "1-step empowerment" in ax.get_title()
    assert emp.plotting.plot_beliefs(result, ax=ax) is ax
    assert len(ax.lines) == 2


def test_a_triangle_over_beliefs():
    rows = np.random.default_rng(0).dirichlet(np.ones(3), size=(3, 2))
    result = emp.empowerment(emp.MDP(rows), 1, beliefs=emp.belief_grid(3, 6))
    ax = emp.plotting.plot_beliefs(result, labels="abc")
    assert [text.get_text() for text in ax.texts] == ["a", "b", "c"]
    assert mesh(ax).get_array().max() == pytest.approx(result.value.max())
    assert len(ax.figure.axes) == 2
    assert len(emp.plotting.plot_beliefs(result, colorbar=False).figure.axes) == 1


@for_each(
    ("n_states", "beliefs", "options", "sentence"),
    [
        (2, None, {}, "the result is one of states, expected one of beliefs"),
        (4, np.eye(4), {}, "beliefs over 4 states have no picture"),
        (3, np.eye(3), {"labels": "ab"}, "labels has 2 entries, expected one for each of 3 states"),
        (3, np.eye(3)[:2], {}, "2 beliefs do not span a triangle"),
    ],
)
def test_beliefs_without_a_picture(n_states, beliefs, options, sentence):
    rows = np.full((n_states, 2, n_states), 1 / n_states)
    result = emp.empowerment(emp.MDP(rows), 1, beliefs=beliefs)
    with pytest.raises(ValueError, match=sentence):
        emp.plotting.plot_beliefs(result, **options)


# --- policies


def test_a_policy_is_drawn_as_arrows_and_rests():
    maze = emp.worlds.klyubin_maze()
    result = emp.empowerment(maze, horizon=5)
    ax = emp.plotting.plot_policy(maze, emp.greedy_policy(maze, result, tie="stay"), ax=result.plot())
    arrows = next(artist for artist in ax.collections if artist.get_gid() == "arrows")
    rests = next(artist for artist in ax.collections if artist.get_gid() == "rests")
    assert len(arrows.U) == 96
    assert {tuple(place) for place in rests.get_offsets().tolist()} == {(5, 5), (2, 5), (5, 1), (4, 0)}
    first = np.flatnonzero((np.abs(arrows.XY[:, 1]) < 0.5) & (arrows.XY[:, 0] < 0.2))[0]
    assert (arrows.U[first], arrows.V[first]) == pytest.approx((0.7, 0.0))


def test_a_policy_needs_a_grid_and_leaves_terminal_cells_out():
    with pytest.raises(ValueError, match="the model has no grid to draw arrows on"):
        emp.plotting.plot_policy(emp.MDP(np.eye(2)[:, None]), [[1.0], [1.0]])
    lane = emp.worlds.grid_world(["S..G"], stay=False)
    ax = emp.plotting.plot_policy(lane, np.tile([0, 0, 1.0, 0], (4, 1)))
    arrows = next(artist for artist in ax.collections if artist.get_gid() == "arrows")
    assert len(arrows.U) == 3
    assert ax.get_xlabel() == "column"

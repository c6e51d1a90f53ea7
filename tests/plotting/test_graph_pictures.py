"""States as nodes of a graph, and labels that are too long for a picture."""

import networkx
import numpy as np
import pytest

import empowerment as emp
from empowerment.core.layout import GraphLayout
from empowerment.plotting.titles import shortened

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from matplotlib import pyplot  # noqa: E402
from matplotlib.colors import to_rgb  # noqa: E402


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def hanoi():
    return emp.empowerment(emp.worlds.tower_of_hanoi(), 2)


def drawn(ax, name):
    return [artist for artist in ax.collections if artist.get_gid() == name]


def places(ax):
    (nodes,) = drawn(ax, "states")
    return np.asarray(nodes.get_offsets())


def overlaps(boxes):
    return [(i, j) for i, one in enumerate(boxes) for j, other in enumerate(boxes[:i]) if one.overlaps(other)]


def test_nodes_have_the_colours_of_their_values_and_a_bar_with_the_unit(hanoi):
    ax = hanoi.plot()
    (nodes,) = drawn(ax, "states")
    assert nodes.get_array().tolist() == hanoi.value.tolist()
    assert nodes.get_clim() == (hanoi.value.min(), hanoi.value.max())
    assert nodes.colorbar.ax.get_ylabel() == "empowerment [bits]"
    assert ax.get_title() == "tower_of_hanoi: 2-step empowerment"
    assert hanoi.plot(vmin=0, vmax=4, title="mine", colorbar=False).get_title() == "mine"


def test_lines_join_exactly_the_states_that_a_move_joins(hanoi):
    ax = hanoi.plot()
    model, at = emp.worlds.tower_of_hanoi(), places(hanoi.plot())
    (lines,) = drawn(ax, "both ways")
    number = {tuple(place): i for i, place in enumerate(at.round(9).tolist())}
    found = {frozenset(number[tuple(end)] for end in segment.round(9).tolist()) for segment in lines.get_segments()}
    moves = {frozenset((s, t)) for s, row in enumerate(model.successors.tolist()) for t in row if s != t}
    assert found == moves
    assert len(lines.get_segments()) == len(moves) == 39
    assert not drawn(ax, "one way")


def test_what_leads_one_way_is_an_arrow_from_rim_to_rim():
    rows = np.array([[[0, 1.0, 0]], [[0, 0, 1]], [[0, 0, 1]]])
    world = emp.MDP(rows, states=["first", "second", "last"])
    ax = emp.plotting.plot_graph(emp.empowerment(world), world)
    (arrows,) = drawn(ax, "one way")
    at = places(ax)
    assert np.allclose(arrows.XY, at[:2])
    ways = np.column_stack([arrows.U, arrows.V])
    share = np.linalg.norm(ways, axis=1) / np.linalg.norm(at[1:] - at[:2], axis=1)
    assert (share > 0.5).all()
    assert (share < 1).all()
    assert [text.get_text() for text in ax.texts] == ["first", "second", "last"]


def test_edges_are_the_most_probable_next_states():
    rows = np.array([[[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]], [[0, 1, 0], [1, 0, 0]], [[0, 0, 1], [0, 0, 1]]])
    world = emp.MDP(rows)
    assert GraphLayout.of_rows(world.rows, 2).edges == ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 2))
    assert GraphLayout.of_rows(world.rows, 2, "large", most_states=2) == GraphLayout((), "large")


def test_states_that_were_not_asked_for_are_light_and_without_a_name():
    result = emp.empowerment(emp.worlds.ring(), 1, states=[1, 3])
    ax = result.plot()
    (others,) = drawn(ax, "not asked")
    assert len(others.get_offsets()) == 3
    assert [text.get_text() for text in ax.texts] == ["1", "3"]


def test_names_lie_inside_their_nodes_in_ink_that_can_be_read(hanoi):
    ax = hanoi.plot()
    ax.figure.canvas.draw()
    assert [text.get_text() for text in ax.texts] == [",".join(map(str, state)) for state in hanoi.states]
    assert not overlaps([text.get_window_extent() for text in ax.texts])
    (nodes,) = drawn(ax, "states")
    weights = (0.299, 0.587, 0.114)
    for text, value in zip(ax.texts, hanoi.value, strict=True):
        paper = np.dot(nodes.cmap(nodes.norm(value))[:3], weights)
        assert abs(paper - np.dot(to_rgb(text.get_color()), weights)) >= 0.45


def test_nodes_do_not_touch(hanoi):
    ax = hanoi.plot()
    ax.figure.canvas.draw()
    (nodes,) = drawn(ax, "states")
    at = ax.transData.transform(places(ax)) * 72 / ax.figure.dpi
    apart = np.linalg.norm(at[:, None] - at, axis=2) + 1e9 * np.eye(len(at))
    assert apart.min() > np.sqrt(nodes.get_sizes()[0])


def test_many_states_have_no_names_and_a_graph_that_falls_apart_is_drawn():
    rng = np.random.default_rng(0)
    large = emp.MDP(rng.dirichlet(np.full(120, 0.01), size=(120, 2)))
    assert not emp.plotting.plot_graph(emp.empowerment(large), large).texts
    apart = emp.MDP(np.eye(4)[:, None])
    at = places(emp.plotting.plot_graph(emp.empowerment(apart), apart))
    assert len({tuple(place) for place in at.tolist()}) == 4


def test_the_hidden_process_of_a_pomdp_is_drawn():
    corridor = emp.worlds.aliased_corridor()
    result = emp.empowerment(corridor, 1, states=list(corridor.states))
    assert len(places(emp.plotting.plot_graph(result, corridor))) == 5


def test_states_lie_where_one_says():
    ways = networkx.cycle_graph(6).to_directed()
    around = networkx.circular_layout(ways)
    bare = emp.from_networkx(ways, action=lambda source, target, data: target)
    networkx.set_node_attributes(ways, around, "pos")
    placed = emp.from_networkx(ways, action=lambda source, target, data: target)
    wanted = np.array([around[node] for node in range(6)])
    for model, options in (
        (bare, {"positions": networkx.circular_layout}),
        (bare, {"positions": around}),
        (placed, {}),
        (placed, {"positions": None}),
    ):
        ax = emp.plotting.plot_graph(emp.empowerment(model, 2), model, **options)
        np.testing.assert_allclose(places(ax), wanted, rtol=0, atol=1e-6)
    result = emp.empowerment(placed, 2)
    np.testing.assert_allclose(places(result.plot()), wanted, rtol=0, atol=1e-6)
    np.testing.assert_allclose(
        places(emp.plotting.plot_graph(result, positions=networkx.spiral_layout)) != wanted, True
    )
    np.testing.assert_allclose(places(emp.plotting.plot_graph(result, positions=around)), wanted, rtol=0, atol=1e-6)
    with pytest.raises(ValueError, match="positions has none for state number 5, expected one for each of 6 states"):
        emp.plotting.plot_graph(result, placed, positions={node: (0.0, node) for node in range(5)})
    with pytest.raises(TypeError, match=r"positions is 3, expected a function such as networkx\.circular_layout"):
        emp.plotting.plot_graph(result, positions=3)


def test_positions_are_kept_in_a_file(tmp_path):
    ways = networkx.cycle_graph(4).to_directed()
    networkx.set_node_attributes(ways, networkx.circular_layout(ways), "pos")
    result = emp.empowerment(emp.from_networkx(ways, action=lambda source, target, data: target), 1)
    result.save(tmp_path / "ways.npz")
    assert emp.EmpowermentResult.load(tmp_path / "ways.npz").layout == result.layout


def test_what_has_no_graph_is_refused(hanoi):
    plain = emp.MDP(np.eye(2)[:, None])
    with pytest.raises(ValueError, match=r"pass the model as well: plot_graph\(result, model\)"):
        emp.plotting.plot_graph(emp.empowerment(plain))
    with pytest.raises(ValueError, match="model has 2 states, expected the model of the result, with 27 or more"):
        emp.plotting.plot_graph(hanoi, plain)
    beliefs = emp.empowerment(emp.worlds.tiger(), 1, beliefs=np.eye(2))
    with pytest.raises(ValueError, match="the result is one of beliefs, expected one of states"):
        emp.plotting.plot_graph(beliefs, emp.worlds.tiger())
    large = emp.worlds.box_pushing(6)
    with pytest.raises(ValueError, match="the world has 1296 states, expected at most 1000"):
        emp.plotting.plot_graph(emp.empowerment(large, states=large.states[0]), large)


def test_a_layout_and_its_name_are_kept_in_a_file(hanoi, tmp_path):
    hanoi.save(tmp_path / "result.npz")
    found = emp.EmpowermentResult.load(tmp_path / "result.npz").layout
    assert found == hanoi.layout
    assert found.name == "tower_of_hanoi"
    room = emp.empowerment(emp.worlds.delivery(), states=[(8, 0, "far")])
    room.save(tmp_path / "room.npz")
    layout = emp.EmpowermentResult.load(tmp_path / "room.npz").layout
    assert (layout, layout.axes, layout.name) == (room.layout, ("health", "slot"), "delivery")


def test_long_labels_are_cut_in_the_middle():
    assert shortened("short") == "short"
    label = ((1, 1), "right", "yellow key", (((2, 1), "yellow door (is_locked=False)"),))
    cut = shortened(label)
    assert len(cut) == 24
    assert cut.startswith("((1, 1), ")
    assert cut.endswith("False)'),))")
    assert shortened("costs $5") == r"costs \$5"
    assert shortened("two\nlines") == "two lines"


@pytest.mark.parametrize("width", [3, 6, 12])
def test_long_labels_leave_room_for_the_values(width):
    states = [f"a state with a rather long name, number {i}" for i in range(60)]
    result = emp.empowerment(emp.MDP(np.eye(60)[:, None], states=states))
    figure = pyplot.figure(figsize=(width, 4), layout="constrained")
    ax = figure.add_subplot()
    emp.plotting.plot_intervals(result, ax=ax)
    figure.canvas.draw()
    box, labels = ax.get_window_extent(), [label for label in ax.get_xticklabels() if label.get_text()]
    assert box.height > 0.3 * figure.bbox.height
    assert all(figure.bbox.y0 <= label.get_window_extent().y0 for label in labels)
    assert len(labels) * 8 < 72 * width


def test_every_world_that_has_a_name_is_named_in_the_title():
    for name in emp.worlds.WORLDS:
        model = emp.worlds.make(name, **({"size": 3} if name == "box_pushing" else {}))
        result = emp.empowerment(model, 1, states=[model.states[0]])
        assert result.layout.name == name
        ax = result.plot()
        assert ax.get_title().replace("\n", " ").startswith(f"{name}: 1-step empowerment")
        pyplot.close("all")

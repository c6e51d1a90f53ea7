"""Arrows show actions, in the open and on maps."""

import numpy as np
import pytest

import empowerment as emp
from empowerment.core.layout import GridLayout

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from matplotlib import pyplot  # noqa: E402
from matplotlib.colors import to_hex  # noqa: E402


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def drawn(ax, name):
    (found,) = (artist for artist in ax.collections if artist.get_gid() == name)
    return found


def arrows(ax):
    """Return (x, y, u, v) of each arrow, rounded."""
    found = drawn(ax, "arrows")
    return {tuple(row) for row in np.column_stack([found.XY, found.U, found.V]).round(6).tolist()}


def test_each_action_that_is_taken_has_an_arrow_as_long_as_it_is_probable():
    lane = emp.worlds.grid_world(["...", "...", "..."])
    policy = np.zeros((9, 5))
    policy[:, 4] = 1
    policy[4] = [0.5, 0.25, 0, 0, 0.25]  # north, south and stay in the middle
    ax = emp.plotting.plot_policy(lane, policy)
    assert arrows(ax) == {(1, 1, 0, -0.42), (1, 1, 0, 0.21)}
    rests = {tuple(place) for place in drawn(ax, "rests").get_offsets().tolist()}
    assert rests == {(x, y) for x in range(3) for y in range(3)}


def test_axes_that_are_there_keep_their_title_unless_one_is_given():
    lane = emp.worlds.grid_world(["..."])
    _, ax = pyplot.subplots()
    ax.set_title("mine")
    for options, title in (({}, "mine"), ({"title": "yours"}, "yours")):
        assert emp.plotting.plot_policy(lane, np.full((3, 5), 0.2), ax=ax, **options).get_title() == title


def test_a_slippery_action_is_drawn_as_it_is_meant_and_one_that_is_stopped_as_a_dot():
    lake = emp.from_gymnasium("FrozenLake-v1")  # each way at right angles is as probable as the one that is meant
    ways = {"left": (-0.7, 0), "down": (0, 0.7), "right": (0.7, 0), "up": (0, -0.7)}
    for number, action in enumerate(lake.actions):
        found = drawn(emp.plotting.plot_policy(lake, np.eye(4)[np.full(16, number)]), "arrows")
        assert np.allclose(np.column_stack([found.U, found.V]), ways[action]), action
        assert len(found.U) >= 8
    maze = emp.worlds.grid_world(["..", ".."])
    ax = emp.plotting.plot_policy(maze, np.eye(5)[np.zeros(4, dtype=int)])
    assert {tuple(place) for place in drawn(ax, "rests").get_offsets().tolist()} == {(0, 0), (1, 0)}
    assert len(drawn(ax, "arrows").U) == 2


def test_an_action_without_a_direction_of_its_own_points_to_where_it_leads():
    """Round a square: "on" leads another way in every cell."""
    cells = ((0, 0), (0, 1), (1, 1), (1, 0))
    world = emp.MDP(np.roll(np.eye(4), 1, axis=1)[:, None], layout=GridLayout((2, 2), cells))
    found = drawn(emp.plotting.plot_policy(world, np.ones((4, 1))), "arrows")
    assert np.column_stack([found.U, found.V]).round(6).tolist() == [[0.7, 0], [0, 0.7], [-0.7, 0], [0, -0.7]]


def test_on_a_map_the_numbers_give_way_and_marks_move_into_corners():
    world = emp.worlds.grid_world(["S..", "..G"])
    result = emp.empowerment(world, 2)
    policy = emp.greedy_policy(world, result)
    for ax in (
        emp.plotting.plot_policy(world, policy, result),
        emp.plotting.plot_policy(world, policy, ax=result.plot()),
        emp.plotting.plot_policy(world, policy, ax=result.plot(annotate=False)),
    ):
        assert sorted(text.get_text() for text in ax.texts) == ["G", "S"]
        for text in ax.texts:
            x, y = text.get_position()
            assert (x - round(x), y - round(y)) == pytest.approx((-0.42, -0.42))
        assert ax.get_title() == "grid_world: 2-step empowerment"
    kept = emp.plotting.plot_policy(world, policy, result, numbers=True)
    assert len(kept.texts) == 8


def test_the_scale_and_the_title_are_those_of_the_map():
    world = emp.worlds.open_grid(3)
    result, still = emp.empowerment(world, 1), np.eye(5)[np.full(9, 4)]
    ax = emp.plotting.plot_policy(world, still, result, title="mine", vmin=0, vmax=3)
    assert ax.get_title() == "mine"
    assert ax.collections[0].get_clim() == (0, 3)
    assert emp.plotting.plot_policy(world, still).get_title() == "open_grid: policy"
    with pytest.raises(ValueError, match="vmin and vmax are the ends of a colour scale, expected a result"):
        emp.plotting.plot_policy(world, still, vmin=0)


def test_arrows_stand_out_on_any_colour():
    world = emp.worlds.open_grid(2)
    policy = np.eye(5)[[1, 3, 2, 0]]
    for color, rim in (("black", "white"), ("white", "black")):
        (effect,) = drawn(emp.plotting.plot_policy(world, policy, color=color), "arrows").get_path_effects()
        assert to_hex(effect._gc["foreground"]) == to_hex(rim)

"""Grids with ice, portals, walls and lava: their rules."""

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp


def outcomes(world, state, action):
    """Return what an action leads to, with its probabilities."""
    row = world.rows[[world.state_index(state) * world.n_actions + world.actions.index(action)]].toarray()[0]
    return {world.states[place]: float(row[place]) for place in np.flatnonzero(row)}


@pytest.fixture(scope="module")
def grid():
    return emp.worlds.hazard_grid()


@pytest.fixture(scope="module")
def room():
    return emp.worlds.hazard_room()


@for_each(
    ("action", "expected"),
    [
        ("up", {(0, 1): 1.0}),
        ("right", {(1, 0): 1.0}),
        ("left", {(0, 0): 1.0}),
        ("down", {(0, 0): 0.5, (0, 1): 0.25, (1, 0): 0.25}),
    ],
)
def test_one_action_of_one_corner_is_noisy(action, expected):
    corner = emp.worlds.hazard_grid("noisy-corner")
    assert corner.n_states == 100
    assert outcomes(corner, (0, 0), action) == expected
    certain = [(corner.rows[[i * 4 + a]].data == 1).all() for i in range(100) for a in range(4)]
    assert certain.count(False) == 1


@for_each(
    ("cell", "action", "expected"),
    [
        ((2, 2), "up", {(2, 3): 1.0}),
        ((1, 1), "up", {(1, 2): 0.25, (2, 1): 0.25, (1, 0): 0.25, (0, 1): 0.25}),
        ((0, 0), "left", {(0, 0): 0.5, (0, 1): 0.25, (1, 0): 0.25}),
        ((6, 4), "up", {(6, 4): 1.0}),  # an obstacle
        ((0, 7), "left", {(9, 7): 1.0}),  # through a portal
        ((0, 7), "right", {(1, 7): 1.0}),
        ((9, 4), "right", {(0, 4): 1.0}),
        ((9, 4), "up", {(9, 4): 1.0}),  # an obstacle above the portal
        ((0, 4), "left", {(0, 4): 1.0}),  # back there is no portal
        ((9, 1), "down", {(9, 0): 1.0}),
        ((9, 0), "up", {(9, 0): 1.0}),
    ],
)
def test_the_grid_with_all_hazards(grid, cell, action, expected):
    assert outcomes(grid, cell, action) == expected


def test_the_grid_leaves_out_obstacles_and_ends_in_one_cell(grid):
    assert grid.n_states == 93
    assert (6, 6) not in grid.states
    assert [grid.states[i] for i in np.flatnonzero(grid.is_terminal)] == [(9, 0)]
    assert grid.layout.cells[grid.state_index((2, 5))] == (5, 2)
    assert grid.layout.marks[0, 9] == "H"
    assert grid.layout.marks[7, 0] == "P"


@for_each(
    ("state", "action", "expected"),
    [
        ((10, 4, 3), "left", {(10, 4, 2): 1.0}),
        ((10, 4, 3), "right", {(10, 4, 0): 1.0}),
        ((10, 4, 3), "forward", {(10, 3, 3): 1.0}),
        ((10, 4, 0), "forward", {(10, 4, 0): 1.0}),  # the outer wall
        ((10, 4, 1), "forward", {(10, 4, 1): 1.0}),  # an inner wall
        ((1, 1, 2), "left", {(2, 1, 2): 0.5, (1, 2, 2): 0.5}),  # ice in a corner
        ((6, 4, 0), "forward", {(5, 4, 0): 1 / 3, (6, 3, 0): 1 / 3, (6, 5, 0): 1 / 3}),  # ice beside a wall
        ((4, 2, 3), "forward", {(4, 1, 3): 1.0}),  # into lava
        ((4, 1, 3), "left", {(4, 1, 3): 1.0}),
        ((10, 10, 0), "left", {(10, 10, 3): 1.0}),  # the goal
    ],
)
def test_the_room_of_an_agent_that_turns(room, state, action, expected):
    assert outcomes(room, state, action) == pytest.approx(expected)


def test_the_room_has_four_headings_in_each_free_cell(room):
    assert room.n_states == 4 * (100 - 7)
    assert room.is_terminal.sum() == 4 * 8
    stochastic = np.unique(np.flatnonzero(np.diff(room.rows.indptr) > 1) // 3)
    assert stochastic.size == 4 * 18
    found = emp.empowerment(room, 1).value
    nothing = np.isin(np.arange(372), stochastic) | room.is_terminal
    assert found == pytest.approx(np.where(nothing, 0, np.log2(3)), abs=1e-9)


def test_an_unknown_layout_is_refused():
    with pytest.raises(ValueError, match="unknown layout 'ice'; the known ones are 'noisy-corner', 'all'"):
        emp.worlds.hazard_grid("ice")

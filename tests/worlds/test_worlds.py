import math
import textwrap

import numpy as np
import pytest
from helpers import for_each, reached

import empowerment as emp
from empowerment.core.layout import GridLayout

MOVES = ("north", "south", "east", "west")
SLIP_MODES = ("other", "perpendicular", "stay")


def row(model, state, action):
    """Return one distribution as a dict of labels, entries as stored."""
    number = model.state_index(state) * model.n_actions + model.actions.index(action)
    start, stop = model.rows.indptr[number : number + 2]
    places = [model.states[place] for place in model.rows.indices[start:stop]]
    return dict(zip(places, model.rows.data[start:stop].tolist(), strict=True))


def after(model, state, action):
    return model.states[model.successors[model.state_index(state), model.actions.index(action)]]


# --- the maze


@pytest.fixture(scope="module")
def maze():
    return emp.worlds.klyubin_maze()


KLYUBIN_COUNTS = [
    (1, 2, 5, 2.029651052),
    (2, 3, 13, 3.157003975),
    (3, 6, 23, 3.881488431),
    (4, 9, 34, 4.392433041),
    (5, 11, 46, 4.783411164),
    (6, 13, 58, 5.098096439),
    (7, 15, 70, 5.364250283),
    (8, 18, 77, 5.590649314),
    (9, 21, 81, 5.778032674),
    (10, 22, 85, 5.931623412),
]


@for_each(("horizon", "fewest", "most", "mean_bits"), KLYUBIN_COUNTS)
def test_klyubin_maze_reachable_counts(maze, horizon, fewest, most, mean_bits):
    counts = [len(reached(maze, cell, horizon)) for cell in maze.states]
    assert (min(counts), max(counts)) == (fewest, most)
    assert np.mean(np.log2(counts)) == pytest.approx(mean_bits, abs=1e-9)


@for_each(
    ("horizon", "lowest", "highest"),
    [
        pytest.param(1, 1.00, 2.32, id="Klyubin, Polani, Nehaniv 2005, one step"),
        pytest.param(2, 1.58, 3.70, id="Klyubin, Polani, Nehaniv 2005, two steps"),
        pytest.param(5, 3.46, 5.52, id="Klyubin, Polani, Nehaniv 2005, five steps"),
    ],
)
def test_klyubin_maze_published_ranges(maze, horizon, lowest, highest):
    bits = [math.log2(len(reached(maze, cell, horizon))) for cell in maze.states]
    assert (round(min(bits), 2), round(max(bits), 2)) == (lowest, highest)


@for_each(("horizon", "most"), [(2, 11), (4, 33)])
def test_klyubin_maze_without_stay(horizon, most):
    maze = emp.worlds.klyubin_maze(stay=False)
    assert maze.actions == MOVES
    # More than the (n + 1)² of an open grid, because a bump is as good as "stay".
    assert max(len(reached(maze, cell, horizon)) for cell in maze.states) == most


def test_klyubin_maze_counts_rows_from_the_bottom(maze):
    assert after(maze, (0, 0), "north") == (1, 0)
    assert after(maze, (0, 0), "south") == (0, 0)
    assert maze.layout.origin == "lower"


@for_each(
    ("cell", "action", "end"),
    [
        ((1, 0), "north", (1, 0)),
        ((2, 5), "south", (2, 5)),
        ((1, 6), "north", (2, 6)),
        ((2, 5), "east", (2, 5)),
        ((3, 7), "west", (3, 7)),
        ((4, 6), "south", (4, 6)),
        ((8, 4), "west", (8, 4)),
        ((8, 3), "north", (8, 3)),
        ((9, 9), "east", (9, 9)),
    ],
)
def test_klyubin_maze_walls(maze, cell, action, end):
    assert after(maze, cell, action) == end


def test_klyubin_maze_walls_stop_both_ways_and_are_in_the_layout(maze):
    stopped = set()
    for cell in maze.states:
        for action, (up, right) in zip(MOVES, ((1, 0), (-1, 0), (0, 1), (0, -1)), strict=True):
            target = (cell[0] + up, cell[1] + right)
            if target in maze.states and after(maze, cell, action) == cell:
                stopped.add((cell, target))
    walls = set(maze.layout.walls)
    assert len(walls) == 22
    assert stopped == walls | {(other, one) for one, other in walls}


def test_noisy_klyubin_maze():
    maze = emp.worlds.klyubin_maze(slip=0.2)
    assert row(maze, (5, 7), "north") == pytest.approx(
        {(6, 7): 0.8, (4, 7): 0.05, (5, 8): 0.05, (5, 6): 0.05, (5, 7): 0.05}
    )


# --- open and slippery grids


@for_each("horizon", range(6))
def test_open_grid_counts_from_centre_and_corner(horizon):
    grid = emp.worlds.open_grid()
    assert len(reached(grid, (5, 5), horizon)) == 2 * horizon**2 + 2 * horizon + 1
    assert len(reached(grid, (0, 0), horizon)) == (horizon + 1) * (horizon + 2) // 2


def test_open_grid_counts_without_stay():
    grid = emp.worlds.open_grid(stay=False)
    assert [len(reached(grid, (5, 5), n)) for n in range(6)] == [(n + 1) ** 2 for n in range(6)]
    assert [len(reached(grid, (0, 0), n)) for n in range(6)] == [(n + 1) * (n + 2) // 2 for n in range(6)]


def test_open_grid_sizes_and_orientation():
    grid = emp.worlds.open_grid(2, 3)
    assert grid.states == ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2))
    assert after(grid, (1, 1), "north") == (0, 1)
    assert after(grid, (0, 1), "south") == (1, 1)
    assert after(grid, (0, 1), "east") == (0, 2)
    assert after(grid, (0, 1), "west") == (0, 0)
    assert after(grid, (0, 1), "stay") == (0, 1)
    assert grid.layout == GridLayout((2, 3), grid.states)
    assert emp.worlds.open_grid(4).layout.shape == (4, 4)


@for_each(("sizes", "message"), [((0,), "rows is 0"), ((3, 0), "columns is 0"), ((2.5,), "rows is 2.5")])
def test_open_grid_refuses_sizes(sizes, message):
    with pytest.raises(ValueError, match=message):
        emp.worlds.open_grid(*sizes)


def test_slip_grid_has_88_cells_and_slips():
    grid = emp.worlds.slip_grid()
    assert grid.n_states == 88
    assert grid.actions == (*MOVES, "stay")
    blocked = set(np.ndindex(10, 10)) - set(grid.states)
    assert blocked == {
        *((0, 1), (0, 3), (0, 7), (1, 7), (2, 4), (2, 8), (4, 6), (5, 7), (6, 4), (7, 5), (7, 9), (9, 1))
    }
    assert row(grid, (4, 4), "stay") == pytest.approx(
        {(4, 4): 0.9, (3, 4): 0.025, (5, 4): 0.025, (4, 5): 0.025, (4, 3): 0.025}
    )
    # (4, 6) is blocked, so slipping east from (4, 5) is the same as slipping into "stay".
    assert row(grid, (4, 5), "north") == pytest.approx({(3, 5): 0.9, (4, 5): 0.05, (5, 5): 0.025, (4, 4): 0.025})


# --- slip


def test_slip_other_shares_among_all_other_actions():
    world = emp.worlds.grid_world(["...", "...", "..."], slip=0.2)
    assert row(world, (1, 1), "east") == pytest.approx(
        {(1, 2): 0.8, (0, 1): 0.05, (2, 1): 0.05, (1, 0): 0.05, (1, 1): 0.05}
    )
    # From the corner, north and west bump: they add to "stay".
    assert row(world, (0, 0), "stay") == pytest.approx({(0, 0): 0.9, (1, 0): 0.05, (0, 1): 0.05})


def test_slip_other_without_stay_shares_among_three():
    world = emp.worlds.grid_world(["...", "...", "..."], slip=0.3, stay=False)
    assert row(world, (1, 1), "west") == pytest.approx({(1, 0): 0.7, (0, 1): 0.1, (2, 1): 0.1, (1, 2): 0.1})


@for_each("stay", [True, False])
def test_slip_perpendicular_is_half_each(stay):
    world = emp.worlds.grid_world(["...", "...", "..."], slip=0.2, slip_mode="perpendicular", stay=stay)
    assert row(world, (1, 1), "north") == pytest.approx({(0, 1): 0.8, (1, 0): 0.1, (1, 2): 0.1})
    assert row(world, (1, 1), "west") == pytest.approx({(1, 0): 0.8, (0, 1): 0.1, (2, 1): 0.1})
    assert row(world, (0, 0), "north") == pytest.approx({(0, 0): 0.9, (0, 1): 0.1})


@for_each("slip_mode", ["perpendicular", "stay"])
def test_an_intended_stay_does_not_slip_into_a_move(slip_mode):
    world = emp.worlds.grid_world(["...", "...", "..."], slip=0.3, slip_mode=slip_mode)
    assert row(world, (1, 1), "stay") == {(1, 1): 1.0}


@for_each("stay", [True, False])
def test_slip_stay_is_no_move(stay):
    world = emp.worlds.grid_world(["..."], slip=0.25, slip_mode="stay", stay=stay)
    assert row(world, (0, 1), "east") == {(0, 2): 0.75, (0, 1): 0.25}
    assert row(world, (0, 0), "west") == {(0, 0): 1.0}


@for_each(
    ("slip_mode", "ends"),
    [("other", {(0, 1), (2, 1), (1, 0), (1, 1)}), ("perpendicular", {(0, 1), (2, 1)}), ("stay", {(1, 1)})],
)
def test_certain_slip_never_does_what_was_intended(slip_mode, ends):
    world = emp.worlds.open_grid(3, slip=1.0, slip_mode=slip_mode)
    assert set(row(world, (1, 1), "east")) == ends


@for_each("slip_mode", SLIP_MODES)
@for_each("stay", [True, False])
@for_each("slip", [0.1, 0.7])
def test_slippery_rows_are_distributions_without_stored_zeros(slip, slip_mode, stay):
    maze = emp.worlds.klyubin_maze(slip=slip, slip_mode=slip_mode, stay=stay)
    assert maze.rows.shape == (100 * maze.n_actions, 100)
    np.testing.assert_allclose(maze.rows.sum(axis=1), 1.0, rtol=0, atol=1e-15)
    assert (maze.rows.data > 0).all()
    assert maze.rows.has_canonical_format
    assert not maze.is_deterministic


@for_each("slip_mode", SLIP_MODES)
def test_no_slip_is_exactly_deterministic(slip_mode):
    maze = emp.worlds.klyubin_maze(slip=0.0, slip_mode=slip_mode)
    assert maze.is_deterministic
    assert maze.rows.nnz == 500
    assert set(maze.rows.data) == {1.0}


@for_each("factory", [emp.worlds.klyubin_maze, emp.worlds.open_grid, emp.worlds.slip_grid])
def test_slip_options_are_checked(factory):
    with pytest.raises(ValueError, match=r"slip is 1\.5, expected a probability"):
        factory(slip=1.5)
    with pytest.raises(ValueError, match="unknown slip_mode 'sideways'; the known ones are 'other', 'perpend"):
        factory(slip_mode="sideways")


# --- drawings


def test_grid_world_reads_a_drawing():
    world = emp.worlds.grid_world(["S#G", ". H", "S.."])
    assert world.states == ((0, 0), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2))
    assert world.initial.tolist() == [0.5, 0, 0, 0, 0, 0.5, 0, 0]
    assert [world.states[i] for i in np.flatnonzero(world.is_terminal)] == [(0, 2), (1, 2)]
    assert after(world, (0, 0), "east") == (0, 0)
    assert after(world, (0, 0), "south") == (1, 0)
    assert after(world, (1, 1), "north") == (1, 1)
    assert after(world, (1, 1), "east") == (1, 2)
    assert after(world, (1, 2), "west") == (1, 2)
    assert world.layout == GridLayout(
        (3, 3), world.states, marks={(0, 0): "S", (0, 2): "G", (1, 2): "H", (2, 0): "S"}
    )


def test_terminal_cells_absorb_in_spite_of_slip():
    world = emp.worlds.grid_world("S.\n.G", slip=0.3)
    assert all(row(world, (1, 1), action) == {(1, 1): 1.0} for action in world.actions)


def test_grid_world_takes_a_string_as_it_takes_lines():
    drawing = """
    #####
    #S.G#
    ##  #
    """
    world = emp.worlds.grid_world(textwrap.dedent(drawing))
    assert world.states == ((1, 1), (1, 2), (1, 3), (2, 2), (2, 3))
    assert world.layout.shape == (3, 5)
    assert emp.worlds.grid_world("S..").initial.tolist() == [1, 0, 0]
    assert emp.worlds.grid_world([" .", " ."]).n_states == 4


def test_grid_world_without_start_has_no_initial_distribution():
    assert emp.worlds.grid_world("..").initial is None


@for_each(
    ("drawing", "message"),
    [
        (["..", ".x"], "map has 'x' in row 1, column 1, expected one of '.', ' ', 'S', 'G', 'H', '#'"),
        (["..", ".", ".."], "row 1 of map has 1 characters, expected 2 as in row 0"),
        (["##", "##"], "map has no free cell in its 2 rows and 2 columns"),
        ("", "map has no cells"),
        ([], "map has no cells"),
        ([""], "map has no cells"),
        ("\n  S.\n  .G", "every line of map begins with a space: pass it through textwrap.dedent"),
    ],
)
def test_grid_world_refuses_drawings(drawing, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        emp.worlds.grid_world(drawing)
    assert message in str(error.value)


def test_grid_world_refuses_rows_that_are_no_strings():
    with pytest.raises(TypeError, match=r"row 1 of map is 3, expected a string"):
        emp.worlds.grid_world(["..", 3])


# --- the box


@pytest.fixture(scope="module")
def pushing():
    return emp.worlds.box_pushing()


CENTRE = (6, 6)
BOXES = [(row, column) for row in range(13) for column in range(13)]


def test_pushed_box_counts_after_five_steps(pushing):
    counts = {box: len(reached(pushing, (CENTRE, box), 5)) for box in BOXES}
    assert counts[6, 6] == 221
    assert counts[5, 6] == counts[7, 6] == counts[6, 5] == counts[6, 7] == 179
    # Klyubin, Polani, Nehaniv 2005: 5.93 to 7.79 bits with the box sensed.
    assert (min(counts.values()), max(counts.values())) == (61, 221)


def test_pushed_box_never_hinders_the_agent(pushing):
    for box in BOXES:
        cells = {pushing.states[end][0] for end in reached(pushing, (CENTRE, box), 5)}
        assert len(cells) == 61


def test_stationary_box_counts_after_five_steps():
    world = emp.worlds.box_pushing(pushable=False)
    counts = {box: len(reached(world, (CENTRE, box), 5)) for box in BOXES}
    assert (min(counts.values()), max(counts.values())) == (58, 61)
    assert counts[6, 6] == counts[0, 0] == 61
    assert counts[5, 6] == counts[6, 7]
    assert counts[5, 6] < 61


@for_each("size", [7, 8])
@for_each(("pushable", "horizon"), [(True, 2), (False, 3)])
def test_box_square_is_the_plane_up_to_the_stated_horizon(size, pushable, horizon):
    small, large = (
        emp.worlds.box_pushing(size, pushable=pushable),
        emp.worlds.box_pushing(13, pushable=pushable),
    )
    middle = size // 2

    def seen(world, centre, offset, steps):
        start = ((centre, centre), (centre + offset[0], centre + offset[1]))
        ends = (world.states[end] for end in reached(world, start, steps))
        return {tuple(part - centre for cell in end for part in cell) for end in ends}

    offsets = [(row - middle, column - middle) for row in range(size) for column in range(size)]
    differs = [
        [seen(small, middle, offset, steps) != seen(large, 6, offset, steps) for offset in offsets]
        for steps in range(horizon + 2)
    ]
    assert not any(map(any, differs[:-1]))
    assert any(differs[-1])


@for_each(
    ("agent", "box", "action", "pushed", "stationary"),
    [
        ((1, 1), (1, 2), "east", ((1, 2), (1, 3)), ((1, 1), (1, 2))),
        ((1, 2), (1, 1), "west", ((1, 1), (1, 0)), ((1, 2), (1, 1))),
        ((1, 2), (1, 3), "east", ((1, 2), (1, 3)), ((1, 2), (1, 3))),
        ((1, 1), (0, 1), "north", ((1, 1), (0, 1)), ((1, 1), (0, 1))),
        ((1, 1), (1, 1), "south", ((2, 1), (1, 1)), ((2, 1), (1, 1))),
        ((1, 1), (1, 1), "stay", ((1, 1), (1, 1)), ((1, 1), (1, 1))),
        ((0, 0), (2, 2), "north", ((0, 0), (2, 2)), ((0, 0), (2, 2))),
        ((0, 0), (2, 2), "south", ((1, 0), (2, 2)), ((1, 0), (2, 2))),
    ],
)
def test_box_moves(agent, box, action, pushed, stationary):
    assert after(emp.worlds.box_pushing(4), (agent, box), action) == pushed
    assert after(emp.worlds.box_pushing(4, pushable=False), (agent, box), action) == stationary


def test_box_refuses_a_size():
    with pytest.raises(ValueError, match="size is 0, expected a whole number of at least 1"):
        emp.worlds.box_pushing(0)


# --- Hanoi


@for_each(
    ("horizon", "fewest", "most"),
    [(1, 3, 4), (2, 5, 8), (3, 9, 14), (4, 11, 19), (5, 15, 23), (6, 19, 27), (7, 27, 27)],
)
def test_hanoi_reachable_counts(horizon, fewest, most):
    tower = emp.worlds.tower_of_hanoi()
    counts = [len(reached(tower, state, horizon)) for state in tower.states]
    assert (min(counts), max(counts)) == (fewest, most)


@for_each("n_disks", [1, 2, 4])
def test_hanoi_needs_two_to_the_n_minus_one_moves(n_disks):
    tower = emp.worlds.tower_of_hanoi(n_disks)
    start, goal = (0,) * n_disks, tower.state_index((2,) * n_disks)
    assert tower.n_states == 3**n_disks
    assert goal not in reached(tower, start, 2**n_disks - 2)
    assert goal in reached(tower, start, 2**n_disks - 1)


@for_each(
    ("state", "action", "end"),
    [
        ((0, 0, 0), (0, 1), (1, 0, 0)),
        ((1, 0, 0), (0, 1), (1, 0, 0)),
        ((1, 0, 0), (0, 2), (1, 2, 0)),
        ((1, 2, 0), (1, 2), (2, 2, 0)),
        ((1, 2, 0), (0, 1), (1, 2, 0)),
        ((2, 2, 2), (0, 1), (2, 2, 2)),
        ((2, 2, 0), (0, 1), (2, 2, 1)),
    ],
)
def test_hanoi_moves(state, action, end):
    assert after(emp.worlds.tower_of_hanoi(), state, action) == end


def test_hanoi_refuses_no_disks():
    with pytest.raises(ValueError, match="n_disks is 0, expected a whole number of at least 1"):
        emp.worlds.tower_of_hanoi(0)


# --- by name


@for_each("name", sorted(emp.worlds.WORLDS))
def test_every_world_can_be_made_by_name(name):
    assert isinstance(emp.worlds.make(name), emp.MDP | emp.POMDP)
    assert emp.worlds.WORLDS[name] is getattr(emp.worlds, name)


def test_make_passes_options_on():
    assert emp.worlds.make("tower_of_hanoi", n_disks=2).n_states == 9


def test_make_lists_the_worlds_it_knows():
    with pytest.raises(
        ValueError, match="unknown world 'atlantis'; the known ones are 'aliased_corridor', 'box_pushing'"
    ):
        emp.worlds.make("atlantis")

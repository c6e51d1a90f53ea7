"""Two rooms behind each other: with an open doorway, and with a door that needs a key."""

from __future__ import annotations

import numpy as np

from empowerment.core import validate
from empowerment.core.layout import GridLayout
from empowerment.models.mdp import MDP
from empowerment.worlds.grid import BLOCKED, MOVES, STAY, Mirror, build_grid, grid_world
from empowerment.worlds.successors import from_successors

_KEY, _DOOR = "K", "D"
_LOCKED_ROOMS, _WALL = ("...#...", "...#...", "...D...", "K..#..."), 3


def two_rooms(size: int = 8, door: int = 4, *, slip: float = 0.0, slip_mode: str = "other", stay: bool = True) -> MDP:
    """Make a square grid with a thin wall from top to bottom through its middle, and a doorway in it.

    With eight cells to a side this is the world of two rooms of Ji et al. (2026).

    Parameters
    ----------
    size : int
        Number of rows and of columns, at least 2. The wall is to the right of the first ``size // 2`` columns.
    door : int
        Row of the doorway, counted from 0.
    slip : float
        As for :func:`grid_world`.
    slip_mode : {"other", "perpendicular", "stay"}
        As for :func:`grid_world`.
    stay : bool
        As for :func:`grid_world`.

    Returns
    -------
    MDP
        States are (row, column), row 0 at the top. Rooms of equal sizes are declared as mirror images.

    Raises
    ------
    ValueError
        If there are fewer than two rows, or the row of the doorway is none of them.

    See Also
    --------
    key_and_door : Two rooms with a door that needs a key.
    open_grid : The same grid without a wall.

    References
    ----------
    C. Ji, V. Myers, S. Levine and B. Eysenbach, "The geometry of empowerment", 2026.

    Examples
    --------
    >>> import empowerment as emp
    >>> rooms = emp.worlds.two_rooms()
    >>> rooms, len(rooms.layout.walls)
    (MDP(64 states, 5 actions, deterministic), 7)
    """
    size, row = validate.positive_int(size, "size", most=3000), validate.whole(door)
    stay = validate.flag(stay, "stay")
    if size < 2:
        raise ValueError("size is 1, expected at least 2: a column for each room")
    if row is None or not 0 <= row < size:
        raise ValueError(f"door is {validate.shown(door)}, expected a row from 0 to {size - 1}")
    left = size // 2 - 1
    walls = [((other, left), (other, left + 1)) for other in range(size) if other != row]
    mirrors = _mirror_of_rooms(size, stay) if size % 2 == 0 else []
    free = np.ones((size, size), dtype=bool)
    return build_grid(free, walls=walls, slip=slip, slip_mode=slip_mode, stay=stay, mirrors=mirrors, name="two_rooms")


def _mirror_of_rooms(size: int, stay: bool) -> list[Mirror]:
    """Return the symmetry that swaps left and right."""
    images = np.arange(size * size).reshape(size, size)[:, ::-1].reshape(-1)
    swapped = {"east": "west", "west": "east"}
    actions = tuple(MOVES) if stay else tuple(MOVES)[:STAY]
    return [(images, [swapped.get(action, action) for action in actions])]


def key_and_door() -> MDP:
    """Make two rooms of four rows and three columns with a door between them that only an agent with the key passes.

    The agent has the key from when it first enters the cell in which the key lies, and keeps it.

    Returns
    -------
    MDP
        36 states (row, column, key): eleven cells of the left room without the key, and all 25 cells with it, that
        of the door included. Actions are those of :func:`grid_world`.

    See Also
    --------
    two_rooms : Rooms with an open doorway.

    Examples
    --------
    >>> import empowerment as emp
    >>> world = emp.worlds.key_and_door()
    >>> world
    MDP(36 states, 5 actions, deterministic)
    >>> world.states[world.successors[world.state_index((2, 0, False)), world.actions.index("south")]]
    (3, 0, True)
    """
    letters = {
        (row, column): letter
        for row, line in enumerate(_LOCKED_ROOMS)
        for column, letter in enumerate(line)
        if letter != BLOCKED
    }
    grid = grid_world([line.replace(_KEY, ".").replace(_DOOR, ".") for line in _LOCKED_ROOMS])
    left = [cell for cell, letter in letters.items() if cell[1] < _WALL and letter != _KEY]
    states = [(*cell, False) for cell in left] + [(*cell, True) for cell in letters]
    number = {state: i for i, state in enumerate(states)}

    def after(row: int, column: int, key: bool, action: int) -> int:
        there = grid.states[grid.successors[grid.state_index((row, column)), action]]
        if letters[there] == _DOOR and not key:
            there = row, column
        return number[(*there, key or letters[there] == _KEY)]

    successors = np.array([[after(*state, action) for action in range(grid.n_actions)] for state in states])
    marks = {cell: letter for cell, letter in letters.items() if letter in (_KEY, _DOOR)}
    cells = tuple((row, column) for row, column, _ in states)
    layout = GridLayout((len(_LOCKED_ROOMS), len(_LOCKED_ROOMS[0])), cells, marks=marks, name="key_and_door")
    return from_successors(successors, states=states, actions=grid.actions, layout=layout)

"""Grids with ice, walls, portals and cells from which nobody returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from empowerment.core import validate
from empowerment.core.layout import GridLayout
from empowerment.models.mdp import MDP

Cell = tuple[int, int]

_STEPS: dict[str, Cell] = {"up": (0, 1), "right": (1, 0), "down": (0, -1), "left": (-1, 0)}
_SIZE = 10


@dataclass(frozen=True)
class _Hazards:
    """The cells (x, y) of a square that differ from the others."""

    ice: tuple[Cell, ...] = ()
    obstacles: tuple[Cell, ...] = ()
    deaths: tuple[Cell, ...] = ()
    portals: tuple[Cell, ...] = ()
    noisy: tuple[tuple[Cell, str], ...] = ()

    def after(self, cell: Cell, action: str) -> Cell:
        """Return the cell that an action leads to if chance does not interfere."""
        there = cell[0] + _STEPS[action][0], cell[1] + _STEPS[action][1]
        if cell in self.portals:
            there = there[0] % _SIZE, there[1] % _SIZE
        inside = 0 <= there[0] < _SIZE and 0 <= there[1] < _SIZE
        return there if inside and there not in self.obstacles else cell

    def outcomes(self, cell: Cell, action: str) -> list[Cell]:
        """Return the cells that an action leads to, equally likely; those of every action where chance decides."""
        by_chance = cell in self.ice or (cell, action) in self.noisy
        return [self.after(cell, each) for each in (_STEPS if by_chance else [action])]


_LAYOUTS = {
    "noisy-corner": _Hazards(noisy=(((0, 0), "down"),)),
    "all": _Hazards(
        ice=((0, 0), (1, 0), (0, 1), (1, 1)),
        obstacles=((6, 5), (6, 6), (6, 7), (6, 8), (7, 5), (8, 5), (9, 5)),
        deaths=((9, 0),),
        portals=((0, 7), (9, 4)),
    ),
}


def hazard_grid(layout: str = "all") -> MDP:
    """Make a square of ten by ten cells in which chance decides what some actions do.

    Parameters
    ----------
    layout : {"noisy-corner", "all"}
        In the first the action "down" of cell (0, 0) does what one of the four actions would do there, each with
        probability 1/4. In the second this holds for all actions of the four cells of ice around that corner. There
        are also seven obstacles, a cell from which nobody returns at (9, 0), and two portals at (0, 7) and (9, 4),
        from which a move off the square leads to its other side.

    Returns
    -------
    MDP
        States (x, y) with y upwards, obstacles left out; actions "up", "right", "down" and "left". A move off the
        square or into an obstacle stays.

    Raises
    ------
    ValueError
        If the layout is not known.

    See Also
    --------
    hazard_room : A room with more hazards, for an agent with a heading.
    grid_world : Make a world from a drawing.

    Notes
    -----
    No cell is reached by the noisy action alone, so that its corner has as much empowerment as the others. The
    information of uniformly drawn sequences is smaller there, since it is an average over all of them.

    References
    ----------
    F. Mantiuk, H. Zhou and C. M. Wu, "From curiosity to competence: how world models interact with the dynamics of
    exploration", arXiv:2507.08210, 2025.

    Examples
    --------
    >>> import empowerment as emp
    >>> grid = emp.worlds.hazard_grid("noisy-corner")
    >>> grid
    MDP(100 states, 4 actions, stochastic)
    >>> emp.empowerment(grid, 5, states=[(0, 0), (9, 9)]).value.round(6)
    array([4.392317, 4.392317])

    In the corner of the ice there is little to be done:

    >>> emp.empowerment(emp.worlds.hazard_grid(), 5, states=[(0, 0), (9, 9)]).value.round(4)
    array([0.5377, 4.    ])
    """
    hazards = _LAYOUTS[validate.one_of(layout, _LAYOUTS, "layout")]
    cells = [(x, y) for y in range(_SIZE) for x in range(_SIZE) if (x, y) not in hazards.obstacles]
    number = {cell: i for i, cell in enumerate(cells)}
    transition = np.zeros((len(cells), len(_STEPS), len(cells)))
    for (cell, here), (choice, action) in ((c, a) for c in number.items() for a in enumerate(_STEPS)):
        outcomes = hazards.outcomes(cell, action)
        np.add.at(transition[here, choice], [number[there] for there in outcomes], 1 / len(outcomes))
    letters = {"I": hazards.ice, "H": hazards.deaths, "P": hazards.portals}
    marks = {(y, x): letter for letter, marked in letters.items() for x, y in marked}
    places = tuple((y, x) for x, y in cells)
    layout_of = GridLayout((_SIZE, _SIZE), places, marks=marks, origin="lower", axes=("y", "x"), name="hazard_grid")
    return MDP(transition, states=cells, actions=list(_STEPS), terminal=list(hazards.deaths), layout=layout_of)


_ROOM = 12
_HEADINGS: tuple[Cell, ...] = ((1, 0), (0, 1), (-1, 0), (0, -1))
_TURNS = {"left": -1, "right": 1}
_WALL = frozenset({(7, 2), (7, 3), (7, 4), (7, 5), (8, 5), (9, 5), (10, 5)})
_ICE = frozenset(
    {
        *((1, 1), (1, 6), (3, 6), (4, 4), (4, 5), (5, 5), (4, 6), (5, 6), (4, 7)),
        *((4, 8), (6, 4), (6, 5), (8, 9), (5, 1), (8, 2), (8, 3), (9, 2), (9, 3)),
    }
)
_LAVA = frozenset({(2, 10), (3, 7), (5, 4), (9, 7), (4, 1), (5, 2), (6, 6), (1, 8)})


def hazard_room() -> MDP:
    """Make a room of ten by ten cells with inner walls, ice and lava for an agent that turns and walks.

    On ice every action slides to one of the neighbouring cells without a wall, each equally likely, and keeps the
    heading. Lava is terminal; the cell of the goal is a cell like others.

    Returns
    -------
    MDP
        372 states (x, y, heading) with y downwards and x and y from 1 to 10; headings 0 to 3 are those of growing x,
        growing y, falling x and falling y. Actions "left" and "right" turn, "forward" walks, and stays before a wall.

    See Also
    --------
    hazard_grid : Grids without headings.

    Notes
    -----
    One step ahead there are only two values: 0 on ice and in lava, and log2 3 elsewhere, because two turns and a
    step, or staying before a wall, lead to three different states.

    References
    ----------
    F. Mantiuk, H. Zhou and C. M. Wu, "From curiosity to competence: how world models interact with the dynamics of
    exploration", arXiv:2507.08210, 2025.

    Examples
    --------
    >>> import empowerment as emp
    >>> room = emp.worlds.hazard_room()
    >>> room
    MDP(372 states, 3 actions, stochastic)
    >>> emp.empowerment(room, 1, states=[(10, 4, 3), (1, 1, 0), (2, 10, 0)]).value.round(6)
    array([1.584963, 0.      , 0.      ])
    """
    inner = range(1, _ROOM - 1)
    cells = [(x, y) for x in inner for y in inner if (x, y) not in _WALL]
    states = [(*cell, heading) for cell in cells for heading in range(len(_HEADINGS))]
    number = {state: i for i, state in enumerate(states)}
    actions = [*_TURNS, "forward"]
    transition = np.zeros((len(states), len(actions), len(states)))
    for (x, y, heading), here in number.items():
        beside = [(x + right, y + down) for right, down in _HEADINGS]
        if (x, y) in _ICE:
            slides = [number[(*there, heading)] for there in beside if there in cells]
            transition[here][:, slides] = 1 / len(slides)
            continue
        for choice, turn in enumerate(_TURNS.values()):
            transition[here, choice, number[x, y, (heading + turn) % len(_HEADINGS)]] = 1
        ahead = beside[heading] if beside[heading] in cells else (x, y)
        transition[here, len(_TURNS), number[(*ahead, heading)]] = 1
    marks = {(y, x): "I" for x, y in _ICE} | {(y, x): "H" for x, y in _LAVA} | {(_ROOM - 2, _ROOM - 2): "G"}
    places = tuple((y, x) for x, y, _ in states)
    layout = GridLayout((_ROOM, _ROOM), places, marks=marks, axes=("y", "x"), name="hazard_room")
    terminal = [state for state in states if state[:2] in _LAVA]
    return MDP(transition, states=states, actions=actions, terminal=terminal, layout=layout)

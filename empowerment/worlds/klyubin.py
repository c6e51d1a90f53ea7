"""The maze of Klyubin, Polani and Nehaniv."""

from __future__ import annotations

import numpy as np

from empowerment.models.mdp import MDP
from empowerment.worlds.grid import Cell, build_grid

_HORIZONTAL = {1: (0, 1, 2, 3, 4, 5, 7, 8), 3: (6,), 5: (2, 3, 4), 6: (4,), 7: (4,), 8: (3,)}
"""Row below the wall: the columns it spans."""

_VERTICAL = {3: (8,), 4: (6, 7), 5: (2, 3), 6: (2, 3)}
"""Column left of the wall: the rows it spans."""


def klyubin_maze(*, slip: float = 0.0, slip_mode: str = "other", stay: bool = True) -> MDP:
    """Make the 10 by 10 maze of Klyubin, Polani and Nehaniv (2005).

    Without slip its empowerment spans the published ranges: 1 to 2.32 bits for one step, 1.58 to 3.70 for two, 3.46
    to 5.52 for five, and at most 6.41 for ten (where the smallest value of this layout is log2 22 = 4.46 bits).

    Parameters
    ----------
    slip : float
        As for :func:`grid_world`.
    slip_mode : {"other", "perpendicular", "stay"}
        As for :func:`grid_world`.
    stay : bool
        As for :func:`grid_world`.

    Returns
    -------
    MDP
        100 states (row, column). Rows count from the bottom, as in the paper: "north" leads to the row after.

    See Also
    --------
    grid_world : Make a grid from a drawing.
    box_pushing : The box pushing world of the same authors.

    References
    ----------
    A. S. Klyubin, D. Polani and C. L. Nehaniv, "All else being equal be empowered", European Conference on
    Artificial Life, 2005, pp. 744-753.

    Examples
    --------
    >>> import empowerment as emp
    >>> maze = emp.worlds.klyubin_maze()
    >>> maze
    MDP(100 states, 5 actions, deterministic)
    >>> len(maze.layout.walls)
    22
    """
    free = np.ones((10, 10), dtype=bool)
    return build_grid(
        free, walls=_walls(), origin="lower", slip=slip, slip_mode=slip_mode, stay=stay, name="klyubin_maze"
    )


def _walls() -> list[tuple[Cell, Cell]]:
    """Return each piece of wall as the pair of cells it parts."""
    level = [((row, column), (row + 1, column)) for row, columns in _HORIZONTAL.items() for column in columns]
    upright = [((row, column), (row, column + 1)) for column, rows in _VERTICAL.items() for row in rows]
    return level + upright

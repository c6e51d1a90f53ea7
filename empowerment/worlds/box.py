"""An agent and a box on a plane."""

from __future__ import annotations

import numpy as np

from empowerment.core import validate
from empowerment.core.layout import GridLayout
from empowerment.models.mdp import MDP
from empowerment.worlds.grid import MOVES
from empowerment.worlds.successors import from_successors

# Larger ones, of size ** 4 states, take gigabytes.
_LARGEST = 50


def box_pushing(size: int = 13, *, pushable: bool = True) -> MDP:
    """Make a square world with an agent and a box, a bounded version of the plane of Klyubin et al. (2005).

    An agent that moves into the box pushes it one cell further; where the box cannot move (at the border, or
    never if not `pushable`), nothing moves. A move off the square stays. The agent may start on the box's
    cell; moving off leaves the box behind. Nothing leads back there, so that the size⁴ - size² states with agent and
    box in different cells are a world of their own.

    Write k = (size - 1) // 2. From the middle cell (size // 2, size // 2), the nearest border is k cells away. The
    agent alone reaches it by k + 1 steps in one direction. A box reaches it earlier: the agent can stand behind a box
    at that border after k - 1 steps, and its next push, the k-th step, fails. For an agent that starts in the middle,
    a stationary box therefore gives the unbounded plane exactly up to horizon k, and a pushable one up to horizon k -
    1. The default size of 13 is exact up to the horizon of 5 of the paper.

    The published ranges are 5.86 to 5.93 bits for a stationary box, 5.93 (log2 61) for a pushable one if only the
    agent's own cell is sensed, and 5.93 to 7.79 if the box's cell is sensed, too.

    Parameters
    ----------
    size : int
        Number of rows and of columns.
    pushable : bool
        Whether the box can be moved.

    Returns
    -------
    MDP
        A world of size⁴ states ``((row, column), (row, column))``: the agent's cell, then the box's, row 0 at the
        top.

    Raises
    ------
    ValueError
        If `size` is not a whole number of at least 1.

    See Also
    --------
    klyubin_maze : The maze of the same authors.
    open_grid : An empty grid.

    References
    ----------
    A. S. Klyubin, D. Polani and C. L. Nehaniv, "All else being equal be empowered", European Conference on
    Artificial Life, 2005, pp. 744-753.

    Examples
    --------
    >>> import empowerment as emp
    >>> world = emp.worlds.box_pushing(5)
    >>> world
    MDP(625 states, 5 actions, deterministic)
    >>> start, east = world.state_index(((2, 2), (2, 3))), world.actions.index("east")
    >>> world.states[world.successors[start, east]]
    ((2, 3), (2, 4))
    """
    size, pushable = validate.positive_int(size, "size", most=_LARGEST), validate.flag(pushable, "pushable")
    cells = np.indices((size, size)).reshape(2, -1).T
    agent, box = np.repeat(cells, len(cells), axis=0), np.tile(cells, (len(cells), 1))
    successors = np.stack([_moved(agent, box, step, size, pushable) for step in MOVES.values()], axis=1)
    names = [(row, column) for row, column in cells.tolist()]
    states = [(a, b) for a in names for b in names]
    layout = GridLayout(
        (size, size), tuple(agent for agent, _ in states), axes=("agent's row", "agent's column"), name="box_pushing"
    )
    return from_successors(successors, states=states, actions=tuple(MOVES), name="box_pushing", layout=layout)


def _moved(agent: np.ndarray, box: np.ndarray, step: tuple[int, int], size: int, pushable: bool) -> np.ndarray:
    """Return the number of the state that follows each state, shape (n_states,)."""
    target, pushed = agent + step, box + step
    meets = (target == box).all(axis=1)
    free = _inside(target, size) & (~meets | (_inside(pushed, size) & pushable))
    agent = np.where(free[:, None], target, agent)
    box = np.where((free & meets)[:, None], pushed, box)
    return np.asarray(np.ravel_multi_index((*agent.T, *box.T), (size,) * 4))


def _inside(cells: np.ndarray, size: int) -> np.ndarray:
    return np.asarray(((cells >= 0) & (cells < size)).all(axis=1))

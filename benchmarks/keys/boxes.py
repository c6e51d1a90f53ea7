"""What the two publications about a person among boxes share: many grids at once, and what the person can do."""

from __future__ import annotations

from typing import Any

import numpy as np

import empowerment as emp

SIZE = 5
MOVES = np.array([(0, -1), (1, 0), (0, 1), (-1, 0), (0, 0)])
"""Left, down, right, up, stay."""
STAY = len(MOVES) - 1


def after_each_action(case: str, **rules: Any) -> list[Any]:
    """Return the states after each action of the assistant at the start, in the order of the actions."""
    grid = emp.worlds.boxed_in_grid(case, **rules)
    return [grid["step"](grid["initial"], {"assistant": action}) for action in grid["actions"]["assistant"]]


def while_boxes_stand(states: list[Any], horizon: int) -> Any:
    """Return the person's empowerment in some states, distinct or not, while the assistant idles."""
    grid = emp.worlds.boxed_in_grid("corner")
    grid["actions"]["assistant"] = [(0, "stay")]
    world = emp.from_joint_step(**grid | {"initial": list(dict.fromkeys(states))})
    return emp.transfer_empowerment(world, horizon, "person", "person", states=states)


def moved(cells: np.ndarray, moves: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """Return where things go that move by a cell, each unless the border or something is in its way.

    Parameters
    ----------
    cells, moves : ndarray of int of shape (n, 2)
    taken : ndarray of int of shape (n, n_others, 2)
        Cells of other things.
    """
    there = cells + moves
    inside = ((there >= 0) & (there < SIZE)).all(axis=1)
    free = inside & ~(there[:, None] == taken).all(axis=2).any(axis=1)
    return np.where(free[:, None], there, cells)


def walked(person: np.ndarray, boxes: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """Return the cells of persons after actions, of which those beyond the five moves do nothing."""
    return moved(person, MOVES[np.minimum(actions, STAY)], boxes)

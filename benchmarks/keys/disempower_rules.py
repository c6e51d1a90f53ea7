"""The rules of the Disempower-Grid for thousands of states at once.

A state is one integer, and cells are numbered row by row; the number after the last cell stands for what is outside
the grid. The rules are those of `empowerment.worlds.disempower`, told a second time for arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from empowerment.worlds.disempower import MOVES, STEPS, Cell, Grid, GridState

Step = Callable[[np.ndarray], np.ndarray]
"""Takes the codes of states and returns those after each action of the assistant, of shape (n_states, n_actions)."""

DIRECTIONS, STAY = tuple(MOVES), tuple(STEPS).index("stay")
_BITS = 5  # of a cell, and of a count


class States(NamedTuple):
    """Many states: where everybody and every box is.

    Attributes
    ----------
    user, bystander, assistant : ndarray of int of shape (n_states,)
    boxes : ndarray of int of shape (n_states, n_boxes)
    frozen : ndarray of int of shape (n_states,)
        For how many steps the bystander stays frozen.
    keys : ndarray of int of shape (n_states,)
        Who has taken the key, where persons walk: 1 for the user plus 2 for the bystander.
    """

    user: np.ndarray
    bystander: np.ndarray
    assistant: np.ndarray
    boxes: np.ndarray
    frozen: np.ndarray
    keys: np.ndarray

    @classmethod
    def unpacked(cls, codes: np.ndarray, n_boxes: int) -> States:
        """Return the states with these codes."""
        fields = [codes >> _BITS * place & (1 << _BITS) - 1 for place in range(5 + n_boxes)]
        user, bystander, assistant, frozen, keys = fields[:5]
        return cls(user, bystander, assistant, np.stack(fields[5:], axis=1), frozen, keys)

    def packed(self) -> np.ndarray:
        """Return one integer for each state."""
        fields = [self.user, self.bystander, self.assistant, self.frozen, self.keys, *self.boxes.T]
        return sum(field.astype(np.int64) << _BITS * place for place, field in enumerate(fields))


class Rules:
    """The rules in one layout.

    Parameters
    ----------
    grid : Grid

    Attributes
    ----------
    grid : Grid
    n_cells : int
    beside : ndarray of int of shape (n_cells + 1, 5)
        The cell that each direction leads to, the last of which stays.
    actions : list
        What the assistant can do.
    """

    def __init__(self, grid: Grid) -> None:
        height, width = grid.shape
        self.grid, self.n_cells, self.actions = grid, height * width, grid.actions()["assistant"]
        self.beside = np.full((self.n_cells + 1, len(STEPS)), self.n_cells, dtype=np.int8)
        for row, column in np.ndindex(*grid.shape):
            for place, (down, right) in enumerate(STEPS.values()):
                there = row + down, column + right
                if 0 <= there[0] < height and 0 <= there[1] < width:
                    self.beside[self.number(row, column), place] = self.number(*there)
        self._walks = self.beside.copy()
        self._walks[self.number(*grid.trap)] = self.number(*grid.trap)
        self._open = np.ones(self.n_cells + 1, dtype=bool)
        self._open[[self.n_cells, *(self.number(*cell) for cell in grid.walls)]] = False
        self._goals = np.array([self.number(*goal) for goal in grid.goals])

    def number(self, row: int, column: int) -> int:
        """Return the number of a cell."""
        return row * self.grid.shape[1] + column

    def cell(self, number: int) -> Cell:
        """Return the cell with a number."""
        row, column = divmod(int(number), self.grid.shape[1])
        return row, column

    def states(self, labels: list[GridState]) -> States:
        """Return states of the world as arrays."""
        assistants = [self.n_cells if each.assistant is None else self.number(*each.assistant) for each in labels]
        return States(
            np.array([self.number(*each.user) for each in labels]),
            np.array([self.number(*each.bystander) for each in labels]),
            np.array(assistants),
            np.array([[self.number(*box) for box in each.boxes] for each in labels]),
            np.array([each.frozen for each in labels]),
            np.zeros(len(labels), dtype=np.int64),
        )

    def free(self, states: States) -> np.ndarray:
        """Return which cells hold neither wall nor box nor assistant, of shape (n_states, n_cells + 1)."""
        free = np.repeat(self._open[None], len(states.user), axis=0)
        np.put_along_axis(free, np.column_stack([states.boxes, states.assistant]), False, axis=1)
        return free

    def targets(self, free: np.ndarray, cells: np.ndarray, directions: Any) -> np.ndarray:
        """Return where persons want to be after a step, their own cell if the other is not free.

        Arrays have a last axis over states, and others that are broadcast.
        """
        there = self._walks[cells, directions]
        return np.where(free[np.arange(len(free)), there], there, cells)

    def moved(
        self, users: np.ndarray, bystanders: np.ndarray, to_user: np.ndarray, to_bystander: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return where both persons are after a step: where they want to be, if they neither meet nor swap."""
        meet = to_user == to_bystander
        if self._goals.size == 1:
            meet &= to_user != self._goals[0]
        stay = meet | ((to_user == bystanders) & (to_bystander == users))
        return np.where(stay, users, to_user), np.where(stay, bystanders, to_bystander)

    def assisted(self, states: States) -> list[States]:
        """Return the states after each action of the assistant, and the freeze timers one lower."""
        free = self.free(states)
        np.put_along_axis(free, np.column_stack([states.user, states.bystander]), False, axis=1)
        after = [self._after(states, free, action) for action in self.actions]
        return [each._replace(frozen=np.maximum(each.frozen - 1, 0)) for each in after]

    def _after(self, states: States, free: np.ndarray, action: Any) -> States:
        if action == "idle":
            return states
        if action == "freeze":
            return states._replace(frozen=np.full_like(states.frozen, self.grid.freezes))
        what, direction = action
        place = DIRECTIONS.index(direction)
        if self.grid.initial.assistant is None:
            return self._pushed(states, free, states.boxes[:, what], place)[0]
        ahead = self.beside[states.assistant, place].astype(np.int64)
        if what == "push":
            after, done = self._pushed(states, free, ahead, place)
        else:
            after, done = states, free[np.arange(len(free)), ahead]
        if what == "pull":
            behind = self.beside[states.assistant, (place + 2) % 4].astype(np.int64)
            done &= (states.boxes == behind[:, None]).any(axis=1) & self._may_hold(states.assistant)
            after = _with_box(states, np.where(done, behind, -1), states.assistant)
        after = after._replace(boxes=np.sort(after.boxes, axis=1))  # in the grid boxes are not told apart
        return after._replace(assistant=np.where(done, ahead, states.assistant))

    def _pushed(self, states: States, free: np.ndarray, box: np.ndarray, place: int) -> tuple[States, np.ndarray]:
        """Return the states with a box one cell farther where nothing is in its way, and where that is so."""
        there = self.beside[box, place].astype(np.int64)
        done = (states.boxes == box[:, None]).any(axis=1) & free[np.arange(len(free)), there]
        done &= self._may_hold(there)
        return _with_box(states, np.where(done, box, -1), there), done

    def _may_hold(self, cells: np.ndarray) -> np.ndarray:
        return self.grid.goals_may_be_covered | ~np.isin(cells, self._goals)


def _with_box(states: States, box: np.ndarray, there: np.ndarray) -> States:
    """Return the states with a box in another cell; no box has the number -1."""
    return states._replace(boxes=np.where(states.boxes == box[:, None], there[:, None], states.boxes))


class TooManyStatesError(ValueError):
    """A world has more states than were allowed."""


def explored(start: int, step: Step, most: float = math.inf) -> tuple[np.ndarray, np.ndarray]:
    """Return the codes of all states within reach, in ascending order, and the numbers of those that follow.

    Raises
    ------
    TooManyStatesError
        If there are more than `most`.
    """
    known = frontier = np.array([start])
    while frontier.size:
        frontier = np.setdiff1d(np.unique(step(frontier)), known, assume_unique=True)
        known = np.union1d(known, frontier)
        if len(known) > most:
            raise TooManyStatesError(f"found {len(known)} states, at most {most:g} are allowed")
    return known, np.searchsorted(known, step(known))


def standing(rules: Rules, *, alike: bool = False) -> Step:
    """Return the step function while both persons stand still.

    If boxes are `alike`, an assistant outside the grid does not tell them apart. That changes no plan, and leaves one
    state of many.
    """
    n_boxes = len(rules.grid.initial.boxes)

    def step(codes: np.ndarray) -> np.ndarray:
        after = rules.assisted(States.unpacked(codes, n_boxes))
        if alike:
            after = [each._replace(boxes=np.sort(each.boxes, axis=1)) for each in after]
        return np.stack([each.packed() for each in after], axis=1)

    return step

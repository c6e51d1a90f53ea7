"""A grid in which a person is boxed in, and an assistant moves the boxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from empowerment.core import validate

Cell = tuple[int, int]

_SIZE = 5
_CELLS = [(row, column) for row in range(_SIZE) for column in range(_SIZE)]
_MOVES: dict[str, Cell] = {"left": (0, -1), "down": (1, 0), "right": (0, 1), "up": (-1, 0), "stay": (0, 0)}


class BoxedState(NamedTuple):
    """Where the person and every box is."""

    person: Cell
    boxes: tuple[Cell, ...]


_CASES: dict[str, BoxedState] = {
    "center": BoxedState((2, 2), ((2, 3), (3, 2), (2, 1), (1, 2))),
    "corner": BoxedState((0, 0), ((0, 1), (1, 0))),
    "corner-hard": BoxedState((0, 0), ((0, 2), (2, 0))),
}
_RULES = ("by-box", "by-cell")


@dataclass(frozen=True)
class _Grid:
    """The rules: how the assistant names what it moves, and where the person has arrived."""

    initial: BoxedState
    by_cell: bool
    goal: Cell | None

    def actions(self) -> dict[str, list[Any]]:
        """Return the actions of both."""
        objects: list[Any] = _CELLS if self.by_cell else list(range(len(self.initial.boxes)))
        return {"person": list(_MOVES), "assistant": [(what, move) for what in objects for move in _MOVES]}

    def step(self, state: BoxedState, chosen: Mapping[str, Any]) -> BoxedState:
        """Return the state after one turn: that of the person, or that of the assistant."""
        if state.person == self.goal or state.person in state.boxes:
            return state
        if "person" in chosen:
            there = _beside(state.person, chosen["person"])
            return state._replace(person=there) if _inside(there) and there not in state.boxes else state
        what, move = chosen["assistant"]
        box = what if self.by_cell else state.boxes[what]
        there = _beside(box, move)
        if not _inside(there) or there in state.boxes or (there == state.person and not self.by_cell):
            return state
        return state._replace(boxes=tuple(there if each == box else each for each in state.boxes))


def _beside(cell: Cell, move: str) -> Cell:
    down, right = _MOVES[move]
    return cell[0] + down, cell[1] + right


def _inside(cell: Cell) -> bool:
    return 0 <= cell[0] < _SIZE and 0 <= cell[1] < _SIZE


def boxed_in_grid(case: str = "corner", *, rules: str = "by-box", goal: Cell | None = None) -> dict[str, Any]:
    """Return a grid of a person and a mover of boxes, as arguments of :func:`empowerment.from_joint_step`.

    In a step the person moves first, into a cell of the square of five by five that holds no box. Then the assistant
    moves a box by one cell, if no other box is there.

    Parameters
    ----------
    case : {"center", "corner", "corner-hard"}
        Where all begin: a person in the middle with a box on each side, one in a corner behind two boxes, and one in
        a corner with a box two cells away along each border.
    rules : {"by-box", "by-cell"}
        How the assistant names what it moves. By the number of the box: then no box enters the cell of the person (Du
        et al.). By its cell, and nothing moves if there is no box: then one may be put on the person, after which
        nothing moves any more (Myers et al.).
    goal : (int, int), optional
        A cell. Once the person is there nothing moves any more.

    Returns
    -------
    dict
        The arguments `step`, `initial`, `actions`, `order` and `sensors`. States are named tuples (person, boxes) of
        cells (row, column). The person moves "left", "down", "right", "up" or has "stay"; an action of the assistant
        is a pair (box or cell, move). The person observes its cell, the assistant the boxes.

    Raises
    ------
    ValueError
        If the case, the rules or the cell are not known.

    See Also
    --------
    empowerment.from_joint_step : Explore the grid.
    disempower_grid : A grid with a second person.

    Notes
    -----
    A person who is boxed in has no empowerment, whatever the horizon, while the assistant idles. In five steps a
    person reaches 15 of the 23 free cells from the corner once both boxes are out of the way at ``(0, 2)`` and ``(1,
    0)``, and so has log2 15 bits.

    References
    ----------
    Y. Du, S. Tiomkin, E. Kıcıman, D. Polani, P. Abbeel and A. Dragan, "AvE: assistance via empowerment", NeurIPS 33,
    2020; V. Myers, E. Ellis, S. Levine, B. Eysenbach and A. Dragan, "Learning to assist humans without inferring
    rewards", NeurIPS 37, 2024.

    Examples
    --------
    An assistant who acts at random gives a little control to a person in the corner:

    >>> import empowerment as emp
    >>> grid = emp.from_joint_step(**emp.worlds.boxed_in_grid("corner"), depth=3)
    >>> grid
    MultiAgentMDP(194 states; actions: person 5, assistant 10 in 2 turns; deterministic)
    >>> for assistant in ({(0, "stay"): 1}, "uniform"):
    ...     policies, start = {"assistant": assistant}, grid.states[0]
    ...     print(emp.transfer_empowerment(grid, 3, "person", "person", policies, states=start).value.round(6))
    [0.]
    [0.454665]
    """
    initial = _CASES[validate.one_of(case, _CASES, "case")]
    by_cell = validate.one_of(rules, _RULES, "rules") == "by-cell"
    if goal is not None:
        goal = _CELLS[validate.index_of(goal, {cell: i for i, cell in enumerate(_CELLS)}, "cell")]
    grid = _Grid(initial, by_cell, goal)
    return {
        "step": grid.step,
        "initial": initial,
        "actions": grid.actions(),
        "order": ["person", "assistant"],
        "sensors": {"person": attrgetter("person"), "assistant": attrgetter("boxes")},
    }

"""Worlds that a person and an assistant share."""

from __future__ import annotations

import numpy as np

from empowerment.core import validate
from empowerment.core.layout import GridLayout
from empowerment.models.two_agents import TwoAgentMDP
from empowerment.worlds.graph import graph_layout

_MOVES = {"left": -1, "right": 1, "stay": 0}

# Longer ones, as arrays of 9 * length ** 4 entries, take too much memory.
_LONGEST = 40


def shared_corridor(length: int = 4) -> TwoAgentMDP:
    """Make a corridor of cells in which a person and an assistant cannot pass each other.

    Both choose at the same time. The person moves first, if the cell in that direction is free, and then the
    assistant, if its cell is free by then.

    Parameters
    ----------
    length : int
        Number of cells, at least 2.

    Returns
    -------
    TwoAgentMDP
        States (person's cell, assistant's cell), two different numbers below `length`; actions "left", "right" and
        "stay". On its map the column is the person's cell and the row is the assistant's.

    See Also
    --------
    two_way_lamp, two_way_dimmer : Other worlds of two agents.
    empowerment.TwoAgentMDP : The model.

    Examples
    --------
    If the assistant stays, a person between it and the wall has no control:

    >>> import empowerment as emp
    >>> corridor = emp.worlds.shared_corridor()
    >>> corridor
    TwoAgentMDP(12 states, 3 person's actions, 3 assistant's actions, deterministic)
    >>> still = corridor.under_assistant([0, 0, 1])
    >>> emp.empowerment(still, 2, states=(0, 1), sensor=lambda state: state[0]).value
    array([0.])
    """
    length = validate.positive_int(length, "length", most=_LONGEST)
    if length < 2:
        raise ValueError("length is 1, expected at least 2 cells: one for the person and one for the assistant")
    states = [(person, assistant) for person in range(length) for assistant in range(length) if person != assistant]
    number = {state: i for i, state in enumerate(states)}
    transition = np.zeros((len(states), len(_MOVES), len(_MOVES), len(states)))
    for person, assistant in states:
        for h, step in enumerate(_MOVES.values()):
            there = _moved(person, step, assistant, length)
            for r, follow in enumerate(_MOVES.values()):
                after = there, _moved(assistant, follow, there, length)
                transition[number[person, assistant], h, r, number[after]] = 1.0
    return TwoAgentMDP(
        transition,
        states=states,
        person_actions=tuple(_MOVES),
        assistant_actions=tuple(_MOVES),
        layout=GridLayout(
            (length, length),
            tuple((assistant, person) for person, assistant in states),
            axes=("assistant's cell", "person's cell"),
            name="shared_corridor",
        ),
    )


def _moved(cell: int, step: int, other: int, length: int) -> int:
    wanted = cell + step
    return cell if wanted == other or not 0 <= wanted < length else wanted


def two_way_lamp() -> TwoAgentMDP:
    """Make a lamp with two switches, one for each agent, that is on if they differ.

    Jointly they have one bit. If the other agent acts at random each has none, but one bit for a receiver that
    observes the other's action.

    Returns
    -------
    TwoAgentMDP
        States "off" and "on", actions "down" and "up".

    See Also
    --------
    two_way_dimmer : The lamp whose brightness is the number of switches.
    empowerment.informed_empowerment : Computes the second value.

    Examples
    --------
    >>> import empowerment as emp
    >>> lamp = emp.worlds.two_way_lamp()
    >>> emp.empowerment(lamp.joint).value
    array([1., 1.])
    """
    return _counted([[0, 1], [1, 0]], ("off", "on"), "two_way_lamp")


def two_way_dimmer() -> TwoAgentMDP:
    """Make a lamp with two switches, one for each agent, whose brightness is the number of switches that are up.

    It is the binary adder channel: jointly they have log2 3 bits, with independent choices at most 1.5.

    Returns
    -------
    TwoAgentMDP
        States 0, 1 and 2, actions "down" and "up".

    See Also
    --------
    two_way_lamp : The lamp that is on if the switches differ.
    empowerment.independent_sum_rate : Computes the second value.

    Examples
    --------
    >>> import empowerment as emp
    >>> dimmer = emp.worlds.two_way_dimmer()
    >>> emp.empowerment(dimmer.joint).value.round(6)
    array([1.584963, 1.584963, 1.584963])
    """
    return _counted([[0, 1], [1, 2]], (0, 1, 2), "two_way_dimmer")


def _counted(table: list[list[int]], states: tuple[object, ...], name: str) -> TwoAgentMDP:
    """Return the world whose next state depends on the two actions alone."""
    n_states = len(states)
    transition = np.broadcast_to(np.eye(n_states)[table], (n_states, 2, 2, n_states))
    switch = ("down", "up")
    layout = graph_layout(transition.reshape(n_states, 4, n_states), name)
    return TwoAgentMDP(transition, states=states, person_actions=switch, assistant_actions=switch, layout=layout)

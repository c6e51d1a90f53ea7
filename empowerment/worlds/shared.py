"""Worlds that a person and an assistant share."""

from __future__ import annotations

from itertools import product
from operator import itemgetter

import numpy as np
from scipy import sparse

from empowerment.core import validate
from empowerment.core.layout import GridLayout
from empowerment.models.multi_agent import MultiAgentMDP
from empowerment.worlds.graph import graph_layout

_MOVES = {"left": -1, "right": 1, "stay": 0}

_LONGEST = 300


def shared_corridor(length: int = 4) -> MultiAgentMDP:
    """Make a corridor of cells in which a person and an assistant cannot pass each other.

    Both choose at the same time. The person moves first, if the cell in that direction is free, and then the
    assistant, if its cell is free by then.

    Parameters
    ----------
    length : int
        Number of cells, at least 2.

    Returns
    -------
    MultiAgentMDP
        States (person's cell, assistant's cell), two different numbers below `length`; agents "person" and
        "assistant", each of which observes its cell; actions "left", "right" and "stay". On its map the column is the
        person's cell and the row is the assistant's.

    See Also
    --------
    two_way_lamp, two_way_dimmer : Other worlds of two agents.
    empowerment.MultiAgentMDP : The model.

    Examples
    --------
    If the assistant stays, a person between it and the wall has no control:

    >>> import empowerment as emp
    >>> corridor = emp.worlds.shared_corridor()
    >>> corridor
    MultiAgentMDP(12 states; actions: person 3, assistant 3; deterministic)
    >>> still = {"assistant": {"stay": 1}}
    >>> emp.transfer_empowerment(corridor, 2, "person", "person", still, states=(0, 1)).value
    array([0.])
    """
    length = validate.positive_int(length, "length", most=_LONGEST)
    if length < 2:
        raise ValueError("length is 1, expected at least 2 cells: one for the person and one for the assistant")
    states = [(person, assistant) for person in range(length) for assistant in range(length) if person != assistant]
    number = {state: i for i, state in enumerate(states)}
    after = []
    for (person, assistant), step, follow in product(states, _MOVES.values(), _MOVES.values()):
        there = _moved(person, step, assistant, length)
        after.append(number[there, _moved(assistant, follow, there, length)])
    return MultiAgentMDP(
        sparse.csr_array((np.ones(len(after)), (np.arange(len(after)), after)), shape=(len(after), len(states))),
        {"person": tuple(_MOVES), "assistant": tuple(_MOVES)},
        states=states,
        sensors={"person": itemgetter(0), "assistant": itemgetter(1)},
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


def two_way_lamp() -> MultiAgentMDP:
    """Make a lamp with two switches, one for each agent, that is on if they differ.

    Jointly they have one bit. If the other agent acts at random each has none, but one bit for a receiver that
    observes the other's action.

    Returns
    -------
    MultiAgentMDP
        States "off" and "on"; agents "person" and "assistant" with the actions "down" and "up".

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


def two_way_dimmer() -> MultiAgentMDP:
    """Make a lamp with two switches, one for each agent, whose brightness is the number of switches that are up.

    It is the binary adder channel: jointly they have log2 3 bits, with independent choices at most 1.5.

    Returns
    -------
    MultiAgentMDP
        States 0, 1 and 2; agents "person" and "assistant" with the actions "down" and "up".

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


def _counted(table: list[list[int]], states: tuple[object, ...], name: str) -> MultiAgentMDP:
    """Return the world whose next state depends on the two actions alone."""
    n_states = len(states)
    transition = np.broadcast_to(np.eye(n_states)[table], (n_states, 2, 2, n_states))
    switch = ("down", "up")
    layout = graph_layout(transition.reshape(n_states, 4, n_states), name)
    return MultiAgentMDP(transition, {"person": switch, "assistant": switch}, states=states, layout=layout)

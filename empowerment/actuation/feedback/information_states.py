"""The information states of an agent with feedback, step by step, and where its actions lead.

An information state is all that the agent knows: a state that it observes, or a belief. A level holds those that it
can be in after a number of steps, each once. An agent with steps left and no action that every possible state has is
stuck; only actions are listed that cannot lead there.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from types import ModuleType

import numpy as np

from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.task import NoSequenceError, TooManySequencesError
from empowerment.capacity.kernels import EQUAL_RTOL
from empowerment.models.belief_space import BeliefLevel, available_in, search_beliefs
from empowerment.models.pomdp import POMDP

_EPS = float(np.finfo(float).eps)

Branch = tuple[np.ndarray, np.ndarray]
"""Probabilities of the information states that an action leads to, and their numbers in the next level."""


@dataclass(frozen=True)
class InformationStates:
    """The levels of information states of an agent with feedback.

    Attributes
    ----------
    branches : list of list of list of Branch
        For each level but the last, for each information state, for each admissible action, what that leads to.
    endings : list of ndarray of shape (n_own_actions, n_readings)
        For each information state of the last level, what is read after each action it has.
    told : list of ndarray of shape (n_information_states, n_readings), or None
        For each level after the first, what is read on the way; None if only the last reading counts.
    relative_error : float
        No probability is further than this, relative to itself, from exact arithmetic.
    """

    branches: list[list[list[Branch]]]
    endings: list[np.ndarray]
    told: list[np.ndarray] | None
    relative_error: float


def information_states_of_model(dynamics: Dynamics, start: int, horizon: int, output: str) -> InformationStates:
    """Return the information states of an agent that sees the state, from one column on.

    Parameters
    ----------
    dynamics : Dynamics
    start : int
    horizon : int
        At least 1.
    output : {"final", "trajectory"}
        Whether the last reading or all of them count.

    Raises
    ------
    NoSequenceError
        If every policy may be stuck before its last step.
    """
    levels = list(islice(dynamics.admissible(), horizon))[::-1]
    if not levels[0].available[start].any():
        raise NoSequenceError
    front, branches, told = np.array([start]), [], []
    for level in levels[:-1]:
        moves = [[level.actions[a][[column]] for a in _own(level, column)] for column in front.tolist()]
        following = np.unique(np.concatenate([row.indices for own in moves for row in own]))
        branches.append([[(row.data, np.searchsorted(following, row.indices)) for row in own] for own in moves])
        told.append(dynamics.sensor[following].toarray())
        front = following
    endings = [
        np.stack([(dynamics.actions[a][[column]] @ dynamics.sensor).toarray()[0] for a in _own(dynamics, column)])
        for column in front.tolist()
    ]
    error = horizon * dynamics.product_error
    return InformationStates(branches, endings, told if output == "trajectory" else None, error)


def _own(dynamics: Dynamics, column: int) -> np.ndarray:
    return np.flatnonzero(dynamics.available[column])


def information_states_of_beliefs(
    model: POMDP, belief: np.ndarray, horizon: int, reading: np.ndarray, kernel: ModuleType, most: int
) -> InformationStates:
    """Return the information states of an agent that sees observations, of which only the last reading counts.

    Parameters
    ----------
    model : POMDP
    belief : ndarray of shape (n_states,)
    horizon : int
        At least 1.
    reading : ndarray of shape (n_actions, n_states, n_readings)
        What is read at the end, by the last action and the last state.
    kernel : module
        Its ``equal_rows`` finds beliefs that are equal up to rounding.
    most : int
        Most beliefs of a level.

    Raises
    ------
    TooManySequencesError
        If a level has more beliefs.
    NoSequenceError
        If every policy may be stuck before its last step.
    """

    def refuse(count: int, step: int) -> TooManySequencesError:
        return TooManySequencesError(f"after {step} of {horizon} steps there are {count} beliefs, allowed are {most}")

    front, branches = np.asarray(belief, dtype=float)[None], []
    levels = search_beliefs(
        model.mdp,
        model.observation,
        front,
        most=most,
        refuse=refuse,
        equal=kernel.equal_rows,
        known_for_good=False,
    )
    for level in islice(levels, horizon - 1):
        if not level.newest.size:
            raise NoSequenceError
        branches.append(_by_belief(level, len(front)))
        front = level.beliefs
    after = [matrix @ seen for matrix, seen in zip(model.mdp.action_matrices, reading, strict=True)]
    endings = [
        np.array([own @ after[a] for a in np.flatnonzero(able)]).reshape(-1, reading.shape[-1])
        for own, able in zip(front, available_in(model.mdp, front), strict=True)
    ]
    error = horizon * (3 * (model.n_states + 4) * _EPS + EQUAL_RTOL)
    return InformationStates(*_without_dead_ends(branches, endings), None, error)


def _by_belief(level: BeliefLevel, n_beliefs: int) -> list[list[Branch]]:
    """Return for each belief, for each of its actions, where that leads."""
    order = np.lexsort((level.actions, level.sources))
    source, action = level.sources[order], level.actions[order]
    ends = np.flatnonzero((np.diff(source) != 0) | (np.diff(action) != 0)) + 1
    found: list[list[Branch]] = [[] for _ in range(n_beliefs)]
    for part in np.split(order, ends):
        found[level.sources[part[0]]].append((level.chances[part], level.targets[part]))
    return found


def _without_dead_ends(
    branches: list[list[list[Branch]]], endings: list[np.ndarray]
) -> tuple[list[list[list[Branch]]], list[np.ndarray]]:
    """Leave out information states in which the agent is stuck, and actions that may lead to one."""
    alive, kept = np.array([len(own) > 0 for own in endings]), []
    endings = [own for own in endings if len(own)]
    for level in reversed(branches):
        place = np.cumsum(alive) - 1
        going_on = [[(p, place[where]) for p, where in own if alive[where].all()] for own in level]
        alive = np.array([len(own) > 0 for own in going_on])
        kept.append([own for own in going_on if own])
    if not alive.any():
        raise NoSequenceError
    return kept[::-1], endings

"""The information states of an agent with feedback, level by level, and the transitions between them.

An information state is what the agent knows: an observed state, or a belief. A level holds those reachable after a
number of steps, without repetition. It is a dead end if no action is available in every possible state while steps
are left; only admissible actions, which cannot lead to one, are listed.
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
"""Probabilities of the next information states after an action, and their numbers in the next level."""


@dataclass(frozen=True)
class InformationStates:
    """The levels of information states of an agent with feedback.

    Attributes
    ----------
    branches : list of list of list of Branch
        For each level but the last, for each information state, for each admissible action, its transition.
    endings : list of ndarray of shape (n_own_actions, n_readings)
        For each information state of the last level, the distribution of the reading after each action.
    reported : list of ndarray of shape (n_information_states, n_readings), or None
        For each level after the first, the distribution of the reading; None if only the last reading counts.
    relative_error : float
        Bound on the relative error of all probabilities.
    """

    branches: list[list[list[Branch]]]
    endings: list[np.ndarray]
    reported: list[np.ndarray] | None
    relative_error: float


def information_states_of_model(dynamics: Dynamics, start: int, horizon: int, output: str) -> InformationStates:
    """Return the information states of an agent that observes the state, from an initial column.

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
        If no policy is admissible.
    """
    levels = list(islice(dynamics.admissible(), horizon))[::-1]
    if not levels[0].available[start].any():
        raise NoSequenceError
    front, branches, reported = np.array([start]), [], []
    for level in levels[:-1]:
        moves = [[level.actions[a][[column]] for a in _available_actions(level, column)] for column in front.tolist()]
        following = np.unique(np.concatenate([row.indices for own in moves for row in own]))
        branches.append([[(row.data, np.searchsorted(following, row.indices)) for row in own] for own in moves])
        reported.append(dynamics.sensor[following].toarray())
        front = following
    endings = [
        np.stack(
            [
                (dynamics.actions[a][[column]] @ dynamics.sensor).toarray()[0]
                for a in _available_actions(dynamics, column)
            ]
        )
        for column in front.tolist()
    ]
    error = horizon * dynamics.product_error
    return InformationStates(branches, endings, reported if output == "trajectory" else None, error)


def _available_actions(dynamics: Dynamics, column: int) -> np.ndarray:
    return np.flatnonzero(dynamics.available[column])


def information_states_of_beliefs(
    model: POMDP, belief: np.ndarray, horizon: int, reading: np.ndarray, kernel: ModuleType, max_beliefs: int
) -> InformationStates:
    """Return the information states of an agent with observations, for the last reading alone.

    Parameters
    ----------
    model : POMDP
    belief : ndarray of shape (n_states,)
    horizon : int
        At least 1.
    reading : ndarray of shape (n_actions, n_states, n_readings)
        Distribution of the last reading, for each last action and last state.
    kernel : module
        Provides ``equal_rows``, which merges beliefs that are equal up to rounding.
    max_beliefs : int
        Limit on the beliefs of a level.

    Raises
    ------
    TooManySequencesError
        If a level exceeds the limit.
    NoSequenceError
        If no policy is admissible.
    """

    def refuse(count: int, step: int) -> TooManySequencesError:
        return TooManySequencesError(
            f"after {step} of {horizon} steps there are {count} beliefs, allowed are {max_beliefs}"
        )

    front, branches = np.asarray(belief, dtype=float)[None], []
    levels = search_beliefs(
        model.mdp,
        model.observation,
        front,
        max_beliefs=max_beliefs,
        refuse=refuse,
        equal=kernel.equal_rows,
        expand_once=False,
    )
    for level in islice(levels, horizon - 1):
        if not level.newest.size:
            raise NoSequenceError
        branches.append(_by_belief(level, len(front)))
        front = level.beliefs
    after = [matrix @ seen for matrix, seen in zip(model.mdp.action_matrices, reading, strict=True)]
    endings = [
        np.array([own @ after[a] for a in np.flatnonzero(available)]).reshape(-1, reading.shape[-1])
        for own, available in zip(front, available_in(model.mdp, front), strict=True)
    ]
    error = horizon * (3 * (model.n_states + 4) * _EPS + EQUAL_RTOL)
    return InformationStates(*_without_dead_ends(branches, endings), None, error)


def _by_belief(level: BeliefLevel, n_beliefs: int) -> list[list[Branch]]:
    """Return the branches of each belief, one for each action."""
    order = np.lexsort((level.actions, level.sources))
    source, action = level.sources[order], level.actions[order]
    ends = np.flatnonzero((np.diff(source) != 0) | (np.diff(action) != 0)) + 1
    branches: list[list[Branch]] = [[] for _ in range(n_beliefs)]
    for part in np.split(order, ends):
        branches[level.sources[part[0]]].append((level.chances[part], level.targets[part]))
    return branches


def _without_dead_ends(
    branches: list[list[list[Branch]]], endings: list[np.ndarray]
) -> tuple[list[list[list[Branch]]], list[np.ndarray]]:
    """Remove dead ends, and actions that may lead to one."""
    alive, kept = np.array([len(own) > 0 for own in endings]), []
    endings = [own for own in endings if len(own)]
    for level in reversed(branches):
        position = np.cumsum(alive) - 1
        going_on = [[(p, position[where]) for p, where in own if alive[where].all()] for own in level]
        alive = np.array([len(own) > 0 for own in going_on])
        kept.append([own for own in going_on if own])
    if not alive.any():
        raise NoSequenceError
    return kept[::-1], endings

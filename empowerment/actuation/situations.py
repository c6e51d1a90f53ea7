"""What an agent that sees what happens can be faced with, step by step, and where its actions take it.

A situation is all the agent knows: a state it sees, or a belief. Those of a level are the ones it can be in after so
many steps, each once, however it got there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np
from scipy import sparse

from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.task import TooManySequencesError
from empowerment.capacity.kernels import EQUAL_RTOL
from empowerment.models.beliefs import available_in, normalised
from empowerment.models.pomdp import POMDP

_EPS = float(np.finfo(float).eps)

Branch = tuple[np.ndarray, np.ndarray]
"""Probabilities of the situations that an action leads to, and their numbers in the next level."""


@dataclass(frozen=True)
class Situations:
    """The levels of situations of an agent with feedback.

    Attributes
    ----------
    branches : list of list of list of Branch
        For each level but the last, for each situation, for each action it has, what that leads to.
    endings : list of ndarray of shape (n_own_actions, n_readings)
        For each situation of the last level, what is read after each action it has.
    told : list of ndarray of shape (n_situations, n_readings), or None
        For each level after the first, what is read on the way; None if only the last reading counts.
    relative_error : float
        No probability is further than this, relative to itself, from exact arithmetic.
    """

    branches: list[list[list[Branch]]]
    endings: list[np.ndarray]
    told: list[np.ndarray] | None
    relative_error: float


def staying(dynamics: Dynamics) -> Dynamics:
    """Return the same with an action that does nothing where there is none: the world ends there, and stays so."""
    stuck = ~dynamics.available.any(axis=1)
    if not stuck.any():
        return dynamics
    first = sparse.csr_array(dynamics.actions[0] + sparse.diags_array(stuck.astype(float)))
    available = dynamics.available.copy()
    available[stuck, 0] = True
    return replace(dynamics, actions=(first, *dynamics.actions[1:]), available=available)


def of_states(dynamics: Dynamics, start: int, horizon: int, output: str) -> Situations:
    """Return the situations of an agent that sees the state, from one column on.

    Parameters
    ----------
    dynamics : Dynamics
        Where every column has an action, see :func:`staying`.
    start : int
    horizon : int
        At least 1.
    output : {"final", "trajectory"}
        Whether the last reading or all of them count.
    """
    front, branches, told = np.array([start]), [], []
    for _ in range(horizon - 1):
        following = np.flatnonzero(dynamics.successors[front].sum(axis=0))
        branches.append([_branches(dynamics, column, following) for column in front.tolist()])
        told.append(dynamics.sensor[following].toarray())
        front = following
    endings = [
        np.stack([(dynamics.actions[a][[column]] @ dynamics.sensor).toarray()[0] for a in _own(dynamics, column)])
        for column in front.tolist()
    ]
    error = horizon * dynamics.product_error
    return Situations(branches, endings, told if output == "trajectory" else None, error)


def _own(dynamics: Dynamics, column: int) -> np.ndarray:
    return np.flatnonzero(dynamics.available[column])


def _branches(dynamics: Dynamics, column: int, following: np.ndarray) -> list[Branch]:
    found = []
    for action in _own(dynamics, column):
        row = dynamics.actions[action][[column]]
        found.append((row.data, np.searchsorted(following, row.indices)))
    return found


def of_beliefs(
    model: POMDP, belief: np.ndarray, horizon: int, reading: np.ndarray, kernel: ModuleType, most: int
) -> Situations:
    """Return the situations of an agent that sees observations, of which only the last reading counts.

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
    ValueError
        If the agent can come to a belief in which no action is available.
    """
    front, branches = np.asarray(belief, dtype=float)[None], []
    for step in range(horizon - 1):
        children: list[np.ndarray] = []
        places: list[list[Branch]] = [[] for _ in front]
        for own, able, branch in zip(front, _able(model, front, step), places, strict=True):
            for action in np.flatnonzero(able):
                joint = (own @ model.mdp.action_matrices[action]) * model.observation[action].T
                joint = joint[joint.any(axis=1)]
                first = sum(len(child) for child in children)
                branch.append((joint.sum(axis=1), np.arange(first, first + len(joint))))
                children.append(normalised(joint))
        found = np.concatenate(children)
        same = kernel.equal_rows(found)
        kept = np.unique(same)
        if kept.size > most:
            raise TooManySequencesError(
                f"after {step + 1} of {horizon} steps there are {kept.size} beliefs, allowed are {most}"
            )
        number_of = np.searchsorted(kept, same)
        branches.append([[(p, number_of[where]) for p, where in own] for own in places])
        front = found[kept]
    able = _able(model, front, horizon - 1)
    after = [matrix @ seen for matrix, seen in zip(model.mdp.action_matrices, reading, strict=True)]
    endings = [np.stack([own @ after[a] for a in np.flatnonzero(one)]) for own, one in zip(front, able, strict=True)]
    error = horizon * (3 * (model.n_states + 4) * _EPS + EQUAL_RTOL)
    return Situations(branches, endings, None, error)


def _able(model: POMDP, beliefs: np.ndarray, step: int) -> np.ndarray:
    able = available_in(model.mdp, beliefs)
    stuck = np.flatnonzero(~able.any(axis=1))
    if stuck.size:
        possible = [model.states[s] for s in np.flatnonzero(beliefs[stuck[0]]).tolist()]
        shown = ", ".join(map(repr, possible[:4])) + (", …" if len(possible) > 4 else "")
        raise ValueError(
            f"after {step} steps no action is available in every state that can then be held possible ({shown}); "
            "expected one, because an agent that cannot tell these states apart needs it. Make an action available "
            "that does nothing, for example"
        )
    return able

"""Dead ends: states, or beliefs, in which the agent is stuck, and the actions that keep it out of them.

An agent is stuck where no action is available, unless it has no steps left. An action is admissible if, wherever it
may lead, the agent can go on for as many steps as are left then. This is the one place where that rule is kept for
states; for what an agent knows step by step it is kept in `actuation.feedback.information_states` and
`actuation.feedback.history_tree`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from scipy import sparse

from empowerment.models.mdp import MDP


def admissible_actions(
    matrices: Sequence[sparse.csr_array],
    available: np.ndarray,
    alive: np.ndarray | None = None,
    unknown: np.ndarray | None = None,
) -> Iterator[np.ndarray]:
    """Yield which actions are admissible with 1, 2, 3, … steps left.

    Parameters
    ----------
    matrices : sequence of csr_array of shape (n_states, n_states)
        One for each action.
    available : ndarray of bool of shape (n_states, n_actions)
    alive : ndarray of bool of shape (n_states,), optional
        In which states one may end; by default in all of them.
    unknown : ndarray of bool of shape (n_states,), optional
        States whose actions lead further than `matrices` tell. They are taken to be alive.

    Yields
    ------
    ndarray of bool of shape (n_states, n_actions)
        The same array again and again once nothing changes any more.
    """
    alive = np.ones(len(available), dtype=bool) if alive is None else alive
    while True:
        lost = np.column_stack([matrix @ (~alive).astype(float) > 0 for matrix in matrices])
        allowed = available & ~lost
        yield allowed
        before, alive = alive, allowed.any(axis=1)
        if unknown is not None:
            alive = alive | unknown
        if (alive == before).all():
            break
    while True:
        yield allowed


def lasting_actions(model: MDP) -> np.ndarray:
    """Return which actions an agent may take that never ends: those after which it need never be stuck.

    Returns
    -------
    ndarray of bool of shape (n_states, n_actions)
        The greatest fixed point: actions that may lead to a state without any are struck out until none does. A state
        without such an action is a dead end, or leads to one whatever is done. Terminal states have all actions.
    """
    if model.available.any(axis=1).all():
        return model.available
    steps = admissible_actions(model.action_matrices, model.available)
    return next(later for earlier, later in pairwise(steps) if (later == earlier).all())


def refuse_dead_ends(model: MDP) -> None:
    """Raise a ValueError if there is a state without actions that is not terminal."""
    stuck = np.flatnonzero(~model.available.any(axis=1))
    if stuck.size:
        raise ValueError(
            f"in state {model.states[stuck[0]]!r} of the model no action is available, expected one in each; declare "
            "such states terminal, MDP(..., terminal=...)"
        )

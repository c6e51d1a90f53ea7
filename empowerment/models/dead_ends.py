"""Dead ends, and the actions that avoid them.

A dead end is a state in which no action is available while steps are left. An action is admissible if no possible
successor is a dead end for the remaining steps. This module applies the rule to states; for information states and
histories see `actuation.feedback.information_states` and `actuation.feedback.history_tree`.
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
        Permitted final states; by default all of them.
    unknown : ndarray of bool of shape (n_states,), optional
        States with successors outside of `matrices`. They count as alive.

    Yields
    ------
    ndarray of bool of shape (n_states, n_actions)
        Once nothing changes any more, always the same array.
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
    """Return which actions are admissible with infinitely many steps left.

    Returns
    -------
    ndarray of bool of shape (n_states, n_actions)
        The greatest fixed point: actions that may lead to a state without any are removed until none does. From a
        state without such actions every policy may reach a dead end. Terminal states have all actions.
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

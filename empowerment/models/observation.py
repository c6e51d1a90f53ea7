"""Checks of the observation probabilities of a POMDP."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from empowerment.core import validate
from empowerment.models.mdp import MDP

AXES = "(action, next_state, observation)"


def occurring(mdp: MDP) -> np.ndarray:
    """Return which states each action can lead to from some state, shape (n_actions, n_states)."""
    counts = [np.bincount(matrix.indices, minlength=mdp.n_states) for matrix in mdp.action_matrices]
    return np.array(counts) > 0


def checked(observation: Any, mdp: MDP, occurs: np.ndarray, normalize: bool) -> np.ndarray:
    """Return the observation with all three axes, read-only, each row checked."""
    if sparse.issparse(observation):
        observation = observation.toarray()
    shared = _n_axes(observation) == 2
    axes = "(next_state, observation)" if shared else AXES
    array = validate.number_array(observation, "observation", 2 if shared else 3, axes)
    _check_shape(array, mdp)
    rows = array.reshape(-1, array.shape[-1])
    occurring = occurs.any(axis=0) if shared else occurs.reshape(-1)

    def where(row: int) -> str:
        action, state = divmod(row, mdp.n_states)
        if shared:
            return f"[{state}] (next state {mdp.states[state]!r})"
        return f"[{action}, {state}] (action {mdp.actions[action]!r}, next state {mdp.states[state]!r})"

    checked_rows = validate.probability_rows(
        rows,
        "observation",
        where=where,
        hint=f", or check the axis order: expected {axes}",
        normalize=normalize,
        unchecked=np.asarray(~occurring & ~rows.any(axis=1)),
    ).reshape(array.shape)
    checked_rows.setflags(write=False)
    return np.broadcast_to(checked_rows, (mdp.n_actions, mdp.n_states, array.shape[-1]))


def _n_axes(values: Any) -> int:
    try:
        return np.ndim(values)
    except ValueError:  # rows of different lengths have an error message of their own
        return 3


def _check_shape(array: np.ndarray, mdp: MDP) -> None:
    """Raise if the axes do not fit the model, with a transposition that does as a hint."""
    leading_shape = (mdp.n_actions, mdp.n_states)[-(array.ndim - 1) :]
    if array.shape[:-1] == leading_shape:
        return
    hint = ""
    if array.ndim == 2 and array.shape[1] == mdp.n_states:
        hint = "; this looks like (observation, next_state): np.transpose(observation) mends that"
    elif array.ndim == 3 and array.shape[:2] == leading_shape[::-1]:
        hint = "; this looks like (next_state, action, observation): np.swapaxes(observation, 0, 1) mends that"
    elif array.ndim == 3 and array.shape[1:] == leading_shape[::-1]:
        hint = "; this looks like (observation, next_state, action): np.transpose(observation) mends that"
    names = "(n_states, n_observations)" if array.ndim == 2 else "(n_actions, n_states, n_observations)"
    raise ValueError(
        f"observation has shape {array.shape}, expected {names} with {mdp.n_actions} actions and "
        f"{mdp.n_states} states{hint}"
    )

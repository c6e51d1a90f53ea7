"""Observation probabilities of a POMDP: their forms, and their checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.core import validate
from empowerment.models.mdp import MDP

AXES = "(action, next_state, observation)"


@dataclass(frozen=True)
class ObservationRows:
    """Distributions of the observation, dense or sparse as they were given.

    Attributes
    ----------
    matrix : ndarray or csr_array of shape (n_actions * n_states, n_observations), or (n_states, n_observations)
        Row ``action * n_states + state`` belongs to a state that the action has led to; row ``state``, where the
        observation does not depend on the action. A row may be all zeros where the action does not lead to the state.
    n_actions, n_states : int
        Numbers of actions and states.
    """

    matrix: Any
    n_actions: int
    n_states: int

    @property
    def is_shared(self) -> bool:
        """Whether there is one row for each state, whatever the action was."""
        return bool(self.matrix.shape[0] == self.n_states)

    @property
    def given(self) -> Any:
        """The rows in a form that :class:`POMDP` takes."""
        dense = not sparse.issparse(self.matrix) and not self.is_shared
        return self.matrix.reshape(self.n_actions, self.n_states, -1) if dense else self.matrix

    def numbers(self, actions: np.ndarray, states: np.ndarray) -> np.ndarray:
        """Return the rows of states that actions have led to, arrays of the same shape."""
        return states if self.is_shared else actions * self.n_states + states

    def after(self, action: int) -> Any:
        """Return the rows of all states after an action, of shape (n_states, n_observations)."""
        begin = 0 if self.is_shared else action * self.n_states
        return self.matrix[begin : begin + self.n_states]

    def row(self, action: int, state: int) -> np.ndarray:
        """Return the distribution in a state that an action has led to, of shape (n_observations,)."""
        return _dense(self.after(action)[[state]]).reshape(-1)

    def likelihood(self, action: int, seen: int) -> np.ndarray:
        """Return the probability of an observation in each state after an action, of shape (n_states,)."""
        return _dense(self.after(action)[:, [seen]]).reshape(-1)

    def first(self, occurs: np.ndarray) -> Any:
        """Return for each state the row of the first action that leads to it, given :func:`occurring`."""
        return self.matrix[self.numbers(occurs.argmax(axis=0), np.arange(self.n_states))]

    def depends_on_action(self, occurs: np.ndarray) -> bool:
        """Return whether rows of a state differ among the actions that lead to it, given :func:`occurring`."""
        if self.is_shared:
            return False
        first = self.first(occurs)
        differing = [np.asarray((self.after(a) != first).sum(axis=1)).reshape(-1) > 0 for a in range(self.n_actions)]
        return bool((np.array(differing) & occurs).any())

    def dense(self) -> np.ndarray:
        """Return the probabilities as an array of shape (n_actions, n_states, n_observations), read-only."""
        rows = _dense(self.matrix).reshape(-1, self.n_states, self.matrix.shape[1])
        rows.setflags(write=False)
        return np.broadcast_to(rows, (self.n_actions, *rows.shape[1:]))


def _dense(matrix: Any) -> np.ndarray:
    return np.asarray(matrix.toarray() if sparse.issparse(matrix) else matrix)


def occurring(mdp: MDP) -> np.ndarray:
    """Return which states each action can lead to from some state, shape (n_actions, n_states)."""
    counts = [np.bincount(matrix.indices, minlength=mdp.n_states) for matrix in mdp.action_matrices]
    return np.array(counts) > 0


def checked(observation: Any, mdp: MDP, occurs: np.ndarray, normalize: bool) -> ObservationRows:
    """Return the observation as rows, each of which was checked."""
    rows = _sparse_rows(observation, mdp) if _is_sparse(observation) else _dense_rows(observation, mdp)
    shared = rows.shape[0] == mdp.n_states
    occurring = occurs.any(axis=0) if shared else occurs.reshape(-1)

    def where(row: int) -> str:
        action, state = divmod(row, mdp.n_states)
        if shared:
            return f"[{state}] (next state {mdp.states[state]!r})"
        return f"[{action}, {state}] (action {mdp.actions[action]!r}, next state {mdp.states[state]!r})"

    found = validate.probability_rows(
        rows,
        "observation",
        where=where,
        hint=f", or check the axis order: expected {'(next_state, observation)' if shared else AXES}",
        normalize=normalize,
        unchecked=~occurring & _is_empty(rows),
    )
    for part in (found.data, found.indices, found.indptr) if sparse.issparse(found) else (found,):
        part.setflags(write=False)
    return ObservationRows(found, mdp.n_actions, mdp.n_states)


def _is_empty(rows: Any) -> np.ndarray:
    """Return which rows are all zeros."""
    return np.asarray((rows != 0).sum(axis=1)).reshape(-1) == 0


def _is_sparse(observation: Any) -> bool:
    several = isinstance(observation, list | tuple) and len(observation) > 0
    return sparse.issparse(observation) or (several and all(map(sparse.issparse, observation)))


def _sparse_rows(observation: Any, mdp: MDP) -> sparse.csr_array:
    """Return sparse rows: those of one matrix, or of one for each action."""
    parts = [observation] if sparse.issparse(observation) else list(observation)
    shapes = [part.shape for part in parts]
    n_rows = sum(shape[0] for shape in shapes)
    fit = len({shape[1:] for shape in shapes}) == 1 and n_rows in (mdp.n_states, mdp.n_actions * mdp.n_states)
    if not fit or len(parts) not in (1, mdp.n_actions):
        hint = ""
        if len(parts) == 1 and len(shapes[0]) == 2 and shapes[0][1] == mdp.n_states:
            hint = "; this looks like (observation, next_state): its .T mends that"
        found = f"is sparse of shape {shapes[0]}" if len(parts) == 1 else f"is a list of sparse matrices {shapes}"
        raise ValueError(
            f"observation {found}, expected (n_states, n_observations), one such matrix for each action, or all of "
            f"them below each other, with {mdp.n_actions} actions and {mdp.n_states} states{hint}"
        )
    return sparse.csr_array(sparse.vstack([sparse.csr_array(part) for part in parts]))


def _dense_rows(observation: Any, mdp: MDP) -> np.ndarray:
    n_axes = _n_axes(observation)
    axes = "(next_state, observation)" if n_axes == 2 else AXES
    array = validate.number_array(observation, "observation", 2 if n_axes == 2 else 3, axes)
    _check_shape(array, mdp)
    return array.reshape(-1, array.shape[-1])


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

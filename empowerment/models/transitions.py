"""Conversion of the accepted forms of a transition to the canonical one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from empowerment.core import validate

AXES = "(state, action, next_state)"

# Positions of the canonical axes in other orders; the first s is the state, the second one the next state.
_ORDERS = {"sas": (0, 1, 2), "ass": (1, 0, 2), "ssa": (0, 2, 1)}


class FlatTransition(NamedTuple):
    """A transition with one row for each pair of state and action, ordered by state, then action.

    Attributes
    ----------
    rows : ndarray or sparse array of shape (n_states * n_actions, n_states)
    n_states, n_actions : int
    missing : ndarray of bool of shape (n_states, n_actions) or None
        Which actions were missing (None) in the input; None if the form has no missing actions.
    """

    rows: Any
    n_states: int
    n_actions: int
    missing: np.ndarray | None = None


def flat_transition(transition: Any) -> FlatTransition:
    """Convert a transition to the canonical form.

    Parameters
    ----------
    transition : array_like, sparse, sequence of sparse, or nested sequence with None
        See :class:`empowerment.MDP`.

    Raises
    ------
    ValueError
        If the shape is not that of a transition.
    TypeError
        If it contains anything but numbers.
    """
    if sparse.issparse(transition):
        return _stacked(transition)
    _refuse_other_forms(transition)
    parts = _parts(transition)
    if any(map(sparse.issparse, parts)):
        return _stacked(_state_by_state(parts))
    if any(part is None or (isinstance(part, list | tuple) and any(row is None for row in part)) for part in parts):
        return _with_gaps(parts)
    array = validate.number_array(transition, "transition", 3, AXES)
    first, second, third = array.shape
    if first != third:
        hint = ""
        if second == third:
            hint = '; this looks like (action, state, next_state): MDP.from_arrays(transition, axes="ass") reads that'
        elif first == second:
            hint = '; this looks like (state, next_state, action): MDP.from_arrays(transition, axes="ssa") reads that'
        raise ValueError(
            f"transition has shape {array.shape}, expected {AXES} with as many next states as states{hint}"
        )
    return FlatTransition(array.reshape(first * second, third), first, second)


def _refuse_other_forms(transition: Any) -> None:
    """Say which function reads a form of model that is no transition array.

    Raises
    ------
    TypeError
        If `transition` has the attributes of such a form.
    ValueError
        If it is a list of square arrays that could be read in two ways.
    """

    def has(*names: str) -> bool:
        return all(hasattr(transition, name) for name in names)

    reader = ""
    if isinstance(transition, Mapping):
        reader = "a dict; from_table(transition) reads dicts {state: {action: {next_state: probability}}}"
    elif has("nodes", "edges", "is_directed"):
        reader = "a graph; from_networkx(transition) reads it"
    elif has("Q", "R", "beta"):
        reader = "a discrete dynamic program; from_quantecon(transition) reads it"
    elif has("columns", "shape", "__getitem__"):
        reader = "a data frame; from_table(transition) reads one with a row for each transition"
    elif has("action_space", "step"):
        reader = "an environment; from_gymnasium(transition) reads its table, from_step_function explores it"
    elif isinstance(transition, tuple) and len(transition) == 2 and _is_by_action(transition[0]):
        reader = "a pair of arrays; from_mdptoolbox(*transition) reads transitions and rewards of pymdptoolbox"
    if reader:
        raise TypeError(f"transition is {reader}; expected an array of axes {AXES}")
    size = len(transition) if isinstance(transition, list | tuple) else 0
    if size > 1 and all(isinstance(each, np.ndarray) and each.shape == (size, size) for each in transition):
        raise ValueError(
            f"transition is a list of {size} square arrays, which may be one for each action or one for each state; "
            'MDP.from_arrays(transition, axes="ass") or axes="sas" says which'
        )


def _is_by_action(part: Any) -> bool:
    """Return whether this is an array of three axes, or a sequence of sparse matrices."""
    return (isinstance(part, np.ndarray) and part.ndim == 3) or any(map(sparse.issparse, _parts(part)))


def reordered(transition: Any, axes: str) -> Any:
    """Return a transition with axes in another order in the order of :func:`flat_transition`.

    Parameters
    ----------
    transition : array_like, sparse, or sequence of sparse
    axes : {"sas", "ass", "ssa"}
        As for :meth:`empowerment.MDP.from_arrays`.
    """
    validate.one_of(axes, _ORDERS, "axes")
    names = ["state", "action", "next_state"]
    axis_names = ", ".join(names[axis] for axis in np.argsort(_ORDERS[axes]))
    if sparse.issparse(transition):
        if axes == "ssa":
            raise ValueError(
                "transition is sparse, which has one row for each state and action, expected axes 'sas' or 'ass'"
            )
        return transition if axes == "sas" else _state_by_state(_action_by_action(_stacked(transition)))
    if any(map(sparse.issparse, _parts(transition))):
        if axes != "ass":
            raise ValueError(
                f"transition has one sparse matrix for each action, expected axes='ass'; axes is {axes!r}"
            )
        return transition
    array = validate.number_array(transition, "transition", 3, f"({axis_names})")
    ordered = np.transpose(array, _ORDERS[axes])
    if ordered.shape[0] != ordered.shape[2]:
        raise ValueError(
            f"transition has shape {array.shape}, expected ({axis_names}) with as many next states as states"
        )
    return ordered


def _parts(transition: Any) -> list[Any]:
    """Return the members of a sequence; none for an array of numbers."""
    if isinstance(transition, np.ndarray) and transition.dtype == object:
        return list(transition.tolist())
    return list(transition) if isinstance(transition, list | tuple) else []


def _stacked(rows: Any) -> FlatTransition:
    n_rows, n_states = rows.shape
    if n_states == 0 or n_rows == 0 or n_rows % n_states:
        raise ValueError(
            f"transition is sparse of shape {rows.shape}, expected (n_states * n_actions, n_states) "
            "with one row for each state and action, the actions of a state side by side"
        )
    return FlatTransition(rows, n_states, n_rows // n_states)


def _action_by_action(flat: FlatTransition) -> list[sparse.csr_array]:
    """Split rows ordered by action, then state into one matrix for each action."""
    rows = sparse.csr_array(flat.rows)
    return [rows[a * flat.n_states : (a + 1) * flat.n_states] for a in range(flat.n_actions)]


def _state_by_state(matrices: Sequence[Any]) -> sparse.csr_array:
    """Merge one matrix for each action into rows ordered by state, then action."""
    n_states = next(matrix.shape[0] for matrix in matrices if sparse.issparse(matrix))
    for action, matrix in enumerate(matrices):
        if not (sparse.issparse(matrix) or isinstance(matrix, np.ndarray)):
            raise TypeError(
                f"transition[{action}] is {matrix!r}, expected one matrix (state, next_state) for each action"
            )
        if matrix.shape != (n_states, n_states):
            raise ValueError(
                f"transition[{action}] has shape {matrix.shape}, expected one matrix (state, next_state) for each "
                "action, all of one size"
            )
    rows = sparse.csr_array(sparse.vstack([sparse.csr_array(matrix) for matrix in matrices]))
    return rows[np.arange(rows.shape[0]).reshape(len(matrices), n_states).T.reshape(-1)]


def _with_gaps(parts: Sequence[Any]) -> FlatTransition:
    """Replace None, which marks missing actions in nested sequences, by rows of zeros."""
    for state, part in enumerate(parts):
        if not (part is None or isinstance(part, list | tuple) or np.ndim(part) == 2):
            raise TypeError(
                f"transition[{state}] is {part!r}, expected a sequence with one row for each action, or None"
            )
    n_states, n_actions = len(parts), max(0 if part is None else len(part) for part in parts)
    filled: list[list[Any]] = []
    missing = np.zeros((n_states, n_actions), dtype=bool)
    for state, part in enumerate(parts):
        rows = [None] * n_actions if part is None else list(part)
        if len(rows) != n_actions:
            raise ValueError(
                f"transition[{state}] has {len(rows)} actions, expected {n_actions}, with None for a missing one"
            )
        missing[state] = [row is None for row in rows]
        filled.append([[0.0] * n_states if row is None else row for row in rows])
    return flat_transition(filled)._replace(missing=missing)

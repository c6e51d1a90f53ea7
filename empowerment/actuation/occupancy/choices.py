"""What a policy can do from a start: the states within reach, and in each the choices that differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse

from empowerment.actuation.kernels import Choices
from empowerment.models.mdp import MDP
from empowerment.models.symmetry import TOLERANCE

_EPS = float(np.finfo(float).eps)
# Actions whose rows agree to so many digits are one choice.
_DIGITS = 14


@dataclass(frozen=True)
class ReachableWorld:
    """The part of a model within reach of a start.

    Attributes
    ----------
    choices : Choices
    states : ndarray of int of shape (n_states,)
        Numbers of the states in the model.
    actions : ndarray of int of shape (n_choices,)
        Number of the action of each choice: the first of those that are equal.
    equal : ndarray of bool of shape (n_choices, n_actions)
        The actions that a choice stands for.
    n_apart : int
        So many states at the beginning are initial states to which nothing leads back, in front of those of the
        model.
    mass_error : float
        The occupancies of the choices sum to 1 up to this, however often probabilities are rounded.
    """

    choices: Choices
    states: np.ndarray
    actions: np.ndarray
    equal: np.ndarray
    n_apart: int
    mass_error: float

    @classmethod
    def around(
        cls, model: MDP, allowed: np.ndarray, start: np.ndarray, discount: float, *, apart: bool
    ) -> ReachableWorld:
        """Return what can be reached from a distribution of the initial state.

        Parameters
        ----------
        model : MDP
        allowed : ndarray of bool of shape (n_states, n_actions)
            Actions that policies may take; at least one wherever they lead.
        start : ndarray of shape (n_states,)
        discount : float
            Above 0 and below 1.
        apart : bool
            Whether each initial state is one of its own, in front of the state in the model.
        """
        initial = np.flatnonzero(start)
        inside = _reached(model, allowed, initial, again=apart)
        states = np.concatenate([initial, inside]) if apart else inside
        equal, rows, first, rounded = _distinct(model, allowed, states)
        columns = sparse.csr_array(rows[:, inside])
        columns.sort_indices()
        local, sums = np.zeros(states.size), np.asarray(columns.sum(axis=1))
        local[: initial.size] = start[initial]
        if not apart:
            local = start[inside]
        choices = Choices(
            first=first,
            owner=np.repeat(np.arange(states.size), np.diff(first)),
            indptr=columns.indptr.astype(np.int64),
            indices=columns.indices.astype(np.int64) + (initial.size if apart else 0),
            data=columns.data / np.repeat(sums, np.diff(columns.indptr)),
            start=local / local.sum(),
            discount=discount,
        )
        # The choices have rows that sum to 1 up to rounding, and those of the model may not.
        # Images of a state under a declared symmetry have its probabilities up to this.
        alike = TOLERANCE if model.symmetries else 0.0
        off = float(np.abs(sums - 1.0).max()) + (states.size + 4) * _EPS + alike + rounded
        return cls(choices, states, equal.argmax(axis=1), equal, initial.size if apart else 0, off / (1.0 - discount))

    def on_world(self, q: np.ndarray, scale: float) -> np.ndarray:
        """Return a distribution over states of the model as one over these states.

        The states apart have the probabilities that every policy gives them; the others share `scale`.
        """
        apart = (1.0 - scale) * self.choices.start[: self.n_apart]
        return np.concatenate([apart, scale * q[self.states[self.n_apart :]]])

    def on_model(self, q: np.ndarray, n_states: int) -> np.ndarray:
        """Return the part of a distribution that is not of states apart, over the states of the model."""
        found = np.zeros(n_states)
        own = q[self.n_apart :]
        found[self.states[self.n_apart :]] = own / own.sum()
        return found


def _reached(model: MDP, allowed: np.ndarray, initial: np.ndarray, *, again: bool) -> np.ndarray:
    """Return the states that can be reached in any number of steps, with `again` in at least one."""
    seen = np.zeros(model.n_states, dtype=bool)
    front, found = initial, seen.copy()
    found[initial] = not again
    while front.size:
        seen[front] = True
        after = np.zeros(model.n_states, dtype=bool)
        after[_successors(model, allowed, front)] = True
        found |= after
        front = np.flatnonzero(after & ~seen)
    return np.flatnonzero(found)


def _successors(model: MDP, allowed: np.ndarray, front: np.ndarray) -> np.ndarray:
    numbers = (front[:, None] * model.n_actions + np.arange(model.n_actions))[allowed[front]]
    rows = model.rows[numbers]
    return np.unique(rows.indices[rows.data > 0])


class _Distinct(NamedTuple):
    """The groups of equal actions of each state, a row for each, and where those of each state begin.

    Rows of a group differ by rounding alone, and no row from that of its group by more than `apart`, in the sum of
    absolute values.
    """

    equal: np.ndarray
    rows: sparse.csr_array
    first: np.ndarray
    apart: float


def _distinct(model: MDP, allowed: np.ndarray, states: np.ndarray) -> _Distinct:
    groups: list[np.ndarray] = []
    numbers, first, apart = [], [0], 0.0
    for state in states.tolist():
        known: dict[tuple[bytes, bytes], tuple[np.ndarray, np.ndarray]] = {}
        for action in np.flatnonzero(allowed[state]).tolist():
            row = model.rows[[state * model.n_actions + action]]
            row.sort_indices()
            key = row.indices.tobytes(), np.round(row.data, _DIGITS).tobytes()
            if key not in known:
                known[key] = np.zeros(model.n_actions, dtype=bool), row.data
                numbers.append(state * model.n_actions + action)
            group, data = known[key]
            group[action] = True
            apart = max(apart, float(np.abs(row.data - data).sum()))
        groups.extend(group for group, _ in known.values())
        first.append(len(groups))
    equal = np.array(groups).reshape(-1, model.n_actions)
    rows = sparse.csr_array(model.rows[np.array(numbers, dtype=np.int64)])
    return _Distinct(equal, rows, np.array(first, dtype=np.int64), apart)

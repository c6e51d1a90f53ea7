"""Policies: how likely each action is in each state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.models.mdp import MDP
from empowerment.models.mdp import action_rewards as action_rewards


@dataclass(frozen=True, eq=False, repr=False)
class Policy:
    """Probabilities of the actions in each state.

    Attributes
    ----------
    probabilities : ndarray of shape (n_states, n_actions)
        One distribution over actions for each state, read-only. A row of zeros belongs to a state without actions.
    states, actions : tuple
        Labels of the model.

    Raises
    ------
    ValueError
        If a row is no distribution, or labels do not fit.

    See Also
    --------
    greedy_policy : Make the policy that climbs a table of values.
    softmax_policy : Make its randomised form.
    simulate : Follow a policy.

    Examples
    --------
    >>> import empowerment as emp
    >>> maze = emp.worlds.klyubin_maze()
    >>> policy = emp.greedy_policy(maze, emp.empowerment(maze, 5))
    >>> policy
    Policy(100 states, 5 actions, deterministic)
    >>> policy.action((0, 0))
    'east'
    """

    probabilities: np.ndarray
    states: Sequence[Any]
    actions: Sequence[Any]

    def __post_init__(self) -> None:
        """Check and copy the probabilities."""
        array = validate.number_array(self.probabilities, "probabilities", 2, "(state, action)")
        rows = np.asarray(validate.probability_rows(array, "probabilities", unchecked=np.asarray(~array.any(axis=1))))
        rows.setflags(write=False)
        object.__setattr__(self, "probabilities", rows)
        object.__setattr__(self, "states", validate.labels(self.states, rows.shape[0], "states"))
        object.__setattr__(self, "actions", validate.labels(self.actions, rows.shape[1], "actions"))

    def __repr__(self) -> str:
        n_states, n_actions = self.probabilities.shape
        certain = self.probabilities.max(axis=1) == self.probabilities.sum(axis=1)
        kind = "deterministic" if certain.all() else "stochastic"
        return f"Policy({n_states} states, {n_actions} actions, {kind})"

    @cached_property
    def _state_numbers(self) -> dict[Any, int]:
        return {label: number for number, label in enumerate(self.states)}

    def action(self, state: Any, rng: np.random.Generator | int | None = None) -> Any:
        """Draw an action for a state.

        Parameters
        ----------
        state : hashable
            Label of the state; for a model made from a Gymnasium environment it is the environment's observation.
        rng : numpy.random.Generator, int or None
            Random source. A seed draws the same action at every call: pass a Generator.

        Returns
        -------
        hashable
            Label of the action.

        Raises
        ------
        ValueError
            If the state is not known or has no actions.

        See Also
        --------
        Policy.action_number : Draw the number of an action.
        """
        return self.actions[self.action_number(state, rng)]

    def action_number(self, state: Any, rng: np.random.Generator | int | None = None) -> int:
        """Draw the number of an action for a state.

        Parameters
        ----------
        state : hashable
            Label of the state.
        rng : numpy.random.Generator, int or None
            Random source, as for :meth:`action`.

        Returns
        -------
        int
            Number of the action in `actions`, as ``env.step`` of Gymnasium takes it.

        Raises
        ------
        ValueError
            If the state is not known or has no actions.

        See Also
        --------
        Policy.action : Draw the label of an action.
        """
        row = self.probabilities[validate.index_of(state, self._state_numbers, "state")]
        if not row.any():
            raise ValueError(f"state {state!r} has no available action, expected a state in which one can act")
        return draw(row, validate.generator(rng))


def draw(probabilities: np.ndarray, rng: np.random.Generator) -> int:
    """Draw a number from a distribution, never one of probability 0."""
    possible = np.flatnonzero(probabilities)
    cumulative = np.cumsum(probabilities[possible])
    position = np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right")
    return int(possible[min(position, possible.size - 1)])


def policy_rows(policy: Any, model: MDP, name: str = "policy") -> np.ndarray:
    """Return the probabilities of a policy, checked against a model.

    Parameters
    ----------
    policy : Policy or array_like of shape (n_states, n_actions)
    model : MDP
    name : str
        Name of the argument, for messages.

    Raises
    ------
    ValueError
        If the labels or the shape differ from those of the model, a row is not a distribution, or a missing action
        has positive probability. A state without actions has a row of zeros.
    """
    shape = model.n_states, model.n_actions
    array = policy
    if isinstance(policy, Policy):
        check_labels(policy, model.states, model.actions, name)
        array = policy.probabilities
    array = validate.number_array(array, name, 2, "(state, action)")
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}, expected (n_states, n_actions) = {shape}")
    given = np.argwhere((array != 0) & ~model.available)
    if given.size:
        state, action = given[0].tolist()
        raise ValueError(
            f"{name}[{state}, {action}] is {array[state, action]:g}, expected 0: action {model.actions[action]!r} "
            f"is not available in state {model.states[state]!r}"
        )
    return np.asarray(
        validate.probability_rows(
            array,
            name,
            where=lambda row: f"[{row}] (state {model.states[row]!r})",
            unchecked=np.asarray(~model.available.any(axis=1)),
        )
    )


def check_labels(policy: Policy, states: Sequence[Any], actions: Sequence[Any], name: str) -> None:
    """Raise if the labels of a policy differ from those of a model."""
    for kind, own, expected in (("states", policy.states, states), ("actions", policy.actions, actions)):
        if tuple(own) != tuple(expected):
            differ = next((pair for pair in zip(own, expected, strict=False) if pair[0] != pair[1]), None)
            difference = f"{differ[0]!r} where the model has {differ[1]!r}" if differ else f"{len(own)} of them"
            raise ValueError(
                f"{name} is for other {kind}: it has {difference}, expected those of the model in their order; "
                "hand in its probabilities if only the labels differ"
            )


def normalised(rows: np.ndarray) -> np.ndarray:
    """Return the rows of a policy divided by their sums; rows of zeros stay."""
    sums = rows.sum(axis=1, keepdims=True)
    return np.asarray(rows / np.where(sums > 0, sums, 1.0))

"""Policies of the other agents of a world, read and checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.models.turns import Turn


def policy_rows(turn: Turn, agent: Any, policy: Any) -> np.ndarray:
    """Return the probabilities of one agent's actions in each state of its turn.

    Parameters
    ----------
    turn : Turn
        The turn in which the agent acts.
    agent : hashable
    policy : "uniform", mapping, callable, Policy or array_like
        As for :meth:`empowerment.MultiAgentMDP.for_agent`.

    Returns
    -------
    ndarray of shape (n_states, n_actions)
        The first action is taken where an episode has ended or the actions are not known, none where there is none.

    Raises
    ------
    TypeError, ValueError
        If it is no policy, or an action that the agent does not have in a state has positive probability there.
    """
    own, name = turn.own_available(agent), f"the policy of {agent!r}"
    actions = turn.actions[agent]
    if isinstance(policy, str):
        validate.one_of(policy, ("uniform",), name)
        rows = own / np.maximum(own.sum(axis=1, keepdims=True), 1)
    elif isinstance(policy, Mapping):
        rows = np.broadcast_to(named_row(policy, actions, name), own.shape)
    elif callable(policy):
        rows = _of_function(policy, turn, agent, name)
    else:
        rows = _given(policy, turn, actions, name)
    wrong = np.argwhere((rows > 0) & ~own & turn.known[:, None])
    if wrong.size:
        state, action = wrong[0].tolist()
        raise ValueError(
            f"{name} takes {actions[action]!r} in state {turn.states[state]!r} with probability "
            f"{rows[state, action]:g}, expected 0: the action is not available there"
        )
    return np.where(turn.known[:, None], rows, np.eye(len(actions))[0])


def named_row(policy: Mapping[Any, Any], actions: Sequence[Any], name: str) -> np.ndarray:
    """Return the checked row of probabilities by action."""
    numbers = {label: number for number, label in enumerate(actions)}
    row = np.zeros(len(actions))
    for label, chance in policy.items():
        row[validate.index_of(label, numbers, "action")] = validate.probability(chance, f"a probability of {name}")
    return validate.distribution(row, row.size, name)


def _of_function(policy: Any, turn: Turn, agent: Any, name: str) -> np.ndarray:
    """Return the rows of a function from a state to an action, or to probabilities by action."""
    actions = turn.actions[agent]
    rows = np.zeros((turn.n_states, len(actions)))
    for number in np.flatnonzero(turn.known).tolist():
        state = turn.states[number]
        answer = policy(state)
        chances = answer if isinstance(answer, Mapping) else {answer: 1.0}
        rows[number] = named_row(chances, actions, f"{name} in state {state!r}")
    return rows


def _given(policy: Any, turn: Turn, actions: Sequence[Any], name: str) -> np.ndarray:
    """Return the rows of a Policy or an array."""
    named = getattr(policy, "actions", None)
    if isinstance(named, Sequence) and tuple(named) != tuple(actions):
        raise ValueError(f"{name} is for the actions {tuple(named)}, expected {tuple(actions)}")
    states = getattr(policy, "states", None)
    if isinstance(states, Sequence) and tuple(states) != tuple(turn.states):
        raise ValueError(
            f"{name} is for other states, expected those of the agent's turn, which are those of "
            "world.beginning_with(agent)"
        )
    given = validate.number_array(getattr(policy, "probabilities", policy), name, None, "(state, action)")
    shape = turn.n_states, len(actions)
    if given.ndim == 1:
        return np.broadcast_to(validate.distribution(given, len(actions), name), shape)
    array = validate.number_array(given, name, 2, "(state, action)")
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}, expected (n_states, n_actions) = {shape}, or one row")
    where = [f"[{number}] (state {state!r})" for number, state in enumerate(turn.states)]
    idle = np.asarray(~turn.available.any(axis=1) & ~array.any(axis=1))
    return np.asarray(validate.probability_rows(array, name, where=where.__getitem__, unchecked=idle))


def policies_of_others(
    turns: Iterable[Turn], others: Any, kept: Sequence[Any], name: str = "others"
) -> dict[Any, np.ndarray]:
    """Return the rows of the policy of every agent that is not kept; `name` is that of the argument, for messages.

    Raises
    ------
    TypeError, ValueError
        If `others` is no mapping or ``"uniform"``, lacks one of them, or names another agent.
    """
    acting = {agent: turn for turn in turns for agent in turn.actions if agent not in kept}
    if isinstance(others, str) and others == "uniform":
        others = dict.fromkeys(acting, "uniform")
    if not isinstance(others, Mapping):
        raise TypeError(
            f"{name} is {validate.shown(others)}, expected 'uniform', or a mapping from each of the other agents "
            f"({', '.join(map(repr, acting)) or 'none'}) to its policy"
        )
    for agent in others:
        if agent not in acting:
            listed = ", ".join(map(repr, acting)) or "none"
            raise ValueError(f"{name} has a policy of {agent!r}, expected those of the other agents only: {listed}")
    for agent in acting:
        if agent not in others:
            raise ValueError(f"{name} has no policy of {agent!r}, expected one for each of the other agents")
    return {agent: policy_rows(turn, agent, others[agent]) for agent, turn in acting.items()}

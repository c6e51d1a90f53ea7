"""Actions of several agents as one, and the transition of these."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from scipy import sparse

from empowerment.core import validate

AXES = "(state, one action of each agent, next_state)"


def agent_actions(actions: Any) -> dict[Any, tuple[Any, ...]]:
    """Return the labels of the actions of each agent."""
    if not isinstance(actions, Mapping) or not actions:
        raise TypeError(
            f"actions is {validate.shown(actions)}, expected a mapping from the name of each agent to the labels of "
            "its actions, or to their number"
        )
    labels = {}
    for agent, own in actions.items():
        name = f"actions[{agent!r}]"
        if validate.is_several(own) and not isinstance(own, Mapping):
            listed = list(own)
            labels[agent] = validate.labels(listed, len(listed), name) or ()
        else:
            labels[agent] = tuple(range(validate.positive_int(own, name)))
        if not labels[agent]:
            raise ValueError(f"{name} is empty, expected at least one action")
    return labels


def joint_transition(transition: Any, counts: tuple[int, ...]) -> Any:
    """Return a transition in the form that :class:`MDP` reads, with joint actions."""
    n_joint = prod(counts)
    if sparse.issparse(transition):
        if transition.shape[0] != transition.shape[1] * n_joint:
            raise ValueError(
                f"transition is sparse of shape {transition.shape}, expected (n_states * {n_joint}, n_states): one "
                "row for each state and joint action"
            )
        return transition
    array = validate.number_array(transition, "transition", len(counts) + 2, AXES)
    if array.shape[1:-1] != counts or array.shape[0] != array.shape[-1]:
        wanted = ", ".join(["n_states", *map(str, counts), "n_states"])
        raise ValueError(f"transition has shape {array.shape}, expected ({wanted}) as actions= says")
    return array.reshape(array.shape[0], n_joint, array.shape[-1])

"""Policies of the other agents of an environment, read and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from empowerment.adapters.outcomes import checked_sum
from empowerment.core import validate


def policy_of(others: Any, name: Any) -> Any:
    """Return the policy of one of the others."""
    policy = others
    if isinstance(others, Mapping):
        if name not in others:
            raise ValueError(f"others has no policy of agent {name!r}, expected one for each of the others")
        policy = others[name]
    elif not callable(others) and not (isinstance(others, str) and others == "uniform"):
        raise TypeError(
            f"others is {validate.shown(others)}, expected 'uniform', a function of a name and an observation, or a "
            "mapping from names to policies"
        )
    if isinstance(policy, str) and policy != "uniform":
        raise ValueError(f"others[{name!r}] is {policy!r}, expected 'uniform', a function, or probabilities")
    return policy


def refuse_unknown(others: Any, policies: Mapping[Any, Any]) -> None:
    """Refuse policies of agents that are not among the others."""
    for name in others if isinstance(others, Mapping) else ():
        if name not in policies:
            listed = ", ".join(map(repr, policies))
            raise ValueError(f"others has a policy of {name!r}, expected those of the other agents only: {listed}")


def read_probabilities(answer: Any, numbers: Sequence[int], what: str) -> list[tuple[float, int]]:
    """Return the actions of positive probability of a policy."""
    if isinstance(answer, Mapping):
        known = {number: number for number in numbers}
        pairs = [(value, validate.index_of(action, known, "action")) for action, value in answer.items()]
    elif isinstance(answer, str) or not validate.is_several(answer):
        raise TypeError(f"{what} gives {validate.shown(answer)}, expected probabilities or a dict of them")
    else:
        values = list(answer)
        if len(values) != len(numbers):
            raise ValueError(f"{what} gives {len(values)} numbers, expected {len(numbers)} probabilities")
        pairs = list(zip(values, numbers, strict=True))
    chances = {action: validate.probability(value, f"a probability of {what}") for value, action in pairs}
    checked_sum(chances, f"the probabilities of {what}")
    return [(chance, action) for action, chance in chances.items() if chance > 0]

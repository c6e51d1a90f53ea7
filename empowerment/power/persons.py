"""The persons of a world: their goals and their habits, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from empowerment.actuation.sensor import make_sensor
from empowerment.core import validate
from empowerment.models.agent_policies import policies_of_others
from empowerment.models.multi_agent import MultiAgentMDP
from empowerment.models.turns import Turn
from empowerment.power.attainment_recursion import Person

READINGS = "readings"


def persons_of(
    world: MultiAgentMDP,
    turn: Turn,
    robot: Any,
    goals: Any,
    discount: float,
    sharpness: float,
    habits: Any,
    habit_weight: Any,
) -> tuple[list[Person], tuple[tuple[Any, Any], ...]]:
    """Return the persons of a world, checked, and the names of their goals one after the other."""
    weight = validate.probability(habit_weight, "habit_weight")
    if habits is not None and weight == 0:
        raise ValueError("habits are given with habit_weight 0, expected a weight above 0 or no habits")
    usual = policies_of_others(world.turns, "uniform" if habits is None else habits, [robot], "habits")
    names = [agent for agent in world.agents if agent != robot]
    if isinstance(goals, str):
        goals = dict.fromkeys(names, validate.one_of(goals, (READINGS,), "goals"))
    if not isinstance(goals, Mapping) or set(goals) != set(names):
        raise ValueError(
            f"goals is {validate.shown(goals)}, expected 'readings', or a mapping with the goals of each person: "
            f"{', '.join(map(repr, names))}"
        )
    persons: list[Person] = []
    listed: list[tuple[Any, Any]] = []
    for name in names:
        labels, holds = _goals(world, turn, name, goals[name])
        persons.append(Person(name, holds, discount, sharpness, usual[name], weight))
        listed.extend((name, label) for label in labels)
    return persons, tuple(listed)


def _goals(world: MultiAgentMDP, turn: Turn, person: Any, given: Any) -> tuple[list[Any], np.ndarray]:
    """Return the names of a person's goals and where they hold."""
    if isinstance(given, str):
        validate.one_of(given, (READINGS,), f"goals[{person!r}]")
        sensor = make_sensor(world.sensors[person], world.joint)
        if not sensor.is_deterministic:
            raise ValueError(
                f"the sensor of {person!r} is noisy, expected one reading for each state, or other goals"
            )
        return list(sensor.readings), sensor.matrix.toarray()
    if not isinstance(given, Mapping) or not given:
        raise TypeError(
            f"goals[{person!r}] is {validate.shown(given)}, expected 'readings', or a mapping from names of goals to "
            "the states where they hold"
        )
    return list(given), np.column_stack([_where(turn, goal, where) for goal, where in given.items()])


def _where(turn: Turn, goal: Any, where: Any) -> np.ndarray:
    """Return 1 for the states where a goal holds."""
    if callable(where):
        return np.array([float(validate.flag(where(state), f"goal {goal!r} of a state")) for state in turn.states])
    if isinstance(where, str) or not validate.is_several(where):
        raise TypeError(f"goal {goal!r} holds in {validate.shown(where)}, expected a list of states or a function")
    numbers = {state: number for number, state in enumerate(turn.states)}
    holds = np.zeros(turn.n_states)
    holds[[validate.index_of(state, numbers, "state") for state in where]] = 1.0
    return holds

"""Goals, persons and a robot: one step of the recursions for their values and policies.

Arrays have the axes (state, goal) for values of a person, (state, action, goal) for values of its actions and for its
policy. A goal that holds in the next state is attained, and nothing is added after that; so a value is the discounted
probability of attaining the goal in a later state.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from empowerment.models.turns import Turn

# Actions whose values differ by less are equally good to a person or a robot that makes no mistakes.
_TIE = 1e-12
# Entries of the largest array of one pass over goals.
_BLOCK = 4e6
# Rewards of the robot beyond this or below its inverse are refused: their sums and quotients leave double precision.
_EXTREME = 1e100


@dataclass(frozen=True, eq=False)
class Person:
    """A person: its goals and how it pursues them.

    Attributes
    ----------
    name : hashable
    holds : ndarray of shape (n_states, n_goals)
        1 where a goal holds, else 0.
    discount, sharpness : float
    habit : ndarray of shape (n_states, n_actions)
        What the person does out of habit.
    habit_weight : float
    """

    name: Any
    holds: np.ndarray
    discount: float
    sharpness: float
    habit: np.ndarray
    habit_weight: float

    def ahead(self, values: np.ndarray) -> np.ndarray:
        """Return what it is worth to be in each state next: 1 where a goal holds."""
        return np.where(self.holds > 0, 1.0, self.discount * values)

    def expected_worst(
        self, turn: Turn, robot: Any, beliefs: Mapping[Any, np.ndarray], ahead: np.ndarray
    ) -> np.ndarray:
        """Return the values of its actions if the robot's action is the worst for each of its goals."""
        agents, n_joint = list(turn.actions), turn.available.shape[1]
        block = max(int(_BLOCK / (turn.n_states * n_joint)), 1)
        parts = []
        for first in range(0, ahead.shape[1], block):
            part = (turn.rows @ ahead[:, first : first + block]).reshape(turn.n_states, *turn.counts, -1)
            place = 1 + agents.index(robot)
            barred = ~_along(turn.own_available(robot), place, part.ndim)
            part = np.where(barred, np.inf, part).min(axis=place, keepdims=True)
            for number, agent in enumerate(agents, start=1):
                if agent not in (robot, self.name):
                    part = (part * _along(beliefs[agent], number, part.ndim)).sum(axis=number, keepdims=True)
            parts.append(part.reshape(turn.n_states, -1, part.shape[-1]))
        return np.concatenate(parts, axis=2)

    def policy(self, turn: Turn, action_values: np.ndarray) -> np.ndarray:
        """Return what the person does for each goal: best with mistakes, or out of habit."""
        own = turn.own_available(self.name)[:, :, None]
        deliberate = choice(action_values, self.sharpness, own)
        return self.habit_weight * self.habit[:, :, None] + (1 - self.habit_weight) * deliberate


class Preferences(NamedTuple):
    """How a robot weighs persons, goals and times.

    Attributes
    ----------
    reliability, aversion, intertemporal_aversion, discount, sharpness : float
    """

    reliability: float
    aversion: float
    intertemporal_aversion: float
    discount: float
    sharpness: float

    def power(self, attainment: np.ndarray) -> np.ndarray:
        """Return the power of a person in each state from the probabilities of attaining its goals."""
        return np.asarray((attainment**self.reliability).sum(axis=1))

    def reward(self, power: np.ndarray) -> np.ndarray:
        """Return the robot's reward for being in each state, from the powers (state, person)."""
        costs = -self.aversion * np.log(power)
        with np.errstate(over="ignore"):  # refused by the caller
            return np.asarray(-np.exp(self.intertemporal_aversion * np.logaddexp.reduce(costs, axis=1)))

    def policy(self, available: np.ndarray, action_values: np.ndarray) -> np.ndarray:
        """Return the robot's policy for values of its actions, which are below 0, or all 0 in the last step."""
        lost = -np.where(available, action_values, -1.0)
        scores = -np.log(lost) if lost.any() else np.zeros(lost.shape)
        return choice(scores, self.sharpness, available)


class Stage(NamedTuple):
    """Values and policies with so many steps left.

    Attributes
    ----------
    attainment : list of ndarray of shape (n_states, n_goals)
        For each person.
    power : ndarray of shape (n_states, n_persons)
    reward, value : ndarray of shape (n_states,)
        The robot's.
    policy : ndarray of shape (n_states, n_actions)
        The robot's.
    """

    attainment: list[np.ndarray]
    power: np.ndarray
    reward: np.ndarray
    value: np.ndarray
    policy: np.ndarray


def prior_step(
    turn: Turn, robot: Any, persons: list[Person], beliefs: Mapping[Any, np.ndarray], values: list[np.ndarray]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the persons' policies and values with one step more, if each expects the worst of the robot."""
    policies, after = [], []
    for person, own in zip(persons, values, strict=True):
        action_values = person.expected_worst(turn, robot, beliefs, person.ahead(own))
        policies.append(person.policy(turn, action_values))
        after.append((policies[-1] * action_values).sum(axis=1))
    return policies, after


def attained(
    turn: Turn,
    robot: Any,
    robot_policy: np.ndarray,
    persons: list[Person],
    policies: list[np.ndarray],
    attainment: list[np.ndarray],
) -> list[np.ndarray]:
    """Return the persons' probabilities of attaining their goals with one step more under these policies."""
    fixed = {robot: robot_policy} | averages(persons, policies)
    found = []
    for person, policy, own in zip(persons, policies, attainment, strict=True):
        others = {agent: rows for agent, rows in fixed.items() if agent != person.name}
        rows = turn.averaged(others).rows
        found.append(((rows @ person.ahead(own)).reshape(policy.shape) * policy).sum(axis=1))
    return found


def robot_step(
    turn: Turn, robot: Any, preferences: Preferences, persons: list[Person], policies: list[np.ndarray], last: Stage
) -> Stage:
    """Return the stage with one step more than the last."""
    available = turn.own_available(robot)
    rows = turn.averaged(averages(persons, policies)).rows
    action_values = preferences.discount * (rows @ last.value).reshape(available.shape)
    policy = preferences.policy(available, action_values)
    attainment = attained(turn, robot, policy, persons, policies, last.attainment)
    power = np.column_stack([preferences.power(each) for each in attainment])
    _refuse_powerless(turn, persons, power)
    reward = preferences.reward(power)
    _refuse_extreme(turn, reward)
    return Stage(attainment, power, reward, reward + (policy * action_values).sum(axis=1), policy)


def averages(persons: list[Person], policies: list[np.ndarray]) -> dict[Any, np.ndarray]:
    """Return what each person does on average over its goals, which others do not know."""
    return {person.name: policy.mean(axis=2) for person, policy in zip(persons, policies, strict=True)}


def choice(scores: np.ndarray, sharpness: float, available: np.ndarray) -> np.ndarray:
    """Return the softmax of scores over actions, the second axis; at infinite sharpness uniform over the best."""
    masked = np.where(available, scores, -np.inf)
    below = masked - masked.max(axis=1, keepdims=True)
    weights = (below >= -_TIE).astype(float) if math.isinf(sharpness) else np.exp(sharpness * below)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _refuse_powerless(turn: Turn, persons: list[Person], power: np.ndarray) -> None:
    """Raise a ValueError if a person attains none of its goals from a state."""
    none = np.argwhere(power <= 0)
    if none.size:
        state, person = none[0].tolist()
        raise ValueError(
            f"from state {turn.states[state]!r} person {persons[person].name!r} attains no goal with positive "
            "probability, or none that is left at this reliability, so that the robot's reward would be infinite; "
            "expected one that is attainable in one step from each state: add goals that hold where none does"
        )


def _refuse_extreme(turn: Turn, reward: np.ndarray) -> None:
    """Raise a ValueError if a reward of the robot leaves double precision."""
    extreme = ~((reward < -1 / _EXTREME) & (reward > -_EXTREME))
    if extreme.any():
        state = int(extreme.argmax())
        raise ValueError(
            f"the robot's reward in state {turn.states[state]!r} is {reward[state]:.3g}, expected one between "
            f"{-_EXTREME:g} and {-1 / _EXTREME:g}: pass smaller values of aversion, intertemporal_aversion or "
            "reliability"
        )


def _along(rows: np.ndarray, axis: int, ndim: int) -> np.ndarray:
    """Return an array (state, action) with its actions along an axis of a larger array."""
    shape = [1] * ndim
    shape[0], shape[axis] = rows.shape
    return rows.reshape(shape)

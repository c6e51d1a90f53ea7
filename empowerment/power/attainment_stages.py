"""The recursion for persons and a robot, for a number of steps or until nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

from empowerment.models.turns import Turn
from empowerment.power.attainment_recursion import Person, Preferences, Stage, attained, prior_step, robot_step

Values = TypeVar("Values")


def backwards(
    turn: Turn,
    robot: Any,
    preferences: Preferences,
    persons: list[Person],
    beliefs: Mapping[Any, np.ndarray],
    horizon: int,
) -> Stage:
    """Return the stage with `horizon` steps left."""
    values = [np.zeros(person.holds.shape) for person in persons]
    zero = np.zeros(turn.n_states)
    stage = Stage(values, zero, zero, zero, zero)
    for _ in range(horizon):
        policies, values = prior_step(turn, robot, persons, beliefs, values)
        stage = robot_step(turn, robot, preferences, persons, policies, stage)
    return stage


def fixed_point(
    turn: Turn,
    robot: Any,
    preferences: Preferences,
    persons: list[Person],
    beliefs: Mapping[Any, np.ndarray],
    tol: float,
    max_iter: int,
) -> tuple[Stage, float]:
    """Return the stage that one step more does not change, and its last change.

    The persons come first, since they expect the worst of the robot whatever it does; then what they attain beside a
    robot that acts at random, from which the robot's own iteration begins: there every goal that can be attained is.
    """
    start = [np.zeros(person.holds.shape) for person in persons]
    own = turn.own_available(robot)
    uniform = own / own.sum(axis=1, keepdims=True)
    (policies, _), _ = _settled(
        lambda last: prior_step(turn, robot, persons, beliefs, last[1]),
        (start, start),
        lambda last: last[1],
        "the persons' values",
        tol,
        max_iter,
    )
    attainment, _ = _settled(
        lambda last: attained(turn, robot, uniform, persons, policies, last),
        start,
        lambda last: last,
        "what persons attain",
        tol,
        max_iter,
    )
    nothing = np.zeros(turn.n_states)
    return _settled(
        lambda last: robot_step(turn, robot, preferences, persons, policies, last),
        Stage(attainment, nothing, nothing, nothing, uniform),
        lambda last: [*last.attainment, last.value],
        "the robot's values",
        tol,
        max_iter,
    )


def _settled(
    step: Callable[[Values], Values],
    start: Values,
    numbers: Callable[[Values], list[np.ndarray]],
    what: str,
    tol: float,
    max_iter: int,
) -> tuple[Values, float]:
    """Repeat a step until its numbers change by no more than `tol`, relative where they are above 1."""
    last, change = start, np.inf
    for _ in range(max_iter):
        after = step(last)
        pairs = zip(numbers(last), numbers(after), strict=True)
        change = max(float((np.abs(new - old) / np.maximum(np.abs(new), 1)).max()) for old, new in pairs)
        if change <= tol:
            return after, change
        last = after
    raise RuntimeError(
        f"after {max_iter} sweeps {what} still change by {change:.1e}: raise max_iter or tol in options, lower "
        "person_discount, or pass a horizon, for which there is always an answer"
    )

"""The power of persons to attain goals, as a result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment.models.policy import Policy
from empowerment.results.by_label import ByLabel
from empowerment.results.certified import counted
from empowerment.results.result import Result, Table


@dataclass(frozen=True, eq=False, repr=False)
class GoalAttainmentPower(ByLabel, Result):
    """The power of persons to attain goals, and the robot that maximizes it softly.

    The numbers are those of the policies assumed. They are computed to rounding for a number of steps, and by
    iteration otherwise; there are no certified ends. Sized, iterable over the labels of the states, and indexed by
    them.

    Attributes
    ----------
    power : ndarray of shape (n_states, n_persons)
        The effective number of goals that each person can attain.
    attainment : ndarray of shape (n_states, n_goals)
        The discounted probability that a person attains a goal in a later state, for each entry of `goals`.
    robot_reward : ndarray of shape (n_states,)
        The robot's reward for being in each state, below 0.
    robot_value : ndarray of shape (n_states,)
        The discounted sum of its rewards from each state on.
    robot_policy : ndarray of shape (n_states, n_robot_actions)
        Probabilities of the robot's actions in the first step.
    states, persons, robot_actions : tuple
        Labels.
    goals : tuple of (person, goal)
    horizon : int or None
        Number of steps; None for the fixed point.
    residual : float
        The largest change of a value in the last sweep; 0 for a number of steps.
    settings : dict of str to float
        The parameters of persons and of the robot.

    See Also
    --------
    goal_attainment_power : Compute these numbers.

    Examples
    --------
    >>> import empowerment as emp
    >>> lamp = emp.worlds.two_way_lamp()
    >>> found = emp.goal_attainment_power(lamp, 1, "assistant")
    >>> found.persons, found.power.shape, found.goals[0]
    (('person',), (2, 1), ('person', 'off'))
    """

    _each = ("power", "attainment", "robot_reward", "robot_value", "robot_policy", "states")

    power: np.ndarray
    attainment: np.ndarray
    robot_reward: np.ndarray
    robot_value: np.ndarray
    robot_policy: np.ndarray
    states: tuple[Any, ...]
    persons: tuple[Any, ...]
    robot_actions: tuple[Any, ...]
    goals: tuple[tuple[Any, Any], ...]
    horizon: int | None
    residual: float
    settings: dict[str, float]

    @property
    def bits(self) -> np.ndarray:
        """The power of each person in bits, ``log2(power)``, of shape (n_states, n_persons)."""
        return np.asarray(np.log2(self.power))

    @property
    def policy(self) -> Policy:
        """The robot's policy in the first step."""
        return Policy(self.robot_policy, self.states, self.robot_actions)

    def __repr__(self) -> str:
        steps = "fixed point" if self.horizon is None else counted(self.horizon, "step")
        low, high = float(self.power.min()), float(self.power.max())
        subject = f"{counted(len(self), 'state')}, {counted(len(self.persons), 'person')}, {steps}"
        left = "" if self.horizon is not None else f", last change {self.residual:.1e}"
        return f"GoalAttainmentPower({subject}: {low:.4g} to {high:.4g} goals{left})"

    def _table(self) -> Table:
        columns: dict[str, Any] = {
            f"power of {who}": each for who, each in zip(self.persons, self.power.T, strict=True)
        }
        return Table(
            "state", self.states, columns | {"robot_reward": self.robot_reward, "robot_value": self.robot_value}
        )

    def _check(self) -> None:
        shapes = {
            "power": (len(self.states), len(self.persons)),
            "attainment": (len(self.states), len(self.goals)),
            "robot_reward": (len(self.states),),
            "robot_value": (len(self.states),),
            "robot_policy": (len(self.states), len(self.robot_actions)),
        }
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, expected {shape}")
        if not (self.power > 0).all() or not (self.robot_reward < 0).all():
            raise ValueError("power or robot_reward has an impossible entry, expected powers above 0, rewards below")

"""The power of persons to attain goals beside a robot that cares for it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.models.agent_policies import policies_of_others
from empowerment.models.multi_agent import MultiAgentMDP
from empowerment.models.turns import Turn
from empowerment.power.attainment_recursion import Preferences
from empowerment.power.attainment_result import GoalAttainmentPower
from empowerment.power.attainment_stages import backwards, fixed_point
from empowerment.power.persons import READINGS, persons_of

_DEFAULTS = {"tol": 1e-10, "max_iter": 10_000}


def goal_attainment_power(
    world: MultiAgentMDP,
    horizon: int | None,
    robot: Any,
    *,
    goals: Any = READINGS,
    person_discount: float = 1.0,
    person_sharpness: float = math.inf,
    habits: Any = None,
    habit_weight: float = 0.0,
    beliefs: Any = "uniform",
    reliability: float = 1.0,
    aversion: float = 1.0,
    intertemporal_aversion: float = 1.0,
    robot_discount: float = 0.9,
    robot_sharpness: float = 5.0,
    options: Mapping[str, Any] | None = None,
) -> GoalAttainmentPower:
    """Compute the power of persons to attain goals beside a robot (Heitzig and Potham 2025).

    Parameters
    ----------
    world : MultiAgentMDP
        The world; all agents act at once, and all but the robot are persons.
    horizon : int or None
        Number of steps, computed backwards from the last; None iterates to a fixed point.
    robot : hashable
        Name of the agent that is the robot.
    goals : "readings", or mapping from person to goals
        The goals of each person: ``"readings"``, each reading of its sensor, which must not be noisy; or a mapping
        from names of goals to the states where they hold, as a list of labels or a function of a label.
    person_discount : float
        Discount factor of persons, in [0, 1] (gamma_h).
    person_sharpness : float
        How much more likely better actions are (beta_h), at least 0; infinite for persons who make no mistakes and
        choose among equally good actions at random.
    habits : "uniform" or mapping from person to policy, optional
        What persons do out of habit (pi_0), whatever their goal.
    habit_weight : float
        Probability that a person acts out of habit (nu), in [0, 1].
    beliefs : "uniform" or mapping from person to policy
        What persons expect of each other when they choose (mu). Of the robot they expect the worst.
    reliability : float
        Exponent of probabilities (zeta), above 0: above 1 a sure goal counts more than two that are attained half
        of the time.
    aversion : float
        Aversion to inequality between persons (xi), above 0.
    intertemporal_aversion : float
        Aversion to inequality over time (eta), above 0.
    robot_discount : float
        Discount factor of the robot (gamma_r), at least 0 and below 1.
    robot_sharpness : float
        How much more likely the robot's better actions are (beta_r), at least 0; infinite for the best alone.
    options : mapping, optional
        For the fixed point: `tol`, the change of values at which the iteration stops, 1e-10 by default, relative
        where values are above 1; and `max_iter`, the most sweeps, 10,000.

    Returns
    -------
    GoalAttainmentPower
        Each person's power, and the robot's rewards, values and policy.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range, the world has turns, unexplored states or states without actions, which
        actions an agent has depends on those of others, or a person attains no goal from some state.
    RuntimeError
        If the iteration does not settle within `max_iter` sweeps; a number of steps always has an answer.

    See Also
    --------
    average_optimal_value : Compute the power of one agent to gain rewards.
    aggregate_empowerment : Aggregate the empowerment of persons with the same aversion.
    assisted_empowerment : Compute a person's empowerment beside every sequence of another's actions.

    Notes
    -----
    First the persons. Person `h` with goal `g` expects the worst of the robot. With ``U`` 1 where `g` holds, after
    which nothing is added,

    - ``Qm(s, g, a) = E_others min_robot E[U(t) + gamma_h * Vm(t, g)]`` over the next state `t`,
    - ``pi(s, g) = nu * pi_0(s) + (1 - nu) * softmax(beta_h * Qm(s, g))``,
    - ``Vm(s, g) = E_pi Qm(s, g, a)``.

    Then what they attain beside the robot, with these policies, whose goals others do not know and take as equally
    probable, and the robot that responds:

    - ``Ve(s, g) = E[U(t) + gamma_h * Ve(t, g)]``, the attainment,
    - ``X_h(s) = sum_g Ve(s, g) ** zeta``, the power of a person,
    - ``U_r(s) = -sum_h(X_h(s) ** -xi) ** eta``, the reward of the robot,
    - ``Q_r(s, a) = gamma_r * E V_r(t)`` and ``pi_r(s, a)`` in proportion to ``(-Q_r(s, a)) ** -beta_r``,
    - ``V_r(s) = U_r(s) + E_pi_r Q_r(s, a)``.

    Terminal states absorb: a goal that holds there is attained again in the next step, so that a person has the
    power of one reading there. The code of [1]_ sets all attainments there to 0 instead, and takes means over goals
    and persons for the sums, which for equal numbers of goals multiplies all values of the robot alike and changes no
    policy. With one step left, all actions of the robot are equally good to it, as its reward is for the state that
    it is in.

    Where the world is deterministic, one person acts without a robot that matters, makes no mistakes and does not
    discount, and every state is a goal, ``log2(power)`` is the logarithm of the number of states within reach.

    The fixed point begins with the persons' policies and a robot that acts at random. There may be several fixed
    points, or an iteration that does not settle: softmax policies of persons are no contraction. Persons who do not
    discount have all the time in the world, and act at random among all actions from which the goal is in reach; let
    them discount a little, or pass a horizon.

    References
    ----------
    .. [1] J. Heitzig and R. Potham, "Model-based soft maximization of suitable metrics of long-term human power",
       arXiv:2508.00159, 2025, and https://github.com/pik-gane/empo.

    Examples
    --------
    A lamp with two switches, the second of which the robot flips or not. In its last step it does not care, so that
    the person attains either goal half of the time: one goal on average, and less for whoever wants to be sure:

    >>> import empowerment as emp
    >>> lamp = emp.worlds.two_way_lamp()
    >>> for zeta in (1.0, 2.0):
    ...     print(emp.goal_attainment_power(lamp, 1, "assistant", reliability=zeta)["off"].power)
    [[1.]]
    [[0.5]]
    """
    turn = _single_turn(validate.instance(world, MultiAgentMDP, "world"), robot)
    preferences = Preferences(
        validate.finite(reliability, "reliability", above=0.0),
        validate.finite(aversion, "aversion", above=0.0),
        validate.finite(intertemporal_aversion, "intertemporal_aversion", above=0.0),
        _discount(robot_discount, "robot_discount", below_one=True),
        _sharpness(robot_sharpness, "robot_sharpness"),
    )
    gamma = _discount(person_discount, "person_discount")
    sharpness = _sharpness(person_sharpness, "person_sharpness")
    persons, names = persons_of(world, turn, robot, goals, gamma, sharpness, habits, habit_weight)
    expected = policies_of_others(world.turns, beliefs, [robot], "beliefs")
    if len(persons) == 1 and not isinstance(beliefs, str):
        raise ValueError("beliefs are given with one person, expected 'uniform': it has no other person to expect of")
    limits = _limits(options, horizon)
    if horizon is not None:
        horizon = validate.positive_int(validate.short_horizon(horizon), "horizon")
        stage, residual = backwards(turn, robot, preferences, persons, expected, horizon), 0.0
    else:
        _refuse_stale(gamma, preferences)
        stage, residual = fixed_point(turn, robot, preferences, persons, expected, **limits)
    settings = {
        f"robot_{name}" if name in ("discount", "sharpness") else name: value
        for name, value in preferences._asdict().items()
    }
    return GoalAttainmentPower(
        power=stage.power,
        attainment=np.column_stack(stage.attainment),
        robot_reward=stage.reward,
        robot_value=stage.value,
        robot_policy=stage.policy,
        states=tuple(turn.states),
        persons=tuple(person.name for person in persons),
        robot_actions=tuple(turn.actions[robot]),
        goals=names,
        horizon=horizon,
        residual=residual,
        settings=settings
        | {"person_discount": gamma, "person_sharpness": sharpness, "habit_weight": persons[0].habit_weight},
    )


def _single_turn(world: MultiAgentMDP, robot: Any) -> Turn:
    """Return the one turn of a world in which all act at once, checked."""
    world.turn_of(robot)
    if len(world.turns) > 1 or len(world.agents) < 2:
        found = f"{len(world.turns)} turns" if len(world.turns) > 1 else "no person"
        raise ValueError(f"world has {found}, expected a robot and at least one person who all act at once")
    (turn,) = world.turns
    for trouble, where in (
        ("is unexplored", turn.is_unexplored),
        ("has no action, and is not terminal", ~turn.available.any(axis=1) & ~turn.is_terminal),
    ):
        if where.any():
            raise ValueError(f"state {turn.states[int(where.argmax())]!r} {trouble}, expected actions in every state")
    product = np.ones((turn.n_states, 1), dtype=bool)
    for agent in turn.actions:
        product = (product[:, :, None] & turn.own_available(agent)[:, None, :]).reshape(turn.n_states, -1)
    if (product & ~turn.available).any():
        state = int(np.argwhere(product & ~turn.available)[0, 0])
        raise ValueError(
            f"in state {turn.states[state]!r} which actions an agent has depends on those of others, expected joint "
            "actions to be available if each of their actions is"
        )
    return turn


def _limits(options: Any, horizon: int | None) -> dict[str, Any]:
    """Return the checked options of the iteration."""
    given = validate.options(options, _DEFAULTS)
    if given and horizon is not None:
        raise ValueError(f"options is {validate.shown(options)} with a horizon, expected None: nothing is iterated")
    found = {**_DEFAULTS, **given}
    return {
        "tol": validate.finite(found["tol"], "tol", above=0.0),
        "max_iter": validate.limit(found["max_iter"], "max_iter"),
    }


def _refuse_stale(person_discount: float, preferences: Preferences) -> None:
    """Refuse what would keep the values of goals that the robot makes unattainable."""
    if person_discount == 1 and math.isinf(preferences.sharpness):
        raise ValueError(
            "person_discount is 1 and robot_sharpness infinite without a horizon, expected a smaller one: "
            "the value of a goal that the robot makes unattainable would never fall"
        )


def _discount(value: Any, name: str, *, below_one: bool = False) -> float:
    """Return a discount factor in [0, 1], or below 1 for a sum without bound."""
    found = validate.finite(value, name, least=0.0)
    if found > 1 or (below_one and found == 1):
        raise ValueError(f"{name} is {validate.shown(value)}, expected a number in [0, 1{')' if below_one else ']'}")
    return found


def _sharpness(value: Any, name: str) -> float:
    return math.inf if validate.real(value) == math.inf else validate.finite(value, name, least=0.0)

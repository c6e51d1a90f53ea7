"""Directed information from actions to observations, or back, under a given policy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.channel import Channel
from empowerment.models.induced_chain import check_admissible, solve_discounted, step_matrix
from empowerment.models.mdp import MDP, as_mdp
from empowerment.models.policy import policy_rows

DIRECTIONS = ("action->observation", "observation->action")


def directed_information(
    model: Any, horizon: int | None, policy: Any, *, states: Any = None, discount: float = 1.0, base: float | str = 2
) -> np.ndarray:
    """Compute the directed information from actions to states under a fixed policy.

    It is the expected sum over steps of the information between the action and the next state, given the state. Its
    maximum over policies is the empowerment of an agent with feedback, for trajectories of states.

    Parameters
    ----------
    model : MDP, or array of shape (n_states, n_actions, n_states)
        The world of the agent.
    horizon : int or None
        Number of steps. None sums over all steps, which requires a discount below 1.
    policy : Policy or array_like of shape (n_states, n_actions)
        Probabilities of the actions in each state, 0 where an action is missing.
    states : state label or list of state labels, optional
        Initial states; all by default.
    discount : float
        Weight of a step relative to the one before, in [0, 1].
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.

    Returns
    -------
    ndarray of shape (n_states,)
        One sum for each initial state, in the unit of `base`. It is computed in closed form, by products or one
        linear system, and has rounding errors alone.

    Raises
    ------
    ValueError
        If the policy does not fit the model, there is neither a horizon nor a discount below 1, or the policy may
        reach a non-terminal state without actions while steps are left.

    See Also
    --------
    interval_information : Compute it from a joint distribution, for any interval of steps.
    empowerment : Compute the maximum over policies, with ``feedback=True``.

    Examples
    --------
    Two steps of a uniformly random walk on a ring of five cells with slip:

    >>> import numpy as np, empowerment as emp
    >>> ring = emp.worlds.ring(5, slip=0.1)
    >>> uniform = np.full((5, 3), 1 / 3)
    >>> emp.directed_information(ring, 2, uniform, states=0).round(6)
    array([2.516574])
    """
    model = as_mdp(model)
    rows = policy_rows(policy, model)
    unit, discount = math.log(validate.base(base)), validate.discount(discount)
    numbers = model.state_indices(states)
    horizon = None if horizon is None else validate.horizon(horizon)
    gain, steps = _information(model, rows), step_matrix(model, rows)
    check_admissible(model, steps, numbers, horizon)
    if horizon is None:
        if discount == 1:
            raise ValueError(
                "horizon is None and discount is 1, expected a number of steps or a discount below 1: the sum over "
                "all steps would have no bound"
            )
        return solve_discounted(steps, gain, discount)[numbers] / unit
    total = np.zeros(model.n_states)
    for _ in range(validate.short_horizon(horizon)):
        total = gain + discount * (steps @ total)
    return total[numbers] / unit


def _information(model: MDP, policy: np.ndarray) -> np.ndarray:
    """Return the information between action and next state in each state, in nats."""
    information = np.zeros(model.n_states)
    for state in np.flatnonzero(policy.any(axis=1) & ~model.is_terminal).tolist():
        used = np.flatnonzero(policy[state])
        channel = Channel.from_valid(model.rows[state * model.n_actions + used])
        chances = policy[state, used] / policy[state, used].sum()
        information[state] = max(channel.mutual_information(chances, base=math.e), 0.0)
    return information


def interval_information(
    joint: Any,
    *,
    source: tuple[int, int] | None = None,
    target: tuple[int, int] | None = None,
    direction: str = "action->observation",
    base: float | str = 2,
) -> float:
    """Compute the directed information from one interval of steps to another.

    From actions to observations it is the empowerment that is exercised, from observations to actions the plasticity
    (Abel et al. 2025): the sum, over the steps i of `target`, of the information between the symbols of the source
    until then and symbol i, given all that went before.

    Parameters
    ----------
    joint : array_like with 2 n axes
        Joint distribution of n actions and observations, the axes in order of time: action 1, observation 1, action
        2, and so on. See :func:`joint_distribution`.
    source, target : (int, int), optional
        First and last step of either interval, counted from 1; all steps by default.
    direction : {"action->observation", "observation->action"}
        An action can inform about the observation of its own step, an observation only about later actions.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.

    Returns
    -------
    float
        Directed information in the unit of `base`.

    Raises
    ------
    ValueError
        If `joint` is no distribution over pairs of axes, or an interval is not within it.

    See Also
    --------
    joint_distribution : Compute the joint distribution of a model and a policy.
    directed_information : Compute it for an MDP in closed form.

    Notes
    -----
    Over all steps the two directions add up to the mutual information of actions and observations (Massey and Massey
    2005), so that their sum is at most n times the logarithm of the smaller alphabet.

    References
    ----------
    D. Abel et al., "Plasticity as the mirror of empowerment", 2025.
    J. L. Massey and P. C. Massey, "Conservation of mutual and directed information", ISIT 2005.

    Examples
    --------
    An echo: the observation repeats the action, and the next action repeats the observation.

    >>> import numpy as np, empowerment as emp
    >>> echo = np.zeros((2, 2, 2, 2))
    >>> echo[0, 0, 0, 0] = echo[1, 1, 1, 1] = 0.5
    >>> emp.interval_information(echo)
    1.0
    >>> emp.interval_information(echo, direction="observation->action")
    0.0
    """
    table = _joint(joint)
    n_steps = table.ndim // 2
    first, last = _interval(source, n_steps, "source")
    begin, end = _interval(target, n_steps, "target")
    reverse = validate.one_of(direction, DIRECTIONS, "direction") == DIRECTIONS[1]
    unit = math.log(validate.base(base))
    # Axes count from 0: action i has axis 2 i - 2, observation i axis 2 i - 1.
    sent, received = (1, 0) if reverse else (0, 1)
    total = 0.0
    for step in range(max(first + reverse, begin), end + 1):
        symbol = 2 * step - 2 + received
        sources = [2 * i - 2 + sent for i in range(first, min(last, step - reverse) + 1)]
        given = [2 * i - 2 + sent for i in range(1, first)] + [2 * i - 2 + received for i in range(1, step)]
        total += _conditional_information(table, sources, symbol, given)
    return total / unit


def _joint(joint: Any) -> np.ndarray:
    table = validate.number_array(joint, "joint", None, "(action 1, observation 1, …)")
    if table.ndim == 0 or table.ndim % 2:
        raise ValueError(
            f"joint has {table.ndim} axes, expected an even number: action 1, observation 1, action 2, and so on"
        )
    return validate.distribution(table.reshape(-1), table.size, "joint").reshape(table.shape)


def _interval(steps: tuple[int, int] | None, n_steps: int, name: str) -> tuple[int, int]:
    if steps is None:
        return 1, n_steps
    if not isinstance(steps, tuple | list) or len(steps) != 2:
        raise TypeError(f"{name} is {validate.shown(steps)}, expected a first and a last step")
    first, last = (validate.positive_int(step, f"a step of {name}") for step in steps)
    if not first <= last <= n_steps:
        raise ValueError(f"{name} is {(first, last)}, expected a first and a last step within 1 to {n_steps}")
    return first, last


def _conditional_information(table: np.ndarray, sources: list[int], symbol: int, given: list[int]) -> float:
    """Return the conditional information between some axes and another one, in nats."""
    past, with_sources, with_symbol = (
        _entropy(table, axes) for axes in (given, [*given, *sources], [*given, symbol])
    )
    return max(with_sources + with_symbol - past - _entropy(table, [*given, *sources, symbol]), 0.0)


def _entropy(table: np.ndarray, axes: list[int]) -> float:
    marginal = table.sum(axis=tuple(set(range(table.ndim)) - set(axes)))
    positive = marginal[marginal > 0]
    return float(-(positive * np.log(positive)).sum())

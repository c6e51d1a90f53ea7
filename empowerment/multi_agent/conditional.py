"""Empowerment of one agent over another's sensor, and for a receiver that observes actions of others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.measures.result import EmpowermentResult
from empowerment.measures.state_empowerment import empowerment
from empowerment.models.agent_policies import named_row, policy_rows
from empowerment.models.multi_agent import MultiAgentMDP
from empowerment.multi_agent.capacities import capacities_of
from empowerment.multi_agent.joint_rows import DEFAULT_MEMORY, JointSequences


def transfer_empowerment(
    world: MultiAgentMDP,
    horizon: int,
    source: Any,
    target: Any,
    others: Any = "uniform",
    *,
    sensor: Any = None,
    **options: Any,
) -> EmpowermentResult:
    """Compute the capacity from the actions of one agent to the readings of another (Salge and Polani 2017).

    Parameters
    ----------
    world : MultiAgentMDP
        The world of the agents.
    horizon : int
        Number of actions.
    source : hashable, or list of hashable
        The agent whose actions are the input, or a group that acts as one.
    target : hashable
        The agent whose sensor is read. If it is `source`, the value is the agent's own empowerment.
    others : "uniform" or mapping from agent to policy
        Policies of all agents but `source`, as for :meth:`MultiAgentMDP.for_agent`.
    sensor : callable or array_like of shape (n_states, n_readings), optional
        The sensor to read instead of the one that the world has for `target`.
    **options
        Further arguments of :func:`empowerment.empowerment`.

    Returns
    -------
    EmpowermentResult
        The transfer empowerment of each state.

    Raises
    ------
    ValueError
        If an agent or a policy does not fit.

    See Also
    --------
    empowerment : Compute the empowerment of one agent.
    coupled_empowerment : Compute a weighted sum of these values.
    informed_empowerment : Compute an agent's empowerment if the receiver observes actions of others.
    worst_case_empowerment : Compute an agent's empowerment beside the least favourable other agent.

    References
    ----------
    C. Salge and D. Polani, "Empowerment as replacement for the three laws of robotics", Frontiers in Robotics and AI
    4:25, 2017.

    Examples
    --------
    A person walks at random, and an assistant may block the way:

    >>> import empowerment as emp
    >>> corridor = emp.worlds.shared_corridor()
    >>> result = emp.transfer_empowerment(corridor, 2, "assistant", "person", states=(0, 1))
    >>> round(float(result), 5)
    0.19931
    """
    world = validate.instance(world, MultiAgentMDP, "world")
    world.turn_of(target)
    acting = world.for_agent(source, others)
    return empowerment(acting, horizon, sensor=world.sensors[target] if sensor is None else sensor, **options)


def without_source(world: MultiAgentMDP, source: Any, others: Any) -> Any:
    """Return the policies of the others beside a source, out of those of all agents where they are named."""
    world.turn_of(source)
    if not isinstance(others, Mapping):
        return others
    return {agent: policy for agent, policy in others.items() if agent != source}


def informed_empowerment(
    world: MultiAgentMDP,
    horizon: int,
    agent: Any,
    seen: Mapping[Any, Any],
    others: Any = "uniform",
    *,
    states: Any = None,
    sensor: Any = None,
    memory: float = DEFAULT_MEMORY,
    **options: Any,
) -> EmpowermentResult:
    """Compute an agent's empowerment for a receiver that also observes the actions of other agents.

    The agent chooses a sequence of actions without knowing the others'. The value is the largest information between
    that sequence and the final reading, given the actions that are seen. It is never less than for a receiver that
    does not observe them.

    Parameters
    ----------
    world : MultiAgentMDP
        The world of the agents.
    horizon : int
        Number of actions.
    agent : hashable, or list of hashable
        The agent whose empowerment is computed, or a group that acts as one.
    seen : mapping from agent to array_like
        How each agent acts whose actions the receiver observes. They do not depend on states: ``"uniform"``, a
        mapping ``{action: probability}`` or an array of shape (n_actions,) for each action, drawn independently, or
        the joint distribution of all of an agent's actions, of shape (n_actions,) * horizon. For one step it may also
        be any policy that :meth:`MultiAgentMDP.for_agent` takes, if the agent acts in the first turn.
    others : "uniform" or mapping from agent to policy
        Policies of the remaining agents, whose actions are not observed.
    states : state label or list of state labels, optional
        States to compute; all by default.
    sensor : callable or array_like of shape (n_states, n_readings), optional
        The sensor to read instead of the agent's own. A group has none of its own but the state.
    memory : float
        Limit in bytes on the rows of one state.
    **options
        `tol`, `rtol`, `base`, `backend`, `max_iter` and `on_failure` of :func:`empowerment.channel_capacity`.

    Returns
    -------
    EmpowermentResult
        Indexed by the labels of the states; its `actions` are the agent's.

    Raises
    ------
    TypeError, ValueError
        If an agent or a policy does not fit.
    MemoryError
        If the rows of a state need more than `memory`.

    See Also
    --------
    empowerment : Compute the empowerment of one agent.
    transfer_empowerment : Compute the influence of one agent on the readings of another.
    worst_case_empowerment : Compute an agent's empowerment beside the least favourable other agent.

    Examples
    --------
    >>> import empowerment as emp
    >>> lamp = emp.worlds.two_way_lamp()
    >>> emp.informed_empowerment(lamp, 1, "person", {"assistant": "uniform"}, states="off").value
    array([1.])
    """
    world = validate.instance(world, MultiAgentMDP, "world")
    if not isinstance(seen, Mapping) or not seen:
        raise TypeError(f"seen is {validate.shown(seen)}, expected a mapping from agents to how they act")
    horizon = validate.short_horizon(horizon)
    own = world.sensor_of(agent) if sensor is None else sensor
    joint = JointSequences.of(world, [agent, list(seen)], others, horizon, own, memory)
    numbers = joint.model.state_indices(states)
    joint.model.refuse_unexplored(horizon, numbers)
    names = world.group(list(seen))
    chances = {name: _open_loop(world, name, seen[name], horizon) for name in names}
    likely = [
        _joint_chances(world, {name: rows[state % len(rows)] for name, rows in chances.items()}, horizon)
        for state in numbers.tolist()
    ]
    channels = [_seen_channel(joint, state, each) for state, each in zip(numbers.tolist(), likely, strict=True)]
    # An entry is a probability of the row times one of each action that is seen.
    roundings = 2 * (horizon * len(names) + 1)
    joint = replace(joint, relative_error=joint.relative_error + roundings * float(np.finfo(float).eps))
    return capacities_of(channels, joint, numbers, world.labels_of(agent), **options)


def _joint_chances(world: MultiAgentMDP, chances: Mapping[Any, np.ndarray], horizon: int) -> np.ndarray:
    """Return the probabilities of the joint sequences of agents who act independently."""
    product = np.ones(())
    for name, row in chances.items():
        product = np.multiply.outer(product, row.reshape((len(world.actions[name]),) * horizon))
    # Its axes are the steps of one agent after those of the other; in joint sequences agents come inside of steps.
    order = [agent * horizon + step for step in range(horizon) for agent in range(len(chances))]
    return product.transpose(order).reshape(-1)


def _seen_channel(joint: JointSequences, state: int, chances: np.ndarray) -> np.ndarray:
    """Return the rows over what is seen and the reading, of the sequences that are inputs."""
    rows, missing = joint.responses(state)
    possible = chances > 0
    inputs = ~missing[:, possible].any(axis=1)
    weighted = rows[inputs][:, possible] * chances[possible][:, None]
    return np.ascontiguousarray(weighted.reshape(len(weighted), -1))


def _open_loop(world: MultiAgentMDP, name: Any, given: Any, horizon: int) -> np.ndarray:
    """Return the probabilities of an agent's sequences: one row for all states, or one for each."""
    turn, count = world.turn_of(name), len(world.actions[name])
    table = None if isinstance(given, str | Mapping) or callable(given) else _array(given, name)
    if table is not None and table.ndim > 1 and table.shape == (count,) * horizon and horizon > 1:
        return validate.distribution(table.reshape(-1), table.size, f"seen[{name!r}]")[None]
    if horizon == 1 and turn is world.turns[0]:
        return policy_rows(turn, name, given)
    if isinstance(given, str):
        validate.one_of(given, ("uniform",), f"seen[{name!r}]")
        table = np.full(count, 1 / count)
    elif isinstance(given, Mapping):
        table = named_row(given, world.actions[name], f"seen[{name!r}]")
    if table is None or table.ndim != 1:
        raise ValueError(
            f"seen[{name!r}] is {validate.shown(given)}, expected probabilities of shape ({count},) or "
            f"{(count,) * horizon}: over several steps, or in a later turn, actions that are seen do not react"
        )
    one, product = validate.distribution(table, count, f"seen[{name!r}]"), np.ones(1)
    for _ in range(horizon):
        product = np.outer(product, one).reshape(-1)
    return product[None]


def _array(given: Any, name: Any) -> np.ndarray:
    return validate.number_array(getattr(given, "probabilities", given), f"seen[{name!r}]", None, "(action,)")

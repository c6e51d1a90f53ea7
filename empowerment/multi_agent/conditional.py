"""Empowerment of one agent given the other's actions or policy, and over the other's sensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from empowerment.actuation.sensor import make_sensor
from empowerment.capacity.solve import channel_capacity
from empowerment.core import validate
from empowerment.core.channel import Channel
from empowerment.measures.result import EmpowermentResult
from empowerment.measures.state_empowerment import empowerment
from empowerment.models.two_agents import TwoAgentMDP
from empowerment.multi_agent.joint_rows import DEFAULT_MEMORY, check_memory, responses

AGENTS = ("assistant", "person")


def transfer_empowerment(
    world: TwoAgentMDP, horizon: int, policy: Any, *, sensor: Any, source: str = "assistant", **options: Any
) -> EmpowermentResult:
    """Compute the capacity from the actions of one agent to the readings of the other (Salge and Polani 2017).

    Parameters
    ----------
    world : TwoAgentMDP
        The world of the two agents.
    horizon : int
        Number of actions.
    policy : Policy, array_like of shape (n_states, n_actions) or (n_actions,)
        Policy of the other agent.
    sensor : callable or array_like of shape (n_states, n_readings)
        The other agent's sensor, as for :func:`empowerment.empowerment`.
    source : {"assistant", "person"}
        The agent whose actions are the input.
    **options
        Further arguments of :func:`empowerment.empowerment`.

    Returns
    -------
    EmpowermentResult
        The transfer empowerment of each state.

    See Also
    --------
    empowerment : Compute the empowerment of one agent.
    informed_empowerment : Compute the person's empowerment if the receiver observes the assistant's actions.
    worst_case_empowerment : Compute the person's empowerment under the least favourable assistant.

    References
    ----------
    C. Salge and D. Polani, "Empowerment as replacement for the three laws of robotics", Frontiers in Robotics and AI
    4:25, 2017.

    Examples
    --------
    A person walks at random, and an assistant may block the way:

    >>> import numpy as np, empowerment as emp
    >>> corridor, uniform = emp.worlds.shared_corridor(), [1 / 3, 1 / 3, 1 / 3]
    >>> result = emp.transfer_empowerment(corridor, 2, uniform, sensor=lambda state: state[0], states=(0, 1))
    >>> round(float(result), 5)
    0.19931
    """
    validate.one_of(source, AGENTS, "source")
    world = validate.instance(world, TwoAgentMDP, "world")
    acting = world.under_person(policy) if source == "assistant" else world.under_assistant(policy)
    return empowerment(acting, horizon, sensor=sensor, **options)


def informed_empowerment(
    world: TwoAgentMDP,
    horizon: int,
    assistant: Any,
    *,
    states: Any = None,
    sensor: Any = None,
    memory: float = DEFAULT_MEMORY,
    **options: Any,
) -> EmpowermentResult:
    """Compute the person's empowerment for a receiver that also observes the assistant's actions.

    The person chooses a sequence of actions without knowing the assistant's. The value is the largest information
    between that sequence and the final reading, given the assistant's actions. It is never less than for a receiver
    that does not observe them.

    Parameters
    ----------
    world : TwoAgentMDP
        The world of the two agents.
    horizon : int
        Number of actions.
    assistant : array_like of shape (n_assistant_actions,), or (n_assistant_actions,) * horizon
        Distribution of the assistant's actions, which do not depend on the state or on observations: that of each
        action, drawn independently, or the joint distribution of all of them. For one step it may also be a Policy,
        or an array of shape (n_states, n_assistant_actions).
    states : state label or list of state labels, optional
        States to compute; all by default.
    sensor : callable or array_like of shape (n_states, n_readings), optional
        The person's sensor, as for :func:`empowerment.empowerment`.
    memory : float
        Limit in bytes on the rows of one state.
    **options
        `tol`, `rtol`, `base`, `backend`, `max_iter` and `on_failure` of :func:`empowerment.channel_capacity`.

    Returns
    -------
    EmpowermentResult
        Indexed by the labels of the states; its `actions` are the person's.

    Raises
    ------
    MemoryError
        If the rows of a state need more than `memory`.

    See Also
    --------
    empowerment : Compute the empowerment of one agent.
    transfer_empowerment : Compute the influence of one agent on the readings of the other.
    worst_case_empowerment : Compute the person's empowerment under the least favourable assistant.

    Examples
    --------
    >>> import empowerment as emp
    >>> lamp = emp.worlds.two_way_lamp()
    >>> emp.informed_empowerment(lamp, 1, [0.5, 0.5], states="off").value
    array([1.])
    """
    numbers = validate.instance(world, TwoAgentMDP, "world").joint.state_indices(states)
    horizon = validate.short_horizon(horizon)
    check_memory(world, int(numbers[0]), horizon, memory)
    chances = _open_loop(world, assistant, horizon)
    channels = []
    for state in numbers.tolist():
        response = responses(world, state, horizon, sensor, memory)
        weighted = response * chances[state if chances.shape[0] > 1 else 0][:, None]
        channels.append(Channel.from_valid(np.ascontiguousarray(weighted.reshape(len(response), -1))))
    result = channel_capacity(channels, **options)
    return EmpowermentResult(
        value=np.asarray(result.value),
        lower=np.asarray(result.lower),
        upper=np.asarray(result.upper),
        status=np.asarray(result.status),
        states=tuple(world.states[number] for number in numbers),
        state_numbers=numbers,
        actions=tuple(world.person_actions),
        horizon=horizon,
        sensor=make_sensor(sensor, world.joint).name,
        output="final",
        stopping=False,
        method=np.full(numbers.size, "enumeration"),
        backend=result.backend,
        base=result.base,
        tol=result.tol,
        rtol=result.rtol,
        layout=world.joint.layout,
    )


def _open_loop(world: TwoAgentMDP, assistant: Any, horizon: int) -> np.ndarray:
    """Return the probabilities of the assistant's sequences: one row for all states, or one for each."""
    given = validate.number_array(getattr(assistant, "probabilities", assistant), "assistant", None, "(action,)")
    count = len(world.assistant_actions)
    if horizon == 1 and given.ndim == 2:
        if given.shape != (world.n_states, count):
            raise ValueError(f"assistant has shape {given.shape}, expected (n_states, n_assistant_actions)")
        return np.asarray(validate.probability_rows(given, "assistant"))
    if given.ndim == 1:
        one, product = validate.distribution(given, count, "assistant"), np.ones(1)
        for _ in range(horizon):
            product = np.outer(product, one).reshape(-1)
        return product[None]
    if given.shape != (count,) * horizon:
        raise ValueError(
            f"assistant has shape {given.shape}, expected ({count},) or {(count,) * horizon}: over several steps its "
            "actions do not react to the state"
        )
    return validate.distribution(given.reshape(-1), given.size, "assistant")[None]

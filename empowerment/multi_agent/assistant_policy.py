"""An assistant that acts on the empowerment of a person."""

from __future__ import annotations

from typing import Any

from empowerment.control.value_policies import greedy_policy, state_values
from empowerment.core import validate
from empowerment.models.policy import Policy
from empowerment.models.two_agents import TwoAgentMDP


def assistant_policy(
    world: TwoAgentMDP,
    person: Any,
    values: Any,
    *,
    weight: float = 1.0,
    rewards: Any = None,
    tie: str = "first",
    tol: float = 1e-12,
) -> Policy:
    """Return the policy of an assistant that brings the person to where the person is empowered.

    Parameters
    ----------
    world : TwoAgentMDP
    person : Policy, array_like of shape (n_states, n_person_actions) or (n_person_actions,)
        What the person is expected to do.
    values : EmpowermentResult or array_like of shape (n_states,)
        The person's empowerment in each state, beside some assistant: see :meth:`TwoAgentMDP.under_assistant`.
    weight : float
        What one unit of it is worth to the assistant; below 0 it works against the person.
    rewards : array_like of shape (n_states, n_assistant_actions), optional
        The assistant's own goals.
    tie, tol
        As for :func:`greedy_policy`.

    Returns
    -------
    Policy
        With the assistant's actions: the largest reward plus `weight` times the expected empowerment of the person in
        the next state.

    Notes
    -----
    The person's empowerment depends on the assistant it was computed beside, and that is not yet this one. Computed
    again beside the policy returned it says what the help is worth. For an assistant that looks farther ahead than
    one step hand ``expected_next(world.under_person(person), values)`` to :func:`unified_bellman` as rewards, with
    ``information_weight=0``.

    Examples
    --------
    In the corridor the assistant steps back from a person at the wall:

    >>> import empowerment as emp
    >>> corridor, uniform = emp.worlds.shared_corridor(), [1 / 3, 1 / 3, 1 / 3]
    >>> person = emp.empowerment(corridor.under_assistant(uniform), 2, sensor=lambda state: state[0])
    >>> policy = emp.assistant_policy(corridor, uniform, person)
    >>> corridor.assistant_actions[policy.action((0, 1))]
    'right'
    """
    world = validate.instance(world, TwoAgentMDP, "world")
    acting = world.under_person(person)
    worth = validate.finite(weight, "weight") * state_values(acting, values)
    return greedy_policy(acting, worth, rewards=rewards, tie=tie, tol=tol)

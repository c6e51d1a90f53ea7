"""An assistant that acts on the empowerment of a person."""

from __future__ import annotations

from typing import Any

from empowerment.control.value_policies import greedy_policy, state_values
from empowerment.core import validate
from empowerment.models.multi_agent import MultiAgentMDP, refuse_later_turn
from empowerment.models.policy import Policy


def assistant_policy(
    world: MultiAgentMDP,
    assistant: Any,
    others: Any,
    values: Any,
    *,
    weight: float = 1.0,
    rewards: Any = None,
    tie: str = "first",
    tol: float = 1e-12,
) -> Policy:
    """Make the policy of an assistant that leads to states in which a person is empowered.

    Parameters
    ----------
    world : MultiAgentMDP
        The world of the agents, whose steps begin with the turn of `assistant`.
    assistant : hashable
        The agent whose policy is made.
    others : "uniform" or mapping from agent to policy
        Policies expected of the others, as for :meth:`MultiAgentMDP.for_agent`.
    values : EmpowermentResult, CoupledResult or array_like of shape (n_states,)
        The person's empowerment in each state under some policy of the assistant; for several persons the weighted
        sum that :func:`coupled_empowerment` computes.
    weight : float
        Weight of the empowerment in the assistant's rewards; below 0 the assistant works against the person.
    rewards : array_like of shape (n_states, n_assistant_actions), optional
        The assistant's own rewards.
    tie : {"first", "uniform", "stay"}
        Choice among several best actions, as for :func:`greedy_policy`.
    tol : float
        Actions within this of the best one count as equally good, in the unit of the values.

    Returns
    -------
    Policy
        Policy over the assistant's actions, which maximizes the reward plus `weight` times the expected empowerment
        of the person in the next state.

    See Also
    --------
    greedy_policy : Make such a policy for one agent.
    transfer_empowerment : Compute the influence of one agent on the readings of the other.
    unified_bellman : Plan farther ahead than one step.

    Notes
    -----
    The person's empowerment depends on the assistant's policy for which it was computed, and that is not yet this
    one. Computing it again under the policy returned shows the effect of the assistant. For an assistant that plans
    farther ahead than one step pass ``expected_next(world.for_agent(assistant, others), values)`` to
    :func:`unified_bellman` as rewards, with ``information_weight=0``.

    Examples
    --------
    In the corridor the assistant steps back from a person at the wall:

    >>> import empowerment as emp
    >>> corridor = emp.worlds.shared_corridor()
    >>> person = emp.transfer_empowerment(corridor, 2, "person", "person")
    >>> policy = emp.assistant_policy(corridor, "assistant", "uniform", person)
    >>> policy.action((0, 1))
    'right'
    """
    world = validate.instance(world, MultiAgentMDP, "world")
    refuse_later_turn(world, assistant)
    acting = world.for_agent(assistant, others)
    weighted_values = validate.finite(weight, "weight") * state_values(acting, values)
    return greedy_policy(acting, weighted_values, rewards=rewards, tie=tie, tol=tol)

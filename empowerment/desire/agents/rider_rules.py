"""Two rules for couriers."""

from __future__ import annotations

from typing import Any

from empowerment.desire.agents.policy_agents import RuleAgent

_EXHAUSTED, _TIRED = 3, 5


def greedy_rider() -> RuleAgent:
    """Make a courier that accepts every order it can, and never rests.

    It is a simple baseline of this library.

    Returns
    -------
    RuleAgent
        The agent.

    See Also
    --------
    cautious_rider : A courier with a rule for its health.
    compare_agents : Compare kinds of agents.

    Examples
    --------
    >>> from empowerment.desire import greedy_rider
    >>> greedy_rider().rule((8, 0, "far"))
    'accept'
    """
    return RuleAgent(_greedy, "greedy")


def cautious_rider() -> RuleAgent:
    """Make a courier with a rule of thumb for its health.

    It rests up to a health of 3, refuses far orders up to 5, and accepts all others. The thresholds are this
    library's, and not tuned.

    Returns
    -------
    RuleAgent
        The agent.

    See Also
    --------
    greedy_rider : A courier that accepts every order.
    compare_agents : Compare kinds of agents.

    Examples
    --------
    >>> from empowerment.desire import cautious_rider
    >>> [cautious_rider().rule((health, 0, "far")) for health in (3, 5, 6)]
    ['rest', 'refuse', 'accept']
    """
    return RuleAgent(_cautious, "rule")


def _greedy(state: Any) -> str:
    health, _, offer = state
    return "accept" if offer != "none" and health > 0 else "refuse"


def _cautious(state: Any) -> str:
    health, _, offer = state
    if health <= _EXHAUSTED:
        return "rest"
    if offer == "none" or (offer == "far" and health <= _TIRED):
        return "refuse"
    return "accept"

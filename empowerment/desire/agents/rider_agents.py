"""Couriers for comparison, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from empowerment.desire.agent import Agent, DesireAgent
from empowerment.desire.agents.empowered import EmpoweredRider
from empowerment.desire.agents.learning import QLearningRider
from empowerment.desire.agents.policy_agents import UnifiedAgent
from empowerment.desire.agents.rider_rules import cautious_rider, greedy_rider
from empowerment.desire.agents.value_tracking import ValueTrackingRider

BALANCED, INCOME = (1 / 3, 1 / 3, 1 / 3), (1.0, 0.0, 0.0)

RIDER_AGENTS: dict[str, Callable[..., Agent]] = {
    "desire": DesireAgent,
    "fixed": DesireAgent.fixed,
    "balanced": partial(DesireAgent.fixed, BALANCED, name="balanced"),
    "income": partial(DesireAgent.fixed, INCOME, name="income"),
    "greedy": greedy_rider,
    "rule": cautious_rider,
    "q-learning": QLearningRider,
    "d2a-like": ValueTrackingRider,
    "empowerment": EmpoweredRider,
    "unified": UnifiedAgent,
}
"""Couriers of the delivery world to compare: each is made by a call without arguments, and named by its key."""

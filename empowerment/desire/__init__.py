"""Agents whose emotions move their desires, and whose desires decide.

Every public name is resolved at its first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOME = {
    "WarpingDistances": "comparison.warping",
    "rider_series": "comparison.warping",
    "warping_distances": "comparison.warping",
    "warped": "comparison.warping",
    "Verdict": "shocks.example",
    "ExampleRegion": "shocks.example",
    "ExampleCriterion": "shocks.example",
    "example_region": "shocks.sensitivity",
    "ShockRow": "shocks.result",
    "ShockWindow": "shocks.result",
    "ShockEffects": "shocks.result",
    "shock_effects": "shocks.effects",
    "SeedEstimate": "comparison.estimates",
    "AgentSummary": "comparison.result",
    "AgentComparison": "comparison.result",
    "compare_agents": "comparison.compare",
    "DesireAgent": "agent",
    "Agent": "agent",
    "Actor": "agent",
    "WEALTH": "agent",
    "EMOTIONS": "appraisal",
    "appraise": "appraisal",
    "fluctuates": "appraisal",
    "name_emotions": "appraisal",
    "deficits": "desires",
    "objective": "desires",
    "update_desire": "desires",
    "FeatureWorld": "worlds.feature_world",
    "RIDER_MESSAGES": "influence.experiment",
    "RIDER_WILLS": "influence.experiment",
    "desire_influence": "influence.experiment",
    "far_order": "influence.experiment",
    "ContextInfluence": "influence.context",
    "DesireInfluence": "influence.result",
    "Mind": "mind",
    "feel": "mind",
    "DesireParameters": "parameters",
    "Plans": "planning",
    "Riders": "worlds.riders",
    "simulate_agents": "simulation",
    "Students": "worlds.students",
    "TokenModelDecision": "agents.token_decision",
    "describe_rider": "agents.token_decision",
    "describe_state": "agents.token_decision",
    "DesireTrace": "trace",
    "DesireWorld": "world",
    "Outcome": "world",
    "percentile": "world",
    "RIDER_AGENTS": "agents.rider_agents",
    "EmpoweredRider": "agents.empowered",
    "PolicyAgent": "agents.policy_agents",
    "QLearningRider": "agents.learning",
    "RuleAgent": "agents.policy_agents",
    "UnifiedAgent": "agents.policy_agents",
    "ValueTrackingRider": "agents.value_tracking",
    "cautious_rider": "agents.rider_rules",
    "earning_courier": "agents.empowered",
    "greedy_rider": "agents.rider_rules",
}

__all__ = [
    "EMOTIONS",
    "RIDER_AGENTS",
    "RIDER_MESSAGES",
    "RIDER_WILLS",
    "WEALTH",
    "Actor",
    "Agent",
    "AgentComparison",
    "AgentSummary",
    "ContextInfluence",
    "DesireAgent",
    "DesireInfluence",
    "DesireParameters",
    "DesireTrace",
    "DesireWorld",
    "EmpoweredRider",
    "ExampleCriterion",
    "ExampleRegion",
    "FeatureWorld",
    "Mind",
    "Outcome",
    "Plans",
    "PolicyAgent",
    "QLearningRider",
    "Riders",
    "RuleAgent",
    "SeedEstimate",
    "ShockEffects",
    "ShockRow",
    "ShockWindow",
    "Students",
    "TokenModelDecision",
    "UnifiedAgent",
    "ValueTrackingRider",
    "Verdict",
    "WarpingDistances",
    "appraise",
    "cautious_rider",
    "compare_agents",
    "deficits",
    "describe_rider",
    "describe_state",
    "desire_influence",
    "earning_courier",
    "example_region",
    "far_order",
    "feel",
    "fluctuates",
    "greedy_rider",
    "name_emotions",
    "objective",
    "percentile",
    "rider_series",
    "shock_effects",
    "simulate_agents",
    "update_desire",
    "warped",
    "warping_distances",
]

if TYPE_CHECKING:
    from empowerment.desire.agent import WEALTH as WEALTH
    from empowerment.desire.agent import Actor as Actor
    from empowerment.desire.agent import Agent as Agent
    from empowerment.desire.agent import DesireAgent as DesireAgent
    from empowerment.desire.agents.empowered import EmpoweredRider as EmpoweredRider
    from empowerment.desire.agents.empowered import earning_courier as earning_courier
    from empowerment.desire.agents.learning import QLearningRider as QLearningRider
    from empowerment.desire.agents.policy_agents import PolicyAgent as PolicyAgent
    from empowerment.desire.agents.policy_agents import RuleAgent as RuleAgent
    from empowerment.desire.agents.policy_agents import UnifiedAgent as UnifiedAgent
    from empowerment.desire.agents.rider_agents import RIDER_AGENTS as RIDER_AGENTS
    from empowerment.desire.agents.rider_rules import cautious_rider as cautious_rider
    from empowerment.desire.agents.rider_rules import greedy_rider as greedy_rider
    from empowerment.desire.agents.token_decision import TokenModelDecision as TokenModelDecision
    from empowerment.desire.agents.token_decision import describe_rider as describe_rider
    from empowerment.desire.agents.token_decision import describe_state as describe_state
    from empowerment.desire.agents.value_tracking import ValueTrackingRider as ValueTrackingRider
    from empowerment.desire.appraisal import EMOTIONS as EMOTIONS
    from empowerment.desire.appraisal import appraise as appraise
    from empowerment.desire.appraisal import fluctuates as fluctuates
    from empowerment.desire.appraisal import name_emotions as name_emotions
    from empowerment.desire.comparison.compare import compare_agents as compare_agents
    from empowerment.desire.comparison.estimates import SeedEstimate as SeedEstimate
    from empowerment.desire.comparison.result import AgentComparison as AgentComparison
    from empowerment.desire.comparison.result import AgentSummary as AgentSummary
    from empowerment.desire.comparison.warping import WarpingDistances as WarpingDistances
    from empowerment.desire.comparison.warping import rider_series as rider_series
    from empowerment.desire.comparison.warping import warped as warped
    from empowerment.desire.comparison.warping import warping_distances as warping_distances
    from empowerment.desire.desires import deficits as deficits
    from empowerment.desire.desires import objective as objective
    from empowerment.desire.desires import update_desire as update_desire
    from empowerment.desire.influence.context import ContextInfluence as ContextInfluence
    from empowerment.desire.influence.experiment import RIDER_MESSAGES as RIDER_MESSAGES
    from empowerment.desire.influence.experiment import RIDER_WILLS as RIDER_WILLS
    from empowerment.desire.influence.experiment import desire_influence as desire_influence
    from empowerment.desire.influence.experiment import far_order as far_order
    from empowerment.desire.influence.result import DesireInfluence as DesireInfluence
    from empowerment.desire.mind import Mind as Mind
    from empowerment.desire.mind import feel as feel
    from empowerment.desire.parameters import DesireParameters as DesireParameters
    from empowerment.desire.planning import Plans as Plans
    from empowerment.desire.shocks.effects import shock_effects as shock_effects
    from empowerment.desire.shocks.example import ExampleCriterion as ExampleCriterion
    from empowerment.desire.shocks.example import ExampleRegion as ExampleRegion
    from empowerment.desire.shocks.example import Verdict as Verdict
    from empowerment.desire.shocks.result import ShockEffects as ShockEffects
    from empowerment.desire.shocks.result import ShockRow as ShockRow
    from empowerment.desire.shocks.result import ShockWindow as ShockWindow
    from empowerment.desire.shocks.sensitivity import example_region as example_region
    from empowerment.desire.simulation import simulate_agents as simulate_agents
    from empowerment.desire.trace import DesireTrace as DesireTrace
    from empowerment.desire.world import DesireWorld as DesireWorld
    from empowerment.desire.world import Outcome as Outcome
    from empowerment.desire.world import percentile as percentile
    from empowerment.desire.worlds.feature_world import FeatureWorld as FeatureWorld
    from empowerment.desire.worlds.riders import Riders as Riders
    from empowerment.desire.worlds.students import Students as Students


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

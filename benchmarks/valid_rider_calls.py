"""Valid calls of the riders that are compared with those of desires; see `benchmarks.valid_calls`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from empowerment import desire


def rule(state: tuple[int, int, str]) -> str:
    """Rest, whatever there is."""
    return "rest"


def functions(directory: Path) -> dict[str, dict[str, Any]]:
    """Return valid arguments of each public function and class, by its name."""
    return {
        "desire.PolicyAgent": {"policy": np.array([[0.0, 0.5, 0.5]] * 528)},
        "desire.RuleAgent": {"rule": rule},
        "desire.UnifiedAgent": {},
        "desire.QLearningRider": {},
        "desire.ValueTrackingRider": {},
        "desire.EmpoweredRider": {},
        "desire.greedy_rider": {},
        "desire.cautious_rider": {},
        "desire.earning_courier": {"most": 4},
        "worlds.delivery_env": {},
    }


def methods(directory: Path) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Return a valid call of each method of a public class, by the names of the class and the method."""
    here = {"world": desire.Riders(2), "parameters": desire.DesireParameters()}
    agents = {
        "PolicyAgent": desire.PolicyAgent(functions(directory)["desire.PolicyAgent"]["policy"]),
        "RuleAgent": desire.RuleAgent(rule),
        "UnifiedAgent": desire.UnifiedAgent(),
        "QLearningRider": desire.QLearningRider(100),
        "EmpoweredRider": desire.EmpoweredRider(1),
        "ValueTrackingRider": desire.ValueTrackingRider(),
    }
    found: dict[str, tuple[Any, dict[str, Any]]] = {}
    for name, agent in agents.items():
        found[f"desire.{name}.begin"] = agent.begin, here
        if name != "ValueTrackingRider":
            found[f"desire.{name}.policy"] = agent.policy, here
    learner = agents["QLearningRider"]
    return found | {"desire.QLearningRider.action_values": (learner.action_values, {"discount": 0.9})}

"""Valid calls of what follows agents with desires; see `benchmarks.valid_calls`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from empowerment import MDP, desire

D0 = np.array(desire.WEALTH)
PARAMETERS = desire.DesireParameters()
AGENT = desire.DesireAgent(resolution=4)


@cache
def riders() -> desire.Riders:
    """Return two riders."""
    return desire.Riders(2)


@cache
def trace() -> desire.DesireTrace:
    """Return what became of them in two slots."""
    return desire.simulate_agents(riders(), AGENT, 2)


def functions(directory: Path) -> dict[str, dict[str, Any]]:
    """Return valid arguments of each public function and class, by its name."""
    rank, emotion = np.array(0.5), np.zeros(3)
    return {
        "desire.appraise": {"mood": emotion, "changes": np.zeros(2), "rank": rank, "parameters": PARAMETERS},
        "desire.name_emotions": {"emotion": emotion},
        "desire.fluctuates": {"emotion": emotion, "reference": emotion, "parameters": PARAMETERS},
        "desire.deficits": {"levels": np.ones(3), "wanted": np.ones(3)},
        "desire.update_desire": {
            "desire": D0,
            "will": D0,
            "unmet": np.zeros(3),
            "size": np.array(1.0),
            "steps": np.array(1),
            "parameters": PARAMETERS,
        },
        "desire.objective": {"desire": D0, "features": np.ones((2, 2, 3))},
        "desire.percentile": {"amounts": np.arange(3.0)},
        "desire.DesireParameters": {},
        "desire.DesireAgent": {},
        "desire.Plans": {"world": riders(), "discount": 0.9, "temperature": 0.1},
        "desire.Riders": {},
        "desire.Students": {},
        "desire.FeatureWorld": {
            "model": MDP(np.full((2, 2, 2), 0.5), initial=[0.5, 0.5]),
            "features": np.ones((2, 2, 2)),
            "variables": np.ones((2, 2)),
            "wanted": np.ones(2),
            "desires": ["a", "b"],
            "appraised": ["a"],
            "rank_by": "b",
        },
        "desire.simulate_agents": {"world": riders(), "agent": AGENT, "n_steps": 2},
    }


def methods(directory: Path) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Return a valid call of each method of a public class, by the names of the class and the method."""
    plans, here = desire.Plans(riders(), 0.9, 0.1), {"world": riders(), "parameters": PARAMETERS}
    return {
        "desire.DesireParameters.shock": (PARAMETERS.shock, {}),
        "desire.DesireParameters.source": (PARAMETERS.source, {"pleasure": 0.25, "arousal": 0.5}),
        "desire.DesireParameters.preset": (PARAMETERS.preset, {"name": "shock"}),
        "desire.DesireAgent.fixed": (desire.DesireAgent.fixed, {}),
        "desire.DesireAgent.begin": (AGENT.begin, here),
        "desire.DesireAgent.plans": (AGENT.plans, here),
        "desire.Plans.numbers": (plans.numbers, {"desires": D0}),
        "desire.Plans.action_values": (plans.action_values, {"desires": D0}),
        "desire.Plans.policies": (plans.policies, {"desires": D0}),
        "desire.DesireTrace.plot": (trace().plot, {}),
    }

"""Valid calls of what measures riders with desires; see `benchmarks.valid_calls`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from empowerment import desire

AGENT = desire.DesireAgent.fixed(resolution=4)
SHORT = {"seeds": [0, 1], "n_steps": 60}
RESULTS = (
    "AgentComparison AgentSummary ExampleRegion SeedEstimate ShockEffects ShockRow ShockWindow Verdict "
    "WarpingDistances"
)
"""Classes that the library makes; none has a valid call of its own."""


@cache
def riders() -> desire.Riders:
    """Return two riders."""
    return desire.Riders(2)


@cache
def trace() -> desire.DesireTrace:
    """Return what became of them in two days."""
    return desire.simulate_agents(riders(), AGENT, 24)


@cache
def comparison() -> desire.AgentComparison:
    """Return a comparison of two kinds that are the same."""
    return desire.compare_agents({"a": AGENT, "b": AGENT}, riders(), **SHORT)


@cache
def effects() -> desire.ShockEffects:
    """Return what shocks do to riders of fixed weights."""
    return desire.shock_effects(AGENT, riders(), windows=[4], **SHORT)


@cache
def region() -> desire.ExampleRegion:
    """Return a region of one combination."""
    return desire.example_region({"gain": [2.0]}, resolution=4, **SHORT)


def functions(directory: Path) -> dict[str, dict[str, Any]]:
    """Return valid arguments of each public function and class, by its name."""
    return {
        "desire.compare_agents": {"agents": {"a": AGENT}, "world": riders(), **SHORT},
        "desire.shock_effects": {"agent": AGENT, "world": riders(), "windows": [4], **SHORT},
        "desire.example_region": {"grid": {"gain": [2.0]}, "resolution": 4, **SHORT},
        "desire.ExampleCriterion": {},
        "desire.rider_series": {"trace": trace()},
        "desire.warped": {"first": [0.0, 1.0], "second": [0.0]},
        "desire.warping_distances": {"trace": trace()},
    }


def methods(directory: Path) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Return a valid call of each method of a public class, by the names of the class and the method."""
    distances = desire.warping_distances(trace())
    return {
        "desire.AgentComparison.difference": (
            comparison().difference,
            {"agent": "a", "other": "b", "measure": "income"},
        ),
        "desire.AgentSummary.ratio": (comparison()["a"].ratio, {"measure": "income"}),
        "desire.ShockWindow.relative_difference": (effects()[4].relative_difference, {"measure": "income"}),
        "desire.ExampleCriterion.judge": (desire.ExampleCriterion(window=4).judge, {"effects": effects()}),
        "desire.ExampleRegion.row": (region().row, {"cell": (2.0,)}),
        "desire.WarpingDistances.total": (distances.total, {"scaling": "z"}),
    }

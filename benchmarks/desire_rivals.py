"""Agents to compare with that are not in RIDER_AGENTS, and what crashes are named by the source's appraisal.

    python -m benchmarks.desire_rivals

takes a minute on one core. Everything else that the page on desires says is printed by `benchmarks.desire`,
`benchmarks.desire_influence` and `empowerment desire`.
"""

from __future__ import annotations

from collections.abc import Iterator

from empowerment.desire import (
    DesireAgent,
    DesireParameters,
    EmpoweredRider,
    QLearningRider,
    Riders,
    UnifiedAgent,
    compare_agents,
    shock_effects,
)
from empowerment.desire.comparison.result import told_estimate

MEASURES = ("income", "health", "accepted", "accepted_possible", "accepted_far", "rests")
# What desire riders want on average.
MEAN_DESIRE = (0.46, 0.31, 0.23)


def agents() -> Iterator[str]:
    """Yield what was measured of each kind, and how much less it is for the desire rider."""
    kinds = {
        "desire": DesireAgent(),
        "fixed at its mean desire": DesireAgent.fixed(MEAN_DESIRE),
        "q-learning, 4 million steps": QLearningRider(4_000_000),
        "empowerment of 2 slots": EmpoweredRider(2),
        "unified, reward weight 1": UnifiedAgent(1.0),
        "unified, reward weight 3": UnifiedAgent(3.0),
    }
    found = compare_agents(kinds, Riders(), seeds=range(100))
    for name in found:
        yield f"{name}: " + ", ".join(f"{measure} {told_estimate(found[name][measure])}" for measure in MEASURES)
        apart = [(measure, found.difference(name, "desire", measure)) for measure in MEASURES[:3]]
        yield "    minus desire: " + ", ".join(f"{measure} {told_estimate(each)}" for measure, each in apart)


def names() -> Iterator[str]:
    """Yield what falls of health by 4 or more are named."""
    presets = {
        "shock": DesireParameters.shock(),
        "source, k_p 0.5, k_a 0.5": DesireParameters.source(0.5, 0.5),
        "source, k_p 0.5, k_a -0.5": DesireParameters.source(0.5, -0.5),
    }
    for label, parameters in presets.items():
        found = shock_effects(DesireAgent(resolution=20), seeds=range(200), windows=[24], parameters=parameters)
        shares = ", ".join(
            f"{name} {share.value:.3f}" for name, share in found.named.items() if share and share.value
        )
        yield f"{label}: {int(found.falls.sum())} falls, {shares}"


def main() -> None:
    """Print both."""
    print("agents: riders of 100 seeds, 95 % intervals")
    for line in agents():
        print(f"  {line}", flush=True)
    print("names of falls of health by 4 or more, 200 seeds")
    for line in names():
        print(f"  {line}", flush=True)


if __name__ == "__main__":
    main()

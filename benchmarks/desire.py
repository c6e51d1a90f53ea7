"""Riders whose emotions move their desires: how long they take, how they compare, and what shocks do.

    python -m benchmarks.desire

prints times of this process on one core, and tables of the kinds of riders, of shocks against frozen twins, and of
warping distances; `--sensitivity` also where the source's example happens. `--resolution 20` rounds desires for
decisions everywhere, which takes a tenth of the time.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from empowerment.cli import desire_tables
from empowerment.desire import (
    RIDER_AGENTS,
    Agent,
    DesireAgent,
    DesireParameters,
    ExampleRegion,
    Riders,
    compare_agents,
    example_region,
    shock_effects,
    simulate_agents,
    warping_distances,
)
from empowerment.desire.comparison.result import told_estimate

GAINS = [0.5, 1.0, 2.0, 4.0, 8.0]
THRESHOLDS = [0.4, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, math.inf]
OTHERS: dict[str, list[Any]] = {
    "decay": [0.0, 0.005, 0.2],
    "intensity": [False],
    "rank_dominance": [(0.0, 0.0, 0.0)],
    "temperature": [0.0, 0.2],
    "persistence": [0.0, 0.8],
    "wanted": [(4.0, 5.0, 0.25), (4.0, 9.0, 0.25), (4.0, 7.0, 0.5), (6.0, 7.0, 0.25)],
    "will": [
        (0.9, 0.05, 0.05),
        (0.8, 0.1, 0.1),
        (0.5, 0.25, 0.25),
        (1 / 3, 1 / 3, 1 / 3),
        (0.15, 0.15, 0.7),
        (0.15, 0.7, 0.15),
    ],
}


def main() -> None:
    """Print times and tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=100, help="runs of each kind of riders")
    parser.add_argument("--resolution", type=int, help="round desires to multiples of 1/K for decisions")
    parser.add_argument("--sensitivity", action="store_true", help="also look where the source's example happens")
    arguments = parser.parse_args()
    agents = {name: rounded(make(), arguments.resolution) for name, make in RIDER_AGENTS.items()}
    print_times()
    print("\n" + desire_tables.comparison_text(compare_agents(agents, seeds=range(arguments.seeds))))
    pair = {name: agents[name] for name in ("desire", "fixed")}
    print(
        "\n" + desire_tables.shocks_text({n: shock_effects(a, seeds=range(arguments.seeds)) for n, a in pair.items()})
    )
    print("\n" + warping_table(agents, arguments.seeds))
    if arguments.sensitivity:
        print_sensitivity()


def rounded(agent: Agent, resolution: int | None) -> Agent:
    """Return the agent with its desires rounded for decisions, if it plans for desires and that is wanted."""
    if resolution is None or not isinstance(agent, DesireAgent):
        return agent
    return DesireAgent(agent.will, name=agent.name, moved=agent.moved, resolution=resolution)


def print_times() -> None:
    """Print CPU-seconds; kernels are compiled before."""
    riders, exact, lattice = Riders(), DesireAgent(), DesireAgent(resolution=20)
    simulate_agents(riders, DesireAgent(), 12)
    print("CPU-seconds, six riders, a month of 360 slots")
    print(f"  one seed, exact, nothing planned before   {seconds(lambda: simulate_agents(riders, exact)):8.3f}")
    print(f"  the same again, policies kept             {seconds(lambda: simulate_agents(riders, exact)):8.3f}")
    for name, agent in (("at resolution=20", lattice), ("exact", DesireAgent())):
        took = seconds(lambda agent=agent: compare_agents({"desire": agent}, riders))
        print(f"  a hundred seeds, {name:25} {took:8.3f}")


def seconds(work: Callable[[], Any]) -> float:
    """Return the CPU time of a call."""
    began = time.process_time()
    work()
    return time.process_time() - began


def warping_table(agents: dict[str, Agent], n_seeds: int) -> str:
    """Return warping distances, those with a desire only of agents that have one."""
    titles = ("agent", "daily raw", "raw/L", "minmax", "z", "z/L", "state-behaviour z/L", "income-pleasure z")
    titles += ("slots raw (10 seeds)", "slots z (10 seeds)")
    lines = ["  ".join(f"{title:>21}" for title in titles)]
    for name, agent in agents.items():
        lines.append("  ".join(f"{cell:>21}" for cell in (name, *warping_cells(agent, n_seeds))))
    return "\n".join(lines)


def warping_cells(agent: Agent, n_seeds: int) -> Iterator[str]:
    """Yield the distances of one kind of riders, with the half width of their intervals where it says something."""
    trace = simulate_agents(Riders(), agent, seeds=range(n_seeds))
    found, behaviour = warping_distances(trace), [("state", "behaviour")]
    ways = [("raw", False), ("raw", True), ("minmax", False), ("z", False), ("z", True)]
    for scaling, by_length in ways:
        yield "–" if agent.will is None else told_estimate(found.total(scaling, by_length=by_length))
    yield told_estimate(found.total("z", pairs=behaviour, by_length=True))
    yield told_estimate(warping_distances(trace, pairs=[("income", "pleasure")], scalings=["z"]).total("z"))
    slots = simulate_agents(Riders(), agent, seeds=range(min(n_seeds, 10)))
    by_slot = warping_distances(slots, by="slot", scalings=["raw", "z"])
    for scaling in by_slot.scalings:
        yield "–" if agent.will is None else told_estimate(by_slot.total(scaling))


def print_sensitivity() -> None:
    """Print where the example happens: threshold by gain, gains of the appraisal, the source's appraisal, others."""
    print("\n" + desire_tables.region_text(example_region({"threshold": THRESHOLDS, "gain": GAINS})))
    base = DesireParameters().appraisal
    gains = {
        gain: tuple(tuple(gain * x for x in row) for row in base) for gain in (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0)
    }
    found = example_region({"threshold": [0.6, 1.2], "appraisal": list(gains.values())})
    for threshold in (0.6, 1.2):
        good = [gain for gain, table in gains.items() if found.verdicts[threshold, table].holds]
        print(f"\nthe appraisal times g, threshold {threshold}: the example happens for g in {good}")
    for persistence in (0.5, 0.0):
        print(f"\nthe source's appraisal, persistence {persistence} (50 seeds): {source_cells(persistence)}")
    for name, values in OTHERS.items():
        print("\n" + desire_tables.region_text(example_region({name: values})))


def source_cells(persistence: float) -> str:
    """Return where the example happens with the source's appraisal."""
    thresholds, factors = [0.5, 0.7, 0.9, 1.2], list(product((0.0, 0.25, 0.5, 1.0), (0.25, 0.5, 1.0)))
    tables = {pair: DesireParameters.source(*pair).appraisal for pair in factors}
    found: ExampleRegion = example_region(
        {"threshold": thresholds, "appraisal": list(tables.values())},
        parameters=DesireParameters.source(0.25, 0.5, persistence=persistence),
        seeds=range(50),
    )
    good = [
        f"({threshold}; {pair[0]}, {pair[1]})"
        for threshold in thresholds
        for pair, table in tables.items()
        if found.verdicts[threshold, table].holds
    ]
    return f"{len(good)} of {len(found)}: {', '.join(good) or 'none'}"


if __name__ == "__main__":
    main()

"""Long horizons of noisy worlds: ``python -m benchmarks.horizons [JOBS]`` (processes for whole maps, 2 by default).

Prints maps of all states beside explicit enumeration, one state at ever longer horizons, and the intervals beyond
them. All times are from this one run, after compiling.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import empowerment as emp

CENTRE, LONGEST = (4, 4), 10
FRESH = f"""
import empowerment as emp
from benchmarks.memory import peak
assert emp.empowerment(emp.worlds.slip_grid(), {LONGEST}, states={CENTRE}).converged.all()
print(peak())
"""


def three_states() -> emp.MDP:
    """Return a world of few dimensions, in which few of the sequences matter."""
    first = [[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.25, 0.25, 0.5]]
    second = [[0.1, 0.3, 0.6], [0.5, 0.3, 0.2], [0.2, 0.1, 0.7]]
    return emp.MDP(np.stack([first, second], axis=1))


def timed(call: Callable[..., Any], *arguments: Any, runs: int = 1, **options: Any) -> tuple[float, Any]:
    """Return the median of the seconds that a call took, and what it gave."""
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        found = call(*arguments, **options)
        seconds.append(time.perf_counter() - start)
    return sorted(seconds)[runs // 2], found


def by_hand(world: emp.MDP, horizon: int, merge: bool = True) -> emp.CapacityResult:
    """Return the capacity of the channel that has a row for every sequence."""
    return emp.channel_capacity(emp.actuation_channel(world, horizon, CENTRE, merge=merge))


def print_maps(world: emp.MDP, jobs: int) -> None:
    """Print what all states take, in one process and in several."""
    print(f"slip_grid, all {world.n_states} states")
    for horizon, runs in ((6, 3), (8, 1)):
        for n_jobs in (1, jobs):
            seconds, result = timed(emp.empowerment, world, horizon, n_jobs=n_jobs, runs=runs)
            assert result.converged.all()
            print(
                f"  n={horizon}, n_jobs={n_jobs}       {seconds:8.3f} s, {len(result) / seconds:6.1f} states/s, "
                f"largest gap {result.gap.max():.1e} bits"
            )


def print_ratios(world: emp.MDP) -> None:
    """Print how much longer enumeration takes, and the same written by hand, in one process."""
    print("slip_grid, the same with all rows stored, in one process")
    for horizon, states in ((6, list(world.states)), (8, list(world.states[::22]))):
        ours, result = timed(emp.empowerment, world, horizon, states=states, n_jobs=1)
        seconds, found = timed(emp.empowerment, world, horizon, states=states, n_jobs=1, method="enumeration")
        print(
            f"  n={horizon}, enumeration  {seconds:8.3f} s for {len(states)} states, {seconds / ours:.1f} times ours "
            f"({ours:.3f} s); values differ by {np.abs(result.value - found.value).max():.0e} bits"
        )
    for horizon in (6, 8):
        ours, _ = timed(emp.empowerment, world, horizon, states=CENTRE, n_jobs=1, runs=3)
        for merge in (True, False):
            seconds, found = timed(by_hand, world, horizon, merge, runs=3)
            print(
                f"  n={horizon}, by hand      {seconds:8.3f} s for one state, {seconds / ours:.1f} times ours "
                f"({ours:.3f} s); {found.input_distribution.size} rows, gap {found.gap:.1e} bits"
            )


def print_state(name: str, world: emp.MDP, state: Any, horizon: int, **options: Any) -> None:
    """Print the interval of one state and the time it took, in one process."""
    seconds, result = timed(emp.empowerment, world, horizon, states=state, n_jobs=1, on_failure="ignore", **options)
    asked = " by name" if "method" in options else ""
    print(
        f"  {name:<10} n={horizon:<5}{seconds:8.3f} s, {float(result):.9f} in [{result.lower[0]:.9f}, "
        f"{result.upper[0]:.9f}], gap {result.gap[0]:.1e} bits, {result.method[0]}{asked}"
    )


def main(jobs: int = 2) -> None:
    """Compile, time and print."""
    # First, because on Linux the peak of a child begins with that of its parent.
    memory = int(subprocess.run([sys.executable, "-c", FRESH], stdout=subprocess.PIPE, check=True).stdout)
    world, lake, small = emp.worlds.slip_grid(), emp.from_gymnasium("FrozenLake-v1"), three_states()
    by_hand(world, 3)
    for n_jobs in (1, jobs):
        emp.empowerment(world, 3, n_jobs=n_jobs)
    for model in (world, small):
        emp.empowerment(model, 5, states=model.states[0], method="interval")
    print_maps(world, jobs)
    print_ratios(world)
    print("all sequences from one state")
    for horizon in (8, 9, LONGEST):
        print_state("slip_grid", world, CENTRE, horizon)
    print(f"  (the last one in a fresh process: peak memory {memory / 1e6:.0f} MB)")
    print_state("FrozenLake", lake, 0, 10)
    print_state("3 states", small, 0, 20, tol=1e-10)
    print("intervals of one state")
    for horizon in (10, 20, 64, 1000):
        print_state("slip_grid", world, CENTRE, horizon, method="interval")
    print_state("slip_grid", world, CENTRE, 20)  # which first finds out that there are too many sequences
    print_state("FrozenLake", lake, 0, 20, method="interval")
    for horizon in (20, 1000):
        print_state("3 states", small, 0, horizon, tol=1e-10, method="interval")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

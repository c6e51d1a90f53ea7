"""A deterministic world of a million cells: ``python -m benchmarks.deterministic [SIDE HORIZON]``.

A quarter of the cells is blocked. Every state is counted on two cores, a thousand of them once more by a plain
breadth-first search.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

import empowerment as emp
from benchmarks.memory import peak
from empowerment.actuation.open_loop.counting import log_trajectories
from empowerment.actuation.sensor import make_sensor

T = TypeVar("T")
SAMPLE = 1000


def drawing(side: int) -> list[str]:
    """Return a square of cells of which a quarter, drawn at random, is blocked."""
    blocked = np.random.default_rng(0).random((side, side)) < 0.25
    return ["".join(line) for line in np.where(blocked, "#", ".")]


def plain_count(successors: np.ndarray, start: int, horizon: int) -> int:
    """Return how many states are at most so many steps away, which are those after `horizon` where one can stay."""
    met = {start}
    front = [start]
    for _ in range(horizon):
        following = []
        for state in front:
            for target in successors[state].tolist():
                if target not in met:
                    met.add(target)
                    following.append(target)
        front = following
    return len(met)


def timed(what: str, call: Callable[[], T]) -> tuple[float, T]:
    """Return the seconds a call took and what it gave, and print them with the peak memory so far."""
    start = time.perf_counter()
    found = call()
    seconds = time.perf_counter() - start
    print(f"{what:<24}{seconds:8.2f} s, peak so far {peak() / 1e9:.2f} GB")
    return seconds, found


def main(side: int = 1000, horizon: int = 20) -> None:
    """Build the world, count, check and print."""
    emp.empowerment(emp.worlds.open_grid(3), 1)  # compiles
    lines = drawing(side)
    _, world = timed("grid_world", lambda: emp.worlds.grid_world(lines))
    timed("MDP by itself", lambda: emp.MDP(world.rows, states=world.states, actions=world.actions))
    seconds, result = timed(f"empowerment, horizon {horizon}", lambda: emp.empowerment(world, horizon, n_jobs=2))
    print(f"{world.n_states / seconds:,.0f} states a second; {result.value.mean():.4f} bits on average")
    sample = np.random.default_rng(1).choice(world.n_states, min(SAMPLE, world.n_states), replace=False)
    counts = [plain_count(world.successors, start, horizon) for start in sample.tolist()]
    wrong = sum(abs(result.value[s] - math.log2(n)) > 1e-12 for s, n in zip(sample.tolist(), counts, strict=True))
    print(f"{wrong} of {sample.size} states differ from a plain breadth-first search")
    sensor, starts = make_sensor(None, world), np.arange(world.n_states)
    _, (logarithms, error) = timed("log_trajectories", lambda: log_trajectories(world, sensor, starts, horizon))
    print(f"{logarithms.mean() / math.log(2):.4f} bits of trajectories on average, each within {error:.0e} nats")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""Maps of short horizons, and how they grow: ``python -m benchmarks.maps [OTHER]``, in about a minute.

The first table has maps of all states beside what they need at least: the rows of all sequences, made in one compiled
pass, and one batch of their capacities. OTHER is a checkout, such as that of an earlier commit (`git worktree add`),
which answers the same questions for some of the states. The second table has the time of a state as the world, the
number of actions and the horizon grow. All times are CPU times, medians, after compiling.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

import empowerment as emp

HORIZONS = (1, 2, 3)
# States that the other checkout is asked for, and those of a growing world.
SOME = 20
# The table of a map takes at most so many states.
MOST = 2500
_TOL = 1e-9
# Cells of a growing grid that are asked for.
CELLS = [(3 + i, 3 + j) for i in range(4) for j in range(5)]


def random_world(n_states: int, n_actions: int, n_successors: int) -> emp.MDP:
    """Return a world in which every action leads to so many states, drawn at random."""
    rng, count = np.random.default_rng(0), n_states * n_actions
    successors = np.concatenate([rng.choice(n_states, n_successors, replace=False) for _ in range(count)])
    chances = rng.dirichlet(np.ones(n_successors), count).reshape(-1)
    indptr = np.arange(count + 1) * n_successors
    return emp.MDP(sparse.csr_array((chances, successors, indptr), shape=(count, n_states)), normalize=True)


def slippery(side: int) -> emp.MDP:
    """Return an open grid with slip, without its symmetries: every cell is solved."""
    world = emp.worlds.open_grid(side, slip=0.2)
    return emp.MDP(world.rows, states=list(world.states), actions=list(world.actions))


def mixtures(side: int, n_actions: int) -> emp.MDP:
    """Return an open grid whose actions mix the five moves at random: more actions reach no more cells."""
    moves = emp.worlds.open_grid(side, slip=0.2).action_matrices
    shares = np.random.default_rng(0).dirichlet(np.ones(len(moves)), n_actions)
    mixed = [sparse.csr_array(sum(p * matrix for p, matrix in zip(row, moves, strict=True))) for row in shares]
    return emp.MDP(mixed, normalize=True)


WORLDS: dict[str, Callable[[], emp.MDP]] = {
    "slip grid": emp.worlds.slip_grid,
    "FrozenLake 8x8": lambda: emp.from_gymnasium("FrozenLake8x8-v1"),
    "slip grid 50x50": lambda: slippery(50),
    "random, 50 successors": lambda: random_world(1000, 5, 50),
}


def chosen(world: emp.MDP, count: int) -> list[Any]:
    """Return so many states, evenly spread, or all of them."""
    numbers = np.unique(np.linspace(0, world.n_states - 1, min(count, world.n_states)).astype(int))
    return [world.states[number] for number in numbers]


def seconds(call: Callable[[], Any], runs: int) -> float:
    """Return the median of the CPU seconds that a call takes, after one that is not timed."""
    call()
    taken = []
    for _ in range(runs):
        began = time.process_time()
        call()
        taken.append(time.process_time() - began)
    return statistics.median(taken)


def of_a_state(world: emp.MDP, horizon: int, states: list[Any], runs: int = 3, **options: Any) -> float:
    """Return the CPU milliseconds that a state of a map takes."""
    taken = seconds(lambda: emp.empowerment(world, horizon, states=states, n_jobs=1, **options), runs)
    return 1e3 * taken / len(states)


def by_kernels(world: emp.MDP, horizon: int, states: list[Any]) -> Callable[[], None]:
    """Return a call of the kernels alone: the rows of all sequences in one pass, their capacities in one batch."""
    from empowerment.actuation.kernels import RowLimits, actuation_kernels
    from empowerment.actuation.open_loop.enumeration import world_of
    from empowerment.actuation.sensor import make_sensor
    from empowerment.capacity.backends import capacity_kernels
    from empowerment.capacity.kernels import WORKING_SET, flat_batch

    arrays, numbers = world_of(world, make_sensor(None, world)), world.state_indices(states)
    rows_of, solve = actuation_kernels(None).enumerate_rows, capacity_kernels(None).solve_batch
    limits = RowLimits(10**6, 2**22, 2**22)

    def run() -> None:
        left = numbers
        while left.size:
            found = rows_of(arrays, left, horizon, limits)
            batch = flat_batch(found.entries, found.n_rows, found.n_columns)
            outcome = solve(batch, 0.9 * _TOL * np.log(2), 0.0, WORKING_SET, 100_000)
            assert (outcome.upper - outcome.lower <= _TOL).all()
            left = left[found.n_rows.size :]

    return run


def rows_and_batch(name: str, world: emp.MDP, horizon: int) -> tuple[int, float, float]:
    """Return the number of states of a map, and the milliseconds that each takes: by the map, and by the kernels."""
    states = chosen(world, 100 if "random" in name else MOST)
    runs = 9 if len(states) < 100 else 3
    whole = of_a_state(world, horizon, states, runs)
    return len(states), whole, 1e3 * seconds(by_kernels(world, horizon, states), runs) / len(states)


def print_maps(other: dict[str, float]) -> None:
    """Print the table of maps."""
    there = f"{'before':>10}{'ratio':>8}" if other else ""
    print(f"{'map, ms a state':24}{'n':>3}{'states':>8}{'map':>10}{'kernels':>10}{'ratio':>8}{there}")
    for name, make in WORLDS.items():
        world = make()
        for horizon in HORIZONS:
            count, whole, least = rows_and_batch(name, world, horizon)
            line = f"{name:24}{horizon:3}{count:8}{whole:10.4f}{least:10.4f}{whole / least:8.2f}"
            before = other.get(f"{name} {horizon}")
            print(line + (f"{before:10.3f}{before / whole:8.0f}" if before else ""), flush=True)


def growing() -> Iterator[tuple[str, emp.MDP, int, list[Any], str]]:
    """Yield what grows, the world, the horizon, the states and the method."""
    for method in ("auto", "column-generation"):
        for side in (10, 20, 40, 80, 160):
            yield f"S = {side * side:6}", slippery(side), 3, CELLS, method
    for method in ("auto", "column-generation"):
        for n_actions in (4, 16, 64):
            world = mixtures(20, n_actions)
            yield f"A = {n_actions:6}", world, 1, chosen(world, SOME), method
    for horizon in range(1, 8):
        world = emp.worlds.slip_grid()
        yield f"n = {horizon:6}", world, horizon, chosen(world, SOME), "auto"


def print_growth(other: dict[str, float]) -> None:
    """Print how the time of a state grows."""
    print(f"\n{'growth, ms a state':24}{'method':>24}{'ms':>10}" + (f"{'before':>10}{'ratio':>8}" if other else ""))
    for name, world, horizon, states, method in growing():
        taken = of_a_state(world, horizon, states, method=method)
        before = other.get(f"{name} {method}")
        line = f"{name:24}{method:>24}{taken:10.4f}"
        print(line + (f"{before:10.3f}{before / taken:8.1f}" if before else ""), flush=True)


def all_times() -> dict[str, float]:
    """Return the milliseconds of a state of everything, for some states, as another checkout is asked for them."""
    times = {}
    for name, make in WORLDS.items():
        world = make()
        for horizon in HORIZONS:
            times[f"{name} {horizon}"] = of_a_state(world, horizon, chosen(world, SOME), runs=1)
    for name, world, horizon, states, method in growing():
        times[f"{name} {method}"] = of_a_state(world, horizon, states, runs=1, method=method)
    return times


def times_of(checkout: Path) -> dict[str, float]:
    """Return what another checkout takes, in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(checkout), "EMPOWERMENT_QUIET": "1"}
    code = f"import json, runpy; print(json.dumps(runpy.run_path({__file__!r})['all_times']()))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, cwd=checkout)
    return dict(json.loads(done.stdout))


def figures() -> dict[str, float]:
    """Return the figures of `benchmarks.speed`."""
    found = {}
    for name, make in WORLDS.items():
        world = make()
        for horizon in HORIZONS:
            _, whole, least = rows_and_batch(name, world, horizon)
            found[f"{name} n={horizon}, ms a state"] = whole
            found[f"{name} n={horizon}, times rows and batch"] = whole / least
    for side in (17, 100):
        taken = len(CELLS) * of_a_state(slippery(side), 3, CELLS, runs=9)
        found[f"20 cells of a {side}x{side} grid n=3, ms"] = taken
    growth = []
    for method in ("auto", "column-generation"):
        small, large = (of_a_state(slippery(side), 3, CELLS, runs=9, method=method) for side in (10, 160))
        growth.append(large / small)
    found["25600 states, times 100 states"] = max(growth)
    wide = mixtures(20, 64)
    found["64 actions, one step, ms"] = SOME * of_a_state(wide, 1, chosen(wide, SOME), runs=9)
    return found


def main(other: str | None = None) -> None:
    """Print both tables."""
    before = times_of(Path(other).resolve()) if other else {}
    print_maps(before)
    print_growth(before)


if __name__ == "__main__":
    main(*sys.argv[1:])

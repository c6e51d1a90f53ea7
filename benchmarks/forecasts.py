"""What runs were expected to take, beside what they took: ``python -m benchmarks.forecasts``.

Each run is one state in a fresh process, after a short one that loads what there is to load. Prints the rows, bytes
and seconds that were forecast, the peak of the memory beyond what the process held before, the CPU seconds, and the
ratios of what it took to what was forecast. Intervals are forecast roughly, and left out of the figures at the end.
Some whole processes at their limit come last.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from typing import Any, NamedTuple

import numpy as np

import empowerment as emp
from benchmarks.horizons import three_states
from benchmarks.memory import peak


class Run(NamedTuple):
    """One state of a world at a horizon, and further arguments."""

    world: str
    horizon: int
    options: dict[str, Any]


RUNS = (
    *(Run("slip grid", horizon, {}) for horizon in (7, 8, 9)),
    *(Run("FrozenLake", horizon, {}) for horizon in (9, 10, 11)),
    *(Run("FrozenLake 8x8", horizon, {}) for horizon in (8, 10)),
    *(Run("random 50", horizon, {}) for horizon in (8, 10)),
    Run("slip grid", 8, {"method": "enumeration"}),
    Run("FrozenLake", 10, {"method": "enumeration"}),
    Run("random 50", 9, {"method": "enumeration"}),
    Run("random 200", 6, {"method": "enumeration"}),
    Run("three states", 18, {"method": "enumeration"}),
    Run("slip grid", 4, {"output": "trajectory"}),
    Run("FrozenLake", 6, {"output": "trajectory"}),
    Run("FrozenLake 8x8", 6, {"output": "trajectory"}),
    Run("three states", 8, {"output": "trajectory"}),
    *(Run("slip grid", horizon, {"method": "interval"}) for horizon in (10, 20)),
    *(Run(world, 20, {"method": "interval"}) for world in ("FrozenLake", "random 50")),
)
LIMITED = (
    Run("three states", 20, {"method": "enumeration", "options": {"memory": 7e8}}),
    Run("FrozenLake", 12, {"options": {"memory": 4e8}}),
    Run("slip grid", 20, {"method": "interval", "options": {"memory": 4e8}}),
    Run("slip grid", 9, {"method": "enumeration", "options": {"memory": 4e9}}),
    Run("slip grid", 8, {"output": "trajectory", "options": {"memory": 4e9}}),
)
LEAST = 5e7  # bytes; less than that is lost among the buffers of libraries


def random_world(n_states: int, n_actions: int, n_successors: int) -> emp.MDP:
    """Return a world whose actions lead to random states."""
    rng = np.random.default_rng(0)
    transition = np.zeros((n_states, n_actions, n_states))
    for row in transition.reshape(-1, n_states):
        row[rng.choice(n_states, n_successors, replace=False)] = rng.dirichlet(np.ones(n_successors))
    return emp.MDP(transition)


def world_of(name: str) -> tuple[emp.MDP, Any]:
    """Return a world and the state to start from."""
    if name == "slip grid":
        return emp.worlds.slip_grid(), (4, 4)
    if name.startswith("FrozenLake"):
        return emp.from_gymnasium(f"{name.replace(' ', '')}-v1"), 0 if name == "FrozenLake" else 27
    if name == "three states":
        return three_states(), 0
    n_states = int(name.removeprefix("random "))
    return random_world(n_states, *((4, 5) if n_states == 50 else (8, 8))), 0


def forecast_of(world: emp.MDP, state: Any, horizon: int, **options: Any) -> tuple[float, float, float]:
    """Return the rows, bytes and seconds that are forecast."""
    from empowerment.measures.dispatch import dispatch
    from empowerment.measures.request import EmpowermentRequest

    defaults: dict[str, Any] = dict.fromkeys(("beliefs", "sensor", "options", "rng"))
    defaults |= {"output": "final", "known_to": "nobody", "feedback": False, "stopping": False, "method": "auto"}
    request = EmpowermentRequest.checked(world, horizon, states=[state], **defaults | options)
    found = dispatch(request).forecast(request.problem.numbers)
    assert found is not None
    return found.rows, found.memory, found.seconds


def measure(run: Run) -> dict[str, Any]:
    """Return what one run was expected to take and took, in this process."""
    (world, state), (_, horizon, options) = world_of(run.world), run
    warm = {name: value for name, value in options.items() if name != "options"}
    quiet: dict[str, Any] = {"progress": False, "on_failure": "ignore", "n_jobs": 1}
    for short in (2, 3):
        emp.empowerment(world, short, states=state, **warm, **quiet)
    before, start = peak(), time.process_time()
    try:
        method = str(emp.empowerment(world, horizon, states=state, **options, **quiet).method[0])
    except MemoryError as refused:
        method = f"refused: {refused}"
    taken, most = time.process_time() - start, peak()
    rows, memory, seconds = forecast_of(world, state, horizon, **options)
    return {
        "rows": rows,
        "bytes": memory,
        "seconds": seconds,
        "method": method,
        "took bytes": most - before,
        "took seconds": taken,
        "peak": most,
    }


def measured(run: Run) -> dict[str, Any]:
    """Return what one run was expected to take and took, in a fresh process."""
    command = [sys.executable, "-m", __spec__.name, json.dumps(run)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def figures() -> dict[str, float]:
    """Return how far forecasts were from what runs took, after a table of all runs on stderr."""
    seconds, below, above = [], [], []
    print(f"{'run':<42} {'rows':>8} {'MB':>7} {'took':>7} {'s':>7} {'took':>7}  ratios", file=sys.stderr)
    for run in RUNS:
        found = measured(run)
        ratio = found["took seconds"] / found["seconds"]
        of_bytes = found["took bytes"] / found["bytes"]
        exact = found["method"] != "interval"
        if exact:
            seconds.append(abs(math.log(ratio)))
        if exact and found["bytes"] > LEAST:
            below.append(1 / of_bytes)
            above.append(of_bytes)
        name = f"{run.world}, n={run.horizon}, {found['method']}, {run.options.get('output', 'final')}"
        print(
            f"{name:<52} {found['rows']:8.3g} {found['bytes'] / 1e6:7.0f} {found['took bytes'] / 1e6:7.0f} "
            f"{found['seconds']:7.3f} {found['took seconds']:7.3f}  {of_bytes:.2f} {ratio:.2f}",
            file=sys.stderr,
            flush=True,
        )
    limited = [(run, measured(run)) for run in LIMITED]
    for run, found in limited:
        limit = run.options["options"]["memory"]
        print(
            f"{run.world}, n={run.horizon}, memory={limit:g}: peak {found['peak'] / 1e9:.2f} GB, {found['method']}",
            file=sys.stderr,
        )
    return {
        "seconds, farthest from the forecast, times": math.exp(max(seconds)),
        "bytes above the forecast, times": max(above),
        "bytes below the forecast, times": max(below),
        "peak with memory=4e9, GB": max(found["peak"] for _, found in limited[-2:]) / 1e9,
    }


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(Run(*json.loads(sys.argv[1])))))
    else:
        for figure, value in figures().items():
            print(f"{figure}: {value:.2f}")

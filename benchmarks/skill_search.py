"""Skills of stochastic worlds beside known values: ``python -m benchmarks.skill_search [quick | reference]``.

The values, in nats, come from an independent computation, to the digits shown; intervals are those at which its
search was ended. Prints CPU seconds, compiled, and ends with an error if an interval misses a value or takes longer
than promised, on a slower machine in proportion. All of it takes some five minutes, `quick` half of one; `reference`
solves what `quick` leaves to the compiled kernel in plain NumPy, in some ten minutes.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

import empowerment as emp
from benchmarks.machine import slowness

MOVES = [(0, 1), (1, 0), (0, -1), (-1, 0), (0, 0)]


class Case(NamedTuple):
    """A start of a world, what is known of its value, the tolerance and the most CPU seconds."""

    name: str
    world: Callable[[], emp.MDP]
    discount: float
    start: int
    lower: float
    upper: float
    tol: float = 1e-6
    promise: float = math.inf
    limit: float = math.inf


def slip_grid(side: int, slip: float) -> emp.MDP:
    """Return a square grid with moves right, down, left, up and stay, which slip to one of all five."""
    rows = np.zeros((side * side, 5, side * side))
    for state in range(side * side):
        row, column = divmod(state, side)
        for action, (down, right) in enumerate(MOVES):
            there = min(max(row + down, 0), side - 1), min(max(column + right, 0), side - 1)
            rows[state, action, there[0] * side + there[1]] += 1.0
    return emp.MDP((1 - slip) * rows + slip * rows.mean(axis=1, keepdims=True))


def lake(side: int = 4) -> emp.MDP:
    """Return the slippery frozen lake."""
    return emp.from_gymnasium("FrozenLake-v1", map_name=f"{side}x{side}", is_slippery=True)


def two() -> emp.MDP:
    """Return two states."""
    return emp.MDP(np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.1, 0.9], [0.7, 0.3]]]))


def three() -> emp.MDP:
    """Return three states."""
    rows = [
        [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]],
        [[0.1, 0.1, 0.8], [0.6, 0.3, 0.1]],
        [[0.2, 0.2, 0.6], [0.3, 0.4, 0.3]],
    ]
    return emp.MDP(np.array(rows))


QUICK = [
    Case("2 states", two, 0.5, 0, 0.102662175221, 0.102662175221, 1e-9),
    Case("2 states", two, 0.9, 0, 0.259311778372, 0.259311778372, 1e-9),
    Case("3 states", three, 0.5, 0, 0.068515033798, 0.068515033798, 1e-9),
    Case("3 states", three, 0.9, 0, 0.148185815484, 0.148185815484, 1e-9),
    Case("frozen lake", lake, 0.5, 0, 0.168942842, 0.168942852, 1e-8),
    Case("frozen lake", lake, 0.9, 0, 0.698236976, 0.698236986, 1e-8),
    Case("frozen lake", lake, 0.95, 0, 0.952770009, 0.952770010, 1e-8),
    Case("frozen lake", lake, 0.99, 0, 1.410066756, 1.410066766, 1e-8),
    Case("3x3, slip 0.1", lambda: slip_grid(3, 0.1), 0.5, 4, 0.652275536, 0.652276536),
    Case("3x3, slip 0.1", lambda: slip_grid(3, 0.1), 0.9, 4, 1.506573074, 1.506574074),
    Case("3x3, slip 0.1", lambda: slip_grid(3, 0.1), 0.95, 0, 1.569033552, 1.569034552),
    Case("4x4, slip 0.1", lambda: slip_grid(4, 0.1), 0.95, 0, 1.924380670, 1.924381670, promise=2.0),
    Case("5x5, slip 0.1", lambda: slip_grid(5, 0.1), 0.95, 12, 2.41, 2.44, promise=5.0),
    Case("5x5, slip 0.1", lambda: slip_grid(5, 0.1), 0.5, 0, 0.468869519, 0.470800324),
]
LONG = [
    Case("5x5, slip 0.3", lambda: slip_grid(5, 0.3), 0.95, 12, 1.868213, 1.934986),
    Case("5x5, slip 0.1", lambda: slip_grid(5, 0.1), 0.95, 0, 2.170461830, 2.221776635, promise=240.0),
    Case("8x8, slip 0.1", lambda: slip_grid(8, 0.1), 0.95, 27, 3.024189, 3.384645, limit=60.0),
    Case("frozen lake 8x8", lambda: lake(8), 0.95, 0, 0.9518, 1.5083, limit=60.0),
]
# Digits to which the lower ends of known intervals are given.
DIGITS = 1.1e-9
EXACT = 1e-11


def runs(which: str) -> list[tuple[Case, str]]:
    """Return the cases that are asked for, each with its backend."""
    small = [case for case in QUICK if case.tol < 1e-6]
    if which == "reference":
        return [(case, "reference") for case in QUICK if case not in small]
    compiled = [(case, "numba") for case in (QUICK if which == "quick" else QUICK + LONG)]
    return [*compiled, *((case, "reference") for case in small)]


def solved(case: Case, backend: str) -> tuple[emp.SkillEmpowerment, float]:
    """Return the result of a case and its CPU seconds."""
    began = time.process_time()
    result = emp.skill_empowerment(
        case.world(),
        case.discount,
        states=case.start,
        base="e",
        tol=case.tol,
        backend=backend,
        on_failure="ignore",
        options={"max_nodes": 10**9, "max_seconds": case.limit},
    )
    return result, time.process_time() - began


def kept(case: Case, result: emp.SkillEmpowerment, seconds: float, promise: float) -> bool:
    """Whether an interval meets what is known, and took no longer than promised."""
    digits = EXACT if case.lower == case.upper else DIGITS
    meets = result.lower[0] <= case.upper + digits and case.lower - digits <= result.upper[0]
    finished = bool(result.converged.all()) or case.limit < math.inf
    return bool(meets and finished and seconds <= promise)


def main(which: str = "all") -> int:
    """Print every case and return how many are wrong."""
    solved(QUICK[0], "numba")  # compiles
    print(f"{'world':<16} {'g':<5} start  {'interval, nats':<28} {'width':<8} {'sets':>6} {'CPU s':>7}  status")
    wrong, slow = 0, slowness()
    for case, backend in runs(which):
        result, seconds = solved(case, backend)
        assert result.table is not None
        right = kept(case, result, seconds, case.promise * slow if backend == "numba" else math.inf)
        wrong += not right
        ends = f"[{result.lower[0]:.10f}, {result.upper[0]:.10f}]"
        shown = f"{result.gap[0]:.1e}  {result.table.nodes[0]:>6} {seconds:7.2f}"
        status = emp.Status(int(result.status[0])).name
        note = "" if right else "  WRONG"
        print(f"{case.name:<16} {case.discount:<5g} {case.start:<5}  {ends:<28} {shown}  {status} {backend}{note}")
    return wrong


if __name__ == "__main__":
    sys.exit(bool(main(*sys.argv[1:])))

"""Empowerment over skills beside known values: ``python -m benchmarks.skills``, in half a minute.

The values, in nats, come from an independent computation, to the digits shown. Both kernels are measured in CPU time;
ends with an error if an interval misses its value, is wider than asked for, or takes longer than promised, on a
slower machine in proportion.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import empowerment as emp
from benchmarks.machine import slowness

WIDTH = 1e-9
PROMISES = {"5x5, a start": 0.005, "20x20, a corner": 3.0, "two rooms, 64 starts": 1.0}
"""CPU seconds, compiled, on the usual machine."""


class Known(NamedTuple):
    """A value of one start, or the mean over all starts, with the digits to which it is known."""

    world: str
    discount: float
    start: int | None
    value: float
    digits: float = 1e-9


def switch() -> emp.MDP:
    """Return two states between which the agent may choose at each step."""
    return emp.MDP(np.stack([np.eye(2), np.eye(2)[::-1]], axis=1))


def ring_without_rest() -> emp.MDP:
    """Return a ring of three states with steps to the previous and the next one."""
    return emp.MDP(np.stack([np.eye(3)[[2, 0, 1]], np.eye(3)[[1, 2, 0]]], axis=1))


def fan() -> emp.MDP:
    """Return a start from which each of five actions leads to a state of its own, which is never left."""
    return emp.MDP(np.eye(6)[np.arange(1, 6)][None].repeat(6, 0), terminal=range(1, 6))


WORLDS: dict[str, Callable[[], Any]] = {
    "fan of 5": fan,
    "switch": switch,
    "ring of 3": ring_without_rest,
    "3x3": lambda: emp.worlds.open_grid(3),
    "5x5": lambda: emp.worlds.open_grid(5),
    "5x5, no stay": lambda: emp.worlds.open_grid(5, stay=False),
    "two rooms": emp.worlds.two_rooms,
    "FrozenLake": lambda: emp.from_gymnasium("FrozenLake-v1", is_slippery=False),
}

VALUES = (
    Known("fan of 5", 0.9, 0, 0.9 * math.log(5), 1e-12),
    Known("switch", 0.5, 0, 0.223143551314, 1e-12),
    Known("switch", 0.9, 0, 0.528766115076, 1e-12),
    Known("ring of 3", 0.5, 0, math.log(2) / 3, 1e-12),
    Known("ring of 3", 0.9, 0, 0.333240316328, 1e-12),
    Known("3x3", 0.9, 4, 1.7456593736, 1e-10),
    Known("3x3", 0.5, 0, 0.5438674310, 1e-10),
    Known("5x5", 0.95, 12, 2.742194258),
    Known("5x5", 0.95, 0, 2.469541403),
    Known("5x5", 0.95, 2, 2.605867830),
    Known("5x5", 0.95, 6, 2.678149127),
    Known("5x5", 0.95, 7, 2.710171692),
    Known("5x5", 0.5, 12, 0.940685814),
    Known("5x5", 0.5, 0, 0.573410066),
    Known("5x5", 0.5, 2, 0.769314889),
    Known("5x5", 0.5, 6, 0.892695790),
    Known("5x5", 0.5, 7, 0.916915342),
    Known("5x5, no stay", 0.95, 12, 2.588385602),
    Known("5x5, no stay", 0.5, 12, 0.922219864),
    Known("two rooms", 0.95, 35, 3.384644802),
    Known("two rooms", 0.95, 28, 3.297734829),
    Known("two rooms", 0.95, 0, 2.773137339),
    Known("two rooms", 0.95, None, 3.096710504),
    Known("two rooms", 0.5, 35, 0.974020673),
    Known("two rooms", 0.5, 28, 0.840266691),
    Known("two rooms", 0.5, 0, 0.571453904),
    Known("two rooms", 0.5, None, 0.806387109),
    Known("FrozenLake", 0.95, 0, 2.127719476),
    Known("FrozenLake", 0.5, 0, 0.565428771),
    Known("5x5", 1.0, 12, math.log(25), 1e-12),
    Known("5x5, no stay", 1.0, 12, 3.019064740),
    Known("FrozenLake", 1.0, 0, 2.668214773),
)


class Measured(NamedTuple):
    """What a kernel made of one start, or of the mean over all."""

    value: float
    lower: float
    upper: float
    width: float
    seconds: float


def measured(world: emp.MDP, known: Known, backend: str) -> Measured:
    """Solve with a kernel, once after it is compiled."""
    states = None if known.start is None else world.states[known.start]
    options: dict[str, Any] = {"base": "e", "backend": backend, "tol": WIDTH, "on_failure": "ignore"}
    began = time.process_time()
    result = emp.skill_empowerment(world, known.discount, states=states, **options)
    seconds = time.process_time() - began
    ends = (float(each.mean()) for each in (result.value, result.lower, result.upper))
    return Measured(*ends, float(result.gap.max()), seconds / len(result))


def holds(found: Measured, known: Known) -> bool:
    """Whether the interval holds the value, as far as that is known, and is as narrow as was asked for."""
    return found.lower - known.digits <= known.value <= found.upper + known.digits and found.width <= WIDTH


def values() -> int:
    """Print every known value beside those of both kernels, and return how many are missed."""
    kernels = "".join(f"  {name:<14}  {'width':<7} {'ms':>6}" for name in ("compiled", "plain NumPy"))
    print(f"{'world':<14} {'discount':<8}  {'start':<5} {'known, nats':<14}{kernels}")
    worlds, wrong = {name: make() for name, make in WORLDS.items()}, 0
    emp.skill_empowerment(worlds["switch"], 0.5)  # compiles
    for known in VALUES:
        found = [measured(worlds[known.world], known, backend) for backend in ("numba", "reference")]
        wrong += sum(not holds(each, known) for each in found)
        start = "mean" if known.start is None else str(known.start)
        cells = "  ".join(f"{each.value:.12f}  {each.width:.1e} {1e3 * each.seconds:6.1f}" for each in found)
        print(f"{known.world:<14} {known.discount:<8g}  {start:<5} {known.value:.12f}  {cells}")
    return wrong


def times() -> int:
    """Print what was promised beside what it takes, and return how many promises are broken."""
    grid, rooms = emp.worlds.open_grid(5), emp.worlds.two_rooms()
    unmirrored = emp.MDP(rooms.rows, states=rooms.states, actions=rooms.actions)  # each start is solved by itself
    runs: dict[str, Callable[[], emp.SkillEmpowerment]] = {
        "5x5, a start": lambda: emp.skill_empowerment(grid, 0.95, states=(2, 2)),
        "20x20, a corner": lambda: emp.skill_empowerment(emp.worlds.open_grid(20), 0.95, states=(0, 0)),
        "two rooms, 64 starts": lambda: emp.skill_empowerment(unmirrored, 0.95),
    }
    broken, slow = 0, slowness()
    for name, run in runs.items():
        began = time.process_time()
        result = run()
        seconds = time.process_time() - began
        allowed = PROMISES[name] * slow
        kept = seconds <= allowed and bool(result.converged.all())
        broken += not kept
        verdict = "kept" if kept else "BROKEN"
        print(f"{name:<22} {seconds:8.4f} s, promised {allowed:.2g} s: {verdict}, width {result.gap.max():.1e}")
    return broken


def main() -> int:
    """Print both tables and return how many rows are wrong."""
    wrong = values()
    print()
    return wrong + times()


if __name__ == "__main__":
    sys.exit(bool(main()))

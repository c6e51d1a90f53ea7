"""Feedback with one reading at the end, all policies bounded: ``python -m benchmarks.feedback_search [NODES]``.

Prints both ends for the slippery lake and the slip grid, beside what is known of them, with the seconds of the
processor that the search took, after compiling. Nodes are multiples of a thousand, 10 by default.
"""

from __future__ import annotations

import math
import sys
import time

import empowerment as emp

# Nats: horizons of the lake, from its corner; three are exact.
LAKE = {1: (0.231049,) * 2, 2: (0.376776,) * 2, 3: (0.513556,) * 2, 4: (0.62509, 0.63099), 5: (0.71456, 0.75702)}
CENTRE = (4, 4)


def line(name: str, world: emp.MDP, start: object, horizon: int, nodes: int, known: tuple[float, ...] = ()) -> None:
    """Compute both ends, and print them."""
    begin = time.process_time()
    found = emp.empowerment(
        world,
        horizon,
        states=[start],
        feedback=True,
        method="interval",
        base="e",
        options={"max_nodes": nodes},
        on_failure="ignore",
    )
    seconds, lower, upper = time.process_time() - begin, float(found.lower[0]), float(found.upper[0])
    status = emp.Status(int(found.status[0])).name
    beside = "".join(f" {end:.5f}" for end in known)
    print(
        f"{name:<12}{horizon:>3}{nodes:>8}  [{lower:.6f}, {upper:.6f}] nats, {(upper - lower) / math.log(2):.1e} bits"
        f"{seconds:>7.1f} s  {status:<12}{beside}",
        flush=True,
    )


def main(thousands: int = 10) -> None:
    """Print all lines."""
    nodes = 1000 * thousands
    lake, grid = emp.from_gymnasium("FrozenLake-v1"), emp.worlds.slip_grid()
    emp.empowerment(lake, 4, states=0, feedback=True, method="interval", options={"max_nodes": 1})  # compiles
    for horizon, known in LAKE.items():
        for most in (1000, nodes):
            line("lake", lake, 0, horizon, most, known)
    for horizon in range(1, 6):
        for most in (1000, nodes):
            line("slip grid", grid, CENTRE, horizon, most)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""What exploring a world of several agents takes: ``python -m benchmarks.joint_step [STARTS [DEPTH]]``.

The world is the grid of two persons, boxes and an assistant, from its first STARTS states (2,000 by default), each
DEPTH steps ahead (3). Prints the states and transitions found, a digest of the model, CPU seconds, and the largest
memory that Python objects and arrays took, which is measured in a second run, as counting it is slow.
"""

from __future__ import annotations

import hashlib
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import empowerment as emp


def starts(count: int) -> list[Any]:
    """Return the first states of the grid, by breadth-first search along all actions."""
    grid = emp.worlds.disempower_grid()
    found = dict.fromkeys([grid["initial"]])
    queue = list(found)
    for state in queue:
        for user in grid["actions"]["user"]:
            for bystander in grid["actions"]["bystander"]:
                walked = grid["step"](state, {"user": user, "bystander": bystander})
                for action in grid["actions"]["assistant"]:
                    after = grid["step"](walked, {"assistant": action})
                    if after not in found:
                        found[after] = None
                        queue.append(after)
        if len(found) >= count:
            break
    return queue[:count]


def digest(world: emp.MultiAgentMDP) -> str:
    """Return a digest of the states, actions and transitions of a world, in their order."""
    seal = hashlib.sha256()
    for turn in world.turns:
        seal.update(repr((turn.states, tuple(turn.actions.items()))).encode())
        for array in (turn.rows.indptr, turn.rows.indices, turn.rows.data, turn.available, turn.is_unexplored):
            seal.update(array.tobytes())
    return seal.hexdigest()[:16]


def peak(explore: Callable[[], Any]) -> float:
    """Return the largest memory in MB that was held during a call."""
    tracemalloc.start()
    explore()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1e6


def main() -> None:
    """Explore the grid and print what it took."""
    count, depth = [*map(int, sys.argv[1:]), *(2000, 3)[len(sys.argv) - 1 :]]
    grid, first = emp.worlds.disempower_grid(), starts(count)

    def explore() -> emp.MultiAgentMDP:
        return emp.from_joint_step(**grid | {"initial": first}, depth=depth, max_states=10**7, progress=False)

    begun = time.process_time()
    world = explore()
    seconds = time.process_time() - begun
    states, entries = (
        sum(each) for each in zip(*((turn.n_states, turn.rows.nnz) for turn in world.turns), strict=True)
    )
    print(
        f"{count} starts, depth {depth}: {states} states of all turns, {entries} transitions, model {digest(world)}"
    )
    del world
    print(f"{seconds:.1f} s, at most {peak(explore):.0f} MB")


if __name__ == "__main__":
    main()

"""How fast the machine is just now: ``python -m benchmarks.machine``.

Seconds that were promised on one machine are compared with those of another, or of a busy one, as multiples of the
same work.
"""

from __future__ import annotations

import statistics
import time

from benchmarks.families import on_the_boundary
from benchmarks.peers import numpy_blahut_arimoto

USUAL = 0.168
"""CPU seconds of the work on the machine of 2026-11-30, two shared cores, for which seconds are promised."""


def slowness(repeats: int = 3) -> float:
    """Return the CPU time of passes of NumPy over a small channel as a multiple of the usual one, at least 1."""
    channel, taken = on_the_boundary(), []
    for _ in range(repeats):
        began = time.process_time()
        numpy_blahut_arimoto(channel)
        taken.append(time.process_time() - began)
    return max(1.0, statistics.median(taken) / USUAL)


if __name__ == "__main__":
    print(f"{slowness():.2f} times the usual CPU time")

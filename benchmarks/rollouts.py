"""Samples of FrozenLake-v1, one environment against many: ``python -m benchmarks.rollouts [STEPS]``.

A line for each way to draw STEPS samples (100,000 by default): vectors of several sizes, and one environment that is
put into each state, by two functions or, for a hundredth of the samples, by copies.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import empowerment as emp

_NAME = "FrozenLake-v1"


def line(what: str, sample: Callable[[], emp.SampledModel]) -> str:
    """Return what a way to sample takes."""
    begun = time.perf_counter()
    n = sample().counts.sum()
    seconds = time.perf_counter() - begun
    return f"{what:40} {n:8.0f} samples in {seconds:6.2f} s, {1e6 * seconds / n:7.1f} us each"


def main(steps: int = 100_000) -> None:
    """Print all lines."""
    emp.from_rollouts(_NAME, 100)  # loads what is loaded once
    for n in (1, 16, 64, 256):
        print(line(f"from_rollouts, {n} environments", lambda n=n: emp.from_rollouts(_NAME, steps, num_envs=n)))
    state = {"get_state": lambda env: int(env.s), "set_state": lambda env, s: setattr(env, "s", s)}
    print(line("from_samples, get_state and set_state", lambda: emp.from_samples(_NAME, n=steps // 64, **state)))
    print(line("from_samples, copies", lambda: emp.from_samples(_NAME, n=max(steps // 25_000, 1))))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

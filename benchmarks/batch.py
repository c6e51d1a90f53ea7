"""Thousands of small channels: ``python -m benchmarks.batch [SAMPLE]`` (first-order methods on so many of them).

The channels are those of every free cell of the slip grid, at horizons 1 to 4 and 28 levels of slip.
"""

from __future__ import annotations

import statistics
import sys
import time

import numba
import numpy as np

import empowerment as emp

CAP = 20_000


def channels() -> list[np.ndarray]:
    """Return the 9,856 channels, 5 to 625 rows each."""
    found = []
    for slip in np.linspace(0.01, 0.9, 28):
        world = emp.worlds.slip_grid(slip=float(slip))
        for state in world.states:
            for horizon in (1, 2, 3, 4):
                found.append(emp.actuation_channel(world, horizon, state, merge=False).matrix)
    return found


def timed(batch: list[np.ndarray], **options: object) -> tuple[float, emp.CapacityResult]:
    """Return the seconds a channel took, and the result."""
    start = time.perf_counter()
    result = emp.channel_capacity(batch, on_failure="ignore", **options)
    return (time.perf_counter() - start) / len(batch), result


def by_threads(batch: list[np.ndarray], rounds: int = 3) -> tuple[dict[int, tuple[float, float]], emp.CapacityResult]:
    """Return the medians of wall and CPU time with one thread and with all, in turns, and the last result."""
    numbers: dict[int, list[tuple[float, float]]] = {1: [], numba.get_num_threads(): []}
    for _ in range(rounds):
        for threads, runs in numbers.items():
            default = numba.get_num_threads()
            numba.set_num_threads(threads)
            cpu = time.process_time()
            seconds, result = timed(batch)
            runs.append((seconds * len(batch), time.process_time() - cpu))
            numba.set_num_threads(default)
    medians = {
        threads: tuple(statistics.median(column) for column in zip(*runs, strict=True))
        for threads, runs in numbers.items()
    }
    return medians, result


def figures() -> dict[str, float]:
    """Return the figures of `benchmarks.speed`."""
    batch = channels()
    timed(batch)
    medians, _ = by_threads(batch)
    wall, cpu = medians[max(medians)]
    return {"9856 channels, s": wall, "9856 channels, CPU of two threads to one": cpu / medians[1][1]}


def main(size: int = 985) -> None:
    """Print the times and what was left uncertified."""
    batch = channels()
    print(f"{len(batch)} channels, {sum(m.size for m in batch) / 1e6:.1f} million entries, at 1e-9 bits")
    timed(batch)  # compiles, and touches the memory for the first time
    medians, result = by_threads(batch)
    for threads, (wall, cpu) in medians.items():
        print(f"{threads} thread{'s' * (threads > 1)}         {wall:6.2f} s wall {cpu:6.2f} s CPU, medians of 3")
    ours = medians[max(medians)][0] / len(batch)
    missed = int((~result.converged).sum())
    print(
        f"working set       {1e6 * ours:9.1f} us a channel, {missed} not certified, {result.n_iter.mean():.1f} steps"
    )
    sample = [batch[i] for i in np.random.default_rng(0).permutation(len(batch))[:size]]
    for method in ("squarem", "blahut-arimoto"):
        seconds, found = timed(sample, method=method, max_iter=CAP)
        share, worst = np.mean(~found.converged), found.gap.max()
        print(
            f"{method:<16}  {1e6 * seconds:9.1f} us a channel = {seconds / ours:.0f} times ours, on {len(sample)} of "
            f"them; {share:.1%} not certified within {CAP} passes (widest gap {worst:.0e} bits)"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""The JAX backend beside the compiled one: ``python -m benchmarks.accelerator``, on whatever device JAX has.

Batches of Dirichlet channels of several sizes, then the 9,856 channels of the slip grid (see `benchmarks.batch`),
then whole worlds, whose rows the device makes itself; all at 1e-9 bits and all certified. What stopped short on the
device and went on on the CPU is counted. Prints Markdown tables, and says which device it was: figures of a CPU say
nothing about a GPU.
"""

from __future__ import annotations

import platform
import time

import jax
import numpy as np
from scipy import sparse

import empowerment as emp
from benchmarks.batch import channels

SIZES = ((10_000, 5, 8), (4_000, 25, 13), (1_000, 125, 24), (200, 625, 36), (20, 1024, 100))
FIRST_ORDER, CAP = 100, 20_000


def timed(batch: object, **options: object) -> tuple[float, emp.CapacityResult]:
    """Return the seconds of the second call, the first having compiled, and the result."""
    for _ in range(2):
        start = time.perf_counter()
        result = emp.channel_capacity(batch, on_failure="ignore", **options)
        seconds = time.perf_counter() - start
    return seconds, result


def row(name: str, batch: object) -> None:
    """Print one line of the table."""
    compiled, ours = timed(batch, backend="numba")
    device, theirs = timed(batch, backend="jax")
    assert theirs.converged.all()
    assert (np.maximum(ours.lower, theirs.lower) <= np.minimum(ours.upper, theirs.upper)).all()
    handed = int((theirs.status == emp.Status.HANDED_OVER).sum())
    print(f"| {name} | {1e3 * compiled:.0f} | {1e3 * device:.0f} | {compiled / device:.2f} | {handed} |", flush=True)


def world_row(name: str, world: emp.MDP, horizon: int) -> None:
    """Print one line about the empowerment of all states of a world."""
    seconds, found = {}, {}
    for backend in ("numba", "jax"):
        for _ in range(2):
            start = time.perf_counter()
            found[backend] = emp.empowerment(world, horizon, backend=backend)
            seconds[backend] = time.perf_counter() - start
    ours, theirs = found["numba"], found["jax"]
    assert theirs.converged.all()
    assert (np.maximum(ours.lower, theirs.lower) <= np.minimum(ours.upper, theirs.upper)).all()
    compiled, device = seconds["numba"], seconds["jax"]
    enumerated = int((theirs.method == "enumeration").sum())
    print(
        f"| {name}, n={horizon} | {1e3 * compiled:.0f} | {1e3 * device:.0f} | {compiled / device:.2f} | "
        f"{enumerated} of {len(theirs)} |",
        flush=True,
    )


def ring(n_states: int) -> emp.MDP:
    """Return a ring of cells with steps either way, long steps either way, and a slip of 0.1 to rest."""
    jumps = np.array([1, -1, 3, -3])
    source = np.repeat(np.arange(n_states), jumps.size)
    target = (source + np.tile(jumps, n_states)) % n_states
    number = np.arange(source.size)
    entries = np.repeat([0.9, 0.1], source.size), (np.tile(number, 2), np.concatenate([target, source]))
    return emp.MDP(sparse.csr_array(entries, shape=(source.size, n_states)))


def first_order(rng: np.random.Generator) -> None:
    """Print how the batched interior point compares with the batched Blahut-Arimoto iteration."""
    batch = rng.dirichlet(np.full(24, 0.1), size=(FIRST_ORDER, 125))
    ours, _ = timed(batch, backend="jax")
    for method in ("squarem", "blahut-arimoto"):
        seconds, found = timed(batch, backend="jax", method=method, max_iter=CAP)
        missed = int((~found.converged).sum())
        print(
            f"{FIRST_ORDER} channels of 125 x 24: {method} takes {seconds / ours:.0f} times the interior point "
            f"and leaves {missed} uncertified after {CAP} passes"
        )


def main() -> None:
    """Print the table, after what it was measured on."""
    devices = jax.devices()
    print(f"{devices[0].device_kind} x {len(devices)}, jax {jax.__version__}, {platform.platform()}")
    if devices[0].platform == "cpu":
        print("no GPU was found: these are figures of the CPU")
    rng = np.random.default_rng(0)
    print("| batch | numba ms | jax ms | numba / jax | handed over |")
    print("|---|---|---|---|---|")
    for count, rows, columns in SIZES:
        row(f"{count} x ({rows} x {columns})", rng.dirichlet(np.full(columns, 0.1), size=(count, rows)))
    row("slip grid, 9856 of 5 to 625 rows", channels())
    print("\n| all states of | numba ms | jax ms | numba / jax | enumerated on the device |")
    print("|---|---|---|---|---|")
    for horizon in (1, 2, 3, 4, 5):
        world_row("slip grid, 88 states", emp.worlds.slip_grid(), horizon)
    for horizon in (2, 4):
        world_row("ring of 2000 states", ring(2000), horizon)
    print()
    first_order(rng)


if __name__ == "__main__":
    main()

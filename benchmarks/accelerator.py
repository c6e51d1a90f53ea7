"""The JAX backend beside the compiled one, in one run of at most 8 minutes: ``python -m benchmarks.accelerator``.

It runs on whatever device JAX has and says which one that was: figures of a CPU say nothing about a GPU. On a CPU,
unless ``--size full`` is given, the same parts are small enough for a minute or two. All values are certified at 1e-9
bits, and the intervals of both backends must overlap. Compilation is not counted, by a first call on data of the same
shape.

Each part runs in a process of its own, with a wall limit. A part that meets it prints how far it came; one that hangs
is ended, and what it printed stays.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import sparse

import empowerment as emp
from benchmarks.batch import channels

ALL = 480.0  # seconds of the whole run
COMPILED = 60.0  # seconds after which the compiled backend is not waited for
ROWS, COLUMNS = 25, 13
SIZES = ((10_000, 5, 8), (4_000, 25, 13), (1_000, 125, 24), (200, 625, 36), (20, 1024, 100))
FIRST_ORDER, CAP = 100, 20_000
SIZED = ("auto", "small", "full")


class Clock:
    """The seconds that a part has left."""

    def __init__(self, limit: float) -> None:
        self._end = time.monotonic() + limit

    @property
    def left(self) -> float:
        """Seconds until the limit."""
        return self._end - time.monotonic()

    def within(self, works: list[Callable[[], object]]) -> Iterator[object]:
        """Yield what each piece of work gives, as long as the next one is expected to fit; say where it stopped."""
        longest = 0.0
        for done, work in enumerate(works):
            if longest > self.left:
                print(f"stopped at the wall limit, after {done} of {len(works)}", flush=True)
                return
            start = time.monotonic()
            yield work()
            longest = max(longest, time.monotonic() - start)


def timed(call: Callable[..., Any], *arguments: Any, **options: Any) -> tuple[float, Any]:
    """Return the seconds of a call, and what it gave."""
    start = time.perf_counter()
    found = call(*arguments, **options)
    return time.perf_counter() - start, found


def check(theirs: Any, ours: Any) -> None:
    """Stop if a value of the device is not certified, or one of the compiled backend contradicts it."""
    assert np.all(theirs.converged)
    if ours is not None:
        assert (np.maximum(ours.lower, theirs.lower) <= np.minimum(ours.upper, theirs.upper)).all()


def portions(small: bool, clock: Clock) -> None:
    """Solve a million channels, as many at a time as the device takes, and print how many a second."""
    from empowerment.capacity.kernels.xla.placement import entries_at_a_time

    total, rng = (20_000 if small else 1_000_000), np.random.default_rng(0)
    size = min(total, max(entries_at_a_time(), 1 << 21) // (ROWS * COLUMNS))
    counts = [size] * (total // size) + ([total % size] if total % size else [])
    seconds = {"jax": 0.0, "numba": 0.0}
    done = {"jax": 0, "numba": 0}
    handed = 0

    def solve(count: int) -> None:
        nonlocal handed
        batch = rng.dirichlet(np.full(COLUMNS, 0.1), size=(count, ROWS))
        taken, theirs = timed(emp.channel_capacity, batch, backend="jax")
        seconds["jax"] += taken
        done["jax"] += count
        handed += int((theirs.status == emp.Status.HANDED_OVER).sum())
        ours = None
        if seconds["numba"] < COMPILED:
            taken, ours = timed(emp.channel_capacity, batch, backend="numba")
            seconds["numba"] += taken
            done["numba"] += count
        check(theirs, ours)

    for count in {size, counts[-1]}:  # compiles
        solve(count)
    seconds, done, handed = dict.fromkeys(seconds, 0.0), dict.fromkeys(done, 0), 0
    for _ in clock.within([lambda count=count: solve(count) for count in counts]):
        pass
    for backend, count in done.items():
        print(
            f"{backend:<6} {count:>9,} channels of {ROWS} x {COLUMNS} in {seconds[backend]:.2f} s: "
            f"{count / seconds[backend]:,.0f} a second"
        )
    rates = [done[backend] / seconds[backend] for backend in ("jax", "numba")]
    print(f"jax / numba {rates[0] / rates[1]:.2f}; {handed} handed over, {size:,} at a time")


def open_slip_grid(side: int) -> emp.MDP:
    """Return a square room with the slip of the slip grid."""
    return emp.worlds.grid_world(["." * side] * side, slip=0.1)


def slip_map(small: bool, clock: Clock) -> None:
    """Print the time of the map of a large slip grid."""
    side = 12 if small else 50
    print("| all states of | numba ms | jax ms | numba / jax | enumerated on the device |")
    print("|---|---|---|---|---|")
    world = open_slip_grid(side)
    works = [lambda n=n: world_row(f"slip grid {side} x {side}", world, n) for n in (1, 2, 3)]
    for _ in clock.within(works):
        pass


def gradients(small: bool, clock: Clock) -> None:
    """Print the time of gradients, and how far they are from differences of the compiled backend's values."""
    import jax

    jax.config.update("jax_enable_x64", True)
    rng = np.random.default_rng(1)
    batch = rng.dirichlet(np.ones(COLUMNS), size=(200 if small else 20_000, ROWS))

    def total_capacity(logits: Any, backend: str | None = None) -> Any:
        rows = _softmax(logits) if backend else jax.nn.softmax(logits, axis=-1)
        return emp.channel_capacity(rows, backend=backend or "jax", tol=1e-12, on_failure="ignore").value.sum()

    transition = open_slip_grid(5 if small else 8).to_dense()

    def total_empowerment(logits: Any, backend: str | None = None) -> Any:
        model = _softmax(logits) if backend else jax.nn.softmax(logits, axis=-1)
        horizon = 2 if small else 3
        return emp.empowerment(model, horizon, backend=backend or "jax", tol=1e-12, on_failure="ignore").value.sum()

    parts = {
        f"{len(batch):,} capacities of {ROWS} x {COLUMNS}": (total_capacity, np.log(batch)),
        f"empowerment of {len(transition)} states n={2 if small else 3}": (
            total_empowerment,
            # Without symmetries, so that no two inputs tie and the value has a slope.
            np.log(transition + 0.01) + 0.3 * rng.normal(size=transition.shape),
        ),
    }
    works = [lambda name=name, part=part: gradient(name, *part, rng) for name, part in parts.items()]
    for _ in clock.within(works):
        pass


def gradient(name: str, function: Callable[..., Any], logits: np.ndarray, rng: np.random.Generator) -> None:
    """Print the time of one gradient beside that of two values of the compiled backend, whose slope it must have."""
    import jax

    slope_of = jax.jit(jax.value_and_grad(function))
    jax.block_until_ready(slope_of(logits))  # compiles
    seconds, (_, slope) = timed(lambda: jax.block_until_ready(slope_of(logits)))
    direction, step = rng.normal(size=logits.shape), 1e-5
    direction /= np.linalg.norm(direction) / np.sqrt(logits.size)
    function(logits, "numba")  # compiles
    ours, values = timed(lambda: [float(function(logits + sign * step * direction, "numba")) for sign in (1, -1)])
    numeric = (values[0] - values[1]) / (2 * step)
    error = abs(float((np.asarray(slope) * direction).sum()) - numeric) / np.linalg.norm(np.asarray(slope))
    print(
        f"gradient of {name}: {1e3 * seconds:.0f} ms; two values of the compiled backend {1e3 * ours:.0f} ms; "
        f"slopes differ by {error:.0e} of the gradient's length",
        flush=True,
    )


def _softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def sizes(small: bool, clock: Clock) -> None:
    """Print the table of batches of several sizes, and of the channels of the slip grid."""
    rng = np.random.default_rng(0)
    print("| batch | numba ms | jax ms | numba / jax | handed over |")
    print("|---|---|---|---|---|")
    fraction = 10 if small else 1
    works: list[Callable[[], object]] = [
        lambda count=count, rows=rows, columns=columns: batch_row(
            f"{count} x ({rows} x {columns})", rng.dirichlet(np.full(columns, 0.1), size=(count, rows))
        )
        for count, rows, columns in ((max(count // fraction, 2), *shape) for count, *shape in SIZES)
    ]
    if not small:
        works.append(lambda: batch_row("slip grid, 9856 of 5 to 625 rows", channels()))
    for _ in clock.within(works):
        pass


def batch_row(name: str, batch: object) -> None:
    """Print one line of the table of batches."""
    found = {}
    for backend in ("numba", "jax"):
        emp.channel_capacity(batch, backend=backend)  # compiles
        found[backend] = timed(emp.channel_capacity, batch, backend=backend)
    (compiled, ours), (device, theirs) = found["numba"], found["jax"]
    check(theirs, ours)
    handed = int((theirs.status == emp.Status.HANDED_OVER).sum())
    print(f"| {name} | {1e3 * compiled:.0f} | {1e3 * device:.0f} | {compiled / device:.2f} | {handed} |", flush=True)


def worlds(small: bool, clock: Clock) -> None:
    """Print the table of whole worlds, whose rows the device makes itself."""
    print("| all states of | numba ms | jax ms | numba / jax | enumerated on the device |")
    print("|---|---|---|---|---|")
    grid, circle = emp.worlds.slip_grid(), ring(100 if small else 2000)
    works = [lambda n=n: world_row("slip grid, 88 states", grid, n) for n in ((1, 2) if small else (1, 2, 3, 4, 5))]
    works += [lambda n=n: world_row(f"ring of {circle.n_states} states", circle, n) for n in (2, 4)]
    for _ in clock.within(works):
        pass


def world_row(name: str, world: emp.MDP, horizon: int) -> None:
    """Print one line about the empowerment of all states of a world."""
    emp.empowerment(world, horizon, backend="jax")  # compiles
    device, theirs = timed(emp.empowerment, world, horizon, backend="jax")
    emp.empowerment(world, horizon, states=world.states[0], backend="numba")  # compiles
    compiled, ours = timed(emp.empowerment, world, horizon, backend="numba", n_jobs=1)
    check(theirs, ours)
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


def first_order(small: bool, clock: Clock) -> None:
    """Print how the batched interior point compares with the batched Blahut-Arimoto iteration."""
    count, cap = (10, 2_000) if small else (FIRST_ORDER, CAP)
    batch = np.random.default_rng(0).dirichlet(np.full(24, 0.1), size=(count, 125))
    ours = _second(batch)[0]

    def compare(method: str) -> None:
        seconds, found = _second(batch, method=method, max_iter=cap)
        missed = int((~found.converged).sum())
        print(
            f"{count} channels of 125 x 24: {method} takes {seconds / ours:.0f} times the interior point "
            f"and leaves {missed} uncertified after {cap} passes",
            flush=True,
        )

    for _ in clock.within([lambda method=method: compare(method) for method in ("squarem", "blahut-arimoto")]):
        pass


def _second(batch: np.ndarray, **options: Any) -> tuple[float, emp.CapacityResult]:
    """Return the seconds of the second solution on the device, the first having compiled, and the result."""
    for _ in range(2):
        found = timed(emp.channel_capacity, batch, backend="jax", on_failure="ignore", **options)
    return found


PARTS = {
    "portions": (portions, 150.0),
    "slip_map": (slip_map, 100.0),
    "gradients": (gradients, 70.0),
    "sizes": (sizes, 80.0),
    "worlds": (worlds, 60.0),
    "first_order": (first_order, 40.0),
}
"""The parts in order of importance, each with its wall limit in seconds."""


def describe() -> str:
    """Return what the figures are of, and whether that is a GPU."""
    import jax

    devices = jax.devices()
    line = f"{devices[0].device_kind} x {len(devices)}, jax {jax.__version__}, {os.cpu_count()} cores, "
    line += platform.platform()
    return line if devices[0].platform != "cpu" else f"{line}\nno GPU was found: these are figures of the CPU"


def run_part(name: str, size: str) -> None:
    """Run one part in this process."""
    import jax

    work, limit = PARTS[name]
    small = size == "small" or (size == "auto" and jax.devices()[0].platform == "cpu")
    work(small, Clock(limit))


def main() -> None:
    """Say what the device is, then run each part in a process, within what is left of the whole time."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accelerator", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all by default")
    parser.add_argument("--size", choices=SIZED, default="auto", help="auto is small on a CPU and full elsewhere")
    parser.add_argument("--within", type=float, default=ALL, help="seconds of the whole run")
    parser.add_argument("--only", choices=PARTS, help=argparse.SUPPRESS)  # what a fresh process is started with
    given = parser.parse_args()
    if given.only:
        run_part(given.only, given.size)
        return
    if unknown := [part for part in given.parts if part not in PARTS]:
        parser.error(f"there is no part {unknown[0]!r}; the parts are {', '.join(PARTS)}")
    clock = Clock(given.within)
    # In a process of its own: on a GPU a process keeps most of the memory as long as it lives.
    subprocess.run(
        [sys.executable, "-c", "from benchmarks import accelerator as a; print(a.describe())"], check=False
    )
    failed = 0
    for part in given.parts or PARTS:
        print(f"\n## {part}\n", flush=True)
        limit = min(PARTS[part][1] + 20.0, clock.left)  # what Python and JAX take to start is not the part's own
        if limit <= 0:
            print("left out: the time of the whole run is over")
            continue
        command = [sys.executable, "-m", __spec__.name, "--only", part, "--size", given.size]
        try:
            failed += subprocess.run(command, timeout=limit, check=False).returncode != 0
        except subprocess.TimeoutExpired:
            print(f"ended after {limit:.0f} s, the limit of this part", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

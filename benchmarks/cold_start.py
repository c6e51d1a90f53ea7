"""What the first use costs: ``python -m benchmarks.cold_start [OTHER_CHECKOUT]``.

CPU seconds in a process with an empty cache of compiled code, then in one that finds the code of the first, each step
after those above it; and how many functions were compiled. A pure loop of Python in the same processes shows how busy
the machine was.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent.parent
STEPS = {
    "import": "import empowerment as emp",
    "first capacity": "emp.channel_capacity([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.3, 0.3, 0.4]])",
    "first compiled capacity": "emp.channel_capacity([[0.9, 0.1], [0.2, 0.8]], backend='numba')",
    "first batch": "emp.channel_capacity([[[0.9, 0.1], [0.2, 0.8]]] * 2)",
    "first noisy map": "emp.empowerment(emp.worlds.slip_grid(), 2)",
    "first counted map": "emp.empowerment(emp.worlds.klyubin_maze(), 3)",
}
_RUN = """
import json, time

def loop():
    began, found = time.process_time(), {{}}
    for i in range(300000):
        found[i % 5000] = str(i)
    return time.process_time() - began

def listen(heard):
    from numba.core import event

    class Heard(event.Listener):
        def on_start(self, event):
            heard.append(event)

        def on_end(self, event):
            pass

    event.register("numba:compile", Heard())

loops, seconds, counts, heard, names = [loop()], [], [], [], {{}}
for code in {steps!r}:
    began, before = time.process_time(), len(heard)
    if len(seconds) == 2:
        listen(heard)  # loads numba, as the first compiled capacity would
    exec(code, names)
    seconds.append(time.process_time() - began)
    counts.append(len(heard) - before)
print(json.dumps([seconds, counts, (loops[0] + loop()) / 2]))
"""


def measured(checkout: Path, cache: str) -> tuple[list[float], list[int], float]:
    """Return CPU seconds and the number of compiled functions of each step, and the seconds of the pure loop."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "NUMBA_CACHE_DIR": cache, "EMPOWERMENT_QUIET": "1"}
    code = _RUN.format(steps=list(STEPS.values()))
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=checkout, capture_output=True, text=True, check=True
    )
    seconds, counts, loop = json.loads(done.stdout)
    return seconds, counts, loop


def cold_and_warm(checkout: Path) -> tuple[Any, Any]:
    """Return what :func:`measured` does, first with an empty cache and then with what that run left in it."""
    with tempfile.TemporaryDirectory() as cache:
        return measured(checkout, cache), measured(checkout, cache)


def figures() -> dict[str, float]:
    """Return the figures of `benchmarks.speed`: all CPU seconds until a step is done."""
    (cold, _, _), (warm, _, _) = cold_and_warm(HERE)
    until = {name: sum(cold[: i + 1]) for i, name in enumerate(STEPS)}
    names = ("first capacity", "first compiled capacity", "first batch", "first noisy map")
    return {f"{name}, cold, CPU s": until[name] for name in names} | {"first capacity, warm, s": sum(warm[:2])}


def main(*others: Path) -> None:
    """Print a table for each checkout."""
    for checkout in (HERE, *others):
        (cold, counts, cold_loop), (warm, _, warm_loop) = cold_and_warm(checkout)
        print(f"{checkout}   (a loop of Python: {1e3 * cold_loop:.0f} and {1e3 * warm_loop:.0f} ms)")
        print(f"{'CPU seconds':24}{'cold':>8}{'in all':>8}{'compiled':>10}{'warm':>8}{'in all':>8}")
        for i, name in enumerate(STEPS):
            cold_all, warm_all = sum(cold[: i + 1]), sum(warm[: i + 1])
            print(f"{name:24}{cold[i]:8.2f}{cold_all:8.2f}{counts[i]:10d}{warm[i]:8.3f}{warm_all:8.3f}")


if __name__ == "__main__":
    main(*(Path(name).resolve() for name in sys.argv[1:]))

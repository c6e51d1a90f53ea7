"""The same work in two checkouts of the project, in turns: CPU times and their ratio.

    python -m benchmarks.compare OTHER [ROUNDS]

OTHER is a checkout, such as that of an earlier commit (`git worktree add`). Each case runs in a process of its own,
first once to compile and warm up, then timed. Rounds alternate between the two checkouts, so that whatever else the
machine does meets both alike.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent.parent
CASES = {
    "import": ("", "import empowerment"),
    "capacity, 2 x 2": ("w = [[0.9, 0.1], [0.2, 0.8]]", "for _ in range(2000): emp.channel_capacity(w)"),
    "capacity, 40 x 30, 200 channels": (
        "ws = list(np.random.default_rng(0).dirichlet(np.ones(30), (200, 40)))",
        "emp.channel_capacity(ws)",
    ),
    "cost curve": ("w = np.random.default_rng(0).dirichlet(np.ones(8), 8)", "emp.capacity_cost(w, range(8))"),
    "maze, 5 steps, counted": ("m = emp.worlds.klyubin_maze()", "emp.empowerment(m, 5)"),
    "slip grid, 1 step": ("m = emp.worlds.slip_grid()", "emp.empowerment(m, 1)"),
    "slip grid, 3 steps": ("m = emp.worlds.slip_grid()", "emp.empowerment(m, 3)"),
    "slip grid, 20 steps, bounds": (
        "m = emp.worlds.slip_grid()",
        "emp.empowerment(m, 20, states=(4, 4), method='interval')",
    ),
    "maze with slip, feedback, 5 steps": (
        "m = emp.worlds.klyubin_maze(slip=0.2)",
        "emp.empowerment(m, 5, feedback=True, output='trajectory')",
    ),
    "unified Bellman": ("m = emp.worlds.klyubin_maze(slip=0.2)", "emp.unified_bellman(m, discount=0.9)"),
    "tiger, 4 steps, feedback": (
        "m = emp.worlds.tiger()",
        "emp.empowerment(m, 4, feedback=True, output='trajectory')",
    ),
}
_TIMED = """
import time, warnings
warnings.simplefilter("ignore")
{imports}
{setup}
{warm}
began = time.process_time()
{work}
print(time.process_time() - began)
"""


def seconds(checkout: Path, setup: str, work: str) -> float:
    """Return the CPU time of one run in a process of its own."""
    light = not setup
    code = _TIMED.format(
        imports="" if light else "import numpy as np, empowerment as emp",
        setup=setup,
        warm="" if light else work,
        work=work,
    )
    environment = {**os.environ, "PYTHONPATH": str(checkout), "EMPOWERMENT_QUIET": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=checkout, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def main(other: Path, rounds: int) -> None:
    """Print a line for each case."""
    print(f"{'case':36}{'here':>10}{'there':>10}{'ratio':>8}   CPU seconds, medians of {rounds}")
    for name, (setup, work) in CASES.items():
        pairs = [(seconds(HERE, setup, work), seconds(other, setup, work)) for _ in range(rounds)]
        here, there = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(mine / theirs for mine, theirs in pairs)
        print(f"{name:36}{here:10.4f}{there:10.4f}{ratio:8.2f}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 5)

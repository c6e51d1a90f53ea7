"""All figures of everyday speed in one table: ``python -m benchmarks.speed [PART …] [--limit SECONDS]``.

Each part runs in a process of its own and prints one figure a line beside the figure of 2026-11-30, the goal and the
ratio of old to new. A part that is missing, that fails or that overruns is reported, and the others go on.

A part is a module with a function ``figures() -> dict[str, float]`` beside its own `main`. It maps names, which end
in a unit such as ``"slip grid n=1, ms a state"``, to what this machine gave. `FIGURES` lists which part should
measure what; a figure that it does not list is shown without an old value or a goal.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple

MEASURED = "2026-11-30"
"""The day on which the old values were measured: CPU medians on two shared cores."""

PARTS = {
    "small channels": "benchmarks.small_channels",
    "maps": "benchmarks.maps",
    "cold start": "benchmarks.cold_start",
    "batch": "benchmarks.batch",
    "passes": "benchmarks.passes",
    "forecasts": "benchmarks.forecasts",
}
"""The module of each part."""

_MARK = "figures: "


class Figure(NamedTuple):
    """What is known of a figure before it is measured.

    Attributes
    ----------
    part : str
        Name of the part that measures it.
    before : float or None
        Value of that day; None if it was not measured.
    goal : float or None
        What it should be at most, or at least if `more_is_better`.
    more_is_better : bool
    """

    part: str
    before: float | None
    goal: float | None
    more_is_better: bool = False

    def is_met(self, value: float) -> bool | None:
        """Return whether a value reaches the goal; None without one."""
        if self.goal is None:
            return None
        return value >= self.goal if self.more_is_better else value <= self.goal

    def gain(self, value: float) -> float | None:
        """Return how many times better a value is than before; None if that is not known."""
        if self.before is None or not value > 0:
            return None
        return value / self.before if self.more_is_better else self.before / value


def _of_maps(world: str, *milliseconds: float) -> dict[str, Figure]:
    """Return the figures of a map at horizons 1, 2, 3: its time, and that beside building and solving one batch."""
    numbered = list(enumerate(milliseconds, 1))
    times = {f"{world} n={n}, ms a state": Figure("maps", before, None) for n, before in numbered}
    return times | {f"{world} n={n}, times rows and batch": Figure("maps", None, 2.0) for n, _ in numbered}


FIGURES = {
    "plain passes of NumPy, times the usual": Figure("small channels", 1.0, None),
    "2 x 2, us a call": Figure("small channels", 42.0, None),
    "2 x 2, us around the kernel": Figure("small channels", 39.0, 10.0),
    **_of_maps("slip grid", 1.32, 1.60, 2.06),
    **_of_maps("FrozenLake 8x8", 0.98, 1.53, 1.60),
    **_of_maps("slip grid 50x50", 2.6, 4.0, 8.7),
    **_of_maps("random, 50 successors", 6.4, 11.2, 31.9),
    "20 cells of a 17x17 grid n=3, ms": Figure("maps", 2.5, None),
    "20 cells of a 100x100 grid n=3, ms": Figure("maps", 30.6, None),
    "25600 states, times 100 states": Figure("maps", None, 1.3),
    "64 actions, one step, ms": Figure("maps", 990.0, None),
    "first capacity, cold, CPU s": Figure("cold start", 25.0, 8.0),
    "first compiled capacity, cold, CPU s": Figure("cold start", 25.0, None),
    "first batch, cold, CPU s": Figure("cold start", 38.7, None),
    "first noisy map, cold, CPU s": Figure("cold start", 43.4, 12.0),
    "first capacity, warm, s": Figure("cold start", None, 0.3),
    "9856 channels, s": Figure("batch", None, 1.0),
    "9856 channels, CPU of two threads to one": Figure("batch", 1.57, 1.1),
    "slip trajectory n=5, s": Figure("passes", 57.9, 10.0),
    "1024 x 100, Blahut-Arimoto to ours": Figure("passes", 127.0, 300.0, more_is_better=True),
    "1024 x 100, passes": Figure("passes", 112.0, 56.0),
    "256 x 64, Clarabel to ours": Figure("passes", 36.0, 50.0, more_is_better=True),
    "Gram, times OpenBLAS": Figure("passes", 6.5, None),
    "Cholesky, times OpenBLAS": Figure("passes", 6.9, None),
    "fused pass, share of a vectorised read": Figure("passes", 25.7 / 37.8, 0.85, more_is_better=True),
    "seconds, farthest from the forecast, times": Figure("forecasts", None, 3.0),
    "bytes above the forecast, times": Figure("forecasts", None, 1.2),
    "bytes below the forecast, times": Figure("forecasts", None, 1.5),
    "peak with memory=4e9, GB": Figure("forecasts", 4.6, 4.0),
}
"""Every figure by its name."""


def measured(part: str, limit: float) -> dict[str, float] | str:
    """Return the figures of a part, measured in a fresh process, or why there are none."""
    module = PARTS[part]
    if find_spec(module) is None:
        return f"there is no {module}"
    command = [sys.executable, "-m", __spec__.name, "--only", module]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return f"it took more than {limit:g} s"
    lines = [line for line in done.stdout.splitlines() if line.startswith(_MARK)]
    if done.returncode or not lines:
        last = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        return f"exit code {done.returncode}: {last}"
    return {str(name): float(value) for name, value in json.loads(lines[-1].removeprefix(_MARK)).items()}


def table(found: Mapping[str, float], parts: Iterable[str]) -> list[str]:
    """Return the lines of a Markdown table: what some parts should have measured, and what else was."""
    parts = set(parts)
    expected = [name for name, figure in FIGURES.items() if figure.part in parts]
    names = [*expected, *(name for name in found if name not in FIGURES)]
    head = [f"| figure | {MEASURED} | now | goal | times better |", "|---|---|---|---|---|"]
    return head + [_line(name, FIGURES.get(name, Figure("", None, None)), found.get(name)) for name in names]


def _line(name: str, figure: Figure, value: float | None) -> str:
    """Return one line of the table."""
    goal = "" if figure.goal is None else f"{'at least' if figure.more_is_better else 'at most'} {figure.goal:.3g}"
    if value is None or math.isnan(value):
        return f"| {name} | {_shown(figure.before)} | not measured | {goal} | |"
    met = {True: ", met", False: ", missed", None: ""}[figure.is_met(value)]
    return f"| {name} | {_shown(figure.before)} | {value:.3g} | {goal}{met} | {_shown(figure.gain(value))} |"


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def main() -> None:
    """Run the parts named, all by default, and print what they gave."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all by default")
    parser.add_argument("--limit", type=float, default=900.0, help="seconds that one part may take")
    parser.add_argument("--only", metavar="MODULE", help=argparse.SUPPRESS)  # what a fresh process is started with
    given = parser.parse_args()
    if given.only:
        print(_MARK + json.dumps(import_module(given.only).figures()))
        return
    if unknown := [part for part in given.parts if part not in PARTS]:
        parser.error(f"there is no part {unknown[0]!r}; the parts are {', '.join(PARTS)}")
    found: dict[str, float] = {}
    for part in given.parts or PARTS:
        print(f"measuring: {part}", file=sys.stderr, flush=True)
        answer = measured(part, given.limit)
        if isinstance(answer, str):
            print(f"not measured: {part}, because {answer}", flush=True)
        else:
            found |= answer
    print("\n".join(["", *table(found, given.parts or PARTS)]))


if __name__ == "__main__":
    main()

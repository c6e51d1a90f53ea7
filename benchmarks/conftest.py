"""Prints, after the timings, what each solver proved or missed, as ratios taken in this one run."""

from __future__ import annotations

from collections import defaultdict
from typing import Any


def pytest_terminal_summary(terminalreporter: Any, config: Any) -> None:
    """Compare within each group that has a benchmark by this library and one by somebody else."""
    groups = defaultdict(dict)
    for bench in getattr(getattr(config, "_benchmarksession", None), "benchmarks", []):
        if "solver" in bench.extra_info and not bench.has_error:
            groups[bench.group][bench.extra_info["solver"]] = bench
    rows = [row for group, found in groups.items() for row in _compare(group, found)]
    if rows:
        terminalreporter.section("same-run comparison (median times)")
        head = f"{'channel':<28}{'solver':<14}{'ms':>10}{'times ours':>12}{'certified gap':>16}{'true error':>14}"
        for line in (head, *rows):
            terminalreporter.write_line(line)


def _compare(group: str, found: dict[str, Any]) -> list[str]:
    ours = found["empowerment"].stats.median
    lines = []
    for solver, bench in found.items():
        info, median = bench.extra_info, bench.stats.median
        gap = f"{info['gap']:.1e}" if "gap" in info else "none given"
        lines.append(
            f"{group:<28}{solver:<14}{1e3 * median:>10.3f}{median / ours:>12.1f}{gap:>16}{info['error']:>14.1e}"
        )
    return lines

"""Prints, after the timings, what each solver proved or missed, as ratios taken in this one run."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

_HEAD = ("channel", "solver", "ms", "times ours", "passes", "certified gap", "error in bits")


def pytest_addoption(parser: Any) -> None:
    """Add ``--table``."""
    parser.addoption("--table", metavar="FILE", help="write the comparison as a Markdown table")


def pytest_terminal_summary(terminalreporter: Any, config: Any) -> None:
    """Compare within each group that has a benchmark by this library and one by somebody else."""
    groups: dict[str, dict[str, Any]] = defaultdict(dict)
    for bench in getattr(getattr(config, "_benchmarksession", None), "benchmarks", []):
        if "solver" in bench.extra_info and not bench.has_error:
            groups[bench.group][bench.extra_info["solver"]] = bench
    rows = [row for group, found in groups.items() for row in _compare(group, found)]
    if not rows:
        return
    terminalreporter.section("same-run comparison (median times)")
    widths = [max(len(row[i]) for row in (_HEAD, *rows)) for i in range(len(_HEAD))]
    for row in (_HEAD, *rows):
        terminalreporter.write_line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
    if path := config.getoption("--table"):
        lines = [_HEAD, ("---",) * len(_HEAD), *rows]
        Path(path).write_text("".join(f"| {' | '.join(row)} |\n" for row in lines), encoding="utf-8")


def _compare(group: str, found: dict[str, Any]) -> list[tuple[str, ...]]:
    ours = found["empowerment"].stats.median
    rows = []
    for solver, bench in found.items():
        info, median = bench.extra_info, bench.stats.median
        gap = f"{info['gap']:.0e}" if "gap" in info else "none"
        ratio, passes = f"{median / ours:.0f}", f"{median / info['one_pass']:.0f}"
        rows.append((group, solver, f"{1e3 * median:.3g}", ratio, passes, gap, f"{info['error']:+.0e}"))
    return rows

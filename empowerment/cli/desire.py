"""The command ``empowerment desire``: its sub-commands and their options."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

Command = Callable[[Any, str, str, Callable[[argparse.Namespace], int]], Any]

_COMPARE_EXAMPLES = """\
examples:
  empowerment desire compare --seeds 100
  empowerment desire compare --agents desire fixed --resolution 20 --save table.csv --save comparison.npz
  empowerment desire compare --seeds 1000 --jobs -1 --checkpoint kept --json"""

_SHOCKS_EXAMPLES = """\
examples:
  empowerment desire shocks --seeds 100
  empowerment desire shocks --seeds 100:300 --resolution 20 --windows 12 24 48 --save effects.npz
  empowerment desire shocks --will 0.5 0.25 0.25 --set gain=4"""

_SENSITIVITY_EXAMPLES = """\
examples:
  empowerment desire sensitivity
  empowerment desire sensitivity --grid threshold=0.8,1.2,inf --grid gain=1,2,4 --save region.csv
  empowerment desire sensitivity --grid will=0.8/0.1/0.1,0.15/0.7/0.15 --grid temperature=0,0.05"""


def fill(parser: Any, command: Command) -> None:
    """Add the sub-commands; `command` makes the parser of one from its name, its summary and what it runs."""
    commands = parser.add_commands()
    _fill_compare(
        command(commands, "compare", "compare riders of several kinds by the same random numbers", _run("compare"))
    )
    _fill_shocks(
        command(commands, "shocks", "print what shocks to health do, against a frozen desire", _run("shocks"))
    )
    _fill_sensitivity(
        command(
            commands, "sensitivity", "print for which parameters the source's example happens", _run("sensitivity")
        )
    )


def _run(name: str) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        from empowerment.cli import desire_commands

        return int(getattr(desire_commands, f"run_{name}")(arguments))

    return run


def _fill_compare(parser: Any) -> None:
    parser.add_argument("--agents", nargs="+", metavar="NAME", help="kinds of riders (default all, see below)")
    _add_run(parser, seeds="100", resolution="exact")
    parser.late_epilog = lambda: f"{_agents()}\n\n{_COMPARE_EXAMPLES}"


def _fill_shocks(parser: Any) -> None:
    add = parser.add_argument
    add("--windows", nargs="+", type=int, default=[12, 24, 48], metavar="N", help="slots after it (default 12 24 48)")
    add("--will", nargs=3, type=float, metavar="W", help="weights of income, health, standing (default .7 .15 .15)")
    _add_run(parser, seeds="100", resolution="exact")
    parser.epilog = f"--save FILE.npz keeps what is found of the riders whose desires move.\n\n{_SHOCKS_EXAMPLES}"


def _fill_sensitivity(parser: Any) -> None:
    add = parser.add_argument
    add(
        "--grid",
        action="append",
        metavar="NAME=V,V",
        help="values of a parameter; may be repeated (default threshold and gain)",
    )
    add("--window", type=int, default=24, metavar="N", help="slots after a shock (default 24)")
    _add_run(parser, seeds="60", resolution="20")
    parser.epilog = _SENSITIVITY_EXAMPLES


def _add_run(parser: Any, seeds: str, resolution: str) -> None:
    add = parser.add_argument
    add("--seeds", default=seeds, metavar="N", help=f"how many runs, or FIRST:END as of Python (default {seeds})")
    add("--days", type=int, default=30, metavar="D", help="days of 12 slots (default 30)")
    if resolution == "exact" and "compare" in parser.prog:
        add("--riders", type=int, default=6, metavar="N", help="riders in a run (default 6)")
    add("--preset", default="shock", metavar="NAME", help="parameters: shock (default) or source")
    add("--set", action="append", default=[], metavar="NAME=V", help="one parameter of the loop; may be repeated")
    add(
        "--resolution",
        default=resolution,
        metavar="K",
        help=f"round desires to 1/K for decisions, or exact (default {resolution})",
    )
    add("--jobs", type=int, metavar="J", help="processes side by side, -1 for one on each core (default 1)")
    add("--checkpoint", metavar="DIR", help="keep finished runs there, and go on from those that are")
    add("--save", action="append", default=[], metavar="FILE", help="also write .csv or .npz; may be repeated")
    add("--json", action="store_true", help="print one JSON object")
    add("--quiet", action="store_true", help="no progress bar, and no word of kernels being compiled")


def _agents() -> str:
    from empowerment.desire import RIDER_AGENTS

    return f"kinds of riders: {', '.join(RIDER_AGENTS)}"

"""The command ``empowerment``: maps of worlds and capacities of channels, without writing a program.

Importing it loads nothing heavy; each command imports what it needs.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from empowerment.cli import desire, handoff
from empowerment.cli.exit_codes import BAD_INPUT, INTERRUPTED, READER_GONE, complain, warn
from empowerment.cli.parser import Parser
from empowerment.core.version import __version__
from empowerment.runtime.first_use import say_nothing

_BASES = {"2": 2.0, "e": math.e, "10": 10.0}

_EXIT_CODES = "exit codes: 0 fine, 1 the tolerance was missed, 2 bad input, 130 interrupted"

_EXAMPLES = """\
examples:
  empowerment map klyubin_maze --horizon 5
  empowerment map gym:FrozenLake-v1 --horizon 4 --save lake.png
  empowerment capacity channel.csv"""

_WORLD_FORMS = """\
other worlds:
  gym:ID      a Gymnasium environment with a table of transitions, such as gym:FrozenLake-v1; one without a
              table is explored from where its reset leaves it, such as gym:MiniGrid-DoorKey-5x5-v0
  FILE.txt    a drawing: # blocked, . free, S start, G and H terminal (goal, hole)
  FILE.npy    an array (state, action, next_state)
  FILE.POMDP  hidden states, observations and a first belief; FILE.pomdpx likewise
  FILE.npz    arrays "transition" and, if wanted, "terminal" and "available"; or a CSR matrix of shape
              (n_states * n_actions, n_states) written by scipy.sparse.save_npz
  -           any of these files on standard input"""

_MAP_EXAMPLES = """\
examples:
  empowerment map klyubin_maze --horizon 5 --save maze.png
  empowerment map slip_grid --horizon 3 --slip 0.2 --slip-mode perpendicular --save grid.csv
  empowerment map gym:FrozenLake-v1 --horizon 4 --json
  empowerment map transition.npy --horizon 2 --save result.npz --save result.svg
  empowerment map tiger --horizon 3 --belief 0.5,0.5 --belief tiger-left=0.85,tiger-right=0.15
  printf '..#\\n...' | empowerment map - --horizon 2"""

_CHANNEL_FORMS = """\
channels:
  FILE.csv, .tsv, .txt, .dat   text whose columns are parted by tabs, semicolons, commas or white space
  FILE.npy                     an array (input, output)
  -                            either of these on standard input
A first line of names is a header, and a first column of names holds labels. A first line of numbers is read only
where it can be one thing: a header that counts the columns and is no row, or a row as numpy.savetxt writes it.
Otherwise --header or --no-header has to say which it is. A column without a name, and one that counts the rows
while the others alone sum to 1, holds labels; where that is open, --index or --no-index says it."""

_CAPACITY_EXAMPLES = """\
examples:
  empowerment capacity channel.csv
  empowerment capacity rows.csv --no-header
  empowerment capacity channel.npy --base e --tol 1e-6 --json"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process by default.

    Returns
    -------
    int
        0 if all went well, 1 if the tolerance was missed, 2 for bad input, 130 if interrupted.
    """
    try:
        arguments = _parser().parse_args(argv)
        if arguments.quiet:
            say_nothing()
        with warnings.catch_warnings():
            warnings.showwarning = warn
            code: int = arguments.run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            print(file=sys.stderr)  # the terminal may be in the middle of a progress bar
        return complain("interrupted", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else leaving would try to write again
        return READER_GONE
    except (ValueError, TypeError, OSError, ImportError, MemoryError) as reason:
        return complain(str(reason) or type(reason).__name__, BAD_INPUT)
    return code


def _parser() -> Parser:
    parser = Parser(
        prog="empowerment",
        description="Empowerment and channel capacity, each number with a certified interval.",
        epilog=f"'empowerment COMMAND -h' describes a command, and lists worlds and examples.\n\n{_EXAMPLES}\n\n"
        f"{_EXIT_CODES}",
    )
    parser.add_argument("--version", action="version", version=f"empowerment {__version__}")
    commands = parser.add_commands()
    _fill_map(_command(commands, "map", "print the empowerment of every state of a world", _run_map))
    _fill_capacity(_command(commands, "capacity", "print the capacity of a channel read from a file", _run_capacity))
    _fill_compile(_command(commands, "compile", "compile all kernels ahead of their first use", _run_compile))
    summary = "complete what is predictable, hand over where the person should decide"
    handoff.fill(_group(commands, "handoff", summary), _command)
    summary = "compare and measure riders whose emotions move their desires"
    desire.fill(_group(commands, "desire", summary), _command)
    return parser


def _group(commands: Any, name: str, summary: str) -> Parser:
    """Return the parser of a command that has commands of its own."""
    parser: Parser = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    parser.epilog = f"'{parser.prog} COMMAND -h' describes a command.\n\n{_EXIT_CODES}"
    return parser


def _command(commands: Any, name: str, summary: str, run: Callable[[argparse.Namespace], int]) -> Parser:
    """Return the parser of a command that runs something."""
    parser: Parser = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    parser.set_defaults(run=run)
    return parser


def _fill_map(parser: Parser) -> None:
    add = parser.add_argument
    add("world", metavar="WORLD", help="a bundled world, gym:ID, a file, or - for standard input (see below)")
    add("--horizon", type=int, required=True, metavar="N", help="number of actions")
    add("--slip", type=float, metavar="P", help="probability that something else happens (grids)")
    add("--slip-mode", metavar="MODE", help="what happens then: other, perpendicular or stay (grids)")
    add("--terminal", metavar="HOW", help="terminal states: absorbing (default) or as-given (gym:)")
    add(
        "--belief",
        action="append",
        metavar="P,P,…",
        help="where it begins: a probability for each state, NAME=P,… for some of them, or uniform; may be given "
        "several times (default: every state; the first belief if states are hidden)",
    )
    add("--sensor", metavar="WHAT", help="what is read: state; of hidden states also observation (default) or belief")
    add("--output", default="final", metavar="WHAT", help="what counts: final reading (default) or trajectory")
    add("--feedback", action="store_true", help="let actions react to what is observed")
    add("--stopping", action="store_true", help="let the agent stop after fewer actions")
    _add_common(
        parser,
        "auto, counting, enumeration, column-generation, interval or sampled",
        " (transition and .POMDP files)",
    )
    add("--max-sequences", type=int, metavar="K", help="most action sequences for one state (default 50 million)")
    add("--max-nodes", type=int, metavar="K", help="most sets of policies to split for one state (default 1000)")
    add("--max-seconds", type=float, metavar="T", help="most seconds to search policies for one state (no limit)")
    add(
        "--memory", type=_gigabytes, metavar="GB", help="most for all processes, an .npz or a .POMDP file (default 4)"
    )
    add("--max-states", type=int, metavar="K", help="most states to explore of an environment (default 100000)")
    add(
        "--seed",
        type=int,
        metavar="S",
        help="of --method sampled, and of the reset of an environment to explore",
    )
    add("--jobs", type=int, metavar="J", help="processes side by side, -1 for one on each core (default 1)")
    add("--checkpoint", metavar="DIR", help="keep finished states there, and go on from those that are")
    add(
        "--save",
        action="append",
        default=[],
        metavar="FILE",
        help="also write .png, .svg, .pdf, .csv, .nc or .npz; may be given several times",
    )
    add("--all", action="store_true", help="print every state, however many, or the whole grid, however wide")
    parser.late_epilog = _map_epilog


def _fill_capacity(parser: Parser) -> None:
    add = parser.add_argument
    add("file", metavar="FILE", help="one row of output probabilities for each input (see below)")
    choice = argparse.BooleanOptionalAction
    add("--header", action=choice, help="whether the first line of a text is a header (default: see below)")
    add("--index", action=choice, help="whether the first column of a text holds labels (default: see below)")
    _add_common(parser, "auto, working-set or blahut-arimoto")
    parser.epilog = f"{_CHANNEL_FORMS}\n\n{_CAPACITY_EXAMPLES}\n\n{_EXIT_CODES}"


def _fill_compile(parser: Parser) -> None:
    parser.add_argument("--quiet", action="store_true", help="print nothing but what goes wrong")
    parser.epilog = (
        "Compiled code is kept on disk, for each version of Python and each kind of processor; NUMBA_CACHE_DIR\n"
        f"names another directory for it. For an image of a container, run this where it is built.\n\n{_EXIT_CODES}"
    )


def _add_common(parser: Parser, methods: str, where: str = "") -> None:
    add = parser.add_argument
    add("--tol", type=float, default=1e-9, metavar="T", help="width wanted of the interval (default 1e-9)")
    add("--base", type=_base, default=2.0, metavar="B", help="2 for bits (default), e for nats, 10")
    add("--method", default="auto", metavar="NAME", help=f"{methods} (default auto)")
    add("--backend", metavar="NAME", help="kernels of the solver: numba (default), reference or jax")
    add("--normalize", action="store_true", help=f"rescale rows that do not sum to 1{where}")
    add("--json", action="store_true", help="print one JSON object")
    add("--quiet", action="store_true", help="no progress bar, and no word of kernels being compiled")


def _map_epilog() -> str:
    from empowerment.cli.inputs import bundled_worlds

    return f"bundled worlds:\n{bundled_worlds()}\n\n{_WORLD_FORMS}\n\n{_MAP_EXAMPLES}\n\n{_EXIT_CODES}"


def _base(text: str) -> float:
    if text not in _BASES:
        raise argparse.ArgumentTypeError(f"{text!r} is unknown, expected one of {', '.join(_BASES)}")
    return _BASES[text]


def _gigabytes(text: str) -> float:
    """Return bytes from a number of gigabytes above 0."""
    try:
        found = 1e9 * float(text)
    except ValueError:
        found = math.nan
    if not found > 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount, expected gigabytes above 0")
    return found


def _run_map(arguments: argparse.Namespace) -> int:
    from empowerment.cli.commands import run_map

    return run_map(arguments)


def _run_capacity(arguments: argparse.Namespace) -> int:
    from empowerment.cli.commands import run_capacity

    return run_capacity(arguments)


def _run_compile(arguments: argparse.Namespace) -> int:
    from empowerment.cli.compilation import run_compile

    return run_compile(arguments)

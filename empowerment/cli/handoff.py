"""The command ``empowerment handoff``: its sub-commands and their options."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

_BUILD_EXAMPLES = """\
examples:
  empowerment handoff build src/ --suffix .py --model smollm2 --eta 1 --out data.jsonl
  empowerment handoff build texts.jsonl --model model.gguf --probability 0.8 --states all --out data.jsonl"""

_SHOW_EXAMPLES = """\
examples:
  empowerment handoff show script.py --model smollm2 --eta 1
  empowerment handoff show script.py --model smollm2 --costs 0.1 0.5 --by line --html page.html --save strip.png"""

_SERVE_EXAMPLES = """\
examples:
  empowerment handoff serve --model smollm2 --eta 1
  empowerment handoff serve --model llama-server:http://127.0.0.1:8080 --costs 0.1 0.5 --log offers.jsonl"""

Command = Callable[[Any, str, str, Callable[[argparse.Namespace], int]], Any]


def fill(parser: Any, command: Command) -> None:
    """Add the sub-commands; `command` makes the parser of one from its name, its summary and what it runs."""
    commands = parser.add_commands()
    _fill_build(
        command(
            commands, "build", "write a data set of prompts and the completions that the rule selects", _run("build")
        )
    )
    _fill_show(command(commands, "show", "print a file with the points at which it is handed over", _run("show")))
    _fill_serve(
        command(commands, "serve", "serve completions that end at hand-over points to editors", _run("serve"))
    )
    _fill_calibrate(
        command(commands, "calibrate", "choose a threshold by what people did with offers", _run("calibrate"))
    )


def _run(name: str) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        from empowerment.cli import handoff_commands

        return int(getattr(handoff_commands, f"run_{name}")(arguments))

    return run


def _fill_build(parser: Any) -> None:
    add = parser.add_argument
    add("paths", nargs="+", metavar="PATH", help="a text file, a folder, or FILE.jsonl with a document in each line")
    _add_model(parser)
    add_rule(parser)
    add(
        "--out",
        required=True,
        metavar="FILE",
        help="the data set; until it is finished, FILE.part keeps what is done",
    )
    add("--suffix", action="append", metavar="END", help="of folders read only files that end so; may be repeated")
    add("--field", default="text", metavar="NAME", help="where the text is in JSON lines (default text)")
    add("--states", default="1", metavar="N", help="states to draw from each document, or all (default 1)")
    add("--on-empty", default="keep", metavar="HOW", help="empty completions: keep (default), drop or resample")
    add("--seed", type=int, default=0, metavar="S", help="seed of the draws (default 0)")
    _add_late(parser)
    parser.late_epilog = lambda: _epilog(_BUILD_EXAMPLES)


def _fill_show(parser: Any) -> None:
    add = parser.add_argument
    add("file", metavar="FILE", help="a text file in UTF-8")
    _add_model(parser)
    add_rule(parser)
    add(
        "--by",
        default="word",
        metavar="WHAT",
        help="the person writes to the end of the token, word (default) or line",
    )
    add("--color", default="auto", metavar="WHEN", help="auto (default: on a terminal), always or never")
    add("--html", metavar="FILE", help="also write a page of HTML")
    add("--save", action="append", default=[], metavar="FILE", help="also draw the tokens: .png, .svg or .pdf")
    _add_late(parser)
    parser.late_epilog = lambda: _epilog(_SHOW_EXAMPLES)


def _fill_serve(parser: Any) -> None:
    add = parser.add_argument
    _add_model(parser)
    add_rule(parser)
    add(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="where to listen (default 127.0.0.1: this machine only)",
    )
    add("--port", type=int, default=8765, metavar="PORT", help="0 takes any that is free (default 8765)")
    add("--key", metavar="VARIABLE", help="requests must send the key that this variable of the environment holds")
    add("--allow-host", action="append", default=[], metavar="NAME", help="another name that requests may address")
    add(
        "--fim", metavar="TEMPLATE", help="how the model reads both sides, with {prefix} and {suffix} in their places"
    )
    add("--max-tokens", type=int, default=256, metavar="N", help="longest completion (default 256)")
    add("--max-body", type=int, default=1_000_000, metavar="BYTES", help="longest request (default 1000000)")
    add("--seconds", type=float, default=60.0, metavar="S", help="longest time for a request (default 60)")
    add("--waiting", type=int, default=16, metavar="N", help="most requests that wait for the model (default 16)")
    _add_quiet(parser)
    add("--log", metavar="FILE", help="log offers and what became of them; nothing of what stood before them")
    parser.late_epilog = lambda: _epilog(_SERVE_EXAMPLES)


def _fill_calibrate(parser: Any) -> None:
    add = parser.add_argument
    add("log", metavar="LOG", help="what 'handoff serve --log' wrote")
    add(
        "--costs",
        type=float,
        nargs=2,
        default=(0.1, 0.5),
        metavar=("READ", "WRITE"),
        help="of a token (default .1 .5)",
    )
    add("--level", type=float, default=0.95, metavar="P", help="confidence of each interval (default 0.95)")
    _add_quiet(parser)
    add("--json", action="store_true", help="print one JSON object")


def add_rule(parser: Any) -> None:
    """Add the options that name a rule."""
    rule = parser.add_mutually_exclusive_group(required=True)
    rule.add_argument("--eta", type=float, metavar="BITS", help="threshold in bits")
    rule.add_argument("--probability", type=float, metavar="P", help="threshold as the least probability")
    rule.add_argument("--costs", type=float, nargs=2, metavar=("READ", "WRITE"), help="cost of a token: no threshold")
    add = parser.add_argument
    add("--gate", default="cumulative", metavar="NAME", help="cumulative (default), entropy, both or top")
    add(
        "--undecided",
        default="stop",
        metavar="HOW",
        help="where lists are too short: stop (default), continue or raise",
    )
    add(
        "--top", type=int, default=20, metavar="K", help="tokens of each distribution that are asked for (default 20)"
    )


def _add_model(parser: Any) -> None:
    add = parser.add_argument
    add("--model", required=True, metavar="MODEL", help="a language model (see below)")
    add("--reports", metavar="WHAT", help="probabilities of a service: written, echo, prompt or nothing (openai:)")
    add("--key-from", metavar="VARIABLE", help="where the key of a service is, in the environment")


def _add_late(parser: Any) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    _add_quiet(parser)


def _add_quiet(parser: Any) -> None:
    parser.add_argument("--quiet", action="store_true", help="no progress bar, and no word of kernels being compiled")


def _epilog(examples: str) -> str:
    from empowerment.cli.token_models import FORMS

    return f"{FORMS}\n\n{examples}"

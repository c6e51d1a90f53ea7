"""What the sub-commands of ``empowerment handoff`` do."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from pathlib import Path

from empowerment.cli.commands import wants_bar
from empowerment.cli.exit_codes import MISSED, OK, complain
from empowerment.cli.token_models import read_model
from empowerment.core import validate
from empowerment.runtime.files import written_whole
from empowerment.runtime.optional import missing
from empowerment.text import (
    Costs,
    Threshold,
    Turns,
    build_dataset,
    calibrate,
    read_documents,
    read_offers,
    take_turns,
)
from empowerment.text.handoff.rendering import summary, terminal_text

_PICTURES = (".png", ".svg", ".pdf")


def rule_of(arguments: argparse.Namespace) -> Threshold | Costs:
    """Return the rule that the options name."""
    if arguments.costs is not None:
        return Costs(*arguments.costs)
    return (
        Threshold.bits(arguments.eta) if arguments.eta is not None else Threshold.probability(arguments.probability)
    )


def run_build(arguments: argparse.Namespace) -> int:
    """Write a data set."""
    rule = rule_of(arguments)
    found = build_dataset(
        read_documents(arguments.paths, suffixes=arguments.suffix, field=arguments.field),
        read_model(arguments.model, reports=arguments.reports, key_from=arguments.key_from),
        rule,
        arguments.out,
        states=int(arguments.states) if arguments.states.isdecimal() else arguments.states,
        on_empty=arguments.on_empty,
        gate=arguments.gate,
        undecided=arguments.undecided,
        top=arguments.top,
        seed=arguments.seed,
        progress=wants_bar(arguments.quiet),
    )
    counts = {name: getattr(found, name) for name in ("n_documents", "n_examples", "n_empty", "n_undecided")}
    if arguments.json:
        print(json.dumps({"out": arguments.out, **counts, "skipped": found.skipped}))
    else:
        print(
            f"wrote {arguments.out}: {found.n_examples} examples, {found.n_empty} of them empty, from "
            f"{found.n_documents} documents"
        )
    for name, problem in found.skipped.items():
        complain(f"skipped {name}: {problem}", MISSED)
    return MISSED if found.skipped else OK


def run_show(arguments: argparse.Namespace) -> int:
    """Print a file with its hand-over points."""
    color = validate.one_of(arguments.color, ("auto", "always", "never"), "--color")
    for path in arguments.save:
        validate.one_of(Path(path).suffix.lower(), _PICTURES, "ending of a file to save")
    rule = rule_of(arguments)
    [document] = read_documents(arguments.file)
    if document.problem:
        raise ValueError(f"cannot show {arguments.file!r}: {document.problem}")
    model = read_model(arguments.model, reports=arguments.reports, key_from=arguments.key_from)
    turns = take_turns(
        model.score("", document.text, top=arguments.top),
        rule,
        by=arguments.by,
        gate=arguments.gate,
        undecided=arguments.undecided,
    )
    if arguments.json:
        print(json.dumps(_record(turns)))
    else:
        shown = terminal_text(turns, color=color == "always" or (color == "auto" and _on_a_terminal()))
        print(shown, end="" if document.text.endswith("\n") else "\n")
        print(summary(turns), file=sys.stderr)
    _write(turns, arguments)
    return OK


def _on_a_terminal() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _record(turns: Turns) -> dict[str, object]:
    rows = [
        {"writer": turn.writer, "text": turn.text, "span": turn.span, "status": turn.selection.status.name}
        for turn in turns
    ]
    return {"n_hand_overs": turns.n_hand_overs, "completed": turns.completed, "by": turns.by, "turns": rows}


def _write(turns: Turns, arguments: argparse.Namespace) -> None:
    if arguments.html is not None:
        with written_whole(arguments.html) as temporary:
            temporary.write_text(turns.to_html(), encoding="utf-8")
    for path in arguments.save:
        with written_whole(path) as temporary:
            turns.plot().figure.savefig(temporary, format=Path(path).suffix[1:].lower())


def run_calibrate(arguments: argparse.Namespace) -> int:
    """Print what a log of offers says of thresholds."""
    found = calibrate(read_offers(arguments.log), costs=Costs(*arguments.costs), level=arguments.level)
    best = found.best
    if arguments.json:
        columns = {name: [_finite(value) for value in column] for name, column in found.columns().items()}
        best_bits = None if best is None else best.threshold.in_bits
        print(json.dumps({"best_bits": best_bits, "n_without_feedback": found.n_without_feedback, **columns}))
        return OK
    print("  eta [bits]   offers   shown   tokens   accepted             saved by a request")
    for row in found:
        accepted = f"[{row.acceptance.lower:.3f}, {row.acceptance.upper:.3f}]"
        saved = f"[{row.saving.lower:+.3f}, {row.saving.upper:+.3f}]"
        print(
            f"  {row.threshold.in_bits:10.3g} {row.n_offers:8d} {row.shown:7.1%} {row.n_tokens:8.2f}   "
            f"{accepted:18}   {saved}"
        )
    print(
        "no threshold is certain to save effort"
        if best is None
        else f"best: --eta {best.threshold.in_bits:g}, which saves at least {best.saving.lower:.3g} by a request "
        f"(level {found.level:g})"
    )
    return OK


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def run_serve(arguments: argparse.Namespace) -> int:
    """Serve completions until SIGTERM or Ctrl-C."""
    try:
        from empowerment.text.handoff.server.run import serve
    except ImportError:
        raise missing("serving completions", "starlette", "uvicorn") from None
    from empowerment.text.handoff.server.limits import Limits
    from empowerment.text.handoff.server.service import LOOPBACK, Service

    key = _key(arguments, LOOPBACK)
    model = read_model(arguments.model, reports=arguments.reports, key_from=arguments.key_from)
    service = Service(
        model,
        rule_of(arguments),
        gate=arguments.gate,
        undecided=arguments.undecided,
        top=arguments.top,
        fim=arguments.fim,
        limits=Limits(arguments.max_body, arguments.max_tokens, arguments.seconds, arguments.waiting),
        log=arguments.log,
        key=key,
        hosts=(*LOOPBACK, arguments.host, *arguments.allow_host),
    )

    def ready(port: int) -> None:
        print(f"serving {model.name} at http://{arguments.host}:{port}/v1; Ctrl-C stops it", flush=True)

    serve(service, host=arguments.host, port=arguments.port, ready=ready)
    return OK


def _key(arguments: argparse.Namespace, loopback: tuple[str, ...]) -> str | None:
    """Return the key that requests must send, if one is wanted."""
    if arguments.key is None:
        if arguments.host not in loopback:
            raise ValueError(
                f"--host {arguments.host} can be reached from other machines, so --key is needed: the name of a "
                "variable of the environment with the key that requests must send"
            )
        return None
    key = os.environ.get(arguments.key)
    if not key:
        raise ValueError(f"--key {arguments.key}: the environment has no such variable, or it is empty")
    return key

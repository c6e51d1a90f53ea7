"""What the commands do: read, compute, print, write."""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from empowerment.capacity.solve import channel_capacity
from empowerment.cli import inputs, report, saving
from empowerment.cli.beliefs import read_beliefs
from empowerment.cli.exit_codes import MISSED, OK, complain
from empowerment.core.status import ConvergenceWarning, LongRunWarning
from empowerment.measures.state_empowerment import empowerment
from empowerment.runtime.progress import can_be_watched


def run_map(arguments: argparse.Namespace) -> int:
    """Compute the empowerment of every state of a world."""
    if arguments.all and arguments.json:
        raise ValueError("--all does not apply to --json, which prints every state")
    for path in arguments.save:
        saving.check(path)
    world = inputs.read_world(
        arguments.world,
        memory=arguments.memory,
        progress=wants_bar(arguments.quiet),
        seed=arguments.seed,
        max_states=arguments.max_states,
        slip=arguments.slip,
        slip_mode=arguments.slip_mode,
        terminal=arguments.terminal,
        normalize=arguments.normalize or None,
    )
    names = ("max_sequences", "memory", "max_nodes", "max_seconds")
    limits = {name: getattr(arguments, name) for name in names}
    with _missed_tolerance() as sentences:
        result = empowerment(
            world,
            arguments.horizon,
            beliefs=read_beliefs(arguments.belief, world),
            sensor=arguments.sensor,
            output=arguments.output,
            feedback=arguments.feedback,
            stopping=arguments.stopping,
            tol=arguments.tol,
            method=arguments.method,
            backend=arguments.backend,
            base=arguments.base,
            rng=arguments.seed,
            n_jobs=arguments.jobs,
            checkpoint=arguments.checkpoint,
            progress=wants_bar(arguments.quiet),
            options={name: limit for name, limit in limits.items() if limit is not None},
        )
    # Printed before anything is written, so that a disk that fills up costs no result.
    print(
        json.dumps(report.map_record(arguments.world, world, result))
        if arguments.json
        else report.map_summary(inputs.name_of(arguments.world), world, result, arguments.all),
        flush=True,
    )
    for path in arguments.save:
        saving.save(result, path)
        if not arguments.json:
            print(f"wrote {path}")
    return complain(sentences[0], MISSED) if sentences else OK


def run_capacity(arguments: argparse.Namespace) -> int:
    """Compute the capacity of a channel."""
    channel, reading = inputs.read_channel(
        arguments.file, arguments.normalize, header=arguments.header, index=arguments.index
    )
    with _missed_tolerance() as sentences:
        result = channel_capacity(
            channel,
            tol=arguments.tol,
            method=arguments.method,
            backend=arguments.backend,
            base=arguments.base,
        )
    print(
        json.dumps(report.capacity_record(arguments.file, channel, result, reading))
        if arguments.json
        else report.capacity_summary(inputs.name_of(arguments.file), channel, result, reading)
    )
    return complain(sentences[0], MISSED) if sentences else OK


@contextmanager
def _missed_tolerance() -> Iterator[list[str]]:
    """Collect what ConvergenceWarnings say; say at once that a run will be long; others go where they would have."""
    sentences: list[str] = []
    with warnings.catch_warnings():
        for category in (ConvergenceWarning, LongRunWarning):
            warnings.simplefilter("always", category)
        otherwise = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if issubclass(category, ConvergenceWarning):
                sentences.append(str(message))
            elif issubclass(category, LongRunWarning):
                print(f"empowerment: {message}", file=sys.stderr, flush=True)
            else:
                otherwise(message, category, *where, **more)

        warnings.showwarning = show
        yield sentences


def wants_bar(quiet: bool) -> bool:
    """Return whether to show a progress bar: on a terminal, where tqdm is installed."""
    return not quiet and can_be_watched()

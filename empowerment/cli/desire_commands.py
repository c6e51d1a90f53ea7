"""What the sub-commands of ``empowerment desire`` do."""

from __future__ import annotations

import argparse
import csv
import json
import os
from pathlib import Path
from typing import Any

from empowerment.cli import desire_tables, saving
from empowerment.cli.commands import wants_bar
from empowerment.cli.exit_codes import OK
from empowerment.core import validate
from empowerment.desire import (
    RIDER_AGENTS,
    WEALTH,
    Agent,
    DesireAgent,
    DesireParameters,
    ExampleCriterion,
    Riders,
    ShockEffects,
    compare_agents,
    example_region,
    shock_effects,
)
from empowerment.desire.worlds.riders import SLOTS_PER_DAY
from empowerment.runtime.files import written_whole

_ENDINGS = (".csv", ".npz")
_DEFAULT_GRID = ("threshold=0.4,0.8,1.0,1.2,1.4,1.6,1.8,inf", "gain=0.5,1,2,4,8")
_TRUTH = {"true": True, "false": False}


def run_compare(arguments: argparse.Namespace) -> int:
    """Compare riders of several kinds."""
    _check_files(arguments.save)
    resolution = _resolution(arguments.resolution)
    names = arguments.agents or list(RIDER_AGENTS)
    for name in names:
        validate.one_of(name, RIDER_AGENTS, "kind of riders")
    found = compare_agents(
        {name: _rounded(RIDER_AGENTS[name](), resolution) for name in names},
        Riders(validate.positive_int(arguments.riders, "--riders", most=1000)),
        **_options(arguments),
        parameters=_parameters(arguments),
        checkpoint=arguments.checkpoint,
    )
    print(
        json.dumps(desire_tables.comparison_record(found))
        if arguments.json
        else desire_tables.comparison_text(found),
        flush=True,
    )
    for path in _ended(arguments.save, ".csv"):
        _write_table(path, desire_tables.comparison_rows(found))
    for path in _ended(arguments.save, ".npz"):
        found.save(path)
    return _told(arguments)


def run_shocks(arguments: argparse.Namespace) -> int:
    """Print what shocks to health do."""
    _check_files(arguments.save)
    will, resolution = arguments.will or WEALTH, _resolution(arguments.resolution)
    agents = {
        "desire": DesireAgent(will, resolution=resolution),
        "fixed": DesireAgent.fixed(will, resolution=resolution),
    }
    found: dict[str, ShockEffects] = {}
    for name, agent in agents.items():
        found[name] = shock_effects(
            agent,
            windows=arguments.windows,
            **_options(arguments),
            parameters=_parameters(arguments),
            checkpoint=_inside(arguments.checkpoint, name),
        )
    print(
        json.dumps(desire_tables.shocks_record(found)) if arguments.json else desire_tables.shocks_text(found),
        flush=True,
    )
    for path in _ended(arguments.save, ".csv"):
        _write_table(path, desire_tables.shocks_rows(found))
    for path in _ended(arguments.save, ".npz"):
        found["desire"].save(path)
    return _told(arguments)


def run_sensitivity(arguments: argparse.Namespace) -> int:
    """Print for which parameters the example happens."""
    _check_files(arguments.save)
    grid: dict[str, list[Any]] = {}
    for text in arguments.grid or _DEFAULT_GRID:
        name, values = _parted(text, "--grid")
        grid[name] = [_value(value, "--grid") for value in values.split(",")]
    found = example_region(
        grid,
        criterion=ExampleCriterion(window=arguments.window),
        parameters=_parameters(arguments),
        resolution=_resolution(arguments.resolution),
        **_options(arguments),
        checkpoint=arguments.checkpoint,
    )
    print(
        json.dumps(desire_tables.region_record(found)) if arguments.json else desire_tables.region_text(found),
        flush=True,
    )
    for path in _ended(arguments.save, ".csv"):
        _write_table(path, desire_tables.region_rows(found))
    for path in _ended(arguments.save, ".npz"):
        found.save(path)
    return _told(arguments)


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what all runs are told alike."""
    return {
        "seeds": _seeds(arguments.seeds),
        "n_steps": SLOTS_PER_DAY
        * validate.positive_int(arguments.days, "--days", most=validate.LONGEST // SLOTS_PER_DAY),
        "n_jobs": arguments.jobs,
        "progress": wants_bar(arguments.quiet),
    }


def _seeds(text: str) -> range:
    """Return N as the seeds 0 to N - 1, and FIRST:END as those from FIRST on, END left out."""
    first, colon, end = text.partition(":")
    parts = (first, end) if colon else ("0", first)
    if not all(part.isascii() and part.isdecimal() and len(part) < 10 for part in parts):
        raise ValueError(f"--seeds {text}: expected a number of runs, such as 100, or FIRST:END, such as 100:300")
    found = range(int(parts[0]), int(parts[1]))
    if not found:
        raise ValueError(f"--seeds {text} is no seed at all, expected at least one")
    return found


def _resolution(text: str) -> int | None:
    if text == "exact":
        return None
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f"--resolution {text}: expected a whole number above 0, or exact")
    return validate.positive_int(int(text), "--resolution", most=10_000)


def _rounded(agent: Agent, resolution: int | None) -> Agent:
    """Return the agent with its desires rounded for decisions, if it plans for desires."""
    if resolution is None or not isinstance(agent, DesireAgent) or agent.decide is not None:
        return agent
    return DesireAgent(agent.will, name=agent.name, moved=agent.moved, resolution=resolution)


def _parameters(arguments: argparse.Namespace) -> DesireParameters:
    changes = {}
    for text in arguments.set:
        name, value = _parted(text, "--set")
        changes[name] = _value(value, "--set")
    return DesireParameters.preset(arguments.preset, **changes)


def _parted(text: str, option: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign and value):
        raise ValueError(f"{option} {text}: expected the name of a parameter and its value, such as threshold=1.2")
    return name, value


def _value(text: str, option: str) -> Any:
    """Return a number, a truth value, or numbers parted by slashes as a tuple."""
    if text in _TRUTH:
        return _TRUTH[text]
    try:
        numbers = tuple(float(part) for part in text.split("/"))
    except ValueError:
        raise ValueError(f"{option}: {text!r} is no number, true, false, or numbers parted by slashes") from None
    return numbers if len(numbers) > 1 else numbers[0]


def _inside(folder: str | None, name: str) -> str | None:
    """Return a directory inside of another one, which is made."""
    if folder is None:
        return None
    os.makedirs(folder, exist_ok=True)
    return os.path.join(folder, name)


def _check_files(paths: list[str]) -> None:
    for path in paths:
        validate.one_of(Path(path).suffix.lower(), _ENDINGS, "ending of a file to save")
        saving.check(path)


def _ended(paths: list[str], ending: str) -> list[str]:
    return [path for path in paths if Path(path).suffix.lower() == ending]


def _write_table(path: str, rows: list[dict[str, Any]]) -> None:
    with written_whole(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def _told(arguments: argparse.Namespace) -> int:
    if not arguments.json:
        for path in arguments.save:
            print(f"wrote {path}")
    return OK

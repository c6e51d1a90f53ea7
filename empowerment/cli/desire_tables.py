"""Riders compared, shocks and regions, as tables to read and as records for JSON and CSV."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from empowerment.desire import EMOTIONS, AgentComparison, ExampleRegion, SeedEstimate, ShockEffects
from empowerment.desire.comparison.result import estimate_text, shown_measures
from empowerment.desire.shocks.result import MEASURES
from empowerment.desire.worlds.riders import SLOTS_PER_DAY

_ENDS = ("value", "lower", "upper")


def comparison_text(found: AgentComparison) -> str:
    """Return several tables: measures, differences from the first kind, ranks and desires, names at events."""
    names = shown_measures(found.measures)
    blocks = [_measures_table("agent", found, names)]
    first, *others = found
    if others:
        rows = [[name, *(estimate_text(found.difference(name, first, each)) for each in names)] for name in others]
        blocks.append(_table([f"minus {first}", *names], rows))
    wanted = [name for name in found.measures if name.startswith("desire_")]
    blocks.append(_measures_table("mean desire", found, [*wanted, "gini", "spread"]))
    blocks.append(_ends_table(found))
    blocks.append(_measures_table("share of events", found, [f"event_{name}" for name in EMOTIONS]))
    days = found.n_steps / SLOTS_PER_DAY
    head = f"{found.n_agents} riders, {days:g} days, {len(found.seeds)} seeds; intervals of 95 % over seeds"
    return "\n\n".join([head, *blocks])


def comparison_record(found: AgentComparison) -> dict[str, Any]:
    """Return everything that was measured, ready for JSON."""
    first = found.agents[0]
    return {
        "n_riders": found.n_agents,
        "n_slots": found.n_steps,
        "n_seeds": len(found.seeds),
        "agents": {name: {measure: _ends(found[name][measure]) for measure in found.measures} for name in found},
        "minus": first,
        "differences": {
            name: {measure: _ends(found.difference(name, first, measure)) for measure in found.measures}
            for name in found.agents[1:]
        },
    }


def comparison_rows(found: AgentComparison) -> list[dict[str, Any]]:
    """Return a row for each kind of riders and measure, and for each difference from the first kind."""
    first = found.agents[0]
    rows = [
        {"agent": name, "minus": "", "measure": measure, **_row(found[name][measure])}
        for name in found
        for measure in found.measures
    ]
    return rows + [
        {"agent": name, "minus": first, "measure": measure, **_row(found.difference(name, first, measure))}
        for name in found.agents[1:]
        for measure in found.measures
    ]


def shocks_text(found: Mapping[str, ShockEffects]) -> str:
    """Return a table for each kind of riders, and how much of what is seen is there with fixed weights."""
    blocks = []
    titles = ["slots", "shocks", "measure", "24 before", "after, frozen", "after", "difference"]
    for name, effects in found.items():
        event, fear = estimate_text(effects.with_event, 3), estimate_text(effects.named["fear"], 3)
        rows = [
            [str(window), str(effects[window].total), each, *(estimate_text(x, 3) for x in effects[window][each])]
            for window in effects
            for each in MEASURES
        ]
        blocks += [
            f"{name}: {int(effects.falls.sum())} falls of health by 4 or more in {len(effects.seeds)} runs; share of "
            f"events {event}, of fear {fear}",
            _table(titles, rows),
        ]
        if effects.moved:
            blocks.append(_desires_table(effects))
    return "\n\n".join([*blocks, _mechanical_text(found)])


def mechanical_share(found: Mapping[str, ShockEffects], window: int) -> float | None:
    """Return how much of the rise of far orders declined riders with fixed weights show, too; None without a rise."""
    rises = {}
    for name in ("fixed", "desire"):
        row = found[name][window]["far_declined"]
        if row.before is None or row.updated is None:
            return None
        rises[name] = row.updated.value - row.before.value
    return rises["fixed"] / rises["desire"] if rises["desire"] > 0 else None


def _mechanical_text(found: Mapping[str, ShockEffects]) -> str:
    shares = {window: mechanical_share(found, window) for window in found["desire"]}
    told = [f"{share:.3g} in {window} slots" for window, share in shares.items() if share is not None]
    return f"of the rise of far_declined, this share is there with fixed weights, too: {', '.join(told) or '–'}"


def shocks_record(found: Mapping[str, ShockEffects]) -> dict[str, Any]:
    """Return everything that was measured, ready for JSON."""
    record: dict[str, Any] = {
        name: {
            "n_seeds": len(effects.seeds),
            "n_falls": int(effects.falls.sum()),
            "with_event": _ends(effects.with_event),
            "named": {emotion: _ends(share) for emotion, share in effects.named.items()},
            "windows": [_window_record(effects, window) for window in effects],
        }
        for name, effects in found.items()
    }
    return record | {"mechanical_share": {str(window): mechanical_share(found, window) for window in found["desire"]}}


def shocks_rows(found: Mapping[str, ShockEffects]) -> list[dict[str, Any]]:
    """Return a row for each kind of riders, window, measure and phase."""
    return [
        {"agent": agent, "window": window, "shocks": effects[window].total, "measure": each, "phase": phase} | _row(x)
        for agent, effects in found.items()
        for window in effects
        for each in MEASURES
        for phase, x in effects[window][each]._asdict().items()
    ]


def region_text(found: ExampleRegion) -> str:
    """Return a row for each combination, and where two parameters vary a map of where the example happens."""
    rows = region_rows(found)
    titles = list(rows[0])
    lines = [_table(titles, [[_cell(row[name]) for name in titles] for row in rows])]
    if len(found.names) == 2:
        lines.append(_map(found))
    lines.append(f"the example happens for {int(found.holds.sum())} of {len(found)}; {len(found.seeds)} seeds")
    return "\n\n".join(lines)


def region_record(found: ExampleRegion) -> dict[str, Any]:
    """Return everything that was measured, ready for JSON."""
    cells = [{name: _plain(value) for name, value in row.items()} for row in region_rows(found)]
    return {"names": list(found.names), "n_seeds": len(found.seeds), "window": found.criterion.window, "cells": cells}


def region_rows(found: ExampleRegion) -> list[dict[str, Any]]:
    """Return a row for each combination."""
    return [found.row(cell) for cell in found]


def _measures_table(title: str, found: AgentComparison, names: Sequence[str]) -> str:
    rows = [[agent, *(estimate_text(found[agent][name]) for name in names)] for agent in found]
    return _table([title, *names], rows)


def _ends_table(found: AgentComparison) -> str:
    """Return the income and the mean desire of the riders with the most and the least income of a run."""
    names = [name.removeprefix("richest_") for name in found.measures if name.startswith("richest_")]
    rows = [
        [agent, who, *(estimate_text(found[agent][f"{who}_{name}"]) for name in names)]
        for agent in found
        for who in ("richest", "poorest")
    ]
    return _table(["of a run", "rider", *names], rows)


def _desires_table(effects: ShockEffects) -> str:
    rows = [
        [str(window), phase, *(estimate_text(x, 3) for x in own.values())]
        for window in effects
        for phase, own in (("before", effects[window].desire_before), ("after", effects[window].desire_after))
    ]
    return _table(["slots", "desire at the shock", *effects.desires], rows)


def _window_record(effects: ShockEffects, window: int) -> dict[str, Any]:
    seen = effects[window]
    return {
        "window": window,
        "n_shocks": seen.total,
        **{measure: {phase: _ends(x) for phase, x in seen[measure]._asdict().items()} for measure in MEASURES},
        "desire_before": {name: _ends(x) for name, x in seen.desire_before.items()},
        "desire_after": {name: _ends(x) for name, x in seen.desire_after.items()},
    }


def _map(found: ExampleRegion) -> str:
    rows, columns = found.values
    marks = [["holds" if yes else "." for yes in own] for own in found.holds]
    body = [[_cell(value), *own] for value, own in zip(rows, marks, strict=True)]
    return _table([f"{found.names[0]} by {found.names[1]}", *map(_cell, columns)], body)


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return lines with aligned columns, the first one to the left."""
    lines = [list(titles), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(titles))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "."
    if isinstance(value, tuple):
        return "/".join(map(_cell, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it: what is infinite as text."""
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _ends(found: SeedEstimate | None) -> dict[str, Any] | None:
    if found is None:
        return None
    numbers = {name: getattr(found, name) for name in _ENDS}
    return {name: number if math.isfinite(number) else None for name, number in numbers.items()}


def _row(found: SeedEstimate | None) -> dict[str, Any]:
    return _ends(found) or dict.fromkeys(_ENDS)

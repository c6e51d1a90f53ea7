"""What the commands print: summaries to read, and records for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from empowerment.capacity.result import CapacityResult
from empowerment.cli.exit_codes import as_options
from empowerment.cli.state_maps import place_name, state_map
from empowerment.core.channel import Channel
from empowerment.core.layout import GridLayout
from empowerment.core.status import Status
from empowerment.measures.result import EmpowermentResult
from empowerment.models.mdp import MDP
from empowerment.models.pomdp import POMDP

_MOST_NAMED = 3
_MOST_INPUTS = 20


def map_record(name: str, world: MDP | POMDP, result: EmpowermentResult) -> dict[str, Any]:
    """Return everything that is known about a result, ready for JSON."""
    columns = {x: getattr(result, x).tolist() for x in ("value", "lower", "upper", "gap", "converged")}
    states = []
    for i, state in enumerate(result.states):
        status = Status(result.status[i])
        numbers = {x: column[i] for x, column in columns.items()}
        told = {"method": str(result.method[i]), "status": status.name, "sentence": status.sentence}
        states.append({"state": _plain(state), **numbers, **told})
    return {
        "world": name,
        "n_states": world.n_states,
        "n_actions": world.n_actions,
        "n_observations": world.n_observations if isinstance(world, POMDP) else None,
        "deterministic": _process(world).is_deterministic,
        "actions": [_plain(action) for action in result.actions],
        "horizon": result.horizon,
        **{x: getattr(result, x) for x in ("sensor", "output", "methods", "backend")},
        **{x: getattr(result, x) for x in ("base", "unit", "tol", "rtol")},
        "converged": bool(result.converged.all()),
        "widest_interval": float(result.gap.max()),
        "min": float(result.value.min()),
        "mean": float(result.value.mean()),
        "max": float(result.value.max()),
        "layout": result.layout.to_dict() if isinstance(result.layout, GridLayout) else None,
        "states": states,
    }


def map_summary(name: str, world: MDP | POMDP, result: EmpowermentResult, everything: bool = False) -> str:
    """Return a few lines about a result, and a map of its values or a table, of `everything` or what fits."""
    kind = "deterministic" if _process(world).is_deterministic else "stochastic"
    states = f"{world.n_states} states, {world.n_actions} actions"
    if isinstance(world, POMDP):
        states = f"{world.n_states} hidden states, {world.n_actions} actions, {world.n_observations} observations"
    when = "at the end" if result.output == "final" else "after every step"
    value = result.value
    lines = [
        f"world            {name}: {states}, {kind}",
        f"horizon          {result.horizon}, sensing the {result.sensor} {when}",
        f"min              {value.min():.6g} {result.unit} in {_places(world, result, value.min())}",
        f"mean             {value.mean():.6g} {result.unit}",
        f"max              {value.max():.6g} {result.unit} in {_places(world, result, value.max())}",
        f"widest interval  {result.gap.max():.2g} {result.unit} (tolerance {result.tol:.2g})",
        f"method           {result.methods} on {result.backend}",
    ]
    for status in Status:
        count = int((result.status == status).sum())
        if status != Status.CERTIFIED and count:
            what = "state" if result.beliefs is None else "belief"
            lines.append(f"{'note':<16} {_counted(count, what)}: {as_options(status.sentence)}")
    return "\n".join([*lines, "", state_map(world, result, everything)])


def capacity_record(name: str, channel: Channel, result: CapacityResult, reading: str | None) -> dict[str, Any]:
    """Return everything that is known about a capacity, ready for JSON."""
    return {
        "channel": name,
        "reading": reading,
        "inputs": list(channel.inputs),
        "outputs": list(channel.outputs),
        "n_inputs": channel.n_inputs,
        "n_outputs": channel.n_outputs,
        **{x: float(getattr(result, x)) for x in ("value", "lower", "upper", "gap")},
        **{x: getattr(result, x) for x in ("unit", "base", "tol", "rtol")},
        "converged": bool(result.converged),
        "status": result.status.name,
        "sentence": result.status.sentence,
        "method": result.method,
        "backend": result.backend,
        "n_iter": int(result.n_iter),
        "n_passes": int(result.n_passes),
        "input_distribution": result.input_distribution.tolist(),
        "output_distribution": result.output_distribution.tolist(),
    }


def capacity_summary(name: str, channel: Channel, result: CapacityResult, reading: str | None) -> str:
    """Return a few lines about a capacity."""
    lines = [
        f"channel   {name}: {channel.n_inputs} inputs, {channel.n_outputs} outputs",
        *([] if reading is None else [f"reading   {reading}"]),
        f"capacity  {result.value:.10g} {result.unit}" if result.converged else "capacity  known only as an interval",
        f"interval  [{result.lower:.12g}, {result.upper:.12g}], gap {result.gap:.2g} (tolerance {result.tol:.2g})",
        f"method    {result.method} on {result.backend}",
        f"status    {result.status.sentence}",
        "inputs    " + _distribution(result.input_distribution, channel.inputs),
    ]
    return "\n".join(lines)


def _distribution(p: np.ndarray, labels: Sequence[Any]) -> str:
    """Return the likeliest symbols of a distribution with their probabilities."""
    if p.size <= _MOST_INPUTS and isinstance(labels, range):
        return " ".join(f"{x:.6f}" for x in p)
    largest = np.sort(np.argsort(-p, kind="stable")[:_MOST_INPUTS])
    shown = " ".join(f"{labels[i]}:{p[i]:.6f}" for i in largest)
    if p.size <= _MOST_INPUTS:
        return shown
    return f"{shown} (the {_MOST_INPUTS} likeliest of {p.size}; --json has all)"


def _places(world: MDP | POMDP, result: EmpowermentResult, value: float) -> str:
    """Return the states or beliefs that have a value, up to the tolerance."""
    if result.beliefs is not None and len(result) == 1:
        return "the first belief"
    found = np.flatnonzero(np.abs(result.value - value) <= max(result.tol, 1e-12))
    parted_by = ", " if result.beliefs is None else "; "
    named = parted_by.join(place_name(world, result, i) for i in found[:_MOST_NAMED])
    return named if found.size <= _MOST_NAMED else f"{named} and {found.size - _MOST_NAMED} more"


def _counted(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count} {what}s"


def _process(world: MDP | POMDP) -> MDP:
    return world.mdp if isinstance(world, POMDP) else world


def _plain(label: Any) -> Any:
    """Return a label as JSON can hold it; one it cannot hold as its representation."""
    if isinstance(label, tuple):
        return [_plain(part) for part in label]
    return label if label is None or isinstance(label, str | int | float | bool) else repr(label)

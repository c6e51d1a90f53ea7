"""Checks of the fields of a saved trace."""

from __future__ import annotations

from typing import Any

import numpy as np

from empowerment.core import validate


def check_trace(trace: Any) -> None:
    """Raise a ValueError that names the first field that does not fit the others."""
    validate.text(trace.agent, "agent")
    validate.flag(trace.moved, "moved")
    n_runs, n_steps, n_agents = _several(trace.action_numbers.shape, 3, "action_numbers")
    during, before = (n_runs, n_steps, n_agents), (n_runs, n_steps + 1, n_agents)
    n_desires, n_changes = len(trace.desires), len(trace.appraised)
    if len(trace.seeds) != n_runs or len(set(trace.seeds)) != n_runs:
        raise ValueError(f"seeds has {len(set(trace.seeds))} seeds, expected {n_runs}")
    if trace.parameters.n_changes != n_changes:
        raise ValueError(f"parameters appraise {trace.parameters.n_changes} changes, expected {n_changes}")
    _check(trace.state_numbers, "state_numbers", before, "i", 0, len(trace.states) - 1)
    _check(trace.action_numbers, "action_numbers", during, "i", 0, len(trace.actions) - 1)
    _check(trace.event, "event", during, "b", 0, 1)
    _check(trace.rank, "rank", during, "f", 0, 1)
    _check(trace.emotion, "emotion", (*before, 3), "f", -1, 1)
    _check(trace.desire, "desire", (*before, n_desires), "f", 0, 1)
    _check(trace.levels, "levels", (*during, n_desires), "f")
    _check(trace.changes, "changes", (*during, n_changes), "f")
    _check(trace.features, "features", (*during, n_desires), "f")
    for name, array in trace.records.items():
        _check(array, f"records[{name!r}]", during, "bif")


def _several(shape: tuple[int, ...], count: int, name: str) -> tuple[int, ...]:
    if len(shape) != count or 0 in shape:
        raise ValueError(f"{name} has shape {shape}, expected {count} axes with at least one entry along each")
    return shape


def _check(
    array: np.ndarray, name: str, shape: tuple[int, ...], kinds: str, least: Any = -np.inf, most: Any = np.inf
) -> None:
    if array.shape != shape or array.dtype.kind not in kinds:
        raise ValueError(
            f"{name} has shape {array.shape} and dtype {array.dtype}, expected {shape} of kind {kinds!r}"
        )
    if not np.isfinite(array).all() or array.min() < least or array.max() > most:
        raise ValueError(
            f"{name} ranges from {array.min()} to {array.max()}, expected numbers from {least} to {most}"
        )

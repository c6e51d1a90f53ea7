"""Measures of a run: for each seed a numerator and a denominator, so that runs can be added."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from empowerment.desire.appraisal import EMOTIONS
from empowerment.desire.trace import DesireTrace
from empowerment.desire.world import DesireWorld
from empowerment.desire.worlds.riders import SLOTS_PER_DAY, Riders
from empowerment.worlds.delivery import ACCEPT, REST, state_parts

FAR = 3

Ratio = tuple[np.ndarray, np.ndarray]
"""Numerators and denominators, each of shape (n_seeds,)."""


def measured(trace: DesireTrace, world: DesireWorld, *, has_desire: bool) -> dict[str, Ratio]:
    """Compute the measures of a trace; for :class:`Riders` more than for other worlds.

    Parameters
    ----------
    trace : DesireTrace
    world : DesireWorld
    has_desire : bool
        Whether the agents have a desire. If not, the measures of desires are left out.
    """
    found = _measured_anywhere(trace, has_desire)
    return _measured_of_riders(trace, has_desire) | found if isinstance(world, Riders) else found


def offered(trace_states: np.ndarray, actions: np.ndarray) -> Mapping[str, np.ndarray]:
    """Return which steps of riders have an order and of which kind, whether it is accepted, and whether they rest.

    Parameters
    ----------
    trace_states, actions : ndarray of int of one shape
        Numbers of the states, and of the actions chosen in them.
    """
    health, _, offer = state_parts(trace_states)
    some = offer > 0
    return {
        "health": health,
        "some": some,
        "possible": some & (health > 0),
        "far": offer == FAR,
        "accepted": some & (actions == ACCEPT),
        "rests": actions == REST,
    }


def _measured_anywhere(trace: DesireTrace, has_desire: bool) -> dict[str, Ratio]:
    n_steps, n_agents = trace.n_steps, trace.n_agents
    events = _sum(trace.event)
    found = {
        f"value_{name}": _mean(trace.features[..., i], n_steps * n_agents) for i, name in enumerate(trace.desires)
    }
    found["events"] = _mean(trace.event, n_agents)
    names = trace.emotion_names
    found |= {f"event_{name}": (_sum(trace.event & (names == name)), events) for name in EMOTIONS}
    counted = n_steps * n_agents if has_desire else 0
    found |= {
        f"desire_{name}": _mean(trace.desire[:, :-1, :, i] * has_desire, counted)
        for i, name in enumerate(trace.desires)
    }
    return found


def _measured_of_riders(trace: DesireTrace, has_desire: bool) -> dict[str, Ratio]:
    seen = offered(trace.state_numbers[:, :-1], trace.action_numbers)
    steps = trace.n_steps * trace.n_agents
    incomes = trace.records["pay"].sum(axis=1)
    return {
        "income": (incomes.sum(axis=1), np.full(len(trace), steps / SLOTS_PER_DAY)),
        "health": _mean(seen["health"], steps),
        "accepted": (_sum(seen["accepted"]), _sum(seen["some"])),
        "accepted_possible": (_sum(seen["accepted"]), _sum(seen["possible"])),
        "accepted_far": (_sum(seen["accepted"] & seen["far"]), _sum(seen["far"])),
        "rests": _mean(seen["rests"], steps),
        "gini": (_gini(incomes), np.ones(len(trace))),
    } | _measured_by_rank(trace, incomes, has_desire)


def _measured_by_rank(trace: DesireTrace, incomes: np.ndarray, has_desire: bool) -> dict[str, Ratio]:
    """Compute the measures of the riders with the largest and the smallest final income of each run."""
    runs, found = np.arange(len(trace)), dict[str, Ratio]()
    days = np.full(len(trace), trace.n_steps / SLOTS_PER_DAY)
    ends = {"richest": incomes.argmax(axis=1), "poorest": incomes.argmin(axis=1)}
    found["spread"] = incomes.max(axis=1) - incomes.min(axis=1), days
    for who, rider in ends.items():
        found[f"{who}_income"] = incomes[runs, rider], days
        means = trace.desire[:, :-1].mean(axis=1)[runs, rider]
        for i, name in enumerate(trace.desires):
            found[f"{who}_desire_{name}"] = means[:, i] * has_desire, np.full(len(trace), float(has_desire))
    return found


def _sum(array: np.ndarray) -> np.ndarray:
    """Return the sum of each run, of shape (n_seeds,)."""
    return array.reshape(len(array), -1).sum(axis=1).astype(np.float64)


def _mean(array: np.ndarray, count: float) -> Ratio:
    return _sum(array), np.full(len(array), float(count))


def _gini(incomes: np.ndarray) -> np.ndarray:
    """Compute the Gini coefficient of each run, 0 if all incomes are 0."""
    total = incomes.sum(axis=1)
    apart = np.abs(incomes[:, :, None] - incomes[:, None, :]).sum(axis=(1, 2))
    return np.divide(apart, 2 * incomes.shape[1] * total, where=total > 0, out=np.zeros(len(incomes)))

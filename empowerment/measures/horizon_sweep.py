"""Empowerment at several horizons, with what limits it at each, to choose one by."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from empowerment.actuation.open_loop.channel import DEFAULT_MEMORY
from empowerment.actuation.open_loop.counting import count_readings, reading_graph, successor_graph
from empowerment.actuation.problem import View, make_view
from empowerment.core import validate
from empowerment.measures.horizon_result import HorizonSweep
from empowerment.measures.result import EmpowermentResult
from empowerment.measures.state_empowerment import DEFAULT_MAX_SEQUENCES, empowerment

_STACKED = ("value", "lower", "upper", "status", "method")
# Each takes a result of its own.
_MOST_HORIZONS = 10_000
_SHARED = ("states", "base", "tol", "rtol")


def horizon_sweep(
    model: Any,
    horizons: Iterable[int],
    *,
    states: Any = None,
    beliefs: Any = None,
    sensor: Any = None,
    output: str = "final",
    known_to: str = "nobody",
    feedback: bool = False,
    stopping: bool = False,
    tol: float = 1e-9,
    rtol: float = 0.0,
    method: str = "auto",
    backend: str | None = None,
    base: float = 2,
    max_sequences: int = DEFAULT_MAX_SEQUENCES,
    memory: float = DEFAULT_MEMORY,
    samples: int = 1000,
    rng: np.random.Generator | int | None = None,
    keep_sequences: bool = False,
    n_jobs: int | None = None,
    progress: bool = False,
) -> HorizonSweep:
    """Return the empowerment of states at several horizons, and what limits it at each.

    Nothing can be told that no action sequence says or no reading shows: the empowerment is at most the logarithm
    of the number of sequences, and at most that of the number of possible readings. At a short horizon the actions
    are the limit, and only what is close by tells states apart. At a very long one all readings may be possible from
    everywhere, and then states hardly differ.

    Parameters
    ----------
    model : MDP, POMDP, or array of shape (n_states, n_actions, n_states)
    horizons : iterable of int
        Distinct numbers of actions, such as ``range(1, 9)``.
    states, beliefs, sensor, output, known_to, feedback, stopping, tol, rtol, method, backend, base, max_sequences, \
            memory, samples, rng, n_jobs
        As in :func:`empowerment`, the same at each horizon.
    keep_sequences : bool
        Keep the optimal action sequences for ``sweep[horizon].sequences``.
    progress : bool
        Show a progress bar over states for each horizon (needs the extra ``progress``).

    Returns
    -------
    HorizonSweep
        Its attributes `limit` and `saturation` say which limit is the lower one and how much of it is attained.

    Raises
    ------
    ValueError, TypeError
        If the horizons are not such numbers, and for what :func:`empowerment` refuses.
    MemoryError
        As in :func:`empowerment`; the message names the horizon.

    Notes
    -----
    A horizon too long for an exact value has bounds instead, and there is no warning where they are wide: the
    result says how many they are, and its picture shows them.

    "Up to n steps" may mean three things. ``sweep.largest()`` takes the horizon that is best for each state.
    ``sweep.discounted(discount)`` adds up all of them. With ``stopping=True`` the number of steps is a part of what
    the agent chooses, at each n of the sweep from 0 to n, and the state in which it stops is read.

    Examples
    --------
    >>> import empowerment as emp
    >>> sweep = emp.horizon_sweep(emp.worlds.klyubin_maze(), [1, 5, 20], states=[(5, 5), (9, 0)])
    >>> sweep
    HorizonSweep(2 states, horizons 1, 5, 20: 1.58496 to 6.64386 bits, 6 exact, 0 intervals)
    >>> sweep.value.round(2).tolist()
    [[2.32, 1.58], [5.52, 4.39], [6.64, 6.41]]
    """
    numbers = _horizons(horizons)
    options = {
        "states": states,
        "beliefs": beliefs,
        "known_to": known_to,
        "feedback": feedback,
        "sensor": sensor,
        "output": output,
        "stopping": stopping,
        "tol": tol,
        "rtol": rtol,
        "method": method,
        "backend": backend,
        "base": base,
        "max_sequences": max_sequences,
        "memory": memory,
        "samples": samples,
        "rng": rng,
        "keep_sequences": keep_sequences,
        "n_jobs": n_jobs,
        "progress": progress,
    }
    view = make_view(
        model,
        states=states,
        beliefs=beliefs,
        sensor=sensor,
        known_to=known_to,
        stopping=stopping,
        horizon=numbers[-1],
        memory=validate.memory(memory),
    )
    results = tuple(_at(model, horizon, options) for horizon in numbers)
    unit = math.log(results[0].base)
    stacked: dict[str, Any] = {name: np.stack([getattr(result, name) for result in results]) for name in _STACKED}
    shared: dict[str, Any] = {name: getattr(results[0], name) for name in _SHARED}
    return HorizonSweep(
        **stacked,
        **shared,
        horizons=np.array(numbers),
        reachable=_log_readings(view, results) / unit,
        actions=_log_sequences(view.model.n_actions, numbers, stopping) / unit,
        results=results,
    )


def _at(model: Any, horizon: int, options: dict[str, Any]) -> EmpowermentResult:
    try:
        return empowerment(model, horizon, on_failure="ignore", **options)
    except MemoryError as reason:
        raise MemoryError(f"horizon {horizon}: {reason}") from None


def _log_readings(view: View, results: tuple[EmpowermentResult, ...]) -> np.ndarray:
    """Return what the readings allow at the horizon of each result, in nats, of shape (n_horizons, n_states)."""
    one, n_readings = results[0], len(view.sensor.readings)
    graphs = successor_graph(view.model), reading_graph(view.sensor)
    options: dict[str, Any] = {"up_to": one.stopping, "backend": one.backend}

    def after(horizon: int) -> np.ndarray:
        counts = count_readings(*graphs, n_readings, view.starts, horizon, **options)
        logarithms = np.log(np.maximum(counts, 1))
        return np.asarray(logarithms if view.weights is None else view.weights @ logarithms)

    if one.output == "final":
        return np.stack([after(result.horizon) for result in results])
    none = np.zeros((1, len(one)))
    steps = np.concatenate([none, *(after(step)[None] for step in range(1, results[-1].horizon + 1))])
    return np.asarray(np.cumsum(steps, axis=0)[[result.horizon for result in results]])


def _log_sequences(n_actions: int, horizons: list[int], stopping: bool) -> np.ndarray:
    """Return the logarithm of the number of action sequences at each horizon, in nats."""
    each = math.log(n_actions)
    if stopping:
        # The sum of a geometric series; with one action all sequences of a length are one.
        many = np.array(horizons) + 1.0
        if n_actions == 1:
            return np.log(many)
        return many * each + np.log(-np.expm1(-many * each)) - math.log(n_actions - 1)
    return np.array(horizons) * each


def _horizons(values: Any) -> list[int]:
    """Return distinct horizons in ascending order."""
    if isinstance(values, str) or not validate.is_several(values):
        raise TypeError(
            f"horizons is {validate.shown(values)}, expected several numbers of steps, such as range(1, 9)"
        )
    found: dict[int, None] = {}
    for i, value in enumerate(values):
        if i == _MOST_HORIZONS:
            raise ValueError(f"horizons has more than {_MOST_HORIZONS:,} numbers of steps, expected at most so many")
        try:
            number = validate.horizon(value)
        except (TypeError, ValueError) as reason:
            raise type(reason)(f"horizons[{i}]: {reason}") from None
        if number in found:
            raise ValueError(f"horizons[{i}] is {number} again, expected numbers of steps that differ")
        found[number] = None
    if not found:
        raise ValueError("horizons is empty, expected at least one number of steps")
    return sorted(found)

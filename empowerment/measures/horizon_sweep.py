"""Empowerment at several horizons, with what limits it at each, to choose one by."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from empowerment.actuation.open_loop.counting import count_readings, reading_graph, successor_graph
from empowerment.actuation.problem import StateProblem
from empowerment.capacity import jax_arrays
from empowerment.core import validate
from empowerment.measures.execution import answer
from empowerment.measures.horizon_result import HorizonSweep
from empowerment.measures.request import EmpowermentRequest
from empowerment.measures.result import EmpowermentResult

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
    base: float | str = 2,
    rng: np.random.Generator | int | None = None,
    n_jobs: int | None = None,
    progress: bool | str = "auto",
    options: Mapping[str, Any] | None = None,
) -> HorizonSweep:
    """Compute the empowerment of states at several horizons, and what limits it at each.

    Empowerment is at most the logarithm of the number of action sequences, and at most that of the number of readings
    within reach. At a short horizon the actions are the limit, and only what is close by tells states apart. At a
    very long one all readings may be within reach from everywhere, and then states hardly differ.

    Parameters
    ----------
    model : MDP, POMDP, or array of shape (n_states, n_actions, n_states)
        As for :func:`empowerment`.
    horizons : iterable of int
        Distinct numbers of actions, such as ``range(1, 9)``.
    states : state label or list of state labels, optional
        As for :func:`empowerment`.
    beliefs : array_like of shape (n_states,) or (n_beliefs, n_states), optional
        As for :func:`empowerment`.
    sensor : None, "state", "observation", "belief", callable or array_like of shape (n_states, n_readings)
        As for :func:`empowerment`.
    output : {"final", "trajectory"}
        As for :func:`empowerment`.
    known_to : {"nobody", "receiver", "both"}
        As for :func:`empowerment`.
    feedback : bool
        As for :func:`empowerment`.
    stopping : bool
        As for :func:`empowerment`.
    tol, rtol : float
        As for :func:`empowerment`.
    method : str
        As for :func:`empowerment`.
    backend : {"numba", "reference", "jax"}, optional
        As for :func:`empowerment`.
    base : float or "e"
        As for :func:`empowerment`.
    rng : numpy.random.Generator, int or None
        As for :func:`empowerment`.
    n_jobs : int, optional
        As for :func:`empowerment`.
    progress : bool or "auto"
        Show a progress bar over states for each horizon. ``"auto"`` shows it on a terminal, once a second has passed.
    options : mapping, optional
        As for :func:`empowerment`.

    Returns
    -------
    HorizonSweep
        The results of all horizons. Its attributes `limit` and `saturation` say which limit is the lower one and how
        much of it is attained.

    Raises
    ------
    ValueError, TypeError
        If the horizons are not such numbers, and for what :func:`empowerment` refuses.
    MemoryError
        As in :func:`empowerment`; the message names the horizon.

    Warns
    -----
    LongRunWarning
        As in :func:`empowerment`.

    See Also
    --------
    empowerment : The same at one horizon, with checkpoints.

    Notes
    -----
    A horizon too long for an exact value has bounds instead. There is no warning where they are wide: the result says
    how many there are, and its picture shows them.

    "Up to n steps" may mean three things. ``sweep.largest()`` takes the horizon that is best for each state.
    ``sweep.discounted(discount)`` adds up all horizons. With ``stopping=True`` the number of steps, from 0 to n, is a
    part of what the agent chooses, and the state in which it stops is read.

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
    arrays = jax_arrays.found_in(model, sensor)
    longest = EmpowermentRequest.checked(
        model,
        numbers[-1],
        states=states,
        beliefs=beliefs,
        sensor=sensor,
        output=output,
        known_to=known_to,
        feedback=feedback,
        stopping=stopping,
        method=method,
        rng=rng,
        options=options,
        tol=tol,
        rtol=rtol,
        base=base,
        backend="jax" if backend is None and arrays else backend,
        on_failure="ignore",
    )
    results = tuple(_answer(longest.at(horizon), n_jobs, progress) for horizon in numbers)
    unit = longest.solver.unit
    stacked: dict[str, Any] = {name: np.stack([getattr(result, name) for result in results]) for name in _STACKED}
    shared: dict[str, Any] = {name: getattr(results[0], name) for name in _SHARED}
    return HorizonSweep(
        **stacked,
        **shared,
        horizons=np.array(numbers),
        reachable=_log_readings(longest.problem, results) / unit,
        actions=_log_sequences(longest.problem.model.n_actions, numbers, longest.stopping) / unit,
        results=results,
    )


def _answer(request: EmpowermentRequest, n_jobs: int | None, progress: bool | str) -> EmpowermentResult:
    try:
        return answer(request, n_jobs=n_jobs, progress=progress)
    except MemoryError as reason:
        raise MemoryError(f"horizon {request.horizon}: {reason}") from None


def _log_readings(problem: StateProblem, results: tuple[EmpowermentResult, ...]) -> np.ndarray:
    """Return what the readings allow at the horizon of each result, in nats, of shape (n_horizons, n_states)."""
    one, n_readings = results[0], len(problem.sensor.readings)
    graphs = successor_graph(problem.model), reading_graph(problem.sensor)
    options: dict[str, Any] = {"up_to": one.stopping, "backend": one.backend}

    def after(horizon: int) -> np.ndarray:
        counts = count_readings(*graphs, n_readings, problem.starts, horizon, **options)
        logarithms = np.log(np.maximum(counts, 1))
        return np.asarray(logarithms if problem.weights is None else problem.weights @ logarithms)

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
    numbers: dict[int, None] = {}
    for i, value in enumerate(values):
        if i == _MOST_HORIZONS:
            raise ValueError(f"horizons has more than {_MOST_HORIZONS:,} numbers of steps, expected at most so many")
        try:
            number = validate.horizon(value)
        except (TypeError, ValueError) as reason:
            raise type(reason)(f"horizons[{i}]: {reason}") from None
        if number in numbers:
            raise ValueError(f"horizons[{i}] is {number} again, expected numbers of steps that differ")
        numbers[number] = None
    if not numbers:
        raise ValueError("horizons is empty, expected at least one number of steps")
    return sorted(numbers)

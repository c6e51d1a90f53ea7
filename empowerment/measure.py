"""Empowerment of the states of a model: the driver that joins models, actuation and capacity."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, SupportsFloat

import numpy as np

from empowerment import validate
from empowerment.actuation.open_loop import DEFAULT_MEMORY, OUTPUTS, NoSequenceError, open_loop
from empowerment.actuation.reachable import count_readings, count_trajectories, trace_sequences
from empowerment.actuation.sensor import Sensor, make_sensor
from empowerment.capacity.solve import backend_name, channel_capacity
from empowerment.channel import Channel
from empowerment.models.mdp import MDP
from empowerment.results import ConvergenceWarning, EmpowermentResult, Sequences, Status

METHODS = ("auto", "counting", "enumeration")
# An input of less probability than this is a trace of the solver's path, not part of the optimum.
_MIN_WEIGHT = 1e-6


class _PerState(NamedTuple):
    """What is found for the states that were asked for, in their order."""

    value: list[float]
    lower: list[float]
    upper: list[float]
    status: list[int]
    sequences: list[np.ndarray] | None
    weights: list[np.ndarray] | None


def empowerment(
    model: MDP,
    horizon: int = 1,
    *,
    states: Any = None,
    sensor: Any = None,
    output: str = "final",
    tol: float = 1e-9,
    rtol: float = 0.0,
    method: str = "auto",
    backend: str | None = None,
    base: float = 2,
    memory: float = DEFAULT_MEMORY,
    keep_sequences: bool = True,
    progress: bool = False,
) -> EmpowermentResult:
    """Return the n-step empowerment of states, each with a certified interval.

    It is the capacity of the channel from `horizon` actions, fixed before the first of them, to what is read
    at the end (Klyubin, Polani, Nehaniv 2005).

    Parameters
    ----------
    model : MDP
    horizon : int
        Number of actions.
    states : state label or list of state labels, optional
        Where to compute it; everywhere by default.
    sensor : None, "state", callable or array_like of shape (n_states, n_readings)
        What is read: the state itself, a function of its label, or readings with the probabilities of a matrix.
    output : {"final", "trajectory"}
        Whether the last reading counts or all of the `horizon` readings.
    tol, rtol : float
        Width wanted of the intervals, in the result's unit and relative to their lower ends; the wider counts.
    method : {"auto", "counting", "enumeration"}
        Counting reachable outcomes is exact for deterministic worlds and sensors, and what ``"auto"`` takes
        there. Enumeration makes the row of every sequence of actions and takes the capacity.
    backend : {"numba", "reference"}, optional
        Kernels of the capacity solver.
    base : float
        2 for bits, ``math.e`` for nats.
    memory : float
        Most bytes that the rows of one step may take.
    keep_sequences : bool
        Keep the optimal action sequences for :meth:`EmpowermentResult.sequences`.
    progress : bool
        Show a progress bar over states (needs the extra ``progress``).

    Returns
    -------
    EmpowermentResult

    Raises
    ------
    ValueError
        If an option or a state is not known, or counting is asked of a world with noise.
    MemoryError
        If the rows of a step do not fit into `memory`.

    Warns
    -----
    ConvergenceWarning
        If an interval stayed wider than the tolerance. It holds in any case.

    Notes
    -----
    Terminal states are absorbing and have none. Where no sequence of this length is available the empowerment
    is 0 and the status says so. More steps need not mean more empowerment in a noisy world.

    Examples
    --------
    >>> import empowerment as emp
    >>> result = emp.empowerment(emp.worlds.klyubin_maze(), horizon=5)
    >>> round(float(result.value.max()), 4), result.states[result.value.argmax()]
    (5.5236, (5, 5))
    """
    if not isinstance(model, MDP):
        raise TypeError(f"model is a {type(model).__name__}, expected an MDP (from_gymnasium makes one, for example)")
    horizon = validate.horizon(horizon)
    validate.one_of(output, OUTPUTS, "output")
    validate.one_of(method, METHODS, "method")
    tol, rtol = validate.tolerances(tol, rtol)
    base = validate.base(base)
    backend = backend_name(backend)
    reader = make_sensor(sensor, model)
    numbers = _numbers(states, model)
    countable = model.is_deterministic and reader.is_deterministic
    if method == "counting" and not countable:
        raise ValueError(
            "method='counting' needs a deterministic world and sensor, and this one is stochastic; "
            "method='enumeration' takes both"
        )
    if method == "enumeration" or not countable:
        method = "enumeration"
        options = {"tol": tol, "rtol": rtol, "backend": backend, "base": base}
        watched = _watch(numbers, progress, horizon)
        found = _enumerate(model, watched, horizon, reader, output, memory, keep_sequences, options)
    else:
        method, backend = "counting", "scipy"  # counting needs no kernel
        found = _count(model, numbers, horizon, reader, output, base, keep_sequences, progress)
    result = EmpowermentResult(
        value=np.array(found.value),
        lower=np.array(found.lower),
        upper=np.array(found.upper),
        status=np.array(found.status),
        states=tuple(model.states[i] for i in numbers),
        state_numbers=numbers,
        actions=model.actions,
        horizon=horizon,
        sensor=reader.name,
        output=output,
        method=method,
        backend=backend,
        base=base,
        tol=tol,
        rtol=rtol,
        optimal=_joined(found, horizon),
        layout=model.layout,
    )
    if not result.converged.all():
        missed = np.flatnonzero(~result.converged)
        warnings.warn(
            f"{missed.size} of {len(result)} intervals are wider than wanted ({tol:.2e} {result.unit}), first in "
            f"state {result.states[missed[0]]!r}: {Status(result.status[missed[0]]).sentence}",
            ConvergenceWarning,
            stacklevel=2,
        )
    return result


def _numbers(states: Any, model: MDP) -> np.ndarray:
    """Return the numbers of the states asked for: all, one label, or a list of labels."""
    if states is None:
        return np.arange(model.n_states)
    if isinstance(states, list | np.ndarray | range):
        chosen = list(states)
        if not chosen:
            raise ValueError("states is empty, expected at least one state, or None for all of them")
        return np.array([model.state_index(state) for state in chosen])
    return np.array([model.state_index(states)])


def _watch(numbers: np.ndarray, progress: bool, horizon: int) -> Iterable[int]:
    if not progress:
        return numbers.tolist()
    try:
        from tqdm import tqdm
    except ImportError:
        raise ImportError('progress=True needs tqdm; install it with pip install "empowerment[progress]"') from None
    watched: Iterable[int] = tqdm(numbers.tolist(), desc=f"empowerment, horizon {horizon}", unit="state")
    return watched


def _enumerate(
    model: MDP,
    numbers: Iterable[int],
    horizon: int,
    sensor: Sensor,
    output: str,
    memory: float,
    keep_sequences: bool,
    options: dict[str, Any],
) -> _PerState:
    """Take the capacity over every sequence, state by state."""
    found = _PerState([], [], [], [], *(([], []) if keep_sequences else (None, None)))
    for number in numbers:
        sequences, weights = np.empty((0, horizon), dtype=np.int32), np.empty(0)
        try:
            channel = open_loop(model, number, horizon, sensor, output, True, memory)
        except NoSequenceError:
            _append(found, 0.0, 0.0, 0.0, Status.NO_SEQUENCE)
        else:
            result = channel_capacity(Channel.from_valid(channel.rows), on_failure="ignore", **options)
            _append(found, result.value, result.lower, result.upper, result.status)
            used = np.flatnonzero(result.input_distribution >= _MIN_WEIGHT)
            sequences, weights = channel.sequences[used], result.input_distribution[used]
        if found.sequences is not None and found.weights is not None:
            found.sequences.append(sequences)
            found.weights.append(weights)
    return found


def _count(
    model: MDP,
    numbers: np.ndarray,
    horizon: int,
    sensor: Sensor,
    output: str,
    base: float,
    keep_sequences: bool,
    progress: bool,
) -> _PerState:
    """Count outcomes of a deterministic world; of runs of readings only the number is kept."""
    successors, reading = model.successors, sensor.reading_of_state
    counts: Sequence[int]
    if output == "trajectory":
        counts, keep_sequences = count_trajectories(successors, reading, numbers, horizon), False
    else:
        counts = count_readings(successors, reading, numbers, horizon).tolist()
    found = _PerState([], [], [], [], *(([], []) if keep_sequences else (None, None)))
    for number, count in zip(_watch(numbers, progress, horizon), counts, strict=True):
        value = _log(count, base) if count else 0.0
        slack = 4 * math.ulp(value) if count > 1 else 0.0
        status = Status.CERTIFIED if count else Status.NO_SEQUENCE
        _append(found, value, value - slack, value + slack, status)
        if found.sequences is not None and found.weights is not None:
            found.sequences.append(trace_sequences(successors, reading, number, horizon))
            found.weights.append(np.full(count, 1.0 / max(count, 1)))
    return found


def _log(count: int, base: float) -> float:
    return math.log2(count) if base == 2 else math.log(count) / math.log(base)


def _append(found: _PerState, value: SupportsFloat, lower: SupportsFloat, upper: SupportsFloat, status: int) -> None:
    for values, item in zip(found[:3], (value, lower, upper), strict=True):
        values.append(float(item))
    found.status.append(int(status))


def _joined(found: _PerState, horizon: int) -> Sequences | None:
    if found.sequences is None or found.weights is None:
        return None
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in found.sequences])])
    actions = np.concatenate([np.empty((0, horizon), dtype=np.int32), *found.sequences])
    return Sequences(actions, np.concatenate([np.empty(0), *found.weights]), offsets)

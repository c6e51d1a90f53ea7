"""Empowerment of the states of a model: the driver that joins models, actuation and capacity."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from empowerment import validate
from empowerment.actuation.open_loop import DEFAULT_MEMORY, OUTPUTS, NoSequenceError, open_loop
from empowerment.actuation.reachable import count_readings, count_trajectories, trace_sequences
from empowerment.actuation.sensor import Sensor, make_sensor
from empowerment.capacity.solve import backend_name, channel_capacity, kernel_of
from empowerment.channel import Channel
from empowerment.models.mdp import MDP
from empowerment.progress import progress_bar
from empowerment.results import EmpowermentResult, Sequences, Status, tell_failure

METHODS = ("auto", "counting", "enumeration")
# An input of less probability than this is a trace of the solver's path, not part of the optimum.
_MIN_WEIGHT = 1e-6


class _Question(NamedTuple):
    """What is asked of each state."""

    model: MDP
    numbers: np.ndarray
    horizon: int
    sensor: Sensor
    output: str
    base: float


class _Finding(NamedTuple):
    """What is found for one state, with the numbers of the actions that carry it (None: not kept)."""

    value: float
    lower: float
    upper: float
    status: Status
    sequences: np.ndarray | None = None
    weights: np.ndarray | None = None


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
        Where to compute it; everywhere by default. A tuple is one label, a list several.
    sensor : None, "state", callable or array_like of shape (n_states, n_readings)
        What is read: the state itself, a function of its label, or readings with the probabilities of a matrix.
    output : {"final", "trajectory"}
        Whether the last reading counts or all of the `horizon` readings.
    tol, rtol : float
        Width wanted of the intervals, in the result's unit and relative to their lower ends; the wider counts.
    method : {"auto", "counting", "enumeration"}
        Counting reachable outcomes is exact for deterministic worlds and sensors, and what ``"auto"`` takes
        there. Enumeration makes the row of every sequence of actions and takes the capacity.
    backend : {"numba", "reference", "jax"}, optional
        Kernels of the capacity solver.
    base : float
        2 for bits, ``math.e`` for nats.
    memory : float
        Most bytes that the rows of one step, or the sequences of a count, may take.
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
        If the rows of a step, or the sequences to keep, do not fit into `memory`.

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
    base, memory = validate.base(base), validate.memory(memory)
    backend = backend_name(backend)
    reader = make_sensor(sensor, model)
    question = _Question(model, _numbers(states, model), horizon, reader, output, base)
    if _counts(question, method):
        method, backend = "counting", "scipy"  # counting needs no kernel
        found = _count(question, keep_sequences, memory)
    else:
        method = "enumeration"
        solver = {"tol": tol, "rtol": rtol, "backend": backend, "base": base}
        found = _enumerate(question, keep_sequences, memory, solver)
    findings = []
    with progress_bar(question.numbers.size, f"empowerment, horizon {horizon}", "state", progress) as advance:
        for finding in found:
            findings.append(finding)
            advance(1)
    result = EmpowermentResult(
        value=np.array([f.value for f in findings], dtype=float),
        lower=np.array([f.lower for f in findings], dtype=float),
        upper=np.array([f.upper for f in findings], dtype=float),
        status=np.array([int(f.status) for f in findings]),
        states=tuple(model.states[i] for i in question.numbers),
        state_numbers=question.numbers,
        actions=model.actions,
        horizon=horizon,
        sensor=reader.name,
        output=output,
        method=method,
        backend=backend,
        base=base,
        tol=tol,
        rtol=rtol,
        optimal=_joined(findings),
        layout=model.layout,
    )
    if not result.converged.all():
        missed = np.flatnonzero(~result.converged)
        tell_failure(
            f"{missed.size} of {len(result)} intervals are wider than wanted ({tol:.2e} {result.unit}), first in "
            f"state {result.states[missed[0]]!r}: {Status(result.status[missed[0]]).sentence}",
            "warn",
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
    try:
        return np.array([model.state_index(states)])
    except ValueError as reason:
        hint = "; a tuple is one label, several states go into a list" if isinstance(states, tuple) else ""
        raise ValueError(f"{reason}{hint}") from None


def _counts(question: _Question, method: str) -> bool:
    """Return whether outcomes are counted, which takes a world and a sensor without noise."""
    countable = question.model.is_deterministic and question.sensor.is_deterministic
    if method == "counting" and not countable:
        raise ValueError(
            "method='counting' needs a deterministic world and sensor, and this one is stochastic; "
            "method='enumeration' takes both"
        )
    return countable and method != "enumeration"


def _enumerate(
    question: _Question, keep_sequences: bool, memory: float, solver: dict[str, Any]
) -> Iterator[_Finding]:
    """Take the capacity over every sequence, state by state."""
    model, numbers, horizon, sensor, output, base = question
    _, kernel = kernel_of(solver["backend"])
    for number in numbers.tolist():
        try:
            channel = open_loop(model, number, horizon, sensor, output, memory, kernel)
        except NoSequenceError:
            yield _no_sequence(horizon, keep_sequences)
            continue
        result = channel_capacity(Channel.from_valid(channel.rows), on_failure="ignore", **solver)
        # The solver certifies the rows as computed; the model's own rows differ from them by rounding.
        slack = 2 * channel.relative_error * (1 / math.log(base) + float(result.upper))
        lower, upper = float(result.lower) - slack, float(result.upper) + slack
        narrow = upper - lower <= max(solver["tol"], solver["rtol"] * lower)
        status = result.status if narrow or not result.converged else Status.PRECISION
        found = _Finding(float(result.value), lower, upper, status)
        if keep_sequences:
            used = np.flatnonzero(result.input_distribution >= _MIN_WEIGHT)
            found = found._replace(sequences=channel.sequences[used], weights=result.input_distribution[used])
        yield found


def _count(question: _Question, keep_sequences: bool, memory: float) -> Iterator[_Finding]:
    """Count outcomes of a deterministic world; of runs of readings only the number is kept."""
    model, numbers, horizon, sensor, output, base = question
    successors, reading = model.successors, sensor.reading_of_state
    if output == "trajectory":
        counts, keep_sequences = count_trajectories(successors, reading, numbers, horizon), False
    else:
        counts = count_readings(successors, reading, numbers, horizon).tolist()
    if keep_sequences and 4 * horizon * sum(counts) > memory:
        raise MemoryError(
            f"the optimal sequences take {4e-9 * horizon * sum(counts):.3g} GB, allowed are {memory / 1e9:.3g} GB; "
            "pass keep_sequences=False or raise memory="
        )
    for number, count in zip(numbers.tolist(), counts, strict=True):
        if not count:
            yield _no_sequence(horizon, keep_sequences)
            continue
        value = math.log2(count) if base == 2 else math.log(count) / math.log(base)
        slack = 4 * math.ulp(value) if count > 1 else 0.0
        found = _Finding(value, value - slack, value + slack, Status.CERTIFIED)
        if keep_sequences:
            sequences = trace_sequences(successors, reading, number, horizon)
            found = found._replace(sequences=sequences, weights=np.full(count, 1.0 / count))
        yield found


def _no_sequence(horizon: int, keep_sequences: bool) -> _Finding:
    found = _Finding(0.0, 0.0, 0.0, Status.NO_SEQUENCE)
    if keep_sequences:
        return found._replace(sequences=np.empty((0, horizon), dtype=np.int32), weights=np.empty(0))
    return found


def _joined(findings: list[_Finding]) -> Sequences | None:
    sequences = [f.sequences for f in findings if f.sequences is not None]
    weights = [f.weights for f in findings if f.weights is not None]
    if not sequences:
        return None
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in sequences])])
    return Sequences(np.concatenate(sequences), np.concatenate(weights), offsets)

"""Answers to a request: each orbit of states once, in chunks that several cores share and a checkpoint keeps."""

from __future__ import annotations

import os
import warnings
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np

from empowerment.actuation.forecast import Forecast
from empowerment.core import validate
from empowerment.core.status import LongRunWarning
from empowerment.measures.averages import averaged
from empowerment.measures.dispatch import StateSolver, dispatch
from empowerment.measures.request import EmpowermentRequest
from empowerment.measures.result import EmpowermentResult
from empowerment.measures.sequences import Sequences, TracedSequences
from empowerment.measures.solutions import RefusedError, Solutions, carrier_positions
from empowerment.models.symmetry import TOLERANCE, Orbits, orbits
from empowerment.runtime.checkpoint import Checkpoint
from empowerment.runtime.parallel import local_jobs, number_of_jobs, run_chunks
from empowerment.runtime.progress import progress_bar

# Seconds from which trajectories are warned of, and how many sequences in all never take that long.
_LONG, _FEW = 60.0, 500


def answer(
    request: EmpowermentRequest,
    *,
    n_jobs: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool | str = "auto",
) -> EmpowermentResult:
    """Return the result of a request; the last three arguments are those of :func:`empowerment.empowerment`.

    Raises
    ------
    MemoryError
        If a state would take more than is allowed; the message names it.
    ValueError
        If the method is not one of this question, or the checkpoint belongs to another question.
    """
    n_jobs = validate.n_jobs(n_jobs)
    images = _orbits(request)
    asked, position = _distinct(images.representative)
    request = _sharing(request, n_jobs, asked.size)
    solver = dispatch(request)
    opened = None if checkpoint is None else _opened(validate.path(checkpoint, "checkpoint"), solver, asked)
    if opened is not None and "seed" in opened.remembered:
        solver = dispatch(replace(request, seed=opened.remembered["seed"]))
    try:
        solutions = _solve(solver, asked, n_jobs, opened, progress)
    except RefusedError as refused:
        number, reason = refused.args
        name = request.problem.name_of(number)
        raise MemoryError(f"{name}: {reason}; these limits are set in options=") from None
    return _result(request, solutions, position, images)


def _distinct(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the different numbers in rising order, and the position of each given one among them."""
    if (numbers[1:] > numbers[:-1]).all():  # nearly always, and sorting takes five times as long
        return numbers, np.arange(numbers.size)
    return np.unique(numbers, return_inverse=True)


def _sharing(request: EmpowermentRequest, n_jobs: int | None, count: int) -> EmpowermentRequest:
    """Return the question with limits that know how many processes share the memory."""
    processes = min(local_jobs(n_jobs), count) if count > 1 else 1
    return replace(request, resources=replace(request.resources, processes=processes)) if processes > 1 else request


def _orbits(request: EmpowermentRequest) -> Orbits:
    """Return which states stand for which: those of one orbit, if the sensor reads the state itself."""
    problem, numbers = request.problem, request.problem.numbers
    if problem.partial_observation is not None:
        # Starts are numbered by themselves there, and may be more than there are states.
        return Orbits.apart(numbers, problem.model.n_actions)
    suits = problem.sensor.name == "state" and request.method not in ("counting", "sampled")
    return orbits(problem.model, numbers) if suits else Orbits.apart(numbers, problem.model.n_actions)


def _opened(path: str | os.PathLike[str], solver: StateSolver, asked: np.ndarray) -> Checkpoint:
    """Return the checkpoint of this question; a seed that nobody asked for is remembered by the first run."""
    request = solver.request
    question = request.identity() | {"states_in_a_chunk": solver.chunk_size(asked.size)}
    remembered: dict[str, Any] = {}
    if request.method == "sampled":
        (remembered if request.seed_was_drawn else question)["seed"] = request.seed
    return Checkpoint.open(path, question, request.fingerprints(asked), remembered)


def _solve(
    solver: StateSolver,
    asked: np.ndarray,
    n_jobs: int | None,
    checkpoint: Checkpoint | None,
    progress: bool | str,
) -> Solutions:
    """Solve for all states asked, chunk by chunk, and return the arrays over them."""
    size = solver.chunk_size(asked.size)
    chunks = [asked[first : first + size] for first in range(0, asked.size, size)]
    done = {i: checkpoint.read(i) for i in checkpoint.indices(len(chunks))} if checkpoint else {}
    left = [i for i in range(len(chunks)) if i not in done]
    jobs = n_jobs if len(left) > 1 else 1
    ahead = np.concatenate([chunks[i] for i in left]) if left else asked[:0]

    def note() -> str:
        expected = _forecast(solver, ahead, jobs)
        return "" if expected is None else expected.brief()

    if solver.request.output == "trajectory":
        _warn_if_long(solver, ahead, jobs)
    title = f"empowerment, horizon {solver.request.horizon}"
    with progress_bar(asked.size, title, "state", progress, note) as advance:
        advance(sum(chunks[i].size for i in done))
        work = run_chunks(solver, (chunks[i] for i in left), n_jobs=jobs, threads=solver.prefers_threads)
        with closing(work) as finished:
            for k, solutions in finished:
                if checkpoint:
                    checkpoint.store(left[k], solutions)
                done[left[k]] = solutions
                advance(chunks[left[k]].size)
    if len(chunks) == 1:
        return done[0]
    return {name: np.concatenate([done[i][name] for i in range(len(chunks))]) for name in done[0]}


def _forecast(solver: StateSolver, numbers: np.ndarray, jobs: int | None) -> Forecast | None:
    """Return what states will take, shared by jobs."""
    found = solver.forecast(numbers) if numbers.size else None
    return found and found._replace(operations=found.operations / min(number_of_jobs(jobs), numbers.size))


def _warn_if_long(solver: StateSolver, numbers: np.ndarray, jobs: int | None) -> None:
    """Warn before trajectories that will take minutes; those that do not fit are refused, or bounded."""
    request = solver.request
    if numbers.size * validate.power(request.problem.model.n_actions, request.horizon) <= _FEW:
        return
    expected = _forecast(solver, numbers, jobs)
    if expected is not None and expected.seconds > _LONG and expected.memory <= request.for_rows:
        warnings.warn(
            f"trajectories of {request.horizon} actions from {numbers.size} states need {expected}; Ctrl-C ends "
            "them. A shorter horizon or output='final' takes less, and method='interval' gives bounds",
            LongRunWarning,
            stacklevel=5,
        )


def _result(
    request: EmpowermentRequest, solutions: Solutions, position: np.ndarray, images: Orbits
) -> EmpowermentResult:
    """Return the result over all states asked for, each with the solution at its position."""
    problem, solver = request.problem, request.solver
    slack = _slack_of_symmetries(images, request, solutions["upper"][position])
    result = EmpowermentResult(
        value=solutions["value"][position],
        lower=np.maximum(solutions["lower"][position] - slack, 0.0),
        upper=solutions["upper"][position] + slack,
        status=solutions["status"][position],
        method=solutions["method"][position],
        states=problem.labels,
        state_numbers=problem.starts,
        actions=tuple(problem.model.actions),
        horizon=request.horizon,
        sensor=problem.sensor.name,
        output=request.output,
        stopping=request.stopping,
        backend=solver.backend,
        base=solver.base,
        tol=solver.tol,
        rtol=solver.rtol,
        optimal=_sequences(request, solutions, position, images.action_map),
        layout=problem.layout,
        beliefs=problem.beliefs,
        known_to=request.known_to,
        feedback=request.feedback,
    )
    if problem.weights is None:
        return result
    return averaged(result, problem.weights, tuple(range(len(problem.weights))))


def _slack_of_symmetries(images: Orbits, request: EmpowermentRequest, upper: np.ndarray) -> np.ndarray:
    """Bound what the rounding up to which symmetries hold changes; see :class:`Layer`."""
    if not request.problem.model.symmetries:
        return np.zeros(upper.size)
    relative_error = TOLERANCE * request.horizon * images.distance
    return 2.0 * relative_error * (1.0 / request.solver.unit + upper)


def _sequences(
    request: EmpowermentRequest, solutions: Solutions, position: np.ndarray, action_map: np.ndarray
) -> Sequences | TracedSequences | None:
    """Return the sequences that carry the optimum in every state; of trajectories that are counted there are none."""
    model = request.problem.model
    if request.feedback or (request.method == "counting" and request.output == "trajectory"):
        return None
    if request.method == "counting":
        return TracedSequences(
            successors=model.successors,
            readings=request.problem.sensor.reading_of_state,
            starts=request.problem.numbers,
            horizon=request.horizon,
            stopping=request.stopping,
            memory=request.resources.memory,
        )
    offsets = np.concatenate([[0], np.cumsum(solutions["count"][position])])
    if not model.symmetries and np.array_equal(position, np.arange(solutions["count"].size)):
        return Sequences(solutions["sequences"], solutions["weights"], offsets)
    carriers, count = carrier_positions(solutions["count"], position), solutions["count"][position]
    sequences, owner = solutions["sequences"][carriers], np.repeat(np.arange(count.size), count)
    mapped = np.where(sequences < 0, sequences, action_map[owner[:, None], sequences])  # an end, -1, stays
    return Sequences(mapped.astype(np.int32), solutions["weights"][carriers], offsets)

"""Empowerment of states where the actions are fixed in advance: exact where it can be, bounded elsewhere."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np

from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.open_loop.bounds import (
    bound_from_samples,
    bound_sequences,
    bound_suffices,
    bound_trajectories,
)
from empowerment.actuation.open_loop.channel import open_loop
from empowerment.actuation.open_loop.column_generation import ColumnSolution
from empowerment.actuation.open_loop.exact import solve_exactly
from empowerment.actuation.open_loop.layers import HULL_COLUMNS, Kernels
from empowerment.actuation.task import NoSequenceError, StateSolution, StateTask, TooManySequencesError, widened
from empowerment.capacity.backends import capacity_kernels
from empowerment.capacity.solve import channel_capacity
from empowerment.core.channel import Channel
from empowerment.core.status import Status
from empowerment.measures.request import EmpowermentRequest
from empowerment.measures.solutions import RefusedError, Solutions, as_arrays, joined, no_sequence

# Bytes that an action of a drawn sequence takes, with the copies made to sort out those that are drawn twice.
_SAMPLED = 16
# Beyond this horizon bounds are tried before an exact solution: they may close, and take less.
_LONG = 64
# A device takes many states side by side; of the others a chunk is what a killed run loses.
_SIDE_BY_SIDE, _CHUNKS, _LARGEST_CHUNK = 1_024, 200, 64


class OpenLoopSolver:
    """Solves for states, one after the other or, on a device, side by side.

    Parameters
    ----------
    request : EmpowermentRequest
        Without labels. Its method "auto" is enumeration of trajectories, and of final readings column generation.
    """

    prefers_threads = False

    def __init__(self, request: EmpowermentRequest) -> None:
        self.request = request

    def chunk_size(self, count: int) -> int:
        """Return how many of `count` states to solve at a time."""
        if self.request.solver.backend == "jax":
            return _SIDE_BY_SIDE
        return min(-(-count // _CHUNKS), _LARGEST_CHUNK)

    def __call__(self, numbers: np.ndarray) -> Solutions:
        """Return the solutions of states, with their sequences one after the other."""
        batched = self._batched(numbers)
        return joined([batched.get(number) or self.solve_state(number) for number in numbers.tolist()])

    def solve_state(self, number: int) -> Solutions:
        """Return the solution of one state.

        Raises
        ------
        RefusedError
            If it would take more than is allowed, and the method is an exact one by name.
        """
        request = self.request
        try:
            if request.output == "trajectory" or request.method == "enumeration":
                return self._enumerated(number)
            if request.method == "sampled":
                return self._sampled(number)
            if request.method == "interval":
                task, dynamics = self.task(number)
                return as_arrays(bound_sequences(task, dynamics, self.kernels, self._bounds), "interval", request)
            return self._solved(number)
        except NoSequenceError:
            exact = "enumeration" if request.output == "trajectory" else "column-generation"
            return no_sequence(request.method if request.method != "auto" else exact, request)

    def task(self, number: int) -> tuple[StateTask, Dynamics]:
        """Return the task of one state, and the part of the world that it can reach."""
        dynamics = self.dynamics.around(np.array([number]), self.request.horizon)
        start = int(dynamics.positions(np.array([number]))[0])
        return self._task_from(start), dynamics

    def _task_from(self, start: int) -> StateTask:
        resources = self.request.resources
        options = self.request.solver.in_nats()
        return StateTask(start, self.request.horizon, options, resources.max_sequences, resources.memory)

    @cached_property
    def dynamics(self) -> Dynamics:
        """The whole world."""
        return Dynamics.of(self.request.problem.model, self.request.problem.sensor)

    @property
    def kernels(self) -> Kernels:
        """The kernels of the backend."""
        return Kernels.of(self.request.solver.backend)

    @cached_property
    def _bounds(self) -> dict[bytes, ColumnSolution]:
        """The bounds that hold for many states."""
        return {}

    def __getstate__(self) -> dict[str, object]:
        """Leave out what can be made again."""
        return {"request": self.request}

    def _batched(self, numbers: np.ndarray) -> dict[int, Solutions]:
        """Enumerate the sequences of many states side by side, where there is a device for it and they fit."""
        request = self.request
        suits = request.output == "final" and request.method in ("auto", "enumeration")
        if request.solver.backend != "jax" or not suits:
            return {}
        capacity_kernels("jax")  # says what to install where JAX is missing
        from empowerment.actuation.open_loop.batched import solve_batched

        answers = solve_batched(self.dynamics, numbers, self._task_from(0))
        return {
            number: as_arrays(solution, "enumeration", request, status)
            for number, (solution, status) in answers.items()
        }

    def _enumerated(self, number: int) -> Solutions:
        """Take the capacity of the rows of every sequence; of trajectories bounds where there are too many."""
        request, problem = self.request, self.request.problem
        by_name = request.method == "enumeration"
        max_sequences = math.inf if by_name else request.resources.max_sequences
        try:
            task, dynamics = self.task(number)
            if request.method == "interval" or (not by_name and bound_suffices(task, dynamics, "trajectory")):
                raise TooManySequencesError
            channel = open_loop(
                problem.model,
                number,
                request.horizon,
                problem.sensor,
                request.output,
                task.memory,
                self.kernels.capacity,
                max_sequences,
            )
        except (MemoryError, TooManySequencesError) as reason:
            if by_name:
                raise RefusedError(number, str(reason)) from None
            bounds = bound_trajectories(task, problem.model, problem.sensor, dynamics, self.kernels)
            return as_arrays(bounds, "interval", request)
        options = request.solver.share(1.0)
        result = channel_capacity(Channel.from_valid(channel.rows), **options.as_keywords())
        value, lower, upper = (float(end) * options.unit for end in (result.value, result.lower, result.upper))
        solution = StateSolution(value, lower, upper, channel.sequences, result.input_distribution)
        solution = widened(solution, channel.relative_error)
        return as_arrays(solution, "enumeration", request, Status(int(result.status)))

    def _solved(self, number: int) -> Solutions:
        """Take the capacity over every sequence, or bounds where there are too many."""
        request = self.request
        task, dynamics = self.task(number)
        bounds = None
        wide = request.method == "auto" and bound_suffices(task, dynamics, "final")
        if wide or (request.method == "auto" and request.horizon > _LONG):
            bounds = bound_sequences(task, dynamics, self.kernels, self._bounds)
            if wide or task.options.met(bounds.lower, bounds.upper) or dynamics.n_columns > HULL_COLUMNS:
                return as_arrays(bounds, "interval", request)
        try:
            return as_arrays(solve_exactly(task, dynamics, self.kernels), "column-generation", request)
        except TooManySequencesError as reason:
            if request.method != "auto":
                raise RefusedError(number, str(reason)) from None
            bounds = bounds or bound_sequences(task, dynamics, self.kernels, self._bounds)
            return as_arrays(bounds, "interval", request)

    def _sampled(self, number: int) -> Solutions:
        """Take the capacity of sequences drawn at random for a lower end."""
        task, dynamics = self.task(number)
        samples = self.request.resources.samples
        needed = samples * (_SAMPLED * task.horizon + 32 * dynamics.n_columns)
        if needed > task.memory:
            raise RefusedError(
                number,
                f"{samples:,} samples of {task.horizon:,} actions take {needed / 1e9:.3g} GB, allowed are "
                f"{task.memory / 1e9:.3g} GB; take fewer samples, shorten the horizon or raise the option memory",
            )
        rng = np.random.default_rng([self.request.seed, number])
        return as_arrays(bound_from_samples(task, samples, rng, dynamics, self.kernels), "sampled", self.request)

"""Empowerment of states where the actions are fixed in advance: exact where it can be, bounded elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cached_property

import numpy as np

from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.forecast import Forecast, allowed, gigabytes, together
from empowerment.actuation.kernels import World
from empowerment.actuation.open_loop.bounds import (
    bound_from_samples,
    bound_sequences,
    bound_suffices,
    bound_trajectories,
)
from empowerment.actuation.open_loop.channel import check_capacity, open_loop
from empowerment.actuation.open_loop.column_generation import ColumnSolution
from empowerment.actuation.open_loop.enumeration import is_short, solve_enumerated, world_of
from empowerment.actuation.open_loop.exact import solve_exactly
from empowerment.actuation.open_loop.forecasts import (
    forecast_bounds,
    forecast_final,
    forecast_rows,
    forecast_samples,
)
from empowerment.actuation.open_loop.layers import HULL_COLUMNS, Kernels
from empowerment.actuation.task import (
    NoSequenceError,
    StateSolution,
    StateSolutions,
    StateTask,
    TooManySequencesError,
    widened,
)
from empowerment.capacity.backends import capacity_kernels
from empowerment.capacity.solve import channel_capacity
from empowerment.core.channel import Channel
from empowerment.core.status import Status
from empowerment.measures.request import EmpowermentRequest
from empowerment.measures.solutions import (
    RefusedError,
    Solutions,
    as_arrays,
    block_as_arrays,
    joined,
    no_sequence,
    reordered,
)

# Bytes that an action of a drawn sequence takes, with the copies made to sort out those that are drawn twice.
_SAMPLED = 16
# Beyond this horizon bounds are tried before an exact solution: they may close, and take less.
_LONG = 64
# Most states that are solved together, and most of their sequences: some hundredths of a second.
_SIDE_BY_SIDE, _CHUNK_SEQUENCES = 1_024, 2**16
# Of states that are solved one after the other a chunk is what a killed run loses.
_CHUNKS, _LARGEST_CHUNK = 200, 64
# States that a forecast for many looks at.
_FORECAST = 3


def few_at_a_time(count: int) -> int:
    """Return how many of `count` states to put into a chunk if each takes long."""
    return min(-(-count // _CHUNKS), _LARGEST_CHUNK)


class OpenLoopSolver:
    """Solves for states, one after the other or, on a device, side by side.

    Parameters
    ----------
    request : EmpowermentRequest
        Without labels. Its method "auto" is enumeration of trajectories, and of final readings where their sequences
        are few; otherwise it is column generation.
    """

    prefers_threads = False

    def __init__(self, request: EmpowermentRequest) -> None:
        self.request = request

    def chunk_size(self, count: int) -> int:
        """Return how many of `count` states to solve at a time."""
        if not self._together:
            return few_at_a_time(count)
        if self.request.solver.backend == "jax":
            return _SIDE_BY_SIDE
        sequences = self.request.problem.model.n_actions**self.request.horizon
        return max(min(_CHUNK_SEQUENCES // sequences, _SIDE_BY_SIDE), few_at_a_time(count))

    def forecast(self, numbers: np.ndarray) -> Forecast:
        """Return what states will take, from a few of them."""
        few = numbers[np.linspace(0, numbers.size - 1, min(numbers.size, _FORECAST)).astype(int)]
        return together([self._forecast_state(number) for number in few.tolist()], numbers.size)

    def _forecast_state(self, number: int) -> Forecast:
        request, (task, dynamics) = self.request, self.task(number)
        if request.method == "sampled":
            return forecast_samples(request.resources.samples, task, dynamics)
        if request.method == "interval":
            return forecast_bounds(task, dynamics)
        if request.output == "final" and request.method != "enumeration":
            return forecast_final(task, dynamics, self.kernels)
        model, sensor = request.problem.model, request.problem.sensor
        needed = forecast_rows(model, sensor, request.output, task, dynamics, self.kernels)
        fits = needed.rows <= task.max_sequences and needed.memory <= task.memory
        return needed if fits or request.method == "enumeration" else forecast_bounds(task, dynamics)

    def __call__(self, numbers: np.ndarray) -> Solutions:
        """Return the solutions of states, with their sequences one after the other."""
        solved, parts = [np.empty(0, dtype=numbers.dtype)], []
        for starts, solutions in self._blocks(numbers):
            solved.append(starts)
            parts.append(block_as_arrays(solutions, "enumeration", self.request))
        found = np.concatenate(solved)
        if found.size < numbers.size:
            left = np.setdiff1d(numbers, found)
            parts += [self.solve_state(number) for number in left.tolist()]
            found = np.concatenate([found, left])
        return reordered(joined(parts), np.argsort(found)) if len(parts) > 1 else parts[0]

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
        request = self.request
        return StateTask(
            start=start,
            horizon=request.horizon,
            options=request.solver.in_nats(),
            max_sequences=request.resources.max_sequences,
            memory=request.for_rows,
            max_nodes=request.resources.max_nodes,
            max_seconds=request.resources.max_seconds,
        )

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

    @property
    def _together(self) -> bool:
        """Whether the sequences of many states are enumerated together, as far as they fit."""
        request = self.request
        if request.output != "final" or request.method not in ("auto", "enumeration"):
            return False
        return request.solver.backend == "jax" or is_short(request.horizon, request.problem.model.n_actions)

    def _blocks(self, numbers: np.ndarray) -> Iterable[tuple[np.ndarray, StateSolutions]]:
        """Return blocks of states and their solutions, of those states whose sequences fit."""
        if not self._together:
            return ()
        if self.request.solver.backend != "jax":
            return solve_enumerated(self._world, numbers, self._task_from(0), self.kernels)
        capacity_kernels("jax")  # says what to install where JAX is missing
        from empowerment.actuation.open_loop.batched import solve_batched

        return solve_batched(self.dynamics, numbers, self._task_from(0))

    @cached_property
    def _world(self) -> World:
        return world_of(self.request.problem.model, self.request.problem.sensor)

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
            check_capacity(channel, task.memory)
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
                f"{samples:,} samples of {task.horizon:,} actions take {gigabytes(needed)}, {allowed(task.memory)}; "
                "take fewer samples, shorten the horizon or raise the option memory",
            )
        rng = np.random.default_rng([self.request.seed, number])
        return as_arrays(bound_from_samples(task, samples, rng, dynamics, self.kernels), "sampled", self.request)

"""What is found for some states of a model: which method answers, and with what."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from empowerment.actuation import kernels
from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.open_loop.bounds import bracket, bracket_runs, is_wide, sampled
from empowerment.actuation.open_loop.channel import open_loop
from empowerment.actuation.open_loop.column_generation import Solution
from empowerment.actuation.open_loop.counting import Graph, count_readings, count_runs, reading_graph, successor_graph
from empowerment.actuation.open_loop.exact import solve_exactly
from empowerment.actuation.open_loop.layers import HULL_COLUMNS, Kernels
from empowerment.actuation.sensor import Sensor
from empowerment.actuation.task import Ends, NoSequenceError, Task, TooManySequencesError, widened
from empowerment.capacity.solve import channel_capacity, kernel_of
from empowerment.core.channel import Channel
from empowerment.core.status import KINDS, Status
from empowerment.models.mdp import MDP

METHODS = ("auto", "counting", "enumeration", "column-generation", "interval", "sampled")

# An input of less probability than this is a trace of the solver's path, not part of the optimum.
_MIN_WEIGHT = 1e-6
# Bytes that an action of a drawn sequence takes, with the copies made to sort out those that are drawn twice.
_SAMPLED = 16
# Beyond this horizon bounds are tried before an exact solution: they may close, and take less.
_LONG = 64
# States that are counted together share what they reach, and a device takes many side by side; of the others a chunk
# is what a killed run loses.
_COUNTED_TOGETHER, _SIDE_BY_SIDE = 16_384, 1_024
_CHUNKS, _LARGEST_CHUNK = 200, 64

Found = dict[str, np.ndarray]


def joined(found: list[Found]) -> Found:
    """Return what was found for several states as arrays over all of them."""
    return {name: np.concatenate([one[name] for one in found]) for name in found[0]}


class RefusedError(Exception):
    """A state would take more than was allowed: its number, and why."""


@dataclass(frozen=True)
class Finder:
    """Answers one question for any states of a model.

    Attributes
    ----------
    model : MDP
        Without labels, so that it is quickly sent elsewhere.
    sensor : Sensor
        Without labels too.
    horizon : int
    output : str
    stopping : bool
        Whether sequences of fewer actions count as well; unless outcomes are counted, the model's last action is
        then one that does nothing.
    method : str
        One of `METHODS`.
    backend : str
    base, tol, rtol : float
    max_sequences : int
    memory : float
    samples, seed : int
        How many sequences are drawn for each state, and what their random numbers begin with.
    keep_sequences : bool
    """

    model: MDP
    sensor: Sensor
    horizon: int
    output: str
    stopping: bool
    method: str
    backend: str
    base: float
    tol: float
    rtol: float
    max_sequences: int
    memory: float
    samples: int
    seed: int
    keep_sequences: bool

    def __call__(self, numbers: np.ndarray) -> Found:
        """Return what is found for some states: arrays over states, and their sequences one after the other."""
        if self.method == "counting":
            return self._counted(numbers)
        together = self._side_by_side(numbers)
        return joined([together.get(number) or self._of_state(number) for number in numbers.tolist()])

    def chunk_size(self, count: int) -> int:
        """Return how many of so many states to answer for at a time."""
        if self.method == "counting":
            return _COUNTED_TOGETHER
        return _SIDE_BY_SIDE if self.backend == "jax" else min(-(-count // _CHUNKS), _LARGEST_CHUNK)

    @property
    def unit(self) -> float:
        """Size of the result's unit in nats."""
        return math.log(self.base)

    @cached_property
    def _graphs(self) -> tuple[Graph, Graph]:
        return successor_graph(self.model), reading_graph(self.sensor)

    def _counted(self, numbers: np.ndarray) -> Found:
        """Count outcomes; sequences are traced by whoever wants them."""
        if self.output == "trajectory":
            logarithms, error = count_runs(self.model, self.sensor, numbers, self.horizon)
            logarithms, error, several = logarithms / self.unit, error / self.unit, logarithms > 0
        else:
            size, backend = self.sensor.matrix.shape[1], self.backend
            counts = count_readings(*self._graphs, size, numbers, self.horizon, up_to=self.stopping, backend=backend)
            with np.errstate(divide="ignore"):
                logarithms = np.log2(counts) if self.base == 2 else np.log(counts) / self.unit
            error, several = 0.0, counts > 1
        available = np.isfinite(logarithms)
        value = np.where(available, logarithms, 0.0)
        slack = np.where(several, error + 4 * np.spacing(value), 0.0)
        return {
            "value": value,
            "lower": value - slack,
            "upper": value + slack,
            "status": np.where(available, Status.CERTIFIED, Status.NO_SEQUENCE),
            "method": np.full(numbers.size, "counting"),
        }

    def _side_by_side(self, numbers: np.ndarray) -> dict[int, Found]:
        """Look at every sequence of many states at once, where there is a device for it and they fit."""
        if self.backend != "jax" or self.output != "final" or self.method not in ("auto", "enumeration"):
            return {}
        kernel_of(self.backend)  # says what to install where JAX is missing
        from empowerment.actuation.open_loop.batched import Limits, solve_side_by_side

        limits = Limits(self.tol * self.unit, self.rtol, self.max_sequences, self.memory)
        answers = solve_side_by_side(self._dynamics, numbers, self.horizon, limits)
        return {number: self._finding(ends, "enumeration", status) for number, (ends, status) in answers.items()}

    def _of_state(self, number: int) -> Found:
        try:
            if self.output == "trajectory" or self.method == "enumeration":
                return self._enumerated(number)
            if self.method == "sampled":
                return self._sampled(number)
            if self.method == "interval":
                return self._bracketed(number)
            return self._solved(number)
        except NoSequenceError:
            exact = "enumeration" if self.output == "trajectory" else "column-generation"
            return self._nothing(self.method if self.method != "auto" else exact)

    def _nothing(self, method: str) -> Found:
        """Return what is found where there is no input."""
        ends = Ends.without_sequences(0.0, 0.0, 0.0, self.horizon)
        return self._finding(ends, method, Status.NO_SEQUENCE)

    def _enumerated(self, number: int) -> Found:
        """Take the capacity of the rows of every sequence; of trajectories bounds where there are too many."""
        kernel = kernel_of(self.backend)[1]
        most = math.inf if self.method == "enumeration" else self.max_sequences
        try:
            task, dynamics, tools = self._task(number)
            if self.method == "interval" or (self.method == "auto" and is_wide(task, dynamics, "trajectory")):
                raise TooManySequencesError
            channel = open_loop(self.model, number, self.horizon, self.sensor, self.output, self.memory, kernel, most)
        except (MemoryError, TooManySequencesError) as reason:
            if self.method == "enumeration":
                raise RefusedError(number, str(reason)) from None
            return self._finding(bracket_runs(task, self.model, self.sensor, dynamics, tools), "interval")
        result = channel_capacity(
            Channel.from_valid(channel.rows),
            tol=self.tol,
            rtol=self.rtol,
            base=self.base,
            backend=self.backend,
            on_failure="ignore",
        )
        value, lower, upper = (float(end) * self.unit for end in (result.value, result.lower, result.upper))
        ends = Ends(value, lower, upper, channel.sequences, result.input_distribution)
        return self._finding(widened(ends, channel.relative_error), "enumeration", Status(int(result.status)))

    def _solved(self, number: int) -> Found:
        """Take the capacity over every sequence, or bounds where there are too many."""
        task, dynamics, tools = self._task(number)
        bounded = None
        wide = self.method == "auto" and is_wide(task, dynamics, "final")
        if wide or (self.method == "auto" and self.horizon > _LONG):
            bounded = bracket(task, dynamics, tools, self._shared)
            if wide or self._closed(bounded) or dynamics.n_columns > HULL_COLUMNS:
                return self._finding(bounded, "interval")
        try:
            return self._finding(solve_exactly(task, dynamics, tools), "column-generation")
        except TooManySequencesError as reason:
            if self.method != "auto":
                raise RefusedError(number, str(reason)) from None
            return self._finding(bounded or bracket(task, dynamics, tools, self._shared), "interval")

    def _bracketed(self, number: int) -> Found:
        task, dynamics, tools = self._task(number)
        return self._finding(bracket(task, dynamics, tools, self._shared), "interval")

    def _sampled(self, number: int) -> Found:
        task, dynamics, tools = self._task(number)
        needed = self.samples * (_SAMPLED * self.horizon + 32 * dynamics.n_columns)
        if needed > self.memory:
            raise RefusedError(
                number,
                f"{self.samples:,} samples of {self.horizon:,} actions take {needed / 1e9:.3g} GB, allowed are "
                f"{self.memory / 1e9:.3g} GB; take fewer samples, shorten the horizon or raise memory=",
            )
        rng = np.random.default_rng([self.seed, number])
        return self._finding(sampled(task, self.samples, rng, dynamics, tools), "sampled")

    @cached_property
    def _dynamics(self) -> Dynamics:
        return Dynamics.of(self.model, self.sensor)

    @cached_property
    def _shared(self) -> dict[bytes, Solution]:
        """Bounds that hold for many states."""
        return {}

    def __getstate__(self) -> dict[str, object]:
        """Leave out what can be made again."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def _task(self, number: int) -> tuple[Task, Dynamics, Kernels]:
        dynamics = self._dynamics.around(np.array([number]), self.horizon)
        start = int(dynamics.places(np.array([number]))[0])
        task = Task(
            start, self.horizon, self.tol * self.unit, self.rtol, self.max_sequences, self.memory, self.backend
        )
        return task, dynamics, Kernels(kernels.kernel_of(self.backend), kernel_of(self.backend)[1])

    def _closed(self, ends: Ends) -> bool:
        return ends.upper - ends.lower <= max(self.tol * self.unit, self.rtol * ends.lower)

    def _finding(self, ends: Ends, method: str, status: Status = Status.CERTIFIED) -> Found:
        """Return one state's answer in the result's unit."""
        ends = ends._replace(value=max(ends.value, 0.0), lower=max(ends.lower, 0.0))
        if not self._closed(ends) and status != Status.MAX_ITER:
            status = Status.PRECISION if KINDS[method] == "exact" else Status.BOUNDED
        used = np.flatnonzero(ends.weights >= _MIN_WEIGHT) if self.keep_sequences else np.empty(0, dtype=np.int64)
        numbers = np.array([ends.value, ends.lower, ends.upper]) / self.unit
        return {
            "value": numbers[:1],
            "lower": numbers[1:2],
            "upper": numbers[2:],
            "status": np.array([status]),
            "method": np.array([method]),
            "count": np.array([used.size]),
            "sequences": self._stopped(ends.sequences[used]),
            "weights": ends.weights[used],
        }

    def _stopped(self, sequences: np.ndarray) -> np.ndarray:
        """Put the action that does nothing to the end, as -1."""
        if not self.stopping:
            return sequences
        idle = sequences == self.model.n_actions - 1
        order = np.argsort(idle, axis=1, kind="stable")
        return np.take_along_axis(np.where(idle, -1, sequences), order, axis=1)

"""Empowerment of deterministic worlds: the outcomes within reach, counted for many states together."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from empowerment.actuation.forecast import Forecast
from empowerment.actuation.open_loop.counting import (
    Graph,
    count_readings,
    log_trajectories,
    reading_graph,
    successor_graph,
)
from empowerment.core.status import Status
from empowerment.measures.request import EmpowermentRequest
from empowerment.measures.solutions import Solutions

# States that are counted together share what they reach.
_COUNTED_TOGETHER = 16_384
# States whose sets are the bits of one word, and the operations that a successor of such a set takes at most.
_BITS, _EDGE = 64, 2.0


class CountingSolver:
    """Counts the outcomes within reach of states.

    Parameters
    ----------
    request : EmpowermentRequest
        Without labels.
    """

    prefers_threads = True

    def __init__(self, request: EmpowermentRequest) -> None:
        self.request = request

    def chunk_size(self, count: int) -> int:
        """Return how many of `count` states to solve at a time."""
        return _COUNTED_TOGETHER

    def forecast(self, numbers: np.ndarray) -> Forecast:
        """Return what states take: each step follows the successors of what is reached, for many states at once."""
        model, horizon = self.request.problem.model, self.request.horizon
        steps, edges = min(horizon, model.n_states), model.n_states * model.n_actions
        words = -(-numbers.size // _BITS)
        memory = 8.0 * (3 * edges + min(words, _COUNTED_TOGETHER // _BITS) * model.n_states)
        operations = _EDGE * float(steps) * edges * words
        return Forecast(len(self.request.problem.sensor.readings), memory, operations, self.request.solver.backend)

    def __call__(self, numbers: np.ndarray) -> Solutions:
        """Return the solutions of states; their sequences are traced when asked for."""
        logarithms, error, several = self._logarithms(numbers)
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

    def _logarithms(self, numbers: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
        """Return the logarithms of the numbers of outcomes, their largest error, and where there are several."""
        request = self.request
        model, sensor, solver = request.problem.model, request.problem.sensor, request.solver
        if request.output == "trajectory":
            logarithms, error = log_trajectories(model, sensor, numbers, request.horizon)
            return logarithms / solver.unit, error / solver.unit, logarithms > 0
        counts = count_readings(
            *self._graphs,
            sensor.matrix.shape[1],
            numbers,
            request.horizon,
            up_to=request.stopping,
            backend=solver.backend,
        )
        with np.errstate(divide="ignore"):
            return np.log2(counts) if solver.base == 2 else np.log(counts) / solver.unit, 0.0, counts > 1

    @cached_property
    def _graphs(self) -> tuple[Graph, Graph]:
        return successor_graph(self.request.problem.model), reading_graph(self.request.problem.sensor)

    def __getstate__(self) -> dict[str, object]:
        """Leave out what can be made again."""
        return {"request": self.request}

"""Empowerment of states or beliefs where each action depends on what was observed before it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from empowerment.actuation.feedback.bellman import feedback_values
from empowerment.actuation.feedback.bounds import bound_belief_feedback, bound_state_feedback
from empowerment.actuation.feedback.directed_capacity import directed_capacity
from empowerment.actuation.feedback.history_tree import forecast_tree
from empowerment.actuation.feedback.policy_trees import polytope_of_states, trees_of_beliefs, trees_of_states
from empowerment.actuation.feedback.searched import FEW_STEPS
from empowerment.actuation.forecast import Forecast, of_stages, together
from empowerment.actuation.problem import PartialObservation
from empowerment.actuation.task import NoSequenceError, StateSolution, StateSolutions, TooManySequencesError
from empowerment.core import validate
from empowerment.core.status import Status
from empowerment.measures.open_loop_solver import OpenLoopSolver, few_at_a_time
from empowerment.measures.request import EmpowermentRequest
from empowerment.measures.solutions import RefusedError, Solutions, as_arrays, block_as_arrays, joined, no_sequence

# Bytes of rows in one sum beyond which "auto" gives policy trees up: the time grows with every sum that is near it.
_TREES = 2**27


class FeedbackSolver:
    """Solves for the starts of an agent that reacts.

    Where policies are too many to look at, the lower end is the answer without feedback, which an open-loop solver of
    the same question gives.

    Parameters
    ----------
    request : EmpowermentRequest
        Without labels.

    Raises
    ------
    ValueError
        If the method is not known for this question.
    """

    prefers_threads = False

    def __init__(self, request: EmpowermentRequest) -> None:
        self.request = request
        self._open_loop = OpenLoopSolver(replace(request, method="auto"))
        validate.one_of(request.method, ("auto", *self.methods), "method of this question with feedback")

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods there are for this question, the one that "auto" tries first among them."""
        if self._reads_what_is_observed:
            return ("dynamic-programming",)
        partial = self._partial
        if self.request.output == "trajectory" and partial is not None and partial.sensor is None:
            return ("column-generation", "soft-dynamic-programming", "sequence-form", "interval")
        return ("policy-trees", "interval")

    @property
    def _partial(self) -> PartialObservation | None:
        return self.request.problem.partial_observation

    @property
    def _reads_what_is_observed(self) -> bool:
        """Whether the receiver reads every state that the agent observes."""
        sensor = self.request.problem.sensor.name
        return self.request.output == "trajectory" and self._partial is None and sensor in ("state", "belief")

    def chunk_size(self, count: int) -> int:
        """Return how many of `count` starts to solve at a time; dynamic programming has all states at once."""
        return count if self._reads_what_is_observed else few_at_a_time(count)

    def forecast(self, numbers: np.ndarray) -> Forecast | None:
        """Return what starts will take; how many policy trees are left after pruning shows only as they grow."""
        request, partial = self.request, self._partial
        model, horizon = request.problem.model, request.horizon
        if self._reads_what_is_observed:
            return of_stages(model.n_states, model.n_actions, model.rows.nnz, horizon, request.solver.backend)
        if partial is None or "column-generation" not in self.methods or request.method == "interval":
            return None
        return together([forecast_tree(partial.model, horizon)], numbers.size)

    def __call__(self, numbers: np.ndarray) -> Solutions:
        """Return the solutions of starts."""
        if self._reads_what_is_observed:
            return self._by_dynamic_programming(numbers)
        return joined([self._solve_start(number) for number in numbers.tolist()])

    def _by_dynamic_programming(self, numbers: np.ndarray) -> Solutions:
        request = self.request
        dynamics = self._open_loop.dynamics.around(numbers, request.horizon)
        values = feedback_values(dynamics, request.horizon, request.solver.in_nats())
        value, lower, upper = np.stack(values[:3])[:, dynamics.positions(numbers)]
        solutions, known = StateSolutions.without_sequences(numbers.size, request.horizon), np.isfinite(value)
        certified = np.full(numbers.size, int(Status.CERTIFIED))
        for column, own in zip(solutions[:4], (value, lower, upper, certified), strict=True):
            column[known] = own[known]
        return block_as_arrays(solutions, "dynamic-programming", request)

    def _solve_start(self, number: int) -> Solutions:
        request = self.request
        method = self.methods[0] if request.method == "auto" else request.method
        try:
            if method == "interval":
                return self._interval(number, self._polytope_of(number))
            return as_arrays(self._exact_solution(number, method), method, request)
        except NoSequenceError:
            return no_sequence(method, request)
        except (MemoryError, TooManySequencesError) as reason:
            if request.method != "auto":
                raise RefusedError(number, str(reason)) from None
            known = getattr(reason, "known", None)
        try:
            return self._interval(number, known)
        except NoSequenceError:
            return no_sequence("interval", request)

    def _interval(self, number: int, known: StateSolution | None) -> Solutions:
        """Return the narrowest interval that bounds, and one that is known, leave of a start."""
        bounds, reason = self._bounds_of(number)
        solution, options = _narrowest(bounds, known), self.request.solver.in_nats()
        met = solution.upper - solution.lower <= options.width(solution.lower)
        return as_arrays(solution, "interval", self.request, Status.CERTIFIED if met else reason)

    def _start_of(self, number: int) -> int:
        """Return the state, of the world without feedback, that a start is in."""
        return number if self._partial is None else int(self._partial.starts[number])

    def _exact_solution(self, number: int, method: str) -> StateSolution:
        request, partial = self.request, self._partial
        task, dynamics = self._open_loop.task(self._start_of(number))
        if method == "policy-trees" and request.method == "auto":
            task = task._replace(memory=min(task.memory, _TREES))
        if partial is None:
            return trees_of_states(task, dynamics, request.output)
        belief = partial.beliefs[number]
        if method == "policy-trees":
            return trees_of_beliefs(task, partial.model, belief, partial.sensor, request.output)
        return directed_capacity(
            partial.model, belief, task.horizon, options=task.options, memory=task.memory, method=method
        )

    def _polytope_of(self, number: int) -> StateSolution | None:
        task, dynamics = self._open_loop.task(self._start_of(number))
        few = 0 < task.horizon * dynamics.n_columns <= FEW_STEPS
        if self._partial is not None or self.request.output != "final" or not few:
            return None
        return polytope_of_states(task._replace(memory=min(task.memory, _TREES)), dynamics)

    def _bounds_of(self, number: int) -> tuple[StateSolution, Status]:
        """Return an interval, and what to say if it is wider than the tolerance."""
        request, partial, start = self.request, self._partial, self._start_of(number)
        task, dynamics = self._open_loop.task(start)
        arrays = self._open_loop.solve_state(start)
        value, lower, upper = (float(arrays[name][0]) * request.solver.unit for name in ("value", "lower", "upper"))
        open_loop = StateSolution.without_sequences(value, lower, upper, task.horizon)
        if partial is None:
            return bound_state_feedback(task, dynamics, open_loop, self._open_loop.kernels, request.output)
        belief = partial.beliefs[number]
        kernels, sensor = self._open_loop.kernels, partial.sensor
        return bound_belief_feedback(task, partial.model, belief, open_loop, kernels, request.output, sensor)


def _narrowest(one: StateSolution, other: StateSolution | None) -> StateSolution:
    """Return the narrowest interval that two intervals of the same value leave."""
    if other is None:
        return one
    best = max(one, other, key=lambda solution: solution.lower)
    upper = max(min(one.upper, other.upper), best.lower)
    return best._replace(value=min(best.value, upper), upper=upper)

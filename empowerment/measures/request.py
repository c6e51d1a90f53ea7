"""A question about the empowerment of states, checked once and handed on as one object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from empowerment.actuation.forecast import Memory
from empowerment.actuation.open_loop.channel import OUTPUTS
from empowerment.actuation.problem import StateProblem, state_problem
from empowerment.capacity import jax_arrays
from empowerment.capacity.options import SolverOptions
from empowerment.core import validate
from empowerment.measures.resources import Resources
from empowerment.runtime.digests import fingerprint

METHODS = ("auto", "counting", "enumeration", "column-generation", "interval", "sampled")


@dataclass(frozen=True)
class EmpowermentRequest:
    """A question about the empowerment of states, in the form that solvers take.

    Attributes
    ----------
    problem : StateProblem
        The model, what is read, and the states to start from.
    horizon : int
    output : {"final", "trajectory"}
    known_to : str
    feedback, stopping : bool
    method : str
        As asked for, or ``"counting"`` where ``"auto"`` stands for it.
    solver : SolverOptions
    resources : Resources
    seed : int
        First word of the random numbers of every state.
    seed_was_drawn : bool
        Whether nobody asked for that seed.
    """

    problem: StateProblem
    horizon: int
    output: str
    known_to: str
    feedback: bool
    stopping: bool
    method: str
    solver: SolverOptions
    resources: Resources
    seed: int
    seed_was_drawn: bool

    @classmethod
    def checked(
        cls,
        model: Any,
        horizon: Any,
        *,
        states: Any,
        beliefs: Any,
        sensor: Any,
        output: Any,
        known_to: Any,
        feedback: Any,
        stopping: Any,
        method: Any,
        rng: Any,
        options: Mapping[str, Any] | None,
        **solver: Any,
    ) -> EmpowermentRequest:
        """Return the question that the arguments of :func:`empowerment.empowerment` ask, or refuse a wrong one.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong type, not known, or does not go together with another one.
        MemoryError
            If the beliefs that have to be followed are too many.
        """
        validate.one_of(output, OUTPUTS, "output")
        resources = Resources.checked(options)
        solver_options = SolverOptions.checked(**solver, max_iter=resources.max_iter)
        horizon = validate.horizon(horizon)
        feedback, stopping = validate.flag(feedback, "feedback"), validate.flag(stopping, "stopping")
        problem = state_problem(
            jax_arrays.on_host(model),
            states=states,
            beliefs=beliefs,
            sensor=jax_arrays.on_host(sensor),
            known_to=known_to,
            feedback=feedback,
            stopping=stopping,
            horizon=horizon,
            memory=resources.memory,
        )
        if output == "trajectory" and stopping:
            raise ValueError("stopping=True asks where the agent stopped, expected output='final'")
        request = cls(
            problem=problem,
            horizon=horizon,
            output=output,
            known_to=known_to,
            feedback=feedback,
            stopping=stopping,
            method=method if feedback else validate.one_of(method, METHODS, "method"),
            solver=solver_options,
            resources=resources,
            seed=0 if rng is None and method != "sampled" else _seed(rng),
            seed_was_drawn=rng is None,
        )
        request = request if feedback else request._with_counting()
        if not (request.method == "counting" and output == "final"):  # what is counted repeats before long
            validate.short_horizon(horizon)
        return request

    def _with_counting(self) -> EmpowermentRequest:
        """Return the question with "counting" for "auto" in a world without noise; refuse what cannot be counted."""
        if self.output == "trajectory" and self.method in ("column-generation", "sampled"):
            raise ValueError(
                f"method={self.method!r} is for the final reading; for trajectories there are 'counting', "
                "'enumeration' and 'interval'"
            )
        countable = self.problem.model.is_deterministic and self.problem.sensor.is_deterministic
        if self.method == "counting" and not countable:
            raise ValueError(
                "method='counting' needs a deterministic world and sensor, and this one is stochastic; "
                "method='column-generation' takes both"
            )
        return replace(self, method="counting") if self.method == "auto" and countable else self

    @property
    def for_rows(self) -> Memory:
        """Number of bytes that the states under way in one process may take."""
        rows = self.problem.model.rows
        return self.resources.for_rows(rows.data.nbytes + rows.indices.nbytes + rows.indptr.nbytes)

    def at(self, horizon: int) -> EmpowermentRequest:
        """Return the same question for fewer actions."""
        return replace(self, horizon=horizon)

    def without_labels(self) -> EmpowermentRequest:
        """Return the question as solvers take it: quickly sent elsewhere, and with an action that does nothing.

        Only what is not counted needs that action, which stands for the steps after the agent has stopped.
        """
        model = self.problem.model
        idle = self.stopping and self.method != "counting"
        problem = replace(
            self.problem,
            model=model.with_idle_action() if idle else model.unlabelled(),
            sensor=self.problem.sensor.unlabelled(),
            labels=(),
            layout=None,
        )
        return replace(self, problem=problem)

    def identity(self) -> dict[str, Any]:
        """Return what the answer depends on, as values that JSON can hold: those of :meth:`fingerprints` left out."""
        solver, resources = self.solver, self.resources
        identity: dict[str, Any] = {
            name: getattr(self, name) for name in ("horizon", "output", "stopping", "feedback", "method")
        }
        identity |= {name: getattr(solver, name) for name in ("backend", "base", "tol", "rtol", "max_iter")}
        identity |= {"max_sequences": resources.max_sequences, "memory": resources.memory}
        if self.feedback:
            identity |= {"max_nodes": resources.max_nodes, "max_seconds": resources.max_seconds}
        if self.method == "sampled":
            identity["samples"] = resources.samples
        return identity

    def fingerprints(self, numbers: np.ndarray) -> dict[str, str]:
        """Return digests of the arrays that the answer for some starts depends on."""
        problem = self.problem
        rows, sensor = problem.model.rows, problem.sensor.matrix
        prints = {
            "model": fingerprint(rows.data, rows.indices, rows.indptr, problem.model.available),
            "sensor": fingerprint(sensor.data, sensor.indices, sensor.indptr),
            "states": fingerprint(numbers),
        }
        partial = problem.partial_observation
        if partial is not None:
            prints["beliefs"] = fingerprint(partial.beliefs, np.ascontiguousarray(partial.model.observation))
        return prints


def _seed(rng: np.random.Generator | int | None) -> int:
    if rng is None or isinstance(rng, np.random.Generator):
        return int(np.random.default_rng(rng).integers(2**63))
    return validate.seed(rng, "rng")

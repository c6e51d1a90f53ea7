"""Starts of stochastic worlds, and distributions of starts: solved by branch and bound over all policies."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.actuation.budget import Budget
from empowerment.actuation.kernels import actuation_kernels
from empowerment.actuation.occupancy.controlled_noise import controlled_bound, distance_bound
from empowerment.actuation.occupancy.policies import occupancies
from empowerment.actuation.occupancy.readings import solve_readings
from empowerment.actuation.occupancy.stochastic import solve_policies
from empowerment.capacity.options import SolverOptions
from empowerment.core import validate
from empowerment.core.status import Status
from empowerment.measures.skill_execution import solve_starts
from empowerment.measures.skill_policies import PolicyTable, Question
from empowerment.models.dead_ends import lasting_actions
from empowerment.models.mdp import MDP
from empowerment.runtime.digests import fingerprint
from empowerment.runtime.progress import progress_bar

# An upper end that is no better than this part of the way is not worth a tighter solution.
_ROUGH = 1e-6


@dataclass(frozen=True)
class SearchLimits:
    """What the search of one start may take, by the names that `options=` gives them.

    Attributes
    ----------
    max_nodes : int
        Largest number of sets of policies that are bounded.
    max_seconds : float
        Largest number of seconds.
    """

    max_nodes: int = 100_000
    max_seconds: float = math.inf

    @classmethod
    def checked(cls, options: Mapping[str, Any] | None) -> SearchLimits:
        """Return the limits that `options` names, and the default of each other one."""
        options, default = validate.options(options, ("max_nodes", "max_seconds")), cls()
        return cls(
            max_nodes=validate.limit(options.get("max_nodes", default.max_nodes), "max_nodes"),
            max_seconds=validate.seconds(options.get("max_seconds", default.max_seconds), "max_seconds"),
        )


@dataclass(frozen=True)
class FoundPolicies:
    """The value and the ends of one start in nats, and what proves them: skills, as tables of actions, and q."""

    ends: tuple[float, float, float]
    status: int
    actions: np.ndarray
    first: np.ndarray
    rows: np.ndarray
    weights: np.ndarray
    q: np.ndarray
    proof: int
    nodes: int

    def mapped(self, images: np.ndarray, actions: np.ndarray) -> FoundPolicies:
        """Return it for the image of the start under a symmetry of states and of the actions in them."""
        moved = {name: np.full_like(getattr(self, name), -1) for name in ("actions", "first")}
        for name, table in moved.items():
            own = getattr(self, name)
            table[:, images] = np.where(own >= 0, actions[own], -1)
        rows, q = np.zeros_like(self.rows), np.zeros_like(self.q)
        rows[:, images], q[images] = self.rows, self.q
        return replace(self, **moved, rows=rows, q=q)


@dataclass(frozen=True)
class PolicySolver:
    """Solves starts: numbers of rows of `starts`, or of states if that is None."""

    model: MDP
    starts: np.ndarray | None
    discount: float
    include_start: bool
    options: SolverOptions
    limits: SearchLimits
    sensor: sparse.csr_array | None = None
    progress: bool | str = False

    def __call__(self, numbers: np.ndarray) -> list[FoundPolicies]:
        """Return what was found for each number."""
        rows = np.zeros((numbers.size, self.model.n_states))
        if self.starts is None:
            rows[np.arange(numbers.size), numbers] = 1.0
        else:
            rows = self.starts[numbers]
        return [self._solve(row) for row in rows]

    def _solve(self, start: np.ndarray) -> FoundPolicies:
        question = Question(self.model, start, self.discount, self.include_start, self.sensor)
        n_states, initial = start.size, np.flatnonzero(start)
        if not lasting_actions(self.model)[initial].any(axis=1).all():
            none = np.zeros((0, n_states), dtype=np.int64)
            ends, status = (0.0, 0.0, 0.0), int(Status.NO_SEQUENCE)
            q = np.zeros(n_states if self.sensor is None else self.sensor.shape[1])
            return FoundPolicies(ends, status, none, none, none.astype(float), np.zeros(0), q, 0, 0)
        scale, found = question.scale, question.world()
        ceiling, ceiling_q = self._ceiling(question)
        budget = Budget(self.limits.max_nodes, self.limits.max_seconds)
        inner = replace(self.options, tol=max(self.options.tol * scale, validate.MIN_TOL), on_failure="ignore")
        kernels = actuation_kernels(inner.backend)
        with progress_bar(None, "skills, sets of policies", "set", self.progress, budget.stated) as budget.advance:
            if self.sensor is None:
                solved = solve_policies(found, inner, budget, kernels, ceiling * scale)
            else:
                solved = solve_readings(found, self.sensor, inner, budget, kernels, ceiling * scale)
        rows = occupancies(found.choices, np.where(solved.policies >= 0, solved.policies, found.choices.first[:-1]))
        tables = np.full((2, solved.weights.size, n_states), -1)
        taken = np.where(solved.policies >= 0, found.actions[solved.policies], -1)
        tables[0][:, found.states[found.n_apart :]] = taken[:, found.n_apart :]
        tables[1][:, found.states[: found.n_apart]] = taken[:, : found.n_apart]
        on_model = np.array([found.on_model(row, n_states) for row in rows.rows])
        by_ceiling = self.sensor is None and solved.upper / scale >= ceiling
        q = solved.q
        if self.sensor is None:
            q = ceiling_q if by_ceiling else found.on_model(solved.q, n_states)
        ends = solved.value / scale, solved.lower / scale, min(solved.upper / scale, ceiling)
        return FoundPolicies(
            ends, int(solved.status), tables[0], tables[1], on_model, solved.weights, q, int(by_ceiling), solved.nodes
        )

    def _ceiling(self, question: Question) -> tuple[float, np.ndarray]:
        """Return an upper end that does not need the search, and the distribution that proves it."""
        bound = distance_bound(question.model, question.start, self.discount, self.include_start)
        initial = np.flatnonzero(question.start)
        if initial.size > 1 or self.sensor is not None:
            return bound, np.zeros(question.start.size)
        rough = self.options.to_within(max(self.options.tol, _ROUGH))
        other, q = controlled_bound(question.model, int(initial[0]), self.discount, self.include_start, rough)
        return min(bound, other), q


def initial_distributions(initial: Any, states: Any, model: MDP) -> np.ndarray:
    """Return checked distributions of the initial state, as rows."""
    if states is not None:
        raise ValueError("states and initial are given, expected one of them")
    axes = "(start, state)"
    array = validate.number_array(initial, "initial", None, axes)
    rows = validate.number_array(array[None] if array.ndim == 1 else array, "initial", 2, axes)
    if rows.shape[1] != model.n_states:
        raise ValueError(
            f"initial has {rows.shape[1]} probabilities, expected {model.n_states}, one for each state of the model"
        )
    return np.asarray(validate.probability_rows(rows, "initial"))


def search_starts(
    model: MDP,
    starts: np.ndarray | None,
    numbers: np.ndarray,
    options: SolverOptions,
    limits: SearchLimits,
    sensor: sparse.csr_array | None,
    question: Mapping[str, Any],
    execution: Mapping[str, Any],
) -> tuple[list[FoundPolicies], np.ndarray, PolicyTable]:
    """Return what was found for every start, a state or one of several distributions; its status; the skills of all.

    Parameters
    ----------
    model : MDP
    starts : ndarray of shape (n_starts, n_states) or None
        None stands for the states themselves.
    numbers : ndarray of int
        The states, or those of `starts`.
    options : SolverOptions
        In nats.
    limits : SearchLimits
    sensor : csr_array of shape (n_states, n_readings) or None
        None reads the state itself.
    question, execution : mapping
        As `solve_starts` takes them; of the question also ``include_start``.
    """
    alone = numbers.size == 1
    watched = execution["progress"] if alone else False
    plain = model.unlabelled()
    time = question["discount"], question["include_start"]
    solver = PolicySolver(plain, starts, *time, options, limits, sensor, watched)
    asked = {**question, "max_nodes": limits.max_nodes, "max_seconds": str(limits.max_seconds)}
    if starts is not None:
        asked["initial"] = starts.tolist()
    if sensor is not None:
        asked["sensor"] = fingerprint(sensor.data, sensor.indices, sensor.indptr)
    # A symmetry of the world need not be one of the sensor.
    orbits_once = starts is None and sensor is None
    execution = {**execution, "progress": False if alone else execution["progress"]}
    found = solve_starts(solver, FoundPolicies, model, numbers, asked, orbits_once=orbits_once, **execution)
    return found, np.array([each.status for each in found]), _table(found)


def _table(found: list[FoundPolicies]) -> PolicyTable:
    """Return the skills of all starts."""
    actions, first, rows, weights = (
        np.concatenate([getattr(each, name) for each in found]) for name in ("actions", "first", "rows", "weights")
    )
    offsets = np.concatenate([[0], np.cumsum([each.weights.size for each in found])])
    proofs, nodes = (np.array([int(getattr(each, name)) for each in found]) for name in ("proof", "nodes"))
    return PolicyTable(actions, first, rows, weights, offsets, proofs, nodes)

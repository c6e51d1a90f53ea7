"""Starts of deterministic worlds, where the best of all policies are walks that end in a cycle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.actuation.kernels import actuation_kernels
from empowerment.actuation.occupancy.closed_form import lasting_steps, later_distances, upper_bound
from empowerment.actuation.occupancy.lassos import Graph, solve_lassos
from empowerment.capacity.options import SolverOptions
from empowerment.core import validate
from empowerment.core.status import Status
from empowerment.measures.skill_execution import solve_starts
from empowerment.measures.skill_walks import Walks
from empowerment.models.dead_ends import lasting_actions
from empowerment.models.mdp import MDP


def lasso_starts(
    model: MDP,
    numbers: np.ndarray,
    options: SolverOptions,
    question: Mapping[str, Any],
    execution: Mapping[str, Any],
) -> tuple[list[FoundWalks], np.ndarray, Walks]:
    """Return what was found for every start, its status, and the skills of all.

    Parameters
    ----------
    model : MDP
        Deterministic.
    numbers : ndarray of int of shape (n_starts,)
    options : SolverOptions
        In the unit of the result.
    question, execution : mapping
        As `solve_starts` takes them; of the question also ``include_start``.
    """
    # The long-run average does not know when T begins.
    from_start = question["include_start"] or question["discount"] == 1.0
    solver = LassoSolver(lasting_steps(model), question["discount"], from_start, options.in_nats())
    found = solve_starts(solver, FoundWalks, model, numbers, question, **execution)
    has_skills = np.asarray(lasting_actions(model).any(axis=1))[numbers]
    return found, _status(options, found, has_skills), _walks(model, found)


@dataclass(frozen=True)
class FoundWalks:
    """The value and the ends of one start in nats, and what proves them: skills, as walks of states, and q."""

    ends: tuple[float, float, float]
    repeats: np.ndarray
    states: np.ndarray
    weights: np.ndarray
    q: np.ndarray

    def mapped(self, images: np.ndarray, actions: np.ndarray) -> FoundWalks:
        """Return it for the image of the start under a symmetry; the steps of walks say which actions they are."""
        q = np.zeros_like(self.q)
        q[images] = self.q
        return replace(self, states=np.where(self.states >= 0, images[self.states], -1), q=q)


@dataclass(frozen=True)
class LassoSolver:
    """Solves the starts of a chunk."""

    steps: sparse.csr_array
    discount: float
    include_start: bool
    options: SolverOptions

    def __call__(self, starts: np.ndarray) -> list[FoundWalks]:
        """Return what was found for each start."""
        later = later_distances(self.steps, starts, again=not self.include_start)
        return [self._solve(start, row) for start, row in zip(starts.tolist(), later, strict=True)]

    def _solve(self, start: int, later: np.ndarray) -> FoundWalks:
        if self.steps.indptr[start] == self.steps.indptr[start + 1]:
            none = np.zeros(0, dtype=int)
            return FoundWalks((0.0, 0.0, 0.0), none, none.reshape(0, 1), np.zeros(0), np.zeros(later.size))
        graph = Graph.around(self.steps, start, later, apart=not self.include_start)
        # Later times have the probability `discount`, and so has all that is told of them.
        scale = 1.0 if self.include_start else self.discount
        inner = replace(self.options, tol=max(self.options.tol * scale, validate.MIN_TOL))
        found = solve_lassos(graph, self.discount, inner, actuation_kernels(inner.backend))
        bound = float(upper_bound(later[None], self.discount, self.include_start)[0])
        lower, upper = found.lower / scale, min(found.upper / scale, bound)
        value = min(max(found.value / scale, lower), upper)
        states = np.where(found.walks >= 0, graph.states[found.walks], -1)
        later_or_all = slice(None) if self.include_start else slice(1, None)
        q = np.zeros(later.size)
        q[graph.states[later_or_all]] = found.q[later_or_all] / found.q[later_or_all].sum()
        return FoundWalks((value, lower, upper), found.closes, states, found.weights, q)


def _status(options: SolverOptions, found: list[FoundWalks], has_skills: np.ndarray) -> np.ndarray:
    _, lower, upper = np.array([each.ends for each in found]).T / options.unit
    met = np.where(options.met(np.maximum(lower, 0.0), upper), int(Status.CERTIFIED), int(Status.PRECISION))
    return np.asarray(np.where(has_skills, met, int(Status.NO_SEQUENCE)))


def _walks(model: MDP, found: list[FoundWalks]) -> Walks:
    """Return the skills of all starts, each with the first action that leads from a state to the next one."""
    longest = max(int((each.states >= 0).sum(axis=1).max(initial=1)) for each in found)
    states = np.full((sum(each.weights.size for each in found), longest), -1)
    offsets = np.concatenate([[0], np.cumsum([each.weights.size for each in found])])
    for each, first in zip(found, offsets.tolist(), strict=False):
        width = min(longest, each.states.shape[1])
        states[first : first + each.weights.size, :width] = each.states[:, :width]
    repeats, weights = (np.concatenate([getattr(each, name) for each in found]) for name in ("repeats", "weights"))
    walks = Walks(states, np.full_like(states, -1), repeats, weights, offsets)
    leads, after = np.where(lasting_actions(model), model.successors, -1), walks.after()
    for action in reversed(range(model.n_actions)):
        walks.actions[(states >= 0) & (leads[states, action] == after)] = action
    return walks

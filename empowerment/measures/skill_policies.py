"""Skills of stochastic worlds: deterministic policies with their probabilities, and what recomputes their ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse

from empowerment.actuation.budget import Budget
from empowerment.actuation.kernels import actuation_kernels
from empowerment.actuation.occupancy.branch_and_bound import bound_divergence, pair_lines
from empowerment.actuation.occupancy.choices import ReachableWorld
from empowerment.actuation.occupancy.controlled_noise import bound_of, distance_bound
from empowerment.actuation.occupancy.next_action import information
from empowerment.actuation.occupancy.policies import occupancies
from empowerment.actuation.occupancy.reading_policies import ReadingPolicies
from empowerment.actuation.occupancy.readings import confirmed_bound, read_information
from empowerment.actuation.occupancy.stochastic import rounding
from empowerment.measures.skill_walks import most_probable
from empowerment.models.dead_ends import lasting_actions
from empowerment.models.mdp import MDP


@dataclass(frozen=True, eq=False)
class PolicyTable:
    """Stored skills, those of one start after those of another.

    Attributes
    ----------
    actions : ndarray of int of shape (n_skills, n_states)
        The action in each state, -1 where the skill never is.
    first : ndarray of int of shape (n_skills, n_states)
        The first action in each initial state, if T begins with 1; -1 elsewhere.
    rows : ndarray of shape (n_skills, n_states)
        The distribution of the state at time T.
    weights : ndarray of shape (n_skills,)
        Probability of each skill.
    offsets : ndarray of int of shape (n_starts + 1,)
        Those of start i are the ones from ``offsets[i]`` up to ``offsets[i + 1]``.
    proofs : ndarray of int of shape (n_starts,)
        What proves the upper end: 0 the search of all policies, 1 the world whose noise the agent controls. Of
        readings always 0.
    nodes : ndarray of int of shape (n_starts,)
        Number of sets of policies that were bounded.
    """

    actions: np.ndarray
    first: np.ndarray
    rows: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray
    proofs: np.ndarray
    nodes: np.ndarray

    def only(self, position: int) -> PolicyTable:
        """Return those of one start."""
        own, start = slice(*self.offsets[position : position + 2]), slice(position, position + 1)
        offsets = np.array([0, int(self.offsets[position + 1] - self.offsets[position])])
        return self._chosen(own, offsets, start)

    def most_probable(self) -> PolicyTable:
        """Return those of one start that are no traces, the most probable first."""
        order = most_probable(self.weights)
        return self._chosen(order, np.array([0, order.size]), slice(None))

    def _chosen(self, skills: slice | np.ndarray, offsets: np.ndarray, starts: slice) -> PolicyTable:
        actions, first, rows, weights = (x[skills] for x in (self.actions, self.first, self.rows, self.weights))
        return PolicyTable(actions, first, rows, weights, offsets, self.proofs[starts], self.nodes[starts])

    def visits(self) -> list[tuple[list[int], list[int], int | None]]:
        """Return for each skill the states in which it may be, those of the first step first, and actions."""
        found: list[tuple[list[int], list[int], int | None]] = []
        for first, later in zip(self.first, self.actions, strict=True):
            early, late = np.flatnonzero(first >= 0), np.flatnonzero(later >= 0)
            states, actions = np.concatenate([early, late]), np.concatenate([first[early], later[late]])
            found.append((states.tolist(), actions.tolist(), None))
        return found

    def policies(self, n_states: int) -> np.ndarray:
        """Return the action of each skill in each state, -1 where it never is; see :class:`Walks`."""
        return self.actions

    def occupancies(self, n_states: int, discount: float, from_start: bool) -> np.ndarray:
        """Return the distribution of the state at time T for each skill, as it is stored; see :class:`Walks`."""
        return self.rows


class Question(NamedTuple):
    """What is asked of one start.

    Attributes
    ----------
    model : MDP
    start : ndarray of shape (n_states,)
        Distribution of the initial state.
    discount : float
    include_start : bool
    sensor : csr_array of shape (n_states, n_readings) or None
        None reads the state itself.
    """

    model: MDP
    start: np.ndarray
    discount: float
    include_start: bool
    sensor: sparse.csr_array | None = None

    @property
    def scale(self) -> float:
        """Probability that T is one of the times that count, if it is drawn from 0 on."""
        return 1.0 if self.include_start else self.discount

    def world(self) -> ReachableWorld:
        """Return what policies can do from the start on."""
        allowed = lasting_actions(self.model)
        return ReachableWorld.around(self.model, allowed, self.start, self.discount, apart=not self.include_start)


def recomputed_ends(question: Question, table: PolicyTable, q: np.ndarray, upper: float) -> tuple[float, float]:
    """Recompute both ends of one start in nats: the information of its skills, and the search by plain NumPy.

    Parameters
    ----------
    question : Question
    table : PolicyTable
        The skills of this start alone.
    q : ndarray of shape (n_states,), or (n_readings,)
        The output distribution that proves the upper end.
    upper : float
        The upper end to confirm, in nats.

    Raises
    ------
    ValueError
        If the model has no such policies.
    """
    if not table.weights.size:
        return 0.0, 0.0
    if question.sensor is not None:
        return _reading_ends(question, question.sensor, table, q, upper)
    found, scale = question.world(), question.scale
    rows = occupancies(found.choices, _choices_of(found, table))
    value, error = information(rows.rows, table.weights / table.weights.sum(), rows.distance + found.mass_error)
    bound = distance_bound(question.model, question.start, question.discount, question.include_start)
    if table.proofs[0]:
        bound = min(bound, bound_of(question.model, question.start, question.discount, question.include_start, q))
    elif bound > upper:
        own = found.on_world(q, scale)
        slack = rounding(found, own)
        kernels = actuation_kernels("reference")
        lines = pair_lines(found.choices, kernels)
        budget = Budget()
        outcome = bound_divergence(found.choices, lines, own, upper * scale - slack, kernels, budget)
        bound = min(bound, (outcome.bound + slack) / scale)
    return max((value - error) / scale, 0.0), bound


def _reading_ends(
    question: Question, sensor: sparse.csr_array, table: PolicyTable, q: np.ndarray, upper: float
) -> tuple[float, float]:
    """Recompute both ends for the reading of a sensor."""
    found, scale = question.world(), question.scale
    policies = ReadingPolicies(found, sensor)
    weights = table.weights / table.weights.sum()
    value, error = read_information(found, policies, _choices_of(found, table), weights)
    bound = distance_bound(question.model, question.start, question.discount, question.include_start)
    if bound > upper:
        own, kernels = policies.on_polytope(q, scale), actuation_kernels("reference")
        bound = min(bound, confirmed_bound(found, policies, own, upper * scale, kernels) / scale)
    return max((value - error) / scale, 0.0), bound


def _choices_of(found: ReachableWorld, table: PolicyTable) -> np.ndarray:
    """Return the choices of stored policies; the first one where a policy never is."""
    first = found.choices.first
    policies = np.tile(first[:-1], (table.weights.size, 1))
    for s, state in enumerate(found.states.tolist()):
        own = slice(first[s], first[s + 1])
        wanted = (table.first if s < found.n_apart else table.actions)[:, state]
        matches = found.equal[own][:, np.maximum(wanted, 0)].T  # a choice stands for all actions that are equal
        if not matches[wanted >= 0].any(axis=1).all():
            raise ValueError(
                "model does not have the actions that the skills of the result take, expected the model that was "
                "solved"
            )
        policies[:, s] = np.where(wanted >= 0, first[s] + np.argmax(matches, axis=1), policies[:, s])
    return policies

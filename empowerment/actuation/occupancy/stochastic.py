"""Stochastic worlds: the capacity from all policies to the discounted occupancy, by column generation.

Policies that climb to a large divergence enter the working set until none is found; then branch and bound looks at
all policies, and either finds a better one or proves the upper end.
"""

from __future__ import annotations

import math
from types import ModuleType
from typing import NamedTuple

import numpy as np

from empowerment.actuation.budget import Budget
from empowerment.actuation.occupancy.branch_and_bound import bound_divergence, climb, pair_lines
from empowerment.actuation.occupancy.choices import ReachableWorld
from empowerment.actuation.occupancy.next_action import entropy_change, information
from empowerment.actuation.occupancy.policies import occupancies, visited
from empowerment.capacity.options import SolverOptions
from empowerment.capacity.solve import channel_capacity
from empowerment.core.channel import Channel
from empowerment.core.status import Status

_ROUNDS, _DRAWN = 200, 64


class PolicySolution(NamedTuple):
    """A capacity in nats, and the policies that carry it.

    Attributes
    ----------
    value, lower, upper : float
    status : Status
    policies : ndarray of int of shape (n_skills, n_states)
        Choices; -1 in states where the policy never is.
    weights : ndarray of shape (n_skills,)
    q : ndarray of shape (n_states,)
        The output distribution that proves the upper end.
    nodes : int
        Number of sets of policies that were bounded.
    """

    value: float
    lower: float
    upper: float
    status: Status
    policies: np.ndarray
    weights: np.ndarray
    q: np.ndarray
    nodes: int


def solve_policies(
    reachable: ReachableWorld, options: SolverOptions, budget: Budget, kernels: ModuleType, ceiling: float = math.inf
) -> PolicySolution:
    """Compute the capacity from all policies to the discounted occupancy.

    Parameters
    ----------
    reachable : ReachableWorld
    options : SolverOptions
        In nats.
    budget : Budget
    kernels : module
        Kernels of actuation.
    ceiling : float
        An upper end that is known.
    """
    world = reachable.choices
    columns, lines = _Columns(reachable, kernels), pair_lines(world, kernels)
    value, lower, upper, q = 0.0, -math.inf, ceiling, np.full(world.start.size, 1.0 / world.start.size)
    carriers, weights, status = columns.policies[:1], np.ones(1), None
    for _ in range(_ROUNDS):
        master = columns.master(options)
        if master.lower > lower:
            value, lower = float(master.value), float(master.lower)
            used = np.flatnonzero(master.input_distribution)
            carriers, weights = columns.policies[used], master.input_distribution[used]
        budget.lower, budget.upper, wanted = lower, upper, options.width(lower)
        if upper - lower <= wanted:
            break
        status = budget.spent
        if status is not None:
            break
        tried = _positive(master.output_distribution, wanted)
        if columns.climb(tried, lower + wanted / 4):
            continue
        outcome = bound_divergence(world, lines, tried, lower + 0.8 * wanted, kernels, budget)
        bound = outcome.bound + rounding(reachable, tried)
        if bound < upper:
            upper, q = bound, tried
        status = outcome.status
        if not columns.add(outcome.policies) or status is not None:
            break
    carriers = np.where(visited(world, carriers), carriers, -1)
    upper = max(upper, 0.0)
    lower, value = min(max(lower, 0.0), upper), min(max(value, lower, 0.0), upper)
    reached = options.met(lower, upper)
    return PolicySolution(
        value,
        lower,
        upper,
        Status.CERTIFIED if reached else status or Status.PRECISION,
        carriers,
        weights,
        q,
        budget.used,
    )


def rounding(reachable: ReachableWorld, q: np.ndarray) -> float:
    """Bound by how much the capacity may exceed a bound on the divergences from q.

    The sum of q may differ from 1, and so may those of occupancies, whose probabilities the model rounds: an
    occupancy moves by at most `mass_error`, in the norm of the sum of absolute values.
    """
    moved = reachable.mass_error
    largest = 2.0 + float(-np.log(q.min()))
    logs = 4.0 * float(np.finfo(float).eps) * largest  # of the logarithms of q, whose mean is taken
    return abs(math.log(math.fsum(q))) + entropy_change(moved, q.size) + moved * largest + logs


class _Columns:
    """The policies of the working set, and their occupancies."""

    def __init__(self, reachable: ReachableWorld, kernels: ModuleType) -> None:
        self._world, self._kernels, self._mass_error = reachable.choices, kernels, reachable.mass_error
        world = self._world
        n_states = world.start.size
        self.policies = np.zeros((0, n_states), dtype=np.int64)
        self._known: set[bytes] = set()
        self._rows, self._distance = np.zeros((0, n_states)), 0.0
        drawn = np.random.default_rng(0).standard_normal((_DRAWN, n_states))
        costs = np.full(n_states, math.log(n_states))
        self.add(kernels.ascend(world, costs, 30.0 * np.eye(n_states))[0])
        self.add(kernels.ascend(world, costs, drawn)[0])

    def add(self, policies: np.ndarray) -> bool:
        """Add the policies that are new; return whether there was one."""
        if not len(policies):
            return False
        keys = np.where(visited(self._world, policies), policies, -1)
        fresh = {key.tobytes(): i for i, key in enumerate(keys) if key.tobytes() not in self._known}
        if not fresh:
            return False
        self._known.update(fresh)
        added = policies[list(fresh.values())]
        rows, distance = occupancies(self._world, added)
        self.policies = np.concatenate([self.policies, added])
        self._rows, self._distance = np.concatenate([self._rows, rows]), max(self._distance, distance)
        return True

    def climb(self, q: np.ndarray, above: float) -> bool:
        """Climb from all columns and add what exceeds `above`; return whether a policy is new."""
        return self.add(climb(self._world, -np.log(q), self._rows, above, self._kernels))

    def master(self, options: SolverOptions) -> _Master:
        """Solve the capacity of the working set, with the error of its rows."""
        found = channel_capacity(
            Channel.from_valid(self._rows), **options.to_within(options.width(0.0) / 8).as_keywords()
        )
        used = np.flatnonzero(found.input_distribution)
        weights = found.input_distribution[used]
        value, error = information(self._rows[used], weights / weights.sum(), self._distance + self._mass_error)
        return _Master(value, value - error, found.input_distribution, found.output_distribution)


class _Master(NamedTuple):
    value: float
    lower: float
    input_distribution: np.ndarray
    output_distribution: np.ndarray


def _positive(q: np.ndarray, wanted: float) -> np.ndarray:
    """Mix q with a little of the uniform distribution if it lacks states that other policies may meet."""
    if (q > 1e-15).all():
        return q
    share = min(max(0.01 * wanted, 1e-13), 1e-6)
    return np.asarray((1.0 - share) * q + share / q.size)

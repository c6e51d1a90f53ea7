"""Branch and bound: the largest divergence of any policy of a stochastic world from a distribution.

The policies are split into sets, by which choices are left in each state and how large its occupancy is. The kernel
`bound_policies` bounds a set by a value function; the set with the largest bound is split next. What is left when no
bound exceeds the cut, or the limits are reached, is an upper end.
"""

from __future__ import annotations

import heapq
import math
from types import ModuleType
from typing import NamedTuple

import numpy as np

from empowerment.actuation.budget import Budget
from empowerment.actuation.kernels import Choices, PolicyBound, PolicySet
from empowerment.core.status import Status

# Sets from whose relaxed solution to climb: the first so many, then each one of so many, and single policies.
_FIRST, _EACH = 64, 8
_SMALLEST = 1e-12
# With more states than the first of these, sets keep no hitting times, a table of all pairs; with more than the
# second, trade-offs of all pairs would take longer than they save.
_LARGE, _HUGE = 40, 64
_LINES, _FEW_LINES = 7, 2


class Outcome(NamedTuple):
    """What a search found.

    Attributes
    ----------
    bound : float
        No policy has a larger divergence.
    policies : ndarray of int of shape (n, n_states)
        Policies of a larger divergence than the cut, for which the search was broken off; there may be none.
    status : Status or None
        The limit that ended the search.
    """

    bound: float
    policies: np.ndarray
    status: Status | None


def pair_lines(world: Choices, kernels: ModuleType) -> np.ndarray:
    """Return lines that bound the occupancies of each pair of states, few or none in large worlds."""
    n_states = world.start.size
    if n_states > _HUGE:
        return np.broadcast_to([0.0, 1.0], (n_states, n_states, 1, 2)).copy()
    return np.asarray(kernels.tradeoffs(world, _FEW_LINES if n_states > _LARGE else _LINES))


def bound_divergence(
    world: Choices, lines: np.ndarray, q: np.ndarray, cut: float, kernels: ModuleType, budget: Budget
) -> Outcome:
    """Bound the divergence of all policies from q.

    Parameters
    ----------
    world : Choices
    lines : ndarray of shape (n_states, n_states, n_lines, 2)
        What `pair_lines` returns.
    q : ndarray of shape (n_states,)
        Positive.
    cut : float
        The bound need not be smaller than this.
    kernels : module
        Kernels of actuation.
    budget : Budget
    """
    costs = -np.log(q)
    none = np.zeros((0, q.size), dtype=np.int64)
    everything = whole_set(world)
    heap = [(-math.inf, 0, everything)]
    stuck, number = cut, 0
    while heap and -heap[0][0] > stuck:
        spent = budget.spent
        if spent is not None:
            return Outcome(-heap[0][0], none, spent)
        above, _, part = heapq.heappop(heap)
        part = part._replace(hits=part.hits.copy())
        found = kernels.bound_policies(world, lines, costs, cut, part)
        everything = part if number == 0 else everything
        budget.count(-above)
        bound = min(found.bound, -above)
        if bound <= cut:
            continue
        if found.choice < 0 or budget.used <= _FIRST or budget.used % _EACH == 0:
            better = climb(world, costs, found.occupancy[None], cut, kernels)
            if better.size:
                return Outcome(max(-above, stuck), better, None)
        if found.choice < 0:
            stuck = max(stuck, bound)
            continue
        for child in _halves(world, everything, part, found):
            number += 1
            heapq.heappush(heap, (-bound, number, child))
    return Outcome(stuck, none, None if stuck <= cut else Status.PRECISION)


def whole_set(world: Choices) -> PolicySet:
    """Return the set of all policies."""
    n_states, n_choices = world.start.size, world.owner.size
    hits = np.stack([np.ones((n_states, n_states)), np.eye(n_states)])
    low, high = np.zeros(n_choices), np.ones(n_choices)
    allowed, settled = np.ones(n_choices, dtype=bool), np.zeros(n_choices, dtype=bool)
    return PolicySet(allowed, low, high, hits, settled, world.first[:-1].copy())


def _halves(world: Choices, everything: PolicySet, part: PolicySet, found: PolicyBound) -> list[PolicySet]:
    """Return the policies that take the choice with a large occupancy, and the others; they share hitting times."""
    if world.start.size > _LARGE:
        part = part._replace(hits=everything.hits, settled=np.zeros_like(part.settled))
    copies = {name: getattr(part, name).copy() for name in ("allowed", "low", "high", "settled", "policy")}
    with_it, without = part._replace(**copies), part
    own = slice(*world.first[world.owner[found.choice] :][:2])
    with_it.allowed[own] = False
    with_it.allowed[found.choice] = True
    with_it.low[found.choice] = max(with_it.low[found.choice], found.above)
    if found.below <= 0:
        without.allowed[found.choice] = False
    without.high[found.choice] = min(without.high[found.choice], found.below)
    return [with_it, without]


def climb(world: Choices, costs: np.ndarray, rows: np.ndarray, above: float, kernels: ModuleType) -> np.ndarray:
    """Return the policies to which the tangents at some occupancies lead, if their divergence exceeds a level."""
    policies, reached = kernels.ascend(world, costs, np.log(np.maximum(rows, _SMALLEST)) + costs)
    divergence = (reached * (np.log(np.maximum(reached, 1e-300)) + costs)).sum(axis=1)
    return np.asarray(policies[divergence > above])

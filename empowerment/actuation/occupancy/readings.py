"""The capacity from all policies to a reading of the discounted occupancy, by a search over boxes of readings.

A reading collects several states, so that the bounds of `branch_and_bound`, state by state, do not carry over. Rows
of the search are approximate; the lower end is that of the policies which carry it, computed once more.
"""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np
from scipy import sparse

from empowerment.actuation.box_search.capacity import bounded_capacity
from empowerment.actuation.box_search.search import BoxSearch
from empowerment.actuation.budget import Budget
from empowerment.actuation.occupancy.choices import ReachableWorld
from empowerment.actuation.occupancy.next_action import information
from empowerment.actuation.occupancy.policies import occupancies, visited
from empowerment.actuation.occupancy.reading_policies import ReadingPolicies
from empowerment.actuation.occupancy.stochastic import PolicySolution, rounding
from empowerment.capacity.options import SolverOptions
from empowerment.core.status import Status

_EPS = float(np.finfo(float).eps)


def solve_readings(
    reachable: ReachableWorld,
    sensor: sparse.csr_array,
    options: SolverOptions,
    budget: Budget,
    kernels: ModuleType,
    ceiling: float = math.inf,
) -> PolicySolution:
    """Compute the capacity from all policies to a reading of the discounted occupancy.

    Parameters
    ----------
    reachable : ReachableWorld
    sensor : csr_array of shape (n_states of the model, n_readings)
    options : SolverOptions
        In nats.
    budget : Budget
    kernels : module
        Kernels of actuation.
    ceiling : float
        An upper end that is known.

    Returns
    -------
    PolicySolution
        Its `q` is a distribution over the readings of the model; uniform over those within reach if the ceiling is
        all that is known.
    """
    policies = ReadingPolicies(reachable, sensor)
    ceiling = min(ceiling, log_readings(reachable, policies))
    found = bounded_capacity(policies, np.empty((0, policies.n_readings)), options, kernels, budget)
    taken, weights = policies.policies(found.rows), found.weights / found.weights.sum()
    value, error = read_information(reachable, policies, taken, weights)
    q, upper = np.full(policies.n_readings, 1.0 / policies.n_readings), ceiling
    if found.q.size:
        q, upper = found.q, min(found.upper + rounding(reachable, found.q), ceiling)
    upper = max(upper, value, 0.0)
    lower = min(max(value - error, 0.0), upper)
    status = Status.CERTIFIED if options.met(lower, upper) else budget.spent or Status.PRECISION
    carriers = np.where(visited(reachable.choices, taken), taken, -1)
    return PolicySolution(
        value=max(value, lower),
        lower=lower,
        upper=upper,
        status=status,
        policies=carriers,
        weights=weights,
        q=policies.on_model(q),
        nodes=budget.used,
    )


def log_readings(reachable: ReachableWorld, policies: ReadingPolicies) -> float:
    """Return the logarithm of the number of readings: an upper end, times the probability of the times that count."""
    scale = reachable.choices.discount if reachable.n_apart else 1.0
    return scale * math.log(max(policies.readings.size, 1))


def read_information(
    reachable: ReachableWorld, policies: ReadingPolicies, taken: np.ndarray, weights: np.ndarray
) -> tuple[float, float]:
    """Return what the readings tell of some policies, in nats, and a bound on the error.

    Parameters
    ----------
    reachable : ReachableWorld
    policies : ReadingPolicies
    taken : ndarray of int of shape (n_policies, n_states)
        Choices.
    weights : ndarray of shape (n_policies,)
    """
    rows = occupancies(reachable.choices, taken)
    distance = rows.distance + reachable.mass_error + (taken.shape[1] + 4) * _EPS
    return information(policies.read(rows.rows), weights, distance)


def confirmed_bound(
    reachable: ReachableWorld, policies: ReadingPolicies, q: np.ndarray, upper: float, kernels: ModuleType
) -> float:
    """Repeat the search for a distribution until it confirms an upper end, and return the bound in nats.

    Parameters
    ----------
    reachable : ReachableWorld
    policies : ReadingPolicies
    q : ndarray of shape (n_readings,)
        Of the readings of the polytope; positive.
    upper : float
        In nats.
    kernels : module
        Kernels of actuation.
    """
    bound = log_readings(reachable, policies)
    if bound <= upper or not (q > 0).all():
        return bound
    slack, rows = rounding(reachable, q), policies.support(np.zeros((1, q.size)))[1]
    search = BoxSearch(policies, kernels, Budget())
    return min(bound, search.largest_divergence(q, upper - slack, rows).bound + slack)

"""The closed form above the capacity from policies to occupancies, made of distances alone.

With ``theta = g * (1 - g) ** ((1 - g) / g)`` and d(s) the fewest steps from the start to state s, no policy of a
deterministic world has a divergence of more than ``ln sum_s theta ** d(s)`` from the distribution proportional to
``theta ** d(s)``. The page on skills has the proof. A stochastic world has no more occupancies than the one in which
the agent chooses among all outcomes of its actions, so that the distances of that world give an upper end.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from empowerment.models.dead_ends import lasting_actions
from empowerment.models.mdp import MDP

# Roundings of one power and of the logarithm at the end, beside those of the sum.
_ROUNDINGS = 16


def lasting_steps(model: MDP) -> sparse.csr_array:
    """Return which state may follow which one under actions that never lead to a dead end, as a matrix of ones."""
    n_states, n_actions = model.available.shape
    rows = model.rows.tocoo()
    used = lasting_actions(model).reshape(-1)[rows.row] & (rows.data > 0)
    pairs = rows.row[used] // n_actions, rows.col[used]
    counts = sparse.csr_array((np.ones(pairs[0].size), pairs), shape=(n_states, n_states))
    counts.sum_duplicates()
    counts.data[:] = 1.0
    return counts


def later_distances(steps: sparse.csr_array, starts: np.ndarray, *, again: bool) -> np.ndarray:
    """Return the fewest steps, at least one, from each start to each state; infinite where there is no way.

    Parameters
    ----------
    steps : csr_array of shape (n_states, n_states)
    starts : ndarray of int of shape (n_starts,)
    again : bool
        Whether to give the fewest steps from a start back to itself, instead of infinity.

    Returns
    -------
    ndarray of shape (n_starts, n_states)
    """
    found = np.asarray(dijkstra(steps, unweighted=True, indices=starts))
    before = steps.T.tocsr()
    for row, start in zip(found, starts.tolist(), strict=True):
        last = before.indices[before.indptr[start] : before.indptr[start + 1]]
        row[start] = 1.0 + row[last].min(initial=math.inf) if again else math.inf
    return found


def log_theta(discount: float) -> float:
    """Return the logarithm of the weight of one step, for a discount above 0: 0 for one of 1."""
    if discount == 1.0:
        return 0.0
    return math.log(discount) + (1.0 - discount) * (math.log1p(-discount) / discount)


def upper_bound(later: np.ndarray, discount: float, include_start: bool) -> np.ndarray:
    """Return a bound on the capacity from policies to the state at a geometric time, rounded up.

    Parameters
    ----------
    later : ndarray of shape (n_starts, n_states)
        Steps to later states, those of a start back to itself included only if the time begins with 1.
    discount : float
        In [0, 1].
    include_start : bool
        Whether the time begins with 0.

    Returns
    -------
    ndarray of shape (n_starts,)
        In nats.
    """
    if include_start:
        return _log_sum(later, discount) if discount else np.zeros(len(later))
    within = np.isfinite(later) if discount else later == 1
    count = np.log(np.maximum(within.sum(axis=1), 1)) * (1.0 + 2.0 * np.finfo(float).eps)
    return np.minimum(_log_sum(later, discount) / discount, count) if discount else count


def _log_sum(later: np.ndarray, discount: float) -> np.ndarray:
    """Return the logarithm of 1, the weight of the start, plus the weights of later states, rounded up."""
    near, exponent = np.isfinite(later), np.full(later.shape, -np.inf)
    exponent[near] = later[near] * log_theta(discount)
    largest = -exponent[near].min(initial=0.0)
    slack = (later.shape[1] + largest + _ROUNDINGS) * np.finfo(float).eps
    underflow = near.sum(axis=1) * np.finfo(float).tiny
    return np.asarray(np.log1p(np.exp(exponent).sum(axis=1)) * (1.0 + slack) + underflow)

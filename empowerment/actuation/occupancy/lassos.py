"""Deterministic worlds: the capacity from all policies to the discounted occupancy, by pricing lassos.

A deterministic policy is a lasso, a path into a cycle. Column generation solves for a few of them, and the oracle
prices all others exactly, in polynomial time; the kernel `best_lassos` says how.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import ModuleType
from typing import NamedTuple

import numpy as np
from scipy import sparse

from empowerment.actuation.occupancy.closed_form import log_theta
from empowerment.actuation.open_loop.column_generation import Columns, generate
from empowerment.capacity.options import SolverOptions

_EPS = float(np.finfo(float).eps)
ENTRY_ERROR = 16 * _EPS
"""Relative error of an entry of an occupancy: two powers, a product and a quotient."""


@dataclass(frozen=True)
class Graph:
    """What can be reached from a start, which is number 0.

    Attributes
    ----------
    states : ndarray of int of shape (n_states,)
        Numbers of the states in the model.
    indptr, indices : ndarray of int64
        The distinct states that may come before each, as CSR.
    distance : ndarray of shape (n_states,)
        Fewest steps from the start; 0 for the start itself.
    """

    states: np.ndarray
    indptr: np.ndarray
    indices: np.ndarray
    distance: np.ndarray

    @classmethod
    def around(cls, steps: sparse.csr_array, start: int, later: np.ndarray, *, apart: bool) -> Graph:
        """Return the graph of a start with these distances of later states.

        With `apart` the start is a state of its own, to which nothing leads back, in front of the state in the model.
        """
        reached = np.flatnonzero(np.isfinite(later))
        reached = reached if apart else reached[reached != start]
        states = np.concatenate([[start], reached])
        rows = steps[states][:, reached].tocoo()
        before, after = rows.row, rows.col + 1
        if not apart:
            back = steps[states][:, [start]].tocoo()
            before, after = np.concatenate([before, back.row]), np.concatenate([after, back.col])
        order = np.lexsort((before, after))
        indptr = np.concatenate([[0], np.cumsum(np.bincount(after, minlength=states.size))])
        distance = np.concatenate([[0.0], later[reached]])
        return cls(states, indptr.astype(np.int64), before[order].astype(np.int64), distance)


class LassoSolution(NamedTuple):
    """A capacity in nats, and the policies that carry it.

    Attributes
    ----------
    value, lower, upper : float
    closes : ndarray of int of shape (n_skills,)
        The place in each walk to which its last step leads back.
    walks : ndarray of int of shape (n_skills, n_states)
        The states of each walk in the graph, then -1.
    weights : ndarray of shape (n_skills,)
    q : ndarray of shape (n_states,)
        The output distribution that proves the upper end.
    """

    value: float
    lower: float
    upper: float
    closes: np.ndarray
    walks: np.ndarray
    weights: np.ndarray
    q: np.ndarray


class LassoOracle:
    """All policies of a deterministic world as inputs; see `column_generation.Oracle`."""

    def __init__(self, graph: Graph, discount: float, kernels: ModuleType) -> None:
        self._graph, self._discount, self._kernels = graph, discount, kernels

    def first(self) -> Columns:
        """Return the best lassos for the distribution of the closed form."""
        weights = np.exp(np.maximum(self._graph.distance * log_theta(self._discount), -600.0))
        return self.price(weights / weights.sum(), -math.inf)[1]

    def price(self, q: np.ndarray, above: float) -> tuple[float, Columns]:
        """Return an upper end of the divergences of all policies from q, and lassos that exceed `above`.

        The end holds for any positive q, whether or not it sums to 1.
        """
        costs = -np.log(q)
        found = self._kernels.best_lassos(self._graph.indptr, self._graph.indices, costs, self._discount, above)
        # A value is a sum over at most two steps for each state, with weights that sum to 1; four times that is safe.
        logs = (
            math.log1p(-self._discount) + math.log(self._discount) if self._discount < 1.0 else -math.log(costs.size)
        )
        largest = 2.0 + float(np.abs(costs).max()) - logs
        rounding = 4.0 * (2.0 * costs.size + 16.0) * _EPS * largest
        upper = float(found.values.max()) + math.log(math.fsum(q)) + rounding
        used = np.flatnonzero(found.closes >= 0)
        walks = np.column_stack([found.closes[used], found.states[used]])
        return upper, Columns(occupancies(walks, self._discount), np.zeros(used.size), walks)


def occupancies(walks: np.ndarray, discount: float) -> np.ndarray:
    """Return the discounted occupancy of each lasso.

    Parameters
    ----------
    walks : ndarray of int of shape (n_walks, 1 + n_states)
        The place to which the last step leads back, then the different states in their order, then -1.
    discount : float

    Returns
    -------
    ndarray of shape (n_walks, n_states)
    """
    closes, states = walks[:, :1], walks[:, 1:]
    place = np.arange(states.shape[1])
    length = (states >= 0).sum(axis=1, keepdims=True)
    if discount < 1.0:
        round_again = np.where(place >= closes, -np.expm1((length - closes) * math.log(discount)), 1.0)
        weights = (1.0 - discount) * discount**place / round_again
    else:
        weights = (place >= closes) / (length - closes)
    rows, (walk, step) = np.zeros(states.shape), np.nonzero(states >= 0)
    rows[walk, states[walk, step]] = weights[walk, step]
    return rows


def solve_lassos(graph: Graph, discount: float, options: SolverOptions, kernels: ModuleType) -> LassoSolution:
    """Compute the capacity from all policies to the discounted occupancy; `options` are in nats."""
    if graph.states.size == 1:
        return LassoSolution(
            0.0, 0.0, 0.0, np.zeros(1, dtype=int), np.zeros((1, 1), dtype=int), np.ones(1), np.ones(1)
        )
    found = generate(LassoOracle(graph, discount, kernels), options.share(0.9))
    slack = 2.0 * ENTRY_ERROR * (1.0 + max(found.upper, 0.0))
    lower = found.lower - slack
    closes, walks = found.sequences[:, 0], found.sequences[:, 1:]
    return LassoSolution(max(found.value, 0.0), lower, found.upper, closes, walks, found.weights, found.q)

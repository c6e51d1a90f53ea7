"""Intervals for a capacity that is estimated from counts: confidence, credible, and guaranteed."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from empowerment.capacity.estimation.resampling import Solved, Solver, dirichlet_rows, multinomial_rows
from empowerment.capacity.partial.continuity import largest_change
from empowerment.capacity.result import CapacityResult


class Ends(NamedTuple):
    """An interval, and the draws it was made of."""

    lower: float
    upper: float
    draws: Solved | None


class Wanted(NamedTuple):
    """What all intervals are made from, besides the counts.

    Attributes
    ----------
    plug_in : CapacityResult
        Capacity of the empirical channel.
    level : float
    prior : ndarray of shape (n_inputs, n_outputs)
        What is added to the counts.
    n_draws : int
    rng : numpy.random.Generator
    solver : Solver
    """

    plug_in: CapacityResult
    level: float
    prior: np.ndarray
    n_draws: int
    rng: np.random.Generator
    solver: Solver


def tails(level: float) -> tuple[float, float]:
    """Return the two quantiles between which a share `level` lies in the middle."""
    return 0.5 * (1.0 - level), 0.5 * (1.0 + level)


def bootstrap(counts: np.ndarray, wanted: Wanted) -> Ends:
    """Sample the rows anew, and move the quantiles to where the capacity is.

    The draws lie above the capacity they were drawn from by a bias, and the plug-in above the true capacity by about
    the same. So twice that bias is taken off.
    """
    seen = counts.any(axis=0)
    weights = counts[:, seen] + wanted.prior[:, seen]
    rows = weights / weights.sum(axis=1, keepdims=True)
    drawn_from = float(wanted.solver.solve(rows).value)
    draws = wanted.solver.capacities(multinomial_rows(counts.sum(axis=1), rows, wanted.rng), wanted.n_draws)
    bias = float(draws.value.mean()) - drawn_from
    moved = float(wanted.plug_in.value) - drawn_from - 2.0 * bias
    lower, upper = np.quantile(draws.value, tails(wanted.level)) + moved
    return Ends(float(lower), float(upper), draws)


def dirichlet(counts: np.ndarray, wanted: Wanted) -> Ends:
    """Take the quantiles of the posterior distribution."""
    draws = wanted.solver.capacities(dirichlet_rows(counts + wanted.prior, wanted.rng), wanted.n_draws)
    lower, upper = np.quantile(draws.value, tails(wanted.level))
    return Ends(float(lower), float(upper), draws)


def concentration(counts: np.ndarray, wanted: Wanted) -> Ends:
    """Take how far the rows may be off, and how far a capacity can move with them."""
    distance = _row_distance(counts.sum(axis=1), counts.shape[1], wanted.level)
    change = largest_change(distance, min(counts.shape)) / math.log(wanted.plug_in.base)
    return Ends(float(wanted.plug_in.lower) - change, float(wanted.plug_in.upper) + change, None)


INTERVALS = {"bootstrap": bootstrap, "dirichlet": dirichlet, "concentration": concentration}


def _row_distance(n: np.ndarray, n_outputs: int, level: float) -> float:
    """Return a total variation distance beyond which, with probability `level`, no row is from the true one.

    The bound of Weissman et al. (2003) for each row, by the union bound for all of them.
    """
    if n_outputs == 1:
        return 0.0
    events = n_outputs * math.log(2.0) + math.log1p(-(2.0 ** (1 - n_outputs)))
    return math.sqrt((events + math.log(len(n) / (1.0 - level))) / (2.0 * float(n.min())))

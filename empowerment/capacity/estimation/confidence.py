"""Intervals for a capacity that is estimated from counts: confidence, credible, and guaranteed."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from empowerment.capacity.estimation.resampling import DrawnCapacities, DrawSolver, dirichlet_rows, multinomial_rows
from empowerment.capacity.partial.continuity import largest_change
from empowerment.capacity.result import CapacityResult


class ConfidenceLimits(NamedTuple):
    """A statistical interval, and the random draws it was computed from."""

    lower: float
    upper: float
    draws: DrawnCapacities | None


class IntervalTask(NamedTuple):
    """Inputs of all intervals, except the counts.

    Attributes
    ----------
    plug_in : CapacityResult
        Capacity of the empirical channel.
    level : float
    prior : ndarray of shape (n_inputs, n_outputs)
        Pseudo-counts added to the counts.
    n_draws : int
    rng : numpy.random.Generator
    solver : DrawSolver
    """

    plug_in: CapacityResult
    level: float
    prior: np.ndarray
    n_draws: int
    rng: np.random.Generator
    solver: DrawSolver


def tails(level: float) -> tuple[float, float]:
    """Return the two quantile levels of the central interval of probability `level`."""
    return 0.5 * (1.0 - level), 0.5 * (1.0 + level)


def bootstrap(counts: np.ndarray, task: IntervalTask) -> ConfidenceLimits:
    """Compute a bootstrap interval with a correction of the bias.

    Draws exceed the capacity of the channel they were drawn from by a bias, and the plug-in exceeds the true capacity
    by about the same, so twice this bias is subtracted.
    """
    seen = counts.any(axis=0)
    weights = counts[:, seen] + task.prior[:, seen]
    rows = weights / weights.sum(axis=1, keepdims=True)
    drawn_from = float(task.solver.solve(rows).value)
    draws = task.solver.capacities(multinomial_rows(counts.sum(axis=1), rows, task.rng), task.n_draws)
    bias = float(draws.value.mean()) - drawn_from
    moved = float(task.plug_in.value) - drawn_from - 2.0 * bias
    lower, upper = np.quantile(draws.value, tails(task.level)) + moved
    return ConfidenceLimits(float(lower), float(upper), draws)


def dirichlet(counts: np.ndarray, task: IntervalTask) -> ConfidenceLimits:
    """Compute a credible interval from the quantiles of the posterior."""
    draws = task.solver.capacities(dirichlet_rows(counts + task.prior, task.rng), task.n_draws)
    lower, upper = np.quantile(draws.value, tails(task.level))
    return ConfidenceLimits(float(lower), float(upper), draws)


def concentration(counts: np.ndarray, task: IntervalTask) -> ConfidenceLimits:
    """Compute a guaranteed interval from the distance of the rows and the continuity of the capacity."""
    distance = _row_distance(counts.sum(axis=1), counts.shape[1], task.level)
    change = largest_change(distance, min(counts.shape)) / math.log(task.plug_in.base)
    return ConfidenceLimits(float(task.plug_in.lower) - change, float(task.plug_in.upper) + change, None)


INTERVALS = {"bootstrap": bootstrap, "dirichlet": dirichlet, "concentration": concentration}


def _row_distance(n: np.ndarray, n_outputs: int, level: float) -> float:
    """Return a total variation distance within which, with probability `level`, all rows are.

    The bound of Weissman et al. (2003) for each row, by the union bound for all of them.
    """
    if n_outputs == 1:
        return 0.0
    events = n_outputs * math.log(2.0) + math.log1p(-(2.0 ** (1 - n_outputs)))
    return math.sqrt((events + math.log(len(n) / (1.0 - level))) / (2.0 * float(n.min())))

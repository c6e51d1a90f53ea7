"""Capacity per unit of cost: the largest ratio of information to what the inputs cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.capacity.constrained.lagrangian import (
    EPS,
    MAX_SOLVES,
    LagrangianBounds,
    checked_problem,
    met,
    report_missed,
    status_of,
)
from empowerment.capacity.options import SolverOptions
from empowerment.capacity.solve import LARGEST_REWARD
from empowerment.core.channel import Channel
from empowerment.core.status import Status
from empowerment.results.certified import Certified


@dataclass(frozen=True, eq=False, repr=False)
class CapacityPerCostResult(Certified):
    """The largest information per unit of cost, with its certified interval.

    The numbers are scalars of NumPy. The unit is that of information, for each unit of cost.

    Attributes
    ----------
    value : float
        Best estimate, between `lower` and `upper`: the price of a unit of cost from which on nothing is worth
        spending. Infinite where information is free, or as good as free when little is spent.
    lower, upper : float
        The supremum lies between them. `upper` is ``max_x D(p(.|x) || q) / costs[x]`` for the q in
        `output_distribution`. `lower` is the information at `input_distribution` divided by its cost or, with a
        free input, the divergence of the best input's row from the free one's, divided by the best input's cost.
    best_input : hashable
        Label of an input that decides `upper`. With a free input it is the one to use, ever more rarely.
    free_input : hashable or None
        Label of an input of cost 0, the first if there are several; None if there is none.
    input_distribution : ndarray of shape (n_inputs,) or None
        Attains `lower`. None where there is a free input: the supremum is then approached as the cost goes to
        0, or is infinite.
    output_distribution : ndarray of shape (n_outputs,)
        Proves `upper`. With a free input it is that input's row.
    cost : float
        What `input_distribution` costs on average; 0 where there is a free input.
    n_solves : int
        How many capacities with rewards were solved.
    status : Status
    method : str
        "free-input" for the formula with a free input, else "dinkelbach".
    base : float
        Base of the logarithm, 2 for bits.
    tol, rtol : float
        The width that was asked for.
    backend : str
        "formula" where there is a free input: nothing is then solved.

    See Also
    --------
    capacity_per_unit_cost : Compute the largest information per unit of cost.
    capacity_cost : Compute the capacity under a budget.

    Examples
    --------
    >>> import empowerment as emp
    >>> result = emp.capacity_per_unit_cost([[1.0, 0.0], [0.5, 0.5]], [1, 2])
    >>> round(float(result), 4), result.unit, result.free_input is None
    (0.2384, 'bits', True)
    """

    _parts = (Status,)

    value: np.float64
    lower: np.float64
    upper: np.float64
    best_input: Any
    free_input: Any
    input_distribution: np.ndarray | None
    output_distribution: np.ndarray
    cost: np.float64
    n_solves: int
    status: Status
    base: float
    tol: float
    rtol: float
    backend: str

    @property
    def gap(self) -> np.ndarray:
        """Width of the certified interval; 0 where both ends are infinite."""
        return np.subtract(self.upper, self.lower) if self.lower < self.upper else np.zeros(())[()]

    @property
    def converged(self) -> np.ndarray:
        """Whether ``upper - lower <= max(tol, rtol * lower)``, and nothing else; two infinite ends meet."""
        return super().converged if self.lower < self.upper else np.ones((), dtype=bool)[()]

    @property
    def method(self) -> str:
        """How the ratio was found."""
        return "free-input" if self.backend == "formula" else "dinkelbach"

    def stated(self) -> str:
        """Return the text of the number for a repr, with its unit for each unit of cost.

        Returns
        -------
        str
            The text.
        """
        return super().stated().replace(self.unit, f"{self.unit} per unit of cost")

    @property
    def _details(self) -> Sequence[str]:
        how = f"{self.n_solves} solves on {self.backend}" if self.n_solves else "by the formula for a free input"
        return f"best input {self.best_input!r}", how


def capacity_per_unit_cost(
    channel: Any,
    costs: Any,
    *,
    tol: float = 1e-9,
    rtol: float = 0.0,
    base: float | str = 2,
    backend: str | None = None,
    on_failure: str = "warn",
) -> CapacityPerCostResult:
    """Compute the largest information per unit of cost, ``sup_p I(p) / (p @ costs)``.

    Parameters
    ----------
    channel : Channel or array_like or sparse array of shape (n_inputs, n_outputs)
        One distribution over outputs for each input.
    costs : array_like of shape (n_inputs,)
        Cost of each input, at least 0.
    tol : float
        Width wanted of the interval, in the result's unit for each unit of cost; at least 1e-12.
    rtol : float
        Width wanted relative to `lower`; the wider of the two counts. Useful for very small ratios.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.
    backend : {"numba", "reference", "jax"}, optional
        See :func:`channel_capacity`.
    on_failure : {"warn", "raise", "ignore"}
        What to do when the interval stays wider than the tolerance. The interval holds in any case.

    Returns
    -------
    CapacityPerCostResult
        The largest ratio, an input that decides it, and the distributions that prove the interval.

    Raises
    ------
    ValueError
        If the channel is not stochastic, a cost is negative or not finite, there is not one cost for each input,
        or an option is not known.
    RuntimeError
        If the tolerance is missed and ``on_failure="raise"``.

    Warns
    -----
    ConvergenceWarning
        If the tolerance is missed and ``on_failure="warn"``.

    See Also
    --------
    capacity_cost : Compute the capacity under a budget.
    channel_capacity : Compute a capacity without costs, or with rewards.

    Notes
    -----
    For any output distribution q the supremum is at most ``max_x D(p(.|x) || q) / costs[x]``, because
    ``I(p) <= sum_x p_x D(p(.|x) || q)``. With a free input that bound is attained by the free input's row as q
    (Verdú 1990): rare use of one other input among many of the free one. It is infinite if a row reaches an
    output that the free row does not, or if two free inputs have rows that differ at all; zeros and equality
    are taken as they stand, without a threshold. Without a free input, the ratio reached by one price is the
    next price (Dinkelbach 1967).

    References
    ----------
    Verdú (1990), "On channel capacity per unit cost".
    Dinkelbach (1967), "On nonlinear fractional programming".

    Examples
    --------
    A switch that is read wrongly one time in ten, where only one of the positions costs anything:

    >>> import empowerment as emp
    >>> result = emp.capacity_per_unit_cost([[0.9, 0.1], [0.1, 0.9]], [0, 1])
    >>> round(float(result), 6), result.best_input
    (2.53594, 1)
    """
    options = SolverOptions.checked(tol=tol, rtol=rtol, base=base, backend=backend, on_failure=on_failure)
    channel, costs = checked_problem(channel, costs)
    if (costs < 0).any():
        x = int(np.argmax(costs < 0))
        raise ValueError(f"costs[{x}] is {costs[x]:g}, expected costs of at least 0 to divide by")
    if ((costs > 0) & (costs < 1 / LARGEST_REWARD)).any():
        x = int(np.argmax((costs > 0) & (costs < 1 / LARGEST_REWARD)))
        raise ValueError(f"costs[{x}] is {costs[x]:g}, expected 0 or at least {1 / LARGEST_REWARD:g} to divide by")
    solve = _with_free_input if (costs == 0).any() else _without_free_input
    result = solve(channel, costs, options)
    report_missed(result, result.status, on_failure)
    return result


def _with_free_input(channel: Channel, costs: np.ndarray, options: SolverOptions) -> CapacityPerCostResult:
    """Maximise the divergence of a row from the free input's row, divided by its cost."""
    free, paid = np.flatnonzero(costs == 0), np.flatnonzero(costs > 0)
    rows = channel.matrix[free]
    rows = rows.toarray() if sparse.issparse(rows) else rows
    q = np.ascontiguousarray(rows[0])
    differ = np.flatnonzero((rows != q).any(axis=1))
    best, value, lower, upper = int(free[0]), 0.0, 0.0, 0.0
    if differ.size:  # information at no cost
        best, value = int(free[differ[0]]), math.inf
        lower = upper = value
    elif paid.size:
        plain, slack = LagrangianBounds(channel, options).divergences(q, paid)
        ratios = plain / costs[paid]
        best, value = int(paid[ratios.argmax()]), max(float(ratios.max()), 0.0)
        lower = upper = value
        if not math.isinf(value):
            lower = max(math.nextafter(float(((plain - slack) / costs[paid]).max()), -math.inf), 0.0)
            upper = math.nextafter(float(((plain + slack) / costs[paid]).max()), math.inf)
    return CapacityPerCostResult(
        value=np.float64(value),
        lower=np.float64(lower),
        upper=np.float64(upper),
        best_input=channel.inputs[best],
        free_input=channel.inputs[int(free[0])],
        input_distribution=None,
        output_distribution=q,
        cost=np.float64(0.0),
        n_solves=0,
        status=status_of(options, lower, upper),
        base=options.base,
        tol=options.tol,
        rtol=options.rtol,
        backend="formula",
    )


def _without_free_input(channel: Channel, costs: np.ndarray, options: SolverOptions) -> CapacityPerCostResult:
    """Iterate Dinkelbach's method: the ratio of information to cost at one price is the next price."""
    # The smallest cost bounds the effect of an error of the information.
    bounds = LagrangianBounds(channel, replace(options, tol=options.tol * float(costs.min())))
    price, value, lower, upper, n_solves = 0.0, 0.0, -math.inf, math.inf, 0
    while n_solves < MAX_SOLVES:
        n_solves += 1
        point = bounds.point(costs, price)
        cost = math.fsum(point.p * costs)
        plain, slack = bounds.divergences(point.q)
        ratios = (plain + slack) / costs * (1 + EPS)
        ratio = (point.information - 4 * EPS * abs(point.information)) / cost
        if ratio > lower:
            lower, p = ratio, point.p
            value = bounds.information(p)[0] / cost
        if ratios.max() < upper:
            upper, q, best = float(ratios.max()), point.q, int(ratios.argmax())
        if met(options, lower, upper) or not lower > price:
            break
        price = lower
    lower = max(lower, 0.0)
    return CapacityPerCostResult(
        value=np.float64(min(max(value, lower, 0.0), upper)),
        lower=np.float64(lower),
        upper=np.float64(upper),
        best_input=channel.inputs[best],
        free_input=None,
        input_distribution=p,
        output_distribution=q,
        cost=np.float64(math.fsum(p * costs)),
        n_solves=n_solves,
        status=status_of(options, lower, upper, [point.status]),
        base=options.base,
        tol=options.tol,
        rtol=options.rtol,
        backend=point.backend,
    )

"""Capacity under a budget: the largest information over input distributions within a cost."""

from __future__ import annotations

from typing import Any

import numpy as np

from empowerment.capacity.constrained.cost_curve import CostCurve
from empowerment.capacity.constrained.lagrangian import (
    checked_problem,
    report_missed,
)
from empowerment.capacity.constrained.result import CapacityCostResult
from empowerment.capacity.options import SolverOptions
from empowerment.core import validate


def capacity_cost(
    channel: Any,
    costs: Any,
    budget: Any = None,
    *,
    tol: float = 1e-9,
    rtol: float = 0.0,
    base: float | str = 2,
    backend: str | None = None,
    on_failure: str = "warn",
) -> CapacityCostResult:
    """Compute the capacity of a channel whose inputs may cost no more than a budget on average.

    Parameters
    ----------
    channel : Channel or array_like or sparse array of shape (n_inputs, n_outputs)
        One distribution over outputs for each input.
    costs : array_like of shape (n_inputs,)
        Cost of each input, in any unit. Costs may be negative: adding the same number to all costs and to the budget
        changes nothing.
    budget : float or array_like of shape (...), optional
        Largest average cost, in the unit of the costs. By default the whole curve: 33 budgets, evenly spaced from the
        smallest cost to the one from which a larger budget has no effect (up to about ``sqrt(tol)`` of the range of
        costs), or the smallest cost alone if that is already enough.
    tol : float
        Width wanted of each interval, in the result's unit; at least 1e-12.
    rtol : float
        Width wanted relative to `lower`; the wider of the two counts.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.
    backend : {"numba", "reference", "jax"}, optional
        See :func:`channel_capacity`.
    on_failure : {"warn", "raise", "ignore"}
        What to do when an interval stays wider than the tolerance. The interval holds in any case.

    Returns
    -------
    CapacityCostResult
        The capacity, the price of a unit of cost, and the distributions that prove the interval, in the shape of
        `budget`.

    Raises
    ------
    ValueError
        If the channel is not stochastic, a cost or a budget is not finite, there is not one cost for each input,
        a budget is below the smallest cost, or an option is not known.
    RuntimeError
        If a tolerance is missed and ``on_failure="raise"``.

    Warns
    -----
    ConvergenceWarning
        If a tolerance is missed and ``on_failure="warn"``.

    See Also
    --------
    capacity_per_unit_cost : Compute the largest information per unit of cost.
    channel_capacity : Compute a capacity without costs, or with rewards.

    Notes
    -----
    With a price s for each unit of cost, the budget's constraint becomes a reward of ``-s * costs``:
    ``C(budget) = min over s >= 0 of s * budget + max_p I(p) - s * p @ costs``. Each solve at a price gives a
    point of the curve and a line above all of it, and budgets share them. The next price is the slope, at the
    budget, of the cubic through the two points next to it; where that gains little it is the slope of their
    chord, which finds straight pieces of the curve in one step. Input distributions are mixed to keep the budget.

    References
    ----------
    Blahut (1972), "Computation of channel capacity and rate-distortion functions".

    Examples
    --------
    Staying is free, and each of four moves costs 1:

    >>> import numpy as np
    >>> import empowerment as emp
    >>> result = emp.capacity_cost(np.eye(5), [0, 1, 1, 1, 1], 0.4)
    >>> round(float(result), 6), round(float(result.price), 3), bool(result.converged)
    (1.770951, 2.585, True)
    """
    options = SolverOptions.checked(tol=tol, rtol=rtol, base=base, backend=backend, on_failure=on_failure)
    channel, costs = checked_problem(channel, costs)
    curve = CostCurve(channel, costs, options)
    budgets = curve.default_budgets() if budget is None else _budgets(budget, costs)
    points: list[Any] = [None] * budgets.size
    for i in np.argsort(budgets, axis=None, kind="stable"):
        points[i] = curve.at(float(budgets.flat[i]))
    result = curve.result(budgets, points)
    report_missed(result, result.status, on_failure)
    return result


def _budgets(values: Any, costs: np.ndarray) -> np.ndarray:
    budgets = validate.number_array(values, "budget", None, "(...)").astype(np.float64)
    wrong = ~np.isfinite(budgets) | (budgets < costs.min())
    if wrong.any():
        at = np.unravel_index(int(np.argmax(wrong)), budgets.shape)
        where = f"[{', '.join(map(str, at))}]" if at else ""
        raise ValueError(
            f"budget{where} is {budgets[at]:g}, expected a finite number of at least {costs.min():g}, "
            f"the cost of the cheapest input (number {int(costs.argmin())})"
        )
    return budgets

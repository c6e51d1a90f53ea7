"""Capacity under a budget: the largest information over input distributions within a cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from empowerment.capacity.constrained.lagrangian import (
    EPS,
    MAX_SOLVES,
    CurvePoint,
    LagrangianBounds,
    checked_problem,
    met,
    report_missed,
    status_of,
)
from empowerment.capacity.options import SolverOptions
from empowerment.core import validate
from empowerment.core.channel import Channel
from empowerment.core.status import Status
from empowerment.results.certified import Labelled

_CURVE_BUDGETS = 33

# A point that spends less than this fraction of a budget counts as the end of the curve.
_END = 1e-6


@dataclass(frozen=True, eq=False, repr=False)
class CapacityCostResult(Labelled):
    """The capacity under a budget, for one budget or a curve of them, each with its certified interval.

    For one budget the numbers are scalars of NumPy; for an array of budgets they have its shape, and the result is
    sized, iterable over the budgets and indexed by them.

    Attributes
    ----------
    value : float or ndarray of shape (...)
        Best estimate, between `lower` and `upper` and never below 0.
    lower, upper : float or ndarray of shape (...)
        The capacity lies between them. `lower` is the information at `input_distribution`, which keeps the
        budget; `upper` is ``max_x D(p(.|x) || q) + price * (budget - costs[x])`` for the q in
        `output_distribution`. Both on the caller's matrix, rounded outward.
    budget : float or ndarray of shape (...)
    price : float or ndarray of shape (...)
        What one more unit of cost is worth, in units of information: the slope of the curve at the budget (one
        of its slopes where it has a corner). 0 where the budget does not bind. Infinite where the budget is the
        smallest cost and binds: then only the cheapest inputs are allowed, and `upper` is the largest
        divergence of *their* rows from `output_distribution`.
    input_distribution : ndarray of shape (..., n_inputs)
        Proves `lower`; its mean of ``costs - budget`` is not above 0.
    output_distribution : ndarray of shape (..., n_outputs)
        Proves `upper`.
    cost : float or ndarray of shape (...)
        What `input_distribution` costs on average.
    n_solves : int
        How many capacities with rewards were solved, for all budgets together.
    status : Status or ndarray of int of shape (...)
    method : str
        "lagrangian": capacities at prices of a unit of cost.
    base : float
        Base of the logarithm, 2 for bits.
    tol, rtol : float
        The width that was asked for.
    backend : str

    See Also
    --------
    capacity_cost : Compute the capacity under a budget.
    capacity_per_unit_cost : Compute the largest information per unit of cost.

    Examples
    --------
    >>> import numpy as np
    >>> import empowerment as emp
    >>> curve = emp.capacity_cost(np.eye(3), [0, 1, 1], [0.0, 0.25, 0.5])
    >>> curve.value.round(4), curve.price.round(2)
    (array([0.    , 1.0613, 1.5   ]), array([ inf, 2.58, 1.  ]))
    """

    _each = (
        "value",
        "lower",
        "upper",
        "budget",
        "price",
        "input_distribution",
        "output_distribution",
        "cost",
        "status",
    )
    _parts = (Status,)

    value: np.ndarray | np.float64
    lower: np.ndarray | np.float64
    upper: np.ndarray | np.float64
    budget: np.ndarray | np.float64
    price: np.ndarray | np.float64
    input_distribution: np.ndarray
    output_distribution: np.ndarray
    cost: np.ndarray | np.float64
    n_solves: int
    status: np.ndarray | Status
    base: float
    tol: float
    rtol: float
    backend: str

    @property
    def method(self) -> str:
        """How the capacity was found: by capacities at prices of a unit of cost."""
        return "lagrangian"

    @property
    def _axes(self) -> Mapping[str, Sequence[Any]]:
        return {} if isinstance(self.status, Status) else {"budget": np.reshape(self.budget, -1).tolist()}

    @property
    def _subject(self) -> str:
        return f"{self.value.size} budgets from {self.budget.min():g} to {self.budget.max():g}"

    @property
    def _details(self) -> Sequence[str]:
        made = f"{self.n_solves} solves on {self.backend}"
        return (
            (f"at budget {self.budget:g}, price {self.price:.6g}", made)
            if isinstance(self.status, Status)
            else (made,)
        )

    def _part(self, part: slice) -> dict[str, Any]:
        index = np.unravel_index(part.start, np.shape(self.value))
        return {name: getattr(self, name)[index] for name in self._each} | {
            "status": Status(int(np.asarray(self.status)[index]))
        }


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
    curve = _Curve(channel, costs, options)
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


class _BudgetSolution(NamedTuple):
    """The interval at one budget, and the distributions that prove it."""

    value: float
    lower: float
    upper: float
    price: float
    p: np.ndarray
    q: np.ndarray
    status: Status


class _Curve:
    """The capacity-cost curve: the points solved so far, and the search for further prices.

    Costs and budgets are relative to the smallest cost.
    """

    def __init__(self, channel: Channel, costs: np.ndarray, options: SolverOptions) -> None:
        self.costs, self.options = costs, options
        self.smallest = float(costs.min())
        self.above = costs - self.smallest
        self.bounds = LagrangianBounds(channel, options)
        self.n_solves = 0
        self.points: list[CurvePoint] = []
        self.solve(0.0)
        if self.above.any():
            self.points.append(self._cheapest())

    def solve(self, price: float) -> CurvePoint:
        """Add the point at a price."""
        self.n_solves += 1
        self.points.append(self.bounds.point(self.above, price))
        return self.points[-1]

    def _cheapest(self) -> CurvePoint:
        """Return the end of the curve where the price is infinite: the inputs of the smallest cost alone."""
        rows = np.flatnonzero(self.above == 0)
        channel = self.bounds.channel
        p = np.zeros(channel.n_inputs)
        if rows.size == 1:
            p[rows] = 1.0
            status, backend = Status.CERTIFIED, self.points[0].backend
            q = np.asarray(p @ channel.matrix)
        else:
            self.n_solves += 1
            part = LagrangianBounds(Channel.from_valid(channel.matrix[rows]), self.options).point(
                np.zeros(rows.size), 0.0
            )
            p[rows], q, status, backend = part.p, part.q, part.status, part.backend
        information = self.bounds.information(p)[1]
        return CurvePoint(math.inf, 0.0, information, math.inf, p, q, status, backend)

    def default_budgets(self) -> np.ndarray:
        """Return budgets from the smallest cost to the one from which the curve is flat."""
        if not self.above.any():
            return np.array([self.smallest])
        # Optimal input distributions may differ in cost; a very small price finds the cheapest of them.
        price = 0.1 * math.sqrt(self.options.tol) / float(self.above.max())
        enough = self.solve(price).cost
        if met(self.options, self.points[1].information, self.points[0].height):
            enough = 0.0
        return self.smallest + np.linspace(0.0, enough, _CURVE_BUDGETS if enough > 0 else 1)

    def at(self, budget: float) -> _BudgetSolution:
        """Return the interval at an absolute budget, solving at as few prices as possible."""
        solution = self._interval(budget)
        slow = 0
        for _ in range(MAX_SOLVES):
            if met(self.options, solution.lower, solution.upper):
                break
            price = self._next_price(budget - self.smallest, slow)
            if price is None:
                break
            self.solve(price)
            previous, solution = solution, self._interval(budget)
            slow = 0 if solution.upper - solution.lower < (previous.upper - previous.lower) / 4 else (slow + 1) % 3
        return solution

    def _adjacent_points(self, above: float) -> tuple[CurvePoint | None, CurvePoint]:
        """Return the nearest points above a budget and within it."""
        dearer = [point for point in self.points if point.cost > above]
        kept = [point for point in self.points if point.cost <= above]
        low = min(dearer, key=lambda point: (point.cost, -point.price), default=None)
        return low, max(kept, key=lambda point: (point.cost, -point.price))

    def _interval(self, budget: float) -> _BudgetSolution:
        above = budget - self.smallest
        dearer, kept = self._adjacent_points(above)
        p = self._within_budget(dearer, kept, budget)
        information, lower = self.bounds.information(p)
        line = min(self.points, key=lambda point: point.line(above))
        if met(self.options, lower, self.points[0].line(above)):
            line = self.points[0]  # the budget does not bind
        upper = line.line(above)
        if above == 0 and self.above.any() and not met(self.options, lower, upper):
            line = self.points[1]
            upper = self.bounds.highest(line.q, np.flatnonzero(self.above == 0))
        value = min(max(information, lower, 0.0), upper)
        status = status_of(self.options, lower, upper, (point.status for point in (kept, line, dearer or kept)))
        return _BudgetSolution(value, lower, upper, line.price, p, line.q, status)

    def _within_budget(self, dearer: CurvePoint | None, kept: CurvePoint, budget: float) -> np.ndarray:
        """Return a mixture of two input distributions whose cost is provably within the budget."""
        excess = self.costs - budget
        if not _keeps(kept.p, excess):  # by a rounding error
            cheap, dear = self.points[1].p, kept.p
        elif dearer is None:
            return kept.p
        else:
            cheap, dear = kept.p, dearer.p
        over, under = (math.fsum(p * excess) for p in (dear, cheap))
        share = min(1.0, under / (under - over)) if under < 0 else 0.0
        for nudge in 1e-15 * 8.0 ** np.arange(12):
            p = share * (1 - nudge) * dear + (1 - share * (1 - nudge)) * cheap
            p /= p.sum()
            if _keeps(p, excess):
                return p
        return cheap

    def _next_price(self, above: float, slow: int) -> float | None:
        """Return the next price to solve at for a budget, or None if no price is left to try."""
        dearer, kept = self._adjacent_points(above)
        if dearer is None or above == 0 or not dearer.price < kept.price:
            return None
        chord = (dearer.information - kept.information) / (dearer.cost - kept.cost)
        between = _slope(dearer, kept, above)
        middle = 2 * between - dearer.price if math.isinf(kept.price) else (dearer.price + kept.price) / 2
        tries = [between, chord, middle][slow:]
        if slow == 0:
            inner = [point for point in self.points if point.price < math.inf and point.cost > _END * above]
            nearest = sorted(inner, key=lambda point: abs(point.cost - above))[:2]
            tries = [_slope(nearest[0], nearest[1], above), *tries] if len(nearest) == 2 else tries
        for price in tries:
            if dearer.price < price < kept.price:
                return price
        return None

    def result(self, budgets: np.ndarray, solutions: list[_BudgetSolution]) -> CapacityCostResult:
        """Return the intervals of all budgets, in the shape of the budgets."""
        shape = budgets.shape
        value, lower, upper, price, p, q, status = (np.array(part) for part in zip(*solutions, strict=True))
        cost = np.minimum(p @ self.costs, budgets.reshape(-1))
        lower = np.maximum(lower, 0.0)
        value, lower, upper, price, cost = (x.reshape(shape)[()] for x in (value, lower, upper, price, cost))
        return CapacityCostResult(
            value=value,
            lower=lower,
            upper=upper,
            budget=budgets[()],
            price=price,
            input_distribution=p.reshape(*shape, -1),
            output_distribution=q.reshape(*shape, -1),
            cost=cost,
            n_solves=self.n_solves,
            status=status.reshape(shape) if shape else solutions[0].status,
            base=self.options.base,
            tol=self.options.tol,
            rtol=self.options.rtol,
            backend=self.points[0].backend,
        )


def _keeps(p: np.ndarray, excess: np.ndarray) -> bool:
    """Return whether the mean excess of the costs over the budget is provably at most 0."""
    used = p > 0
    terms = p[used] * excess[used]
    return bool((terms <= 0).all()) or math.fsum(terms) + 4 * EPS * math.fsum(np.abs(terms)) <= 0


def _slope(one: CurvePoint, other: CurvePoint, budget: float) -> float:
    """Estimate the slope of the curve at a budget between two points from their prices."""
    width = other.cost - one.cost
    if width == 0:
        return math.nan
    chord, at = (other.information - one.information) / width, (budget - one.cost) / width
    if math.isinf(other.price):
        # Towards its end the curve may behave like a t - k t log t, as for an input of vanishing probability,
        return one.price + max(chord - one.price, 0.0) * (math.log(one.cost) - math.log(budget))
    if other.cost <= _END * budget:
        # or have a finite slope there, which the price that excludes all costly inputs only bounds.
        return one.price + 2 * (chord - one.price) * at
    return 6 * at * (1 - at) * chord + (1 - at) * (1 - 3 * at) * one.price + at * (3 * at - 2) * other.price

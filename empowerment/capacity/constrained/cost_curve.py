"""The curve of capacity against cost: its points, the lines above it, and the search between them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from empowerment.capacity.constrained.lagrangian import (
    EPS,
    MAX_SOLVES,
    CurvePoint,
    LagrangianBounds,
    met,
    status_of,
)
from empowerment.capacity.constrained.result import CapacityCostResult
from empowerment.capacity.options import SolverOptions
from empowerment.core.channel import Channel
from empowerment.core.status import Status

_CURVE_BUDGETS = 33


# A point that spends less than this fraction of a budget counts as the end of the curve.
_END = 1e-6


class BudgetSolution(NamedTuple):
    """The interval at one budget, and the distributions that prove it."""

    value: float
    lower: float
    upper: float
    price: float
    p: np.ndarray
    q: np.ndarray
    status: Status


class CostCurve:
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

    def at(self, budget: float) -> BudgetSolution:
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

    def _interval(self, budget: float) -> BudgetSolution:
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
        return BudgetSolution(value, lower, upper, line.price, p, line.q, status)

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

    def result(self, budgets: np.ndarray, solutions: list[BudgetSolution]) -> CapacityCostResult:
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

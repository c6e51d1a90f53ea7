"""Solutions at a price per unit of cost, shared by capacity under a budget and capacity per unit of cost."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from empowerment.capacity.options import SolverOptions
from empowerment.capacity.solve import LARGEST_REWARD, channel_capacity
from empowerment.core import validate
from empowerment.core.channel import Channel, as_channel
from empowerment.core.intervals import Interval
from empowerment.core.status import Status, report_failure

EPS = float(np.finfo(float).eps)

# Limit on solves for one budget, or for one ratio. Half a dozen are usual for a first budget, one or two for the
# next.
MAX_SOLVES = 60

# Share of the tolerance of each solve; a strict one resolves small probabilities of costly inputs.
_INNER = 0.05


def met(options: SolverOptions, lower: float, upper: float) -> bool:
    """Return whether an interval is within the tolerance; two infinite ends meet."""
    return lower == upper or options.met(lower, upper)


def status_of(options: SolverOptions, lower: float, upper: float, solves: Iterable[Status] = ()) -> Status:
    """Return the status of an interval computed from solves of these statuses."""
    seen = {Status.CERTIFIED, *solves}
    if met(options, lower, upper):
        return max(seen - {Status.MAX_ITER, Status.PRECISION})
    return Status.MAX_ITER if Status.MAX_ITER in seen else Status.PRECISION


def checked_problem(channel: Any, costs: object) -> tuple[Channel, np.ndarray]:
    """Return a checked channel, and finite costs, one for each of its inputs."""
    channel = as_channel(channel)
    return channel, _checked_costs(costs, channel.n_inputs)


def _checked_costs(values: object, count: int) -> np.ndarray:
    """Return finite costs, one for each input."""
    costs = validate.number_array(values, "costs", 1, "(input,)").astype(np.float64)
    if costs.size != count:
        raise ValueError(f"costs has {costs.size} entries, expected {count}, one for each input of the channel")
    wrong = ~(np.abs(costs) <= LARGEST_REWARD)
    if wrong.any():
        x = int(np.argmax(wrong))
        raise ValueError(
            f"costs[{x}] is {costs[x]:g}, expected a finite cost; leave out forbidden "
            f"inputs, and scale down costs above {LARGEST_REWARD:g}"
        )
    return costs


def report_missed(result: Interval, status: Any, on_failure: str) -> None:
    """Warn or raise, as `on_failure` says, if an interval is wider than the tolerance."""
    if not np.all(result.converged):
        width, worst = float(np.max(result.gap)), Status(int(np.max(status)))
        sentence = f"the interval is {width:.2e} {result.unit} wide, wanted {result.tol:.2e}: {worst.sentence}"
        report_failure(sentence, on_failure, stacklevel=4)


class CurvePoint(NamedTuple):
    """The solution at one price: a point of the capacity-cost curve, and a tangent above the curve."""

    price: float
    cost: float
    information: float
    height: float
    p: np.ndarray
    q: np.ndarray
    status: Status
    backend: str

    def line(self, budget: float) -> float:
        """Return an upper bound of the capacity under a budget, rounded outward."""
        if math.isinf(self.price):
            return math.inf
        rise = self.price * budget
        return self.height + rise + 4 * EPS * (rise + abs(self.height))


class LagrangianBounds:
    """Both ends of intervals on the caller's matrix, rounded outward by a bound on their errors."""

    def __init__(self, channel: Channel, options: SolverOptions) -> None:
        self.channel, self.options = channel, options
        self.entropies = channel.row_entropies(options.base)
        rows = channel.matrix
        # NumPy sums rows of a dense matrix pairwise; SciPy adds up those of a sparse one in their order.
        width = float(np.diff(rows.indptr).max()) if sparse.issparse(rows) else math.log2(channel.n_outputs + 1)
        self.ulps = EPS * (32 + width)
        self.one = 1 / options.unit

    def information(self, p: np.ndarray) -> tuple[float, float]:
        """Return the information at p as computed, and rounded down."""
        computed = self.channel.mutual_information(p, self.options.base)
        terms = self.ulps + EPS / 8 * np.count_nonzero(p)  # of the sum over inputs
        return computed, computed - terms * (self.one + abs(computed) + 2 * float(p @ self.entropies))

    def divergences(self, q: np.ndarray, rows: Any = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """Return the divergences of rows from q, and bounds on their rounding errors."""
        part = self.channel if isinstance(rows, slice) else Channel.from_valid(self.channel.matrix[rows])
        computed = part.divergences(q, self.options.base)
        return computed, self.ulps * (self.one + np.abs(computed) + 2 * self.entropies[rows])

    def highest(self, q: np.ndarray, rows: Any = slice(None), less: float | np.ndarray = 0.0) -> float:
        """Return the largest difference of a row's divergence from q and its `less`, rounded up."""
        divergences, slack = self.divergences(q, rows)
        return float((divergences + slack - less + 4 * EPS * less).max())

    def point(self, costs: np.ndarray, price: float) -> CurvePoint:
        """Solve at a price per unit of cost, with non-negative costs."""
        own = self.options.to_within(_INNER * self.options.tol).as_keywords()
        solved = channel_capacity(self.channel, rewards=-price * costs, **own)
        p, q = solved.input_distribution, solved.output_distribution
        height, information = self.highest(q, less=price * costs), self.information(p)[1]
        return CurvePoint(price, float(p @ costs), information, height, p, q, solved.status, solved.backend)

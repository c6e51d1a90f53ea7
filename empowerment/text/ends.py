"""Intervals for the entropy of a distribution of which only a list is known."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from empowerment.core import validate

# Relative error of the logarithms and sums below; ends of intervals move outward by it.
_ROUNDING = 1e-14


class Ends(NamedTuple):
    """Interval that contains a quantity, in the unit requested.

    Attributes
    ----------
    lower, upper : float
        The two ends.

    See Also
    --------
    Position.entropy : Returns such an interval.
    Amount : An amount of information with its interval.

    Examples
    --------
    >>> from empowerment.text import Ends
    >>> Ends(0.5, 0.75).width
    0.25
    """

    lower: float
    upper: float

    @property
    def width(self) -> float:
        """Difference of the two ends."""
        return self.upper - self.lower


def list_entropy(logs: np.ndarray) -> float:
    """Return the entropy of the normalized list."""
    if not logs.size:
        return 0.0
    p = np.exp(logs - logs.max())
    total = float(p.sum())
    return max(math.log(total) - float(p @ (logs - logs.max())) / total, 0.0)


def scaled_entropy(inside: float, mass: float) -> float:
    """Return what a list of this mass contributes, given the entropy inside of it."""
    return mass * inside - mass * math.log(mass) if mass > 0 else 0.0


def least_residual_entropy(residual: Ends, cap: float) -> float:
    """Return the minimal entropy contribution of a residual if no token has more than `cap`."""
    if residual.upper <= 0 or cap <= 0:
        return 0.0
    # Between two multiples of the cap the packed entropy is concave, so it is least at an end or at a multiple.
    first, last = math.ceil(residual.lower / cap), math.floor(residual.upper / cap)
    tried = [residual.lower, residual.upper, *(n * cap for n in {first, last} if first <= last)]
    return min(_packed_entropy(r, cap) for r in tried)


def _packed_entropy(residual: float, cap: float) -> float:
    full = math.floor(residual / cap)
    rest = max(residual - full * cap, 0.0)
    return -full * cap * math.log(cap) - (rest * math.log(rest) if rest > 0 else 0.0)


def most_residual_entropy(residual: Ends, n_unlisted: float) -> float:
    """Return the maximal entropy contribution of a residual that `n_unlisted` tokens share."""
    if residual.upper <= 0:
        return 0.0
    if n_unlisted == math.inf:
        return math.inf
    r = min(max(n_unlisted / math.e, residual.lower), residual.upper)
    return r * math.log(n_unlisted / r)


def outward(lower: float, upper: float) -> Ends:
    """Return the interval with its ends moved outward by the rounding of the sums behind them."""
    slack = _ROUNDING * (1.0 + abs(lower))
    return Ends(max(lower - slack, 0.0), upper * (1 + _ROUNDING) + _ROUNDING)


def in_unit(nats: Ends, base: float | str) -> Ends:
    """Convert an interval in nats into the unit of a base; the ends allow for the rounding of the division."""
    unit = math.log(validate.base(base))
    return Ends(nats.lower / unit, nats.upper / unit)

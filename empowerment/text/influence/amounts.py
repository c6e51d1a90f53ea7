"""Amounts of information with both of their ends, whether they are exact, certified or known in part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.intervals import Interval


@dataclass(frozen=True, eq=False, repr=False)
class Amount(Interval):
    """An amount of information, or several of them in an array, and the interval that holds it.

    Where the ends are equal the amount is a plain sum over a table that is known in full, right to rounding. The ends
    of a capacity are certified. Where rows of the table have a residual, the ends hold wherever its mass may be.

    Attributes
    ----------
    value : float or ndarray
        Between the ends: the amount for the table as it stands, with all choices outside it counted as one.
    lower, upper : float or ndarray
    base, tol, rtol : float
        `tol` is the width that was asked for of the interval of each capacity.
    """

    value: Any
    lower: Any
    upper: Any
    base: float
    tol: float
    rtol: float = 0.0

    def __float__(self) -> float:
        if np.ndim(self.value):
            raise TypeError(f"these are {len(self)} amounts; name one first: float(amount[0])")
        return float(self.value)

    def __len__(self) -> int:
        if not np.ndim(self.value):
            raise TypeError("one amount has no length")
        return len(self.value)

    def __getitem__(self, place: int) -> Amount:
        """Return one of several amounts."""
        if not np.ndim(self.value):
            raise TypeError("this is one amount already")
        return replace(self, **{name: float(getattr(self, name)[place]) for name in _ENDS})

    def __repr__(self) -> str:
        widest = float(np.max(self.gap))
        if np.ndim(self.value):
            width = f", widest interval {widest:.1e}" if widest else ""
            return f"Amount({len(self)}: {self.stated_range()}{width})"
        return f"Amount({self.stated()}, gap {widest:.1e})" if widest else f"Amount({self.value:.10g} {self.unit})"

    def mean(self, weights: np.ndarray) -> Amount:
        """Return the average of several amounts, between the averages of their ends."""
        weights = validate.number_table(weights, (len(self),), "weights", "(amount,)")
        return replace(self, **{name: float(weights @ getattr(self, name)) for name in _ENDS})

    def least(self) -> Amount:
        """Return the smallest of several amounts, between the smallest of their ends."""
        return replace(self, **{name: float(np.min(getattr(self, name))) for name in _ENDS})

    def __sub__(self, other: Amount) -> Amount:
        """Return this amount less another one, between the ends that theirs allow."""
        return replace(
            self, value=self.value - other.value, lower=self.lower - other.upper, upper=self.upper - other.lower
        )

    def __neg__(self) -> Amount:
        return replace(self, value=-self.value, lower=-self.upper, upper=-self.lower)


_ENDS = ("value", "lower", "upper")

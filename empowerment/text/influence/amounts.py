"""Amounts of information with their intervals: exact, certified, or known in part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.status import Status
from empowerment.results.certified import Numbered
from empowerment.results.result import Table


@dataclass(frozen=True, eq=False, repr=False)
class Amount(Numbered):
    """Amount of information, or an array of them, with its interval.

    If the ends are equal, the amount is a sum over a table that is known completely, accurate to rounding. The ends
    of a capacity are certified. If rows of the table have a residual, the ends hold wherever its mass may be.

    Attributes
    ----------
    value : float or ndarray
        Between the ends: the amount for the table as it is, with all choices outside it counted as one.
    lower, upper : float or ndarray
        The two ends.
    base, tol, rtol : float
        Base of the logarithm; `tol` is the width that was asked for of the interval of each capacity.
    method : str
        "sum" over the table, or "capacity".

    See Also
    --------
    influence_audit : Computes such amounts.
    ControlBudget : Divides the entropy of a choice into such amounts.

    Examples
    --------
    >>> from empowerment.text import influence_audit
    >>> audit = influence_audit([[[0.9, 0.1], [0.1, 0.9]], [[0.8, 0.2], [0.2, 0.8]]])
    >>> audit.control_left.least()
    Amount(0.2780719051 bits)
    """

    _noun = "amount"

    value: Any
    lower: Any
    upper: Any
    base: float
    tol: float
    rtol: float = 0.0
    method: str = "sum"

    @property
    def status(self) -> Any:
        """Certified where the ends are as close as was asked for, else bounded; an array for several amounts."""
        found = np.where(self.converged, Status.CERTIFIED, Status.BOUNDED)
        return found if self._axes else Status(int(found))

    @property
    def _axes(self) -> Mapping[str, Sequence[Any]]:
        return {self._noun: range(len(self.value))} if np.ndim(self.value) else {}

    def _part(self, number: int) -> dict[str, Any]:
        return {name: float(part) for name, part in super()._part(number).items()}

    def __repr__(self) -> str:
        widest = float(np.max(self.gap))
        if np.ndim(self.value):
            width = f", widest interval {widest:.1e}" if widest else ""
            return f"Amount({len(self)}: {self.stated_range()}{width})"
        return f"Amount({self.stated()}, gap {widest:.1e})" if widest else f"Amount({self.value:.10g} {self.unit})"

    def mean(self, weights: np.ndarray) -> Amount:
        """Compute the average of several amounts.

        Parameters
        ----------
        weights : ndarray of shape (n,)
            Weight of each amount.

        Returns
        -------
        Amount
            The average between the averages of the ends.
        """
        weights = validate.number_table(weights, (len(self),), "weights", "(amount,)")
        parts: dict[str, Any] = {name: float(weights @ getattr(self, name)) for name in _ENDS}
        return replace(self, **parts)

    def least(self) -> Amount:
        """Return the smallest of several amounts.

        Returns
        -------
        Amount
            The minimum between the minima of the ends.
        """
        parts: dict[str, Any] = {name: float(np.min(getattr(self, name))) for name in _ENDS}
        return replace(self, **parts)

    def __sub__(self, other: Amount) -> Amount:
        """Return this amount less another one, between the ends that theirs allow."""
        return replace(
            self, value=self.value - other.value, lower=self.lower - other.upper, upper=self.upper - other.lower
        )

    def __neg__(self) -> Amount:
        return replace(self, value=-self.value, lower=-self.upper, upper=-self.lower)


_ENDS = ("value", "lower", "upper")


def amounts_table(named: Mapping[str, Amount | None], labels: Mapping[str, Sequence[Any]]) -> Table:
    """Return a row for each amount; those of several have labels, by their name."""
    rows = []
    for name, amount in named.items():
        if amount is not None:
            parts = amount._table().columns
            of = [str(label) for label in labels[name]] if name in labels else [""]
            rows += [(name, *row) for row in zip(of, *parts.values(), strict=True)]
            columns = ("quantity", "of", *parts)
    return Table("row", None, {name: [row[i] for row in rows] for i, name in enumerate(columns)})

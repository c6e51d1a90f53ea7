"""The result of a capacity under a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment.core.status import Status
from empowerment.results.certified import Labelled


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

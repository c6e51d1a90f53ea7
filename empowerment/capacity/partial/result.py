"""The extreme capacities of a channel whose rows are known in part."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from empowerment.core.status import Status
from empowerment.results.certified import Certified
from empowerment.results.result import Table


@dataclass(frozen=True, eq=False, repr=False)
class CapacityExtreme(Certified):
    """The smallest or the largest capacity of all completions, with the interval that is proved to hold it.

    Attributes
    ----------
    value : float
        Best estimate, between `lower` and `upper`.
    lower, upper : float
        Proved ends, rounded outward.
    attained : bool
        Whether some completion is known to have this capacity. If not, it bounds the capacity of all of them.
    completion : ndarray of shape (n_inputs, n_columns)
        The columns of `observed`, and after them those for outputs that have none: one for all inputs in a
        minimum, one for each input in a maximum.
    input_distribution : ndarray of shape (n_inputs,)
    output_distribution : ndarray of shape (n_columns,)
    n_iter : int
        Steps of the method.
    status : Status
    method : str
        "common column" and "private columns" (an ordinary capacity of `completion`, proved as that of any channel),
        "interior-point", "projections" and "convex" (the convex program, by the library's own method, by projections
        after it stopped short, or through CVXPY), or "wider bracket" (see :func:`capacity_bounds`).
    base, tol, rtol : float

    See Also
    --------
    CapacityBounds : The smallest and the largest capacity together.
    capacity_bounds : Compute both.

    Examples
    --------
    >>> import numpy as np
    >>> import empowerment as emp
    >>> smallest = emp.capacity_bounds(0.9 * np.eye(3)).minimum
    >>> round(smallest.value, 6), smallest.attained, smallest.completion.shape
    (1.015967, True, (3, 4))
    """

    _parts = (Status,)

    value: float
    lower: float
    upper: float
    attained: bool
    completion: np.ndarray
    input_distribution: np.ndarray
    output_distribution: np.ndarray
    n_iter: int
    status: Status
    method: str
    base: float
    tol: float
    rtol: float = 0.0

    @property
    def _details(self) -> Sequence[str]:
        return "attained" if self.attained else "a bound only", self.method, f"{self.n_iter} steps"


@dataclass(frozen=True, eq=False, repr=False)
class CapacityBounds(Certified):
    """An interval that holds the capacity of every completion of a channel that is known in part.

    Attributes
    ----------
    minimum, maximum : CapacityExtreme
        The smallest capacity of any completion and the largest, each with its own certified interval.
    residual_in : str
        Where the residual mass may be.
    unseen : int or float
        How many outputs without a column there may be.
    base, tol, rtol : float
        `tol` is the width that was asked for of the interval of each extreme.

    See Also
    --------
    capacity_bounds : Compute these bounds.
    CapacityExtreme : The smallest or the largest capacity.

    Examples
    --------
    >>> import numpy as np
    >>> import empowerment as emp
    >>> bounds = emp.capacity_bounds(0.9 * np.eye(3))
    >>> round(bounds.lower, 6), round(bounds.upper, 6), bounds.extremes_converged
    (1.015967, 1.584963, True)
    """

    _parts = (CapacityExtreme,)

    minimum: CapacityExtreme
    maximum: CapacityExtreme
    residual_in: str
    unseen: float
    base: float
    tol: float
    rtol: float = 0.0

    @property
    def value(self) -> float:
        """Middle of the interval, or its lower end if there is no upper one: no estimate, all of it is possible."""
        middle = 0.5 * (self.lower + self.upper)
        return middle if math.isfinite(middle) else self.lower

    @property
    def lower(self) -> float:
        """Lower bound on the capacity of every completion."""
        return self.minimum.lower

    @property
    def upper(self) -> float:
        """Upper bound on the capacity of every completion."""
        return self.maximum.upper

    @property
    def extremes_converged(self) -> bool:
        """Whether both extremes are known to within the tolerance.

        The distance between them is not a matter of computing: `converged`, which is about that, is seldom true.
        """
        return bool(self.minimum.converged and self.maximum.converged)

    @property
    def status(self) -> Status:
        """The less favourable status of the two extremes."""
        return max(self.minimum.status, self.maximum.status)

    @property
    def method(self) -> str:
        """Method of the ends: "bracket" if two ordinary capacities gave them, else the method of the minimum."""
        return "bracket" if self.minimum.method.endswith("column") else self.minimum.method

    @property
    def n_iter(self) -> int:
        """Number of steps for both ends together."""
        return self.minimum.n_iter + self.maximum.n_iter

    def __repr__(self) -> str:
        return (
            f"CapacityBounds([{self.lower:.10g}, {self.upper:.10g}] {self.unit}, gap {self.gap:.4g}, "
            f"extremes {'converged' if self.extremes_converged else 'NOT converged'}, {self.method}, "
            f"residual {self.residual_in})\n"
            f"  minimum {self.minimum!r}\n  maximum {self.maximum!r}\n  {self.status.sentence}"
        )

    def _table(self) -> Table:
        """Return a row for each extreme."""
        parts = [extreme._table().columns for extreme in (self.minimum, self.maximum)]
        columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return Table("extreme", ("minimum", "maximum"), columns)

"""The options of a solver, checked once and passed on as one object."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from empowerment.capacity.backends import backend_name
from empowerment.capacity.kernels import METHODS as METHOD_NUMBERS
from empowerment.core import validate
from empowerment.core.intervals import met
from empowerment.core.status import ON_FAILURE

MAX_ITER = 100_000

# Fraction of the tolerance that kernels aim at; the rest is left for the outward rounding of the certificate.
_INNER = 0.9


@dataclass(frozen=True)
class SolverOptions:
    """Tolerances, unit, backend and limits of a solver.

    Attributes
    ----------
    tol : float
        Tolerated width of the interval, in the unit of `base`.
    rtol : float
        The same relative to the lower end; the larger of the two widths counts.
    base : float
        Base of the logarithm: 2 for bits, ``math.e`` for nats.
    backend : str
        The kernels to use, by name.
    max_iter : int
        Largest number of iterations for one connected component.
    on_failure : str
        What to do when an interval stays wider than the tolerance: "warn", "raise" or "ignore".
    """

    tol: float = 1e-9
    rtol: float = 0.0
    base: float = 2.0
    backend: str = "numba"
    max_iter: int = MAX_ITER
    on_failure: str = "warn"

    @classmethod
    def checked(
        cls,
        *,
        tol: Any = 1e-9,
        rtol: Any = 0.0,
        base: Any = 2,
        backend: Any = None,
        max_iter: Any = MAX_ITER,
        on_failure: Any = "warn",
    ) -> SolverOptions:
        """Return the checked options of a public function.

        Raises
        ------
        TypeError, ValueError
            If an option has the wrong type, is out of range, or unknown.
        """
        tol, rtol = validate.tolerances(tol, rtol)
        return cls(
            tol=tol,
            rtol=rtol,
            base=validate.base(base),
            backend=backend_name(backend),
            max_iter=validate.limit(max_iter, "max_iter"),
            on_failure=validate.one_of(on_failure, ON_FAILURE, "on_failure"),
        )

    @property
    def unit(self) -> float:
        """Size of the unit in nats."""
        return math.log(self.base)

    def in_nats(self) -> SolverOptions:
        """Return the same options with tolerances in nats."""
        return replace(self, tol=self.tol * self.unit, base=math.e)

    def to_within(self, tol: float) -> SolverOptions:
        """Return the options of an auxiliary solve with an absolute tolerance and without reports."""
        return replace(self, tol=max(tol, validate.MIN_TOL), rtol=0.0, on_failure="ignore")

    def share(self, fraction: float) -> SolverOptions:
        """Return the options of an auxiliary solve with a fraction of the tolerance and without reports."""
        return replace(
            self, tol=max(fraction * self.tol, validate.MIN_TOL), rtol=fraction * self.rtol, on_failure="ignore"
        )

    def width(self, lower: float) -> float:
        """Return the tolerated width of an interval with this lower end."""
        return max(self.tol, self.rtol * max(lower, 0.0))

    def met(self, lower: Any, upper: Any) -> Any:
        """Return whether an interval is within the tolerance."""
        return met(lower, upper, self.tol, self.rtol)

    def for_kernel(self, method: str) -> tuple[float, float, int, int]:
        """Return the tolerances in nats, the number of the method and the limit: the arguments of kernels."""
        return _INNER * self.tol * self.unit, _INNER * self.rtol, METHOD_NUMBERS[method], self.max_iter

    def as_keywords(self) -> dict[str, Any]:
        """Return the arguments of `channel_capacity` as a part of other work, which shows no progress of its own."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {"progress": False}

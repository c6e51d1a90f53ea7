"""Interface of certified numbers: their interval, whether it met the tolerance, and their unit."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np


def unit_name(base: float) -> str:
    """Return the name of the unit of information for a base of the logarithm."""
    return {2.0: "bits", math.e: "nats", 10.0: "hartleys"}.get(float(base), f"base-{base:g} units")


def met(lower: Any, upper: Any, tol: float, rtol: float) -> Any:
    """Return whether intervals met the tolerance: ``upper - lower <= max(tol, rtol * lower)``, and nothing else.

    Parameters
    ----------
    lower, upper : float or array
        Ends of the intervals, numbers or arrays of NumPy or JAX.
    tol, rtol : float
        Width wanted in the unit of the ends, and relative to the lower end.
    """
    gap = upper - lower
    return (gap <= tol) | (gap <= rtol * lower)


def _exact(values: Any) -> Any:
    """Return values in double precision, which JAX uses in its own arrays only if configured to.

    Inside a transformation there are no numbers yet, and it is configured to.
    """
    try:
        return np.asarray(values)[()]
    except TypeError:
        return values


class Interval:
    """Base class of certified results: gap, convergence, and unit."""

    device_fields: ClassVar[tuple[str, ...]] = ("value", "lower", "upper", "status")
    """Fields that are JAX arrays where the question was asked with JAX arrays."""

    host_fields: ClassVar[tuple[str, ...]] = ()
    """Fields that are arrays of NumPy in any case."""

    value: Any
    lower: Any
    upper: Any
    tol: float
    rtol: float
    base: float

    @property
    def gap(self) -> np.ndarray:
        """Width of the certified interval."""
        return _exact(self.upper) - _exact(self.lower)

    @property
    def converged(self) -> np.ndarray:
        """Whether ``upper - lower <= max(tol, rtol * lower)``, and nothing else."""
        return met(_exact(self.lower), _exact(self.upper), self.tol, self.rtol)

    @property
    def unit(self) -> str:
        """Name of the unit of information."""
        return unit_name(self.base)

    def stated(self) -> str:
        """Return the text of one number for a repr: with its interval, or the interval alone if not converged.

        Returns
        -------
        str
            The text.
        """
        lower, upper = _exact(self.lower), _exact(self.upper)
        interval = f"[{lower:.10g}, {upper:.10g}]"
        if not self.converged:
            return f"{interval} {self.unit}"
        return f"{_exact(self.value):.10g} {self.unit} in {interval}"

    def stated_range(self) -> str:
        """Return the text of the range of several numbers, or of their intervals if one is not converged.

        Returns
        -------
        str
            The text.
        """
        value, lower, upper = (np.asarray(end) for end in (self.value, self.lower, self.upper))
        digits = 10 if value.size == 1 else 6
        if not np.all(self.converged):
            return f"[{lower.min():.{digits}g}, {upper.max():.{digits}g}] {self.unit}"
        least, most = f"{value.min():.{digits}g}", f"{value.max():.{digits}g}"
        return f"{least if value.size == 1 else f'{least} to {most}'} {self.unit}"

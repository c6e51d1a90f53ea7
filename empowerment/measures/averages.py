"""Averages of empowerment over states or beliefs, with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from empowerment.core import validate
from empowerment.core.protocols import StateResult
from empowerment.core.status import KINDS, Status
from empowerment.results.certified import Certified

Result = TypeVar("Result", bound=StateResult)


@dataclass(frozen=True, eq=False, repr=False)
class AverageEmpowerment(Certified):
    """Average of certified values, with the averages of their ends.

    Attributes
    ----------
    value, lower, upper : float
    status : Status
        That of a state that missed the tolerance, if there is one.
    method : str
        Of the methods it is made of the one that proves least.
    base, tol, rtol : float
        Those of what was averaged.

    See Also
    --------
    EmpowermentResult.average : Compute this average.
    context_empowerment : Compute the empowerment of an agent that knows less than the state.

    Examples
    --------
    >>> import empowerment as emp
    >>> corridor = emp.worlds.grid_world(["..."])
    >>> average = emp.empowerment(corridor, 1).average()
    >>> round(float(average), 6), average.kind
    (1.194988, 'exact')
    """

    _parts = (Status,)

    value: float
    lower: float
    upper: float
    status: Status
    method: str
    base: float
    tol: float
    rtol: float

    @property
    def kind(self) -> str:
        """What the method proves: "exact", "interval" or "lower bound"."""
        return KINDS[self.method]

    @property
    def _details(self) -> Sequence[str]:
        return (self.kind,)


def average(result: StateResult, weights: Any = None) -> AverageEmpowerment:
    """Return the average over the states or beliefs of a result; see :meth:`EmpowermentResult.average`."""
    count = len(result)
    share = np.full(count, 1.0 / count) if weights is None else validate.distribution(weights, count, "weights")
    ends = {name: float(share @ np.asarray(getattr(result, name))) for name in ("value", "lower", "upper")}
    used = share > 0
    status = Status(_status_of_average(result.status[used], ~result.converged[used]))
    method = _weakest_method(result.method[used])
    return AverageEmpowerment(
        **ends, status=status, method=method, base=result.base, tol=result.tol, rtol=result.rtol
    )


def averaged(result: Result, weights: np.ndarray, labels: tuple[Any, ...]) -> Result:
    """Return the result for several distributions over its states, weights of shape (n_labels, n_states)."""
    values, lower, upper = (weights @ np.asarray(getattr(result, name)) for name in ("value", "lower", "upper"))
    used = [np.flatnonzero(own) for own in weights]
    return replace(  # type: ignore[type-var]
        result,
        value=values,
        lower=lower,
        upper=upper,
        status=np.array([_status_of_average(result.status[own], ~result.converged[own]) for own in used]),
        method=np.array([_weakest_method(result.method[own]) for own in used]),
        states=labels,
        state_numbers=np.arange(len(labels)),
        optimal=None,
    )


def _status_of_average(status: np.ndarray, missed: np.ndarray) -> int:
    """Return the status of a state that missed the tolerance, if there is one, else of a state with inputs."""
    return int(status[np.argmax(2 * missed + (status != Status.NO_SEQUENCE))])


def _weakest_method(methods: np.ndarray) -> str:
    """Return the method of the weakest kind; among ties the last one in the table."""
    return max(methods.tolist(), key=list(KINDS).index)

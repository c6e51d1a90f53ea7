"""The empowerment of several persons as one number for each state."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from empowerment.core import validate
from empowerment.core.intervals import met
from empowerment.core.status import Status
from empowerment.results.certified import Labelled

RULES = ("sum", "mean", "minimum", "soft minimum")
SOFT = "soft minimum"
_EXTREME = 1e100  # products of larger numbers, or of smaller ones than its inverse, leave double precision
_EPS = float(np.finfo(float).eps)


@dataclass(frozen=True, eq=False, repr=False)
class AggregateEmpowerment(Labelled):
    """The empowerment of several persons, aggregated in each state.

    Sized, iterable over the labels of the states, and indexed by them.

    Attributes
    ----------
    value, lower, upper : ndarray of shape (n_states,)
        The aggregate, and what it is at least and at most.
    status : ndarray of int of shape (n_states,)
        A :class:`Status` for each.
    states : tuple
        Labels of the states.
    persons : tuple
        Names of the persons.
    weights : ndarray of shape (n_persons,)
        Weight of each person.
    terms : ndarray of shape (n_states, n_persons)
        The empowerment of each person.
    state_numbers : ndarray of int of shape (n_states,)
        Numbers of the states in the model.
    rule : str
        The rule of aggregation.
    aversion : float or None
        Aversion to inequality of the soft minimum.
    base, tol, rtol : float
        `tol` is the width that intervals have if those of all persons meet their tolerance.

    See Also
    --------
    aggregate_empowerment : Compute these numbers.

    Examples
    --------
    >>> import empowerment as emp
    >>> corridor = emp.worlds.shared_corridor()
    >>> both = {name: emp.transfer_empowerment(corridor, 1, name, name) for name in corridor.agents}
    >>> found = emp.aggregate_empowerment(both, "minimum")
    >>> found.persons, found.terms.shape, found.rule
    (('person', 'assistant'), (12, 2), 'minimum')
    """

    _each = ("value", "lower", "upper", "status", "states", "terms", "state_numbers")

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    status: np.ndarray
    states: tuple[Any, ...]
    persons: tuple[Any, ...]
    weights: np.ndarray
    terms: np.ndarray
    state_numbers: np.ndarray
    rule: str
    aversion: float | None
    base: float
    tol: float
    rtol: float = 0.0

    @property
    def method(self) -> str:
        """How the numbers were made: the rule."""
        return self.rule

    @property
    def _axes(self) -> Mapping[str, Sequence[Any]]:
        return {"state": self.states}


def aggregate_empowerment(
    results: Mapping[Any, Any],
    rule: str = "sum",
    *,
    weights: Mapping[Any, float] | None = None,
    aversion: float | None = None,
) -> AggregateEmpowerment:
    """Combine the empowerment of several persons into one number for each state.

    Parameters
    ----------
    results : mapping from person to EmpowermentResult
        The empowerment of each person in the same states and in one unit, as :func:`transfer_empowerment` or
        :func:`empowerment` computes it; any result with certified numbers for the states of a model.
    rule : {"sum", "mean", "minimum", "soft minimum"}
        The rule of aggregation; see below.
    weights : mapping from person to float, optional
        Weight of each person, from 0 to 1e100 and not all 0; by default 1 each. The minimum has no weights.
    aversion : float, optional
        Aversion to inequality of the soft minimum, from 1e-100 to 1e100, and required by it; other rules have none.

    Returns
    -------
    AggregateEmpowerment
        In the unit of the results: an objective for :func:`assistant_policy` and :func:`optimal_plans`.

    Raises
    ------
    TypeError, ValueError
        If results are of different states or units, or an argument does not fit the rule.

    See Also
    --------
    coupled_empowerment : Compute a weighted sum over pairs of agents, with negative weights for adversaries.
    goal_attainment_power : Aggregate another measure of persons' power with the same aversion.

    Notes
    -----
    With ``E[i]`` the empowerment of person `i` in units of base `b`, and weights ``w[i]``, the soft minimum is
    ``-log_b(sum(w * b ** (-aversion * E)) / sum(w)) / aversion``, the logarithm of the power mean of order
    ``-aversion`` of the numbers of options ``b ** E``; at aversion 1 that is their harmonic mean. So it is the same
    quantity in every unit. It lies between the smallest value and the weighted mean, and decreases with the aversion:
    it tends to the mean as the aversion goes to 0, and to the smallest value of a person with a positive weight as
    it grows. Power means measure inequality in [1]_, means of exponentials in [2]_; in [3]_ the same form aggregates
    the power of persons.

    Every rule is non-decreasing in the empowerment of each person, so that the rule of all lower ends and the rule
    of all upper ends enclose it; both are moved outward by a bound on the rounding error.

    References
    ----------
    .. [1] A. B. Atkinson, "On the measurement of inequality", *Journal of Economic Theory* 2, 1970.
    .. [2] S.-C. Kolm, "Unequal inequalities. I", *Journal of Economic Theory* 12, 1976.
    .. [3] J. Heitzig and R. Potham, "Model-based soft maximization of suitable metrics of long-term human power",
       arXiv:2508.00159, 2025.

    Examples
    --------
    Two walkers in a corridor. Where the sum is largest one of them has the better place; where the minimum is
    largest they are more equal:

    >>> import empowerment as emp
    >>> corridor = emp.worlds.shared_corridor(5)
    >>> both = {name: emp.transfer_empowerment(corridor, 2, name, name) for name in corridor.agents}
    >>> for rule in ("sum", "minimum"):
    ...     found = emp.aggregate_empowerment(both, rule)
    ...     best = found.value.argmax()
    ...     print(rule, round(float(found.value[best]), 3), found.states[best], found.terms[best].round(3))
    sum 3.013 (1, 4) [1.759 1.254]
    minimum 1.42 (0, 4) [1.585 1.42 ]
    >>> emp.aggregate_empowerment(both, "soft minimum", aversion=2.0)[0, 1].value.round(3)
    array([0.601])
    """
    rule = validate.one_of(rule, RULES, "rule")
    named = _same_states(results)
    factors = _weights(weights, tuple(named), rule)
    parts = list(named.values())
    base = float(parts[0].base)
    rate = _rate(aversion, rule, base)
    terms, lows, highs = (
        np.column_stack([np.asarray(getattr(each, end), dtype=float) for each in parts])
        for end in ("value", "lower", "upper")
    )
    value, low, high = (_aggregated(rule, each, factors, rate) for each in (terms, lows, highs))
    lower, upper = low.value - low.rounding, high.value + high.rounding
    allowed = np.array([each.tol for each in parts])
    tol = float(allowed @ factors) if rule == "sum" else float(allowed.max())
    rtol = max(float(each.rtol) for each in parts)
    return AggregateEmpowerment(
        value=np.clip(value.value, lower, upper),
        lower=lower,
        upper=upper,
        status=np.where(met(lower, upper, tol, rtol), int(Status.CERTIFIED), int(Status.BOUNDED)),
        states=tuple(parts[0].states),
        persons=tuple(named),
        weights=factors,
        terms=terms,
        state_numbers=np.asarray(parts[0].state_numbers),
        rule=rule,
        aversion=None if aversion is None else float(aversion),
        base=base,
        tol=tol,
        rtol=rtol,
    )


def _same_states(results: Any) -> dict[Any, Any]:
    """Return the checked results by person."""
    wanted = "expected a mapping from the name of each person to a result with certified numbers for states"
    if not isinstance(results, Mapping) or not results:
        raise TypeError(f"results is {validate.shown(results)}, {wanted}")
    (first_name, first), *_ = results.items()
    for name, each in results.items():
        if not isinstance(each, Labelled) or not hasattr(each, "state_numbers"):
            raise TypeError(f"results[{name!r}] is {validate.shown(each)}, {wanted}")
        if tuple(each.states) != tuple(first.states):
            raise ValueError(
                f"results[{name!r}] is of other states than results[{first_name!r}], expected the same in one order"
            )
        if each.base != first.base:
            raise ValueError(
                f"results[{name!r}] is in {each.unit} and results[{first_name!r}] in {first.unit}, expected one "
                "unit: pass base= when computing them"
            )
    return dict(results)


def _weights(weights: Any, persons: tuple[Any, ...], rule: str) -> np.ndarray:
    """Return the weight of each person."""
    if weights is None:
        return np.ones(len(persons))
    if rule == "minimum":
        raise ValueError(f"weights is {validate.shown(weights)}, expected None: the minimum has no weights")
    if not isinstance(weights, Mapping) or set(weights) != set(persons):
        raise ValueError(
            f"weights is {validate.shown(weights)}, expected a mapping with a weight for each of "
            f"{', '.join(map(repr, persons))}"
        )
    found = np.array([validate.finite(weights[name], f"weights[{name!r}]", least=0.0) for name in persons])
    if not 0 < found.max() <= _EXTREME:
        raise ValueError(
            f"weights is {validate.shown(weights)}, expected the largest above 0 and at most {_EXTREME:g}"
        )
    return found


def _rate(aversion: Any, rule: str, base: float) -> float:
    """Return the aversion per nat of empowerment; 0 for rules without one."""
    if rule != SOFT:
        if aversion is not None:
            raise ValueError(f"aversion is {validate.shown(aversion)}, expected None: the {rule} has none")
        return 0.0
    if aversion is None:
        raise ValueError("aversion is None, expected a number above 0 for the soft minimum, such as 1")
    found = validate.finite(aversion, "aversion", least=1 / _EXTREME)
    if found > _EXTREME:
        raise ValueError(f"aversion is {found:g}, expected at most {_EXTREME:g}; rule='minimum' is its limit")
    return found * math.log(base)


class _Aggregate(NamedTuple):
    """Values of a rule, and by how much rounding may have moved each."""

    value: np.ndarray
    rounding: np.ndarray


def _aggregated(rule: str, terms: np.ndarray, weights: np.ndarray, rate: float) -> _Aggregate:
    """Apply a rule to the terms of each state."""
    rules: dict[str, Callable[[], _Aggregate]] = {
        "sum": lambda: _weighted_sum(terms, weights),
        "mean": lambda: _weighted_sum(terms, weights / weights.sum()),
        "minimum": lambda: _Aggregate(terms.min(axis=1), np.zeros(len(terms))),
        SOFT: lambda: _soft_minimum(terms, weights / weights.sum(), rate),
    }
    return rules[rule]()


def _weighted_sum(terms: np.ndarray, weights: np.ndarray) -> _Aggregate:
    # Each product and each addition is rounded once, and so are weights that were divided by their sum.
    return _Aggregate(terms @ weights, (2 * weights.size + 4) * _EPS * (np.abs(terms) @ weights))


def _soft_minimum(terms: np.ndarray, shares: np.ndarray, rate: float) -> _Aggregate:
    """Return the smallest term plus what the others add to it, which keeps its digits at any rate."""
    counted = terms[:, shares > 0]
    least = counted.min(axis=1)
    with np.errstate(over="ignore"):  # a term that is infinitely far above counts for nothing
        lost = np.expm1(-rate * (counted - least[:, None])) @ shares[shares > 0]
    above = -np.log1p(lost) / rate
    # The terms of `lost` have one sign, so that its relative error is that of the largest; the logarithm divides it
    # by 1 + lost, which is at least the smallest share.
    rounding = (2 * shares.size + 12) * _EPS * (-lost / (1 + lost) / rate + above + np.abs(counted).max(axis=1))
    return _Aggregate(least + above, rounding)

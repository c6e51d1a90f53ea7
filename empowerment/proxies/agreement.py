"""How far a proxy agrees with exact empowerment."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from empowerment.core import validate
from empowerment.proxies.result import BITS, ProxyResult

# Values that differ by less are tied, since the exact ones are known to a tolerance.
_TIED = 1e-6


class Agreement(NamedTuple):
    """Agreement of a proxy with exact empowerment over the same states.

    Attributes
    ----------
    spearman, kendall : float or None
        Rank correlations, ties having the mean of their ranks (Kendall's tau-b). None where all states are tied, in
        the proxy or in truth: then there is no order to agree with.
    rmse : float or None
        Root of the mean square of the error, in the unit of the proxy. None where the proxy is no information or
        infinite.
    bias : float or None
        Mean error, positive where the proxy is too large.
    spread : float
        Standard deviation of the exact values over states: the error of a constant that is right on average. A proxy
        with a larger error knows less than nothing about the size.

    See Also
    --------
    agreement : Compute these numbers.

    Examples
    --------
    >>> import empowerment as emp
    >>> maze = emp.worlds.klyubin_maze()
    >>> found = emp.proxies.agreement(emp.proxies.log_reachable(maze, 3), emp.empowerment(maze, 3))
    >>> round(found.spearman, 6), round(found.rmse, 6), round(found.spread, 3)
    (1.0, 0.0, 0.414)
    """

    spearman: float | None
    kendall: float | None
    rmse: float | None
    bias: float | None
    spread: float


def agreement(estimate: ProxyResult, exact: Any) -> Agreement:
    """Compare a proxy with the exact empowerment of the same states.

    Parameters
    ----------
    estimate : ProxyResult
        The proxy.
    exact : EmpowermentResult
        The empowerment of the same states, in bits. Values closer than 1e-6 count as tied in the ranks.

    Returns
    -------
    Agreement
        Rank correlations, error and bias, and the standard deviation of the exact values beside them.

    Raises
    ------
    TypeError
        If `estimate` is no result of a proxy.
    ValueError
        If the states differ, or the exact values are in another unit than bits.

    See Also
    --------
    empowerment.empowerment : Compute the exact values.

    Examples
    --------
    >>> import empowerment as emp
    >>> world = emp.worlds.slip_grid()
    >>> found = emp.proxies.agreement(emp.proxies.first_action_information(world, 2), emp.empowerment(world, 2))
    >>> found.bias < 0 < found.spread < found.rmse
    True
    """
    validate.instance(estimate, ProxyResult, "estimate")
    wanted = "an EmpowermentResult, as empowerment returns it"
    validate.offers(exact, ("value", "states", "unit"), "exact", wanted)
    if tuple(exact.states) != estimate.states:
        raise ValueError("exact and estimate are of different states, expected the same in the same order")
    if exact.unit != BITS:
        raise ValueError(f"exact is in {exact.unit}, expected bits: compute it with base=2")
    truth = np.asarray(exact.value, dtype=float)
    ranks = _rank_correlations(estimate.value, truth)
    error = estimate.value - truth if estimate.unit == BITS and np.isfinite(estimate.value).all() else None
    rmse = None if error is None else float(np.sqrt(np.mean(error**2)))
    return Agreement(*ranks, rmse, None if error is None else float(error.mean()), float(truth.std()))


def _rank_correlations(first: np.ndarray, second: np.ndarray) -> tuple[float | None, float | None]:
    from scipy.stats import kendalltau, spearmanr

    one, other = (np.round(each / _TIED) for each in (first, second))
    if np.unique(one).size < 2 or np.unique(other).size < 2:
        return None, None
    return float(spearmanr(one, other).statistic), float(kendalltau(one, other).statistic)

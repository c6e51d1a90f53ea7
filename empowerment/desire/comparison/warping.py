"""Dynamic time warping between series of the states, desires and actions of riders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.desire.comparison.estimates import SeedEstimate, ratio_estimate
from empowerment.desire.trace import DesireTrace
from empowerment.desire.worlds.riders import SLOTS_PER_DAY
from empowerment.results.result import Result, Table
from empowerment.runtime.loading import load
from empowerment.runtime.optional import missing
from empowerment.worlds.delivery import ACCEPT, MOST_HEALTH, state_parts

Pair = tuple[str, str]

SERIES = ("state", "desire", "behaviour", "income", "pleasure")
PAIRS: tuple[Pair, ...] = (("state", "desire"), ("desire", "behaviour"), ("state", "behaviour"))
SCALINGS = ("raw", "minmax", "z")
_RIDERS_HAVE = ("pay", "health", "delivered")


def rider_series(trace: DesireTrace, *, by: str = "day") -> dict[str, np.ndarray]:
    """Extract series of numbers from a trace of riders.

    Parameters
    ----------
    trace : DesireTrace
        A trace of :class:`Riders`.
    by : {"day", "slot"}
        Means of days, or all slots.

    Returns
    -------
    dict of str to ndarray of shape (n_runs, n_riders, length)
        "state" is ``1 - health / 10``, "desire" the weight of health, "behaviour" the share of declined orders among
        the offered ones, 0 if there are none, "income" the pay of a slot, and "pleasure" that of the emotion.

    Raises
    ------
    ValueError
        If the trace is not of riders, or its days are not whole.

    See Also
    --------
    warping_distances : Compute distances of these series.

    Examples
    --------
    >>> from empowerment.desire import Riders, greedy_rider, rider_series, simulate_agents
    >>> series = rider_series(simulate_agents(Riders(), greedy_rider(), 24))
    >>> sorted(series), series["state"].shape
    (['behaviour', 'desire', 'income', 'pleasure', 'state'], (1, 6, 2))
    """
    validate.instance(trace, DesireTrace, "trace")
    if set(trace.records) != set(_RIDERS_HAVE):
        raise ValueError(f"trace is {trace!r} of another world, expected one of Riders")
    daily = validate.one_of(by, ("day", "slot"), "by") == "day"
    if daily and trace.n_steps % SLOTS_PER_DAY:
        raise ValueError(
            f"trace has {trace.n_steps} slots, expected whole days of {SLOTS_PER_DAY} slots with by='day'"
        )
    health, _, offer = state_parts(trace.state_numbers[:, :-1])
    offered = offer > 0
    declined = offered & (trace.action_numbers != ACCEPT)

    def total(array: np.ndarray) -> np.ndarray:
        series = np.moveaxis(array, 1, -1).astype(np.float64)
        return series.reshape(*series.shape[:-1], -1, SLOTS_PER_DAY).sum(axis=-1) if daily else series

    length = SLOTS_PER_DAY if daily else 1
    return {
        "state": total(1 - health / MOST_HEALTH) / length,
        "desire": total(trace.desire[:, :-1, :, trace.desires.index("health")]) / length,
        "behaviour": total(declined) / np.maximum(total(offered), 1),
        "income": total(trace.records["pay"]) / length,
        "pleasure": total(trace.emotion[:, 1:, :, 0]) / length,
    }


def scaled(series: np.ndarray, scaling: str) -> np.ndarray:
    """Return series along the last axis unchanged, scaled to [0, 1], or with mean 0 and variance 1.

    Parameters
    ----------
    series : ndarray of shape (..., length)
    scaling : {"raw", "minmax", "z"}

    Returns
    -------
    ndarray of shape (..., length)
        Zeros for "minmax" and "z" where a series is constant.
    """
    if validate.one_of(scaling, SCALINGS, "scaling") == "raw":
        return series
    constant = np.ptp(series, axis=-1, keepdims=True) == 0
    if scaling == "minmax":
        origin, unit = series.min(axis=-1, keepdims=True), np.ptp(series, axis=-1, keepdims=True)
    else:
        origin, unit = series.mean(axis=-1, keepdims=True), series.std(axis=-1, keepdims=True)
    return np.where(constant, 0.0, (series - origin) / np.where(constant, 1.0, unit))


def warped(first: Any, second: Any) -> tuple[float, int]:
    """Compute the dynamic time warping distance of two series, and the length of the optimal path.

    Parameters
    ----------
    first, second : sequence of float
        The series.

    Returns
    -------
    distance : float
        The minimal sum of ``abs(x - y)`` over paths with the steps (1, 0), (0, 1) and (1, 1).
    length : int
        Number of pairs on the path; of several optimal paths, the one that is diagonal where possible, from the end.

    Raises
    ------
    ImportError
        If dtaidistance is not installed.

    See Also
    --------
    warping_distances : Compute distances of riders.

    Examples
    --------
    >>> from empowerment.desire import warped
    >>> warped([0, 1, 2], [0, 2])
    (1.0, 3)
    """
    return _warped(_series(first, "first"), _series(second, "second"))


def warping_distances(
    trace: DesireTrace,
    *,
    by: str = "day",
    pairs: Sequence[Pair] = PAIRS,
    scalings: Sequence[str] = SCALINGS,
) -> WarpingDistances:
    """Compute dynamic time warping distances between series of each rider.

    Parameters
    ----------
    trace : DesireTrace
        A trace of :class:`Riders`.
    by : {"day", "slot"}
        Means of days, or all slots.
    pairs : sequence of (str, str)
        Pairs of series of :func:`rider_series`. Compare pairs with "desire" only among agents that have one.
    scalings : sequence of str
        Some of "raw", "minmax" and "z"; see :func:`scaled`.

    Returns
    -------
    WarpingDistances
        The distances, with the series.

    Raises
    ------
    ValueError
        If a series or a scaling is unknown, or the trace is not of riders.
    ImportError
        If dtaidistance is not installed.

    See Also
    --------
    rider_series : Extract the series.
    warped : Compute the distance of two series.

    Notes
    -----
    The cost is ``abs(x - y)``. Longer series have larger sums, so divide by the length of the path [1]_ if lengths
    differ. The order of agents depends on the scaling: publish the series with the distances.

    References
    ----------
    .. [1] H. Sakoe and S. Chiba, Dynamic programming algorithm optimization for spoken word recognition, IEEE
       Transactions on Acoustics, Speech, and Signal Processing 26(1), 1978.

    Examples
    --------
    >>> from empowerment.desire import DesireAgent, Riders, simulate_agents, warping_distances
    >>> trace = simulate_agents(Riders(), DesireAgent(resolution=20), seeds=range(4))
    >>> warping_distances(trace, pairs=[("state", "behaviour")], scalings=["z"]).total("z")
    SeedEstimate(21.46 in [18.79, 24.13], 4 seeds)
    """
    series = rider_series(trace, by=by)
    checked = _checked_pairs(pairs)
    chosen = validate.texts(scalings, "scalings")
    for scaling in chosen:
        validate.one_of(scaling, SCALINGS, "scaling")
    shape = len(checked), len(chosen), len(trace), trace.n_agents
    distance, length = np.empty(shape), np.empty(shape, dtype=np.int64)
    for s, scaling in enumerate(chosen):
        ready = {name: scaled(series[name], scaling) for name in {name for pair in checked for name in pair}}
        for p, (first, second) in enumerate(checked):
            for who in np.ndindex(shape[2:]):
                distance[p, s, *who], length[p, s, *who] = _warped(ready[first][who], ready[second][who])
    return WarpingDistances(trace.agent, trace.seeds, by, checked, chosen, series, distance, length)


@dataclass(frozen=True, eq=False, repr=False)
class WarpingDistances(Result):
    """Dynamic time warping distances of riders: sized, iterable over pairs of series, and indexed by them.

    Attributes
    ----------
    agent : str
        Name of the agent.
    seeds : tuple of int
        Seeds of the runs.
    by : str
        "day" or "slot".
    pairs : tuple of (str, str)
        Pairs of series.
    scalings : tuple of str
        Scalings of the series.
    series : dict of str to ndarray of shape (n_runs, n_riders, length)
        All series, not scaled.
    distance : ndarray of shape (n_pairs, n_scalings, n_runs, n_riders)
        Distances.
    path_length : ndarray of int of the same shape
        Number of pairs on the optimal path.

    See Also
    --------
    warping_distances : Compute these distances.

    Examples
    --------
    >>> from empowerment.desire import Riders, greedy_rider, simulate_agents, warping_distances
    >>> trace = simulate_agents(Riders(), greedy_rider(), 24, seeds=range(2))
    >>> distances = warping_distances(trace, pairs=[("state", "income")], scalings=["raw"])
    >>> list(distances), distances.distance.shape
    ([('state', 'income')], (1, 1, 2, 6))
    """

    agent: str
    seeds: tuple[int, ...]
    by: str
    pairs: tuple[Pair, ...]
    scalings: tuple[str, ...]
    series: dict[str, np.ndarray]
    distance: np.ndarray
    path_length: np.ndarray

    def total(self, scaling: str, *, pairs: Sequence[Pair] | None = None, by_length: bool = False) -> SeedEstimate:
        """Estimate the sum over pairs of series, averaged over riders and seeds.

        Parameters
        ----------
        scaling : str
            One of the scalings.
        pairs : sequence of (str, str), optional
            By default all pairs.
        by_length : bool
            Divide each distance by the length of its path.

        Returns
        -------
        SeedEstimate
            The sum with its interval.
        """
        s = validate.index_of(scaling, {name: i for i, name in enumerate(self.scalings)}, "scaling")
        chosen = [self._number(pair) for pair in (self.pairs if pairs is None else _checked_pairs(pairs))]
        found = self.distance[chosen, s]
        if validate.flag(by_length, "by_length"):
            found = found / self.path_length[chosen, s]
        sums = found.sum(axis=0).mean(axis=-1)
        estimate = ratio_estimate(sums, np.ones(len(sums)))
        assert estimate is not None
        return estimate

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Iterator[Pair]:
        return iter(self.pairs)

    def __contains__(self, pair: object) -> bool:
        return pair in self.pairs

    def __getitem__(self, pair: Pair) -> dict[str, SeedEstimate]:
        """Return the distance of a pair of series for each scaling."""
        return {scaling: self.total(scaling, pairs=[pair]) for scaling in self.scalings}

    def _table(self) -> Table:
        """Return a row for each pair of series, scaling, run and rider."""
        pair, scaling, run, rider = np.indices(self.distance.shape).reshape(4, -1)
        columns = {
            "first": np.array([pair[0] for pair in self.pairs])[pair],
            "second": np.array([pair[1] for pair in self.pairs])[pair],
            "scaling": np.array(self.scalings)[scaling],
            "seed": np.array(self.seeds)[run],
            "agent": rider,
            "distance": self.distance.reshape(-1),
            "path_length": self.path_length.reshape(-1),
        }
        return Table("row", None, columns)

    def __repr__(self) -> str:
        totals = ", ".join(f"{scaling} {self.total(scaling).value:.4g}" for scaling in self.scalings)
        pairs = ", ".join("–".join(pair) for pair in self.pairs)
        return f"WarpingDistances({self.agent!r}, by {self.by}, {pairs}; sums: {totals})"

    def _number(self, pair: Pair) -> int:
        return validate.index_of(pair, {each: i for i, each in enumerate(self.pairs)}, "pair")


def _warped(first: np.ndarray, second: np.ndarray) -> tuple[float, int]:
    dtw = _library()
    # "euclidean" is abs(x - y) for numbers; the other choice is its square.
    distance, matrix = dtw.warping_paths_fast(
        np.ascontiguousarray(first), np.ascontiguousarray(second), inner_dist="euclidean"
    )
    return float(distance), len(dtw.best_path(matrix))


def _library() -> Any:
    try:
        return load("dtaidistance.dtw")
    except ImportError:
        raise missing("this", "dtaidistance") from None


def _series(values: Any, name: str) -> np.ndarray:
    found = np.asarray(validate.number_array(values, name, 1, "(time,)"), dtype=np.float64)
    if not np.isfinite(found).all():
        raise ValueError(f"{name} is {validate.shown(values)}, expected finite numbers")
    return found


def _checked_pairs(pairs: Any) -> tuple[Pair, ...]:
    if isinstance(pairs, str) or not validate.is_several(pairs):
        raise TypeError(f"pairs is {validate.shown(pairs)}, expected a list of pairs of series")
    found = []
    for pair in pairs:
        names = validate.texts(pair, "a pair of pairs")
        if len(names) != 2:
            raise ValueError(f"pairs has {validate.shown(pair)}, expected the names of two series")
        found.append((validate.one_of(names[0], SERIES, "series"), validate.one_of(names[1], SERIES, "series")))
    if not found:
        raise ValueError("pairs is empty, expected at least one pair of series")
    return tuple(found)

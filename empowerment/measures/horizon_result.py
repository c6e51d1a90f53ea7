"""What a sweep over horizons returns: the numbers at each, what limits them, and what "up to n" makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.measures.result import EmpowermentResult
from empowerment.results.certified import Labelled, counted
from empowerment.results.result import Table

# What is closer than this, relative to its size, is the same number with other roundings.
_SAME = 1e-12


@dataclass(frozen=True, eq=False, repr=False)
class OverHorizons(Labelled):
    """One number for each state, derived from several horizons, with its certified interval.

    Sized, iterable over the labels of the states, and indexed by them.

    Attributes
    ----------
    value, lower, upper : ndarray of shape (n_states,)
    status : ndarray of int of shape (n_states,)
        A :class:`Status` for each: that of its horizon, or the worst of all.
    method : ndarray of str of shape (n_states,)
        How each state was answered at its horizon, or "sum".
    states : tuple
        Labels of the states.
    horizon : ndarray of int of shape (n_states,), or None
        The horizon that the number of each state comes from; None where it comes from all of them.
    base, tol, rtol : float
        `tol` is the width that the tolerance of the single horizons adds up to.
    """

    _each = ("value", "lower", "upper", "status", "method", "states", "horizon")

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    status: np.ndarray
    method: np.ndarray
    states: tuple[Any, ...]
    horizon: np.ndarray | None
    base: float
    tol: float
    rtol: float

    @property
    def _axes(self) -> Mapping[str, Sequence[Any]]:
        return {"state": self.states}

    @property
    def _details(self) -> Sequence[str]:
        return () if self.horizon is None else (f"at horizons {self.horizon.min()} to {self.horizon.max()}",)

    def _table(self) -> Table:
        table = super()._table()
        return table if self.horizon is None else table._replace(columns={"horizon": self.horizon, **table.columns})


@dataclass(frozen=True, eq=False, repr=False)
class HorizonSweep(Labelled):
    """The empowerment of states at several horizons, each with the interval that is proved to hold it.

    Sized, iterable over the horizons, and indexed by them: ``sweep[horizon]`` is the :class:`EmpowermentResult` of
    one. What is printed counts as exact what is known to within the tolerance, and as an interval what is not.

    Attributes
    ----------
    horizons : ndarray of int of shape (n_horizons,)
        Ascending.
    value, lower, upper : ndarray of shape (n_horizons, n_states)
        Empowerment at each horizon in each state, and the ends it is proved to lie between.
    status : ndarray of int of shape (n_horizons, n_states)
        A :class:`Status` for each.
    method : ndarray of str of shape (n_horizons, n_states)
    states : tuple
        Labels of the states.
    reachable : ndarray of shape (n_horizons, n_states)
        What the readings allow: the logarithm of how many are possible after exactly that many steps, in the
        result's unit (with ``stopping=True`` after at most that many). A run of readings is one of no more than
        the product of these numbers over the steps, so for trajectories it is the sum of the logarithms. 0 where
        no step leads on; in a noisy world in which actions are missing some readings may be counted that no
        sequence leads to.
    actions : ndarray of shape (n_horizons,)
        What the actions allow: the logarithm of the number of action sequences, `horizon` times that of the number
        of actions (with ``stopping=True`` there are the shorter ones as well).
    base, tol, rtol : float
    results : tuple of EmpowermentResult
        One for each horizon.

    See Also
    --------
    horizon_sweep : Compute the empowerment at several horizons.
    EmpowermentResult : The result of one horizon.

    Examples
    --------
    >>> import empowerment as emp
    >>> sweep = emp.horizon_sweep(emp.worlds.grid_world(["..."]), [1, 2], states=(0, 0))
    >>> sweep.value.round(4).tolist(), sweep.horizons.tolist()
    ([[1.0], [1.585]], [1, 2])
    >>> sweep[2].states
    ((0, 0),)
    """

    _parts = (EmpowermentResult,)

    horizons: np.ndarray
    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    status: np.ndarray
    method: np.ndarray
    states: tuple[Any, ...]
    reachable: np.ndarray
    actions: np.ndarray
    base: float
    tol: float
    rtol: float
    results: tuple[EmpowermentResult, ...]

    @property
    def limit(self) -> np.ndarray:
        """The lower limit at each horizon and state: "readings" or, also if equal, "actions"."""
        return np.where(self.reachable < self.actions[:, None] * (1 - _SAME), "readings", "actions")

    @property
    def saturation(self) -> np.ndarray:
        """Value divided by the lower limit, of shape (n_horizons, n_states); 1 where that limit is 0.

        For the final reading the difference from 1 is lost to noise: in a deterministic world it is 1 everywhere.
        """
        limit = np.minimum(self.reachable, self.actions[:, None])
        short = self.value < limit * (1 - _SAME)
        return np.divide(self.value, limit, out=np.ones_like(limit), where=short & (limit > 0))

    @property
    def _axes(self) -> Mapping[str, Sequence[Any]]:
        return {"horizon": self.horizons.tolist(), "state": self.states}

    def __getitem__(self, horizon: int) -> EmpowermentResult:
        """Return the result of one horizon."""
        return self.results[self._position(horizon)]

    def __repr__(self) -> str:
        wide = int((~self.converged).sum())
        note = f" (widest {self.gap.max():.2g})" if wide else ""
        return (
            f"HorizonSweep({counted(len(self.states), 'state')}, horizons {_shown(self.horizons)}: "
            f"{self.stated_range()}, {self.value.size - wide} exact, {counted(wide, 'interval')}{note})"
        )

    def _table(self) -> Table:
        """Return a row for each horizon and state, with what limits it."""
        table = super()._table()
        limits = {"reachable": self.reachable, "actions": np.repeat(self.actions[:, None], len(self.states), axis=1)}
        flat = {name: own.reshape(-1) for name, own in (limits | {"limit": self.limit}).items()}
        return table._replace(columns={**table.columns, **flat})

    def largest(self) -> OverHorizons:
        """Find the largest empowerment of each state over the horizons, and the horizon that attains it.

        Returns
        -------
        OverHorizons
            Its interval reaches from the largest of the lower ends to the largest of the upper ends. Of horizons
            whose values agree within the tolerance, the first is named. Where intervals are wide and overlap, another
            horizon may have the largest empowerment.

        Notes
        -----
        "Up to n steps" can mean three things. Here the number of steps is fixed, chosen for each state, and known to
        the receiver. With ``stopping=True`` of :func:`empowerment` the agent chooses it as a part of its action,
        which gives at least this value. The third is :meth:`discounted`.

        Examples
        --------
        >>> import empowerment as emp
        >>> sweep = emp.horizon_sweep(emp.worlds.grid_world(["..G"], slip=0.2), range(1, 9))  # G ends all
        >>> sweep.largest().horizon.tolist(), sweep.largest().value.round(3).tolist()
        ([7, 6, 1], [1.121, 0.997, 0.0])
        """
        value, lower, upper = (ends.max(axis=0) for ends in (self.value, self.lower, self.upper))
        near = self.value >= value - np.maximum(self.tol, self.rtol * lower)
        place = near.argmax(axis=0), np.arange(len(self.states))
        return OverHorizons(
            value,
            lower,
            upper,
            self.status[place],
            self.method[place],
            self.states,
            self.horizons[place[0]],
            self.base,
            self.tol,
            self.rtol,
        )

    def discounted(self, discount: float) -> OverHorizons:
        """Compute the discounted sum of each state's empowerment over the horizons.

        The term of horizon n is ``discount**n`` times the empowerment at n.

        Parameters
        ----------
        discount : float
            In [0, 1]; 1 gives the plain sum. Horizons that are not part of the sweep have no term.

        Returns
        -------
        OverHorizons
            Its interval goes from the sum of the lower ends to that of the upper ends, rounded outward.

        Notes
        -----
        "Up to n steps" can mean three things; :meth:`largest` names the others. The sum is no capacity.

        Examples
        --------
        >>> import empowerment as emp
        >>> sweep = emp.horizon_sweep(emp.worlds.open_grid(9), [1, 2], states=(4, 4))
        >>> round(float(sweep.discounted(0.5).value[0]), 4)  # log2(5) / 2 + log2(13) / 4
        2.0861
        """
        weights = validate.discount(discount) ** self.horizons.astype(float)
        rounding = (len(self) + 4) * float(np.finfo(float).eps)
        return OverHorizons(
            weights @ self.value,
            weights @ self.lower - rounding * (weights @ np.abs(self.lower)),
            weights @ self.upper + rounding * (weights @ np.abs(self.upper)),
            np.where(self.converged, 0, self.status).max(axis=0),
            np.full(len(self.states), "sum"),
            self.states,
            None,
            self.base,
            self.tol * float(weights.sum()),
            self.rtol,
        )

    def plot(
        self,
        ax: Any = None,
        title: str | None = None,
        vmin: float | None = None,
        vmax: float | None = None,
        states: Any = None,
    ) -> Any:
        """Draw the values against the horizon; see :func:`empowerment.plotting.plot_horizons`.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; a new figure by default.
        title : str, optional
            Title; a summary by default.
        vmin, vmax : float, optional
            Ends of the scale; by default those of the data.
        states : state label or list of state labels, optional
            States to draw; all by default, as far as there is room.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.
        """
        from empowerment.plotting import plot_horizons

        return plot_horizons(self, ax=ax, title=title, vmin=vmin, vmax=vmax, states=states)


def _shown(horizons: np.ndarray) -> str:
    """Return the horizons as text: as a range where there is none missing, else one by one, shortened."""
    numbers = horizons.tolist()
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{numbers[0]} to {numbers[-1]}"
    if len(numbers) > 12:
        numbers[6:-3] = ["…"]
    return ", ".join(map(str, numbers))

"""What a sweep over horizons returns: the numbers at each, what limits them, and what "up to n" makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.intervals import Interval
from empowerment.measures.result import EmpowermentResult

# What is closer than this, relative to its size, is the same number with other roundings.
_SAME = 1e-12


@dataclass(frozen=True, eq=False, repr=False)
class OverHorizons(Interval):
    """One number for each state, made of those at several horizons, each with a certified interval.

    Attributes
    ----------
    value, lower, upper : ndarray of shape (n_states,)
    states : tuple
        Labels of the states.
    horizon : ndarray of int of shape (n_states,), or None
        The horizon that the number of each state comes from; None where it comes from all of them.
    base, tol, rtol : float
        `tol` is the width that the tolerance of the single horizons adds up to.
    """

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    states: tuple[Any, ...]
    horizon: np.ndarray | None
    base: float
    tol: float
    rtol: float

    def __repr__(self) -> str:
        count = "1 state" if len(self.states) == 1 else f"{len(self.states)} states"
        at = "" if self.horizon is None else f", at horizons {self.horizon.min()} to {self.horizon.max()}"
        return f"OverHorizons({count}: {self.stated_range()}, widest interval {self.gap.max():.1e}{at})"


@dataclass(frozen=True, eq=False, repr=False)
class HorizonSweep(Interval):
    """The empowerment of states at several horizons, each with the interval that is proved to hold it.

    ``sweep[horizon]`` is the :class:`EmpowermentResult` of one horizon. What is printed counts as exact whatever is
    known to within the tolerance, and as an interval whatever is not.

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
    """

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
        """Which limit is the lower one, of shape (n_horizons, n_states): "readings" or, also if equal, "actions"."""
        return np.where(self.reachable < self.actions[:, None] * (1 - _SAME), "readings", "actions")

    @property
    def saturation(self) -> np.ndarray:
        """The part of the lower limit that is attained, of shape (n_horizons, n_states); 1 where that limit is 0.

        For the final reading what is missing to 1 is lost to noise: in a deterministic world it is 1 everywhere.
        """
        limit = np.minimum(self.reachable, self.actions[:, None])
        short = self.value < limit * (1 - _SAME)
        return np.divide(self.value, limit, out=np.ones_like(limit), where=short & (limit > 0))

    def __len__(self) -> int:
        return len(self.horizons)

    def __getitem__(self, horizon: int) -> EmpowermentResult:
        """Return the result of one horizon."""
        for result in self.results:
            if result.horizon == horizon:
                return result
        raise KeyError(f"no result for horizon {horizon!r}; the {len(self)} horizons are {_shown(self.horizons)}")

    def __repr__(self) -> str:
        wide = int((~self.converged).sum())
        states = "1 state" if len(self.states) == 1 else f"{len(self.states)} states"
        intervals = "1 interval" if wide == 1 else f"{wide} intervals"
        note = f" (widest {self.gap.max():.2g})" if wide else ""
        return (
            f"HorizonSweep({states}, horizons {_shown(self.horizons)}: {self.stated_range()}, "
            f"{self.value.size - wide} exact, {intervals}{note})"
        )

    def largest(self) -> OverHorizons:
        """Return, for each state, the largest empowerment at any of the horizons, and the horizon that has it.

        Returns
        -------
        OverHorizons
            Its interval goes from the largest of the lower ends to the largest of the upper ends. Of horizons whose
            values agree to within the tolerance, the first is named. Where intervals are wide and overlap, another
            horizon may have the largest empowerment in truth.

        Notes
        -----
        One of three things that "up to n steps" may mean. Here the number of steps is fixed, in each state as it
        suits best, and known to whoever reads. With ``stopping=True`` of :func:`empowerment` it is a part of what the
        agent chooses, which gives no less than this. The third is :meth:`discounted`.

        Examples
        --------
        >>> import empowerment as emp
        >>> sweep = emp.horizon_sweep(emp.worlds.grid_world(["..G"], slip=0.2), range(1, 9))  # G ends all
        >>> sweep.largest().horizon.tolist(), sweep.largest().value.round(3).tolist()
        ([7, 6, 1], [1.121, 0.997, 0.0])
        """
        value, lower, upper = (ends.max(axis=0) for ends in (self.value, self.lower, self.upper))
        near = self.value >= value - np.maximum(self.tol, self.rtol * lower)
        at = self.horizons[near.argmax(axis=0)]
        return OverHorizons(value, lower, upper, self.states, at, self.base, self.tol, self.rtol)

    def discounted(self, discount: float) -> OverHorizons:
        """Return, for each state, the sum over the horizons n of ``discount**n`` times the empowerment at n.

        Parameters
        ----------
        discount : float
            In [0, 1]; 1 gives the plain sum. There is no term for a horizon that is not part of the sweep.

        Returns
        -------
        OverHorizons
            Its interval goes from the sum of the lower ends to that of the upper ends, rounded outward.

        Notes
        -----
        One of three things that "up to n steps" may mean; :meth:`largest` names the others. The sum is no capacity.

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
            self.states,
            None,
            self.base,
            self.tol * float(weights.sum()),
            self.rtol,
        )

    def plot(self, ax: Any = None, states: Any = None) -> Any:
        """Draw the values against the horizon; see :func:`empowerment.plotting.plot_horizons`."""
        from empowerment.plotting import plot_horizons

        return plot_horizons(self, ax=ax, states=states)


def _shown(horizons: np.ndarray) -> str:
    """Return the horizons as text: as a range where there is none missing, else one by one, shortened."""
    numbers = horizons.tolist()
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{numbers[0]} to {numbers[-1]}"
    if len(numbers) > 12:
        numbers[6:-3] = ["…"]
    return ", ".join(map(str, numbers))

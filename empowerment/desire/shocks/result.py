"""Behaviour of riders before a shock to health, after it, and with a frozen desire."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from empowerment.core import validate
from empowerment.desire.appraisal import EMOTIONS
from empowerment.desire.comparison.estimates import SeedEstimate, bootstrap_estimate, ratio_estimate, resampled_sums
from empowerment.desire.comparison.pictures import shocks_picture
from empowerment.desire.comparison.result import estimate_text
from empowerment.desire.parameters import DesireParameters
from empowerment.export.tables import data_frame
from empowerment.results.result import Result, Table

MEASURES = ("far_declined", "income", "rests", "health")
PHASES = ("before", "frozen", "updated")
_BEFORE, _FROZEN, _UPDATED = range(3)


class ShockRow(NamedTuple):
    """Estimates of one measure around shocks; None where there is no estimate.

    Attributes
    ----------
    before : SeedEstimate or None
        In the 24 slots before.
    frozen : SeedEstimate or None
        In the window after the shock, with the desire at the time of the shock.
    updated : SeedEstimate or None
        In the same window, with the updated desire.
    difference : SeedEstimate or None
        `updated` minus `frozen`.

    See Also
    --------
    ShockWindow : All measures of a window.

    Examples
    --------
    >>> from empowerment.desire import SeedEstimate, ShockRow
    >>> ShockRow(None, SeedEstimate(0.2, 0.1, 0.3, 9), None, None).frozen.value
    0.2
    """

    before: SeedEstimate | None
    frozen: SeedEstimate | None
    updated: SeedEstimate | None
    difference: SeedEstimate | None


@dataclass(frozen=True, eq=False, repr=False)
class ShockEffects(Result):
    """Effects of shocks for several windows: sized, iterable over the windows, and indexed by them.

    Attributes
    ----------
    agent : str
        Name of the agent.
    seeds : tuple of int
        Seeds of the runs.
    windows : tuple of int
        Numbers of slots.
    desires : tuple of str
        Names of the desires.
    n_agents, n_steps : int
        Numbers of agents and of steps of a run.
    moved : bool
        Whether events change the desire. If not, "frozen" and "updated" are equal.
    parameters : DesireParameters
        The parameters of the simulation.
    events : ndarray of int of shape (n_seeds,)
        Number of events.
    falls, falls_with_event : ndarray of int of shape (n_seeds,)
        Numbers of falls of health by 4 or more in one slot, and of those that are events.
    falls_named : ndarray of int of shape (n_names, n_seeds)
        Number of falls by the name of the emotion, in the order of `EMOTIONS`.
    n_shocks : ndarray of int of shape (n_windows, n_seeds)
        Number of shocks.
    desire : ndarray of shape (n_windows, 2, n_desires, n_seeds)
        Sums over shocks of the desire in the slot of the shock, and in the next one.
    sums : ndarray of shape (n_windows, 3, n_measures, 2, n_seeds)
        Numerators and denominators of the measures "far_declined", "income" (a day), "rests" and "health", before,
        frozen and updated.

    See Also
    --------
    shock_effects : Measure these effects.
    ExampleCriterion : Judge them.

    Examples
    --------
    >>> from empowerment.desire import DesireAgent, shock_effects
    >>> effects = shock_effects(DesireAgent(resolution=20), seeds=[0], windows=[24], n_steps=120)
    >>> list(effects), effects.n_steps
    ([24], 120)
    """

    _parts = (DesireParameters,)

    agent: str
    seeds: tuple[int, ...]
    windows: tuple[int, ...]
    desires: tuple[str, ...]
    n_agents: int
    n_steps: int
    moved: bool
    parameters: DesireParameters
    events: np.ndarray
    falls: np.ndarray
    falls_with_event: np.ndarray
    falls_named: np.ndarray
    n_shocks: np.ndarray
    desire: np.ndarray
    sums: np.ndarray

    @property
    def events_each(self) -> SeedEstimate | None:
        """Mean number of events of a rider in a run."""
        return ratio_estimate(self.events, np.full(len(self.seeds), self.n_agents))

    @property
    def with_event(self) -> SeedEstimate | None:
        """Share of falls that are events."""
        return ratio_estimate(self.falls_with_event, self.falls)

    @property
    def named(self) -> dict[str, SeedEstimate | None]:
        """Share of falls with each emotion."""
        return {name: ratio_estimate(own, self.falls) for name, own in zip(EMOTIONS, self.falls_named, strict=True)}

    def __len__(self) -> int:
        return len(self.windows)

    def __iter__(self) -> Iterator[int]:
        return iter(self.windows)

    def __contains__(self, window: object) -> bool:
        return window in self.windows

    def __getitem__(self, window: int) -> ShockWindow:
        """Return the measures of a window."""
        i = validate.index_of(window, {each: i for i, each in enumerate(self.windows)}, "window")
        return ShockWindow(window, self.desires, self.n_shocks[i], self.desire[i], self.sums[i])

    def plot(
        self,
        ax: Any = None,
        title: str | None = None,
        vmin: float | None = None,
        vmax: float | None = None,
        *,
        window: int | None = None,
    ) -> Any:
        """Draw a window after shocks, by default the first; see :func:`empowerment.plotting.plot_before_after`.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; a new figure by default.
        title : str, optional
            Title.
        vmin, vmax : float, optional
            Ends of the axes of values.
        window : int, optional
            The window; by default the first.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.
        """
        return shocks_picture(self[self.windows[0] if window is None else window], ax, title, vmin, vmax)

    def to_dataframe(self) -> Any:
        """Convert the effects into a table.

        Returns
        -------
        pandas.DataFrame
            One row for each window, measure and phase with an estimate: the number of shocks, the value and both ends
            of its interval.
        """
        rows = [
            (window, self[window].total, measure, phase, found)
            for window in self
            for measure in MEASURES
            for phase, found in self[window][measure]._asdict().items()
            if found is not None
        ]
        columns: dict[str, list[Any]] = {
            name: [row[i] for row in rows] for i, name in enumerate(("window", "n_shocks", "measure", "phase"))
        }
        columns |= {end: [getattr(row[-1], end) for row in rows] for end in ("value", "lower", "upper")}
        return data_frame(columns, "row")

    def __repr__(self) -> str:
        seeds = "1 seed" if len(self.seeds) == 1 else f"{len(self.seeds)} seeds"
        lines = "".join(f"\n  {self[window]!r}" for window in self)
        return f"ShockEffects({self.agent!r}, {seeds}, {int(self.falls.sum())} falls of health){lines}"

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in ("slots", "measure", *ShockRow._fields))
        body = "".join(
            f"<tr><td>{window}</td><td>{measure}</td>"
            + "".join(f"<td>{estimate_text(found, 3)}</td>" for found in self[window][measure])
            + "</tr>"
            for window in self
            for measure in MEASURES
        )
        return f"<p>{html.escape(self.agent)}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


@dataclass(frozen=True, eq=False, repr=False)
class ShockWindow(Result):
    """Measures in a window after shocks: sized, iterable over the measures, and indexed by them.

    Attributes
    ----------
    window : int
        Number of slots.
    desires : tuple of str
        Names of the desires.
    n_shocks : ndarray of int of shape (n_seeds,)
        Number of shocks.
    desire, sums : ndarray
        As in :class:`ShockEffects`, without the axis of the windows.

    See Also
    --------
    ShockEffects : All windows.
    ShockRow : One measure.

    Examples
    --------
    >>> from empowerment.desire import DesireAgent, shock_effects
    >>> window = shock_effects(DesireAgent(resolution=20), seeds=[0], windows=[24], n_steps=120)[24]
    >>> list(window)
    ['far_declined', 'income', 'rests', 'health']
    """

    window: int
    desires: tuple[str, ...]
    n_shocks: np.ndarray
    desire: np.ndarray
    sums: np.ndarray

    @property
    def total(self) -> int:
        """Number of shocks."""
        return int(self.n_shocks.sum())

    @property
    def desire_before(self) -> dict[str, SeedEstimate | None]:
        """Mean desire in the slot of the shock."""
        return self._mean_desire(0)

    @property
    def desire_after(self) -> dict[str, SeedEstimate | None]:
        """Mean desire in the slot after it."""
        return self._mean_desire(1)

    def relative_difference(self, measure: str) -> SeedEstimate | None:
        """Estimate the difference between updated and frozen desire, relative to the frozen one.

        Parameters
        ----------
        measure : str
            Name of the measure.

        Returns
        -------
        SeedEstimate or None
            The relative difference; None if there is no estimate.
        """
        i, (value, drawn) = self._number(measure), self._ratios
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = drawn[:, _UPDATED, i] / drawn[:, _FROZEN, i] - 1
            return self._estimate(float(value[_UPDATED, i] / value[_FROZEN, i] - 1), shares)

    def __len__(self) -> int:
        return len(MEASURES)

    def __iter__(self) -> Iterator[str]:
        return iter(MEASURES)

    def __contains__(self, measure: object) -> bool:
        return measure in MEASURES

    def __getitem__(self, measure: str) -> ShockRow:
        """Return a measure before, after with a frozen desire, and after with the updated one."""
        i, (value, drawn) = self._number(measure), self._ratios
        before, frozen, updated = (self._estimate(float(value[k, i]), drawn[:, k, i]) for k in range(len(PHASES)))
        apart = drawn[:, _UPDATED, i] - drawn[:, _FROZEN, i]
        difference = self._estimate(float(value[_UPDATED, i] - value[_FROZEN, i]), apart)
        return ShockRow(before, frozen, updated, difference)

    @cached_property
    def _ratios(self) -> tuple[np.ndarray, np.ndarray]:
        """All measures of all phases, and their resamples; NaN where a denominator is 0."""
        totals, drawn = self.sums.sum(axis=-1), resampled_sums(self.sums)
        with np.errstate(divide="ignore", invalid="ignore"):
            return totals[..., 0] / totals[..., 1], drawn[..., 0] / drawn[..., 1]

    def _estimate(self, value: float, drawn: np.ndarray) -> SeedEstimate | None:
        return bootstrap_estimate(value, drawn, len(self.n_shocks))

    def _table(self) -> Table:
        """Return a row for each measure and phase that has something to count."""
        rows = [
            (measure, phase, found)
            for measure in self
            for phase, found in self[measure]._asdict().items()
            if found is not None
        ]
        columns: dict[str, Any] = {"measure": [row[0] for row in rows], "phase": [row[1] for row in rows]}
        ends = {end: [getattr(row[2], end) for row in rows] for end in ("value", "lower", "upper")}
        return Table("row", None, columns | ends)

    def _number(self, measure: str) -> int:
        return validate.index_of(measure, {name: i for i, name in enumerate(MEASURES)}, "measure")

    def _mean_desire(self, late: int) -> dict[str, SeedEstimate | None]:
        return {
            name: ratio_estimate(sums, self.n_shocks)
            for name, sums in zip(self.desires, self.desire[late], strict=True)
        }

    def __repr__(self) -> str:
        row = self["far_declined"]
        parts = ", ".join(f"{name} {estimate_text(found, 3)}" for name, found in row._asdict().items())
        return f"ShockWindow({self.window} slots after {self.total} shocks; far orders declined: {parts})"

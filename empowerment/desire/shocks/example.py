"""Criterion for the source's example, and the parameters for which it occurs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from empowerment.core import validate
from empowerment.desire.comparison.pictures import region_picture
from empowerment.desire.parameters import DesireParameters
from empowerment.desire.shocks.result import ShockEffects
from empowerment.results.result import Result, Table

HEALTH = "health"


class Verdict(NamedTuple):
    """Parts of the source's example that occur.

    Attributes
    ----------
    desire_rises, declines_rise, rests_rise, income_falls, income_holds : bool
        Whether each part occurs; see :class:`ExampleCriterion`.

    See Also
    --------
    ExampleCriterion.judge : Makes a verdict.

    Examples
    --------
    >>> from empowerment.desire import Verdict
    >>> Verdict(True, True, True, True, False).holds
    False
    """

    desire_rises: bool
    declines_rise: bool
    rests_rise: bool
    income_falls: bool
    income_holds: bool

    @property
    def holds(self) -> bool:
        """Whether all parts occur."""
        return all(self)


@dataclass(frozen=True)
class ExampleCriterion:
    """Criterion for the source's example: after a shock, riders protect their health and still earn.

    The source states it in words [1]_. The numbers are this library's; the comparison is always with the twin of
    frozen desire.

    Attributes
    ----------
    window : int
        Number of slots after the shock.
    least_rise_of_desire : float
        "desire_rises": the mean desire for health rises by at least this in the slot of the shock.
    least_rise_of_declines : float
        "declines_rise": the 95 % interval of the increase of declined far orders lies above this.
    most_loss_of_income : float
        "income_holds": the relative loss of income is below this. "income_falls": its 95 % interval lies below 0, and
        "rests_rise": that of the share of rests above 0.

    See Also
    --------
    example_region : Apply the criterion to many parameters.
    shock_effects : Measure what is judged.

    References
    ----------
    .. [1] arXiv:2510.13195.

    Examples
    --------
    >>> from empowerment.desire import ExampleCriterion
    >>> ExampleCriterion().window
    24
    """

    window: int = 24
    least_rise_of_desire: float = 0.05
    least_rise_of_declines: float = 0.05
    most_loss_of_income: float = 0.25

    def __post_init__(self) -> None:
        """Check every number."""
        validate.positive_int(self.window, "window", most=validate.LONGEST)
        for name in ("least_rise_of_desire", "least_rise_of_declines"):
            validate.finite(getattr(self, name), name)
        validate.probability(self.most_loss_of_income, "most_loss_of_income")

    def judge(self, effects: ShockEffects) -> Verdict:
        """Judge which parts of the example occur.

        Parameters
        ----------
        effects : ShockEffects
            Effects that include the window of the criterion.

        Returns
        -------
        Verdict
            The parts that occur.
        """
        seen = validate.instance(effects, ShockEffects, "effects")[self.window]
        before, after = seen.desire_before[HEALTH], seen.desire_after[HEALTH]
        declines, rests = seen["far_declined"].difference, seen["rests"].difference
        income, share = seen["income"].difference, seen.relative_difference("income")
        if before is None or after is None or declines is None or rests is None or income is None or share is None:
            return Verdict(False, False, False, False, False)
        return Verdict(
            desire_rises=after.value - before.value >= self.least_rise_of_desire,
            declines_rise=declines.lower > self.least_rise_of_declines,
            rests_rise=rests.lower > 0,
            income_falls=income.upper < 0,
            income_holds=share.value > -self.most_loss_of_income,
        )


@dataclass(frozen=True, eq=False, repr=False)
class ExampleRegion(Result):
    """Region of parameters in which the example occurs: sized, iterable over combinations, and indexed by them.

    A combination is a tuple of values in the order of `names`.

    Attributes
    ----------
    names : tuple of str
        Names of the parameters that vary.
    values : tuple of tuple
        Values of each of them.
    seeds : tuple of int
        Seeds of the runs.
    desires : tuple of str
        Names of the desires.
    n_agents, n_steps : int
        Numbers of agents and of steps of a run.
    parameters : DesireParameters
        The parameters that do not vary.
    criterion : ExampleCriterion
        The criterion.
    arrays : mapping from str to ndarray
        Arrays of :class:`ShockEffects` by name, with one more axis, the first, for the combinations.

    See Also
    --------
    example_region : Compute the region.
    empowerment.plotting.plot_sensitivity : Draw it.

    Examples
    --------
    >>> from empowerment.desire import example_region
    >>> region = example_region({"threshold": [float("inf")]}, seeds=[0, 1], n_steps=72)
    >>> region.shape, region.holds.tolist()
    ((1,), [False])
    """

    _parts = (DesireParameters, ExampleCriterion)

    names: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]
    seeds: tuple[int, ...]
    desires: tuple[str, ...]
    n_agents: int
    n_steps: int
    parameters: DesireParameters
    criterion: ExampleCriterion
    arrays: Mapping[str, np.ndarray]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each parameter."""
        return tuple(len(own) for own in self.values)

    @cached_property
    def verdicts(self) -> dict[tuple[Any, ...], Verdict]:
        """Verdict for each combination."""
        return {cell: self.criterion.judge(self[cell]) for cell in self}

    @property
    def holds(self) -> np.ndarray:
        """Whether the example occurs, an array of truth values with an axis for each parameter."""
        return np.array([self.verdicts[cell].holds for cell in self]).reshape(self.shape)

    def __len__(self) -> int:
        return int(np.prod(self.shape))

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return itertools.product(*self.values)

    def __contains__(self, cell: object) -> bool:
        return cell in self._places

    def __getitem__(self, cell: tuple[Any, ...]) -> ShockEffects:
        """Return the effects of one combination of values."""
        i = validate.index_of(cell, self._places, "combination")
        known = asdict(self.parameters)
        changes = {name: value for name, value in zip(self.names, cell, strict=True) if name in known}
        return ShockEffects(
            agent="desire",
            seeds=self.seeds,
            windows=(self.criterion.window,),
            desires=self.desires,
            n_agents=self.n_agents,
            n_steps=self.n_steps,
            moved=True,
            parameters=DesireParameters(**known | changes),
            **{name: array[i] for name, array in self.arrays.items()},
        )

    @cached_property
    def _places(self) -> dict[Any, int]:
        return {cell: i for i, cell in enumerate(self)}

    def plot(
        self,
        ax: Any = None,
        title: str | None = None,
        vmin: float | None = None,
        vmax: float | None = None,
    ) -> Any:
        """Draw a map of two parameters; see :func:`empowerment.plotting.plot_sensitivity`.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; a new figure by default.
        title : str, optional
            Title.
        vmin, vmax : float, optional
            Ends of the colour scale.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.
        """
        return region_picture(self, ax, title, vmin, vmax)

    def _table(self) -> Table:
        """Return a row for each combination."""
        return Table("row", None, self.columns())

    def columns(self) -> dict[str, list[Any]]:
        """Return the columns of :meth:`to_dataframe` by name.

        Returns
        -------
        dict of str to list
            One list for each column.
        """
        rows = [self.row(cell) for cell in self]
        return {name: [row[name] for row in rows] for name in rows[0]}

    def row(self, cell: tuple[Any, ...]) -> dict[str, Any]:
        """Return the measures of one combination.

        Parameters
        ----------
        cell : tuple
            The values of the parameters.

        Returns
        -------
        dict of str to object
            Measures by name; None where there is no estimate.
        """
        effects = self[cell]
        seen, verdict = effects[self.criterion.window], self.verdicts[cell]
        declines, before, after = seen["far_declined"].difference, seen.desire_before, seen.desire_after
        rise = None if before[HEALTH] is None else float(after[HEALTH]) - float(before[HEALTH])  # type: ignore[arg-type]
        numbers = {
            "events": effects.events_each,
            "shocks_with_event": effects.with_event,
            "more_declined": declines,
            "more_rests": seen["rests"].difference,
            "more_income": seen.relative_difference("income"),
        }
        return {
            **dict(zip(self.names, cell, strict=True)),
            **{name: None if found is None else found.value for name, found in numbers.items()},
            "more_declined_lower": None if declines is None else declines.lower,
            "more_declined_upper": None if declines is None else declines.upper,
            "more_desire_for_health": rise,
            **verdict._asdict(),
            "holds": verdict.holds,
        }

    def __repr__(self) -> str:
        seeds = "1 seed" if len(self.seeds) == 1 else f"{len(self.seeds)} seeds"
        varied = ", ".join(f"{len(own)} values of {name}" for name, own in zip(self.names, self.values, strict=True))
        return f"ExampleRegion({varied}; {seeds}; the example happens for {int(self.holds.sum())} of {len(self)})"

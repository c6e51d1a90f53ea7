"""What samples of a world say about the empowerment of its states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.intervals import unit_name
from empowerment.core.layout import GraphLayout, GridLayout
from empowerment.measures.result import EmpowermentResult
from empowerment.results.by_label import ByLabel
from empowerment.results.certified import counted
from empowerment.results.result import Result, Table


@dataclass(frozen=True, eq=False, repr=False)
class EstimatedEmpowerment(ByLabel, Result):
    """Estimate of the empowerment of states from samples of their world.

    `lower` and `upper` are no certificate. They are the ends of a credible interval: given the samples and the prior
    the empowerment lies between them with the probability `level`. What is certified is `plug_in`, the empowerment of
    the mean model. Sized, iterable over the labels of the states, and indexed by them.

    Attributes
    ----------
    value : ndarray of shape (n_states,)
        Posterior mean.
    lower, upper : ndarray of shape (n_states,)
        Ends of the credible interval.
    plug_in : EmpowermentResult
        Empowerment of the mean model; too large on average.
    bias : ndarray of shape (n_states,) or None
        What the plug-in of samples of this size is too large by on average, if the mean model were the world. None
        where it was not asked for.
    p_value : ndarray of shape (n_states,) or None
        Probability of a plug-in at least this large if actions did not matter. None, as all about the null, if
        ``n_null`` is 0.
    null_quantile : ndarray of shape (n_states,) or None
        What the plug-in has to exceed to be told from chance at `level`.
    n_samples : ndarray of int of shape (n_states,)
        Least number of samples of any row that matters: of an action in a state within reach.
    undersampled : ndarray of bool of shape (n_states,)
        Whether such a row has fewer than 5 samples for each next state it was seen to lead to.
    draws : ndarray of shape (n_draws, n_states)
        The empowerment in models drawn from the posterior.
    level : float
        Of the interval and of the test.
    states : tuple
        Labels of the states that were asked for.
    horizon : int
    sensor : str
        What is read.
    layout : GridLayout, GraphLayout or None
        Positions of the states for pictures.
    base : float

    See Also
    --------
    estimated_empowerment : Compute this estimate.
    EmpowermentResult : The result in a world that is known.

    Examples
    --------
    >>> import empowerment as emp
    >>> lamp = emp.SampledModel([[[9, 1], [2, 8]], [[0, 10], [7, 3]]], states=["off", "on"])
    >>> found = emp.estimated_empowerment(lamp, rng=0, n_draws=200)
    >>> found.kind, len(found), found.n_samples.tolist(), bool((found.lower < found.value).all())
    ('estimate', 2, [10, 10], True)
    """

    _each = (
        *("value", "lower", "upper", "bias", "p_value", "null_quantile"),
        *("n_samples", "undersampled", "states"),
    )
    _parts = (EmpowermentResult, GridLayout, GraphLayout, *EmpowermentResult._parts)

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    plug_in: EmpowermentResult
    bias: np.ndarray | None
    p_value: np.ndarray | None
    null_quantile: np.ndarray | None
    n_samples: np.ndarray
    undersampled: np.ndarray
    draws: np.ndarray
    level: float
    states: tuple[Any, ...]
    horizon: int
    sensor: str
    layout: Any
    base: float

    @property
    def kind(self) -> str:
        """What the numbers are worth: "estimate"; nothing is proved of the world behind the samples."""
        return "estimate"

    @property
    def corrected(self) -> np.ndarray | None:
        """The plug-in less its bias, as it is: below 0 where the bias is larger. None where there is no bias."""
        return None if self.bias is None else np.asarray(self.plug_in.value) - self.bias

    @property
    def detected(self) -> np.ndarray | None:
        """Whether actions matter, by a test at `level` in each state: p-value at most ``1 - level``."""
        return None if self.p_value is None else self.p_value <= 1.0 - self.level + 1e-12

    @property
    def unit(self) -> str:
        """Name of the unit of information."""
        return unit_name(self.base)

    def _part(self, part: slice) -> dict[str, Any]:
        return super()._part(part) | {"plug_in": self.plug_in[self.states[part.start]], "draws": self.draws[:, part]}

    def __repr__(self) -> str:
        few = int(self.undersampled.sum())
        notes = [f"{few} undersampled"] if few else []
        if self.detected is not None:
            notes.append(f"actions matter in {int(self.detected.sum())}")
        ends = f"{self.value.min():.6g} to {self.value.max():.6g} {self.unit}"
        widest = f"widest {self.level:.0%} credible interval {float((self.upper - self.lower).max()):.2g}"
        inner = ", ".join((ends, widest, f"at least {int(self.n_samples.min())} samples", *notes))
        return f"EstimatedEmpowerment({counted(len(self), 'state')}, horizon {self.horizon}: {inner})"

    def _table(self) -> Table:
        columns: dict[str, Any] = {
            name: getattr(self, name) for name in ("value", "lower", "upper", "n_samples", "undersampled")
        }
        columns["plug_in"] = self.plug_in.value
        for name in ("bias", "p_value"):
            if getattr(self, name) is not None:
                columns[name] = getattr(self, name)
        return Table("state", self.states, columns)

    def _check(self) -> None:
        validate.base(self.base)
        self._check_lengths()
        if not (self.lower <= self.upper).all():
            raise ValueError("lower is above upper, expected the ends of an interval")

    def plot(
        self, ax: Any = None, title: str | None = None, vmin: float | None = None, vmax: float | None = None
    ) -> Any:
        """Draw the posterior mean of each state with its credible interval.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; a new figure by default.
        title : str, optional
            Title.
        vmin, vmax : float, optional
            Ends of the axis of values.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.
        """
        from empowerment.plotting import plot_intervals

        label = f"{self.horizon}-step empowerment [{self.unit}]\n{self.level:.0%} credible interval"
        return plot_intervals(self, ax=ax, title=title, vmin=vmin, vmax=vmax, labels=self.states, ylabel=label)

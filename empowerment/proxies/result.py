"""What a proxy says of states: numbers without a proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment.core.layout import GraphLayout, GridLayout
from empowerment.results.by_label import ByLabel, several
from empowerment.results.certified import counted
from empowerment.results.result import Result, Table

BITS = "bits"


@dataclass(frozen=True, eq=False, repr=False)
class ProxyResult(ByLabel, Result):
    """Values of a proxy for empowerment, one for each state.

    Nothing is proved of them: there are no lower and upper ends, and `kind` is "proxy". Sized, iterable over the
    labels of the states, and indexed by them.

    Attributes
    ----------
    value : ndarray of shape (n_states,)
        The proxy of each state.
    states : tuple
        Labels of the states that were asked for; the prefixes where the model is a token model.
    state_numbers : ndarray of int of shape (n_states,)
        Their numbers in the model.
    proxy : str
        Name of the function that made it.
    horizon : int
        Number of actions, or of tokens.
    n_samples : int
        Number of samples of each state; 0 if the proxy is computed from the model.
    unit : str
        "bits", or what a proxy counts that is no information.
    layout : GridLayout, GraphLayout or None
        Positions of the states for pictures.

    See Also
    --------
    agreement : Compare a proxy with exact empowerment.
    empowerment.EmpowermentResult : The certified result.

    Examples
    --------
    >>> import empowerment as emp
    >>> found = emp.proxies.log_visited(emp.worlds.grid_world(["..."]), 2, rng=0)
    >>> found.states, found.value.round(4).tolist(), found.kind
    (((0, 0), (0, 1), (0, 2)), [1.585, 1.585, 1.585], 'proxy')
    """

    _each = ("value", "states", "state_numbers")
    _parts = (GridLayout, GraphLayout)

    value: np.ndarray
    states: tuple[Any, ...]
    state_numbers: np.ndarray
    proxy: str
    horizon: int
    n_samples: int
    unit: str
    layout: Any = None

    @property
    def kind(self) -> str:
        """What the numbers are worth: "proxy"; they bound no empowerment unless the function's page says so."""
        return "proxy"

    def __float__(self) -> float:
        if len(self) != 1:
            raise several(*self._labels)
        return float(self.value[0])

    def __repr__(self) -> str:
        low, high = float(self.value.min()), float(self.value.max())
        ends = f"{low:.6g}" if low == high else f"{low:.6g} to {high:.6g}"
        samples = f", {counted(self.n_samples, 'sample')} a state" if self.n_samples else ""
        subject = f"{self.proxy} of {counted(len(self), 'state')}, horizon {self.horizon}"
        return f"ProxyResult({subject}: {ends} {self.unit}{samples}; nothing is proved)"

    def _table(self) -> Table:
        return Table("state", self.states, {"value": self.value})

    def _check(self) -> None:
        self._check_lengths()
        if np.isnan(self.value).any():
            raise ValueError("value has an entry that is no number, expected one for each state")

    def plot(
        self, ax: Any = None, title: str | None = None, vmin: float | None = None, vmax: float | None = None
    ) -> Any:
        """Draw the values as :func:`empowerment.plotting.plot_empowerment` draws a result of the same states.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; a new figure by default.
        title : str, optional
            Title; by default the name of the world and of the proxy.
        vmin, vmax : float, optional
            Ends of the colours or of the axis of values.

        Returns
        -------
        matplotlib.axes.Axes
            The axes. States with an infinite value are drawn as those that were not asked for.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If no value is finite.
        """
        from empowerment.plotting import plot_empowerment

        if not np.isfinite(self.value).any():
            raise ValueError("no value is finite, expected at least one to draw")
        picture: Any = _Picture.of(self)  # with what pictures of values read, and no statuses
        return plot_empowerment(picture, ax=ax, title=title, vmin=vmin, vmax=vmax)


@dataclass(frozen=True)
class _Picture:
    """What pictures ask of a result of states: its intervals have no width, so that none is drawn."""

    value: np.ndarray
    states: tuple[Any, ...]
    state_numbers: np.ndarray
    horizon: int
    unit: str
    layout: Any
    quantity: str
    beliefs: Any = None

    @classmethod
    def of(cls, result: ProxyResult) -> _Picture:
        """Return those of the states whose value is finite."""
        finite = np.isfinite(result.value)
        states = tuple(state for state, drawn in zip(result.states, finite, strict=True) if drawn)
        quantity = result.proxy.replace("_", " ")
        numbers = result.state_numbers[finite]
        return cls(result.value[finite], states, numbers, result.horizon, result.unit, result.layout, quantity)

    def __len__(self) -> int:
        return len(self.states)

    @property
    def lower(self) -> np.ndarray:
        return self.value

    upper = lower

    @property
    def gap(self) -> np.ndarray:
        return np.zeros(len(self))

    @property
    def converged(self) -> np.ndarray:
        return np.ones(len(self), dtype=bool)

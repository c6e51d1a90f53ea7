"""What samples of a channel say about its capacity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment.capacity.result import CapacityResult
from empowerment.core.intervals import unit_name
from empowerment.results.result import Result, Table


@dataclass(frozen=True, eq=False, repr=False)
class EstimatedCapacity(Result):
    """Estimate of the capacity of a channel from samples.

    `lower` and `upper` are no certificate. They are the ends of a statistical interval, which misses the capacity of
    the channel behind the samples about as often as its level says. What is certified is `plug_in`: the capacity
    of the frequencies, as if they were the channel.

    Attributes
    ----------
    plug_in : CapacityResult
        Capacity of the empirical channel; too large on average, whatever the channel.
    bias : float or None
        What the plug-in is too large by on average, estimated to the second order.
    standard_error : float or None
        Standard deviation of the plug-in, estimated to the first order.
    caveat : str or None
        Why there is no bias or no standard error, whether there are too few samples for the interval, and why the
        interval and the estimate do not agree where they do not.
    lower, upper : float
        The interval, within 0 and the logarithm of the size of the smaller alphabet.
    interval : str
        What kind it is: "bootstrap" and "concentration" are confidence intervals, "dirichlet" a credible one.
    level : float
        Of the interval and of the test.
    draws : ndarray of shape (n_draws,), or None
        Capacities that the interval was made of: of channels sampled anew ("bootstrap"), which are too large once
        more, or drawn from the posterior ("dirichlet").
    null_draws : ndarray of shape (n_null,), or None
        Capacities with the same outputs dealt out to the inputs at random.
    p_value : float or None
        Probability of a plug-in at least this large if the output does not depend on the input. None, as all about
        the null, if ``n_null`` is 0.
    null_quantile : float or None
        What the plug-in has to exceed to be told from chance at `level`.
    n_samples : ndarray of int of shape (n_inputs,)
        Samples of each input.
    base : float

    See Also
    --------
    capacity_from_counts : Compute this estimate.
    information_from_counts : Estimate the information at the empirical input distribution.

    Examples
    --------
    >>> import empowerment as emp
    >>> estimate = emp.capacity_from_counts([[27, 3], [3, 27]], rng=0, n_draws=200, n_null=200)
    >>> round(float(estimate.plug_in), 4), round(estimate.corrected, 4), estimate.interval
    (0.531, 0.5107, 'bootstrap')
    """

    _parts = (CapacityResult,)

    plug_in: CapacityResult
    bias: float | None
    standard_error: float | None
    caveat: str | None
    lower: float
    upper: float
    interval: str
    level: float
    draws: np.ndarray | None
    null_draws: np.ndarray | None
    p_value: float | None
    null_quantile: float | None
    n_samples: np.ndarray
    base: float

    @property
    def value(self) -> float:
        """The best estimate: the corrected one, or the plug-in where there is none."""
        return float(self.plug_in.value) if self.corrected is None else self.corrected

    @property
    def corrected(self) -> float | None:
        """The plug-in less its bias, as it is: below 0 where the bias is larger. None where there is no bias."""
        return None if self.bias is None else float(self.plug_in.value) - self.bias

    @property
    def posterior_mean(self) -> float | None:
        """Mean of the capacity given the counts; None if the interval is not "dirichlet"."""
        return float(np.mean(self.draws)) if self.draws is not None and self.interval == "dirichlet" else None

    @property
    def null_mean(self) -> float | None:
        """The plug-in to expect, with these totals, if the output does not depend on the input."""
        return None if self.null_draws is None else float(np.mean(self.null_draws))

    @property
    def detected(self) -> bool | None:
        """Whether the output depends on the input, by a test at `level`: p-value at most ``1 - level``."""
        return None if self.p_value is None else self.p_value <= 1.0 - self.level + 1e-12

    @property
    def unit(self) -> str:
        """Name of the unit of information."""
        return unit_name(self.base)

    def _table(self) -> Table:
        """Return the certified plug-in, and the estimate with its statistical interval."""
        plug_in = [float(getattr(self.plug_in, end)) for end in ("value", "lower", "upper")]
        pairs = zip(plug_in, (self.value, self.lower, self.upper), strict=True)
        columns: dict[str, Any] = dict(zip(("value", "lower", "upper"), map(list, pairs), strict=True))
        return Table("estimate", ("plug-in", "capacity"), columns | {"interval": ["certified", self.interval]})

    def plot(
        self, ax: Any = None, title: str | None = None, vmin: float | None = None, vmax: float | None = None
    ) -> Any:
        """Draw the estimate with its statistical interval.

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

        kind, label = f"{self.level:.0%} {self.interval} interval", f"capacity [{self.unit}]"
        return plot_intervals(self, ax=ax, title=title, vmin=vmin, vmax=vmax, labels=[kind], ylabel=label)

    def __repr__(self) -> str:
        ends = f"[{self.plug_in.lower:.6g}, {self.plug_in.upper:.6g}]"
        plug_in = f"{self.plug_in.value:.6g}" if self.plug_in.converged else ends
        corrected = "" if self.corrected is None else f", corrected {self.corrected:.6g}"
        error = "" if self.standard_error is None else f" ± {self.standard_error:.2g}"
        detection = (
            "" if self.p_value is None else f"; {'' if self.detected else 'NOT '}detected (p = {self.p_value:.3g})"
        )
        return (
            f"EstimatedCapacity(plug-in {plug_in}{corrected}{error} {self.unit}, {self.level:.0%} "
            f"{self.interval} interval [{self.lower:.6g}, {self.upper:.6g}]{detection}, "
            f"{self.n_samples.sum()} samples of {self.n_samples.size} inputs)"
            + (f"\n  {self.caveat}" if self.caveat else "")
        )

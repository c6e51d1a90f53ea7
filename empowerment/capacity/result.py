"""What the capacity solvers return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from empowerment.core.status import Status
from empowerment.results.certified import Numbered


@dataclass(frozen=True, eq=False, repr=False)
class CapacityResult(Numbered):
    """A channel capacity with the interval that is proved to hold it.

    The fields are shaped like what they answer: scalars of NumPy for one channel, arrays with a first axis over
    channels for a batch. The result of a batch is sized, iterable and indexed by the number of the channel.

    Attributes
    ----------
    value : float
        Best estimate, between `lower` and `upper`; without rewards never below 0.
    lower, upper : float
        The capacity lies between them; `lower` is the information at `input_distribution` plus its expected
        reward, `upper` the largest divergence of a row from `output_distribution` plus its reward, both on the
        caller's matrix, rounded outward.
    input_distribution : ndarray of shape (n_inputs,), or (n_channels, largest n_inputs) padded with zeros
        Proves `lower`. Where several inputs do the same it is one optimum of many.
    output_distribution : ndarray of shape (n_outputs,), or (n_channels, largest n_outputs) padded with zeros
        Proves `upper`; as close to the (unique) optimal one as the gap says, not always that of
        `input_distribution`.
    n_iter : int
        Steps of the method: interior-point or Newton steps, and Blahut-Arimoto passes.
    n_passes : int
        How often the whole (reduced) matrix was read.
    status : Status, or ndarray of int
    method, backend : str
    base : float
        Base of the logarithm, 2 for bits.
    tol, rtol : float
        The width that was asked for.
    shapes : ndarray of int of shape (n_channels, 2), or None
        Number of inputs and outputs of each channel of a batch; None for one channel.

    See Also
    --------
    channel_capacity : Compute a capacity.
    verify : Recompute both ends of the interval without the solver.

    Examples
    --------
    >>> import empowerment as emp
    >>> result = emp.channel_capacity([[1.0, 0.0], [0.5, 0.5]], tol=1e-6)
    >>> bool(result.lower <= result.value <= result.upper), bool(result.gap <= 1e-6)
    (True, True)
    >>> result.input_distribution.round(4)
    array([0.6, 0.4])
    """

    device_fields: ClassVar[tuple[str, ...]] = (
        *Numbered.device_fields,
        *("input_distribution", "output_distribution", "n_iter", "n_passes"),
    )
    host_fields: ClassVar[tuple[str, ...]] = ("shapes",)
    _noun = "channel"
    _each = ("value", "lower", "upper", "n_iter", "n_passes")
    _parts = (Status,)

    value: np.ndarray | np.float64
    lower: np.ndarray | np.float64
    upper: np.ndarray | np.float64
    input_distribution: np.ndarray
    output_distribution: np.ndarray
    n_iter: np.ndarray | np.integer
    n_passes: np.ndarray | np.integer
    status: Any
    method: str
    backend: str
    base: float
    tol: float
    rtol: float
    shapes: np.ndarray | None = None

    @property
    def _axes(self) -> Mapping[str, Sequence[Any]]:
        return {} if self.shapes is None else {self._noun: range(len(self.shapes))}

    @property
    def _details(self) -> Sequence[str]:
        how = f"{self.method} on {self.backend}"
        return (how,) if self._axes else (how, f"{self.n_iter} steps")

    def _part(self, number: int) -> dict[str, Any]:
        assert self.shapes is not None
        n_inputs, n_outputs = self.shapes[number]
        return super()._part(number) | {
            "input_distribution": self.input_distribution[number, :n_inputs],
            "output_distribution": self.output_distribution[number, :n_outputs],
            "status": Status(int(np.asarray(self.status)[number])),
            "shapes": None,
        }

    def plot(
        self,
        ax: Any = None,
        title: str | None = None,
        vmin: float | None = None,
        vmax: float | None = None,
    ) -> Any:
        """Draw the input distribution, or the values of a batch; see :func:`empowerment.plotting.plot_capacity`.

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
        from empowerment.plotting import plot_capacity

        return plot_capacity(self, ax=ax, title=title, vmin=vmin, vmax=vmax)

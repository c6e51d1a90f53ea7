"""What the capacity solvers return."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from empowerment.core.intervals import Interval
from empowerment.core.status import Status


@dataclass(frozen=True, eq=False, repr=False)
class CapacityResult(Interval):
    """A channel capacity with the interval that is proved to hold it.

    The fields are shaped like what they answer: scalars of NumPy for one channel, arrays with a first axis over
    channels for a batch.

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
        Steps of the method: interior-point steps and Blahut-Arimoto passes.
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
    """

    device_fields: ClassVar[tuple[str, ...]] = (
        *Interval.device_fields,
        *("input_distribution", "output_distribution", "n_iter", "n_passes"),
    )
    host_fields: ClassVar[tuple[str, ...]] = ("shapes",)

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

    def __float__(self) -> float:
        if self.shapes is not None:
            raise TypeError(f"the result holds {len(self.shapes)} channels; name one first: float(result[0])")
        return float(self.value)

    def __len__(self) -> int:
        if self.shapes is None:
            raise TypeError("the result of one channel has no length")
        return len(self.shapes)

    def __getitem__(self, channel: int) -> CapacityResult:
        """Return the result of one channel of a batch."""
        if self.shapes is None:
            raise TypeError("this is the result of one channel already")
        n_inputs, n_outputs = self.shapes[channel]
        one = {name: getattr(self, name)[channel] for name in ("value", "lower", "upper", "n_iter", "n_passes")}
        return replace(
            self,
            **one,
            input_distribution=self.input_distribution[channel, :n_inputs],
            output_distribution=self.output_distribution[channel, :n_outputs],
            status=Status(int(np.asarray(self.status)[channel])),
            shapes=None,
        )

    def __repr__(self) -> str:
        if self.shapes is not None:
            good = int(np.sum(self.converged))
            missed = f", {len(self) - good} NOT converged" if good < len(self) else ""
            return (
                f"CapacityResult({len(self)} channels: {self.stated_range()}, widest interval {self.gap.max():.1e}, "
                f"{good} of {len(self)} converged{missed}, {self.method} on {self.backend})"
            )
        return (
            f"CapacityResult({self.stated()}, gap {self.gap:.1e}, "
            f"{'converged' if self.converged else 'NOT converged'}, {self.method} on {self.backend}, "
            f"{self.n_iter} steps)\n  {Status(int(self.status)).sentence}"
        )

"""A second opinion on a certificate, sharing no code with the solvers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from empowerment.channel import as_channel
from empowerment.results import CapacityResult


def verify(channel: Any, result: CapacityResult) -> tuple[float, float]:
    """Recompute both ends of a capacity's interval from the distributions that prove them.

    Only the returned input distribution p and output distribution q are used, on the matrix the caller
    holds: the information I(p) bounds the capacity from below and ``max_x D(p(.|x) || q)`` from above.

    Parameters
    ----------
    channel : Channel or array_like of shape (n_inputs, n_outputs)
        The channel that was solved.
    result : CapacityResult

    Returns
    -------
    (lower, upper) : (float, float)
        In the result's unit, moved outward by a bound on the rounding error of this computation, so that it
        encloses the capacity whatever the solver did.

    Raises
    ------
    ValueError
        If the result belongs to a channel of another shape.

    Examples
    --------
    >>> import empowerment as emp
    >>> switch = [[0.9, 0.1], [0.1, 0.9]]
    >>> lower, upper = emp.verify(switch, emp.channel_capacity(switch))
    >>> lower <= 0.5310044064107188 <= upper
    True
    """
    channel = as_channel(channel)
    wanted = (result.input_distribution.size, result.output_distribution.size)
    if channel.shape != wanted:
        raise ValueError(f"channel has shape {channel.shape}, but the result belongs to one of shape {wanted}")
    lower = channel.mutual_information(result.input_distribution, math.e)
    upper = float(channel.divergences(result.output_distribution, math.e).max())
    # NumPy sums pairwise; logarithms reach 745 only at weights near 1e-323, which their weight makes vanish.
    slack = np.finfo(float).eps * (32 + math.log2(channel.n_outputs + channel.n_inputs)) * (1 + abs(upper))
    unit = math.log(result.base)
    return float((lower - slack) / unit), float((upper + slack) / unit)

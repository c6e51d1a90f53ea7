"""A second opinion on a certificate, sharing no code with the solvers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from empowerment.capacity.result import CapacityResult
from empowerment.core import validate
from empowerment.core.channel import as_channel


def verify(channel: Any, result: CapacityResult, rewards: Any = None) -> tuple[float, float]:
    """Recompute both ends of a capacity's interval from the distributions that prove them.

    Only the returned input distribution p and output distribution q are used, on the matrix the caller
    holds: the information I(p) bounds the capacity from below and ``max_x D(p(.|x) || q)`` from above.

    Parameters
    ----------
    channel : Channel or array_like of shape (n_inputs, n_outputs)
        The channel that was solved.
    result : CapacityResult
        The result for this channel; of a batch, ``result[i]``.
    rewards : array_like of shape (n_inputs,), optional
        The rewards with which it was solved.

    Returns
    -------
    lower : float
        Lower end in the result's unit, moved outward by a bound on the rounding error of this computation, so that
        the two ends enclose the capacity whatever the solver did.
    upper : float
        Upper end, moved outward in the same way.

    Raises
    ------
    ValueError
        If the result belongs to a channel of another shape.

    See Also
    --------
    channel_capacity : Compute a capacity and the distributions that prove its interval.

    Examples
    --------
    >>> import empowerment as emp
    >>> switch = [[0.9, 0.1], [0.1, 0.9]]
    >>> lower, upper = emp.verify(switch, emp.channel_capacity(switch))
    >>> lower <= 0.5310044064107188 <= upper
    True
    """
    channel, result = as_channel(channel), validate.instance(result, CapacityResult, "result")
    expected_shape = (result.input_distribution.size, result.output_distribution.size)
    if channel.shape != expected_shape:
        raise ValueError(
            f"channel has shape {channel.shape}, but the result belongs to one of shape {expected_shape}"
        )
    unit = math.log(result.base)
    input_rewards = (
        np.zeros(channel.n_inputs)
        if rewards is None
        else validate.number_array(rewards, "rewards", 1, "(input,)") * unit
    )
    if input_rewards.shape != (channel.n_inputs,):
        raise ValueError(f"rewards has shape {input_rewards.shape}, expected {(channel.n_inputs,)}")
    p = result.input_distribution
    lower = channel.mutual_information(p, math.e) + float(p @ input_rewards)
    upper = float((channel.divergences(result.output_distribution, math.e) + input_rewards).max())
    # A sum of w log(w / q) has terms of total size below the divergence, twice the row's entropy and 1. NumPy adds
    # the rows of a dense matrix pairwise, SciPy those of a sparse one in their order.
    size = 1 + abs(lower) + abs(upper) + 2 * channel.row_entropies(math.e).max() + 2 * np.abs(input_rewards).max()
    longest = (
        np.diff(channel.matrix.indptr).max()
        if validate.is_sparse(channel.matrix)
        else math.log2(channel.n_outputs + 1)
    )
    slack = np.finfo(float).eps * (32 + longest + math.log2(channel.n_inputs + 1)) * size
    lower = float((lower - slack) / unit)
    return lower if rewards is not None else max(lower, 0.0), float((upper + slack) / unit)

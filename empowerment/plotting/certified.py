"""Any certified numbers, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from empowerment.core.protocols import NumbersWithIntervals
from empowerment.plotting.axes import axes_of, ticks
from empowerment.plotting.intervals import intervals_size

_NARROW = 0.06  # of the range of the numbers, left free above and below


def plot_certified(
    result: NumbersWithIntervals,
    names: Sequence[Any],
    axis: str,
    *,
    ax: Any = None,
    title: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
) -> Any:
    """Draw numbers with bars over their certified intervals; marks are open where the tolerance was missed.

    Parameters
    ----------
    result : result with numbers and intervals
    names : sequence
        What to write under each number. Of many only some are written.
    axis : str
        What the names are.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.
    title : str, optional
    vmin, vmax : float, optional
        Ends of the scale. By default those of the finite ends of the intervals, or 0 and 1 about one number.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    value, lower, upper = (np.asarray(end, float).reshape(-1) for end in (result.value, result.lower, result.upper))
    known = np.broadcast_to(np.asarray(getattr(result, "converged", True)), value.shape)
    ax = axes_of(ax, intervals_size(value.size))
    low, high = _range(np.concatenate([value, lower, upper]))
    low, high = low if vmin is None else vmin, high if vmax is None else vmax
    room = _NARROW * (high - low)
    at = np.arange(value.size)
    ax.vlines(at, np.maximum(lower, low - room), np.minimum(upper, high + room), colors="C0", linewidth=1.6)
    ax.plot(at[known], value[known], "o", color="C0", markersize=4)
    ax.plot(at[~known], value[~known], "o", color="C0", markersize=5, markerfacecolor="white")
    shown = ticks(value.size)
    ax.set_xticks(shown, [str(names[i]) for i in shown])
    ax.set(xlabel=axis, ylabel=f"[{result.unit}]", ylim=(low - room, high + room))
    ax.grid(axis="y", color="0.9")
    ax.set_axisbelow(True)
    if title is not None:
        ax.set_title(title)
    return ax


def _range(numbers: np.ndarray) -> tuple[float, float]:
    """Return the ends of a scale for these numbers, one unit apart where they do not differ."""
    finite = numbers[np.isfinite(numbers)]
    least, most = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return (least, most) if most - least > 1e-6 else (least - 0.5, least + 0.5)

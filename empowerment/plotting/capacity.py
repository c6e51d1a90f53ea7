"""Capacities: the input distribution of one channel, the intervals of several."""

from __future__ import annotations

from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.plotting.axes import Canvas, ticks
from empowerment.plotting.colors import BLUE
from empowerment.plotting.intervals import plot_intervals
from empowerment.plotting.protocols import Capacity

_MOST_RIMMED = 60  # bars; between more of them there is no room for a gap


def plot_capacity(
    result: Capacity,
    *,
    ax: Any = None,
    title: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
) -> Any:
    """Draw the input distribution of one channel as bars, or the capacities of several with their intervals.

    Parameters
    ----------
    result : CapacityResult
        The result to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.
    title : str, optional
        By default the capacity of the channel, with its interval where that missed the tolerance.
    vmin, vmax : float, optional
        The ends of the axis of probabilities, or of that of capacities.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If `vmin` is not below `vmax`.

    See Also
    --------
    plot_intervals : Any values with their intervals.

    Examples
    --------
    >>> import empowerment as emp
    >>> emp.plotting.plot_capacity(emp.channel_capacity([[0.9, 0.1], [0.1, 0.9]])).get_title()
    'capacity 0.531 bits'
    """
    wanted = "a CapacityResult, as channel_capacity returns it"
    validate.offers(result, ("value", "lower", "upper", "input_distribution", "shapes"), "result", wanted)
    if result.shapes is not None:
        ax = plot_intervals(result, ax=ax, title=title, vmin=vmin, vmax=vmax, ylabel=f"capacity [{result.unit}]")
        ax.set_xlabel("channel")
        return ax
    chances = np.asarray(result.input_distribution)
    canvas = Canvas.of(ax, (min(max(0.3 * chances.size + 2, 4.0), 10.0), 3.2), title, vmin, vmax)
    canvas.ax.bar(np.arange(chances.size), chances, width=0.8 if chances.size <= _MOST_RIMMED else 1.0, color=BLUE)
    canvas.value_axis("y", "probability", 0.0, float(chances.max()), margin=0.0)
    if vmax is None:
        canvas.ax.set_ylim(top=1.06 * canvas.ax.get_ylim()[1])
    canvas.ax.set(xlabel="input", xticks=ticks(chances.size), xlim=(-0.7, chances.size - 0.3))
    lower, upper = float(result.lower), float(result.upper)
    stated = f"{float(result.value):.4g}" if result.converged else f"between {lower:.4g} and {upper:.4g}"
    canvas.write_title(f"capacity {stated} {result.unit}")
    return canvas.ax

"""Values state by state, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from empowerment.core.protocols import StateResult
from empowerment.plotting.axes import axes_of, axis_label, check_result, color_range, names_of, ticks, write_title


def plot_intervals(result: StateResult, *, ax: Any = None, labels: Sequence[Any] | None = None) -> Any:
    """Draw the value of each state with a bar over its certified interval.

    Parameters
    ----------
    result : EmpowermentResult
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.
    labels : sequence, optional
        What to write under the states instead of their labels. With many states only some are written.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there are not as many labels as states.

    Examples
    --------
    >>> import empowerment as emp
    >>> result = emp.empowerment(emp.worlds.slip_grid(), horizon=1, states=[(0, 0), (5, 5)])
    >>> ax = emp.plotting.plot_intervals(result)
    >>> [text.get_text() for text in ax.get_xticklabels()]
    ['(0, 0)', '(5, 5)']
    """
    check_result(result)
    names = names_of(labels, result.states)
    ax = axes_of(ax, intervals_size(len(result)))
    at = np.arange(len(result))
    below, above = result.value - result.lower, result.upper - result.value
    ax.errorbar(at, result.value, yerr=np.maximum([below, above], 0), fmt="o", markersize=4, capsize=3)
    shown = ticks(len(result))
    slanted = max(len(names[i]) for i in shown) * len(shown) > 70
    turn = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if slanted else {}
    ax.set_xticks(shown, [names[i] for i in shown], **turn)
    low, high = color_range(result, result.lower, result.upper)
    ax.set_ylim(low - 0.06 * (high - low), high + 0.06 * (high - low))
    ax.ticklabel_format(axis="y", useOffset=False)
    ax.grid(axis="y", color="0.9")
    ax.set_axisbelow(True)
    ax.set(xlabel="state", ylabel=axis_label(result))
    write_title(ax, result, high - low)
    return ax


def intervals_size(count: int) -> tuple[float, float]:
    """Return the size in inches of a figure for so many states."""
    return min(max(0.35 * count + 2, 4.0), 12.0), 3.8

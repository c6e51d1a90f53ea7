"""Values one by one, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.protocols import CertifiedValues
from empowerment.plotting.axes import Canvas, points, spread, ticks
from empowerment.plotting.titles import axis_label, names_of, state_title

_PLURALS = {"entry": "entries", "state": "states", "belief": "beliefs"}
# In points: the width of a letter of a label, with some space, and the room that a slanted label takes.
_LETTER, _SLANTED = 7.0, 15.0


def plot_intervals(
    result: CertifiedValues,
    *,
    ax: Any = None,
    title: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    labels: Sequence[Any] | None = None,
    ylabel: str | None = None,
) -> Any:
    """Draw each value of a result with a bar over its certified interval.

    Parameters
    ----------
    result : EmpowermentResult, or any other result
        With one or several numbers `value`, their ends `lower` and `upper`, and a `unit`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.
    title : str, optional
        By default the name of the world and what is drawn, if the result knows its horizon.
    vmin, vmax : float, optional
        The ends of the axis of values; by default those of the intervals with some room.
    labels : sequence, optional
        What to write under the values instead of the labels of states; long ones are shortened. With many values
        only some are written.
    ylabel : str, optional
        What the values are; by default the empowerment.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If the result has no values with intervals.
    ValueError
        If there are not as many labels as values, or `vmin` is not below `vmax`.

    See Also
    --------
    plot_map : For worlds on a grid.
    plot_graph : For small worlds without one.

    Examples
    --------
    >>> import empowerment as emp
    >>> result = emp.empowerment(emp.worlds.slip_grid(), horizon=1, states=[(0, 0), (5, 5)])
    >>> ax = emp.plotting.plot_intervals(result)
    >>> [text.get_text() for text in ax.get_xticklabels()]
    ['(0, 0)', '(5, 5)']
    """
    wanted = "a result with values and their intervals, as empowerment returns it"
    validate.offers(result, ("value", "lower", "upper", "unit"), "result", wanted)
    ends = (np.atleast_1d(np.asarray(end)) for end in (result.value, result.lower, result.upper))
    value, lower, upper = _beyond_the_frame(*ends)
    if value.ndim > 1:
        raise ValueError(f"the values of result have shape {value.shape}, expected one axis: index the result first")
    states = getattr(result, "states", None)
    states = None if states is None or len(states) != value.size else states
    what = "entry" if states is None else "state" if getattr(result, "beliefs", None) is None else "belief"
    names = names_of(labels, range(value.size) if states is None else states, _PLURALS[what])
    canvas = Canvas.of(ax, intervals_size(value.size), title, vmin, vmax)
    at, style = np.arange(value.size), {"fmt": "o", "markersize": 4, "capsize": 3 if value.size <= 100 else 0}
    canvas.ax.errorbar(at, value, yerr=np.maximum([value - lower, upper - value], 0), **style)
    canvas.ax.set_xlim(-0.6, value.size - 0.4)
    _write_labels(canvas.ax, names)
    inside = np.isfinite(np.atleast_1d(np.asarray(result.upper)))
    low, high = spread(value, upper - lower, lower, np.where(inside, upper, value))
    canvas.value_axis("y", axis_label(result) if ylabel is None else validate.text(ylabel, "ylabel"), low, high)
    canvas.ax.ticklabel_format(axis="y", useOffset=False)
    canvas.ax.set_xlabel(what if value.size > 1 else "")
    canvas.write_title(_title(result, high - low))
    return canvas.ax


def _beyond_the_frame(value: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> tuple[np.ndarray, ...]:
    """Replace infinite numbers by some that lie outside the picture."""
    if np.isfinite(upper).all():
        return value, lower, upper
    numbers = np.concatenate([value, lower, upper])
    far = 10.0 * (1.0 + float(np.abs(numbers, where=np.isfinite(numbers), out=np.zeros(numbers.size)).max()))
    return np.minimum(value, far), np.minimum(lower, far), np.minimum(upper, far)


def _title(result: Any, span: float) -> str:
    told = all(hasattr(result, name) for name in ("horizon", "layout", "output", "feedback", "converged"))
    return state_title(result, span) if told else ""


def _write_labels(ax: Any, names: Sequence[str]) -> None:
    """Write what fits, slanted where labels are long."""
    width = points(ax)[0]
    shown = ticks(len(names))
    slanted = max(len(names[i]) for i in shown) * len(shown) * _LETTER > width
    if slanted:
        shown = ticks(len(names), max(min(int(width / _SLANTED), 20), 2))
    turn = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if slanted else {}
    ax.set_xticks(shown, [names[i] for i in shown], **turn)


def intervals_size(count: int) -> tuple[float, float]:
    """Return the size in inches of a figure for so many values."""
    return min(max(0.35 * count + 2, 4.0), 12.0), 3.8

"""Empowerment over beliefs: a curve where two states are possible, a triangle where three are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.protocols import StateValues
from empowerment.plotting.axes import Canvas, hide_axis, spread
from empowerment.plotting.colors import draw_colorbar
from empowerment.plotting.titles import axis_label, check_result, names_of, state_title

# Where certainty of the first, second and third state is drawn.
_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])


def plot_beliefs(
    result: StateValues,
    *,
    ax: Any = None,
    title: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    labels: Sequence[Any] | None = None,
    cmap: Any = "viridis",
    colorbar: bool = True,
    **style: Any,
) -> Any:
    """Draw the values of beliefs over two or three states.

    Over two states it is a curve against the probability of the second, with its certified interval; over three a
    triangle of colours, each corner certainty of one state. Several curves go into one picture by `ax`.

    Parameters
    ----------
    result : EmpowermentResult
        Of beliefs; :func:`empowerment.belief_grid` lists evenly spaced ones.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.
    title : str, optional
        By default what is drawn.
    vmin, vmax : float, optional
        The ends of the axis of values of a curve, or of the colours of a triangle.
    labels : sequence, optional
        What to call the states; by default their numbers.
    cmap : str or Colormap
        Colours of the triangle.
    colorbar : bool
        Draw the scale of these colours.
    **style
        Passed on to ``Axes.plot`` for a curve (`label` and `color`, for example).

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ValueError
        If the result is not one of beliefs over two or three states, or there are too few of them.
    ImportError
        If matplotlib is not installed.

    See Also
    --------
    empowerment.belief_grid : Evenly spaced beliefs.
    plot_intervals : Beliefs over more than three states, one by one.

    Examples
    --------
    >>> import empowerment as emp
    >>> tiger = emp.worlds.tiger()
    >>> result = emp.empowerment(tiger, 1, beliefs=emp.belief_grid(2, 10), sensor="state")
    >>> emp.plotting.plot_beliefs(result, labels=tiger.states).get_xlabel()
    'probability of tiger-right'
    """
    check_result(result)
    colorbar = validate.flag(colorbar, "colorbar")
    if result.beliefs is None:
        raise ValueError("the result is one of states, expected one of beliefs: empowerment(…, beliefs=…)")
    n_states = result.beliefs.shape[1]
    if n_states not in (2, 3):
        raise ValueError(f"beliefs over {n_states} states have no picture, expected 2 or 3; try plot_intervals")
    names = names_of([f"state {i}" for i in range(n_states)] if labels is None else labels, range(n_states))
    if n_states == 2:
        return _curve(result, names, Canvas.of(ax, beliefs_size(2), title, vmin, vmax), style)
    if not spans_triangle(result):
        raise ValueError(f"{len(result)} beliefs do not span a triangle, expected at least 3 that do")
    return _triangle(result, names, Canvas.of(ax, beliefs_size(3), title, vmin, vmax), cmap, colorbar)


def beliefs_size(n_states: int) -> tuple[float, float]:
    """Return the size in inches of a figure for beliefs over two or three states."""
    return (5.0, 3.6) if n_states == 2 else (5.2, 4.4)


def spans_triangle(result: StateValues) -> bool:
    """Return whether beliefs over three states do not all lie on a line."""
    points = result.beliefs @ _CORNERS
    return len(points) >= 3 and bool(np.linalg.matrix_rank(points[1:] - points[0], tol=1e-9) == 2)


def _curve(result: StateValues, names: list[str], canvas: Canvas, style: dict[str, Any]) -> Any:
    order = np.argsort(result.beliefs[:, 1], kind="stable")
    at = result.beliefs[order, 1]
    ax = canvas.ax
    drawn_before = len(ax.lines) > 0
    (line,) = ax.plot(at, result.value[order], **style)
    ax.fill_between(at, result.lower[order], result.upper[order], color=line.get_color(), alpha=0.3, linewidth=0)
    low, high = spread(result.value, result.gap, result.lower, result.upper)
    if drawn_before:  # make room for both
        low, high = min(low, ax.get_ylim()[0]), max(high, ax.get_ylim()[1])
    canvas.value_axis("y", axis_label(result), low, high, margin=0.0 if drawn_before else 0.06)
    ax.grid(axis="x", color="0.9")
    ax.set(xlabel=f"probability of {names[1]}", xlim=(0, 1))
    canvas.write_title(state_title(result, high - low))
    return ax


def _triangle(result: StateValues, names: list[str], canvas: Canvas, cmap: Any, colorbar: bool) -> Any:
    ax, points = canvas.ax, result.beliefs @ _CORNERS
    low, high = canvas.ends(*spread(result.value, result.gap, result.value, result.value))
    colors = ax.tripcolor(*points.T, result.value, shading="gouraud", cmap=cmap, vmin=low, vmax=high)
    ax.plot(*_CORNERS[[0, 1, 2, 0]].T, color="black", linewidth=1)
    for name, (x, y), side in zip(names, _CORNERS, ("top", "top", "bottom"), strict=True):
        ax.annotate(
            name, (x, y), xytext=(0, 4 if side == "bottom" else -4), textcoords="offset points", ha="center", va=side
        )
    ax.set_aspect("equal")
    ax.set_ylim(-0.08, 0.98)
    hide_axis(ax)
    if colorbar:
        draw_colorbar(ax, colors, axis_label(result))
    canvas.write_title(state_title(result, high - low))
    return ax

"""Empowerment over beliefs: a curve where two states are possible, a triangle where three are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.protocols import StateResult
from empowerment.plotting.axes import axes_of, axis_label, check_result, color_range, names_of, write_title

# Where certainty of the first, second and third state is drawn.
_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])


def plot_beliefs(
    result: StateResult,
    *,
    labels: Sequence[Any] | None = None,
    ax: Any = None,
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
    labels : sequence, optional
        What to call the states; by default their numbers.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.
    cmap : str or Colormap
        Colours of the triangle.
    colorbar : bool
        Draw the scale of these colours.
    **style
        Passed on to ``Axes.plot`` for a curve (`label` and `color`, for example).

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the result is not one of beliefs over two or three states, or there are too few of them.
    ImportError
        If matplotlib is not installed.

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
    names = names_of(labels, range(n_states))
    if n_states == 2:
        return _curve(result, names, axes_of(ax, (5.0, 3.6)), style)
    return _triangle(result, names, axes_of(ax, (5.2, 4.4)), cmap, colorbar)


def _curve(result: StateResult, names: list[str], ax: Any, style: dict[str, Any]) -> Any:
    order = np.argsort(result.beliefs[:, 1], kind="stable")
    at = result.beliefs[order, 1]
    (line,) = ax.plot(at, result.value[order], **style)
    ax.fill_between(at, result.lower[order], result.upper[order], color=line.get_color(), alpha=0.3, linewidth=0)
    ax.set(xlabel=f"probability of {names[1]}", ylabel=axis_label(result), xlim=(0, 1))
    ax.grid(color="0.9")
    ax.set_axisbelow(True)
    low, high = ax.get_ylim()
    write_title(ax, result, high - low)
    return ax


def _triangle(result: StateResult, names: list[str], ax: Any, cmap: Any, colorbar: bool) -> Any:
    points = result.beliefs @ _CORNERS
    if len(points) < 3 or np.linalg.matrix_rank(points[1:] - points[0], tol=1e-9) < 2:
        raise ValueError(f"{len(points)} beliefs do not span a triangle, expected at least 3 that do")
    low, high = color_range(result)
    colors = ax.tripcolor(*points.T, result.value, shading="gouraud", cmap=cmap, vmin=low, vmax=high)
    ax.plot(*_CORNERS[[0, 1, 2, 0]].T, color="black", linewidth=1)
    for name, (x, y), side in zip(names, _CORNERS, ("top", "top", "bottom"), strict=True):
        ax.annotate(
            name, (x, y), xytext=(0, 4 if side == "bottom" else -4), textcoords="offset points", ha="center", va=side
        )
    ax.set_aspect("equal")
    ax.set_ylim(-0.08, 0.98)
    ax.set_axis_off()
    if colorbar:
        ax.figure.colorbar(colors, ax=ax, label=axis_label(result))
    write_title(ax, result, high - low)
    return ax

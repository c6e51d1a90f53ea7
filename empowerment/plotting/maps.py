"""Maps: the values of states in the cells of a grid."""

from __future__ import annotations

from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.layout import GridLayout
from empowerment.core.protocols import StateValues
from empowerment.plotting.axes import Canvas, spread
from empowerment.plotting.colors import draw_colorbar
from empowerment.plotting.grids import (
    bar_width,
    cell_means,
    draw_colors,
    draw_frame,
    draw_uncolored,
    draw_walls,
    grid_size,
    write_cells,
)
from empowerment.plotting.titles import axis_label, check_result, state_title

_MOST_WRITTEN = 120  # cells; with more of them the numbers get too small to read


def plot_map(
    result: StateValues,
    *,
    ax: Any = None,
    title: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    cmap: Any = "viridis",
    annotate: bool | None = None,
    colorbar: bool = True,
) -> Any:
    """Draw the empowerment of the cells of a grid as colours, with its walls and marks.

    Cells that hold no state are dark, cells whose states are not in the result are light and hatched. A cell with
    several states, such as the directions in which an agent looks, shows their mean. The default title says so, and
    says where an interval is wider than the tolerance or wide enough to be seen.

    Parameters
    ----------
    result : EmpowermentResult
        Of a model whose layout is a :class:`empowerment.core.layout.GridLayout`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.
    title : str, optional
        By default the name of the world and what is drawn.
    vmin, vmax : float, optional
        The ends of the colour scale; by default the smallest and the largest value. Several maps can be compared if
        they share them, see :func:`common_range`.
    cmap : str or matplotlib.colors.Colormap
        Colour map.
    annotate : bool, optional
        Write the values into the cells; by default if there are at most 120 cells.
    colorbar : bool
        Whether to draw a colour bar.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the model has no such layout, or `vmin` is not below `vmax`.

    See Also
    --------
    plot_maps : Several maps with one colour scale.
    plot_policy : Arrows for the actions of a policy, on a map.
    plot_graph : For worlds without a grid.

    Examples
    --------
    >>> import empowerment as emp
    >>> result = emp.empowerment(emp.worlds.klyubin_maze(), horizon=5)
    >>> emp.plotting.plot_map(result).get_title()
    'klyubin_maze: 5-step empowerment'
    """
    check_result(result)
    colorbar = validate.flag(colorbar, "colorbar")
    annotate = None if annotate is None else validate.flag(annotate, "annotate")
    layout = result.layout
    if not isinstance(layout, GridLayout):
        raise ValueError(
            "the result's model has no grid to draw a map of; plot_intervals draws any result, "
            "and a GridLayout passed as layout= to the model gives it a grid"
        )
    canvas = Canvas.of(ax, grid_size(layout), title, vmin, vmax)
    values, count = cell_means(result, layout)
    known = values.compressed()
    low, high = canvas.ends(*spread(known, result.gap, known, known))
    mesh = draw_colors(canvas.ax, layout, values, cmap=cmap, vmin=low, vmax=high)
    draw_uncolored(canvas.ax, layout, values)
    draw_walls(canvas.ax, layout)
    draw_frame(canvas.ax, layout)
    if colorbar:
        draw_colorbar(canvas.ax, mesh, axis_label(result), bar_width(layout))
    if annotate is None:
        annotate = values.size <= _MOST_WRITTEN
    write_cells(canvas.ax, mesh, layout, values, annotate)
    canvas.write_title(state_title(result, high - low) + _shared(count))
    return canvas.ax


def _shared(count: np.ndarray) -> str:
    """Return the line that says that cells show means, if any does."""
    least, most = int(count[count > 0].min()), int(count.max())
    if most == 1:
        return ""
    return f"\nmean of the {most if least == most else f'{least} to {most}'} states in each cell"

"""Maps: the value of each state in its cell of a grid."""

from __future__ import annotations

from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.layout import GridLayout
from empowerment.core.protocols import StateResult
from empowerment.plotting.axes import axes_of, axis_label, check_result, color_range, ticks, write_title

_MOST_WRITTEN = 120  # cells; with more of them the numbers get too small to read
_MOST_RIMMED = 40  # cells in a row; with more of them the rims would cover the colours
_BLOCKED, _NOT_ASKED, _WALL = "0.25", "0.93", "black"


def plot_map(
    result: StateResult,
    *,
    ax: Any = None,
    cmap: Any = "viridis",
    annotate: bool | None = None,
    colorbar: bool = True,
) -> Any:
    """Draw the empowerment of the cells of a grid as colours, with its walls and marks.

    Cells that hold no state are dark, cells whose state is not in the result are light and hatched. The title
    says so where an interval is wider than the tolerance or wide enough to be seen.

    Parameters
    ----------
    result : EmpowermentResult
        Of a model whose layout is a :class:`empowerment.core.layout.GridLayout`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.
    cmap : str or matplotlib.colors.Colormap
    annotate : bool, optional
        Write the values into the cells; by default if there are at most 120 cells.
    colorbar : bool

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the model has no such layout, or several states of the result lie in one cell.

    Examples
    --------
    >>> import empowerment as emp
    >>> result = emp.empowerment(emp.worlds.klyubin_maze(), horizon=5)
    >>> emp.plotting.plot_map(result).get_title()
    '5-step empowerment'
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
    values = _on_grid(result, layout)
    rows, columns = layout.shape
    ax = axes_of(ax, map_size(layout))
    low, high = color_range(result)
    edges = np.arange(columns + 1) - 0.5, np.arange(rows + 1) - 0.5
    rim = "white" if max(rows, columns) <= _MOST_RIMMED else "none"
    mesh = ax.pcolormesh(*edges, values, cmap=cmap, vmin=low, vmax=high, edgecolors=rim, linewidth=0.4)
    _draw_uncolored(ax, layout, values)
    draw_walls(ax, layout)
    draw_frame(ax, layout)
    if colorbar:
        _draw_colorbar(ax, mesh, columns, axis_label(result))
    if annotate is None:
        annotate = rows * columns <= _MOST_WRITTEN
    _write_cells(ax, mesh, layout, values, annotate)
    write_title(ax, result, high - low)
    return ax


def _on_grid(result: StateResult, layout: GridLayout) -> np.ma.MaskedArray[Any, Any]:
    """Return the values in their cells; those of other cells are masked."""
    values = np.ma.array(np.zeros(layout.shape), mask=True)
    owner: dict[tuple[int, int], int] = {}
    for state, number, value in zip(result.states, result.state_numbers.tolist(), result.value, strict=True):
        cell = layout.cells[number]
        if owner.setdefault(cell, number) != number:
            raise ValueError(
                f"state {state!r} lies in cell {cell} where another state of the result lies too; "
                "a map shows one value for each cell: leave one of the two out of states="
            )
        values[cell] = value
    return values


def _draw_uncolored(ax: Any, layout: GridLayout, values: np.ma.MaskedArray[Any, Any]) -> None:
    """Paint the cells without a state dark, and hatch those whose state was not asked for."""
    from matplotlib.patches import Rectangle

    owned = set(layout.cells)
    for row, column in np.argwhere(np.ma.getmaskarray(values)).tolist():
        style: dict[str, Any] = {"facecolor": _BLOCKED, "edgecolor": _BLOCKED, "linewidth": 0.4, "gid": "blocked"}
        if (row, column) in owned:
            style |= {"facecolor": _NOT_ASKED, "edgecolor": "0.7", "hatch": "///", "gid": "not asked"}
        ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, **style))


def draw_walls(ax: Any, layout: GridLayout) -> None:
    """Draw each wall along the edge that its two cells share, with a light rim to stand out on dark cells."""
    from matplotlib.collections import LineCollection

    edges = [_edge(*wall) for wall in layout.walls]
    for width, color, name in ((5.0, "white", "rims"), (3.2, _WALL, "walls")):
        lines = LineCollection(edges, colors=color, linewidths=width, capstyle="projecting", zorder=3, gid=name)
        ax.add_collection(lines, autolim=False)


def _edge(one: tuple[int, int], other: tuple[int, int]) -> list[tuple[float, float]]:
    """Return the ends, as (x, y), of the edge between two neighbouring cells."""
    row, column = max(one[0], other[0]), max(one[1], other[1])
    x, y = column - 0.5, row - 0.5
    return [(x, y), (x, y + 1)] if one[0] == other[0] else [(x, y), (x + 1, y)]


def _draw_colorbar(ax: Any, mesh: Any, columns: int, label: str) -> None:
    """Draw the colour bar, as high as the map if the figure's layout makes room for it there."""
    if ax.figure.get_layout_engine() is None:
        ax.figure.colorbar(mesh, ax=ax, label=label)
        return
    width = max(0.035, 0.3 / columns)
    ax.figure.colorbar(mesh, cax=ax.inset_axes((1 + width, 0, width, 1)), label=label)


def draw_frame(ax: Any, layout: GridLayout) -> None:
    """Draw the border of a grid, and number its rows and columns."""
    rows, columns = layout.shape
    ends = (-0.5, rows - 0.5)
    ax.set(xlim=(-0.5, columns - 0.5), ylim=ends if layout.origin == "lower" else ends[::-1])
    ax.set(xticks=ticks(columns), yticks=ticks(rows), xlabel="column", ylabel="row", aspect="equal")
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set(linewidth=2, zorder=4)


def _write_cells(ax: Any, mesh: Any, layout: GridLayout, values: np.ma.MaskedArray[Any, Any], annotate: bool) -> None:
    """Write marks and, if wanted, values; a mark moves into the corner to make room for a value."""
    size = _font_size(ax, layout.shape)
    for row, column in np.ndindex(layout.shape):
        value, mark = values[row, column], layout.marks.get((row, column))
        written = annotate and value is not np.ma.masked
        ink = _ink(ax, mesh, layout, (row, column), value)
        if written:
            ax.text(column, row, f"{value:.2f}", color=ink, size=size, ha="center", va="center")
        if mark is None:
            continue
        if written:
            up = 1 if layout.origin == "lower" else -1
            place = {"x": column - 0.42, "y": row + 0.42 * up, "ha": "left", "va": "top", "size": 0.7 * size}
        else:
            place = {"x": column, "y": row, "ha": "center", "va": "center", "size": 1.2 * size}
        ax.text(**place, s=mark, color=ink, weight="bold", clip_on=True)


def _font_size(ax: Any, shape: tuple[int, int]) -> float:
    """Return a size in points at which four digits fit into a cell."""
    box = ax.get_window_extent()
    cell = min(box.height / shape[0], box.width / shape[1]) * 72 / ax.figure.dpi
    return min(max(cell / 3.4, 3.0), 11.0)


def _ink(ax: Any, mesh: Any, layout: GridLayout, cell: tuple[int, int], value: Any) -> str:
    """Return black or white, whichever can be read on the colour of a cell."""
    if value is np.ma.masked:
        return "black" if cell in layout.cells else "white"
    red, green, blue, _ = mesh.cmap(mesh.norm(value))
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"


def map_size(layout: GridLayout) -> tuple[float, float]:
    """Return the size in inches of a figure for this grid."""
    rows, columns = layout.shape
    cell = min(0.55, 11 / max(rows, columns))
    return max(cell * columns + 1.6, 3.6), max(cell * rows + 0.9, 2.3)

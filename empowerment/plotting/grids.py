"""Grids: frames, walls, marks, and the values of states in their cells."""

from __future__ import annotations

from typing import Any

import numpy as np

from empowerment.core.layout import GridLayout
from empowerment.core.protocols import StateValues
from empowerment.plotting.axes import points, ticks
from empowerment.plotting.colors import ink_on

_BLOCKED, _NOT_ASKED, _WALL = "0.25", "0.93", "black"
_MOST_RIMMED = 40  # cells in a row; with more of them the rims would cover the colours

Cells = np.ma.MaskedArray[Any, Any]
"""A value for each cell; masked where there is none."""


def grid_size(layout: GridLayout) -> tuple[float, float]:
    """Return the size in inches of a figure for this grid."""
    rows, columns = layout.shape
    cell = min(0.55, 11 / max(rows, columns))
    width = cell * columns * (1 + 2 * bar_width(layout)) + 1.35
    return max(width, 3.8), max(cell * rows + 0.9, 2.3)


def bar_width(layout: GridLayout) -> float:
    """Return the width of the colour bar of a map, and of the gap before it, as a part of the width of the map."""
    return min(max(0.035, 0.3 / layout.shape[1]), 0.08)


def cell_means(result: StateValues, layout: GridLayout) -> tuple[Cells, np.ndarray]:
    """Return the mean value of the states in each cell, and how many states each cell has."""
    cells = np.array(layout.cells)[result.state_numbers]
    count, total = np.zeros(layout.shape, dtype=int), np.zeros(layout.shape)
    np.add.at(count, tuple(cells.T), 1)
    np.add.at(total, tuple(cells.T), result.value)
    return np.ma.array(total / np.maximum(count, 1), mask=count == 0), count


def draw_colors(ax: Any, layout: GridLayout, values: Cells, **scale: Any) -> Any:
    """Paint the cells with the colours of their values, and return the mesh."""
    rows, columns = layout.shape
    edges = np.arange(columns + 1) - 0.5, np.arange(rows + 1) - 0.5
    rim = "white" if max(rows, columns) <= _MOST_RIMMED else "none"
    return ax.pcolormesh(*edges, values, edgecolors=rim, linewidth=0.4, **scale)


def draw_uncolored(ax: Any, layout: GridLayout, values: Cells) -> None:
    """Paint the cells without a state dark, and hatch those whose states were not asked for."""
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


def draw_frame(ax: Any, layout: GridLayout) -> None:
    """Draw the border of a grid, and number its rows and columns."""
    rows, columns = layout.shape
    ends = (-0.5, rows - 0.5)
    ax.set(xlim=(-0.5, columns - 0.5), ylim=ends if layout.origin == "lower" else ends[::-1])
    ax.set(xticks=ticks(columns), yticks=ticks(rows), xlabel=layout.axes[1], ylabel=layout.axes[0], aspect="equal")
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set(linewidth=2, zorder=4)


def write_cells(ax: Any, mesh: Any, layout: GridLayout, values: Cells, annotate: bool) -> None:
    """Write marks and, if wanted, values; a mark moves into the corner to make room for a value."""
    size = _font_size(ax, layout.shape)
    for row, column in np.ndindex(layout.shape):
        value, mark = values[row, column], layout.marks.get((row, column))
        written = annotate and value is not np.ma.masked
        if value is np.ma.masked:
            ink = "black" if (row, column) in layout.cells else "white"
        else:
            ink = ink_on(mesh, float(value))
        if written:
            ax.text(column, row, f"{value:.2f}", color=ink, size=size, ha="center", va="center", gid="value")
        if mark is None:
            continue
        if written:
            place = _corner(layout, (row, column)) | {"size": 0.7 * size}
        else:
            place = {"x": column, "y": row, "ha": "center", "va": "center", "size": 1.2 * size}
        ax.text(**place, s=mark, color=ink, weight="bold", clip_on=True, gid="mark")


def clear_cells(ax: Any, layout: GridLayout) -> None:
    """Take the values out of the cells of a map, and move marks into the corners, to make room for something else."""
    for text in list(ax.texts):
        if text.get_gid() == "value":
            text.remove()
        elif text.get_gid() == "mark" and text.get_ha() == "center":
            column, row = text.get_position()
            text.set(**_corner(layout, (row, column)), size=0.6 * text.get_size())


def _corner(layout: GridLayout, cell: tuple[int, int]) -> dict[str, Any]:
    """Return where a mark stands in the upper left corner of a cell."""
    up = 1 if layout.origin == "lower" else -1
    return {"x": cell[1] - 0.42, "y": cell[0] + 0.42 * up, "ha": "left", "va": "top"}


def _font_size(ax: Any, shape: tuple[int, int]) -> float:
    """Return a size in points at which four digits fit into a cell."""
    width, height = points(ax)
    cell = min(height / shape[0], width / shape[1])
    return min(max(cell / 3.4, 3.0), 11.0)

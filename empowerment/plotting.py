"""Pictures of results: maps of grids, and values with their intervals.

Every function takes ``ax=None``, makes a figure only if none is handed in, returns the Axes and never shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from empowerment.layout import GridLayout

if TYPE_CHECKING:
    from empowerment.results import EmpowermentResult

_MOST_WRITTEN = 120  # cells; with more of them the numbers get too small to read
_MOST_RIMMED = 40  # cells in a row; with more of them the rims would cover the colours
_MOST_TICKS = 20
_BLOCKED, _NOT_ASKED, _WALL = "0.25", "0.93", "black"


def plot_empowerment(result: EmpowermentResult, *, ax: Any = None, **options: Any) -> Any:
    """Draw a result: as a map if its model has a grid, else state by state.

    Parameters
    ----------
    result : EmpowermentResult
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.
    **options
        Passed on to :func:`plot_map` or :func:`plot_intervals`.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import empowerment as emp
    >>> result = emp.empowerment(emp.worlds.tower_of_hanoi(), horizon=2)
    >>> emp.plotting.plot_empowerment(result).get_ylabel()
    'empowerment [bits]'
    """
    draw = plot_map if isinstance(result.layout, GridLayout) else plot_intervals
    return draw(result, ax=ax, **options)


def plot_map(
    result: EmpowermentResult,
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
        Of a model whose layout is a :class:`empowerment.layout.GridLayout`.
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
    layout = result.layout
    if not isinstance(layout, GridLayout):
        raise ValueError(
            "the result's model has no grid to draw a map of; plot_intervals draws any result, "
            "and a GridLayout passed as layout= to the model gives it a grid"
        )
    values = _on_grid(result, layout)
    rows, columns = layout.shape
    ax = _axes(ax, figure_size(result))
    low, high = _color_range(result)
    edges = np.arange(columns + 1) - 0.5, np.arange(rows + 1) - 0.5
    rim = "white" if max(rows, columns) <= _MOST_RIMMED else "none"
    mesh = ax.pcolormesh(*edges, values, cmap=cmap, vmin=low, vmax=high, edgecolors=rim, linewidth=0.4)
    _draw_uncolored(ax, layout, values)
    _draw_walls(ax, layout)
    _frame(ax, layout)
    if colorbar:
        _draw_colorbar(ax, mesh, columns, _axis_label(result))
    if annotate is None:
        annotate = rows * columns <= _MOST_WRITTEN
    _write_cells(ax, mesh, layout, values, annotate)
    _write_title(ax, result, high - low)
    return ax


def plot_intervals(result: EmpowermentResult, *, ax: Any = None, labels: Sequence[Any] | None = None) -> Any:
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
    names = [str(label) for label in (result.states if labels is None else labels)]
    if len(names) != len(result):
        raise ValueError(f"labels has {len(names)} entries, expected one for each of {len(result)} states")
    ax = _axes(ax, _intervals_size(len(result)))
    at = np.arange(len(result))
    below, above = result.value - result.lower, result.upper - result.value
    ax.errorbar(at, result.value, yerr=np.maximum([below, above], 0), fmt="o", markersize=4, capsize=3)
    shown = _ticks(len(result))
    slanted = max(len(names[i]) for i in shown) * len(shown) > 70
    turn = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if slanted else {}
    ax.set_xticks(shown, [names[i] for i in shown], **turn)
    low, high = _color_range(result, result.lower, result.upper)
    ax.set_ylim(low - 0.06 * (high - low), high + 0.06 * (high - low))
    ax.ticklabel_format(axis="y", useOffset=False)
    ax.grid(axis="y", color="0.9")
    ax.set_axisbelow(True)
    ax.set(xlabel="state", ylabel=_axis_label(result))
    _write_title(ax, result, high - low)
    return ax


def figure_size(result: EmpowermentResult) -> tuple[float, float]:
    """Return the size in inches of the figure that :func:`plot_empowerment` makes for a result."""
    if not isinstance(result.layout, GridLayout):
        return _intervals_size(len(result))
    rows, columns = result.layout.shape
    cell = min(0.55, 11 / max(rows, columns))
    return max(cell * columns + 1.6, 3.6), max(cell * rows + 0.9, 2.3)


def _intervals_size(count: int) -> tuple[float, float]:
    return min(max(0.35 * count + 2, 4.0), 12.0), 3.8


def _axes(ax: Any, size: tuple[float, float]) -> Any:
    """Return the Axes handed in, or those of a new figure."""
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError:
        raise ImportError('drawing needs matplotlib; install it with pip install "empowerment[plot]"') from None
    return pyplot.subplots(figsize=size, layout="constrained")[1]


def _on_grid(result: EmpowermentResult, layout: GridLayout) -> np.ma.MaskedArray[Any, Any]:
    """Return the values in their cells; those of other cells are masked."""
    values = np.ma.array(np.zeros(layout.shape), mask=True)
    owner: dict[tuple[int, int], int] = {}
    for state, number, value in zip(result.states, result.state_numbers.tolist(), result.value, strict=True):
        cell = layout.cells[number]
        if owner.setdefault(cell, number) != number:
            raise ValueError(
                f"state {state!r} lies in cell {cell} where another state of the result lies too; "
                "a map shows one value for each cell"
            )
        values[cell] = value
    return values


def _color_range(
    result: EmpowermentResult, low: np.ndarray | None = None, high: np.ndarray | None = None
) -> tuple[float, float]:
    """Return the ends of the scale, one unit apart where the values do not differ by more than the intervals.

    Otherwise rounding errors would fill the whole scale of a flat map.
    """
    least = float((result.value if low is None else low).min())
    most = float((result.value if high is None else high).max())
    if result.value.max() - result.value.min() > max(float(result.gap.max()), 1e-9):
        return least, most
    least = max(least - 0.5, 0.0)
    return least, max(least + 1, most)


def _draw_uncolored(ax: Any, layout: GridLayout, values: np.ma.MaskedArray[Any, Any]) -> None:
    """Paint the cells without a state dark, and hatch those whose state was not asked for."""
    from matplotlib.patches import Rectangle

    owned = set(layout.cells)
    for row, column in np.argwhere(np.ma.getmaskarray(values)).tolist():
        style: dict[str, Any] = {"facecolor": _BLOCKED, "edgecolor": _BLOCKED, "linewidth": 0.4, "gid": "blocked"}
        if (row, column) in owned:
            style |= {"facecolor": _NOT_ASKED, "edgecolor": "0.7", "hatch": "///", "gid": "not asked"}
        ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, **style))


def _draw_walls(ax: Any, layout: GridLayout) -> None:
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


def _frame(ax: Any, layout: GridLayout) -> None:
    rows, columns = layout.shape
    ends = (-0.5, rows - 0.5)
    ax.set(xlim=(-0.5, columns - 0.5), ylim=ends if layout.origin == "lower" else ends[::-1])
    ax.set(xticks=_ticks(columns), yticks=_ticks(rows), xlabel="column", ylabel="row", aspect="equal")
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set(linewidth=2, zorder=4)


def _ticks(count: int) -> list[int]:
    """Return at most about 20 evenly spaced numbers below `count`."""
    step = next(s for e in range(20) for s in (10**e, 2 * 10**e, 5 * 10**e) if count <= s * _MOST_TICKS)
    return list(range(0, count, step))


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


def _axis_label(result: EmpowermentResult) -> str:
    return f"empowerment [{result.unit}]"


def _write_title(ax: Any, result: EmpowermentResult, span: float) -> None:
    """Name what is drawn and, where the numbers are less sure than the drawing looks, how sure they are."""
    title = f"{result.horizon}-step empowerment"
    if result.output == "trajectory":
        title += " over trajectories"
    widest, missed = float(result.gap.max()), len(result) - int(result.converged.sum())
    if missed == 0 and widest <= 0.01 * span:
        ax.set_title(title)
        return
    title += f"\nwidest interval {widest:.2g} {result.unit}"
    if missed:
        title += f"\n{missed} of {len(result)} states missed the tolerance"
    ax.set_title(title, size="medium")

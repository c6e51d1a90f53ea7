"""Measured numbers with their intervals: beside a twin, by timing, over a grid of settings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.plotting.axes import Canvas
from empowerment.plotting.colors import BLUE, GREEN, ORANGE, PURPLE, RED, SKY, draw_colorbar, ink_on

_SERIES = (BLUE, SKY, "#BFBFBF", ORANGE, GREEN, PURPLE)
_CASES = ("#8C8C8C", SKY, RED)
_HOLDS = "#000000"
# Cells of more rows or columns are narrower than a pixel.
_MOST_SETTINGS = 1000


def plot_before_after(
    values: Any,
    lower: Any,
    upper: Any,
    *,
    measures: Sequence[str],
    cases: Sequence[str] = ("before", "after, desire frozen", "after"),
    ax: Any = None,
    title: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
) -> Any:
    """Draw several measures before and after an event, each on its own scale.

    Parameters
    ----------
    values, lower, upper : array_like of shape (n_measures, n_cases)
        Numbers with the ends of their intervals, infinite where they are not known.
    measures : sequence of str
        What is measured, with the unit.
    cases : sequence of str
        By default what was before, what came after for a twin whose desire was frozen, and what came after.
    ax : matplotlib.axes.Axes, optional
        Whose place the panels take, one for each measure; on a new figure by default. They are its `child_axes`.
    title : str, optional
        None by default.
    vmin, vmax : float, optional
        The ends of the axes of all panels; by default each panel has a scale of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the arrays are not of that shape, or an interval ends before it begins.

    See Also
    --------
    plot_timing : Several measures on one scale.
    empowerment.desire.shock_effects : Measures before and after shocks.

    Examples
    --------
    >>> import empowerment as emp
    >>> found = [[0.05, 0.07, 0.23]]
    >>> ax = emp.plotting.plot_before_after(found, found, found, measures=["share declined"])
    >>> ax.child_axes[0].get_title()
    'share declined'
    """
    measures, cases = validate.texts(measures, "measures"), validate.texts(cases, "cases")
    values, lower, upper = _intervals(values, lower, upper, (len(measures), len(cases)), "(n_measures, n_cases)")
    canvas = Canvas.of(ax, (max(2.1 * len(measures), 4.0), 3.1), title, vmin, vmax)
    ax = canvas.ax
    ax.set_axis_off()
    at, width = np.arange(len(cases)), 1 / len(measures)
    for row, measure in enumerate(measures):
        panel = ax.inset_axes((row * width + 0.2 * width, 0.0, 0.78 * width, 0.87))
        for case, name in enumerate(cases):
            color = _CASES[case % len(_CASES)]
            panel.plot(at[case], values[row, case], "o", color=color, markersize=7, label=name)
        _frame(panel, canvas, np.stack([values[row], lower[row], upper[row]]), len(cases))
        colors = [_CASES[case % len(_CASES)] for case in range(len(cases))]
        _draw_intervals(panel, at, values[row], lower[row], upper[row], colors)
        panel.set_title(measure, size="small")
    handles, names = panel.get_legend_handles_labels()
    ax.legend(handles, names, loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=len(cases), frameon=False)
    canvas.write_title("")
    return ax


def _frame(panel: Any, canvas: Canvas, numbers: np.ndarray, count: int) -> None:
    """Leave room for the numbers above the points."""
    finite = numbers[np.isfinite(numbers)]
    low, high = float(finite.min()), float(finite.max())
    span = high - low if high > low else max(abs(high), 1.0)
    ends = canvas.ends(low - 0.12 * span, high + 0.22 * span)
    panel.set(ylim=ends, xlim=(-0.6, count - 0.4), xticks=[])
    panel.tick_params(labelsize="small")
    panel.spines[["top", "right"]].set_visible(False)
    panel.grid(axis="y", color="0.92")
    panel.set_axisbelow(True)


def plot_timing(
    values: Any,
    lower: Any,
    upper: Any,
    *,
    timings: Sequence[str],
    quantities: Sequence[str],
    unit: str = "bits",
    ax: Any = None,
    title: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
) -> Any:
    """Draw quantities as bars, a group for each timing, with intervals and numbers.

    Parameters
    ----------
    values, lower, upper : array_like of shape (n_timings, n_quantities)
        Numbers with the ends of their intervals, infinite where they are not known.
    timings : sequence of str
        Names of the groups.
    quantities : sequence of str
        Names of the bars in a group.
    unit : str
        Unit of the values.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.
    title : str, optional
        None by default.
    vmin, vmax : float, optional
        The ends of the axis of values; by default from 0, or the lowest value, to just above the highest.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the arrays are not of that shape, or an interval ends before it begins.

    See Also
    --------
    plot_before_after : Measures on a scale each.
    empowerment.desire.desire_influence : How far messages decide choices, by their timing.

    Examples
    --------
    >>> import empowerment as emp
    >>> found, names = [[0.46], [0.002]], ["at events", "anywhere"]
    >>> emp.plotting.plot_timing(found, found, found, timings=names, quantities=["control"]).get_ylabel()
    'bits'
    """
    timings, quantities = validate.texts(timings, "timings"), validate.texts(quantities, "quantities")
    shape = len(timings), len(quantities)
    values, lower, upper = _intervals(values, lower, upper, shape, "(n_timings, n_quantities)")
    size = max(1.0 + 0.62 * (len(quantities) + 0.6) * len(timings), 4.5), 3.6
    canvas = Canvas.of(ax, size, title, vmin, vmax)
    ax = canvas.ax
    width = 0.84 / len(quantities)
    for column, name in enumerate(quantities):
        at = np.arange(len(timings)) + (column - (len(quantities) - 1) / 2) * width
        color = _SERIES[column % len(_SERIES)]
        ax.bar(at, values[:, column], width=0.94 * width, color=color, label=name)
    ax.set_xticks(range(len(timings)), timings)
    ax.tick_params(axis="x", length=0)
    numbers = np.stack([values, lower, upper])
    finite = numbers[np.isfinite(numbers)]
    top, bottom = float(finite.max()), min(0.0, float(finite.min()))
    canvas.value_axis("y", unit, 1.1 * bottom, 1.15 * top if top > 1e-9 else 1.0, margin=0.0)
    ax.set_xlim(-0.55, len(timings) - 0.45)
    for column in range(len(quantities)):
        at = np.arange(len(timings)) + (column - (len(quantities) - 1) / 2) * width
        ends = lower[:, column], upper[:, column]
        _draw_intervals(ax, at, values[:, column], *ends, ["black"] * len(timings))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize="small")
    canvas.write_title("")
    return ax


def plot_sensitivity(
    values: Any,
    holds: Any,
    *,
    rows: Sequence[Any],
    columns: Sequence[Any],
    row_name: str,
    column_name: str,
    value_name: str,
    criterion: str = "the criterion holds",
    ax: Any = None,
    title: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
) -> Any:
    """Draw a number over a grid of settings as colours, with frames around the settings that meet a criterion.

    Parameters
    ----------
    values : array_like of shape (n_rows, n_columns)
        Not-a-number where there is none; such cells are hatched.
    holds : array_like of bool of shape (n_rows, n_columns)
        Whether the criterion holds, for each pair of values.
    rows, columns : sequence
        The settings.
    row_name, column_name, value_name : str
        What they and the numbers are.
    criterion : str
        What a frame says.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.
    title : str, optional
        None by default.
    vmin, vmax : float, optional
        The ends of the colours; by default as far below 0 as above it.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the arrays are not of that shape.

    See Also
    --------
    empowerment.desire.example_region : Over which settings an example happens.

    Examples
    --------
    >>> import empowerment as emp
    >>> ax = emp.plotting.plot_sensitivity([[0.1, 0.2]], [[False, True]], rows=[1.2], columns=[1, 2],
    ...     row_name="threshold", column_name="gain", value_name="rise")
    >>> ax.get_xlabel()
    'gain'
    """
    rows, columns = _settings(rows, "rows"), _settings(columns, "columns")
    values, holds = _grid(values, holds, (len(rows), len(columns)))
    criterion = validate.text(criterion, "criterion")
    size = max(0.85 * len(columns) + 2.6, 4.2), max(0.44 * len(rows) + 1.6, 2.6)
    canvas = Canvas.of(ax, size, title, vmin, vmax)
    ax = canvas.ax
    shown = np.ma.masked_invalid(values)
    most = float(np.abs(shown).max()) if shown.count() else 0.0
    most = most if most > 0 else 1.0
    low, high = canvas.ends(-most, most)
    mesh = ax.pcolormesh(shown, cmap="PuOr_r", vmin=low, vmax=high, edgecolors="white", linewidth=1)
    for row, column in np.ndindex(values.shape):
        _draw_cell(ax, mesh, values[row, column], row, column)
    for row, column in np.argwhere(holds).tolist():
        _draw_frame(ax, row, column)
    ax.set_xticks(np.arange(len(columns)) + 0.5, [_setting(column) for column in columns])
    ax.set_yticks(np.arange(len(rows)) + 0.5, [_setting(row) for row in rows])
    ax.set(xlabel=column_name, ylabel=row_name)
    ax.invert_yaxis()
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    draw_colorbar(ax, mesh, value_name)
    ax.plot([], [], "s", markerfacecolor="none", markeredgecolor=_HOLDS, markeredgewidth=2, label=criterion)
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize="small")
    canvas.write_title("", pad=24)
    return ax


def _settings(values: Any, name: str) -> list[Any]:
    """Return the settings along an axis as a list."""
    if isinstance(values, str) or not validate.is_several(values):
        raise TypeError(f"{name} is {validate.shown(values)}, expected a list of settings")
    found = list(islice(values, _MOST_SETTINGS + 1))  # it may be an endless iterator
    if len(found) > _MOST_SETTINGS:
        raise ValueError(f"{name} has more than {_MOST_SETTINGS} settings, expected fewer")
    return found


def _draw_cell(ax: Any, mesh: Any, value: float, row: int, column: int) -> None:
    from matplotlib.patches import Rectangle

    if math.isnan(value):
        corner = (column, row)
        ax.add_patch(Rectangle(corner, 1, 1, facecolor="0.95", edgecolor="0.7", hatch="///", linewidth=0, gid="none"))
        return
    text = "0" if value == 0 else f"{value:+.3f}".replace("-", "−")
    ax.text(column + 0.5, row + 0.5, text, ha="center", va="center", size="small", color=ink_on(mesh, value))


def _draw_frame(ax: Any, row: int, column: int) -> None:
    from matplotlib.patches import Rectangle

    corner = (column + 0.06, row + 0.08)
    ax.add_patch(Rectangle(corner, 0.88, 0.84, fill=False, edgecolor=_HOLDS, linewidth=2, gid="holds", zorder=3))


def _setting(value: Any) -> str:
    number = validate.real(value)
    if number is None:
        return str(value)
    return "∞" if math.isinf(number) else f"{number:g}"


def _draw_intervals(
    ax: Any, at: np.ndarray, values: np.ndarray, lower: np.ndarray, upper: np.ndarray, colors: list[str]
) -> None:
    """Draw intervals, those without an end to the frame, and write the numbers above them."""
    least, most = ax.get_ylim()
    ax.vlines(at, np.maximum(lower, least), np.minimum(upper, most), colors=colors, linewidth=1.6, zorder=2.5)
    tops = np.where(np.isfinite(upper), np.maximum(upper, np.maximum(values, 0)), values)
    for place, top, value in zip(at.tolist(), tops.tolist(), values.tolist(), strict=True):
        size = abs(value)
        digits = ".4f" if size < 0.1 else "#.3g" if size < 999.5 else ".0f"
        text = "0" if size < 5e-5 else f"{value:{digits}}".replace("-", "−")
        ax.annotate(text, (place, top), (0, 4), textcoords="offset points", ha="center", size="x-small")


def _intervals(
    values: Any, lower: Any, upper: Any, shape: tuple[int, int], axes: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    numbers = validate.number_table(values, shape, "values", axes)
    low, high = (validate.number_array(ends, name, 2, axes) for name, ends in (("lower", lower), ("upper", upper)))
    for name, found in (("lower", low), ("upper", high)):
        if found.shape != shape:
            raise ValueError(f"{name} has shape {found.shape}, expected {axes} = {shape}")
    # Written so that not-a-number is wrong, too. A number may lie outside: intervals by resampling are not about it.
    wrong = np.argwhere(~(low <= high))
    if wrong.size:
        place = tuple(wrong[0].tolist())
        raise ValueError(f"lower{list(place)} is {low[place]:g}, expected at most upper, {high[place]:g}")
    return numbers, low, high


def _grid(values: Any, holds: Any, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    found = validate.number_array(values, "values", 2, "(row, column)")
    try:
        marked = np.asarray(holds)
    except ValueError:
        raise ValueError("holds has rows of different lengths, expected (n_rows, n_columns)") from None
    for name, array in (("values", found), ("holds", marked)):
        if array.shape != shape:
            raise ValueError(f"{name} has shape {array.shape}, expected (n_rows, n_columns) = {shape}")
    if np.isinf(found).any():
        raise ValueError(
            "values has entries that are infinite, expected numbers, or not-a-number where there is none"
        )
    if marked.dtype != bool:
        raise ValueError(f"holds has entries of type {marked.dtype}, expected True and False")
    return found, marked

"""Several results side by side, with one scale for all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.layout import GridLayout
from empowerment.core.protocols import StateValues
from empowerment.plotting.axes import Canvas
from empowerment.plotting.colors import common_range, in_one_unit
from empowerment.plotting.grids import grid_size
from empowerment.plotting.maps import plot_map
from empowerment.plotting.titles import axis_label


def plot_maps(
    results: Iterable[StateValues],
    *,
    titles: Sequence[str] | None = None,
    ax: Any = None,
    title: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    cmap: Any = "viridis",
    annotate: bool | None = None,
) -> list[Any]:
    """Draw several maps side by side with one colour scale, so that colours can be compared.

    Parameters
    ----------
    results : iterable of EmpowermentResult
        Of models on grids, all in the same unit.
    titles : sequence of str, optional
        One for each map; by default the name of each world and what is drawn.
    ax : sequence of matplotlib.axes.Axes, optional
        One for each map, all of one figure; on a new figure by default.
    title : str, optional
        Above all maps, as the title of the figure.
    vmin, vmax : float, optional
        The ends of the colour scale; by default the smallest and the largest value of all results.
    cmap : str or matplotlib.colors.Colormap
        Colour map.
    annotate : bool, optional
        Write the values into the cells; by default if there are at most 120 cells in a map.

    Returns
    -------
    ndarray of matplotlib.axes.Axes
        The axes, one for each result.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is no result, the units differ, a model has no grid, or there are not as many titles or Axes as
        results.

    See Also
    --------
    plot_map : One map.
    common_range : The ends of the scale alone, for other arrangements.

    Examples
    --------
    >>> import empowerment as emp
    >>> maze = emp.worlds.klyubin_maze()
    >>> axes = emp.plotting.plot_maps([emp.empowerment(maze, n) for n in (1, 2)], titles=["one step", "two steps"])
    >>> [ax.get_title() for ax in axes]
    ['one step', 'two steps']
    """
    results = in_one_unit(results)
    names = [None] * len(results) if titles is None else list(validate.texts(titles, "titles"))
    if len(names) != len(results):
        raise ValueError(f"titles has {len(names)} entries, expected one for each of {len(results)} results")
    for result in results:
        if not isinstance(result.layout, GridLayout):
            raise ValueError("a model has no grid to draw a map of, expected results with a GridLayout")
    sizes = [grid_size(result.layout) for result in results]
    width, height = sum(size[0] for size in sizes), max(size[1] for size in sizes)
    canvas = Canvas.of(ax, (min(width, 16.0), height), title, vmin, vmax, columns=len(results))
    axes = list(np.atleast_1d(canvas.ax).flat)
    if len(axes) != len(results):
        raise ValueError(f"ax has {len(axes)} Axes, expected one for each of {len(results)} results")
    low, high = canvas.ends(*common_range(results))
    for each, result, name in zip(axes, results, names, strict=True):
        options = {"title": name, "vmin": low, "vmax": high, "cmap": cmap, "annotate": annotate}
        plot_map(result, ax=each, colorbar=False, **options)
    figure = axes[0].figure
    figure.colorbar(axes[-1].collections[0], ax=axes, label=axis_label(results[0]))
    if canvas.title is not None:
        figure.suptitle(canvas.title)
    return axes

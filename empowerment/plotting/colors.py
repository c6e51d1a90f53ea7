"""Colours: scales of values, inks that can be read on them, and those of groups."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.protocols import StateValues
from empowerment.plotting.axes import spread
from empowerment.plotting.titles import check_result

# Colours that readers with any colour vision tell apart, and that differ in grey (Okabe and Ito).
BLUE, ORANGE, GREEN, PURPLE, SKY, RED = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"


def common_range(results: Iterable[StateValues]) -> tuple[float, float]:
    """Compute the ends of a colour scale that several results share.

    Parameters
    ----------
    results : iterable of EmpowermentResult
        At least one, all in the same unit.

    Returns
    -------
    vmin : float
        The smallest value.
    vmax : float
        The largest value; one unit above `vmin` where values do not differ by more than the intervals.

    Raises
    ------
    ValueError
        If there is no result, or the units differ.

    See Also
    --------
    plot_maps : Draws several results side by side with one scale.

    Examples
    --------
    >>> import empowerment as emp
    >>> maze = emp.worlds.klyubin_maze()
    >>> vmin, vmax = emp.plotting.common_range(emp.empowerment(maze, n) for n in (1, 2))
    >>> vmin, round(vmax, 3)
    (1.0, 3.7)
    """
    listed = in_one_unit(results)
    value, gap = (np.concatenate([getattr(each, name) for each in listed]) for name in ("value", "gap"))
    return spread(value, gap, value, value)


def in_one_unit(results: Any) -> list[StateValues]:
    """Return several results as a list; refuse anything else, and results whose values cannot be compared."""
    if not validate.is_several(results) or hasattr(results, "value"):
        raise TypeError(f"results is {validate.shown(results)}, expected a list of several EmpowermentResults")
    listed = []
    for result in results:  # which may never end
        check_result(result)
        listed.append(result)
    units = {result.unit for result in listed}
    if len(units) != 1:
        found = "no result" if not units else f"results in {' and '.join(sorted(units))}"
        raise ValueError(f"results holds {found}, expected at least one, all in the same unit")
    return listed


def ink_on(artist: Any, value: float) -> str:
    """Return black or white, whichever can be read on the colour that an artist gives to a value."""
    red, green, blue, _ = artist.cmap(artist.norm(value))
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"


def draw_colorbar(ax: Any, artist: Any, label: str, width: float | None = None) -> None:
    """Draw the colour bar of an artist.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    artist : matplotlib.cm.ScalarMappable
    label : str
    width : float, optional
        As a part of the width of the Axes. With it the bar is as high as the Axes, whose aspect is fixed, if the
        figure's layout makes room for it there.
    """
    if width is None or ax.figure.get_layout_engine() is None:
        ax.figure.colorbar(artist, ax=ax, label=label)
        return
    ax.figure.colorbar(artist, cax=ax.inset_axes((1 + width, 0, width, 1)), label=label)

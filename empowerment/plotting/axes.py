"""What all pictures share: Axes to draw on, a title, and the ends of the axis or the colours of values."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.runtime.optional import missing

_MOST_TICKS = 20
_LETTER = 5.2  # width of a letter of a title, in points


@dataclass(frozen=True)
class Canvas:
    """Axes to draw on, with what the caller says of title and values.

    Attributes
    ----------
    ax : matplotlib.axes.Axes
    title : str or None
        None for the default one of the picture.
    vmin, vmax : float or None
        The ends of the values; None for those of the data.
    """

    ax: Any
    title: str | None
    vmin: float | None
    vmax: float | None

    @classmethod
    def of(
        cls,
        ax: Any,
        size: tuple[float, float],
        title: Any,
        vmin: Any,
        vmax: Any,
        *,
        columns: int = 1,
        rows: int = 1,
    ) -> Canvas:
        """Check what every picture is asked for, and make a figure of this size in inches if no Axes are given.

        It has one Axes, or an array of as many as there are columns and rows.

        Raises
        ------
        TypeError, ValueError
            If the title is no text, or the ends are not two numbers in order.
        ImportError
            If matplotlib is not installed.
        """
        name = None if title is None else validate.text(title, "title")
        low, high = (
            None if end is None else validate.finite(end, which) for which, end in (("vmin", vmin), ("vmax", vmax))
        )
        if low is not None and high is not None and not low < high:
            raise ValueError(f"vmin is {low:g} and vmax is {high:g}, expected vmin below vmax")
        return cls(_axes(ax, size, rows, columns), name, low, high)

    def ends(self, low: float, high: float) -> tuple[float, float]:
        """Return the ends of the values: those given, else those of the data."""
        low = low if self.vmin is None else self.vmin
        high = high if self.vmax is None else self.vmax
        if low < high:
            return low, high
        return (low, low + 1) if self.vmax is None else (high - 1, high)

    def value_axis(self, axis: str, label: str, low: float, high: float, margin: float = 0.06) -> None:
        """Label the axis of values, "x" or "y", give it these ends and some room, and draw a light grid.

        Ends that the caller gave are kept as they are.
        """
        room = margin * (high - low)
        low, high = self.ends(low - room, high + room)
        self.ax.set(**{f"{axis}label": label, f"{axis}lim": (low, high)})
        self.ax.grid(axis=axis, color="0.9")
        self.ax.set_axisbelow(True)

    def write_title(self, default: str, **style: Any) -> None:
        """Write the title that was given, else the default one, on as many lines as the Axes are wide."""
        title = default if self.title is None else self.title
        letters = max(int(points(self.ax)[0] / _LETTER), 20)
        lines = [textwrap.wrap(line, letters) for line in title.split("\n")]
        if title:
            self.ax.set_title("\n".join(chain.from_iterable(lines)), **({"size": "medium"} | style))


def _axes(ax: Any, size: tuple[float, float], rows: int, columns: int) -> Any:
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError:
        raise missing("drawing", "matplotlib") from None
    return pyplot.subplots(rows, columns, figsize=size, layout="constrained")[1]


def hide_axis(ax: Any) -> None:
    """Draw no axes; unlike ``set_axis_off`` this leaves what lies beside them, such as a colour bar, its room."""
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.patch.set_visible(False)


def points(ax: Any) -> tuple[float, float]:
    """Return the width and the height of the Axes in points, as far as they are known before the layout is made."""
    box = ax.get_window_extent()
    return box.width * 72 / ax.figure.dpi, box.height * 72 / ax.figure.dpi


def ticks(count: int, most: int = _MOST_TICKS) -> list[int]:
    """Return at most about so many evenly spaced numbers below `count`."""
    step = next(s for e in range(20) for s in (10**e, 2 * 10**e, 5 * 10**e) if count <= s * most)
    return list(range(0, count, step))


def spread(value: np.ndarray, gap: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[float, float]:
    """Return the ends of the scale, one unit apart where values do not differ by more than the intervals.

    Otherwise rounding errors would fill the whole scale of a flat picture.
    """
    least, most = float(low.min()), float(high.max())
    if value.max() - value.min() > max(float(gap.max()), 1e-9):
        return least, most
    least = max(least - 0.5, 0.0) if least >= 0 else least - 0.5
    return least, max(least + 1, most)

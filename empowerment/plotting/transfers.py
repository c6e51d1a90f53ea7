"""Tables of what agents can do to each other's readings."""

from __future__ import annotations

from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.plotting.axes import Canvas
from empowerment.plotting.colors import draw_colorbar, ink_on
from empowerment.plotting.protocols import Transfers
from empowerment.plotting.titles import shortened

_CELL = 0.95  # inches


def plot_transfers(
    result: Transfers,
    *,
    ax: Any = None,
    title: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    cmap: Any = "viridis",
) -> Any:
    """Draw what agents can do to each other's readings: a row for each source, a column for each target.

    A number that missed its tolerance is written as its interval. Pairs that are not in the result stay empty.

    Parameters
    ----------
    result : TransferMatrix
        The table to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.
    title : str, optional
        By default the state and the number of steps.
    vmin, vmax : float, optional
        The ends of the colours; by default 0 and the largest value.
    cmap : str or matplotlib.colors.Colormap
        Colour map.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If `vmin` is not below `vmax`.

    See Also
    --------
    empowerment.transfer_matrix : Computes what is drawn.

    Examples
    --------
    >>> import empowerment as emp
    >>> found = emp.transfer_matrix(emp.worlds.shared_corridor(), 2, (0, 2))
    >>> [text.get_text() for text in emp.plotting.plot_transfers(found).get_xticklabels()]
    ['person', 'assistant']
    """
    validate.offers(
        result, ("pairs", "value", "horizon"), "result", "a TransferMatrix, as transfer_matrix returns it"
    )
    sources, targets = (list(dict.fromkeys(pair[end] for pair in result.pairs)) for end in (0, 1))
    shape = len(sources), len(targets)
    canvas = Canvas.of(ax, (_CELL * shape[1] + 2.6, _CELL * shape[0] + 1.3), title, vmin, vmax)
    ax = canvas.ax
    cells = [(sources.index(source), targets.index(target)) for source, target in result.pairs]
    values = np.ma.array(np.zeros(shape), mask=np.ones(shape, dtype=bool))
    for cell, value in zip(cells, result.value, strict=True):
        values[cell] = value
    low, high = canvas.ends(0.0, float(values.max()))
    mesh = ax.pcolormesh(values, cmap=cmap, vmin=low, vmax=high, edgecolors="white", linewidth=1)
    for cell, text in zip(cells, _texts(result), strict=True):
        place = cell[1] + 0.5, cell[0] + 0.5
        ax.text(*place, text, ha="center", va="center", color=ink_on(mesh, float(values[cell])))
    ax.set_xticks(np.arange(shape[1]) + 0.5, [shortened(target) for target in targets])
    ax.set_yticks(np.arange(shape[0]) + 0.5, [shortened(source) for source in sources])
    ax.set(xlabel="reading of", ylabel="actions of", aspect="equal")
    ax.invert_yaxis()
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    draw_colorbar(ax, mesh, f"transfer empowerment [{result.unit}]")
    canvas.write_title(f"{result.horizon}-step transfer\nfrom {shortened(result.state)}")
    return ax


def _texts(result: Transfers) -> list[str]:
    """Return each number, or its interval where the tolerance was missed."""
    ends = zip(result.value, result.lower, result.upper, result.converged, strict=True)
    return [f"{value:.2f}" if known else f"{low:.2f} to\n{high:.2f}" for value, low, high, known in ends]

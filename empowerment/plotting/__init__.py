"""Pictures: maps, values with intervals, policies as arrows, audits, texts, assistants, agents with desires.

Every function takes ``ax=None``, makes a figure only if none is handed in, returns the Axes and never shows.
"""

from __future__ import annotations

from typing import Any

from empowerment.core.layout import GridLayout
from empowerment.core.protocols import StateResult
from empowerment.plotting.arrows import plot_policy
from empowerment.plotting.assistance import plot_assistants
from empowerment.plotting.axes import check_result
from empowerment.plotting.curves import plot_horizons
from empowerment.plotting.handoff import plot_turns
from empowerment.plotting.influence import plot_budget, plot_control_left
from empowerment.plotting.intervals import intervals_size, plot_intervals
from empowerment.plotting.maps import map_size, plot_map
from empowerment.plotting.measured import plot_before_after, plot_sensitivity, plot_timing
from empowerment.plotting.simplex import plot_beliefs
from empowerment.plotting.trace import plot_desire_trace

__all__ = [
    "figure_size",
    "plot_assistants",
    "plot_before_after",
    "plot_beliefs",
    "plot_budget",
    "plot_control_left",
    "plot_desire_trace",
    "plot_empowerment",
    "plot_horizons",
    "plot_intervals",
    "plot_map",
    "plot_policy",
    "plot_sensitivity",
    "plot_timing",
    "plot_turns",
]


def plot_empowerment(result: StateResult, *, ax: Any = None, **options: Any) -> Any:
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
    check_result(result)
    draw = plot_map if isinstance(result.layout, GridLayout) else plot_intervals
    return draw(result, ax=ax, **options)


def figure_size(result: StateResult) -> tuple[float, float]:
    """Return the size in inches of the figure that :func:`plot_empowerment` makes for a result."""
    check_result(result)
    layout = result.layout
    return map_size(layout) if isinstance(layout, GridLayout) else intervals_size(len(result))

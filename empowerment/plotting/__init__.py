"""Pictures: maps, graphs, values with intervals, policies as arrows, audits, texts, assistants, agents with desires.

Every function takes ``ax=None``, ``title=None``, ``vmin=None`` and ``vmax=None``, makes a figure only if no Axes are
handed in, returns the Axes and never shows.
"""

from __future__ import annotations

from typing import Any

from empowerment.core.layout import GraphLayout, GridLayout
from empowerment.core.protocols import StateValues
from empowerment.plotting.arrows import plot_policy
from empowerment.plotting.assistance import plot_assistants
from empowerment.plotting.capacity import plot_capacity
from empowerment.plotting.colors import common_range
from empowerment.plotting.curves import plot_horizons
from empowerment.plotting.graphs import graph_size, plot_graph
from empowerment.plotting.grids import grid_size
from empowerment.plotting.handoff import plot_turns
from empowerment.plotting.influence import plot_budget, plot_control_left
from empowerment.plotting.intervals import intervals_size, plot_intervals
from empowerment.plotting.maps import plot_map
from empowerment.plotting.measured import plot_before_after, plot_sensitivity, plot_timing
from empowerment.plotting.panels import plot_maps
from empowerment.plotting.simplex import beliefs_size, plot_beliefs, spans_triangle
from empowerment.plotting.skills import plot_output, plot_skills
from empowerment.plotting.titles import check_result
from empowerment.plotting.trace import plot_desire_trace
from empowerment.plotting.transfers import plot_transfers

__all__ = [
    "common_range",
    "figure_size",
    "plot_assistants",
    "plot_before_after",
    "plot_beliefs",
    "plot_budget",
    "plot_capacity",
    "plot_control_left",
    "plot_desire_trace",
    "plot_empowerment",
    "plot_graph",
    "plot_horizons",
    "plot_intervals",
    "plot_map",
    "plot_maps",
    "plot_output",
    "plot_policy",
    "plot_sensitivity",
    "plot_skills",
    "plot_timing",
    "plot_transfers",
    "plot_turns",
]


def plot_empowerment(
    result: StateValues,
    *,
    ax: Any = None,
    title: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    **options: Any,
) -> Any:
    """Draw a result in the way that suits its world.

    A map if the states have cells on a grid, a graph if the result knows the graph of its states, a curve or a
    triangle for beliefs over two or three states, and else the values one by one with their intervals.

    Parameters
    ----------
    result : EmpowermentResult
        The result to draw.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; a new figure by default.
    title : str, optional
        Title; by default the name of the world and the quantity.
    vmin, vmax : float, optional
        Ends of the colours or of the axis of values; by default those of the data.
    **options
        Arguments of :func:`plot_map`, :func:`plot_graph`, :func:`plot_beliefs` or :func:`plot_intervals`.

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
    plot_maps : Several maps with one colour scale.
    plot_policy : A policy on a map.

    Examples
    --------
    >>> import empowerment as emp
    >>> tower = emp.empowerment(emp.worlds.tower_of_hanoi(), horizon=2)
    >>> emp.plotting.plot_empowerment(tower).get_title()
    'tower_of_hanoi: 2-step empowerment'
    """
    check_result(result)
    return _picture(result)[0](result, ax=ax, title=title, vmin=vmin, vmax=vmax, **options)


def figure_size(result: StateValues) -> tuple[float, float]:
    """Return the size of the figure that :func:`plot_empowerment` makes for a result.

    Parameters
    ----------
    result : EmpowermentResult
        The result to draw.

    Returns
    -------
    width : float
        Width in inches.
    height : float
        Height in inches.

    See Also
    --------
    plot_empowerment : Draws the result.

    Examples
    --------
    >>> import empowerment as emp
    >>> width, height = emp.plotting.figure_size(emp.empowerment(emp.worlds.klyubin_maze()))
    >>> round(width, 1), round(height, 1)
    (7.2, 6.4)
    """
    check_result(result)
    return _picture(result)[1]


def _picture(result: StateValues) -> tuple[Any, tuple[float, float]]:
    """Return what draws a result, and the size of the figure."""
    layout, beliefs = result.layout, result.beliefs
    if beliefs is not None:
        n_states = beliefs.shape[1]
        if (n_states == 2 and len(result) > 1) or (n_states == 3 and spans_triangle(result)):
            return plot_beliefs, beliefs_size(n_states)
    elif isinstance(layout, GridLayout):
        return plot_map, grid_size(layout)
    elif isinstance(layout, GraphLayout) and layout.edges:
        return plot_graph, graph_size(1 + max(max(edge) for edge in layout.edges))
    return plot_intervals, intervals_size(len(result))

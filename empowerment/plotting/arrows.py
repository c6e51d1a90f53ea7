"""Policies on a grid: an arrow from each cell to where its action leads."""

from __future__ import annotations

from typing import Any

import numpy as np

from empowerment.core.layout import GridLayout
from empowerment.models.mdp import as_mdp
from empowerment.models.policy import policy_rows
from empowerment.plotting.axes import axes_of
from empowerment.plotting.maps import draw_frame, draw_walls, map_size

# Part of the way that an arrow is drawn, so that those of neighbours do not touch.
_REACH = 0.7
# Shorter ways than this, in cells, are drawn as a dot: the agent rests.
_REST = 1e-9


def plot_policy(model: Any, policy: Any, *, ax: Any = None, color: Any = "black") -> Any:
    """Draw where a policy leads: an arrow from each cell towards the mean cell of its next state.

    Where that is the cell itself there is a dot. Terminal states are left out.

    Parameters
    ----------
    model : MDP
        With a :class:`empowerment.core.layout.GridLayout`.
    policy : Policy or array_like of shape (n_states, n_actions)
    ax : matplotlib.axes.Axes, optional
        Where to draw, for example on a map; on a new figure with the walls of the grid by default.
    color : color of matplotlib

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the model has no such layout, or the policy is none of this model.

    Examples
    --------
    >>> import empowerment as emp
    >>> maze = emp.worlds.klyubin_maze()
    >>> result = emp.empowerment(maze, horizon=5)
    >>> ax = emp.plotting.plot_policy(maze, emp.greedy_policy(maze, result), ax=result.plot())
    """
    model = as_mdp(model)
    layout, rows = model.layout, policy_rows(policy, model)
    if not isinstance(layout, GridLayout):
        raise ValueError("the model has no grid to draw arrows on; a GridLayout passed as layout= to it gives it one")
    if ax is None:
        ax = axes_of(None, map_size(layout))
        draw_walls(ax, layout)
        draw_frame(ax, layout)
    cells = np.array(layout.cells, dtype=float)
    ways = np.stack([_mean_cells(model, rows, cells[:, axis]) for axis in (0, 1)], axis=1) - cells
    drawn = rows.any(axis=1) & ~model.is_terminal
    moving = drawn & (np.abs(ways).max(axis=1) > _REST)
    tails = cells - 0.5 * _REACH * ways
    options = {"angles": "xy", "scale_units": "xy", "scale": 1, "units": "xy", "width": 0.06, "pivot": "tail"}
    y, x = tails[moving].T
    v, u = _REACH * ways[moving].T
    ax.quiver(x, y, u, v, color=color, zorder=5, gid="arrows", **options)
    ax.scatter(*cells[drawn & ~moving].T[::-1], s=12, color=color, zorder=5, gid="rests")
    return ax


def _mean_cells(model: Any, rows: np.ndarray, coordinate: np.ndarray) -> np.ndarray:
    """Return the mean of a coordinate in the next state."""
    return np.asarray((rows * (model.rows @ coordinate).reshape(rows.shape)).sum(axis=1))

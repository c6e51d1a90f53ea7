"""Policies on a grid: an arrow in each cell for each action that is taken there."""

from __future__ import annotations

from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.layout import GridLayout
from empowerment.core.protocols import StateValues
from empowerment.models.mdp import MDP, as_mdp
from empowerment.models.policy import policy_rows
from empowerment.plotting.axes import Canvas
from empowerment.plotting.grids import clear_cells, draw_frame, draw_walls, grid_size
from empowerment.plotting.maps import plot_map
from empowerment.plotting.titles import world_of

# Of an arrow that is alone in its cell, and of the longest of several, in cells: those of neighbours do not touch.
_ALONE, _LONGEST = 0.7, 0.42
# Shorter ways than this, in cells, lead nowhere.
_NOWHERE = 1e-9
# Less probable actions are left out.
_NEVER = 1e-6
# Ways of an action that, averaged over the cells as vectors, keep this part of their length have one direction.
_ALIKE = 0.5


def plot_policy(
    model: Any,
    policy: Any,
    result: StateValues | None = None,
    *,
    ax: Any = None,
    title: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    color: Any = "black",
    numbers: bool = False,
) -> Any:
    """Draw the actions of a policy as arrows, on a map if a result is given.

    An action that leads much the same way in all cells, such as "north" where the agent may slip, is an arrow that
    way; any other is an arrow to the mean cell of its next state. An action that leaves the agent in its cell, more
    probably than not, is a dot. Where several actions are taken there are several arrows from the centre of the cell,
    their lengths in proportion to the probabilities. Terminal states are left out, and all others of a cell drawn.

    Parameters
    ----------
    model : MDP
        With a :class:`empowerment.core.layout.GridLayout`.
    policy : Policy or array_like of shape (n_states, n_actions)
        The policy to draw.
    result : EmpowermentResult, optional
        Values to colour the cells with.
    ax : matplotlib.axes.Axes, optional
        Where to draw, for example on a map; on a new figure with the walls of the grid by default.
    title : str, optional
        By default the one of the map, or the name of the world.
    vmin, vmax : float, optional
        The ends of the colour scale of the map; they need a result.
    color : color of matplotlib
        Of the arrows, which have a rim in white, or in black if they are white.
    numbers : bool
        Leave the numbers of a map where they are, under the arrows. By default they are taken away, and marks move
        into the corners of their cells.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the model has no such layout, or the policy is none of this model.

    See Also
    --------
    plot_map : The map alone.
    empowerment.greedy_policy : The policy that goes where empowerment is largest.

    Examples
    --------
    >>> import empowerment as emp
    >>> maze = emp.worlds.klyubin_maze()
    >>> result = emp.empowerment(maze, horizon=5)
    >>> ax = emp.plotting.plot_policy(maze, emp.greedy_policy(maze, result), result)
    >>> ax.get_title()
    'klyubin_maze: 5-step empowerment'
    """
    model, numbers = as_mdp(model, whole=False), validate.flag(numbers, "numbers")
    layout, rows = model.layout, policy_rows(policy, model)
    if not isinstance(layout, GridLayout):
        raise ValueError("the model has no grid to draw arrows on; a GridLayout passed as layout= to it gives it one")
    if result is None and not vmin is vmax is None:
        raise ValueError("vmin and vmax are the ends of a colour scale, expected a result to colour the cells with")
    canvas = Canvas.of(ax, grid_size(layout), title, vmin, vmax)
    if result is not None:
        plot_map(result, ax=canvas.ax, title=title, vmin=vmin, vmax=vmax, annotate=numbers)
    elif ax is None:
        draw_walls(canvas.ax, layout)
        draw_frame(canvas.ax, layout)
        canvas.write_title(world_of(layout, "policy"))
    elif title is not None:
        canvas.write_title(title)
    if not numbers:
        clear_cells(canvas.ax, layout)
    draw_actions(canvas.ax, model, rows, color)
    return canvas.ax


def draw_actions(ax: Any, model: MDP, rows: np.ndarray, color: Any) -> None:
    """Draw the actions that these rows of probabilities take in each state, on the cells of the model's grid."""
    from matplotlib.colors import to_rgb
    from matplotlib.patheffects import withStroke

    taken = (rows > _NEVER) & ~model.is_terminal[:, None]
    ways = _ways(model)
    moving = taken & (np.abs(ways).max(axis=2) > _NOWHERE)
    cells = np.array(model.layout.cells, dtype=float)
    states = moving.nonzero()[0]
    alone = (taken.sum(axis=1) == 1)[states, None]
    share = (rows / np.where(taken, rows, 0).max(axis=1, keepdims=True, initial=_NEVER))[moving][:, None]
    arrows = np.where(alone, _ALONE, _LONGEST * share) * ways[moving]
    tails = cells[states] - 0.5 * arrows * alone
    rim = [withStroke(linewidth=2.2, foreground="black" if min(to_rgb(color)) > 0.8 else "white")]
    options = {"angles": "xy", "scale_units": "xy", "scale": 1, "units": "xy", "width": 0.06, "pivot": "tail"}
    y, x = tails.T
    v, u = arrows.T
    ax.quiver(x, y, u, v, color=color, zorder=5, gid="arrows", path_effects=rim, **options)
    resting = (taken & ~moving).any(axis=1)
    ax.scatter(*cells[resting].T[::-1], s=14, color=color, zorder=5, gid="rests", path_effects=rim)


def _ways(model: MDP) -> np.ndarray:
    """Return the direction of each action in each state, a cell long or 0, of shape (n_states, n_actions, 2)."""
    cells = np.array(model.layout.cells, dtype=float)
    shape = model.n_states, model.n_actions
    ways = np.stack([(model.rows @ cells[:, axis]).reshape(shape) - cells[:, [axis]] for axis in (0, 1)], axis=2)
    length = np.linalg.norm(ways, axis=2, keepdims=True)
    ways = np.divide(ways, length, out=np.zeros_like(ways), where=length > _NOWHERE)
    leaves = _leaves(model, cells)
    for action in range(model.n_actions):
        own = ways[leaves[:, action], action]
        mean = own.mean(axis=0) if len(own) else np.zeros(2)
        if np.linalg.norm(mean) > _ALIKE:
            ways[:, action] = _eighth(mean)
    ways[~leaves] = 0.0
    return ways


def _leaves(model: MDP, cells: np.ndarray) -> np.ndarray:
    """Return where an action more probably leaves the cell than not, of shape (n_states, n_actions)."""
    entries = model.rows.tocoo()
    same = (cells[entries.col] == cells[entries.row // model.n_actions]).all(axis=1)
    staying = np.bincount(entries.row[same], entries.data[same], minlength=model.rows.shape[0])
    return np.asarray((staying < 0.5).reshape(model.n_states, model.n_actions) & model.available)


def _eighth(way: np.ndarray) -> np.ndarray:
    """Return the nearest of the eight directions of the compass, a cell long."""
    angle = np.round(np.arctan2(*way) / (np.pi / 4)) * np.pi / 4
    return np.array([np.sin(angle), np.cos(angle)]).round(12)

"""Skills on a grid: the actions and the occupancy of each, and the distribution that all of them make together."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.layout import GridLayout
from empowerment.models.mdp import MDP, as_mdp
from empowerment.plotting.arrows import draw_actions
from empowerment.plotting.axes import Canvas
from empowerment.plotting.colors import ORANGE, draw_colorbar
from empowerment.plotting.grids import (
    Cells,
    bar_width,
    clear_cells,
    draw_colors,
    draw_frame,
    draw_uncolored,
    draw_walls,
    grid_size,
    write_cells,
)
from empowerment.plotting.protocols import SkillResult
from empowerment.plotting.titles import shortened, world_of

_OFFERED = ("skills", "policies", "occupancies", "output_distribution", "sensor", "all_states", "layout")
_MOST_COLUMNS = 4
_CELL, _LEAST = 0.33, 1.7  # inches of a cell of a small map, and of the map


def plot_skills(
    model: Any,
    result: SkillResult,
    state: Any,
    *,
    most: int = 8,
    ax: Any = None,
    title: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    cmap: Any = "Blues",
) -> list[Any]:
    """Draw the skills of a state as small maps, with arrows for their actions and colours for their occupancies.

    Each map has the probability of its skill as its title. The start has an orange frame. Arrows are those of
    :func:`plot_policy`, in the states where the skill ever is; a dot is an action that stays. The colour of a cell is
    the probability of being there at the random time T.

    Parameters
    ----------
    model : MDP
        The world that was solved, with a :class:`empowerment.core.layout.GridLayout`.
    result : SkillEmpowerment
        Its result.
    state : hashable
        Label of a state of the result.
    most : int
        Number of maps at most; the most probable skills are drawn. The default title says how many there are.
    ax : sequence of matplotlib.axes.Axes, optional
        One for each map, all of one figure; on a new figure by default.
    title : str, optional
        Title of the figure; of a new one by default the name of the world, the state and the discount.
    vmin, vmax : float, optional
        The ends of the colour scale of all maps; by default 0 and the largest occupancy.
    cmap : str or matplotlib.colors.Colormap
        Colour map.

    Returns
    -------
    list of matplotlib.axes.Axes
        The axes, one for each skill.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    KeyError
        If the result has no such state.
    ValueError
        If the model has no such layout or is another one, the state has no skills, or there are not as many Axes as
        maps.

    See Also
    --------
    plot_output : The distribution that the skills make together.
    plot_policy : One policy, whether it is a skill or not.

    Examples
    --------
    >>> import empowerment as emp
    >>> grid = emp.worlds.open_grid(3)
    >>> result = emp.skill_empowerment(grid, 0.9, states=(1, 1))
    >>> [ax.get_title() for ax in emp.plotting.plot_skills(grid, result, (1, 1), most=2)]
    ['0.14', '0.12']
    """
    model, result = as_mdp(model), _checked(result)
    most, layout = validate.positive_int(most, "most"), _grid_of(model.layout)
    if tuple(model.states) != result.all_states or tuple(model.actions) != result.actions:
        raise ValueError("model has other states or actions than the result, expected the model that was solved")
    chances = [skill.probability for skill in result.skills(state)]
    if not chances:
        raise ValueError(f"state {state!r} has no skills to draw: every policy may come to a dead end from it")
    count = min(most, len(chances))
    canvas, axes = _panels(layout, count, ax, title, vmin, vmax)
    cells = [_cell_sums(layout, row) for row in result.occupancies(state)[:count]]
    low, high = canvas.ends(0.0, max(float(each.max()) for each in cells))
    for each, values, policy, chance in zip(axes, cells, result.policies(state), chances, strict=False):
        mesh = _draw_map(each, layout, values, cmap=cmap, vmin=low, vmax=high)
        each.set(xticks=[], yticks=[], xlabel="", ylabel="")
        clear_cells(each, layout)
        draw_actions(each, model, _one_hot(policy, model), "black")
        _draw_start(each, layout, model.state_index(state))
        each.set_title(f"{chance:.2g}", size="medium")
    axes[0].figure.colorbar(mesh, ax=axes, label="occupancy")
    if canvas.title is not None or ax is None:
        axes[0].figure.suptitle(_title(result, state, chances, count) if canvas.title is None else canvas.title)
    return axes


def plot_output(
    result: SkillResult,
    state: Any,
    *,
    ax: Any = None,
    title: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    cmap: Any = "Blues",
) -> Any:
    """Draw where the skills of a state lead together: the distribution of the state at the random time T.

    It is the one that proves the upper end: no policy has a larger divergence from it.

    Parameters
    ----------
    result : SkillEmpowerment
        Of a model whose layout is a :class:`empowerment.core.layout.GridLayout`.
    state : hashable
        Label of a state of the result.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.
    title : str, optional
        By default the name of the world, the state and the discount.
    vmin, vmax : float, optional
        The ends of the colour scale; by default 0 and the largest probability.
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
    KeyError
        If the result has no such state.
    ValueError
        If the model has no such layout, or the result is about the readings of a sensor.

    See Also
    --------
    plot_skills : The skills one by one.
    plot_map : The empowerment of every state.

    Examples
    --------
    >>> import empowerment as emp
    >>> result = emp.skill_empowerment(emp.worlds.open_grid(5), 0.9, states=(1, 1))
    >>> emp.plotting.plot_output(result, (1, 1)).get_title()
    'open_grid: output from (1, 1), discount 0.9'
    """
    layout = _grid_of(_checked(result).layout)
    if result.sensor is not None:
        raise ValueError("result is about the readings of a sensor, expected one about the states, without sensor=")
    own = result[state]
    canvas = Canvas.of(ax, grid_size(layout), title, vmin, vmax)
    values = _cell_sums(layout, own.output_distribution[0])
    low, high = canvas.ends(0.0, float(values.max()))
    mesh = _draw_map(canvas.ax, layout, values, cmap=cmap, vmin=low, vmax=high)
    _draw_start(canvas.ax, layout, int(own.state_numbers[0]))
    draw_colorbar(canvas.ax, mesh, "probability", bar_width(layout))
    what = f"output from {shortened(state)}, discount {result.discount:g}"
    canvas.write_title(world_of(layout, what))
    return canvas.ax


def _checked(result: SkillResult) -> SkillResult:
    validate.offers(result, _OFFERED, "result", "a SkillEmpowerment, as skill_empowerment returns it")
    return result


def _grid_of(layout: Any) -> GridLayout:
    if not isinstance(layout, GridLayout):
        raise ValueError("the model has no grid to draw on; a GridLayout passed as layout= to it gives it one")
    return layout


def _panels(layout: GridLayout, count: int, ax: Any, title: Any, vmin: Any, vmax: Any) -> tuple[Canvas, list[Any]]:
    """Return Axes for so many small maps, in rows of at most four; those that are left over are not drawn."""
    columns = min(count, _MOST_COLUMNS)
    rows = math.ceil(count / columns)
    height, width = (max(_CELL * cells, _LEAST) for cells in layout.shape)
    size = max(columns * width + 1.1, 4.6), rows * (height + 0.3) + 0.6
    canvas = Canvas.of(ax, size, title, vmin, vmax, columns=columns, rows=rows)
    axes = list(np.atleast_1d(canvas.ax).flat)
    if ax is None:
        for left in axes[count:]:
            left.remove()
        axes = axes[:count]
    if len(axes) != count:
        raise ValueError(f"ax has {len(axes)} Axes, expected one for each of {count} skills, or another most=")
    return canvas, axes


def _cell_sums(layout: GridLayout, weights: np.ndarray) -> Cells:
    """Return how much weight the states of each cell have together, masked where there is no state."""
    cells = tuple(np.array(layout.cells).T)
    total, owned = np.zeros(layout.shape), np.zeros(layout.shape, dtype=bool)
    np.add.at(total, cells, weights)
    owned[cells] = True
    return np.ma.array(total, mask=~owned)


def _draw_map(ax: Any, layout: GridLayout, values: Cells, **scale: Any) -> Any:
    mesh = draw_colors(ax, layout, values, **scale)
    draw_uncolored(ax, layout, values)
    draw_walls(ax, layout)
    draw_frame(ax, layout)
    write_cells(ax, mesh, layout, values, False)
    return mesh


def _one_hot(policy: np.ndarray, model: MDP) -> np.ndarray:
    """Return the rows of a policy, all zeros in states where it never is."""
    rows = np.zeros((model.n_states, model.n_actions))
    taken = np.flatnonzero(policy >= 0)
    rows[taken, policy[taken]] = 1.0
    return rows


def _draw_start(ax: Any, layout: GridLayout, number: int) -> None:
    from matplotlib.patches import Rectangle

    row, column = layout.cells[number]
    style: dict[str, Any] = {"fill": False, "edgecolor": ORANGE, "linewidth": 2.2, "zorder": 2, "gid": "start"}
    ax.add_patch(Rectangle((column - 0.44, row - 0.44), 0.88, 0.88, **style))


def _title(result: SkillResult, state: Any, chances: list[float], count: int) -> str:
    title = world_of(result.layout, f"skills of {shortened(state)}, discount {result.discount:g}")
    if count == len(chances):
        return title
    return f"{title}\nthe {count} most probable of {len(chances)}, together {sum(chances[:count]):.2g}"

"""Values against the horizon."""

from __future__ import annotations

from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.protocols import SweepResult
from empowerment.plotting.axes import Canvas
from empowerment.plotting.titles import axis_label, shortened, world_of

_MOST_CURVES = 4  # with more of them, and none asked for, three stand for all
_READINGS: dict[str, Any] = {"linestyle": "--", "linewidth": 0.8}
_ACTIONS: dict[str, Any] = {"linestyle": ":", "linewidth": 1.4}


def plot_horizons(
    sweep: SweepResult,
    *,
    ax: Any = None,
    title: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    states: Any = None,
) -> Any:
    """Draw the empowerment of some states against the horizon, with its limits.

    Where a value is not known to within the tolerance its mark is open, and a bar shows the interval; a band joins
    the intervals. The thin dashed line of the same colour is the logarithm of the number of possible readings, the
    dotted one that of the number of action sequences, both as far as they fit into the picture. Horizons of which
    each is at least half as large again as the one before, such as 1, 2, 4, 8, lie on a logarithmic axis.

    Parameters
    ----------
    sweep : HorizonSweep
        The result to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.
    title : str, optional
        By default the name of the world, and what is not usual about the question.
    vmin, vmax : float, optional
        The ends of the axis of values; by default from just below 0 to just above the largest one.
    states : state label or list of state labels, optional
        Which states to draw. By default all of up to four; of more those that have the largest, the middle and the
        smallest empowerment on average over the horizons.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If a state is not in the sweep, no state is asked for, or `vmin` is not below `vmax`.

    See Also
    --------
    empowerment.horizon_sweep : Computes what is drawn.
    plot_map : The values of all states at one horizon.

    Examples
    --------
    >>> import empowerment as emp
    >>> sweep = emp.horizon_sweep(emp.worlds.klyubin_maze(), range(1, 11))
    >>> ax = emp.plotting.plot_horizons(sweep)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['(5, 5)', '(9, 7)', '(0, 0)', 'limit of the readings, attained', 'limit of the actions']
    """
    validate.offers(sweep, ("horizons", "results"), "sweep", "a HorizonSweep, as horizon_sweep returns it")
    shown = _curves(sweep, states)
    canvas = Canvas.of(ax, (6.4, 4.2), title, vmin, vmax)
    ax = canvas.ax
    _scale_horizons(ax, sweep.horizons)
    middle = (len(shown) - 1) / 2
    curves = [_draw_curve(ax, sweep, i, _beside(sweep.horizons, place - middle)) for place, i in enumerate(shown)]
    ax.plot(sweep.horizons, sweep.actions, color="0.2", **_ACTIONS, gid="actions")
    highest = float(sweep.upper[:, shown].max())
    top = highest if highest > 1e-9 else 1.0
    canvas.value_axis("y", axis_label(sweep), -0.03 * top, 1.1 * top, margin=0.0)
    ax.set_xlabel("horizon")
    canvas.write_title(_title(sweep))
    _write_legend(ax, sweep, shown, curves)
    return ax


def _title(sweep: SweepResult) -> str:
    """Return the name of the world, and what is not usual about the question."""
    first = sweep.results[0]
    told = {"with feedback": first.feedback, "free to stop early": first.stopping}
    told["over trajectories"] = first.output == "trajectory" and not first.stopping
    return world_of(first.layout, ", ".join(words for words, holds in told.items() if holds))


def _doubles(horizons: np.ndarray) -> bool:
    """Return whether each horizon is at least half as large again as the one before, for three or more."""
    return len(horizons) > 2 and horizons[0] > 0 and bool((horizons[1:] >= 1.5 * horizons[:-1]).all())


def _scale_horizons(ax: Any, horizons: np.ndarray) -> None:
    if not _doubles(horizons):
        ax.locator_params(axis="x", integer=True)
        return
    ax.set_xscale("log", base=2)
    ax.set_xticks(horizons, [str(horizon) for horizon in horizons.tolist()])
    ax.minorticks_off()


def _beside(horizons: np.ndarray, places: float) -> np.ndarray:
    """Return the horizons, a little to the right by so many places, so that bars do not cover each other."""
    if _doubles(horizons):
        return np.asarray(horizons * (horizons[-1] / horizons[0]) ** (0.012 * places))
    return np.asarray(horizons + 0.012 * places * float(np.ptp(horizons)))


def _curves(sweep: SweepResult, states: Any) -> list[int]:
    """Return the places of the states to draw, by default from the largest on average to the smallest."""
    if states is None:
        mean = sweep.value.mean(axis=0).round(9)  # so that no rounding tells states apart that are alike
        order = np.argsort(-mean, kind="stable").tolist()
        return order if len(order) <= _MOST_CURVES else [order[0], order[len(order) // 2], order[-1]]
    several = isinstance(states, list | np.ndarray | range) and validate.is_several(states)
    wanted, places = list(states) if several else [states], {label: i for i, label in enumerate(sweep.states)}
    if not wanted:
        raise ValueError("states is empty, expected at least one state, or None for a choice of them")
    return [_place(state, places) for state in wanted]


def _place(state: Any, places: dict[Any, int]) -> int:
    try:
        return places[state]
    except (KeyError, TypeError):
        found = validate.shown(state)
        raise ValueError(f"the sweep has no state {found}, expected labels among its {len(places)} states") from None


def _draw_curve(ax: Any, sweep: SweepResult, i: int, beside: np.ndarray) -> Any:
    """Draw the values of one state with a band over their intervals, and the limit that its readings set.

    The bars of the intervals stand at `beside`, so that those of several states do not cover each other.
    """
    at, value, known = sweep.horizons, sweep.value[:, i], sweep.converged[:, i]
    (line,) = ax.plot(at, value, label=shortened(sweep.states[i]), linewidth=1.6)
    color = line.get_color()
    ax.fill_between(at, sweep.lower[:, i], sweep.upper[:, i], color=color, alpha=0.18, linewidth=0, gid="band")
    ax.plot(at, sweep.reachable[:, i], color=color, **_READINGS, gid="readings")
    ax.plot(at[known], value[known], "o", color=color, markersize=5, gid="exact")
    if not known.all():
        wide = ~known
        ends = np.maximum([value - sweep.lower[:, i], sweep.upper[:, i] - value], 0)[:, wide]
        style = {"fmt": "o", "color": color, "mfc": "white", "markersize": 5, "capsize": 3}
        ax.errorbar(beside[wide], value[wide], yerr=ends, **style)
    return line


def _write_legend(ax: Any, sweep: SweepResult, shown: list[int], curves: list[Any]) -> None:
    """Name the states and, once for all of them, what the kinds of lines and marks mean."""
    from matplotlib.lines import Line2D

    # Where they are attained everywhere they lie under the values.
    attained = np.allclose(sweep.value[:, shown], sweep.reachable[:, shown], rtol=0, atol=1e-6)
    readings = "limit of the readings" + (", attained" if attained else "")
    handles = [*curves, Line2D([], [], color="0.4", **_READINGS, label=readings)]
    handles.append(Line2D([], [], color="0.2", **_ACTIONS, label="limit of the actions"))
    if not sweep.converged[:, shown].all():
        handles.append(Line2D([], [], color="0.4", marker="o", mfc="white", linestyle="", label="interval"))
    ax.legend(handles=handles, fontsize="small")

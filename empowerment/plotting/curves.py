"""Values against the horizon."""

from __future__ import annotations

from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.protocols import SweepResult
from empowerment.plotting.axes import axes_of, axis_label

_MOST_CURVES = 4  # with more of them, and none asked for, three stand for all
_READINGS: dict[str, Any] = {"linestyle": "--", "linewidth": 0.8}
_ACTIONS: dict[str, Any] = {"linestyle": ":", "linewidth": 1.4}


def plot_horizons(sweep: SweepResult, *, ax: Any = None, states: Any = None) -> Any:
    """Draw the empowerment of a few states against the horizon, with what limits it.

    Where a value is not known to within the tolerance its mark is open, and a bar shows the interval; a band joins
    the intervals. The thin dashed line of the same colour is the logarithm of the number of possible readings, the
    dotted one that of the number of action sequences, both as far as they fit into the picture.

    Parameters
    ----------
    sweep : HorizonSweep
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.
    states : state label or list of state labels, optional
        Which states to draw. By default all of up to four; of more those that have the largest, the middle and the
        smallest empowerment on average over the horizons.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If a state is not in the sweep, or no state is asked for.

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
    ax = axes_of(ax, (6.4, 4.2))
    apart = 0.012 * float(np.ptp(sweep.horizons))
    curves = [_draw_curve(ax, sweep, i, apart * (place - (len(shown) - 1) / 2)) for place, i in enumerate(shown)]
    ax.plot(sweep.horizons, sweep.actions, color="0.2", **_ACTIONS, gid="actions")
    highest = float(sweep.upper[:, shown].max())
    top = highest if highest > 1e-9 else 1.0
    ax.set_ylim(-0.03 * top, 1.1 * top)
    ax.locator_params(axis="x", integer=True)
    ax.grid(axis="y", color="0.9")
    ax.set_axisbelow(True)
    ax.set(xlabel="horizon", ylabel=axis_label(sweep))
    if sweep.results[0].output == "trajectory" or sweep.results[0].stopping:
        ax.set_title("free to stop early" if sweep.results[0].stopping else "over trajectories")
    _write_legend(ax, sweep, shown, curves)
    return ax


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


def _draw_curve(ax: Any, sweep: SweepResult, i: int, shift: float) -> Any:
    """Draw the values of one state with a band over their intervals, and the limit that its readings set.

    The bars of the intervals are shifted a little, so that those of several states do not cover each other.
    """
    at, value, known = sweep.horizons, sweep.value[:, i], sweep.converged[:, i]
    (line,) = ax.plot(at, value, label=str(sweep.states[i]), linewidth=1.6)
    color = line.get_color()
    ax.fill_between(at, sweep.lower[:, i], sweep.upper[:, i], color=color, alpha=0.18, linewidth=0, gid="band")
    ax.plot(at, sweep.reachable[:, i], color=color, **_READINGS, gid="readings")
    ax.plot(at[known], value[known], "o", color=color, markersize=5, gid="exact")
    if not known.all():
        wide = ~known
        ends = np.maximum([value - sweep.lower[:, i], sweep.upper[:, i] - value], 0)[:, wide]
        style = {"fmt": "o", "color": color, "mfc": "white", "markersize": 5, "capsize": 3}
        ax.errorbar(at[wide] + shift, value[wide], yerr=ends, **style)
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

"""Assistants side by side: means over tasks with their standard errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.plotting.axes import Canvas
from empowerment.plotting.colors import BLUE, GREEN, ORANGE, PURPLE, RED, SKY

_COLORS = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED)
_AXES = "(assistant,)"


def plot_assistants(
    names: Sequence[str],
    means: Mapping[str, Sequence[float]],
    errors: Mapping[str, Sequence[float]] | None = None,
    *,
    ax: Any = None,
    title: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
) -> Any:
    """Draw measures of several assistants, one below the other.

    Parameters
    ----------
    names : sequence of str
        Names of the assistants.
    means : mapping from str to sequence of float
        For each measure, under the name that the legend gives it, the mean of each assistant. The measures share an
        axis, so they should have one unit.
    errors : mapping from str to sequence of float, optional
        Standard errors, under the same names; an infinite one is not drawn.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.
    title : str, optional
        None by default.
    vmin, vmax : float, optional
        The ends of the axis of values; by default those of the data.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is not one number for each assistant, or `vmin` is not below `vmax`.

    See Also
    --------
    empowerment.text.AssistanceComparison : Measures what is drawn, and draws it by `plot`.

    Examples
    --------
    >>> import empowerment as emp
    >>> ax = emp.plotting.plot_assistants(["none", "1 bit"], {"DPR": [0.95, 0.97]}, {"DPR": [0.01, 0.01]})
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['none', '1 bit']
    """
    names = validate.texts(names, "names")
    values, spreads = _means(means, len(names)), _errors({} if errors is None else errors, len(names))
    if unknown := set(spreads) - set(values):
        raise ValueError(f"errors has {validate.shown(unknown.pop())}, expected the names in means: {list(values)}")
    canvas = Canvas.of(ax, (6.8, min(max(0.32 * len(names) + 1.4, 2.4), 12.0)), title, vmin, vmax)
    ax = canvas.ax
    at = np.arange(len(names))
    for number, (label, mean) in enumerate(values.items()):
        shift = 0.16 * (number - (len(values) - 1) / 2)
        error = spreads.get(label, np.zeros(len(names)))
        color, shown = _COLORS[number % len(_COLORS)], label.replace("$", r"\$")
        style = {"fmt": "o", "color": color, "markersize": 5, "capsize": 3, "label": shown}
        ax.errorbar(mean, at + shift, xerr=np.where(np.isfinite(error), error, 0.0), **style)
    ax.set_yticks(at, [name.replace("$", r"\$") for name in names])
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.ticklabel_format(axis="x", useOffset=False)
    label = _axis_label(list(values), any(np.isfinite(each).any() for each in spreads.values()))
    low, high = ax.get_xlim()
    canvas.value_axis("x", label, low, high, margin=0.0)
    if len(values) > 1:
        ax.legend(fontsize="small")
    canvas.write_title("")
    return ax


def _means(given: Any, count: int) -> dict[str, np.ndarray]:
    found = {
        label: validate.number_table(numbers, (count,), f"means[{label!r}]", _AXES)
        for label, numbers in _named(given, "means").items()
    }
    if not found:
        raise ValueError("means is empty, expected the means of one measure at least")
    return found


def _errors(given: Any, count: int) -> dict[str, np.ndarray]:
    found = {}
    for label, numbers in _named(given, "errors").items():
        name = f"errors[{label!r}]"
        found[label] = np.asarray(validate.number_array(numbers, name, 1, _AXES), dtype=np.float64)
        if len(found[label]) != count:
            raise ValueError(f"{name} has {len(found[label])} entries, expected one for each of {count} assistants")
        if not (found[label] >= 0).all():
            raise ValueError(f"{name} has an entry that is no number of at least 0, expected standard errors")
    return found


def _named(given: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise TypeError(f"{name} is {validate.shown(given)}, expected a mapping from names of measures to numbers")
    for label in given:
        validate.text(label, f"a key of {name}")
    return given


def _axis_label(labels: list[str], with_errors: bool) -> str:
    what = labels[0] if len(labels) == 1 else "mean over tasks"
    return f"{what}, with standard errors" if with_errors else what

"""What all pictures share: Axes to draw on, ticks, labels, ranges."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from itertools import islice
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.protocols import StateResult, SweepResult
from empowerment.runtime.optional import missing

_MOST_TICKS = 20


def check_result(result: Any) -> None:
    """Refuse what has no values for states."""
    wanted = "an EmpowermentResult, as empowerment returns it"
    validate.offers(result, ("states", "value", "lower", "upper", "layout", "beliefs"), "result", wanted)


def names_of(labels: Any, states: Sequence[Any]) -> list[str]:
    """Return what to call each of the states: the labels given, by default their own."""
    if labels is None:
        return [str(state) for state in states]
    if not validate.is_several(labels):
        raise TypeError(f"labels is {validate.shown(labels)}, expected one for each of {len(states)} states")
    names = [str(label) for label in islice(labels, len(states) + 1)]
    if len(names) != len(states):
        count = len(labels) if isinstance(labels, Sized) else len(names)
        raise ValueError(f"labels has {count} entries, expected one for each of {len(states)} states")
    return names


def axes_of(ax: Any, size: tuple[float, float]) -> Any:
    """Return the Axes handed in, or those of a new figure."""
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError:
        raise missing("drawing", "matplotlib") from None
    return pyplot.subplots(figsize=size, layout="constrained")[1]


def color_range(
    result: StateResult, low: np.ndarray | None = None, high: np.ndarray | None = None
) -> tuple[float, float]:
    """Return the ends of the scale, one unit apart where the values do not differ by more than the intervals.

    Otherwise rounding errors would fill the whole scale of a flat map.
    """
    least = float((result.value if low is None else low).min())
    most = float((result.value if high is None else high).max())
    if result.value.max() - result.value.min() > max(float(result.gap.max()), 1e-9):
        return least, most
    least = max(least - 0.5, 0.0)
    return least, max(least + 1, most)


def ticks(count: int) -> list[int]:
    """Return at most about 20 evenly spaced numbers below `count`."""
    step = next(s for e in range(20) for s in (10**e, 2 * 10**e, 5 * 10**e) if count <= s * _MOST_TICKS)
    return list(range(0, count, step))


def axis_label(result: StateResult | SweepResult) -> str:
    """Return the name of what is drawn, with its unit."""
    return f"empowerment [{result.unit}]"


def write_title(ax: Any, result: StateResult, span: float) -> None:
    """Name what is drawn and, where the numbers are less sure than the drawing looks, how sure they are."""
    title = f"{result.horizon}-step empowerment"
    if result.feedback:
        title += " with feedback"
    if result.output == "trajectory":
        title += " over trajectories"
    widest, missed = float(result.gap.max()), len(result) - int(result.converged.sum())
    if missed == 0 and widest <= 0.01 * span:
        ax.set_title(title)
        return
    title += f"\nwidest interval {widest:.2g} {result.unit}"
    if missed:
        title += f"\n{missed} of {len(result)} states missed the tolerance"
    ax.set_title(title, size="medium")

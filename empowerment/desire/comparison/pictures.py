"""Data of experiments for the pictures of `empowerment.plotting`: numbers, intervals and names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.desire.comparison.estimates import SeedEstimate

MEASURES = {
    "far_declined": "share of far orders\ndeclined",
    "income": "income a day",
    "rests": "share of rests",
    "health": "mean health",
}
QUANTITIES = {"targeted": "targeted control", "untargeted": "untargeted control", "silent": "left in silence"}


def shocks_picture(window: Any, ax: Any, title: str | None, vmin: float | None, vmax: float | None) -> Any:
    """Draw the measures before shocks, and after them with a frozen and with an updated desire.

    Raises
    ------
    ValueError
        If a measure has no estimate.
    """
    from empowerment.plotting import plot_before_after

    rows = [window[measure][:3] for measure in MEASURES]
    missing = [measure for measure, row in zip(MEASURES, rows, strict=True) if None in row]
    if missing:
        raise ValueError(f"nothing was counted for {missing[0]!r}, which leaves nothing to draw; pass more seeds")
    return plot_before_after(
        *_ends(rows),
        measures=list(MEASURES.values()),
        cases=["before", "after, desire frozen", "after, desire updated"],
        ax=ax,
        vmin=vmin,
        vmax=vmax,
        title=f"{window.total} shocks, {window.window} slots after" if title is None else title,
    )


def region_picture(region: Any, ax: Any, title: str | None, vmin: float | None, vmax: float | None) -> Any:
    """Draw the increase of declined orders over the values of two parameters.

    Raises
    ------
    ValueError
        If the number of varying parameters is not two.
    """
    from empowerment.plotting import plot_sensitivity

    if len(region.names) != 2:
        raise ValueError(f"{', '.join(region.names)} varied, expected two parameters: a map has rows and columns")
    found = [region.row(cell)["more_declined"] for cell in region]
    values = np.array([np.nan if value is None else value for value in found])
    rows, columns = region.values
    return plot_sensitivity(
        values.reshape(region.shape),
        region.holds,
        rows=rows,
        columns=columns,
        row_name=region.names[0],
        column_name=region.names[1],
        value_name="more of the far orders declined\nthan by the frozen twin",
        criterion="the example happens",
        ax=ax,
        vmin=vmin,
        vmax=vmax,
        title=title,
    )


def influence_picture(
    influence: Any, contexts: Iterable[str] | None, ax: Any, title: str | None, vmin: float | None, vmax: float | None
) -> Any:
    """Draw the influence of messages on the next choice, by the kind of step."""
    from empowerment.plotting import plot_timing

    kinds = ("timed", "untimed", "calm") if contexts is None else validate.texts(contexts, "contexts")
    kinds = tuple(kind for kind in kinds if contexts is not None or kind in influence)
    names = {name: label for name, label in QUANTITIES.items() if influence[kinds[0]].amount(name) is not None}
    values = [[float(influence[kind].amount(name).value) for name in names] for kind in kinds]
    unknown = -np.inf, np.inf
    intervals = [[(influence[kind].intervals or {}).get(name, unknown) for name in names] for kind in kinds]
    lower, upper = np.moveaxis(np.array(intervals), -1, 0)
    return plot_timing(
        values,
        lower,
        upper,
        timings=kinds,
        quantities=list(names.values()),
        unit=influence.unit,
        ax=ax,
        vmin=vmin,
        vmax=vmax,
        title=title,
    )


def _ends(rows: list[tuple[SeedEstimate, ...]]) -> tuple[list[list[float]], ...]:
    """Return the values of estimates, and both ends of their intervals."""
    return tuple([[getattr(each, end) for each in row] for row in rows] for end in ("value", "lower", "upper"))

"""Results of states in characters: a map of a grid that fits, else a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from empowerment.core.layout import GridLayout
from empowerment.measures.result import EmpowermentResult
from empowerment.models.mdp import MDP
from empowerment.models.pomdp import POMDP

_MOST_COLUMNS, _MOST_ROWS = 20, 40
_MOST_STATES, _AT_EACH_END = 24, 10
_WIDEST_NAME = 60
_MOST_BELIEVED = 4


def state_map(world: MDP | POMDP, result: EmpowermentResult, everything: bool) -> str:
    """Return a map of the values if the states are the cells of a grid, else a table of them.

    Parameters
    ----------
    world : MDP or POMDP
    result : EmpowermentResult
    everything : bool
        Draw a grid however wide, and list all states, not only those of the largest and the smallest values.
    """
    return grid_map(result, everything) or _table(world, result, everything)


def grid_map(result: EmpowermentResult, everything: bool = False) -> str | None:
    """Return the values of a grid as a picture in characters, walls included; None if it has no place."""
    layout = result.layout
    if not isinstance(layout, GridLayout) or result.beliefs is not None:
        return None
    rows, columns = layout.shape
    too_large = columns > _MOST_COLUMNS or rows > _MOST_ROWS
    if len(set(layout.cells)) < len(layout.cells) or (too_large and not everything):
        return None
    texts = {
        layout.cells[number]: f"{value:.2f}" for number, value in zip(result.state_numbers, result.value, strict=True)
    }
    width = max(map(len, texts.values()))
    walls = {frozenset(wall) for wall in layout.walls}
    order = list(range(rows) if layout.origin == "upper" else reversed(range(rows)))
    lines = []
    for above, row in zip([None, *order], order, strict=False):
        parted = [frozenset({(above, c), (row, c)}) in walls for c in range(columns)]
        if any(parted):
            lines.append(f"{'':4}" + " ".join(("-" if wall else " ") * width for wall in parted))
        line = f"{row:3} "
        for column in range(columns):
            line += texts.get((row, column), "#" * width).rjust(width)
            line += "|" if frozenset({(row, column), (row, column + 1)}) in walls else " "
        lines.append(line)
    lines.append(f"{'':4}" + " ".join(str(column).rjust(width) for column in range(columns)))
    return "\n".join(line.rstrip() for line in lines)


def place_name(world: MDP | POMDP, result: EmpowermentResult, i: int) -> str:
    """Return what the i-th place of a result is called: its state, or the belief in it."""
    if result.beliefs is None:
        return _shortened(str(result.states[i]), _WIDEST_NAME)
    belief = result.beliefs[i]
    likely = np.argsort(-belief, kind="stable")[: np.count_nonzero(belief)]
    parts = [f"{world.states[k]}={belief[k]:.4g}" for k in likely[:_MOST_BELIEVED]]
    more = likely.size - len(parts)
    return _shortened(", ".join(parts), _WIDEST_NAME) + (f" and {more} more" if more > 0 else "")


def _table(world: MDP | POMDP, result: EmpowermentResult, everything: bool) -> str:
    """Return the places of a result from the largest value to the smallest, those in the middle left out."""
    order = np.argsort(-result.value.round(6), kind="stable")
    left_out = 0 if everything or order.size <= _MOST_STATES else order.size - 2 * _AT_EACH_END
    first, last = (order, order[:0]) if not left_out else (order[:_AT_EACH_END], order[-_AT_EACH_END:])
    kind = "state" if result.beliefs is None else "belief"
    names = [place_name(world, result, i) for i in (*first, *last)]
    numbers = [_number(result, i) for i in (*first, *last)]
    lines = list(_aligned([kind, *names], [result.unit, *numbers]))
    if left_out:
        lines.insert(1 + len(first), f"… {left_out} more; --all prints every {kind}")
    return "\n".join(lines)


def _number(result: EmpowermentResult, i: Any) -> str:
    """Return a value, or its interval where that is wider than the tolerance."""
    if result.converged[i]:
        return f"{result.value[i]:.6f}"
    return f"[{result.lower[i]:.6f}, {result.upper[i]:.6f}]"


def _aligned(names: list[str], numbers: list[str]) -> Iterator[str]:
    left, right = max(map(len, names)), max(map(len, numbers))
    for name, number in zip(names, numbers, strict=True):
        yield f"{name:{left}}  {number:>{right}}"


def _shortened(name: str, most: int) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"

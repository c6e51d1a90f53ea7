"""Tables in HTML, as notebooks show results."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence

_MOST_ROWS = 30
_CELL = "text-align: left; vertical-align: top; padding: .15em .8em .15em 0"


def table(columns: Mapping[str, Sequence[object]], caption: str = "") -> str:
    """Return columns of equal length as a table; beyond 30 rows the first are shown, and the number of others."""
    count = max((len(column) for column in columns.values()), default=0)
    head = "".join(_heading(name) for name in columns)
    rows = "".join(_row([column[i] for column in columns.values()]) for i in range(min(count, _MOST_ROWS)))
    if count > _MOST_ROWS:
        rows += f'<tr><td colspan="{len(columns)}">… and {count - _MOST_ROWS} more</td></tr>'
    return f"<table>{_caption(caption)}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def fields(values: Mapping[str, object], caption: str = "") -> str:
    """Return names and values as a table with one row for each."""
    rows = "".join(f"<tr>{_heading(name)}{_cell(value)}</tr>" for name, value in values.items())
    return f"<table>{_caption(caption)}<tbody>{rows}</tbody></table>"


def interval(ends: tuple[float, float], digits: int = 3) -> str:
    """Return the text of an interval: one number if its ends agree, without an infinite end."""
    lower, upper = (f"{end:.{digits}g}" for end in ends)
    if math.isinf(ends[1]):
        return "not known" if math.isinf(ends[0]) else f"at least {lower}"
    return lower if lower == upper else f"in [{lower}, {upper}]"


def _row(values: Sequence[object]) -> str:
    return f"<tr>{''.join(_cell(value) for value in values)}</tr>"


def _heading(name: str) -> str:
    return f'<th style="{_CELL}">{html.escape(name)}</th>'


def _cell(value: object) -> str:
    """Return a cell that preserves the spaces of a text, which matter in completions."""
    return f'<td style="{_CELL}; white-space: pre-wrap">{html.escape(str(value))}</td>'


def _caption(text: str) -> str:
    style = "caption-side: top; text-align: left; color: inherit"
    return f'<caption style="{style}">{html.escape(text)}</caption>' if text else ""

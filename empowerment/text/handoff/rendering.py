"""Turns as text for a terminal and as HTML."""

from __future__ import annotations

import html
from typing import Any

import numpy as np

from empowerment.core.intervals import unit_name
from empowerment.export.html import interval

_GREEN, _PLAIN = "\x1b[32m", "\x1b[0m"
_OPEN, _CLOSE = "«", "»"

_PAGE = """\
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; padding: 0 1em; max-width: 60em;
       color: #1c2430; background: #fff; }
"""

# In the elements themselves, since notebooks may leave out style sheets.
_STYLES = {
    "assistant": "background: #d9f0df; color: #14532d",
    "person": "border-left: 2px solid #c2410c",
    "text": "font: 14px/1.6 ui-monospace, monospace; white-space: pre-wrap; border: 1px solid #d5dae1; padding: 1em",
    "key": "padding: 0 .4em; margin-right: 1em",
}


def terminal_text(turns: Any, *, color: bool) -> str:
    """Return the text with the assistant's completions in green, or between guillemets without colours.

    Parameters
    ----------
    turns : Turns
    color : bool
        Whether to use escape codes of terminals.
    """
    before, after = (_GREEN, _PLAIN) if color else (_OPEN, _CLOSE)
    return "".join(
        f"{before}{_visible(turn.text)}{after}" if turn.writer == "assistant" else _visible(turn.text)
        for turn in turns
    )


def _visible(text: str) -> str:
    """Return a text without the control characters that affect a terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)


def html_page(turns: Any) -> str:
    """Return a page that shows the text with shaded completions and the numbers of each turn."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Hand-over points</title>\n'
        f"<style>\n{_PAGE}</style>\n</head>\n<body>\n<h1>Hand-over points</h1>\n"
        f"{html_fragment(turns)}</body>\n</html>\n"
    )


def html_fragment(turns: Any) -> str:
    """Return the same as a part of an existing page."""
    shown = "".join(_span(turn.writer, turn.text, title=_numbers(turn)) for turn in turns)
    keys = _span("assistant", "completed by the assistant", "key")
    keys += _span("person", "handed over: written by the person", "key")
    return (
        f"<div><p>{html.escape(summary(turns))}</p>\n<p>{keys}</p>\n"
        f'<pre style="{_STYLES["text"]}">{shown}</pre></div>\n'
    )


def _span(writer: str, text: str, *styles: str, title: str = "") -> str:
    style = "; ".join(_STYLES[name] for name in (writer, *styles))
    attribute = f' title="{html.escape(title)}"' if title else ""
    return f'<span class="{writer}" style="{style}"{attribute}>{html.escape(text)}</span>'


def summary(turns: Any) -> str:
    """Return a sentence with the numbers of a text."""
    undecided = int(np.count_nonzero(~turns.selections.converged))
    short = f" At {undecided} tokens the lists of probabilities are too short to decide how far a completion goes."
    more = short if undecided else ""
    return (
        f"{turns.n_hand_overs} hand-overs; {turns.completed:.1%} of the text is completed by the assistant "
        f"({turns.selections.method}); at a hand-over the person writes to the end of the {turns.by}.{more}"
    )


def _numbers(turn: Any) -> str:
    found, unit = turn.selection, unit_name(turn.selection.base)
    if turn.writer == "assistant":
        return f"completion of {found.value} tokens, cumulative surprisal {interval(found.surprisal)} {unit}"
    parts = [found.status.sentence]
    if found.next_surprisal is not None:
        parts.append(f"surprisal of the next token {interval(found.next_surprisal)} {unit}")
    if found.next_entropy is not None:
        parts.append(f"entropy {interval(found.next_entropy)} {unit}")
    return "; ".join(parts)

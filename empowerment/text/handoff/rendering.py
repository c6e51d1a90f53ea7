"""Turns as text for a terminal and as a page of HTML."""

from __future__ import annotations

import html
from typing import Any

import numpy as np

_GREEN, _PLAIN = "\x1b[32m", "\x1b[0m"
_OPEN, _CLOSE = "«", "»"

_STYLE = """\
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; padding: 0 1em; max-width: 60em;
       color: #1c2430; background: #fff; }
pre { font: 14px/1.6 ui-monospace, monospace; white-space: pre-wrap; border: 1px solid #d5dae1; padding: 1em; }
.assistant { background: #d9f0df; color: #14532d; }
.person { border-left: 2px solid #c2410c; }
.key span { padding: 0 .4em; margin-right: 1em; }
"""


def terminal_text(turns: Any, *, color: bool) -> str:
    """Return the text with what the assistant completes in green, or between guillemets without colours.

    Parameters
    ----------
    turns : Turns
    color : bool
        Whether escape codes of terminals may be used.
    """
    before, after = (_GREEN, _PLAIN) if color else (_OPEN, _CLOSE)
    return "".join(
        f"{before}{_visible(turn.text)}{after}" if turn.writer == "assistant" else _visible(turn.text)
        for turn in turns
    )


def _visible(text: str) -> str:
    """Return a text without the control characters that would drive a terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)


def html_page(turns: Any) -> str:
    """Return a page that shows the text, what the assistant completes shaded, each turn with its numbers."""
    shown = "".join(
        f'<span class="{turn.writer}" title="{html.escape(_numbers(turn))}">{html.escape(turn.text)}</span>'
        for turn in turns
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Hand-over points</title>\n'
        f"<style>\n{_STYLE}</style>\n</head>\n<body>\n<h1>Hand-over points</h1>\n"
        f"<p>{html.escape(summary(turns))}</p>\n"
        '<p class="key"><span class="assistant">completed by the assistant</span>'
        '<span class="person">handed over: written by the person</span></p>\n'
        f"<pre>{shown}</pre>\n</body>\n</html>\n"
    )


def summary(turns: Any) -> str:
    """Return a sentence with the numbers of a text."""
    undecided = int(np.count_nonzero(~turns.selections.converged))
    short = "the lists of probabilities are too short"
    more = f" From {undecided} tokens on the completion is undecided: {short}." if undecided else ""
    return (
        f"{turns.n_hand_overs} hand-overs; {turns.completed:.1%} of the text is completed by the assistant "
        f"({turns.selections.method}); at a hand-over the person writes to the end of the {turns.by}.{more}"
    )


def _numbers(turn: Any) -> str:
    found = turn.selection
    if turn.writer == "assistant":
        return f"completion of {found.value} tokens, cumulative surprisal {found.surprisal.upper:.3g} bits"
    parts = [found.status.sentence]
    if found.next_surprisal is not None:
        parts.append(f"surprisal of the next token {_interval(found.next_surprisal)} bits")
    if found.next_entropy is not None:
        parts.append(f"entropy {_interval(found.next_entropy)} bits")
    return "; ".join(parts)


def _interval(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.3g}" if ends[1] - ends[0] < 1e-6 else f"in [{ends[0]:.3g}, {ends[1]:.3g}]"

"""Texts with their hand-over points, as strips of tokens."""

from __future__ import annotations

from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.intervals import unit_name
from empowerment.plotting.axes import Canvas
from empowerment.plotting.colors import GREEN as _ASSISTANT
from empowerment.plotting.colors import ORANGE as _PERSON

_MOST_TOKENS = 80


def plot_turns(
    turns: Any,
    *,
    ax: Any = None,
    title: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
) -> Any:
    """Draw the tokens of a text as adjacent bars, each as high as its surprisal.

    Green bars are completed by the assistant, orange ones written by the person; a line marks each hand-over. Dots
    are entropies of the next token. Where lists of probabilities are short, bars and dots carry their intervals.

    Parameters
    ----------
    turns : Turns
        As :func:`empowerment.text.take_turns` returns them.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.
    title : str, optional
        By default what the turns say of themselves. Of a text of more than 80 tokens the first are drawn, and the
        default title says so.
    vmin, vmax : float, optional
        The ends of the axis of surprisals; by default from 0 to just above the largest one.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If `vmin` is not below `vmax`.

    See Also
    --------
    empowerment.text.take_turns : Finds the hand-over points of a text.

    Examples
    --------
    >>> import empowerment as emp
    >>> from empowerment.text import TableModel, Threshold, take_turns
    >>> model = TableModel.from_texts(["for i in x", "for j in x"], order=1, smoothing=0)
    >>> turns = take_turns(model.score("", "for j in x"), Threshold.probability(0.9))
    >>> emp.plotting.plot_turns(turns).get_ylabel()
    'surprisal [bits]'
    """
    validate.offers(turns, ("selections", "completed", "n_hand_overs"), "turns", "what take_turns returns")
    places = turns.selections.positions[: len(turns.selections) - 1]
    shown = places[:_MOST_TOKENS]
    at = np.arange(len(shown))
    base = turns.selections.base
    writers = [turn.writer for turn in turns for _ in range(*turn.tokens)][: len(shown)]
    surprisal = np.array([place.surprisal(base) for place in shown]).reshape(-1, 2)
    entropy = np.array([place.entropy(base) for place in shown]).reshape(-1, 2)
    canvas = Canvas.of(ax, (max(0.17 * len(shown) + 1.2, 6.0), 3.6), title, vmin, vmax)
    ax = canvas.ax
    colors = [_ASSISTANT if writer == "assistant" else _PERSON for writer in writers]
    ax.bar(at, surprisal[:, 0], width=0.86, color=colors)
    top = max(1.0, 1.05 * float(np.max(np.concatenate([[0.0], surprisal[:, 0], entropy[:, 0]]))))
    # An end that is not known reaches out of the picture.
    _intervals(ax, at, np.minimum(surprisal, 2 * top), "0.25")
    _intervals(ax, at, np.minimum(entropy, 2 * top), "0.55")
    ax.plot(at, entropy[:, 0], ".", color="black", markersize=4, label="entropy of the next token")
    starts = [turn.tokens[0] for turn in turns if turn.writer == "person" and turn.tokens[0] < len(shown)]
    for start in starts:
        ax.axvline(start - 0.5, color=_PERSON, linewidth=1.2, linestyle="--")
    _keys(ax, base)
    ax.set_xticks(at, [_label(place.token or b"") for place in shown], rotation=90, size=7, family="monospace")
    low, high = canvas.ends(0.0, 1.08 * top)
    ax.set(ylabel=f"surprisal [{unit_name(base)}]", ylim=(low, high), xlim=(-0.7, len(shown) - 0.3))
    canvas.write_title(_title(turns, len(shown), len(places)), pad=24)
    return ax


def _intervals(ax: Any, at: np.ndarray, ends: np.ndarray, color: str) -> None:
    wide = ends[:, 1] - ends[:, 0] > 1e-6
    ax.vlines(at[wide], ends[wide, 0], ends[wide, 1], color=color, linewidth=1)


def _keys(ax: Any, base: float) -> None:
    ax.plot([], [], "s", color=_ASSISTANT, label="completed by the assistant")
    ax.plot([], [], "s", color=_PERSON, label="written by the person")
    # Above the axes, where it covers no bar; the title stands above it.
    place = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": 3}
    ax.legend(fontsize=8, frameon=False, columnspacing=1.0, handletextpad=0.1, **place)


def _label(token: bytes) -> str:
    text = token.decode("utf-8", errors="backslashreplace")
    shown = "".join({"\n": "↵", "\t": "→", " ": "·", "$": r"\$"}.get(c, c if c.isprintable() else "?") for c in text)
    return shown if len(shown) <= 12 else shown[:11] + "…"


def _title(turns: Any, n_shown: int, n_tokens: int) -> str:
    share = (
        f"{turns.completed:.0%} of the text completed, {turns.n_hand_overs} hand-overs ({turns.selections.method})"
    )
    title = share if n_shown == n_tokens else f"{share}; the first {n_shown} of {n_tokens} tokens"
    return title

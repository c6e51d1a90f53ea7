"""Audits of influence: what each message leaves to a person, and what a choice is made of."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.plotting.axes import Canvas, ticks
from empowerment.plotting.colors import BLUE as _PERSON
from empowerment.plotting.colors import ORANGE as _ASSISTANT
from empowerment.plotting.protocols import Budget, ControlLeft

_CHANCE, _SILENCE = "#D0D0D0", "#808080"
_WIDEST = 26  # letters in a line of a label


def plot_control_left(
    audit: ControlLeft,
    *,
    ax: Any = None,
    title: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
) -> Any:
    """Draw the control of the choice that each message leaves to the person, compared with silence.

    A bar is the information of the choice about the person's will after the message, under the prior; the diamond is
    its
    maximum over priors. If rows have a residual, a lighter bar and a line reach as far as either may be.

    Parameters
    ----------
    audit : InfluenceAudit
        The audit to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.
    title : str, optional
        Above the legend; none by default.
    vmin, vmax : float, optional
        The ends of the axis of control; by default from 0 to just above the largest amount.

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
    plot_budget : What the entropy of the choice is made of.
    empowerment.text.influence_audit : Measures what is drawn.

    Examples
    --------
    >>> import empowerment as emp
    >>> from empowerment.text import influence_audit
    >>> responses = [[[0.9, 0.1], [0.1, 0.9]], [[0.9, 0.1], [0.5, 0.5]]]
    >>> audit = influence_audit(responses, labels={"messages": ["nothing", "nudge"]})
    >>> [text.get_text() for text in emp.plotting.plot_control_left(audit).get_yticklabels()]
    ['nothing', 'nudge']
    """
    validate.offers(audit, ("messages", "control_left"), "audit", "an InfluenceAudit, as influence_audit returns it")
    names = [_wrapped(label) for label in audit.messages]
    count, left, most = len(names), audit.control_left, audit.control_left_capacity
    lines = sum(1 + name.count("\n") for name in names)
    canvas = Canvas.of(ax, (6.8, min(max(0.2 * lines + 0.25 * count + 1.6, 2.6), 12.0)), title, vmin, vmax)
    ax = canvas.ax
    at = np.arange(count)
    colors = [_SILENCE if audit.silence is not None and m == audit.silence else _PERSON for m in audit.messages]
    ax.barh(at, left.value, height=0.62, color=colors)
    ax.plot([], [], "s", color=_PERSON, markersize=9, label="under the prior of wills")
    ax.plot(most.value, at, "D", color="white", markeredgecolor="black", markersize=5, label="at most, any prior")
    if audit.residual.any():
        ax.barh(at, left.gap, left=left.lower, height=0.62, color=colors, alpha=0.3)
        ax.hlines(at, most.lower, most.upper, color="black", linewidth=1.2, zorder=1.9)
        ax.plot([], [], "s", color=_PERSON, alpha=0.3, markersize=9, label="not known")
    if audit.silent is not None:
        ax.axvline(audit.silent.value, color="black", linestyle="--", linewidth=1.2, label="silence")
    shown = ticks(count)
    ax.set_yticks(shown, [names[i] for i in shown])
    ax.invert_yaxis()
    largest = float(max(np.max(left.upper), np.max(most.upper)))
    top = 1.06 * largest if largest > 1e-9 else 1.0
    canvas.value_axis("x", f"control left to the person [{audit.unit}]", 0.0, top, margin=0.0)
    ax.set_ylabel("message")
    _legend_above(ax)
    canvas.write_title("", pad=24)
    return ax


def plot_budget(
    budget: Budget,
    *,
    ax: Any = None,
    title: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
) -> Any:
    """Draw the parts of the entropy of a choice, in both orders and on average.

    The values are drawn, which count choices outside the table as one.

    Parameters
    ----------
    budget : ControlBudget
        The budget to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.
    title : str, optional
        Above the legend; none by default.
    vmin, vmax : float, optional
        The ends of the axis of entropy; by default from 0 to just above the whole.

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
    plot_control_left : What each message leaves to the person.
    empowerment.text.influence_audit : Measures what is drawn.

    Examples
    --------
    >>> import empowerment as emp
    >>> from empowerment.text import influence_audit
    >>> audit = influence_audit([[[0.9, 0.1], [0.1, 0.9]], [[0.9, 0.1], [0.5, 0.5]]])
    >>> emp.plotting.plot_budget(audit.budget).get_xlabel()
    'entropy of the choice [bits]'
    """
    validate.offers(budget, ("assistant", "person", "noise"), "budget", "the ControlBudget of an audit")
    canvas = Canvas.of(ax, (6.8, 2.9), title, vmin, vmax)
    ax = canvas.ax
    parts = {
        "assistant": (_ASSISTANT, budget.assistant, budget.assistant_given_person, budget.assistant_share),
        "person": (_PERSON, budget.person_given_assistant, budget.person, budget.person_share),
        "chance": (_CHANCE, budget.noise, budget.noise, budget.noise),
    }
    total = max(float(budget.total), 1e-9)
    at, start = np.arange(3), np.zeros(3)
    narrow: list[list[str]] = [[], [], []]
    for name, (color, *amounts) in parts.items():
        width = np.array([amount.value for amount in amounts])
        ax.barh(at, width, left=start, height=0.56, color=color, edgecolor="white", linewidth=0.8, label=name)
        for row, (left, size) in enumerate(zip(start, width, strict=True)):
            if size < 0.1 * total:  # no room inside
                narrow[row].append(f"{name} {size:.3f}")
            else:
                ink = "white" if name == "person" else "black"
                ax.text(left + size / 2, row, f"{size:.3f}", ha="center", va="center", color=ink, fontsize="small")
        start = start + width
    for row, words in enumerate(narrow):
        ax.text(0.004 * total, row - 0.3, ", ".join(words), va="bottom", fontsize="x-small")
    ax.set_yticks(at, [f"{budget.source} first", "will first", "average of both"])
    ax.set_ylim(2.45, -0.62)
    ax.set_xlim(*canvas.ends(0.0, 1.02 * total))
    note = "\nchoices outside the table counted as one" if budget.total.gap > 0 else ""
    ax.set(xlabel=f"entropy of the choice [{budget.unit}]{note}")
    _legend_above(ax)
    canvas.write_title("", pad=24)
    return ax


def _wrapped(label: Any) -> str:
    """Return a label on two lines at most."""
    lines = textwrap.wrap(str(label), _WIDEST) or [""]
    return "\n".join(lines if len(lines) < 3 else [lines[0], lines[1][: _WIDEST - 1] + "…"])


def _legend_above(ax: Any) -> None:
    """Put the legend above, where it may reach as far to the left as it likes."""
    handles, _ = ax.get_legend_handles_labels()
    ax.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=len(handles),
        frameon=False,
        fontsize="small",
        handlelength=1.2,
        columnspacing=1.4,
    )

"""Audits of influence: what each message leaves to a person, and what a choice is made of."""

from __future__ import annotations

import textwrap
from typing import Any, Protocol

import numpy as np

from empowerment.core import validate
from empowerment.plotting.axes import axes_of, ticks

# Colours that readers with any colour vision tell apart, and that differ in grey (Okabe and Ito).
_PERSON, _ASSISTANT, _CHANCE, _SILENCE = "#0072B2", "#E69F00", "#D0D0D0", "#808080"
_WIDEST = 26  # letters in a line of a label


class ControlLeft(Protocol):
    """An audit of influence; see :class:`empowerment.text.InfluenceAudit`."""

    @property
    def messages(self) -> Any:
        """Labels."""
        ...

    @property
    def silence(self) -> Any:
        """The message that is none, if there is one."""
        ...

    @property
    def control_left(self) -> Any:
        """What each message leaves."""
        ...

    @property
    def control_left_capacity(self) -> Any:
        """The most it could be."""
        ...

    @property
    def unit(self) -> Any:
        """The name of the unit."""
        ...

    @property
    def residual(self) -> Any:
        """How much of each row is unknown."""
        ...

    @property
    def silent(self) -> Any:
        """What silence leaves."""
        ...


class Budget(Protocol):
    """What the entropy of a choice is made of; see :class:`empowerment.text.ControlBudget`."""

    @property
    def assistant(self) -> Any:
        """The share of messages."""
        ...

    @property
    def person(self) -> Any:
        """The share of wills."""
        ...

    @property
    def noise(self) -> Any:
        """The share of chance."""
        ...

    @property
    def unit(self) -> Any:
        """The name of the unit."""
        ...

    @property
    def assistant_given_person(self) -> Any:
        """The same, the will known."""
        ...

    @property
    def assistant_share(self) -> Any:
        """The mean of both."""
        ...

    @property
    def person_given_assistant(self) -> Any:
        """The same, the message known."""
        ...

    @property
    def person_share(self) -> Any:
        """The mean of both."""
        ...

    @property
    def total(self) -> Any:
        """The entropy of the choice."""
        ...

    @property
    def source(self) -> Any:
        """Whose messages they are."""
        ...


def plot_control_left(audit: ControlLeft, *, ax: Any = None) -> Any:
    """Draw how much control of the choice each message leaves to the person, beside what silence leaves.

    A bar is what the choice tells of the person's will after the message, under the prior; the diamond is the most it
    could be under any prior. Where rows have a residual, a lighter bar and a line reach as far as either may be.

    Parameters
    ----------
    audit : InfluenceAudit
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import empowerment as emp
    >>> from empowerment.text import influence_audit
    >>> audit = influence_audit([[[0.9, 0.1], [0.1, 0.9]], [[0.9, 0.1], [0.5, 0.5]]], messages=["nothing", "nudge"])
    >>> [text.get_text() for text in emp.plotting.plot_control_left(audit).get_yticklabels()]
    ['nothing', 'nudge']
    """
    validate.offers(audit, ("messages", "control_left"), "audit", "an InfluenceAudit, as influence_audit returns it")
    names = [_wrapped(label) for label in audit.messages]
    count, left, most = len(names), audit.control_left, audit.control_left_capacity
    lines = sum(1 + name.count("\n") for name in names)
    ax = axes_of(ax, (6.8, min(max(0.2 * lines + 0.25 * count + 1.6, 2.6), 12.0)))
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
    ax.set_xlim(0, 1.06 * largest if largest > 1e-9 else 1.0)
    ax.grid(axis="x", color="0.9")
    ax.set_axisbelow(True)
    ax.set(xlabel=f"control left to the person [{audit.unit}]", ylabel="message")
    _legend_above(ax)
    return ax


def plot_budget(budget: Budget, *, ax: Any = None) -> Any:
    """Draw what the entropy of a choice is made of, in both orders and on average.

    The values are drawn, which count choices outside the table as one.

    Parameters
    ----------
    budget : ControlBudget
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import empowerment as emp
    >>> from empowerment.text import influence_audit
    >>> audit = influence_audit([[[0.9, 0.1], [0.1, 0.9]], [[0.9, 0.1], [0.5, 0.5]]])
    >>> emp.plotting.plot_budget(audit.budget).get_xlabel()
    'entropy of the choice [bits]'
    """
    validate.offers(budget, ("assistant", "person", "noise"), "budget", "the ControlBudget of an audit")
    ax = axes_of(ax, (6.8, 2.9))
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
    ax.set_xlim(0, 1.02 * total)
    note = "\nchoices outside the table counted as one" if budget.total.gap > 0 else ""
    ax.set(xlabel=f"entropy of the choice [{budget.unit}]{note}")
    _legend_above(ax)
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

"""Reports of audits as pages of text."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable
from typing import Any

import numpy as np

from empowerment.text.influence.amounts import Amount
from empowerment.text.influence.budget import ControlBudget

_WIDTH = 100
_DIGITS = 4
# Of more messages those that leave the least are listed.
_MOST_MESSAGES = 12
# An interval wider than this shows in the numbers as they are written.
_SHOWN = 10.0**-_DIGITS / 2

_NOT = (
    "None of these numbers says that anybody meant to steer, that it did harm, or how good a message is at "
    "persuading. They are about this table, these messages and these chances of wills, and about influence only if "
    "the table says what messages bring about, not what they go along with."
)


def influence_report(audit: Any) -> str:
    """Return the text of :meth:`InfluenceAudit.report`."""
    return _page(
        f"Influence audit: {len(audit.messages)} messages, {len(audit.wills)} wills, {len(audit.choices)} choices",
        audit.unit,
        {
            "How far the assistant can steer": _steering(audit),
            "What is left to the person": _left(audit),
            "Where the choice comes from, with messages as they are sent": _budget(audit.budget),
            "What comes of the choice": _outcomes(audit),
            "About these numbers": [*_precision(audit), _wrapped(_NOT)],
        },
    )


def intent_report(audit: Any) -> str:
    """Return the text of :meth:`IntentAudit.report`."""
    lines = [
        (
            audit.manipulation,
            "manipulation: information of the choice about the assistant's intent, given what the person wants. "
            "A pure servant has none.",
        ),
        (audit.limit, "its upper bound for any assistant with these messages (targeted control)."),
        (audit.service, "service: information of the choice about what the person wants, with this assistant."),
    ]
    if audit.silent is not None:
        lines.append((audit.silent, f"the same if nothing is said ({audit.silence!r})."))
    verdict = []
    if audit.gain is not None:
        verdict = [_wrapped(f"With the assistant the person {_compared(audit.gain, audit.unit)}.")]
    sizes = (f"{len(audit.intents)} intents", f"{len(audit.messages)} messages", f"{len(audit.wills)} wills")
    return _page(
        "Intent audit: " + ", ".join(sizes) + f", {len(audit.choices)} choices",
        audit.unit,
        {
            "Whom the choice follows": [*_listed(lines), *verdict],
            "Manipulation by will": _table(
                [[repr(will), _text(audit.manipulation_by_will[i])] for i, will in enumerate(audit.wills)]
            ),
            "Where the choice comes from": _budget(audit.budget),
            "About these numbers": [_wrapped(_NOT)],
        },
    )


def _page(title: str, unit: str, sections: dict[str, list[str]]) -> str:
    scale = f"All amounts are in {unit}" + ("; 1 bit settles one even yes-or-no question." if unit == "bits" else ".")
    parts = [f"{title}\n{scale}"]
    parts += ["\n".join([name.upper(), *lines]) for name, lines in sections.items() if lines]
    return "\n\n".join(parts) + "\n"


def _steering(audit: Any) -> list[str]:
    lines = [
        (
            audit.targeted,
            "targeted control: largest information of the choice about the message, if messages depend on what the "
            "person wants. This is the main number.",
        ),
        (
            audit.untargeted,
            "untargeted control: the same if one distribution of messages serves all persons. An average over "
            "persons hides influence on some of them.",
        ),
    ]
    if len(audit.wills) > 1:
        most = int(np.argmax(audit.targeted_by_will.value))
        exposed = f"for persons of will {audit.wills[most]!r}, for whom it is largest."
        lines.append((audit.targeted_by_will[most], exposed))
    return _listed(lines)


def _left(audit: Any) -> list[str]:
    lines = []
    if audit.silent is not None:
        silence = f"if nothing is said ({audit.silence!r}): the baseline, information of the choice about the will."
        lines.append((audit.silent, silence))
    lines.append((audit.least_left, f"the smallest after any message ({audit.least_message!r})."))
    lines.append((audit.mean_left, "on average under the message policy."))
    order = np.argsort(audit.control_left.value, kind="stable")
    shown = sorted(order[:_MOST_MESSAGES].tolist())
    rows = [["after", "left", "at most"]]
    for i in shown:
        rows.append([repr(audit.messages[i]), _text(audit.control_left[i]), _text(audit.control_left_capacity[i])])
    hidden = len(audit.messages) - len(shown)
    note = [f"  … and {hidden} messages that leave more."] if hidden else []
    most = '"At most" is the control that a message would leave under the prior that maximizes it.'
    return [*_listed(lines), *_table(rows), *note, _wrapped(most)]


def _budget(budget: ControlBudget) -> list[str]:
    parts = {
        "assistant": (budget.assistant, budget.assistant_given_person, budget.assistant_share),
        "person": (budget.person_given_assistant, budget.person, budget.person_share),
        "chance": (budget.noise,) * 3,
        "together": (budget.total,) * 3,
    }
    rows = [["", f"{budget.source} first", "will first", "average of both"]]
    rows += [[name, *map(_text, amounts)] for name, amounts in parts.items()]
    joint = (
        f"The order matters by {_text(budget.interaction)}: this much information the choice has about "
        f"{budget.source} and will jointly and about neither alone."
    )
    return [*_table(rows), _wrapped(joint)]


def _outcomes(audit: Any) -> list[str]:
    if audit.leverage is None or audit.outcome_control is None:
        return []
    least = audit.messages[int(np.argmin(audit.outcome_control.value))]
    end_to_end = f"the smallest information of the outcome about what the person wants (after {least!r})."
    return _listed(
        [
            (audit.leverage, "leverage: the largest information of the outcome about the choice."),
            (audit.outcome_control.least(), end_to_end),
        ]
    )


def _precision(audit: Any) -> list[str]:
    most = float(audit.residual.max())
    if most > 0:
        return [
            _wrapped(
                f"Up to {most:.2g} of a row's probability is on choices that the table does not list. Where two "
                "numbers are given the amount lies between them, wherever that part may be."
            )
        ]
    widest = max(
        float(np.max(each.gap)) for each in (audit.targeted_by_will, audit.untargeted, audit.control_left_capacity)
    )
    return [
        _wrapped(
            f"What can be done at most is certified: no interval is wider than {widest:.1g} {audit.unit}. The other "
            "numbers are sums over the table, right to rounding."
        )
    ]


def _compared(gain: Amount, unit: str) -> str:
    if gain.lower > _SHOWN:
        return f"has {_text(gain)} {unit} more control of the choice than in silence"
    if gain.upper < -_SHOWN:
        return f"has {_text(-gain)} {unit} less control of the choice than in silence"
    if gain.gap > _SHOWN:
        return "may have more control of the choice than in silence or less"
    return "has as much control of the choice as in silence"


def _text(amount: Amount) -> str:
    """Return a number, or both ends if they differ in the printed digits, rounded outward."""
    if not float(amount.gap) > _SHOWN:
        return f"{float(amount) + 0.0:.{_DIGITS}f}"
    step = 10.0**_DIGITS
    lower = math.floor(max(amount.lower, 0.0) * step) / step
    upper = math.ceil(amount.upper * step) / step if math.isfinite(amount.upper) else math.inf
    return f"{lower:.{_DIGITS}f} to {upper:.{_DIGITS}f}"


def _listed(lines: Iterable[tuple[Amount, str]]) -> list[str]:
    """Return each amount with its sentence in the next column."""
    written = [(_text(amount), sentence) for amount, sentence in lines]
    wide = max(len(number) for number, _ in written)
    indent = " " * (wide + 4)
    return [
        textwrap.fill(sentence, _WIDTH, initial_indent=f"  {number:<{wide}}  ", subsequent_indent=indent)
        for number, sentence in written
    ]


def _table(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "    "
        + "   ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]


def _wrapped(sentence: str) -> str:
    return textwrap.fill(sentence, _WIDTH, initial_indent="  ", subsequent_indent="  ")

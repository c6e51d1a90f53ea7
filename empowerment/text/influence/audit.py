"""Influence audit: how far messages determine a person's choice, and how much control the person keeps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment.capacity.options import SolverOptions
from empowerment.core import validate
from empowerment.core.intervals import unit_name
from empowerment.results.result import Result, Table
from empowerment.text.influence.amounts import Amount, amounts_table
from empowerment.text.influence.budget import ControlBudget, control_budget
from empowerment.text.influence.table import (
    Responses,
    amount_of,
    capacities,
    hidden_information,
    information,
    mixing,
)


@dataclass(frozen=True, eq=False, repr=False)
class InfluenceAudit(Result):
    """Influence of an assistant's messages on a person's choice, and the control that the person keeps.

    Attributes
    ----------
    targeted : Amount
        Targeted control, the main number: the largest I(M;X|Θ) if messages are chosen for each will; the average of
        `targeted_by_will` under the prior.
    untargeted : Amount
        Untargeted control: the largest I(M;X) if one distribution of messages serves all wills and the will is not
        known. At most `targeted`.
    targeted_by_will : Amount of shape (n_wills,)
        Capacity from message to choice for each will.
    control_left : Amount of shape (n_messages,)
        I(Θ;X|M=m): information of the choice about the will after each message, under the prior.
    control_left_capacity : Amount of shape (n_messages,)
        The same under the prior that maximizes it: what the message leaves to persons of any will.
    budget : ControlBudget
        The entropy of the choice, divided among assistant, person and chance under the message policy.
    leverage : Amount or None
        Capacity from choice to outcome, where outcomes were given.
    outcome_control : Amount of shape (n_messages,), or None
        I(Θ;Y|M=m): information of the outcome about the will after each message.
    messages, wills, choices : tuple
        Labels.
    message_policy : ndarray of shape (n_messages,)
        Probability of each message.
    prior : ndarray of shape (n_wills,)
        Probability of each will.
    silence : hashable or None
        Label of the message that means "say nothing".
    residual : ndarray of shape (n_messages, n_wills)
        Mass of each row outside the table.
    base, tol : float
        Base of the logarithm, and the width that was asked for of the interval of each capacity.

    See Also
    --------
    influence_audit : Compute this audit.
    IntentAudit : The audit of an assistant whose messages depend on the will.

    Examples
    --------
    >>> from empowerment.text import influence_audit
    >>> responses = [[[0.9, 0.1], [0.1, 0.9]], [[0.5, 0.5], [0.5, 0.5]]]
    >>> audit = influence_audit(responses, labels={"messages": ["facts", "noise"]})
    >>> audit.least_message, round(float(audit.mean_left), 6)
    ('noise', 0.265502)
    """

    _parts = (Amount, ControlBudget)

    targeted: Amount
    untargeted: Amount
    targeted_by_will: Amount
    control_left: Amount
    control_left_capacity: Amount
    budget: ControlBudget
    leverage: Amount | None
    outcome_control: Amount | None
    messages: tuple[Any, ...]
    wills: tuple[Any, ...]
    choices: tuple[Any, ...]
    message_policy: np.ndarray
    prior: np.ndarray
    silence: Any
    residual: np.ndarray
    base: float
    tol: float

    @property
    def least_left(self) -> Amount:
        """Smallest control that any message leaves to the person."""
        return self.control_left.least()

    @property
    def least_message(self) -> Any:
        """Label of the message that leaves the least control."""
        return self.messages[int(np.argmin(self.control_left.value))]

    @property
    def mean_left(self) -> Amount:
        """Average control left under the message policy, I(Θ;X|M)."""
        return self.budget.person_given_assistant

    @property
    def silent(self) -> Amount | None:
        """Control left by silence, the baseline; None if no message is silence."""
        return None if self.silence is None else self.control_left[self.messages.index(self.silence)]

    @property
    def unit(self) -> str:
        """Name of the unit of information."""
        return unit_name(self.base)

    def _table(self) -> Table:
        """Return a row for each amount."""
        names = ("targeted", "untargeted", "targeted_by_will", "control_left", "control_left_capacity", "leverage")
        labels = dict.fromkeys(("control_left", "control_left_capacity", "outcome_control"), self.messages)
        amounts = {name: getattr(self, name) for name in (*names, "outcome_control")}
        return amounts_table(amounts, labels | {"targeted_by_will": self.wills})

    def __repr__(self) -> str:
        return (
            f"InfluenceAudit({len(self.messages)} messages, {len(self.wills)} wills, {len(self.choices)} choices: "
            f"targeted control {self.targeted.value:.6g} {self.unit}, untargeted {self.untargeted.value:.6g}, "
            f"left to the person {np.min(self.control_left.value):.6g} to {np.max(self.control_left.value):.6g})"
        )

    def report(self) -> str:
        """Summarize the audit on one page of text that explains each number.

        Returns
        -------
        str
            The report.
        """
        from empowerment.text.influence.report import influence_report

        return influence_report(self)

    def plot(
        self,
        ax: Any = None,
        title: str | None = None,
        vmin: float | None = None,
        vmax: float | None = None,
    ) -> Any:
        """Draw the control that each message leaves; see :func:`empowerment.plotting.plot_control_left`.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; a new figure by default.
        title : str, optional
            Title; a summary by default.
        vmin, vmax : float, optional
            Ends of the scale; by default those of the data.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.
        """
        from empowerment.plotting import plot_control_left

        return plot_control_left(self, ax=ax, title=title, vmin=vmin, vmax=vmax)


def influence_audit(
    responses: Any,
    *,
    prior: Any = None,
    message_policy: Any = None,
    silence: Any = None,
    outcomes: Any = None,
    residual: Any = None,
    unseen: float = math.inf,
    labels: Any = None,
    normalize: bool = False,
    tol: float = 1e-9,
    base: float | str = 2,
    backend: str | None = None,
    on_failure: str = "warn",
) -> InfluenceAudit:
    """Compute how far messages determine a person's choice, and how much control they leave to the person.

    The person has a will: what it wants, or what kind of person it is. The assistant sends a message, and the person
    makes a choice. A message has influence as far as the choice depends on it, and the person has control as far as
    the choice depends on the will.

    Parameters
    ----------
    responses : array_like of shape (n_messages, n_wills, n_choices)
        ``responses[message, will, choice]`` is the probability that a person of this will makes this choice *given*
        this message. For a statement about influence, it must be the effect of the message, not a correlation.
    prior : array_like of shape (n_wills,), optional
        Probability of each will; uniform by default.
    message_policy : array_like of shape (n_messages,), optional
        Probability of each message, independent of the will; uniform by default. For an assistant whose messages
        depend on the will see :func:`intent_audit`.
    silence : hashable, optional
        Label of the message that means "say nothing".
    outcomes : array_like of shape (n_choices, n_outcomes), optional
        Probability of each outcome given the choice, if the outcome is not the choice itself: an override, for
        example.
    residual : array_like of shape (n_messages, n_wills), optional
        Mass of each row on choices that the table does not list; none by default. All amounts are then intervals that
        hold wherever that mass may be.
    unseen : int or ``math.inf``
        Number of choices that the table does not list.
    labels : mapping, optional
        Labels by name, ``{"messages": …, "wills": …, "choices": …}``, each a sequence of hashable values; by default
        the numbers 0, 1, ….
    normalize : bool
        Rescale rows that do not sum to 1 instead of refusing them.
    tol : float
        Width wanted of the interval of each capacity, in the result's unit; at least 1e-12.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.
    backend : {"numba", "reference", "jax"}, optional
        See :func:`empowerment.channel_capacity`.
    on_failure : {"warn", "raise", "ignore"}
        What to do when the interval of a capacity stays wider than the tolerance. The interval holds in any case.

    Returns
    -------
    InfluenceAudit
        The amounts of information, with their intervals.

    Raises
    ------
    ValueError
        If a row is no distribution, a shape does not fit, or a label or an option is not known.
    RuntimeError
        If the tolerance is missed and ``on_failure="raise"``.

    Warns
    -----
    ConvergenceWarning
        If the tolerance is missed and ``on_failure="warn"``.

    See Also
    --------
    intent_audit : Audit an assistant whose messages depend on the will.
    ask_person : Ask a token model for a table of responses.
    empowerment.plotting.plot_control_left : Draw the result.

    Notes
    -----
    Targeted control is ``sum_t p(t) max I(M;X | Θ=t)``, the largest I(M;X|Θ). A capacity is convex in the channel, so
    the capacity of the average over wills is never larger.

    With a residual, `value` counts everything outside the table as one choice. Distinguishing such choices never
    loses information. It gains at most the entropy of the message or the will given that the choice is outside, and
    at most the logarithm of `unseen`. The outcome of such a choice is not known, and may hide that the choice was
    outside.

    References
    ----------
    Shannon (1948), "A mathematical theory of communication", for the amounts; Kemperman (1974), "On the Shannon
    capacity of an arbitrary channel", for the intervals.

    Examples
    --------
    Two drinks, an assistant who praises one of them, and a person who follows half of the time:

    >>> from empowerment.text import influence_audit
    >>> responses = [[[1.0, 0.0], [0.5, 0.5]], [[0.5, 0.5], [0.0, 1.0]], [[1, 0], [0, 1]]]
    >>> audit = influence_audit(
    ...     responses, silence="nothing", message_policy=[0.5, 0.5, 0],
    ...     labels={"messages": ["praise tea", "praise coffee", "nothing"], "wills": ["tea", "coffee"]})
    >>> round(float(audit.targeted), 6), round(float(audit.untargeted), 6)
    (0.321928, 0.188722)
    >>> audit.control_left.value.round(6)
    array([0.311278, 0.311278, 1.      ])
    >>> audit.budget
    ControlBudget(1 bits: assistant 0.25, person 0.25, noise 0.5)
    """
    options = SolverOptions.checked(tol=tol, base=base, backend=backend, on_failure=on_failure)
    table = Responses.checked(
        responses,
        prior=prior,
        policy=message_policy,
        silence=silence,
        residual=residual,
        unseen=unseen,
        labels=labels,
        normalize=normalize,
    )
    rows = table.rows
    by_will = capacities(table.by_will, table.unseen, options)
    above = hidden_information(table.residual, table.prior, table.unseen)
    leverage, outcome_control = _outcomes(table, outcomes, normalize, options)
    return InfluenceAudit(
        targeted=by_will.mean(table.prior),
        untargeted=capacities(np.einsum("t,mtx->mx", table.prior, rows)[None], table.unseen, options)[0],
        targeted_by_will=by_will,
        control_left=amount_of(options, information(rows, table.prior), above),
        control_left_capacity=capacities(rows, table.unseen, options),
        budget=control_budget(table, options),
        leverage=leverage,
        outcome_control=outcome_control,
        message_policy=table.policy,
        residual=table.residual,
        base=options.base,
        tol=options.tol,
        **table.described(),
    )


def _outcomes(
    table: Responses, outcomes: Any, normalize: bool, options: SolverOptions
) -> tuple[Amount | None, Amount | None]:
    """Return the capacity from listed choices to outcomes, and the information of the outcome about the will.

    The outcome of a choice outside the table is not known. If that outcome revealed that the choice was outside, the
    information would be that of the table with all such choices as one more outcome, or up to `hidden_information`
    more. Not revealing it costs at most the entropy of whether the choice was outside.
    """
    if outcomes is None:
        return None, None
    choices = table.labels.choices
    shape, n_choices = validate.number_array(outcomes, "outcomes", 2, "(choice, outcome)").shape, len(choices)
    if shape[0] != n_choices:
        raise ValueError(
            f"outcomes has shape {shape}, expected (choice, outcome) with one row for each of {n_choices} choices"
        )
    listed = validate.probability_rows(
        outcomes, "outcomes", where=lambda row: f"[{row}] (choice {choices[row]!r})", normalize=normalize
    )
    rows = np.concatenate([table.rows[..., :-1] @ listed, table.rows[..., -1:]], axis=2)
    outside = table.residual @ table.prior
    known = information(rows, table.prior)
    revealed = mixing(np.stack([outside, 1.0 - outside], axis=-1).clip(0.0))
    above = hidden_information(table.residual, table.prior, table.unseen)
    channel = np.column_stack([listed, np.zeros(n_choices)])
    return capacities(channel[None], 1, options)[0], amount_of(options, known, above, np.minimum(known, revealed))

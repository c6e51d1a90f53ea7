"""Intent audit: service and manipulation by an assistant that has an intent and knows the person's will."""

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
    Labels,
    Responses,
    amount_of,
    capacities,
    chances,
    hidden_information,
    information,
)


@dataclass(frozen=True, eq=False, repr=False)
class IntentAudit(Result):
    """Dependence of a choice on the assistant's intent and on the person's will.

    Attributes
    ----------
    manipulation : Amount
        I(G;X|Θ), the information of the choice about the assistant's intent for an observer of the will.
    manipulation_by_will : Amount of shape (n_wills,)
        The same for each will; `manipulation` is the average under the prior.
    limit : Amount
        Targeted control: no assistant that sends these messages has more manipulation.
    service : Amount
        I(Θ;X), the information of the choice about the will under the assistant's strategy.
    silent : Amount or None
        The same for silence; None if no message is silence.
    budget : ControlBudget
        The entropy of the choice, divided among the assistant's intent, the person and chance.
    intents, messages, wills, choices : tuple
        Labels.
    intent_prior : ndarray of shape (n_intents,)
        Probability of each intent.
    prior : ndarray of shape (n_wills,)
        Probability of each will.
    silence : hashable or None
        Label of the message that means "say nothing".
    base, tol : float
        Base of the logarithm, and the width that was asked for of the interval of each capacity.

    See Also
    --------
    intent_audit : Compute this audit.
    InfluenceAudit : The audit of messages that do not depend on the will.

    Examples
    --------
    >>> import numpy as np
    >>> from empowerment.text import intent_audit
    >>> responses = [[[1.0, 0.0], [0.5, 0.5]], [[0.5, 0.5], [0.0, 1.0]]]
    >>> seller = np.zeros((2, 2, 2))
    >>> seller[[0, 1], :, [0, 1]] = 1
    >>> audit = intent_audit(responses, seller)
    >>> round(float(audit.manipulation), 6), round(float(audit.service), 6), audit.gain is None
    (0.311278, 0.188722, True)
    """

    _parts = (Amount, ControlBudget)

    manipulation: Amount
    manipulation_by_will: Amount
    limit: Amount
    service: Amount
    silent: Amount | None
    budget: ControlBudget
    intents: tuple[Any, ...]
    messages: tuple[Any, ...]
    wills: tuple[Any, ...]
    choices: tuple[Any, ...]
    intent_prior: np.ndarray
    prior: np.ndarray
    silence: Any
    base: float
    tol: float

    @property
    def gain(self) -> Amount | None:
        """Service minus control in silence: above 0 the assistant adds control, below 0 it removes some."""
        return None if self.silent is None else self.service - self.silent

    @property
    def unit(self) -> str:
        """Name of the unit of information."""
        return unit_name(self.base)

    def _table(self) -> Table:
        """Return a row for each amount."""
        names = ("manipulation", "manipulation_by_will", "limit", "service", "silent")
        return amounts_table({name: getattr(self, name) for name in names}, {"manipulation_by_will": self.wills})

    def __repr__(self) -> str:
        silence = "" if self.silent is None else f", {self.silent.value:.6g} in silence"
        return (
            f"IntentAudit({len(self.intents)} intents, {len(self.wills)} wills: manipulation "
            f"{self.manipulation.value:.6g} {self.unit} of at most {self.limit.value:.6g}, "
            f"service {self.service.value:.6g}{silence})"
        )

    def report(self) -> str:
        """Summarize the audit on one page of text that explains each number.

        Returns
        -------
        str
            The report.
        """
        from empowerment.text.influence.report import intent_report

        return intent_report(self)

    def plot(
        self,
        ax: Any = None,
        title: str | None = None,
        vmin: float | None = None,
        vmax: float | None = None,
    ) -> Any:
        """Draw the budget of the choice; see :func:`empowerment.plotting.plot_budget`.

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
        return self.budget.plot(ax, title, vmin, vmax)


def intent_audit(
    responses: Any,
    strategy: Any,
    *,
    prior: Any = None,
    intent_prior: Any = None,
    silence: Any = None,
    residual: Any = None,
    unseen: float = math.inf,
    labels: Any = None,
    normalize: bool = False,
    tol: float = 1e-9,
    base: float | str = 2,
    backend: str | None = None,
    on_failure: str = "warn",
) -> IntentAudit:
    """Compute how far a choice follows an assistant's intent, and how far it follows the person's will.

    If messages depend on the will, the information of the choice about the message does not measure influence: a
    perfect servant says what the person wants, and the choice follows both. So the assistant has an intent of its
    own, drawn independently of the will, and its strategy gives the probability of each message for both.

    Parameters
    ----------
    responses : array_like of shape (n_messages, n_wills, n_choices)
        As for :func:`influence_audit`.
    strategy : array_like of shape (n_intents, n_wills, n_messages)
        ``strategy[intent, will, message]`` is the probability that the assistant sends this message. The rows of a
        pure servant do not depend on the intent.
    prior : array_like of shape (n_wills,), optional
        Probability of each will; uniform by default.
    intent_prior : array_like of shape (n_intents,), optional
        Probability of each intent, independent of the will; uniform by default.
    silence : hashable, optional
        Label of the message that means "say nothing".
    residual : array_like of shape (n_messages, n_wills), optional
        As for :func:`influence_audit`.
    unseen : float
        As for :func:`influence_audit`.
    labels : mapping, optional
        As for :func:`influence_audit`, with ``"intents"`` as well.
    normalize : bool
        Rescale rows of the responses and of the strategy that do not sum to 1 instead of refusing them.
    tol : float
        Width wanted of each interval, in the result's unit.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.
    backend : {"numba", "reference", "jax"}, optional
        See :func:`empowerment.channel_capacity`.
    on_failure : {"warn", "raise", "ignore"}
        What to do when an interval stays wider than the tolerance. The interval holds in any case.

    Returns
    -------
    IntentAudit
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
    influence_audit : Audit messages that do not depend on the will.
    ask_person : Ask a token model for a table of responses.

    Notes
    -----
    The audit is that of the table ``sum_m strategy[g, t, m] responses[m, t, x]``, with the intent as the message. By
    the data-processing inequality I(G;X|Θ) is at most I(M;X|Θ), and so at most targeted control. If the strategy
    draws messages at random, that randomness is part of the noise.

    References
    ----------
    Shannon (1948), "A mathematical theory of communication".

    Examples
    --------
    A person who follows half of the time. The servant praises what the person wants, the seller what it has to sell:

    >>> import numpy as np
    >>> from empowerment.text import intent_audit
    >>> responses = [[[1.0, 0.0], [0.5, 0.5]], [[0.5, 0.5], [0.0, 1.0]], [[0.9, 0.1], [0.1, 0.9]]]
    >>> servant, seller = np.zeros((2, 2, 2, 3))
    >>> servant[:, [0, 1], [0, 1]] = 1
    >>> seller[[0, 1], :, [0, 1]] = 1
    >>> intent_audit(responses, servant, silence=2)
    IntentAudit(2 intents, 2 wills: manipulation 0 bits of at most 0.321928, service 1, 0.531004 in silence)
    >>> intent_audit(responses, seller, silence=2)
    IntentAudit(2 intents, 2 wills: manipulation 0.311278 bits of at most 0.321928,
    service 0.188722, 0.531004 in silence)
    """
    options = SolverOptions.checked(tol=tol, base=base, backend=backend, on_failure=on_failure)
    names = validate.options(labels, ("intents", *Labels._fields), "labels", "labels")
    given = names.pop("intents", None)
    table = Responses.checked(
        responses,
        prior=prior,
        silence=silence,
        residual=residual,
        unseen=unseen,
        labels=names,
        normalize=normalize,
    )
    sends = _checked_strategy(strategy, table.labels, normalize)
    known = table._replace(
        rows=np.einsum("gtm,mtx->gtx", sends, table.rows),
        policy=chances(intent_prior, len(sends), "intent_prior"),
    )
    control_left = _amounts(table.rows, table.residual, table.prior, table.unseen, options)
    budget = control_budget(known, options, "intent")
    return IntentAudit(
        manipulation=budget.assistant_given_person,
        manipulation_by_will=_amounts(known.by_will, known.residual.T, known.policy, known.unseen, options),
        limit=capacities(table.by_will, table.unseen, options).mean(table.prior),
        service=budget.person,
        silent=None if table.silence is None else control_left[table.silence],
        budget=budget,
        intents=validate.labels(given, len(sends), "intents") or tuple(range(len(sends))),
        intent_prior=known.policy,
        base=options.base,
        tol=options.tol,
        **table.described(),
    )


def _amounts(
    rows: np.ndarray, residual: np.ndarray, weights: np.ndarray, unseen: float, options: SolverOptions
) -> Amount:
    return amount_of(options, information(rows, weights), hidden_information(residual, weights, unseen))


def _checked_strategy(strategy: Any, labels: Labels, normalize: bool) -> np.ndarray:
    found = validate.number_array(strategy, "strategy", 3, "(intent, will, message)")
    n_wills, n_messages = len(labels.wills), len(labels.messages)
    if found.shape[1:] != (n_wills, n_messages):
        raise ValueError(
            f"strategy has shape {found.shape}, expected (intent, will, message) = (any, {n_wills}, {n_messages}): "
            "wills and messages are those of responses"
        )
    rows = validate.probability_rows(
        found.reshape(-1, n_messages),
        "strategy",
        where=lambda row: "[{}, {}] (will {!r})".format(*divmod(row, n_wills), labels.wills[row % n_wills]),
        hint=", or check the axis order: expected (intent, will, message)",
        normalize=normalize,
    )
    return np.asarray(rows).reshape(found.shape)

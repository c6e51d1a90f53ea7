"""Control budget: the entropy of a choice divided among the assistant, the person and chance."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from empowerment.capacity.options import SolverOptions
from empowerment.core.intervals import unit_name
from empowerment.results.result import Result, Table
from empowerment.text.influence.amounts import Amount, amounts_table
from empowerment.text.influence.table import Responses, amount_of, hidden_information, information, mixing, times_log


@dataclass(frozen=True, eq=False, repr=False)
class ControlBudget(Result):
    """Entropy of the choice, divided among the assistant, the person and chance.

    The assistant's part (its message or, in an audit of intents, its intent) is independent of the person's will. The
    division then depends on whose part is subtracted first,

    ``total = assistant + person_given_assistant + noise = person + assistant_given_person + noise``,

    and the shares are the averages of both orders.

    Attributes
    ----------
    total : Amount
        Entropy H(X) of the choice.
    assistant, assistant_given_person : Amount
        I(M;X), the information of the choice about the message, and I(M;X|Θ), the same for an observer of the will.
    person, person_given_assistant : Amount
        I(Θ;X), the information of the choice about the will, and I(Θ;X|M), the same for an observer of the message.
    noise : Amount
        H(X|M,Θ), the entropy that neither explains.
    interaction : Amount
        ``assistant_given_person - assistant``, which equals ``person_given_assistant - person`` and is never
        negative: information of the choice about message and will jointly that it has about neither alone.
    assistant_share, person_share : Amount
        The averages of both orders (Shapley values).
    imbalance : float
        Difference between the two sums and the total, for the values: a rounding error.
    source : str
        The assistant's part, "message" or "intent".
    base : float
        Base of the logarithm.

    See Also
    --------
    influence_audit : Computes the budget with messages.
    intent_audit : Computes the budget with intents.

    Notes
    -----
    `total` and `noise` have no upper end where any number of choices may be outside the table.

    Examples
    --------
    >>> from empowerment.text import influence_audit
    >>> audit = influence_audit([[[1.0, 0.0], [0.5, 0.5]], [[0.5, 0.5], [0.0, 1.0]]])
    >>> budget = audit.budget
    >>> round(float(budget.total), 4), round(float(budget.assistant_share), 4), round(float(budget.noise), 4)
    (1.0, 0.25, 0.5)
    """

    _parts = (Amount,)

    total: Amount
    assistant: Amount
    assistant_given_person: Amount
    person: Amount
    person_given_assistant: Amount
    noise: Amount
    interaction: Amount
    assistant_share: Amount
    person_share: Amount
    imbalance: float
    source: str
    base: float

    @property
    def unit(self) -> str:
        """Name of the unit of information."""
        return unit_name(self.base)

    def _table(self) -> Table:
        """Return a row for each amount."""
        amounts = {each.name: getattr(self, each.name) for each in fields(self)}
        return amounts_table({name: own for name, own in amounts.items() if isinstance(own, Amount)}, {})

    def __repr__(self) -> str:
        return (
            f"ControlBudget({self.total.value:.6g} {self.unit}: assistant {self.assistant_share.value:.6g}, "
            f"person {self.person_share.value:.6g}, noise {self.noise.value:.6g})"
        )

    def plot(
        self,
        ax: Any = None,
        title: str | None = None,
        vmin: float | None = None,
        vmax: float | None = None,
    ) -> Any:
        """Draw both orders and their average as bars; see :func:`empowerment.plotting.plot_budget`.

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
        from empowerment.plotting import plot_budget

        return plot_budget(self, ax=ax, title=title, vmin=vmin, vmax=vmax)


def control_budget(table: Responses, options: SolverOptions, source: str = "message") -> ControlBudget:
    """Compute the budget of a table whose message and will are independent."""
    from scipy.special import entr

    policy, prior, unseen = table.policy, table.prior, table.unseen
    assistant, may_assistant = _parts(table.by_will, table.residual.T, policy, prior, unseen)
    person, may_person = _parts(table.rows, table.residual, prior, policy, unseen)
    mixed = np.einsum("m,t,mtx->x", policy, prior, table.rows)
    total = max(entr(mixed).sum(), 0.0)  # below 0 where an entry was rounded above 1
    noise = policy @ np.maximum(entr(table.rows).sum(axis=2), 0.0) @ prior
    spread = times_log(mixed[-1], unseen)
    sums = (assistant[0] + person[1] + noise, person[0] + assistant[1] + noise)
    return ControlBudget(
        total=amount_of(options, total, spread),
        assistant=amount_of(options, assistant[0], may_assistant[0]),
        assistant_given_person=amount_of(options, assistant[1], may_assistant[1]),
        person=amount_of(options, person[0], may_person[0]),
        person_given_assistant=amount_of(options, person[1], may_person[1]),
        noise=amount_of(options, noise, spread),
        interaction=amount_of(options, *_interaction(table)),
        assistant_share=amount_of(options, assistant.mean(), may_assistant.mean()),
        person_share=amount_of(options, person.mean(), may_person.mean()),
        imbalance=float(np.max(np.abs(np.subtract(sums, total)))) / options.unit,
        source=source,
        base=options.base,
    )


def _parts(
    rows: np.ndarray, residual: np.ndarray, weights: np.ndarray, context: np.ndarray, unseen: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the information about the input, and about it given the context, for rows (context, input, choice).

    The second pair is what choices outside the table may add to these, in nats like the first.
    """
    known = np.array([information(_mean(rows, context), weights), context @ information(rows, weights)])
    mean_residual = context @ residual
    more = [
        hidden_information(mean_residual, weights, unseen),
        context @ hidden_information(residual, weights, unseen),
    ]
    return known, np.array(more)


def _mean(rows: np.ndarray, context: np.ndarray) -> np.ndarray:
    return np.einsum("c,cix->ix", context, rows)


def _interaction(table: Responses) -> tuple[float, float, float]:
    """Return the interaction of message and will, and how much may be added to it and subtracted from it.

    A listed choice is known. Of a choice outside, let I be the interaction from its being outside. Distinguishing
    such choices changes that by at most the logarithm of their number, and leaves it between 0 and the entropies of
    message and will there.
    """
    from scipy.special import rel_entr

    joint = np.einsum("m,t,mtx->xmt", table.policy, table.prior, table.rows)
    messages, wills = joint.sum(axis=2), joint.sum(axis=1)
    # Dividing first keeps the product of two small numbers from underflowing.
    mass = np.maximum(messages.sum(axis=1), np.nextafter(0, 1))
    apart = (messages / mass[:, None])[:, :, None] * wills[:, None, :]
    each = np.maximum(rel_entr(joint, np.maximum(apart, np.nextafter(0, 1))).sum(axis=(1, 2)), 0.0)
    outside, slack = float(each[-1]), float(times_log(joint[-1].sum(), table.unseen))
    most = min(float(mixing(messages[-1])), float(mixing(wills[-1])), outside + slack)
    return float(each.sum()), max(most - outside, 0.0), min(outside, slack)

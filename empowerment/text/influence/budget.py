"""What a choice is made of: the part of an assistant, the part of a person, and chance."""

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
    """The entropy of the choice, divided among the assistant, the person and chance.

    What the assistant does (its message or, in an audit of intents, its intent) is independent of the person's will.
    How much of the choice belongs to whom then depends on whom one asks first,

    ``total = assistant + person_given_assistant + noise = person + assistant_given_person + noise``,

    and the shares are the averages of both orders.

    Attributes
    ----------
    total : Amount
        Entropy H(X) of the choice.
    assistant, assistant_given_person : Amount
        I(M;X), what the choice tells of the message, and I(M;X|Θ), what it tells whoever knows the will.
    person, person_given_assistant : Amount
        I(Θ;X), what the choice tells of the will, and I(Θ;X|M), what it tells whoever knows the message.
    noise : Amount
        H(X|M,Θ), what neither explains.
    interaction : Amount
        ``assistant_given_person - assistant``, the same as ``person_given_assistant - person`` and never negative:
        what the choice tells of message and will together alone.
    assistant_share, person_share : Amount
        The averages of both orders (Shapley values).
    imbalance : float
        By how much the two sums miss the total, for the values: a matter of rounding.
    source : str
        What the assistant's part is counted from, "message" or "intent".
    base : float

    Notes
    -----
    `total` and `noise` have no upper end where any number of choices may be outside the table.
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

    def plot(self, ax: Any = None) -> Any:
        """Draw both orders and their average as bars; see :func:`empowerment.plotting.plot_budget`."""
        from empowerment.plotting import plot_budget

        return plot_budget(self, ax=ax)


def control_budget(table: Responses, options: SolverOptions, source: str = "message") -> ControlBudget:
    """Return the budget of a table, message and will drawn independently of each other."""
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
    """Return what the choice tells of the input, and of it given the context, for rows (context, input, choice).

    The second pair is what choices outside the table may add to them, in nats like the first.
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
    """Return the information between message and will that the choice brings about, what may come on top, and off.

    A listed choice is known. Of one outside, let I be the information that its being outside brings about. Telling
    apart which one it is changes that by no more than the logarithm of how many there are, and leaves it between 0
    and the entropies of message and will there.
    """
    from scipy.special import rel_entr

    joint = np.einsum("m,t,mtx->xmt", table.policy, table.prior, table.rows)
    messages, wills = joint.sum(axis=2), joint.sum(axis=1)
    # Dividing first keeps the product of two small numbers from underflowing.
    mass = np.maximum(messages.sum(axis=1), np.nextafter(0, 1))
    apart = (messages / mass[:, None])[:, :, None] * wills[:, None, :]
    each = np.maximum(rel_entr(joint, np.maximum(apart, np.nextafter(0, 1))).sum(axis=(1, 2)), 0.0)
    outside, room = float(each[-1]), float(times_log(joint[-1].sum(), table.unseen))
    most = min(float(mixing(messages[-1])), float(mixing(wills[-1])), outside + room)
    return float(each.sum()), max(most - outside, 0.0), min(outside, room)

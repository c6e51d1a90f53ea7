"""Tables of responses: checks, amounts of information in them, and the effect of a residual."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from empowerment.capacity.options import SolverOptions
from empowerment.capacity.result import CapacityResult
from empowerment.capacity.solve import channel_capacity
from empowerment.core import validate
from empowerment.core.channel import Channel
from empowerment.text.influence.amounts import Amount

AXES = "(message, will, choice)"


def amount_of(options: SolverOptions, value: Any, above: Any = 0.0, below: Any = 0.0) -> Amount:
    """Return an amount given in nats, with how far beyond it the ends are, in the unit that was asked for."""
    unit = options.unit
    return Amount(value / unit, (value - below) / unit, (value + above) / unit, options.base, options.tol)


class Labels(NamedTuple):
    """Labels of messages, wills and choices, by default their numbers."""

    messages: tuple[Any, ...]
    wills: tuple[Any, ...]
    choices: tuple[Any, ...]

    @classmethod
    def of(cls, shape: tuple[int, ...], given: Any) -> Labels:
        """Return one label for each index of a table of this shape; `given` is a mapping from names to labels."""
        own = validate.options(given, cls._fields, "labels", "labels")
        sizes = zip(cls._fields, shape, strict=True)
        return cls(*(validate.labels(own.get(name), size, name) or tuple(range(size)) for name, size in sizes))

    def where(self, message: int, will: int) -> str:
        """Return the words that locate a row in a message."""
        return f"[{message}, {will}] (message {self.messages[message]!r}, will {self.wills[will]!r})"

    def message(self, label: Any) -> int:
        """Return the number of a message."""
        return validate.index_of(label, {own: number for number, own in enumerate(self.messages)}, "message")


class Responses(NamedTuple):
    """A checked table of responses, with all that both audits are told of it.

    Attributes
    ----------
    rows : ndarray of shape (n_messages, n_wills, n_choices + 1)
        The last column is the mass of all choices that the table does not list.
    policy : ndarray of shape (n_messages,)
        Probability of each message.
    prior : ndarray of shape (n_wills,)
        Probability of each will.
    unseen : int or float
        Number of choices that the table does not list.
    labels : Labels
    silence : int or None
        Number of the message that means "say nothing".
    """

    rows: np.ndarray
    policy: np.ndarray
    prior: np.ndarray
    unseen: float
    labels: Labels
    silence: int | None

    @classmethod
    def checked(
        cls,
        responses: Any,
        *,
        prior: Any,
        silence: Any,
        residual: Any,
        unseen: Any,
        labels: Any,
        normalize: bool,
        policy: Any = None,
    ) -> Responses:
        """Validate a table of responses and what belongs to it; see :func:`influence_audit`."""
        found = validate.number_array(responses, "responses", 3, AXES)
        n_messages, n_wills, n_choices = found.shape
        names = Labels.of(found.shape, labels)
        rest = np.zeros((n_messages, n_wills)) if residual is None else residual
        rest = validate.number_table(rest, (n_messages, n_wills), "residual", "(message, will)").astype(found.dtype)
        rows = validate.probability_rows(
            np.concatenate([found, rest[..., None]], axis=2).reshape(-1, n_choices + 1),
            "responses",
            where=lambda row: names.where(*divmod(row, n_wills)) + ("" if residual is None else " with its residual"),
            hint=(", hand in the mass outside the table as residual," if residual is None else ",")
            + f" or check the axis order: expected {AXES}",
            normalize=normalize,
        )
        return cls(
            rows=rows.reshape(n_messages, n_wills, n_choices + 1),
            policy=chances(policy, n_messages, "message_policy"),
            prior=chances(prior, n_wills, "prior"),
            unseen=validate.count_or_infinity(unseen, "unseen", least=1),
            labels=names,
            silence=None if silence is None else names.message(silence),
        )

    @property
    def residual(self) -> np.ndarray:
        """Mass of each row that is outside the table, of shape (n_messages, n_wills)."""
        return self.rows[..., -1]

    @property
    def by_will(self) -> np.ndarray:
        """The rows with axes (will, message, choice)."""
        return self.rows.swapaxes(0, 1)

    def described(self) -> dict[str, Any]:
        """Return what the results of both audits repeat of the table."""
        silence = None if self.silence is None else self.labels.messages[self.silence]
        return {**self.labels._asdict(), "prior": self.prior, "silence": silence}


def chances(values: Any, count: int, name: str) -> np.ndarray:
    """Return a checked distribution over `count` symbols, by default the uniform one."""
    return np.full(count, 1.0 / count) if values is None else validate.distribution(values, count, name)


def information(rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the information between input and output of each channel of an array (…, input, output), in nats."""
    from scipy.special import kl_div  # the divergence of measures: never negative, whatever rounding did to a row

    used = weights > 0
    rows, mixed = rows[..., used, :], (weights @ rows)[..., None, :]
    # A product of weight and probability may underflow where neither is 0.
    terms = np.where(rows > 0, kl_div(rows, np.maximum(mixed, np.nextafter(0, 1))), mixed)
    return np.asarray(terms.sum(axis=-1) @ weights[used])


def hidden_information(residual: np.ndarray, weights: np.ndarray, unseen: float) -> np.ndarray:
    """Return the most that choices outside the table may add to `information`, in nats, for residuals (…, input).

    Given that the choice is outside, its information about the input is at most the input's entropy there, and at
    most the logarithm of the number of such choices. With a private choice for each input the first bound is
    attained.
    """
    mass = weights * residual
    return np.minimum(mixing(mass), times_log(mass.sum(axis=-1), unseen))


def mixing(mass: np.ndarray) -> np.ndarray:
    """Return the total of some masses times the entropy of which of them it is, along the last axis, in nats."""
    from scipy.special import entr

    return np.maximum(entr(mass).sum(axis=-1) - entr(mass.sum(axis=-1)), 0.0)


def times_log(mass: Any, count: float) -> np.ndarray:
    """Return ``mass * log(count)``, which is 0 for no mass even if the count is infinite."""
    there = np.asarray(mass) > 0
    return np.where(there, np.where(there, mass, 1.0) * math.log(count), 0.0)


def capacities(channels: np.ndarray, unseen: float, options: SolverOptions) -> Amount:
    """Compute the capacities of an array (channel, input, choice) whose last column is the residual.

    With one column for all residual mass the capacity is the smallest possible one; with one for each input it is the
    largest. These are the two extremes of `capacity_bounds` for a residual "outside".
    """
    shared = _solved(channels, options)
    residual = channels[..., -1]
    if unseen == 1 or not residual.any():
        most = shared
    else:
        private = residual[..., None] * np.eye(channels.shape[1])
        most = _solved(np.concatenate([channels[..., :-1], private], axis=2), options)
    return Amount(shared.value, shared.lower, most.upper, options.base, options.tol, method="capacity")


def _solved(channels: np.ndarray, options: SolverOptions) -> CapacityResult:
    return channel_capacity(
        [Channel.from_valid(np.array(rows, order="C")) for rows in channels], **options.as_keywords()
    )

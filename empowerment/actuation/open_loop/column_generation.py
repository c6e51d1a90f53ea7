"""Capacities over more inputs than can be written down.

Few inputs carry an optimum. A working set of them is solved, and the output distribution q of that solution is
shown to an oracle, which knows all inputs: it answers with the largest divergence of any of them from q, which is an
upper end, and with inputs above the lower end, which enter the working set. When the two ends meet, the last answer
is the proof. This is column generation with the capacity as the master problem.
"""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import numpy as np

from empowerment.capacity.options import SolverOptions
from empowerment.capacity.solve import channel_capacity
from empowerment.core.channel import Channel

_ROUNDS = 200
_FIRST_WIDTH = 1e-3  # nats; the first working sets are not worth solving well


class Columns(NamedTuple):
    """Inputs of a channel: their rows, what each is worth by itself, and the actions that each stands for.

    Attributes
    ----------
    rows : ndarray of shape (n, n_readings)
    rewards : ndarray of shape (n,)
        In nats.
    sequences : ndarray of int of shape (n, length)
        Tells inputs apart.
    """

    rows: np.ndarray
    rewards: np.ndarray
    sequences: np.ndarray

    def joined(self, other: Columns) -> Columns:
        """Return the columns of both."""
        return Columns(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))

    def chosen(self, which: np.ndarray) -> Columns:
        """Return some of the columns."""
        return Columns(*(part[which] for part in self))


class Oracle(Protocol):
    """Knows all inputs of a channel."""

    def first(self) -> Columns:
        """Return some inputs to begin with."""

    def price(self, q: np.ndarray, above: float) -> tuple[float, Columns]:
        """Return a bound on the divergence plus reward of every input, and inputs whose own exceeds `above`."""


class Solution(NamedTuple):
    """A capacity in nats, the inputs that carry it, and the output distribution that proves the upper end."""

    value: float
    lower: float
    upper: float
    sequences: np.ndarray
    weights: np.ndarray
    q: np.ndarray


def generate(oracle: Oracle, options: SolverOptions, rounds: int = _ROUNDS) -> Solution:
    """Return the capacity over all inputs that an oracle knows, as narrow as wanted where rounding allows.

    `options` are in nats.

    Both ends hold for the rows as the oracle gives them.
    """
    columns = oracle.first()
    known = {sequence.tobytes() for sequence in columns.sequences}
    value, lower, upper, q = 0.0, -math.inf, math.inf, np.empty(0)
    carriers, weights = columns.sequences[:1], np.ones(1)
    inner = max(_FIRST_WIDTH, options.tol)
    for _ in range(rounds):
        master = channel_capacity(
            Channel.from_valid(columns.rows),
            rewards=columns.rewards if columns.rewards.any() else None,
            **options.to_within(inner).as_keywords(),
        )
        if master.lower > lower:
            value, lower = float(master.value), float(master.lower)
            used = np.flatnonzero(master.input_distribution)
            carriers, weights = columns.sequences[used], master.input_distribution[used]
        wanted = options.width(lower)
        tried = _positive(master.output_distribution, wanted)
        bound, priced = oracle.price(tried, lower + wanted / 4)
        if bound < upper:
            upper, q = bound, tried
        if upper - lower <= wanted:
            break
        fresh = [i for i, sequence in enumerate(priced.sequences) if sequence.tobytes() not in known]
        if not fresh and inner <= max(wanted / 4, 1e-12):
            break  # what is left is rounding, or an oracle that does not know more
        known.update(priced.sequences[i].tobytes() for i in fresh)
        columns = columns.joined(priced.chosen(np.array(fresh, dtype=np.int64)))
        inner = max(wanted / 4, min(inner / 10, 0.05 * (upper - lower)), 1e-12)
    return Solution(min(max(value, lower), upper), lower, upper, carriers, weights, q)


def _positive(q: np.ndarray, wanted: float) -> np.ndarray:
    """Return q with a little of the uniform distribution where it lacks readings that others may give."""
    if (q > 0).all():
        return q
    share = min(max(0.01 * wanted, 1e-13), 1e-6)
    return np.asarray((1.0 - share) * q + share / q.size)

"""Capacity by column generation, for channels with too many inputs to list.

Few inputs have positive probability at an optimum. A working set of inputs is solved, and an oracle, which knows all
inputs, prices the output distribution q of that solution: it returns the largest divergence of any input from q,
which is an upper end, and inputs whose divergence exceeds the lower end, which enter the working set. When the two
ends meet, the last q is the proof. The master problem is the capacity of the working set.
"""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import numpy as np

from empowerment.capacity.options import SolverOptions
from empowerment.capacity.solve import channel_capacity
from empowerment.core.channel import Channel

_ROUNDS = 200
_FIRST_WIDTH = 1e-3  # nats; the first working sets need no accurate solution


class Columns(NamedTuple):
    """Inputs of a channel: their rows, their rewards, and the actions that each stands for.

    Attributes
    ----------
    rows : ndarray of shape (n, n_readings)
    rewards : ndarray of shape (n,)
        In nats.
    sequences : ndarray of int of shape (n, length)
        Identifies the input.
    """

    rows: np.ndarray
    rewards: np.ndarray
    sequences: np.ndarray

    def joined(self, other: Columns) -> Columns:
        """Return these columns, followed by the others."""
        return Columns(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))

    def chosen(self, which: np.ndarray) -> Columns:
        """Return some of the columns."""
        return Columns(*(part[which] for part in self))


class Oracle(Protocol):
    """What column generation needs to know of the inputs of a channel."""

    def first(self) -> Columns:
        """Return the inputs of the first working set."""

    def price(self, q: np.ndarray, above: float) -> tuple[float, Columns]:
        """Return an upper bound on divergence plus reward of every input, and inputs that exceed `above`."""


class ColumnSolution(NamedTuple):
    """A capacity in nats, the support of its input distribution, and the output distribution of the upper end."""

    value: float
    lower: float
    upper: float
    sequences: np.ndarray
    weights: np.ndarray
    q: np.ndarray


def generate(
    oracle: Oracle, options: SolverOptions, rounds: int = _ROUNDS, first_width: float = _FIRST_WIDTH
) -> ColumnSolution:
    """Compute the capacity over all inputs of an oracle, to the given tolerance where rounding allows.

    `options` are in nats. Both ends hold for the rows as the oracle returns them. The first working set is solved to
    `first_width`.
    """
    columns = oracle.first()
    known = {sequence.tobytes() for sequence in columns.sequences}
    value, lower, upper, q = 0.0, -math.inf, math.inf, np.empty(0)
    carriers, weights = columns.sequences[:1], np.ones(1)
    inner = max(first_width, options.tol)
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
            break  # the rest is rounding, or the oracle has no further inputs
        known.update(priced.sequences[i].tobytes() for i in fresh)
        columns = columns.joined(priced.chosen(np.array(fresh, dtype=np.int64)))
        inner = max(wanted / 4, min(inner / 10, 0.05 * (upper - lower)), 1e-12)
    return ColumnSolution(min(max(value, lower), upper), lower, upper, carriers, weights, q)


def _positive(q: np.ndarray, wanted: float) -> np.ndarray:
    """Mix q with a little of the uniform distribution if it lacks readings that other inputs may give."""
    if (q > 0).all():
        return q
    share = min(max(0.01 * wanted, 1e-13), 1e-6)
    return np.asarray((1.0 - share) * q + share / q.size)

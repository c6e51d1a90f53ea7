"""Upper ends for horizons at which not every sequence can be priced.

None of them looks at all sequences of n actions. They come from letting the agent know, or the receiver see, more
than in truth:

* `log_readings`: nothing tells more apart than there are readings within reach.
* `feedback.feedback_value`: an agent that sees every state on the way, and a receiver that does.
* `tail_capacity`: an agent that may choose, out of those it could be in, the state in which its last m actions
  begin. By convexity no earlier action can do better, whatever the horizon.
* `FeedbackOracle`: an agent that sees the states on the way to the last m actions and steers accordingly. For any
  q the largest divergence is found by dynamic programming, and the least of these over q is the bound.
"""

from __future__ import annotations

import math
from itertools import islice

import numpy as np

from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.open_loop.column_generation import Columns
from empowerment.actuation.open_loop.sequence_oracle import SequenceOracle
from empowerment.actuation.task import NoSequenceError
from empowerment.capacity.solve import row_offsets
from empowerment.core.channel import Channel


def log_readings(dynamics: Dynamics, starts: np.ndarray, horizon: int) -> float:
    """Return the logarithm of the number of readings that `horizon` steps can lead to, in nats."""
    return math.log(max(dynamics.possible_readings(dynamics.reached(starts, horizon)).size, 1))


def rounding(dynamics: Dynamics, n_steps: int, values: np.ndarray) -> float:
    """Bound the error of `n_steps` expectations of values of this size."""
    return n_steps * (dynamics.n_columns + 8) * float(np.finfo(float).eps) * (1.0 + float(np.abs(values).max()))


class FeedbackOracle:
    """Policies that see the state for some steps, followed by a suffix of actions for each state they end in.

    A policy is an input of this channel: its row is the distribution of the reading, and it is worth, in addition,
    what the receiver would gain by knowing the state in which the last suffix began.

    Parameters
    ----------
    tail : SequenceOracle
        Of the suffixes, with one row for each column of the dynamics, in their order.
    start : int
        The column in which the policies start.
    n_steps : int
        Number of steps with feedback.
    q : ndarray
        Where to begin.

    Raises
    ------
    NoSequenceError
        If every policy may end where no suffix is available.
    """

    def __init__(self, tail: SequenceOracle, start: int, n_steps: int, q: np.ndarray) -> None:
        self._tail, self._dynamics, self._start, self._n_steps = tail, tail.dynamics, start, n_steps
        useful = np.isfinite(tail.offsets).any(axis=1)
        # Which actions keep a suffix available at the end, for each step.
        self._allowed = [step.available.T for step in islice(self._dynamics.admissible(useful), n_steps)]
        if not (self._allowed[-1][:, start].any() if n_steps else useful[start]):
            raise NoSequenceError
        self._begin = q
        self._count = 0

    def first(self) -> Columns:
        """Return the best policy for the q to begin with."""
        return self.price(self._begin, -math.inf)[1]

    def price(self, q: np.ndarray, above: float) -> tuple[float, Columns]:
        """Return the value of the best policy, in divergence from q, and that policy."""
        gains, suffix = self._tail.divergences(q)
        values, choices = self._best_policy(np.where(np.isfinite(gains), gains, 0.0))
        bound = float(values[self._start]) + rounding(self._dynamics, self._n_steps, values)
        if bound <= above:
            return bound, self._none(q.size)
        return bound, self._column(choices, suffix)

    def _best_policy(self, values: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        choices = []
        for allowed in self._allowed:
            each = np.stack([matrix @ values for matrix in self._dynamics.actions])
            each[~allowed] = -np.inf
            best = each.argmax(axis=0)
            found = each[best, np.arange(best.size)]
            values = np.where(np.isneginf(found), 0.0, found)
            choices.append(best)
        return values, choices[::-1]

    def _column(self, choices: list[np.ndarray], suffix: np.ndarray) -> Columns:
        """Follow a policy forwards to its row."""
        where = np.zeros(self._dynamics.n_columns)
        where[self._start] = 1.0
        for chosen in choices:
            where = np.sum([(where * (chosen == a)) @ m for a, m in enumerate(self._dynamics.actions)], axis=0)
        ends = np.flatnonzero(where)
        rows = self._tail.rows(ends, suffix[ends])
        row = where[ends] @ rows
        offset = float(where[ends] @ self._tail.offsets[ends, suffix[ends]])
        reward = offset - float(row_offsets(Channel.from_valid(row[None]))[0])
        self._count += 1
        return Columns(row[None], np.array([reward]), np.array([[self._count]]))

    @staticmethod
    def _none(n_readings: int) -> Columns:
        return Columns(np.empty((0, n_readings)), np.empty(0), np.empty((0, 1), dtype=np.int64))

"""Upper ends for horizons at which there are too many sequences to price them all.

None of them enumerates all sequences of n actions. Each gives the agent or the receiver more information than it has:

* `log_readings`: the logarithm of the number of readings within reach.
* `feedback.bellman.feedback_value`: agent and receiver observe every state.
* `bounds._solve_suffix`: the agent chooses, among the states it could be in, the one in which its last m actions
  begin. By convexity no choice of earlier actions gives more, whatever the horizon.
* `FeedbackOracle`: the agent observes the states before its last m actions and steers accordingly. For any q the
  largest divergence comes from dynamic programming, and the least of these over q is the bound.
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
    """Return the logarithm of the number of readings that are possible after `horizon` steps, in nats."""
    return math.log(max(dynamics.possible_readings(dynamics.reached(starts, horizon)).size, 1))


def rounding(dynamics: Dynamics, n_steps: int, values: np.ndarray) -> float:
    """Bound the rounding error of `n_steps` successive expectations of these values."""
    return n_steps * (dynamics.n_columns + 8) * float(np.finfo(float).eps) * (1.0 + float(np.abs(values).max()))


class FeedbackOracle:
    """An oracle of policies that observe the state for some steps, then take a suffix chosen by their last state.

    A policy is an input of this channel: its row is the distribution of the reading, and its reward is what the
    receiver would gain by knowing the state in which the suffix began.

    Parameters
    ----------
    suffixes : SequenceOracle
        The suffixes, with one row for each column of the dynamics, in their order.
    start : int
        Column of the initial state.
    n_steps : int
        Number of steps with feedback.
    q : ndarray
        Output distribution of the first iteration.

    Raises
    ------
    NoSequenceError
        If every policy may end where no suffix is available.
    """

    def __init__(self, suffixes: SequenceOracle, start: int, n_steps: int, q: np.ndarray) -> None:
        self._suffixes, self._dynamics, self._start, self._n_steps = suffixes, suffixes.dynamics, start, n_steps
        useful = np.isfinite(suffixes.offsets).any(axis=1)
        # Actions after which some suffix stays available at the end, for each step.
        self._allowed = [step.available.T for step in islice(self._dynamics.admissible(useful), n_steps)]
        if not (self._allowed[-1][:, start].any() if n_steps else useful[start]):
            raise NoSequenceError
        self._initial_q = q
        self._count = 0

    def first(self) -> Columns:
        """Return the best policy for the initial q."""
        return self.price(self._initial_q, -math.inf)[1]

    def price(self, q: np.ndarray, above: float) -> tuple[float, Columns]:
        """Return the largest value of any policy, its divergence from q plus its reward, and that policy."""
        gains, suffix = self._suffixes.divergences(q)
        values, choices = self._best_policy(np.where(np.isfinite(gains), gains, 0.0))
        bound = float(values[self._start]) + rounding(self._dynamics, self._n_steps, values)
        if bound <= above:
            return bound, self._none(q.size)
        return bound, self._column(choices, suffix)

    def _best_policy(self, values: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        choices = []
        for allowed in self._allowed:
            action_values = np.stack([matrix @ values for matrix in self._dynamics.actions])
            action_values[~allowed] = -np.inf
            best = action_values.argmax(axis=0)
            values_of_best = action_values[best, np.arange(best.size)]
            values = np.where(np.isneginf(values_of_best), 0.0, values_of_best)
            choices.append(best)
        return values, choices[::-1]

    def _column(self, choices: list[np.ndarray], suffix: np.ndarray) -> Columns:
        """Return the row and the reward of a policy."""
        occupancy = np.zeros(self._dynamics.n_columns)
        occupancy[self._start] = 1.0
        for chosen in choices:
            occupancy = np.sum(
                [(occupancy * (chosen == a)) @ m for a, m in enumerate(self._dynamics.actions)], axis=0
            )
        ends = np.flatnonzero(occupancy)
        rows = self._suffixes.rows(ends, suffix[ends])
        row = occupancy[ends] @ rows
        offset = float(occupancy[ends] @ self._suffixes.offsets[ends, suffix[ends]])
        reward = offset - float(row_offsets(Channel.from_valid(row[None]))[0])
        self._count += 1
        return Columns(row[None], np.array([reward]), np.array([[self._count]]))

    @staticmethod
    def _none(n_readings: int) -> Columns:
        return Columns(np.empty((0, n_readings)), np.empty(0), np.empty((0, 1), dtype=np.int64))

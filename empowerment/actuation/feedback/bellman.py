"""Feedback empowerment over trajectories of states, by dynamic programming.

An agent observes the state before each action, and the receiver reads every state. The capacity V_k of k steps obeys
a Bellman equation,

    V_k(s) = max_p I(p, T(s)) + sum_a p_a sum_t p(t | s, a) V_(k-1)(t),   V_0 = 0,

because the state is a sufficient statistic for both. A dead end, a state without actions, has the value minus
infinity while steps are left, and so has a state from which every action may lead to one: inadmissible actions are
left out. Each state and step is one capacity with rewards, and those of all states are solved as one batch. Both ends
are propagated: expectations preserve inequalities, so the lower end of a step follows from its p and the lower values
before, the upper end from its q and the upper values before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from empowerment.actuation.dynamics import Dynamics
from empowerment.capacity.options import SolverOptions
from empowerment.capacity.solve import channel_capacity
from empowerment.core.channel import Channel

# Fraction of the tolerance that solvers aim at; the rest is left for rounding.
_INNER = 0.9
_ROUGH = 1e-9  # nats; tolerance of the steps of a bound
_SIDE_BY_SIDE = 64  # fewer capacities take longer to distribute among cores than to solve
_LEAST_WEIGHT = 1e-300  # of information; keeps quotients by it finite
_EPS = float(np.finfo(float).eps)


class Values(NamedTuple):
    """The values of the columns from some step on, in nats, and the policy of that step.

    Attributes
    ----------
    value, lower, upper : ndarray of shape (n_columns,)
    policy : ndarray of shape (n_columns, n_actions)
        Probability of each action; zeros if no action is admissible.
    gain : ndarray of shape (n_columns,)
        Immediate gain of the first step under that policy.
    """

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    policy: np.ndarray
    gain: np.ndarray

    @classmethod
    def guessed(cls, value: np.ndarray, n_actions: int) -> Values:
        """Return initial values, which count as exact."""
        return cls(value, value, value, np.zeros((value.size, n_actions)), np.zeros(value.size))


class FeedbackValues(NamedTuple):
    """Empowerment with feedback over trajectories of states, in nats, of every column.

    Attributes
    ----------
    value, lower, upper : ndarray of shape (n_columns,)
        Minus infinity if no policy is admissible.
    policies : ndarray of shape (horizon, n_columns, n_actions)
        Probability of each action in each column, at each step; zeros if no action is admissible. This policy attains
        the lower end.
    """

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    policies: np.ndarray


def feedback_values(dynamics: Dynamics, horizon: int, options: SolverOptions) -> FeedbackValues:
    """Compute the feedback empowerment over trajectories of states, for every column.

    Each state has its own actions. Only policies without dead ends are admissible; see
    :mod:`empowerment.models.dead_ends`.

    Parameters
    ----------
    dynamics : Dynamics
        If it is a part of a model, the values hold for columns from which `horizon` steps stay in this part.
    horizon : int
    options : SolverOptions
        In nats; each step has an equal share of the tolerance.

    References
    ----------
    Tatikonda and Mitter (2009), "The capacity of channels with feedback".
    Chen and Berger (2005), "The capacity of finite-state Markov channels with feedback".
    """
    share = options.to_within(options.tol / max(horizon, 1))
    stages = list(islice(_stages(dynamics, share), horizon + 1))
    policies = np.zeros((horizon, dynamics.n_columns, dynamics.n_actions))
    for step, (stage, _) in enumerate(reversed(stages[1:])):
        policies[step] = stage.policy
    last, alive = stages[-1]
    value, lower, upper = (np.where(alive, ends, -math.inf) for ends in last[:3])
    return FeedbackValues(value, lower, upper, policies)


def feedback_value(dynamics: Dynamics, start: int, horizon: int, enough: float, options: SolverOptions) -> float:
    """Bound the empowerment of a column, for last readings and trajectories, by the feedback value in nats.

    It is less than the value of soft value iteration, ``log sum_a exp(sum_t p(t | s, a) V_(k-1)(t))``, as far as the
    rows of different actions overlap.

    Parameters
    ----------
    dynamics : Dynamics
    start : int
    horizon : int
    enough : float
        The recursion returns infinity early if the value exceeds this: without dead ends it never decreases.
    options : SolverOptions
        The tolerance is ignored.

    Returns
    -------
    float
        Minus infinity if no policy is admissible: then no sequence is available either.
    """
    upper, falls = 0.0, not (dynamics.available.any(axis=1) | ~dynamics.is_inner).all()
    for stage, alive in islice(_stages(dynamics, options.to_within(_ROUGH)), horizon + 1):
        if not falls and stage.lower[start] > enough:
            return math.inf
        upper = float(stage.upper[start]) if alive[start] else -math.inf
    return upper


def _stages(dynamics: Dynamics, options: SolverOptions) -> Iterator[tuple[Values, np.ndarray]]:
    """Yield the values of 0, 1, 2, … steps, and which columns have an admissible policy of that length.

    The values of other columns are meaningless, and not used.
    """
    values = Values.guessed(np.zeros(dynamics.n_columns), dynamics.n_actions)
    yield values, np.ones(dynamics.n_columns, dtype=bool)
    last: Dynamics | None = None
    for allowed in dynamics.admissible():
        if allowed is not last:
            last, step = allowed, feedback_step(allowed, options)
        values = step.before(values)
        yield values, allowed.available.any(axis=1) | ~allowed.is_inner


def feedback_step(dynamics: Dynamics, options: SolverOptions) -> BellmanOperator:
    """Return the operator of one step with feedback, without rewards or discount.

    Columns that one step may leave are reached in the last step alone. Like columns without actions, which no
    admissible action leads to, they keep their values.
    """
    return BellmanOperator(dynamics.actions, dynamics.available & dynamics.is_inner[:, None], options)


class BellmanOperator:
    """The Bellman operator of rewards and information on all columns, in nats.

    It maps values V to

    ``max_p weight * I(p, T(s)) + sum_a p_a (r(s, a) + discount * sum_t p(t | s, a) V(t))``

    with one capacity with rewards for each column s. Columns without available actions keep their values.

    Parameters
    ----------
    matrices : sequence of csr_array of shape (n_columns, n_columns)
        Transition matrix of each action.
    able : ndarray of bool of shape (n_columns, n_actions)
        Whether an action may be taken; its row in `matrices` is then a distribution.
    options : SolverOptions
        Tolerances in nats. Up to rounding, one step widens no interval by more than that.
    rewards : ndarray of shape (n_columns, n_actions), optional
        Expected immediate rewards in nats; none by default.
    discount : float
        Discount factor of the values of the next step.
    weight : float
        Weight of information relative to rewards; if 0, the best action has probability 1.
    """

    def __init__(
        self,
        matrices: Sequence[sparse.csr_array],
        able: np.ndarray,
        options: SolverOptions,
        *,
        rewards: np.ndarray | None = None,
        discount: float = 1.0,
        weight: float = 1.0,
    ) -> None:
        self._able, self._discount, self._weight = able, discount, weight
        self._options = options.share(_INNER / max(weight, _LEAST_WEIGHT))
        self._columns = np.flatnonzero(able.any(axis=1))
        column, action = np.nonzero(able)
        # One row for each column and action, ordered by column, then action.
        self._rows = sparse.csr_array(sparse.vstack(matrices))[action * len(able) + column]
        self._rewards = np.zeros(column.size) if rewards is None else rewards[able]
        self._counts = able.sum(axis=1)[self._columns]
        self._first = np.cumsum(self._counts) - self._counts
        parts = (slice(first, first + count) for first, count in zip(self._first, self._counts, strict=True))
        self._channels = [reached_channel(self._rows[part]) for part in parts] if weight else []

    def before(self, after: Values) -> Values:
        """Return the values one step earlier, with each capacity solved to the tolerance."""
        value, lower, upper = after.value, after.lower, after.upper
        policy, gain = np.zeros(self._able.shape), np.zeros(value.size)
        if not self._columns.size:
            return Values(value, lower, upper, policy, gain)
        action_value = self._rewards + self._discount * (self._rows @ value)
        best = np.maximum.reduceat(action_value, self._first)
        # Relative to the best action numbers are small, which avoids cancellation in the solver.
        p, solved = self._choose(action_value - np.repeat(best, self._counts))
        policy[self._able] = p
        gain[self._columns] = self._sum(p * self._rewards) + self._weight * solved.information
        below = self._discount * self._sum(p * (self._rows @ (value - lower)))
        above = self._discount * np.maximum.reduceat(self._rows @ (upper - value), self._first)
        slack = self._slack(value)
        ends = np.array([value, lower, upper])
        ends[:, self._columns] = best + np.array(
            [solved.value, solved.lower - below - slack, solved.upper + above + slack]
        )
        return Values(np.clip(*ends), ends[1], ends[2], policy, gain)

    def moves(self, policy: np.ndarray) -> sparse.csr_array:
        """Return the probabilities of the next column under a policy, shape (n_columns, n_columns).

        Columns without actions are absorbing.
        """
        idle = sparse.diags_array((~self._able.any(axis=1)).astype(float), format="csr")
        ends = np.concatenate([[0], np.cumsum(self._able.sum(axis=1))])
        shape = len(self._able), int(ends[-1])
        return sparse.csr_array(
            sparse.csr_array((policy[self._able], np.arange(shape[1]), ends), shape=shape) @ self._rows + idle
        )

    def _sum(self, of_actions: np.ndarray) -> np.ndarray:
        return np.asarray(np.add.reduceat(of_actions, self._first))

    def _choose(self, advantage: np.ndarray) -> tuple[np.ndarray, _Solved]:
        """Return the concatenated input distributions, and their values relative to the best action."""
        if not self._weight:
            positions = np.arange(advantage.size)
            first_best = np.minimum.reduceat(np.where(advantage == 0, positions, positions.size), self._first)
            zeros = np.zeros(self._columns.size)
            return np.isin(positions, first_best).astype(float), _Solved(zeros, zeros, zeros, zeros)
        rewards = advantage / self._weight
        p, value, lower, upper = self._capacities(np.split(rewards, self._first[1:]))
        information = value - self._sum(p * rewards)
        return p, _Solved(self._weight * value, self._weight * lower, self._weight * upper, information)

    def _capacities(self, rewards: list[np.ndarray]) -> tuple[np.ndarray, ...]:
        """Return the concatenated input distributions, and the values and both ends of all columns."""
        solve: Any = partial(channel_capacity, **self._options.as_keywords())
        if len(self._channels) < _SIDE_BY_SIDE and self._options.backend != "jax":
            pairs = zip(self._channels, rewards, strict=True)
            each = [solve(channel, rewards=reward) for channel, reward in pairs]
            ends = np.array([[one.value, one.lower, one.upper] for one in each], dtype=np.float64)
            return np.concatenate([one.input_distribution for one in each]), *ends.T
        batch = solve(self._channels, rewards=rewards)
        filled = np.arange(batch.input_distribution.shape[1]) < self._counts[:, None]
        return batch.input_distribution[filled], *np.array([batch.value, batch.lower, batch.upper])

    def _slack(self, value: np.ndarray) -> float:
        """Bound the rounding error of the values of actions, and of their differences and sums."""
        n_summed = int(np.diff(self._rows.indptr).max()) + 16
        information = self._weight * math.log(int(self._counts.max()))
        return n_summed * _EPS * float(1.0 + information + np.abs(value).max() + np.abs(self._rewards).max())


class _Solved(NamedTuple):
    """Values of columns relative to their best action, in nats, and the unweighted information."""

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    information: np.ndarray


def reached_channel(rows: sparse.csr_array) -> Channel:
    """Return rows as a channel whose outputs are the columns that they reach."""
    return Channel.from_valid(np.ascontiguousarray(rows[:, np.unique(rows.indices)].toarray()))

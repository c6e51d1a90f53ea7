"""Actions that react to the state, read off by a receiver that sees every state on the way.

What an agent with feedback can tell such a receiver within k steps obeys a Bellman equation,

    V_k(s) = max_p I(p, T(s)) + sum_a p_a sum_t p(t | s, a) V_(k-1)(t),   V_0 = 0,

because the state is all that either of them needs to remember. A dead end, a state without any action, has the value
minus infinity while steps are left, and so has a state from which every action may lead to one in time: actions that
may lead there are left out, and so is what they would tell. Each state and step is one capacity with rewards, and
those of all states are solved side by side. Both ends are carried along: expectations keep inequalities, so the lower
end of a step follows from its p and the lower values before, the upper end from its q and the upper values before.
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

# Solvers aim a little below the tolerance; the rest is room for rounding.
_INNER = 0.9
_ROUGH = 1e-9  # nats; how well the steps of a bound are solved
_SIDE_BY_SIDE = 64  # fewer capacities take longer to hand out to all cores than to solve
_LEAST_WEIGHT = 1e-300  # of information; whatever is divided by it stays finite
_EPS = float(np.finfo(float).eps)


class Values(NamedTuple):
    """What the columns are worth from some step on, in nats, and how to act first.

    Attributes
    ----------
    value, lower, upper : ndarray of shape (n_columns,)
    policy : ndarray of shape (n_columns, n_actions)
        Probability of each action; zeros where there is none to take.
    gain : ndarray of shape (n_columns,)
        What the first step brings by itself under that policy.
    """

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    policy: np.ndarray
    gain: np.ndarray

    @classmethod
    def guessed(cls, value: np.ndarray, n_actions: int) -> Values:
        """Return numbers to start from, taken to be exact."""
        return cls(value, value, value, np.zeros((value.size, n_actions)), np.zeros(value.size))


class FeedbackValues(NamedTuple):
    """Empowerment with feedback over trajectories of states, in nats, of every column.

    Attributes
    ----------
    value, lower, upper : ndarray of shape (n_columns,)
        Minus infinity where every policy may be stuck before its last step.
    policies : ndarray of shape (horizon, n_columns, n_actions)
        Probability of each action in each column, at each step; zeros where there is none to take. Acting so, each
        time independently, carries the lower end.
    """

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    policies: np.ndarray


def feedback_values(dynamics: Dynamics, horizon: int, options: SolverOptions) -> FeedbackValues:
    """Return what `horizon` actions that react to the state tell a receiver that reads every state.

    Each state has its own actions. A policy counts only if it is never stuck while steps are left; see
    :mod:`empowerment.models.dead_ends`.

    Parameters
    ----------
    dynamics : Dynamics
        Of a part of the world, the answer holds for columns from which `horizon` steps do not lead out of it.
    horizon : int
    options : SolverOptions
        In nats; each step is given its share of the tolerance.

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
    """Bound the empowerment of a column, also of whole trajectories, by that of an agent with feedback, in nats.

    It falls short of soft value iteration, ``log sum_a exp(sum_t p(t | s, a) V_(k-1)(t))``, by what the actions of a
    state have in common.

    Parameters
    ----------
    dynamics : Dynamics
    start : int
    horizon : int
    enough : float
        The recursion ends early, with infinity, where the value exceeds this: without dead ends it never falls.
    options : SolverOptions
        Of which the tolerance does not count.

    Returns
    -------
    float
        Minus infinity where every policy may be stuck before its last step: then no sequence is available either.
    """
    upper, falls = 0.0, not (dynamics.available.any(axis=1) | ~dynamics.is_inner).all()
    for stage, alive in islice(_stages(dynamics, options.to_within(_ROUGH)), horizon + 1):
        if not falls and stage.lower[start] > enough:
            return math.inf
        upper = float(stage.upper[start]) if alive[start] else -math.inf
    return upper


def _stages(dynamics: Dynamics, options: SolverOptions) -> Iterator[tuple[Values, np.ndarray]]:
    """Yield the values of 0, 1, 2, … steps, and in which columns some policy takes so many.

    In others they are numbers that nothing depends on.
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

    Columns that one step may leave are those of the last step, after which nothing counts; like columns without any
    action, which no action of another one may lead to, they are left as they are.
    """
    return BellmanOperator(dynamics.actions, dynamics.available & dynamics.is_inner[:, None], options)


class BellmanOperator:
    """One step of the Bellman equation of rewards and information, from every column at once, in nats.

    It takes values V to

    ``max_p weight * I(p, T(s)) + sum_a p_a (r(s, a) + discount * sum_t p(t | s, a) V(t))``

    where every column s has a capacity with rewards to itself. Columns without an able action keep their values.

    Parameters
    ----------
    matrices : sequence of csr_array of shape (n_columns, n_columns)
        One for each action.
    able : ndarray of bool of shape (n_columns, n_actions)
        Which actions may be taken, those whose rows in `matrices` are distributions.
    options : SolverOptions
        In nats: how well a value is solved. Rounding apart, one step makes no interval wider than that.
    rewards : ndarray of shape (n_columns, n_actions), optional
        Expected immediate rewards in nats; none by default.
    discount : float
        What a value counts one step before.
    weight : float
        What information counts beside rewards; without any the best action is taken for certain.
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
        # One row for each column and each of its actions, the actions of a column side by side.
        self._rows = sparse.csr_array(sparse.vstack(matrices))[action * len(able) + column]
        self._rewards = np.zeros(column.size) if rewards is None else rewards[able]
        self._counts = able.sum(axis=1)[self._columns]
        self._first = np.cumsum(self._counts) - self._counts
        parts = (slice(first, first + count) for first, count in zip(self._first, self._counts, strict=True))
        self._channels = [reached_channel(self._rows[part]) for part in parts] if weight else []

    def before(self, after: Values) -> Values:
        """Return the values one step earlier, each of its capacities solved to within the tolerance."""
        value, lower, upper = after.value, after.lower, after.upper
        policy, gain = np.zeros(self._able.shape), np.zeros(value.size)
        if not self._columns.size:
            return Values(value, lower, upper, policy, gain)
        action_value = self._rewards + self._discount * (self._rows @ value)
        best = np.maximum.reduceat(action_value, self._first)
        # Counted from the best action, numbers are small and leave the solver the digits it needs.
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

        Columns without actions are kept for ever.
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
        """Return the input distributions one after the other, and what they bring beside the best action."""
        if not self._weight:
            places = np.arange(advantage.size)
            first_best = np.minimum.reduceat(np.where(advantage == 0, places, places.size), self._first)
            nothing = np.zeros(self._columns.size)
            return np.isin(places, first_best).astype(float), _Solved(nothing, nothing, nothing, nothing)
        rewards = advantage / self._weight
        p, value, lower, upper = self._capacities(np.split(rewards, self._first[1:]))
        information = value - self._sum(p * rewards)
        return p, _Solved(self._weight * value, self._weight * lower, self._weight * upper, information)

    def _capacities(self, rewards: list[np.ndarray]) -> tuple[np.ndarray, ...]:
        """Return the input distributions one after the other, and the values and both ends of all columns."""
        solve: Any = partial(channel_capacity, **self._options.as_keywords())
        if len(self._channels) < _SIDE_BY_SIDE and self._options.backend != "jax":
            pairs = zip(self._channels, rewards, strict=True)
            each = [solve(channel, rewards=reward) for channel, reward in pairs]
            ends = np.array([[one.value, one.lower, one.upper] for one in each], dtype=np.float64)
            return np.concatenate([one.input_distribution for one in each]), *ends.T
        found = solve(self._channels, rewards=rewards)
        filled = np.arange(found.input_distribution.shape[1]) < self._counts[:, None]
        return found.input_distribution[filled], *np.array([found.value, found.lower, found.upper])

    def _slack(self, value: np.ndarray) -> float:
        """Bound the rounding error of the values of actions, of their differences and of their sum."""
        n_summed = int(np.diff(self._rows.indptr).max()) + 16
        information = self._weight * math.log(int(self._counts.max()))
        return n_summed * _EPS * float(1.0 + information + np.abs(value).max() + np.abs(self._rewards).max())


class _Solved(NamedTuple):
    """What columns are worth beside their best action, in nats, and the information in it before it is weighed."""

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    information: np.ndarray


def reached_channel(rows: sparse.csr_array) -> Channel:
    """Return rows as a channel to those columns that they reach."""
    return Channel.from_valid(np.ascontiguousarray(rows[:, np.unique(rows.indices)].toarray()))

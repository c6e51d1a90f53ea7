"""What another agent that remembers all it has seen can leave of sequences of actions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from empowerment.multi_agent.joint_rows import outward
from empowerment.multi_agent.mixtures import lowest_point, tangent
from empowerment.multi_agent.reaction import Opponent

_EPS = float(np.finfo(float).eps)
# Largest size of a tree of strategies, in entries of all rows that are added up in it, and most steps.
_LARGEST_TREE, _DEEPEST_TREE = 100_000, 20
# Mixtures that are tried in a state: the interval holds before they are all that matter.
_MOST_ROUNDS = 60
# Share of random actions in what is tried, relative to the tolerance: at the border slopes are unbounded.
_INSIDE = 0.01


@dataclass(frozen=True)
class Strategies:
    """The tree of what another agent may have seen in a number of steps.

    A strategy names an action for each of its nodes. Mixtures of strategies make all rows of the agent's sequences
    that the other can make, and the best strategy for given payoffs of rows follows by backward induction.

    Attributes
    ----------
    opponent : Opponent
        What a step leads to, as the states are read.
    sensor : ndarray of shape (n_states, n_readings)
        Distribution of the reading after the last step.
    horizon : int
        At least 1.
    """

    opponent: Opponent
    sensor: np.ndarray
    horizon: int

    @cached_property
    def _moves(self) -> Callable[[int], tuple[np.ndarray, np.ndarray]]:
        return cache(self.opponent.moves)

    @cached_property
    def size(self) -> Callable[[int, int], float]:
        """The number of entries of all rows in the tree of a state with some steps left."""

        def size(state: int, steps: int) -> float:
            rows, following = self._moves(state)
            n_actions, n_seen, n_other, _ = rows.shape
            if steps == 1:
                return float(n_actions) ** self.horizon * self.sensor.shape[1] * n_seen * n_other
            ways = np.count_nonzero(rows.any(axis=0), axis=(0, 1))
            return float(
                sum(n * size_of(after, steps - 1) for n, after in zip(ways, following.tolist(), strict=True))
            )

        size_of = cache(size)
        return size_of

    def least(self, state: int, payoffs: np.ndarray | None) -> np.ndarray:
        """Return the rows beside the strategy with the least sum of payoffs, or beside random actions.

        Parameters
        ----------
        state : int
            Number of the initial state.
        payoffs : ndarray of shape (n_sequences, n_readings), optional
            Of each entry of the rows; by default all actions of the other are equally probable.
        """
        return self._least(state, np.ones(1), self.horizon, payoffs)

    def _least(self, state: int, weights: np.ndarray, steps: int, payoffs: np.ndarray | None) -> np.ndarray:
        """Return these rows below a node with `steps` left, which is reached with given weights of sequences."""
        moves, following = self._moves(state)
        total = np.zeros((weights.size * len(moves) ** steps, self.sensor.shape[1]))
        for seen in range(moves.shape[1]):
            rows = [
                self._after(moves[:, seen, action], following, weights, steps - 1, payoffs)
                for action in range(moves.shape[2])
            ]
            if payoffs is None:
                total += sum(rows) / len(rows)
            else:
                total += min(rows, key=lambda each: float(np.vdot(payoffs, each)))
        return total

    def _after(
        self, chances: np.ndarray, following: np.ndarray, weights: np.ndarray, steps: int, payoffs: np.ndarray | None
    ) -> np.ndarray:
        """Return the rows after an action of the other with these chances (n_actions, n_next) of states."""
        if steps == 0:
            readings = chances @ self.sensor[following]
            return (weights[:, None, None] * readings).reshape(-1, self.sensor.shape[1])
        after = [(weights[:, None] * column).reshape(-1) for column in chances.T]
        parts = [
            self._least(state, each, steps, payoffs)
            for state, each in zip(following.tolist(), after, strict=True)
            if each.any()
        ]
        return np.asarray(sum(parts, np.zeros((weights.size * len(chances) ** (steps + 1), self.sensor.shape[1]))))


def least_beside_strategies(
    strategies: Strategies, state: int, error: float, tol: float, max_iter: int
) -> tuple[float, float]:
    """Return bounds in nats on the least capacity of the sequences from a state beside another that remembers.

    Parameters
    ----------
    strategies : Strategies
    state : int
        Number of the initial state.
    error : float
        Bound on the relative error of the rows.
    tol : float
        Width wanted of the interval, in nats.
    max_iter : int
        Limit on the mixtures that are tried, of which there are not many in any case.

    Returns
    -------
    lower : float
        0 if the tree is too large.
    upper : float
        Infinity then.

    Notes
    -----
    A capacity is convex in the rows, so that each mixture of strategies gives a plane below the capacity of all rows.
    A weighted sum of the planes is one, too: where it is lowest, which a best strategy tells, lies a lower end.
    Weights and the next mixture come from a linear program over the planes and the strategies found so far.
    """
    if strategies.horizon > _DEEPEST_TREE or strategies.size(state, strategies.horizon) > _LARGEST_TREE:
        return 0.0, math.inf
    random = strategies.least(state, None)
    used = random.any(axis=0)
    columns, planes = random[None], np.empty((0, *random.shape))
    lower, upper, mixture, rewards = 0.0, math.inf, np.ones(1), np.zeros(np.count_nonzero(used))
    inside = min(_INSIDE * tol / math.log(max(rewards.size, 2)), 0.5)
    for _ in range(min(max_iter, _MOST_ROUNDS)):
        rows = (1 - inside) * np.tensordot(mixture, columns, 1) + inside * random
        slopes = np.zeros(rows.shape)
        high, slopes[:, used] = tangent(
            np.ascontiguousarray(rows[:, used]), rewards, tol, strategies.opponent.backend
        )
        roundings = (len(columns) + sum(rows.shape) + 8) * _EPS
        upper = min(upper, float(outward(0.0, high, error + roundings, 1.0)[1]))
        planes = np.vstack([planes, slopes[None]])
        _, mixture, weights = lowest_point(np.tensordot(planes, columns, ([1, 2], [1, 2])))
        payoffs = np.tensordot(weights, planes, 1)
        column = strategies.least(state, payoffs)
        largest = 1.0 + float(np.abs(payoffs).max(axis=1).sum())
        lower = max(lower, float(np.vdot(payoffs, column)) - 2 * (error + roundings) * largest)
        if upper - lower <= tol:
            break
        columns, mixture = np.vstack([columns, column[None]]), np.append(mixture, 0.0)
    return min(lower, upper), upper

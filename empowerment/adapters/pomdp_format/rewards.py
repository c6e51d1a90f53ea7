"""Rewards of action, state, next state and observation, reduced to those of state and action."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence

import numpy as np
from scipy import sparse

from empowerment.adapters.pomdp_format.overrides import NO_STATEMENT, Coordinates, LatestStatements

_AT_ONCE = 2**20
"""How many transitions, or pairs of one and an observation, are looked at together."""


class RewardTable:
    """Statements of rewards; a later one overrides earlier ones, and entries without a statement are 0.

    Parameters
    ----------
    shape : sequence of int
        (n_actions, n_states, n_states, n_observations); the last is 1 if there are no observations.
    """

    def __init__(self, shape: Sequence[int]) -> None:
        self.shape = tuple(shape)
        self._numbers = array("d")
        self._begins, self._steps = array("q"), array("q")  # where a statement's numbers are, four steps each
        # Most files say the same of all observations, which are then left alone.
        self._alike = LatestStatements(self.shape[:3])
        self._differing = LatestStatements(self.shape)
        self._may_differ = LatestStatements(self.shape[:3])

    def __bool__(self) -> bool:
        return bool(self._begins)

    def count(self, coordinates: Coordinates) -> int:
        """Return the number of values in a statement about the first coordinates."""
        return math.prod(self.shape[len(coordinates) :])

    def add(self, coordinates: Coordinates, numbers: list[float]) -> None:
        """Add one reward for an entry, or one for each entry along the trailing axes that are left out.

        Parameters
        ----------
        coordinates : tuple of int or None
            The first coordinates, or all four.
        numbers : list of float
            The reward of one entry, or those along the missing axes, in C order.
        """
        number, open_axes = len(self._begins), self.shape[len(coordinates) :]
        self._begins.append(len(self._numbers))
        self._numbers.extend(numbers)
        strides = [0] * len(coordinates) + [math.prod(open_axes[i + 1 :]) for i in range(len(open_axes))]
        self._steps.extend(strides)
        coordinates = (*coordinates, *[None] * len(open_axes))
        if coordinates[3] is None and not (strides[3] and self.shape[3] > 1):
            self._alike.add(coordinates[:3], number)
        else:
            self._differing.add(coordinates, number)
            self._may_differ.add(coordinates[:3], number)

    def expected(self, transition: sparse.csr_array, observation: sparse.csr_array | None) -> np.ndarray:
        """Compute the expected reward of each state and action, of shape (n_states, n_actions).

        Parameters
        ----------
        transition : csr_array of shape (n_actions * n_states, n_states)
        observation : csr_array of shape (n_actions * n_states, n_observations), or None
        """
        n_actions, n_states = self.shape[:2]
        means = np.empty(n_actions * n_states)
        for rows in _parts(transition.indptr):
            begins = transition.indptr[rows.start : rows.stop + 1]
            entries = slice(begins[0], begins[-1])
            row = np.repeat(np.arange(rows.start, rows.stop), np.diff(begins))
            targets = np.stack([*divmod(row, n_states), transition.indices[entries].astype(np.int64)])
            values = self._of_transitions(targets, observation)
            means[rows] = _means(transition.data[entries], values, begins[:-1] - begins[0])
        return means.reshape(n_actions, n_states).T

    def _of_transitions(self, targets: np.ndarray, observation: sparse.csr_array | None) -> np.ndarray:
        """Compute the mean over observations for action, state and next state, of shape (3, n_transitions)."""
        statement = self._alike.at(*targets)
        values = self._stated_rewards(statement, (*targets, np.zeros_like(statement)))
        if observation is not None and self._differing:
            differing = np.flatnonzero(self._may_differ.at(*targets) > statement)
            values[differing] = self._over_observations(targets[:, differing], statement[differing], observation)
        return values

    def _over_observations(self, targets: np.ndarray, alike: np.ndarray, observation: sparse.csr_array) -> np.ndarray:
        """Compute the mean over observations where they differ; `alike` is the last statement about all of them."""
        seen_in = targets[0] * self.shape[1] + targets[2]
        ends = np.concatenate([[0], np.cumsum(np.diff(observation.indptr)[seen_in])])
        means = np.empty(len(alike))
        for part in _parts(ends):
            firsts, counts = ends[part] - ends[part.start], np.diff(ends[part.start : part.stop + 1])
            entry = np.arange(counts.sum()) + np.repeat(observation.indptr[seen_in[part]] - firsts, counts)
            action, state, following = np.repeat(targets[:, part], counts, axis=1)
            coordinates = action, state, following, observation.indices[entry].astype(np.int64)
            statement = np.maximum(np.repeat(alike[part], counts), self._differing.at(*coordinates))
            means[part] = _means(observation.data[entry], self._stated_rewards(statement, coordinates), firsts)
        return means

    def _stated_rewards(self, statement: np.ndarray, coordinates: tuple[np.ndarray, ...]) -> np.ndarray:
        """Return the rewards of entries by their statements, 0 if there is none."""
        numbers, begins = np.frombuffer(self._numbers), np.frombuffer(self._begins, np.int64)
        steps = np.frombuffer(self._steps, np.int64).reshape(-1, 4)
        where = begins[statement] + sum(steps[statement, axis] * coordinates[axis] for axis in range(4))
        return np.where(statement == NO_STATEMENT, 0.0, numbers[np.where(statement == NO_STATEMENT, 0, where)])


def _parts(ends: np.ndarray) -> Iterator[slice]:
    """Yield ranges of rows, each with few entries or one row long; the entries of row i end at ``ends[i + 1]``."""
    begin = 0
    while begin < len(ends) - 1:
        end = max(begin + 1, int(np.searchsorted(ends, ends[begin] + _AT_ONCE, "right")) - 1)
        yield slice(begin, end)
        begin = end


def _means(weights: np.ndarray, values: np.ndarray, begins: np.ndarray) -> np.ndarray:
    """Compute the mean of the values from each position to the next one.

    Weights sum to 1 up to rounding, which must not move a mean beyond its values: equal values give themselves.
    """
    with np.errstate(over="ignore"):
        means = np.add.reduceat(weights * values, begins)
    return np.clip(means, np.minimum.reduceat(values, begins), np.maximum.reduceat(values, begins))

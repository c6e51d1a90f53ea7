"""Rewards of action, state, next state and observation, reduced to those of state and action."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence

import numpy as np
from scipy import sparse

from empowerment.adapters.pomdp_format.overrides import NOBODY, LatestStatements, Place

_AT_ONCE = 2**20
"""How many transitions, or pairs of one and an observation, are looked at together."""


class RewardTable:
    """What the statements of rewards say; a later one overrides earlier ones, and what none speaks of is 0.

    Parameters
    ----------
    shape : sequence of int
        (n_actions, n_states, n_states, n_observations); the last is 1 where nothing is observed.
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

    def count(self, place: Place) -> int:
        """Return how many numbers a statement about the first coordinates has, one for all that follow."""
        return math.prod(self.shape[len(place) :])

    def add(self, place: Place, numbers: list[float]) -> None:
        """Note one number for a place, or one for each place along the last axes that it leaves out.

        Parameters
        ----------
        place : tuple of int or None
            The first coordinates, or all four.
        numbers : list of float
            Of one place, or of all along the missing axes, in C order.
        """
        number, open_axes = len(self._begins), self.shape[len(place) :]
        self._begins.append(len(self._numbers))
        self._numbers.extend(numbers)
        strides = [0] * len(place) + [math.prod(open_axes[i + 1 :]) for i in range(len(open_axes))]
        self._steps.extend(strides)
        place = (*place, *[None] * len(open_axes))
        if place[3] is None and not (strides[3] and self.shape[3] > 1):
            self._alike.add(place[:3], number)
        else:
            self._differing.add(place, number)
            self._may_differ.add(place[:3], number)

    def expected(self, transition: sparse.csr_array, observation: sparse.csr_array | None) -> np.ndarray:
        """Return the expected reward of each state and action, shape (n_states, n_actions).

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
            places = np.stack([*divmod(row, n_states), transition.indices[entries].astype(np.int64)])
            values = self._of_transitions(places, observation)
            means[rows] = _means(transition.data[entries], values, begins[:-1] - begins[0])
        return means.reshape(n_actions, n_states).T

    def _of_transitions(self, places: np.ndarray, observation: sparse.csr_array | None) -> np.ndarray:
        """Return the mean over observations for action, state and next state, shape (3, n_transitions)."""
        statement = self._alike.at(*places)
        values = self._said(statement, (*places, np.zeros_like(statement)))
        if observation is not None and self._differing:
            differing = np.flatnonzero(self._may_differ.at(*places) > statement)
            values[differing] = self._over_observations(places[:, differing], statement[differing], observation)
        return values

    def _over_observations(self, places: np.ndarray, alike: np.ndarray, observation: sparse.csr_array) -> np.ndarray:
        """Return the mean over observations where they differ; `alike` is the last statement about all of them."""
        seen_in = places[0] * self.shape[1] + places[2]
        ends = np.concatenate([[0], np.cumsum(np.diff(observation.indptr)[seen_in])])
        means = np.empty(len(alike))
        for part in _parts(ends):
            firsts, counts = ends[part] - ends[part.start], np.diff(ends[part.start : part.stop + 1])
            entry = np.arange(counts.sum()) + np.repeat(observation.indptr[seen_in[part]] - firsts, counts)
            action, state, following = np.repeat(places[:, part], counts, axis=1)
            place = action, state, following, observation.indices[entry].astype(np.int64)
            statement = np.maximum(np.repeat(alike[part], counts), self._differing.at(*place))
            means[part] = _means(observation.data[entry], self._said(statement, place), firsts)
        return means

    def _said(self, statement: np.ndarray, place: tuple[np.ndarray, ...]) -> np.ndarray:
        """Return what statements say of places, 0 where there is none."""
        numbers, begins = np.frombuffer(self._numbers), np.frombuffer(self._begins, np.int64)
        steps = np.frombuffer(self._steps, np.int64).reshape(-1, 4)
        where = begins[statement] + sum(steps[statement, axis] * place[axis] for axis in range(4))
        return np.where(statement == NOBODY, 0.0, numbers[np.where(statement == NOBODY, 0, where)])


def _parts(ends: np.ndarray) -> Iterator[slice]:
    """Yield ranges of rows, each with few entries or one row long; the entries of row i end at ``ends[i + 1]``."""
    begin = 0
    while begin < len(ends) - 1:
        end = max(begin + 1, int(np.searchsorted(ends, ends[begin] + _AT_ONCE, "right")) - 1)
        yield slice(begin, end)
        begin = end


def _means(weights: np.ndarray, values: np.ndarray, begins: np.ndarray) -> np.ndarray:
    """Return the mean of the values from each of the positions to the next one.

    Weights sum to 1 up to rounding, which must not carry a mean beyond its values: equal ones give themselves.
    """
    with np.errstate(over="ignore"):
        means = np.add.reduceat(weights * values, begins)
    return np.clip(means, np.minimum.reduceat(values, begins), np.maximum.reduceat(values, begins))

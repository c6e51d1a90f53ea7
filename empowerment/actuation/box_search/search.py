"""Branch and bound for the largest divergence of any row from q: a convex function, maximised over a polytope.

Boxes of readings are split, those with the largest bounds first, until no bound exceeds a level. The bounds of the
boxes that are left are an upper end wherever the search is stopped.
"""

from __future__ import annotations

from types import ModuleType
from typing import NamedTuple

import numpy as np

from empowerment.actuation.box_search.ascent import ascended, divergences
from empowerment.actuation.box_search.boxes import Boxes, Price, chords, tightened, within_mass
from empowerment.actuation.box_search.frontier import Frontier
from empowerment.actuation.box_search.polytope import ReadingPolytope
from empowerment.actuation.box_search.rows import KnownRows
from empowerment.actuation.budget import Budget

# Boxes to split at a time; how often one is bounded at most, and the first of all.
_AT_ONCE, _ROUNDS, _FIRST_ROUNDS = 64, 10, 50
# A box is bounded again if the row that was met may take more than this part off what the bound exceeds the level by,
# or if more than this part of an interval was removed.
_FALL, _SHRINK = 0.1, 0.2
# Nats; where chord and function are closer there is nothing to split.
_CLOSED = 1e-13
# A search ends early if a row exceeds the level by more than a part of what the bound does. What was searched is then
# lost, so that this part is small at first, and larger after a share of the budget.
_EARLY, _BETTER, _SHARE = 0.02, 0.1, 0.15
# Rows from which local search begins, of those met with each split.
_CLIMBERS = 8


class Found(NamedTuple):
    """What a search has proved.

    Attributes
    ----------
    bound : float
        Upper bound on the divergence of all rows from q, in nats.
    rows : ndarray of shape (n, n_readings)
        Rows whose divergence exceeds the level.
    """

    bound: float
    rows: np.ndarray


class _Round(NamedTuple):
    """Boxes with new bounds.

    Attributes
    ----------
    boxes : Boxes
    rows : ndarray of shape (n_boxes, n_readings)
        The rows that earn most.
    falls : ndarray of shape (n_boxes,)
        How much the bounds may fall, at most, when these rows are mixed, too.
    """

    boxes: Boxes
    rows: np.ndarray
    falls: np.ndarray


class BoxSearch:
    """Searches the boxes of a polytope.

    Parameters
    ----------
    polytope : ReadingPolytope
    kernels : module
        With ``box_prices``, see :mod:`empowerment.actuation.kernels`.
    budget : Budget
        Of all searches together.
    """

    def __init__(self, polytope: ReadingPolytope, kernels: ModuleType, budget: Budget) -> None:
        self._polytope, self._kernels, self.budget = polytope, kernels, budget
        eye, ones = np.eye(polytope.n_readings), np.ones((1, polytope.n_readings))
        values, rows = polytope.support(np.concatenate([eye, -eye, ones, -ones]))
        highest, lowest, (self._most,), (least,) = np.split(values, [len(eye), 2 * len(eye), 2 * len(eye) + 1])
        self._low, self._high, self._least = np.maximum(-lowest, 0.0), np.maximum(highest, 0.0), -least
        self.known = KnownRows(polytope.n_readings)
        self.known.add(rows)

    def largest_divergence(self, q: np.ndarray, level: float, rows: np.ndarray) -> Found:
        """Bound the divergence of all rows from q, until the bound is at most `level` or a limit is met.

        Parameters
        ----------
        q : ndarray of shape (n_readings,)
            Positive.
        level : float
            In nats; no less than the divergence of any row in `rows`.
        rows : ndarray of shape (n, n_readings)
            Some rows, of which mixtures are made at first.
        """
        self.known.add(rows)
        return _Search(self, q, level).run()

    def root(self, q: np.ndarray) -> Boxes:
        """Return the box of all rows, which is not bounded yet."""
        n_candidates = 2 * q.size + 16
        furthest = np.argsort(-divergences(self.known.rows, q), kind="stable")[:n_candidates]
        candidates = np.full((1, n_candidates), -1)
        candidates[0, : furthest.size] = furthest
        return Boxes(
            low=self._low[None],
            high=self._high[None],
            bounds=np.array([np.inf]),
            candidates=candidates,
            readings=np.zeros(1, dtype=np.int64),
            below=np.zeros(1),
            above=np.zeros(1),
            looseness=np.array([np.inf]),
        )

    def bounded(self, boxes: Boxes, logs: np.ndarray, level: float) -> _Round:
        """Bound boxes once, and remove what stays below the level."""
        slopes = chords(boxes.low, boxes.high, logs)
        prices, weights = self._kernels.box_prices(self.known.rows, boxes.candidates, boxes.low, boxes.high, slopes)
        # Any prices prove a bound; should a program fail, those of the chords do.
        prices = np.where(np.isfinite(prices).all(axis=1, keepdims=True), prices, slopes)
        mixed = self.known.rows[boxes.candidates]
        points = np.nan_to_num(np.einsum("bc,bcy->by", weights, mixed))
        reach, rows = self._polytope.support(prices)
        earned = np.where(boxes.candidates >= 0, np.einsum("by,bcy->bc", prices, mixed), -np.inf).max(axis=1)
        boxes = within_mass(tightened(boxes, Price(prices, reach, points), logs, level), self._least, self._most)
        candidates = _with_newest(boxes.candidates, weights, self.known.add(rows))
        return _Round(boxes._replace(candidates=candidates), rows, reach - earned)

    def ascended(self, rows: np.ndarray, q: np.ndarray) -> np.ndarray:
        """Return what local search makes of some rows, which it knows from then on."""
        found = ascended(self._polytope, rows, q)
        self.known.add(found)
        return found


class _Search:
    """One search: for a distribution q and a level."""

    def __init__(self, shared: BoxSearch, q: np.ndarray, level: float) -> None:
        self._shared, self._q, self._logs = shared, q, np.log(q)
        # Where q sums to more than 1, rows are further from what it is a multiple of.
        self._excess = max(float(q.sum()) - 1.0, 0.0)
        self._level = level - self._excess
        self._highest, self._rows = self._level, [np.empty((0, q.size))]

    def run(self) -> Found:
        """Split boxes until the level, or a limit, is reached."""
        frontier = Frontier(self._refined(self._shared.root(self._q), _FIRST_ROUNDS))
        settled, budget = self._level, self._shared.budget
        while len(frontier) and frontier.bound > settled and not self._is_outdated(frontier.bound):
            highest = frontier.bound
            boxes = frontier.take(int(min(_AT_ONCE, max(budget.nodes - budget.used, 1))))
            tight = boxes.looseness <= _CLOSED
            settled = max(settled, float(boxes.bounds[tight].max(initial=-np.inf)))
            boxes = boxes.chosen(~tight)
            frontier.add(self._refined(boxes.halves(), _ROUNDS))
            budget.count(highest + self._excess, len(tight))
            if budget.spent:
                break
        bound = max(settled, frontier.bound, self._level) + self._excess
        return Found(bound, np.unique(np.concatenate(self._rows), axis=0))

    def _is_outdated(self, bound: float) -> bool:
        """Whether rows were found that make another q better."""
        budget = self._shared.budget
        part = _EARLY if budget.used <= _SHARE * budget.nodes else _BETTER
        return self._highest - self._level > max(part * (bound - self._level), _CLOSED)

    def _refined(self, boxes: Boxes, rounds: int) -> Boxes:
        """Bound boxes again while that helps, and return those that are left."""
        done: list[Boxes] = []
        for number in range(rounds):
            width = boxes.high - boxes.low
            boxes, rows, falls = self._shared.bounded(boxes, self._logs, self._level)
            self._collect(rows)
            if not number:
                furthest = np.argsort(-divergences(rows, self._q), kind="stable")[:_CLIMBERS]
                self._collect(self._shared.ascended(rows[furthest], self._q))
            shrinks = (width - (boxes.high - boxes.low) > _SHRINK * width).any(axis=1)
            again = shrinks | (falls > _FALL * np.maximum(boxes.bounds - self._level, 0.0))
            is_open = boxes.bounds > self._level
            done.append(boxes.chosen(is_open & ~again))
            boxes = boxes.chosen(is_open & again)
            if not boxes.size:
                break
        return boxes.joined(done)

    def _collect(self, rows: np.ndarray) -> None:
        """Keep rows that exceed the level."""
        gains = divergences(rows, self._q)
        self._highest = max(self._highest, float(gains.max(initial=-np.inf)))
        if self._highest > self._level:
            self._rows.append(rows[gains > self._level])


def _with_newest(candidates: np.ndarray, weights: np.ndarray, newest: np.ndarray) -> np.ndarray:
    """Return the newest candidates first, then those of positive weight, then the others, as many as before."""
    order = np.argsort(-1 * (weights > 0) + (candidates < 0), axis=1, kind="stable")
    return np.column_stack([newest, np.take_along_axis(candidates, order, axis=1)[:, :-1]])

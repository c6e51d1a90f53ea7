"""Boxes of readings: what bounds the divergence over a box, and which parts of it need no search.

Let z be the row of a policy, in a box with the ends l and u, and w any payoff of the readings. Dynamic programming
gives V(w), the most that any policy earns. With ``g_y(t) = t log(t / q_y) - w_y t``, which is convex,

    D(z || q) = w z + sum_y g_y(z_y) <= V(w) + sum_y max(g_y(l_y), g_y(u_y)).

This holds for every w; the w that `box_prices` proposes make it small. It also says more of each reading alone: where
g_y is below its largest value by more than the bound exceeds some level, the divergence is below this level. As g_y
is convex that leaves a part next to either end of the interval, or to one of them, or nothing of the box.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from empowerment.actuation.box_search.polytope import divergence_terms

_BISECTIONS = 26
# Each term of a bound takes some ten operations, whose errors are relative to what is added up.
_OPERATIONS = 16
_EPS = float(np.finfo(float).eps)
# Of a reading's interval, the least part on either side of where it is split.
_MARGIN = 0.4
# Over shorter intervals the chord is a tangent.
_POINT = 1e-12


class Boxes(NamedTuple):
    """Boxes of readings, and where to split each.

    Attributes
    ----------
    low, high : ndarray of shape (n_boxes, n_readings)
    bounds : ndarray of shape (n_boxes,)
        Upper bounds on the divergence of all rows in each box; minus infinity if there is none.
    candidates : ndarray of int64 of shape (n_boxes, n_candidates)
        Numbers of rows to mix, see `box_prices`.
    readings : ndarray of int64 of shape (n_boxes,)
        The reading by which to split.
    below, above : ndarray of shape (n_boxes,)
        There the lower part ends and the upper part begins; between them no row exceeds the level of the search.
    looseness : ndarray of shape (n_boxes,)
        How far chord and function are apart in the middle of an interval, at most.
    """

    low: np.ndarray
    high: np.ndarray
    bounds: np.ndarray
    candidates: np.ndarray
    readings: np.ndarray
    below: np.ndarray
    above: np.ndarray
    looseness: np.ndarray

    @property
    def size(self) -> int:
        """Number of boxes."""
        return int(self.bounds.size)

    def chosen(self, which: np.ndarray) -> Boxes:
        """Return some of the boxes."""
        return Boxes(*(part[which] for part in self))

    def halves(self) -> Boxes:
        """Return the lower parts of all boxes, then the upper ones."""
        low, high, box = self.low.copy(), self.high.copy(), np.arange(self.size)
        high[box, self.readings], low[box, self.readings] = self.below, self.above
        return self._replace(high=high).joined([self._replace(low=low)])

    def joined(self, others: Sequence[Boxes]) -> Boxes:
        """Return these boxes, then the others."""
        return Boxes(*(np.concatenate(part) for part in zip(self, *others, strict=True)))


class Price(NamedTuple):
    """Payoffs of the readings, and what they bring in each box.

    Attributes
    ----------
    prices : ndarray of shape (n_boxes, n_readings)
    reach : ndarray of shape (n_boxes,)
        Upper bounds on what any policy earns.
    points : ndarray of shape (n_boxes, n_readings)
        Where the sums of chords are largest, as far as is known.
    """

    prices: np.ndarray
    reach: np.ndarray
    points: np.ndarray


def chords(low: np.ndarray, high: np.ndarray, logs: np.ndarray) -> np.ndarray:
    """Return the slopes of the chords of ``z log(z / q)`` over intervals."""
    width = high - low
    rise = divergence_terms(high, logs) - divergence_terms(low, logs)
    tangents = np.log(np.maximum(high, 1e-300)) + 1.0 - logs
    return np.where(width > _POINT, rise / np.maximum(width, _POINT), tangents)


def tightened(boxes: Boxes, price: Price, logs: np.ndarray, level: float) -> Boxes:
    """Return the boxes with their bounds, without the parts in which the divergence stays below `level`."""
    ends = np.stack([boxes.low, boxes.high])
    gains = divergence_terms(ends, logs) - price.prices * ends
    best = gains.max(axis=0)
    sizes = np.abs(divergence_terms(ends, logs)) + np.abs(price.prices * ends)
    rounding = _OPERATIONS * _EPS * (logs.size + 4) * (1.0 + np.abs(price.reach) + sizes.max(axis=0).sum(axis=1))
    bounds = price.reach + best.sum(axis=1) + rounding
    # What was added to the bound is subtracted here, so that rounding removes too little rather than too much.
    least = best - (bounds - level + rounding)[:, None]
    low, high = boxes.low.copy(), boxes.high.copy()
    is_low, is_high = gains[0] < least, gains[1] < least
    of = _Convex(np.broadcast_to(logs, low.shape), price.prices, least)
    rises, falls = is_low & ~is_high, is_high & ~is_low
    low[rises] = of.crossing(boxes.low, boxes.high, rises)
    high[falls] = of.crossing(boxes.high, boxes.low, falls)
    bounds = np.where((is_low & is_high).any(axis=1), -np.inf, np.minimum(bounds, boxes.bounds))
    return _with_splits(boxes._replace(low=low, high=high, bounds=bounds), price.points, of)


def within_mass(boxes: Boxes, least: float, most: float) -> Boxes:
    """Return the boxes without the parts in which no row has a mass from `least` to `most`."""
    slack = _OPERATIONS * _EPS * boxes.low.shape[1]
    others_low = boxes.low.sum(axis=1, keepdims=True) - boxes.low
    others_high = boxes.high.sum(axis=1, keepdims=True) - boxes.high
    low = np.maximum(boxes.low, least - others_high - slack)
    high = np.minimum(boxes.high, most - others_low + slack)
    empty = (low > high).any(axis=1)
    return boxes._replace(low=np.minimum(low, high), high=high, bounds=np.where(empty, -np.inf, boxes.bounds))


class _Convex(NamedTuple):
    """The functions g of all boxes and readings, and the values above which they matter."""

    logs: np.ndarray
    prices: np.ndarray
    least: np.ndarray

    def exceeds(self, z: np.ndarray, which: Any) -> np.ndarray:
        """Return whether some of the functions are at least what matters."""
        return np.asarray(divergence_terms(z, self.logs[which]) - self.prices[which] * z >= self.least[which])

    def crossing(self, outside: np.ndarray, inside: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Return points next to where some functions begin to matter, but which do not matter themselves.

        Neither do, by convexity, the points from there to `outside`, where the function does not matter either.
        """
        near, far = inside[which], outside[which]
        for _ in range(_BISECTIONS if far.size else 0):
            middle = 0.5 * (near + far)
            matters = self.exceeds(middle, which)
            near, far = np.where(matters, middle, near), np.where(matters, far, middle)
        return far

    def holes(self, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return where an interval has a part that does not matter, and its ends."""
        lowest = np.clip(np.exp(np.minimum(self.prices - 1.0 + self.logs, 0.0)), low, high)
        which = (low < lowest) & (lowest < high) & ~self.exceeds(lowest, ...)
        below, above = lowest.copy(), lowest.copy()
        below[which], above[which] = self.crossing(lowest, low, which), self.crossing(lowest, high, which)
        return which & (below < above), below, above


def _with_splits(boxes: Boxes, points: np.ndarray, of: _Convex) -> Boxes:
    """Choose where to split boxes: where chords are loose, at a hole if there is one, else not too close to an end.

    Chords count at the point in which their sum is largest, and in the middle: where all are tight at the point, but
    the bound is not, the intervals that are left are halved.
    """
    low, high, width = boxes.low, boxes.high, boxes.high - boxes.low
    points, centres = np.clip(points, low, high), 0.5 * (low + high)
    share = (points - low) / np.where(width > 0, width, 1.0)
    at_low, at_point, at_centre, at_high = (divergence_terms(z, of.logs) for z in (low, points, centres, high))
    gaps, most = (1.0 - share) * at_low + share * at_high - at_point, 0.5 * (at_low + at_high) - at_centre
    readings = (gaps + most).argmax(axis=1)
    chosen = np.arange(boxes.size), readings
    of = _Convex(*(part[chosen] for part in of))
    middle = np.clip(points, low + _MARGIN * width, high - _MARGIN * width)[chosen]
    is_hole, below, above = of.holes(low[chosen], high[chosen])
    below, above = np.where(is_hole, below, middle), np.where(is_hole, above, middle)
    return boxes._replace(readings=readings, below=below, above=above, looseness=most.max(axis=1))

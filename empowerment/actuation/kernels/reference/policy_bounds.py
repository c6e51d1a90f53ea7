"""A proved bound on the divergence of all policies of a set, the narrowing of the set, and where to split it.

A deterministic policy takes one choice c in each state s, with an occupancy x of the state. Its divergence from q is
the sum of ``phi_s(x) = x (log x + costs_s)``. The flow equation ``x_s - g (flow into s) = (1 - g) start_s`` holds,
times any number v_s. Adding all of that gives for any values v

    divergence = (1 - g) start . v + sum_s [phi_s(x) + x (g moves_c . v - v_s)].

Each bracket is convex in x, so it is largest at an end of the box of its choice: that is the bound.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from empowerment.actuation.kernels import Choices, PolicyBound, PolicySet
from empowerment.actuation.kernels.reference.occupancy_boxes import narrow_boxes
from empowerment.actuation.kernels.reference.value_proposals import divergence, propose_values

_EPS = float(np.finfo(float).eps)
_ROUNDS, _HALVINGS = 4, 30
# How far to follow a direction in which the linear program falls for ever.
_REACHES = (0.1, 1.0, 10.0, 100.0, 1e4)
# Splits stay this far, relative to the box, inside of it; narrower boxes count as points.
_INSIDE, _NARROW = 0.1, 1e-9
# A narrowing by less than this is not worth another round.
_WORTHWHILE = 0.02


class _Certificate(NamedTuple):
    """A bound, and what each choice adds to it at either end of its box; minus infinity where it is not allowed."""

    bound: float
    rounding: float
    slopes: np.ndarray
    at_low: np.ndarray
    at_high: np.ndarray
    best: np.ndarray


def bound_policies(world: Choices, lines: np.ndarray, costs: np.ndarray, cut: float, part: PolicySet) -> PolicyBound:
    """Bound the divergence of a set of policies from a distribution, and narrow the set.

    Parameters
    ----------
    world : Choices
    lines : ndarray of shape (n_states, n_states, n_lines, 2)
        What `tradeoffs` returns.
    costs : ndarray of shape (n_states,)
        ``-log q``.
    cut : float
        Policies of at most this divergence are left out where they are found.
    part : PolicySet
        Changed in place.

    Returns
    -------
    PolicyBound
        Of what is left; at most `cut` if no policy of a larger divergence is.
    """
    moves, bound = _matrix(world), math.inf
    holes, split = np.full((2, part.low.size), -1.0), (-1, 0.0, 0.0)
    for _ in range(_ROUNDS):
        if not narrow_boxes(world, lines, moves, part):
            return PolicyBound(-math.inf, -1, 0.0, 0.0, np.zeros(costs.size))
        proposal = propose_values(world, costs, part)
        found = _certify(world, moves, costs, part, proposal.values)
        for reach in _REACHES:
            if proposal.ray.any() and found.bound > cut:
                tried = _certify(world, moves, costs, part, proposal.values + reach * proposal.ray)
                found = min(found, tried, key=lambda each: each.bound)
        bound = min(bound, found.bound)
        if bound <= cut:
            break
        before = part.allowed.copy(), (part.high - part.low)[part.allowed]
        _reduce(world, costs, part, found, cut, holes)
        split = _split(costs, world, part, proposal.occupancies, holes, bound - cut)
        width = np.maximum(before[1] - (part.high - part.low)[before[0]], 0.0)
        if (part.allowed == before[0]).all() and not (width > _WORTHWHILE * before[1]).any():
            break
    return PolicyBound(bound, *split, np.add.reduceat(proposal.occupancies, world.first[:-1]))


def certificate(world: Choices, costs: np.ndarray, part: PolicySet, values: np.ndarray) -> float:
    """Return the bound of a set of policies that some values prove, rounded up."""
    return _certify(world, _matrix(world), costs, part, values).bound


def _matrix(world: Choices) -> np.ndarray:
    moves = np.zeros((world.owner.size, world.start.size))
    moves[np.repeat(np.arange(world.owner.size), np.diff(world.indptr)), world.indices] = world.data
    return moves


def _certify(
    world: Choices, moves: np.ndarray, costs: np.ndarray, part: PolicySet, values: np.ndarray
) -> _Certificate:
    """Evaluate the bound for some values.

    Each of its terms is rounded a few times, relative to the sizes of what it is made of, and their sum once a term.
    The size of 1 more is for points inside of a box, where ``x log x`` may be larger than at both ends, but never
    than 1.
    """
    g, owner, own = world.discount, world.owner, costs[world.owner]
    slopes = g * (moves @ values) - values[owner]
    steep = g * (moves @ np.abs(values)) + np.abs(values[owner])
    boxes = np.array([part.low, part.high])
    logs = np.log(np.where(boxes > 0, boxes, 1.0))
    at_low, at_high = np.where(part.allowed, boxes * (logs + own + slopes), -np.inf)
    sizes = np.where(part.allowed, boxes * (np.abs(logs) + np.abs(own) + steep), 0.0).max(axis=0)
    best = np.maximum.reduceat(np.maximum(at_low, at_high), world.first[:-1])
    begin = (1.0 - g) * world.start
    size = 1.0 + begin @ np.abs(values) + np.maximum.reduceat(sizes, world.first[:-1]).sum()
    rounding = (np.diff(world.indptr).max() + costs.size + 16) * _EPS * float(size)
    return _Certificate(float(begin @ values + best.sum()) + rounding, rounding, slopes, at_low, at_high, best)


def _reduce(
    world: Choices, costs: np.ndarray, part: PolicySet, found: _Certificate, cut: float, holes: np.ndarray
) -> None:
    """Drop choices, and move ends of boxes, that no policy of a divergence above `cut` needs.

    If a state adds less than its best by more than bound - cut, the others cannot make up for it.
    """
    least = (found.best - (found.bound - cut) - 2.0 * found.rounding)[world.owner]
    low_lost, high_lost = found.at_low < least, found.at_high < least
    part.allowed[low_lost & high_lost] = False
    for c in np.flatnonzero(part.allowed):
        add = _Addition(costs[world.owner[c]], found.slopes[c])
        low, high = part.low[c], part.high[c]
        bottom = min(max(add.bottom, low), high)
        if high - low <= _NARROW or add(bottom) >= least[c]:
            continue
        # Each is the outer one of two points between which the crossing lies.
        left = low if low_lost[c] else _crossing(add, low, bottom, least[c])
        right = high if high_lost[c] else _crossing(add, high, bottom, least[c])
        if low_lost[c]:
            part.low[c] = right
        elif high_lost[c]:
            part.high[c] = left
        else:
            holes[:, c] = left, right


class _Addition:
    """What a choice adds to the bound, as a convex function of the occupancy."""

    def __init__(self, cost: float, slope: float) -> None:
        self._steep = float(cost + slope)

    @property
    def bottom(self) -> float:
        return math.exp(min(-self._steep - 1.0, 1.0))

    def __call__(self, x: float) -> float:
        return x * (math.log(x) + self._steep) if x > 0 else 0.0


def _crossing(add: _Addition, kept: float, lost: float, least: float) -> float:
    """Return a point near where an addition falls below `least`, on the side where it does not."""
    for _ in range(_HALVINGS):
        middle = 0.5 * (kept + lost)
        if add(middle) < least:
            lost = middle
        else:
            kept = middle
    return kept


def _split(
    costs: np.ndarray, world: Choices, part: PolicySet, occupancies: np.ndarray, holes: np.ndarray, excess: float
) -> tuple[int, float, float]:
    """Return the choice whose chord lies the highest above its divergence, and where to split its box.

    What the bound exceeds the cut by comes from such chords and from mixing the choices of a state. If no chord
    accounts for half of its share, it is mixing: then one of the choices is taken or dropped.
    """
    own, low, high = costs[world.owner], part.low, part.high
    x = np.clip(occupancies, low, high)
    width = np.maximum(high - low, 1e-300)
    chord = divergence(low, own) + (x - low) / width * (divergence(high, own) - divergence(low, own))
    gap = np.where(part.allowed & (high - low > _NARROW), chord - divergence(x, own), -np.inf)
    c = int(np.argmax(gap))
    is_apart = bool(gap[c] > 0.5 * excess / costs.size)
    if not is_apart:
        c = _undecided(world, part, occupancies)
    if c < 0:
        return -1, 0.0, 0.0
    others = part.allowed[world.first[world.owner[c]] : world.first[world.owner[c] + 1]].sum() > 1
    if others and (low[c] > 0.5 * high[c] or high[c] - low[c] <= _NARROW or not is_apart):
        return c, 0.0, float(low[c])
    if low[c] < holes[0, c] < holes[1, c] < high[c]:
        return c, float(holes[0, c]), float(holes[1, c])
    margin = _INSIDE * (high[c] - low[c])
    point = float(min(max(x[c], low[c] + margin), high[c] - margin))
    return c, point, point


def _undecided(world: Choices, part: PolicySet, occupancies: np.ndarray) -> int:
    """Return the choice that is mixed the most with others of its state, or with a wide box if none has others."""
    counts = np.add.reduceat(part.allowed.astype(int), world.first[:-1])[world.owner]
    several = part.allowed & (counts > 1)
    if several.any():
        rest = np.add.reduceat(occupancies, world.first[:-1])[world.owner] - occupancies
        return int(np.argmax(np.where(several, np.minimum(occupancies, rest), -1.0)))
    width = np.where(part.allowed, part.high - part.low, 0.0)
    return int(np.argmax(width)) if width.max() > _NARROW else -1

"""A proved bound on the divergence of all policies of a set; see `reference.policy_bounds`."""

from __future__ import annotations

import math

import numpy as np
from numba import boolean, float64, void

from empowerment.actuation.kernels import Choices, PolicyBound, PolicySet
from empowerment.actuation.kernels.cpu.occupancy_boxes import WORLD, Part, World, narrow_boxes
from empowerment.actuation.kernels.cpu.value_proposals import divergence, propose_values
from empowerment.capacity.kernels.cpu.arrays import Array, vector, zeros
from empowerment.capacity.kernels.cpu.linear import copied
from empowerment.runtime.interrupts import run
from empowerment.runtime.jit import (
    OUT_NUMBERS,
    OUT_VECTOR,
    STOP,
    VECTOR,
    entry_point,
    jit,
    read_only,
    written,
)

_EPS = float(np.finfo(float).eps)
_ROUNDS, _HALVINGS = 4, 30
_REACHES = (0.0, 0.1, 1.0, 10.0, 100.0, 1e4)
_INSIDE, _NARROW = 0.1, 1e-9
_WORTHWHILE = 0.02
_PART = (written(boolean), OUT_VECTOR, OUT_VECTOR, written(float64, 3), written(boolean), OUT_NUMBERS)
_LINES = read_only(float64, 4)


def bound_policies(world: Choices, lines: np.ndarray, costs: np.ndarray, cut: float, part: PolicySet) -> PolicyBound:
    """Bound the divergence of a set of policies from a distribution, and narrow the set (see `reference`)."""
    n_states, n_choices = costs.size, world.owner.size
    found, occupancy = np.empty(4), np.zeros(n_states)
    work = 8.0 * n_states * (50.0 * world.data.size + n_states * n_choices)
    run(_bound_policies, (*world, costs, cut, lines, *part, found, occupancy), work)
    return PolicyBound(float(found[0]), int(found[1]), float(found[2]), float(found[3]), occupancy)


def certificate(world: Choices, costs: np.ndarray, part: PolicySet, values: np.ndarray) -> float:
    """Return the bound of a set of policies that some values prove, rounded up."""
    found = np.empty(1)
    run(_certificate, (*world, costs, *part, values, found), world.data.size)
    return float(found[0])


@entry_point(void(*WORLD, VECTOR, *_PART, VECTOR, OUT_VECTOR, STOP))
def _certificate(
    first: Array,
    owner: Array,
    indptr: Array,
    indices: Array,
    data: Array,
    start: Array,
    discount: float,
    costs: Array,
    allowed: Array,
    low: Array,
    high: Array,
    hits: Array,
    settled: Array,
    policy: Array,
    values: Array,
    found: Array,
    stop: Array,
) -> None:
    """Evaluate the bound for some values."""
    world = first, owner, indptr, indices, data, start, discount
    ends = vector(owner.size), vector(owner.size), vector(owner.size), vector(costs.size)
    found[0], _ = _certify(world, costs, (allowed, low, high, hits, settled, policy), values, ends)


@entry_point(void(*WORLD, VECTOR, float64, _LINES, *_PART, OUT_VECTOR, OUT_VECTOR, STOP))
def _bound_policies(
    first: Array,
    owner: Array,
    indptr: Array,
    indices: Array,
    data: Array,
    start: Array,
    discount: float,
    costs: Array,
    cut: float,
    lines: Array,
    allowed: Array,
    low: Array,
    high: Array,
    hits: Array,
    settled: Array,
    policy: Array,
    found: Array,
    occupancy: Array,
    stop: Array,
) -> None:
    """Alternate between boxes, values and what they rule out; write the bound and where to split."""
    world = first, owner, indptr, indices, data, start, discount
    part = allowed, low, high, hits, settled, policy
    n, n_choices = costs.size, owner.size
    values, ray, occupancies = vector(n), zeros(n), zeros(n_choices)
    ends = vector(n_choices), vector(n_choices), vector(n_choices), vector(n)
    holes = zeros(n_choices), zeros(n_choices)
    found[0], found[1], found[2], found[3] = math.inf, -1.0, 0.0, 0.0
    for _ in range(_ROUNDS):
        if not narrow_boxes(world, part, lines, stop):
            found[0] = -math.inf
            return
        has_ray = propose_values(world, costs, part, values, occupancies, ray, stop)
        bound, rounding = _certify(world, costs, part, values, ends)
        if has_ray and bound > cut:
            bound, rounding = _follow(world, costs, part, cut, (values, ray), ends)
        found[0] = min(found[0], bound)
        if found[0] <= cut:
            break
        moved = _reduce(world, costs, part, ends, bound - cut + 2.0 * rounding, holes)
        _split(world, costs, part, occupancies, holes, found[0] - cut, found)
        if not moved:
            break
    for c in range(n_choices):
        occupancy[owner[c]] += occupancies[c]


@jit()
def _certify(
    world: World, costs: Array, part: Part, values: Array, ends: tuple[Array, Array, Array, Array]
) -> tuple[float, float]:
    """Return the bound for some values and its rounding; write what each choice adds at either end of its box.

    Each term is rounded a few times, relative to the sizes of what it is made of, and their sum once a term. The size
    of 1 more is for points inside of a box, where ``x log x`` may be larger than at both ends, but never than 1.
    """
    first, _, indptr, indices, data, start, discount = world
    allowed, low, high, _, _, _ = part
    slopes, at_low, at_high, best = ends
    total, size, widest = 0.0, 1.0, 0
    for s in range(costs.size):
        total += (1.0 - discount) * start[s] * values[s]
        size += (1.0 - discount) * start[s] * abs(values[s])
        best[s], largest = -math.inf, 0.0
        for c in range(first[s], first[s + 1]):
            slope, steep = -values[s], abs(values[s])
            for k in range(indptr[c], indptr[c + 1]):
                slope += discount * data[k] * values[indices[k]]
                steep += discount * data[k] * abs(values[indices[k]])
            widest = max(widest, indptr[c + 1] - indptr[c])
            slopes[c] = slope
            if not allowed[c]:
                continue
            at_low[c] = divergence(low[c], costs[s]) + low[c] * slope
            at_high[c] = divergence(high[c], costs[s]) + high[c] * slope
            best[s] = max(best[s], at_low[c], at_high[c])
            largest = max(largest, _size(low[c], costs[s], steep), _size(high[c], costs[s], steep))
        total += best[s]
        size += largest
    rounding = (widest + costs.size + 16) * _EPS * size
    return total + rounding, rounding


@jit()
def _follow(
    world: World,
    costs: Array,
    part: Part,
    cut: float,
    line: tuple[Array, Array],
    ends: tuple[Array, Array, Array, Array],
) -> tuple[float, float]:
    """Follow a direction of values in which the bound falls, up to below the cut or where it is smallest."""
    values, ray = line
    before, best, chosen = copied(values), math.inf, 0.0
    for reach in _REACHES:
        for s in range(values.size):
            values[s] = before[s] + reach * ray[s]
        bound, rounding = _certify(world, costs, part, values, ends)
        if bound < best:
            best, chosen = bound, reach
        if bound <= cut:
            return bound, rounding
    for s in range(values.size):
        values[s] = before[s] + chosen * ray[s]
    return _certify(world, costs, part, values, ends)


@jit()
def _size(x: float, cost: float, steep: float) -> float:
    """Return the size of what is added up, which may cancel."""
    return x * (abs(math.log(x)) + abs(cost) + steep) if x > 0 else 0.0


@jit()
def _reduce(
    world: World,
    costs: Array,
    part: Part,
    ends: tuple[Array, Array, Array, Array],
    slack: float,
    holes: tuple[Array, Array],
) -> bool:
    """Drop choices, and move ends of boxes, that no policy above the cut needs; return whether that was much."""
    first = world[0]
    allowed, low, high, _, _, _ = part
    slopes, at_low, at_high, best = ends
    much = False
    for s in range(costs.size):
        least = best[s] - slack
        for c in range(first[s], first[s + 1]):
            if not allowed[c]:
                continue
            low_lost, high_lost = at_low[c] < least, at_high[c] < least
            if low_lost and high_lost:
                allowed[c] = False
                much = True
                continue
            steep, width = costs[s] + slopes[c], high[c] - low[c]
            bottom = min(max(math.exp(min(-steep - 1.0, 1.0)), low[c]), high[c])
            if width <= _NARROW or divergence(bottom, steep) >= least:
                continue
            left = low[c] if low_lost else _crossing(steep, low[c], bottom, least)
            right = high[c] if high_lost else _crossing(steep, high[c], bottom, least)
            if low_lost:
                low[c] = right
            elif high_lost:
                high[c] = left
            else:
                holes[0][c], holes[1][c] = left, right
            much = much or width - (high[c] - low[c]) > _WORTHWHILE * width
    return much


@jit()
def _crossing(steep: float, kept: float, lost: float, least: float) -> float:
    """Return a point near where an addition falls below `least`, on the side where it does not."""
    for _ in range(_HALVINGS):
        middle = 0.5 * (kept + lost)
        if divergence(middle, steep) < least:
            lost = middle
        else:
            kept = middle
    return kept


@jit()
def _split(
    world: World,
    costs: Array,
    part: Part,
    occupancies: Array,
    holes: tuple[Array, Array],
    excess: float,
    found: Array,
) -> None:
    """Write the choice whose chord lies the highest above its divergence, and where to split its box."""
    first, owner, _, _, _, _, _ = world
    allowed, low, high, _, _, _ = part
    widest, chosen = 0.5 * excess / costs.size, -1
    for c in range(owner.size):
        width = high[c] - low[c]
        if not allowed[c] or width <= _NARROW:
            continue
        cost, x = costs[owner[c]], min(max(occupancies[c], low[c]), high[c])
        bottom = divergence(low[c], cost)
        gap = bottom + (x - low[c]) / width * (divergence(high[c], cost) - bottom) - divergence(x, cost)
        if gap > widest:
            widest, chosen = gap, c
    is_mixed = chosen < 0
    if is_mixed:
        chosen = _undecided(world, part, occupancies)
    found[1], found[2], found[3] = chosen, 0.0, 0.0
    if chosen < 0:
        return
    others, s = -1, owner[chosen]
    for c in range(first[s], first[s + 1]):
        others += allowed[c]
    bottom, top = low[chosen], high[chosen]
    if others and (bottom > 0.5 * top or top - bottom <= _NARROW or is_mixed):
        found[3] = bottom
    elif bottom < holes[0][chosen] < holes[1][chosen] < top:
        found[2], found[3] = holes[0][chosen], holes[1][chosen]
    else:
        margin = _INSIDE * (top - bottom)
        found[2] = found[3] = min(max(occupancies[chosen], bottom + margin), top - margin)


@jit()
def _undecided(world: World, part: Part, occupancies: Array) -> int:
    """Return the choice that is mixed the most with others of its state, or with a wide box if none has others."""
    first, owner, _, _, _, _, _ = world
    allowed, low, high, _, _, _ = part
    most, found = -1.0, -1
    for s in range(first.size - 1):
        count, total = 0, 0.0
        for c in range(first[s], first[s + 1]):
            count += allowed[c]
            total += occupancies[c]
        for c in range(first[s], first[s + 1]):
            mixed = min(occupancies[c], total - occupancies[c])
            if allowed[c] and count > 1 and mixed > most:
                most, found = mixed, c
    if found >= 0:
        return found
    most = _NARROW
    for c in range(owner.size):
        if allowed[c] and high[c] - low[c] > most:
            most, found = high[c] - low[c], c
    return found

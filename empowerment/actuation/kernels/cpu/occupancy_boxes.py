"""Bounds on how often a policy of a set can be in each state; see `reference.occupancy_boxes`."""

from __future__ import annotations

import numpy as np
from numba import float64

from empowerment.capacity.kernels.cpu.arrays import Array, vector
from empowerment.runtime.jit import NUMBERS, VECTOR, jit, stopped

World = tuple[Array, Array, Array, Array, Array, Array, float]
"""The fields of `Choices`."""

WORLD = (NUMBERS, NUMBERS, NUMBERS, NUMBERS, VECTOR, VECTOR, float64)
"""Their types."""

Part = tuple[Array, Array, Array, Array, Array, Array]
"""The fields of `PolicySet`."""

_EPS = float(np.finfo(float).eps)
_SETTLED, _SWEEPS = 1e-3, 400


@jit()
def narrow_boxes(world: World, part: Part, lines: Array, stop: Array) -> bool:
    """Narrow the boxes of a set of policies; return whether a policy may be left."""
    first = world[0]
    allowed, low, high, hits, settled, _ = part
    changed = False
    for c in range(allowed.size):
        changed = changed or allowed[c] != settled[c]
        settled[c] = allowed[c]
    if changed:
        _hit(world, allowed, hits, low, high, stop)
    if not _drop_empty(first, allowed, low, high):
        return False
    _propagate(world, allowed, low, high)
    _trade(first, allowed, low, high, lines)
    _propagate(world, allowed, low, high)
    return _drop_empty(first, allowed, low, high)


@jit()
def _hit(world: World, allowed: Array, hits: Array, low: Array, high: Array, stop: Array) -> None:
    """Narrow the boxes by the hitting times of the choices that are left."""
    first, start = world[0], world[5]
    slack = 4.0 * (_widest(world[2]) + 4) * _EPS / (1.0 - world[6])
    for y in range(start.size):
        count = 0
        for c in range(first[y], first[y + 1]):
            count += allowed[c]
        _improve(world, allowed, hits[0, y], y, True, stop)
        _from_hits(world, hits[0, y], y, slack, high, True)
        if count == 1:
            _improve(world, allowed, hits[1, y], y, False, stop)
            _from_hits(world, hits[1, y], y, -slack, low, False)


@jit()
def _drop_empty(first: Array, allowed: Array, low: Array, high: Array) -> bool:
    """Drop the choices whose box is empty; return whether each state has one left."""
    for s in range(first.size - 1):
        count = 0
        for c in range(first[s], first[s + 1]):
            if low[c] > high[c]:
                allowed[c] = False
            count += allowed[c]
        if count == 0:
            return False
    return True


@jit()
def _trade(first: Array, allowed: Array, low: Array, high: Array, lines: Array) -> None:
    """Narrow the boxes by what must be given up for the lower ends elsewhere."""
    n = first.size - 1
    for t in range(n):
        least = np.inf
        for c in range(first[t], first[t + 1]):
            if allowed[c]:
                least = min(least, low[c])
        if not least > 0:
            continue
        for s in range(n):
            if s == t:
                continue
            most = 1.0
            for k in range(lines.shape[2]):
                most = min(most, lines[t, s, k, 1] - lines[t, s, k, 0] * least)
            for c in range(first[s], first[s + 1]):
                high[c] = min(high[c], most)


@jit()
def _widest(indptr: Array) -> int:
    """Return the largest number of entries of a row."""
    found = 0
    for c in range(indptr.size - 1):
        found = max(found, indptr[c + 1] - indptr[c])
    return found


@jit()
def _improve(world: World, allowed: Array, hits: Array, target: int, largest: bool, stop: Array) -> None:
    """Sweep over the states, there and back, and improve the bounds on hitting a target in place."""
    first, _, indptr, indices, data, start, discount = world
    n = start.size
    for _ in range(_SWEEPS):
        if stopped(stop):
            return
        change = 0.0
        for step in range(2 * n):
            x = step if step < n else 2 * n - 1 - step
            if x == target:
                continue
            best = -1.0 if largest else 2.0
            for c in range(first[x], first[x + 1]):
                if allowed[c]:
                    after = 0.0
                    for k in range(indptr[c], indptr[c + 1]):
                        after += data[k] * hits[indices[k]]
                    best = max(best, after) if largest else min(best, after)
            gain = hits[x] - discount * best if largest else discount * best - hits[x]
            if gain > 0:
                hits[x] = discount * best
                change = max(change, gain)
        if change < _SETTLED:
            return


@jit()
def _from_hits(world: World, hits: Array, y: int, slack: float, ends: Array, largest: bool) -> None:
    """Bound the occupancy of a state under each of its choices by the hitting times."""
    first, _, indptr, indices, data, start, discount = world
    arrive = slack
    for x in range(start.size):
        arrive += start[x] * hits[x]
    arrive = min(max(arrive, 0.0), 1.0)
    for c in range(first[y], first[y + 1]):
        back = slack
        for k in range(indptr[c], indptr[c + 1]):
            back += data[k] * hits[indices[k]]
        back = min(max(back, 0.0), 1.0)
        found = (1.0 - discount) * arrive / (1.0 - discount * back) * (1.0 + slack)
        ends[c] = min(ends[c], found) if largest else max(ends[c], found)


@jit()
def _propagate(world: World, allowed: Array, low: Array, high: Array) -> None:
    """Narrow the boxes by what flows into each state, and by the total of 1."""
    first, start, discount = world[0], world[5], world[6]
    n = start.size
    slack = 4.0 * (low.size + 8) * _EPS / (1.0 - discount)
    least, most_in, least_in = vector(n), vector(n), vector(n)
    most_from = vector(n)
    total = 0.0
    for s in range(n):
        least[s] = np.inf
        for c in range(first[s], first[s + 1]):
            if allowed[c]:
                least[s] = min(least[s], low[c])
        total += least[s]
        most_in[s] = least_in[s] = (1.0 - discount) * start[s]
        most_from[s] = -1.0
    for s in range(n):
        _flow(world, allowed, (low, high), s, most_from, (least_in, most_in))
    for s in range(n):
        most = min(1.0 + slack - (total - least[s]) * (1.0 - slack), most_in[s] * (1.0 + slack))
        for c in range(first[s], first[s + 1]):
            high[c] = min(high[c], most)
            low[c] = max(low[c], least_in[s] * (1.0 - slack))


@jit()
def _flow(
    world: World, allowed: Array, ends: tuple[Array, Array], s: int, most: Array, into: tuple[Array, Array]
) -> None:
    """Add the smallest and the largest flow from a state to those into others; `most` holds -1, before and after."""
    first, _, indptr, indices, data, _, discount = world
    low, high = ends
    count = 0
    for c in range(first[s], first[s + 1]):
        count += allowed[c]
        for k in range(indptr[c], indptr[c + 1]):
            if allowed[c]:
                most[indices[k]] = max(most[indices[k]], data[k] * high[c])
    for c in range(first[s], first[s + 1]):
        for k in range(indptr[c], indptr[c + 1]):
            x = indices[k]
            if most[x] >= 0.0:
                into[0][x] += discount * _least_flow(world, allowed, low, s, x, count)
                into[1][x] += discount * most[x]
                most[x] = -1.0


@jit()
def _least_flow(world: World, allowed: Array, low: Array, s: int, x: int, count: int) -> float:
    """Return the smallest flow from s to x over the choices that are left; 0 if one of them does not lead there."""
    first, _, indptr, indices, data, _, _ = world
    least = np.inf
    met = 0
    for c in range(first[s], first[s + 1]):
        if allowed[c]:
            for k in range(indptr[c], indptr[c + 1]):
                if indices[k] == x:
                    least = min(least, data[k] * low[c])
                    met += 1
    return least if met == count else 0.0

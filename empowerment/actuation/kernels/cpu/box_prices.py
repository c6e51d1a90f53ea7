"""Prices of readings for boxes, by the primal simplex method with bounds; see `reference.box_prices`.

Variables are numbered: the weights of the candidates, then the coordinates of the point in the box, the shortfalls
and the excesses of the readings. There is an equation for each reading, and one for the sum of the weights. Programs
are small, so that the inverse of the basis is dense and each pivot updates it.
"""

from __future__ import annotations

import math

import numpy as np
from numba import void

from empowerment.actuation.kernels import OUTSIDE
from empowerment.capacity.kernels.cpu.arrays import Array, integers, matrix, truths, vector, zeros
from empowerment.runtime.interrupts import run
from empowerment.runtime.jit import MATRIX, NUMBER_MATRIX, OUT_MATRIX, STOP, entry_point, jit, stopped

# A variable whose cost is reduced by less stays where it is; a coefficient below this is no pivot.
_GAIN, _PIVOT = 1e-10, 1e-11
# Pivots for each equation; if they do not suffice the last prices are as good as any.
_PIVOTS = 30


def box_prices(
    rows: np.ndarray, candidates: np.ndarray, low: np.ndarray, high: np.ndarray, payoffs: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the prices of the readings, and the weights of the candidates, for each box (see `reference`)."""
    prices, weights = np.empty(low.shape), np.zeros(candidates.shape)
    n_equations, work = low.shape[1] + 1.0, float(candidates.shape[1] + low.shape[1])
    operations = len(low) * 2 * n_equations * (n_equations**2 + work * n_equations)
    run(_box_prices, (rows, candidates, low, high, payoffs, prices, weights), operations)
    return prices, weights


@entry_point(void(MATRIX, NUMBER_MATRIX, MATRIX, MATRIX, MATRIX, OUT_MATRIX, OUT_MATRIX, STOP))
def _box_prices(
    rows: np.ndarray,
    candidates: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    payoffs: np.ndarray,
    prices: np.ndarray,
    weights: np.ndarray,
    stop: np.ndarray,
) -> None:
    """Solve one program after the other."""
    n_readings = low.shape[1]
    mixed = matrix(candidates.shape[1], n_readings + 1)
    for box in range(low.shape[0]):
        count = 0
        while count < candidates.shape[1] and candidates[box, count] >= 0:
            for y in range(n_readings):
                mixed[count, y] = rows[candidates[box, count], y]
            mixed[count, n_readings] = 1.0
            count += 1
        _solve(mixed[:count], low[box], high[box], payoffs[box], prices[box], weights[box], stop)
        if stopped(stop):
            return


@jit()
def _solve(mixed: Array, low: Array, high: Array, payoffs: Array, prices: Array, weights: Array, stop: Array) -> None:
    """Pivot until no variable gains, and write the multipliers and the weights."""
    count, size = mixed.shape
    n_readings = size - 1
    inverse, basis, x, gains = matrix(size, size), integers(size), zeros(size), zeros(size)
    at_high, is_basic = truths(n_readings), truths(count + 3 * n_readings)
    multipliers, direction = vector(size), vector(size)
    _begin(mixed[0], low, high, count, inverse, basis, x, gains, at_high, is_basic)
    for _ in range(_PIVOTS * size):
        if stopped(stop):
            return
        _multiply(gains, inverse, multipliers)
        entering, way = _entering(mixed, payoffs, multipliers, is_basic, at_high)
        if entering < 0:
            break
        _direct(mixed, inverse, entering, direction)
        leaving, step, to_high = _leaving(direction, way, basis, x, low, high, count, entering)
        if step == math.inf:
            break
        for i in range(size):
            x[i] -= way * step * direction[i]
        if leaving < 0:  # from one end of its interval to the other
            at_high[entering - count] = not at_high[entering - count]
            continue
        start, gain = 0.0, 0.0
        if count <= entering < count + n_readings:
            reading = entering - count
            start, gain = high[reading] if at_high[reading] else low[reading], payoffs[reading]
        elif entering >= count + n_readings:
            gain = -OUTSIDE
        left = basis[leaving] - count
        if 0 <= left < n_readings:
            at_high[left] = to_high
        is_basic[basis[leaving]], is_basic[entering] = False, True
        basis[leaving], x[leaving], gains[leaving] = entering, start + way * step, gain
        _pivot(inverse, direction, leaving)
    _multiply(gains, inverse, multipliers)
    for y in range(n_readings):
        prices[y] = -multipliers[y]
    for i in range(size):
        if basis[i] < count:
            weights[basis[i]] = x[i]


@jit()
def _begin(
    first: Array,
    low: Array,
    high: Array,
    count: int,
    inverse: Array,
    basis: Array,
    x: Array,
    gains: Array,
    at_high: Array,
    is_basic: Array,
) -> None:
    """Begin at the first candidate, with every reading at the closer end of its interval."""
    n_readings = low.size
    for y in range(n_readings):
        for j in range(n_readings + 1):
            inverse[y, j] = 0.0
            inverse[n_readings, j] = 0.0
        at_high[y] = abs(high[y] - first[y]) < abs(low[y] - first[y])
        excess = first[y] - (high[y] if at_high[y] else low[y])
        sign = -1.0 if excess >= 0 else 1.0
        basis[y] = count + (2 if excess >= 0 else 1) * n_readings + y
        is_basic[basis[y]] = True
        x[y], gains[y] = abs(excess), -OUTSIDE
        inverse[y, y] = sign
        inverse[y, n_readings] = -sign * first[y]
    inverse[n_readings, n_readings] = 1.0
    basis[n_readings], x[n_readings], is_basic[0] = 0, 1.0, True


@jit()
def _multiply(gains: Array, inverse: Array, multipliers: Array) -> None:
    """Write the gains of the basis times the inverse."""
    for j in range(gains.size):
        multipliers[j] = 0.0
    for i in range(gains.size):
        if gains[i] != 0.0:
            for j in range(gains.size):
                multipliers[j] += gains[i] * inverse[i, j]


@jit()
def _entering(mixed: Array, payoffs: Array, multipliers: Array, is_basic: Array, at_high: Array) -> tuple[int, float]:
    """Return the variable that gains most, and whether it rises or falls; -1 if none gains."""
    count, n_readings = mixed.shape[0], payoffs.size
    best, entering, way = _GAIN, -1, 1.0
    for i in range(count):
        if is_basic[i]:
            continue
        gain = 0.0
        for j in range(n_readings + 1):
            gain -= mixed[i, j] * multipliers[j]
        if gain > best:
            best, entering = gain, i
    for y in range(n_readings):
        gain = payoffs[y] + multipliers[y]
        if not is_basic[count + y] and (-gain if at_high[y] else gain) > best:
            best, entering, way = abs(gain), count + y, -1.0 if at_high[y] else 1.0
        for sign in range(2):
            other = count + (1 + sign) * n_readings + y
            gain = (multipliers[y] if sign else -multipliers[y]) - OUTSIDE
            if not is_basic[other] and gain > best:
                best, entering, way = gain, other, 1.0
    return entering, way


@jit()
def _direct(mixed: Array, inverse: Array, entering: int, direction: Array) -> None:
    """Write the inverse times the column of a variable."""
    count, size = mixed.shape
    for i in range(size):
        if entering < count:
            direction[i] = 0.0
            for j in range(size):
                direction[i] += inverse[i, j] * mixed[entering, j]
        else:
            kind, y = divmod(entering - count, size - 1)
            direction[i] = inverse[i, y] if kind == 1 else -inverse[i, y]


@jit()
def _leaving(
    direction: Array, way: float, basis: Array, x: Array, low: Array, high: Array, count: int, entering: int
) -> tuple[int, float, bool]:
    """Return the row whose variable first meets an end, the step to it, and whether that is its upper end.

    The row is -1 if it is the entering variable that comes to its other end.
    """
    n_readings = low.size
    leaving, step, to_high = -1, math.inf, False
    if count <= entering < count + n_readings:
        step = high[entering - count] - low[entering - count]
    for i in range(basis.size):
        slope, y = way * direction[i], basis[i] - count
        in_box = 0 <= y < n_readings
        if slope > _PIVOT:
            found = max(x[i] - (low[y] if in_box else 0.0), 0.0) / slope
        elif slope < -_PIVOT and in_box:
            found = max(high[y] - x[i], 0.0) / -slope
        else:
            continue
        if found < step:
            leaving, step, to_high = i, found, slope < 0
    return leaving, step, to_high


@jit()
def _pivot(inverse: Array, direction: Array, leaving: int) -> None:
    """Update the inverse for a new variable in the basis."""
    size = direction.size
    for j in range(size):
        inverse[leaving, j] /= direction[leaving]
    for i in range(size):
        if i != leaving and direction[i] != 0.0:
            for j in range(size):
                inverse[i, j] -= direction[i] * inverse[leaving, j]

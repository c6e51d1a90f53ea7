"""What a policy must give up in one state to be often in another; see `reference.occupancy_tradeoffs`."""

from __future__ import annotations

import numpy as np
from numba import float64, void

from empowerment.actuation.kernels import Choices
from empowerment.actuation.kernels.cpu.occupancy_boxes import WORLD, World
from empowerment.actuation.kernels.cpu.value_proposals import best_policy
from empowerment.capacity.kernels.cpu.arrays import Array, integers, matrix, truths, vector
from empowerment.runtime.interrupts import run
from empowerment.runtime.jit import STOP, entry_point, jit, stopped, written

_EPS = float(np.finfo(float).eps)
_APART, _WORTHWHILE = 1e-9, 1e-3


Search = tuple[Array, Array, Array, Array, Array]
"""All choices; scratch for rewards; the last policy, its values and the inverse of its flow equations."""


def tradeoffs(world: Choices, n_lines: int) -> np.ndarray:
    """Return lines that bound the occupancies of each pair of states (see `reference`)."""
    n_states = world.start.size
    lines = np.zeros((n_states, n_states, n_lines, 2))
    lines[..., 1] = 1.0
    run(_tradeoffs, (*world, lines), 10.0 * n_lines * float(n_states) ** 5)
    return lines


@entry_point(void(*WORLD, written(float64, 4), STOP))
def _tradeoffs(
    first: Array,
    owner: Array,
    indptr: Array,
    indices: Array,
    data: Array,
    start: Array,
    discount: float,
    lines: Array,
    stop: Array,
) -> None:
    """Write the lines of every pair (t, s)."""
    world = first, owner, indptr, indices, data, start, discount
    n = start.size
    allowed, gains, policy = truths(owner.size), vector(owner.size), integers(n)
    for c in range(owner.size):
        allowed[c] = True
    for s in range(n):
        policy[s] = first[s]
    search = allowed, gains, policy, vector(n), matrix(n, n)
    points, corners = matrix(n, n), matrix(lines.shape[2] + 2, 2)
    for s in range(n):
        _best(world, search, s, s, 0.0)
        for x in range(n):
            points[s, x] = _occupancy(world, search, x)
    for t in range(n):
        for s in range(n):
            if stopped(stop):
                return
            if s != t:
                corners[0, 0], corners[0, 1] = points[s, s], points[s, t]
                corners[1, 0], corners[1, 1] = points[t, s], points[t, t]
                _polygon(world, search, s, t, corners, lines[t, s])


@jit()
def _polygon(world: World, search: Search, s: int, t: int, corners: Array, lines: Array) -> None:
    """Write the lines through neighbouring corners, moved outward, with new corners where they are far away."""
    n_corners, n_lines, k = 2, 0, 0
    while k + 1 < n_corners and n_lines < len(lines):
        fall, rise = corners[k, 0] - corners[k + 1, 0], corners[k + 1, 1] - corners[k, 1]
        if rise <= _APART or fall <= _APART:
            k += 1
            continue
        weight = fall / rise
        limit = _best(world, search, s, t, weight)
        lines[n_lines, 0], lines[n_lines, 1] = weight, limit
        n_lines += 1
        if limit - corners[k, 0] - weight * corners[k, 1] > _WORTHWHILE * limit:
            for i in range(n_corners, k + 1, -1):
                corners[i, 0], corners[i, 1] = corners[i - 1, 0], corners[i - 1, 1]
            corners[k + 1, 0] = _occupancy(world, search, s)
            corners[k + 1, 1] = _occupancy(world, search, t)
            n_corners += 1
        else:
            k += 1


@jit()
def _occupancy(world: World, search: Search, x: int) -> float:
    """Return the occupancy of a state under the last policy."""
    start, discount, inverse = world[5], world[6], search[4]
    total = 0.0
    for i in range(start.size):
        total += (1.0 - discount) * start[i] * inverse[i, x]
    return total


@jit()
def _best(world: World, search: Search, s: int, t: int, weight: float) -> float:
    """Return the largest ``x_s + weight x_t`` of any policy, rounded up."""
    first, _, indptr, indices, data, start, discount = world
    allowed, gains, policy, values, inverse = search
    n = start.size
    for c in range(gains.size):
        gains[c] = 0.0
    for c in range(first[t], first[t + 1]):
        gains[c] = weight
    for c in range(first[s], first[s + 1]):
        gains[c] = 1.0
    best_policy(world, allowed, gains, policy, values, inverse)
    residual, total = 0.0, 0.0
    for i in range(n):
        total += (1.0 - discount) * start[i] * values[i]
        for c in range(first[i], first[i + 1]):
            more = gains[c] - values[i]
            for k in range(indptr[c], indptr[c + 1]):
                more += discount * data[k] * values[indices[k]]
            residual = max(residual, more)
    return total + residual + 8.0 * (n + 8) * _EPS * (1.0 + weight) / (1.0 - discount)

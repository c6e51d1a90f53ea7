"""Policies of locally largest divergence from a distribution; see `reference.policy_ascent`."""

from __future__ import annotations

import math

import numpy as np
from numba import int64, void

from empowerment.actuation.kernels import Choices
from empowerment.actuation.kernels.cpu.occupancy_boxes import WORLD, World
from empowerment.actuation.kernels.cpu.value_proposals import best_policy, divergence, invert
from empowerment.capacity.kernels.cpu.arrays import Array, integers, matrix, truths, vector
from empowerment.runtime.interrupts import run
from empowerment.runtime.jit import MATRIX, OUT_MATRIX, STOP, VECTOR, entry_point, jit, stopped, written

_STEPS, _GAIN = 200, 1e-11
_SMALLEST = 1e-12


def ascend(world: Choices, costs: np.ndarray, rewards: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Climb from the best policies for some rewards to policies of locally largest divergence (see `reference`)."""
    policies, rows = np.empty(rewards.shape, dtype=np.int64), np.empty(rewards.shape)
    work = 20.0 * len(rewards) * float(costs.size) ** 3
    run(_ascend, (*world, costs, np.ascontiguousarray(rewards), policies, rows), work)
    return policies, rows


@entry_point(void(*WORLD, VECTOR, MATRIX, written(int64, 2), OUT_MATRIX, STOP))
def _ascend(
    first: Array,
    owner: Array,
    indptr: Array,
    indices: Array,
    data: Array,
    start: Array,
    discount: float,
    costs: Array,
    rewards: Array,
    policies: Array,
    rows: Array,
    stop: Array,
) -> None:
    """Climb from each of the rewards."""
    world = first, owner, indptr, indices, data, start, discount
    n = costs.size
    search = truths(owner.size), vector(owner.size), vector(n), matrix(n, n)
    for c in range(owner.size):
        search[0][c] = True
    tried, after, goals = integers(n), vector(n), vector(n)
    for p in range(len(rewards)):
        policy, row, height = policies[p], rows[p], -math.inf
        for s in range(n):
            policy[s], goals[s] = first[s], rewards[p, s]
        for _ in range(_STEPS):
            if stopped(stop):
                return
            _copy(policy, tried)
            _best_for(world, goals, tried, search)
            found = _height(world, costs, search[3], after)
            if not found > height + _GAIN:
                _copy(policy, tried)
                if not _change_one(world, costs, tried, row, height, search[3], after):
                    break
                invert(world, tried, search[3])
                found = _height(world, costs, search[3], after)
            if not found > height + _GAIN:
                break
            height = found
            _copy(tried, policy)
            for s in range(n):
                row[s] = after[s]
                goals[s] = math.log(max(after[s], _SMALLEST)) + costs[s]


@jit()
def _copy(source: Array, target: Array) -> None:
    for i in range(source.size):
        target[i] = source[i]


@jit()
def _best_for(world: World, rewards: Array, policy: Array, search: tuple[Array, Array, Array, Array]) -> None:
    """Improve a policy until it is the best one for rewards of states; write its inverse."""
    first = world[0]
    allowed, gains, values, inverse = search
    for s in range(rewards.size):
        for c in range(first[s], first[s + 1]):
            gains[c] = rewards[s]
    best_policy(world, allowed, gains, policy, values, inverse)


@jit()
def _change_one(
    world: World, costs: Array, policy: Array, row: Array, height: float, inverse: Array, moved: Array
) -> bool:
    """Change a policy in the one state in which its divergence gains most; return whether it gains.

    The occupancy moves along one line, as the inverse does by a matrix of rank one.
    """
    first, _, indptr, indices, data, _, discount = world
    n = costs.size
    invert(world, policy, inverse)
    best, where, chosen = height + _GAIN, -1, -1
    for s in range(n):
        for c in range(first[s], first[s + 1]):
            if row[s] <= 0.0 or c == policy[s]:
                continue
            for i in range(n):
                moved[i] = 0.0
            for k in range(indptr[c], indptr[c + 1]):
                _add(data[k], inverse[indices[k]], moved)
            for k in range(indptr[policy[s]], indptr[policy[s] + 1]):
                _add(-data[k], inverse[indices[k]], moved)
            step = discount * row[s] / (1.0 - discount * moved[s])
            found = 0.0
            for i in range(n):
                found += divergence(max(row[i] + step * moved[i], 0.0), costs[i])
            if found > best:
                best, where, chosen = found, s, c
    if where >= 0:
        policy[where] = chosen
    return where >= 0


@jit()
def _add(weight: float, source: Array, target: Array) -> None:
    for i in range(target.size):
        target[i] += weight * source[i]


@jit()
def _height(world: World, costs: Array, inverse: Array, row: Array) -> float:
    """Write the occupancy of the policy of an inverse, and return its divergence."""
    _occupancy(world, inverse, row)
    found = 0.0
    for s in range(row.size):
        found += divergence(row[s], costs[s])
    return found


@jit()
def _occupancy(world: World, inverse: Array, row: Array) -> None:
    """Write the occupancy of the policy of an inverse."""
    start, discount = world[5], world[6]
    for s in range(start.size):
        row[s] = 0.0
    for x in range(start.size):
        if start[x] > 0:
            for s in range(start.size):
                row[s] += (1.0 - discount) * start[x] * inverse[x, s]
    for s in range(start.size):
        row[s] = max(row[s], 0.0)

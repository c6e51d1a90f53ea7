"""Policies of locally largest divergence from a distribution; see `reference.policy_ascent`."""

from __future__ import annotations

import math

import numpy as np
from numba import int64, void

from empowerment.actuation.kernels import Choices
from empowerment.actuation.kernels.cpu.occupancy_boxes import WORLD, World
from empowerment.actuation.kernels.cpu.value_proposals import divergence, improve, invert
from empowerment.capacity.kernels.cpu.arrays import Array, matrix, truths, vector
from empowerment.runtime.interrupts import run
from empowerment.runtime.jit import MATRIX, OUT_MATRIX, STOP, VECTOR, entry_point, jit, stopped, written

_STEPS, _GAIN = 60, 1e-11
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
    allowed, gains = truths(owner.size), vector(owner.size)
    for c in range(owner.size):
        allowed[c] = True
    inverse, values, after, goals = matrix(n, n), vector(n), vector(n), vector(n)
    for p in range(len(rewards)):
        if stopped(stop):
            return
        policy, row = policies[p], rows[p]
        for s in range(n):
            policy[s], goals[s] = first[s], rewards[p, s]
        height = -math.inf
        for _ in range(_STEPS):
            _best_policy(world, allowed, goals, gains, policy, values, inverse)
            _occupancy(world, inverse, after)
            found = 0.0
            for s in range(n):
                found += divergence(after[s], costs[s])
            if not found > height + _GAIN:
                break
            height = found
            for s in range(n):
                row[s] = after[s]
                goals[s] = math.log(max(after[s], _SMALLEST)) + costs[s]


@jit()
def _best_policy(
    world: World, allowed: Array, rewards: Array, gains: Array, policy: Array, values: Array, inverse: Array
) -> None:
    """Improve a policy until it is the best one for rewards of states."""
    first = world[0]
    for s in range(rewards.size):
        for c in range(first[s], first[s + 1]):
            gains[c] = rewards[s]
    for _ in range(_STEPS):
        invert(world, policy, inverse)
        for s in range(rewards.size):
            values[s] = 0.0
            for i in range(rewards.size):
                values[s] += inverse[s, i] * rewards[i]
        if not improve(world, allowed, gains, policy, values):
            return


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

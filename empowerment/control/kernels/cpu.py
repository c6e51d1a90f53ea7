"""Compiled modified policy iteration with Gauss-Seidel sweeps: each state uses the newest values of the others."""

from __future__ import annotations

import math

import numpy as np
from numba import boolean, float64, int64, void

from empowerment.control.kernels import SparseModel, Swept
from empowerment.runtime.interrupts import run
from empowerment.runtime.jit import (
    NUMBERS,
    OUT_MATRIX,
    OUT_VECTOR,
    STOP,
    VECTOR,
    entry_point,
    jit,
    read_only,
    stopped,
)

# One sweep in this many improves the policy; the others evaluate it, which is cheaper.
_PERIOD = 8


def sweep_until(
    model: SparseModel, rewards: np.ndarray, discount: float, order: np.ndarray, gap: float, max_iter: int
) -> Swept:
    """Sweep over the states `order` until nothing changes by more than `gap`; see the package."""
    n_tables, n_states = len(rewards), len(model.allowed)
    values, change = np.zeros((n_tables, n_states)), np.zeros(n_tables)
    sweeps = min(max_iter, _max_needed(rewards, discount, gap))
    run(
        _sweep,
        (*model, rewards, discount, order, gap, max_iter, values, change),
        float(n_tables) * sweeps * model.data.size,
    )
    return Swept(values, change)


def _max_needed(rewards: np.ndarray, discount: float, gap: float) -> float:
    """Bound the number of sweeps after which no value changes by more than `gap`, up to rounding."""
    first = float(np.abs(rewards).max()) / (1 - discount)
    if first <= gap or discount == 0:
        return 1.0
    return math.log(2 * first / gap) / -math.log(discount) + _PERIOD


@entry_point(
    void(
        NUMBERS,
        NUMBERS,
        VECTOR,
        read_only(boolean, 2),
        read_only(float64, 3),
        float64,
        NUMBERS,
        float64,
        int64,
        OUT_MATRIX,
        OUT_VECTOR,
        STOP,
    )
)
def _sweep(
    indptr: np.ndarray,
    indices: np.ndarray,
    data: np.ndarray,
    allowed: np.ndarray,
    rewards: np.ndarray,
    discount: float,
    order: np.ndarray,
    gap: float,
    max_iter: int,
    values: np.ndarray,
    change: np.ndarray,
    stop: np.ndarray,
) -> None:
    chosen = np.empty(allowed.shape[0], np.int64)
    for table in range(rewards.shape[0]):
        value, reward = values[table], rewards[table]
        for count in range(max_iter):
            if stopped(stop):
                return
            if count % _PERIOD == 0 or count == max_iter - 1:
                change[table] = _improve(indptr, indices, data, allowed, reward, discount, order, value, chosen)
                if change[table] <= gap:
                    break
            else:
                _evaluate(indptr, indices, data, reward, discount, order, chosen, value)


@jit()
def _improve(
    indptr: np.ndarray,
    indices: np.ndarray,
    data: np.ndarray,
    allowed: np.ndarray,
    reward: np.ndarray,
    discount: float,
    order: np.ndarray,
    value: np.ndarray,
    chosen: np.ndarray,
) -> float:
    """Set every value to that of the best action, stored in `chosen`; return the largest change."""
    n_actions, largest = allowed.shape[1], 0.0
    for state in order:
        best = -np.inf
        for action in range(n_actions):
            if allowed[state, action]:
                row = state * n_actions + action
                action_value = reward[state, action] + discount * _ahead(indptr, indices, data, row, value)
                if action_value > best:
                    best = action_value
                    chosen[state] = action
        largest = max(largest, abs(best - value[state]))
        value[state] = best
    return largest


@jit()
def _evaluate(
    indptr: np.ndarray,
    indices: np.ndarray,
    data: np.ndarray,
    reward: np.ndarray,
    discount: float,
    order: np.ndarray,
    chosen: np.ndarray,
    value: np.ndarray,
) -> None:
    """Set every value to that of the chosen action."""
    n_actions = reward.shape[1]
    for state in order:
        row = state * n_actions + chosen[state]
        value[state] = reward[state, chosen[state]] + discount * _ahead(indptr, indices, data, row, value)


@jit()
def _ahead(indptr: np.ndarray, indices: np.ndarray, data: np.ndarray, row: int, value: np.ndarray) -> float:
    expected = 0.0
    for k in range(indptr[row], indptr[row + 1]):
        expected += data[k] * value[indices[k]]
    return expected

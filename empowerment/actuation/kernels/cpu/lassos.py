"""The best policies of a deterministic world for given prices of its states; see `reference.lassos`.

Closed walks are followed from all states at once: entry (y, x) of a table belongs to the walks from x to y, so that
the inner loop runs over neighbouring entries. Only the best value and its length are kept for each x, and the walk is
followed once more where it is wanted: predecessors for all walks would take the cube of the number of states.
"""

from __future__ import annotations

import math

import numpy as np
from numba import float64, int64, void

from empowerment.actuation.kernels import Lassos
from empowerment.capacity.kernels.cpu.arrays import Array
from empowerment.runtime.interrupts import run
from empowerment.runtime.jit import (
    NUMBERS,
    OUT_MATRIX,
    OUT_NUMBERS,
    OUT_VECTOR,
    STOP,
    VECTOR,
    entry_point,
    jit,
    stopped,
    written,
)

_OUT_TABLE = written(int64, 2)
_GRAPH = (NUMBERS, NUMBERS, VECTOR, float64)
_FOUND = (OUT_VECTOR, OUT_VECTOR, OUT_NUMBERS, OUT_NUMBERS)


def best_lassos(
    indptr: np.ndarray, indices: np.ndarray, costs: np.ndarray, discount: float, above: float = -math.inf
) -> Lassos:
    """Return for each state the best walk from state 0 whose cycle begins there (see `reference`)."""
    n = costs.size
    graph = (indptr, indices, costs, discount)
    found = np.empty(n), np.empty(n), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    tables = np.empty((n, n)), np.empty((n, n))
    backs = np.empty((n + 1, n), dtype=np.int64), np.empty((n + 1, n), dtype=np.int64)
    run(_values, (*graph, *found, *tables, backs[0]), float(n) ** 2 * indices.size)
    states, closes = np.full((n, n), -1, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    walk, place = np.empty(2 * n + 1, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    work = float(found[3].sum()) * indices.size
    run(_walks, (*graph, above, *found, *tables, *backs, walk, place, states, closes), work)
    return Lassos(found[0], states, closes)


@entry_point(void(*_GRAPH, *_FOUND, OUT_MATRIX, OUT_MATRIX, _OUT_TABLE, STOP))
def _values(
    indptr: np.ndarray,
    indices: np.ndarray,
    costs: np.ndarray,
    discount: float,
    values: np.ndarray,
    cycle_values: np.ndarray,
    path_steps: np.ndarray,
    cycle_steps: np.ndarray,
    sums: np.ndarray,
    others: np.ndarray,
    back: np.ndarray,
    stop: np.ndarray,
) -> None:
    """Find the best value for each state, and the steps of its path and of its cycle."""
    _cycles((indptr, indices), costs, discount, (sums, others), cycle_values, cycle_steps, stop)
    _paths((indptr, indices), costs, discount, (sums, others), cycle_values, values, path_steps, back)


@entry_point(
    void(
        *(*_GRAPH, float64, *_FOUND, OUT_MATRIX, OUT_MATRIX, _OUT_TABLE, _OUT_TABLE),
        *(OUT_NUMBERS, OUT_NUMBERS, _OUT_TABLE, OUT_NUMBERS, STOP),
    )
)
def _walks(
    indptr: np.ndarray,
    indices: np.ndarray,
    costs: np.ndarray,
    discount: float,
    above: float,
    values: np.ndarray,
    cycle_values: np.ndarray,
    path_steps: np.ndarray,
    cycle_steps: np.ndarray,
    sums: np.ndarray,
    others: np.ndarray,
    back: np.ndarray,
    cycle_back: np.ndarray,
    walk: np.ndarray,
    place: np.ndarray,
    states: np.ndarray,
    closes: np.ndarray,
    stop: np.ndarray,
) -> None:
    """Write the walks whose value is above a limit, each up to where it first comes back to itself."""
    for x in range(costs.size):
        if stopped(stop):
            return
        if not values[x] > above:
            continue
        steps, here = path_steps[x], x
        for step in range(steps, 0, -1):
            here = back[step, here]
            walk[step - 1] = here
        _follow_cycle((indptr, indices), costs, discount, x, cycle_steps[x], (sums[0], others[0]), cycle_back)
        here = x
        walk[steps + cycle_steps[x]] = x
        for step in range(cycle_steps[x], 0, -1):
            here = cycle_back[step, here]
            walk[steps + step - 1] = here
        closes[x] = _first_return(walk, place, states[x])


@jit()
def _cycles(
    graph: tuple[Array, Array],
    costs: Array,
    discount: float,
    tables: tuple[Array, Array],
    best: Array,
    length: Array,
    stop: Array,
) -> None:
    """Find the value of the best closed walk from each state, and how many steps it has."""
    indptr, indices = graph
    sums, others = tables
    n, log_discount = costs.size, math.log(discount)
    for y in range(n):
        best[y] = -math.inf
        for x in range(n):
            sums[y, x] = 0.0 if x == y else -math.inf
    weight, entropy = 1.0, 0.0
    for steps in range(1, n + 1):
        for y in range(n):
            if stopped(stop):
                return
            into = others[y]
            for x in range(n):
                into[x] = -math.inf
            for e in range(indptr[y], indptr[y + 1]):
                part, gain = sums[indices[e]], weight * costs[indices[e]]
                for x in range(n):
                    into[x] = max(into[x], part[x] + gain)
        entropy += weight * (steps - 1) * log_discount
        weight *= discount
        share = (1.0 - discount) / -math.expm1(steps * log_discount) if discount < 1.0 else 1.0 / steps
        for x in range(n):
            found = math.log(share) + share * (others[x, x] + entropy)
            if found > best[x]:
                best[x], length[x] = found, steps
        sums, others = others, sums


@jit()
def _paths(
    graph: tuple[Array, Array],
    costs: Array,
    discount: float,
    tables: tuple[Array, Array],
    cycle_values: Array,
    values: Array,
    length: Array,
    back: Array,
) -> None:
    """Find for each state the best value with a path to it, the steps of that path, and who came before."""
    n, log_discount, left = costs.size, math.log(discount), 1.0 - discount
    log_left = math.log(left) if discount < 1.0 else 0.0
    sums, others = tables[0][0], tables[1][0]
    for x in range(n):
        sums[x] = -math.inf
        values[x] = -math.inf
    sums[0] = 0.0
    weight, entropy = 1.0, 0.0
    for steps in range(n):
        known = (1.0 - weight) * log_left + weight * steps * log_discount
        for x in range(n):
            if cycle_values[x] > -math.inf and sums[x] > -math.inf:
                found = left * (sums[x] + entropy) + known + weight * cycle_values[x]
                if found > values[x]:
                    values[x], length[x] = found, steps
        _step(graph, costs, weight, sums, others, back[steps + 1])
        entropy += weight * steps * log_discount
        weight *= discount
        sums, others = others, sums


@jit()
def _step(graph: tuple[Array, Array], costs: Array, weight: float, sums: Array, others: Array, back: Array) -> None:
    """Extend the best walks to each state by one step, and write who came before."""
    indptr, indices = graph
    for y in range(costs.size):
        others[y], back[y] = -math.inf, -1
        for e in range(indptr[y], indptr[y + 1]):
            found = sums[indices[e]] + weight * costs[indices[e]]
            if found > others[y]:
                others[y], back[y] = found, indices[e]


@jit()
def _follow_cycle(
    graph: tuple[Array, Array],
    costs: Array,
    discount: float,
    start: int,
    steps: int,
    tables: tuple[Array, Array],
    back: Array,
) -> None:
    """Write who came before on the best walks of each length from a state."""
    sums, others = tables
    for x in range(costs.size):
        sums[x] = -math.inf
    sums[start] = 0.0
    weight = 1.0
    for step in range(1, steps + 1):
        _step(graph, costs, weight, sums, others, back[step])
        weight *= discount
        sums, others = others, sums


@jit()
def _first_return(walk: Array, place: Array, states: Array) -> int:
    """Write a walk up to where it first meets a state again; return the place of that state in it."""
    size = 0
    while place[walk[size]] < 0:
        place[walk[size]] = size
        states[size] = walk[size]
        size += 1
    closes = place[walk[size]]
    for i in range(size):
        place[walk[i]] = -1
    return closes

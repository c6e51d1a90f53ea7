"""Enumerate the rows of many starts in one pass; see `reference.enumeration`.

A layer is stored state by state, so that one transition takes all rows along in one loop over neighbours in memory.
Its states are numbered in the order in which they are met, and the table of these numbers, which is as wide as the
world, is cleared by walking the states that were met.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import boolean, int32, int64, void

from empowerment.actuation.kernels import RowLimits, StateRows, World
from empowerment.capacity.kernels.cpu.arrays import Array
from empowerment.capacity.kernels.cpu.reduction import equal_rows
from empowerment.runtime.interrupts import run
from empowerment.runtime.jit import (
    NUMBERS,
    OUT_NUMBERS,
    OUT_VECTOR,
    STOP,
    VECTOR,
    entry_point,
    jit,
    read_only,
    stopped,
    written,
)

_INDICES, _NAMES = read_only(int32), written(int32)
_GRAPH = (_INDICES, _INDICES, VECTOR)

# Entries of a layer that there is room for at first. Most layers are smaller, and large new memory is slow.
_FIRST_SIZE, _GROWTH = 2**15, 8
# So many actions, if there are two to choose from, have more sequences than memory has room for.
_LONG = 64


class _Graph(NamedTuple):
    """Transitions or sensor: CSR rows, `n_actions` of them for each state."""

    indptr: Array
    indices: Array
    data: Array
    n_actions: int


class _Names(NamedTuple):
    """Numbers of the states, or readings, of a layer: by position, and back.

    ``place[state]`` is the position plus 1, and 0 for all other states.
    """

    states: Array
    place: Array


def enumerate_rows(world: World, starts: Array, horizon: int, limits: RowLimits) -> StateRows:
    """Return the rows of the first starts, in buffers that grow until at least one start fits or none may."""
    n_states, n_actions = world.available.shape
    largest = n_actions ** min(horizon, _LONG) * max(n_states, world.n_readings)
    largest = min(largest, limits.max_entries)
    size = min(_FIRST_SIZE, largest)
    found = _enumerated(world, starts, horizon, limits, size)
    while not found.n_rows.size and size < largest:
        size = min(_GROWTH * size, largest)
        found = _enumerated(world, starts, horizon, limits, size)
    if found.n_rows.size:
        return found
    none = np.zeros(1, dtype=np.int64)
    return found._replace(n_rows=none - 1, n_columns=none, n_states=none)


def _enumerated(world: World, starts: Array, horizon: int, limits: RowLimits, size: int) -> StateRows:
    """Return the rows of the starts before the first of which a layer does not fit into `size` entries."""
    n_states = len(world.available)
    room = max(size, min(limits.room, starts.size * size))
    entries, sequences = np.empty(room), np.empty(room, dtype=np.int64)
    sizes, done = np.zeros(3 * starts.size, dtype=np.int64), np.zeros(1, dtype=np.int64)
    # Zeros that are never touched take no time: the system hands out pages as they are met.
    widths = n_states, n_states, world.n_readings
    names = [array for width in widths for array in (np.empty(width, np.int32), np.zeros(width, np.int32))]
    layers = [np.empty(size) for _ in range(3)]
    scratch = *names, *layers, np.zeros(size, dtype=np.bool_), np.empty(size, dtype=np.int64)
    arguments = *world[:7], starts, horizon, limits.max_sequences, *scratch, entries, sequences, sizes, done
    run(_enumerate, arguments, starts.size * size * max(world.data.size / world.available.size, 1.0))
    n_rows, n_columns, n_local = sizes.reshape(-1, 3)[: int(done[0])].T
    return StateRows(entries[: int(n_rows @ n_columns)], sequences[: int(n_rows.sum())], n_rows, n_columns, n_local)


@entry_point(
    void(
        *_GRAPH,
        read_only(boolean, 2),
        *_GRAPH,
        NUMBERS,
        int64,
        int64,
        *((_NAMES, _NAMES) * 3),
        OUT_VECTOR,
        OUT_VECTOR,
        OUT_VECTOR,
        written(boolean),
        OUT_NUMBERS,
        OUT_VECTOR,
        OUT_NUMBERS,
        OUT_NUMBERS,
        OUT_NUMBERS,
        STOP,
    )
)
def _enumerate(
    indptr: Array,
    indices: Array,
    data: Array,
    available: Array,
    read_indptr: Array,
    read_indices: Array,
    read_data: Array,
    starts: Array,
    horizon: int,
    max_sequences: int,
    now_states: Array,
    now_place: Array,
    after_states: Array,
    after_place: Array,
    reading_names: Array,
    reading_place: Array,
    layer: Array,
    after: Array,
    flat: Array,
    blocked: Array,
    numbers: Array,
    entries: Array,
    sequences: Array,
    sizes: Array,
    done: Array,
    stop: Array,
) -> None:
    """Fill in the rows, the sequences, and for each start (rows, columns, states of the widest layer).

    `done` gets the number of starts before the first that does not fit.
    """
    n_actions = available.shape[1]
    moves, sensor = _Graph(indptr, indices, data, n_actions), _Graph(read_indptr, read_indices, read_data, 1)
    now, following = _Names(now_states, now_place), _Names(after_states, after_place)
    readings = _Names(reading_names, reading_place)
    used_entries = used_rows = 0
    for k in range(starts.size):
        n_rows = n_states = widest = 1
        now.states[0], layer[0], numbers[0] = starts[k], 1.0, 0
        for step in range(horizon + 1):
            reading = step == horizon
            graph, names = (sensor, readings) if reading else (moves, following)
            width = n_rows * graph.n_actions
            fits = width <= max_sequences and width <= blocked.size
            if fits:
                if not reading:
                    _block(available, now, n_states, layer, n_rows, blocked)
                    _number_sequences(numbers, n_rows, n_actions)
                n_states = _follow(graph, now, n_states, layer, n_rows, names, after, stop)
            if not fits or n_states < 0:
                return
            layer, after, now, following, n_rows = after, layer, following, now, width
            if step != horizon - 1:  # rows that are read next are merged after that
                n_rows = _merge(layer, n_rows, n_states, blocked, flat, numbers)
            if step < horizon - 1:
                _store_by_state(flat, n_rows, n_states, layer)
            if not reading:
                widest = max(widest, n_states)
        size = n_rows * n_states
        if used_entries + size > entries.size:
            return
        for x in range(n_rows):
            sequences[used_rows + x] = numbers[x]
        for e in range(size):
            entries[used_entries + e] = flat[e]
        used_rows, used_entries = used_rows + n_rows, used_entries + size
        sizes[3 * k], sizes[3 * k + 1], sizes[3 * k + 2] = n_rows, n_states, widest
        done[0] = k + 1


@jit()
def _follow(
    graph: _Graph, now: _Names, n_states: int, layer: Array, n_rows: int, following: _Names, after: Array, stop: Array
) -> int:
    """Fill `after` with every row followed by every action; return the number of states, -1 if they do not fit.

    The rows are ordered by action, then by the row that was followed.
    """
    count, width = 0, graph.n_actions * n_rows
    for i in range(n_states):
        if stopped(stop):
            return -1
        part = layer[i * n_rows : (i + 1) * n_rows]
        for action in range(graph.n_actions):
            row = now.states[i] * graph.n_actions + action
            for e in range(graph.indptr[row], graph.indptr[row + 1]):
                target, weight = graph.indices[e], graph.data[e]
                j = following.place[target] - 1
                if j < 0:
                    j = count
                    if (j + 1) * width > after.size:
                        _forget(following, count)
                        return -1
                    following.states[j], following.place[target] = target, j + 1
                    for x in range(j * width, (j + 1) * width):
                        after[x] = 0.0
                    count += 1
                first = j * width + action * n_rows
                into = after[first : first + n_rows]
                for x in range(n_rows):
                    into[x] += weight * part[x]
    _forget(following, count)
    return count


@jit()
def _forget(names: _Names, count: int) -> None:
    for i in range(count):
        names.place[names.states[i]] = 0


@jit()
def _block(available: Array, now: _Names, n_states: int, layer: Array, n_rows: int, blocked: Array) -> None:
    """Mark the rows that may be in a state without the action that follows."""
    for i in range(n_states):
        for action in range(available.shape[1]):
            if not available[now.states[i], action]:
                for x in range(n_rows):
                    blocked[action * n_rows + x] |= layer[i * n_rows + x] > 0


@jit()
def _number_sequences(numbers: Array, n_rows: int, n_actions: int) -> None:
    """Append every action to every sequence, in the order of `_follow`."""
    for action in range(n_actions - 1, -1, -1):  # the first action last, because it overwrites what is read
        for x in range(n_rows):
            numbers[action * n_rows + x] = numbers[x] * n_actions + action


@jit()
def _merge(layer: Array, n_rows: int, n_columns: int, blocked: Array, flat: Array, numbers: Array) -> int:
    """Copy to `flat`, row by row, one of each group of equal rows that are not blocked; return how many there are.

    Afterwards no row is blocked.
    """
    count = 0
    for x in range(n_rows):
        if not blocked[x]:
            for j in range(n_columns):
                flat[count * n_columns + j] = layer[j * n_rows + x]
            numbers[count] = numbers[x]
            count += 1
        blocked[x] = False
    if count < 2:
        return count
    first = equal_rows(flat[: count * n_columns].reshape((count, n_columns)))
    kept = 0
    for x in range(count):
        if first[x] == x:
            if kept < x:
                for j in range(n_columns):
                    flat[kept * n_columns + j] = flat[x * n_columns + j]
                numbers[kept] = numbers[x]
            kept += 1
    return kept


@jit()
def _store_by_state(flat: Array, n_rows: int, n_states: int, layer: Array) -> None:
    for j in range(n_states):
        for x in range(n_rows):
            layer[j * n_rows + x] = flat[x * n_states + j]

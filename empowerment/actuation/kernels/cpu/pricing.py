"""Rows followed by suffixes of actions; see `reference.pricing`.

Rows are processed in blocks of `LANES`, side by side in memory, so that every inner loop runs over a block and
compiles to vector instructions. The tree of suffixes is traversed depth first, with one buffer for each level.
"""

from __future__ import annotations

import math

import numpy as np
from numba import boolean, float64, int32, void

from empowerment.actuation.kernels import Readings, Steps
from empowerment.capacity.kernels import TINY
from empowerment.capacity.kernels.cpu.arrays import Array
from empowerment.capacity.kernels.cpu.logarithm import logarithm
from empowerment.runtime.interrupts import run
from empowerment.runtime.jit import (
    MATRIX,
    NUMBERS,
    OUT_MATRIX,
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

_WORDS, _TRUTHS = read_only(int32, 2), read_only(boolean, 2)
_GATHER = (NUMBERS, NUMBERS, VECTOR)

LANES = 64


@jit()
def add_offsets(w: Array, total: Array) -> None:
    """Add ``w (log w - 1)`` to `total`, lane by lane."""
    for i in range(LANES):
        total[i] += w[i] * (logarithm(max(w[i], TINY)) - 1.0)


@jit()
def _load(rows: Array, start: int, block: Array) -> int:
    """Copy rows from `start` on into the lanes of a block; return how many there were."""
    size = min(LANES, len(rows) - start)
    for i in range(size):
        for y in range(block.shape[0]):
            block[y, i] = rows[start + i, y]
    return size


@jit()
def _gather(indptr: Array, indices: Array, data: Array, first: int, source: Array, target: Array) -> None:
    """Fill every row of `target` with the weighted sum of rows of `source` that the CSR row names."""
    for y in range(target.shape[0]):
        into = target[y]
        for i in range(LANES):
            into[i] = 0.0
        for k in range(indptr[first + y], indptr[first + y + 1]):
            weight = data[k]
            part = source[indices[k]]
            for i in range(LANES):
                into[i] += weight * part[i]


@jit()
def _block(missing: Array, source: Array, before: Array, after: Array) -> None:
    """Mark the lanes that may be where the action is missing."""
    for i in range(LANES):
        after[i] = before[i]
    for y in range(missing.size):
        if missing[y]:
            for i in range(LANES):
                after[i] |= source[y, i] > 0


def extend(rows: Array, steps: Steps) -> Array:
    """Return every row followed by every action: shape (n_rows, n_actions, n_columns)."""
    n_actions, n_columns = steps.missing.shape
    extended = np.empty((len(rows), n_actions, n_columns))
    arguments = _contiguous(rows), *steps, extended
    run(_extend, arguments, len(rows) * (steps.data.size + steps.missing.size))
    return extended


@entry_point(void(MATRIX, *_GATHER, _TRUTHS, written(float64, 3), STOP))
def _extend(
    rows: Array, indptr: Array, indices: Array, data: Array, missing: Array, extended: Array, stop: Array
) -> None:
    n_actions, n_columns = missing.shape
    source, target = np.zeros((n_columns, LANES)), np.empty((n_columns, LANES))
    free, blocked = np.zeros(LANES, dtype=np.bool_), np.empty(LANES, dtype=np.bool_)
    for start in range(0, len(rows), LANES):
        size = _load(rows, start, source)
        for action in range(n_actions):
            if stopped(stop):
                return
            _gather(indptr, indices, data, action * n_columns, source, target)
            _block(missing[action], source, free, blocked)
            for i in range(size):
                for y in range(n_columns):
                    extended[start + i, action, y] = -1.0 if blocked[i] else target[y, i]


def leaf_offsets(rows: Array, suffixes: Array, steps: Steps, readings: Readings) -> Array:
    """Return the offsets of all rows after all suffixes; a common prefix of suffixes is followed once."""
    offsets = np.empty((len(rows), len(suffixes)))
    arguments = _contiguous(rows), suffixes, *steps, *readings, offsets
    one = suffixes.shape[1] * steps.data.size / len(steps.missing) + readings.data.size + 10 * readings.indptr.size
    run(_leaf_offsets, arguments, offsets.size * one)
    return offsets


@entry_point(void(MATRIX, _WORDS, *_GATHER, _TRUTHS, *_GATHER, OUT_MATRIX, STOP))
def _leaf_offsets(
    rows: Array,
    suffixes: Array,
    indptr: Array,
    indices: Array,
    data: Array,
    missing: Array,
    read_indptr: Array,
    read_indices: Array,
    read_data: Array,
    offsets: Array,
    stop: Array,
) -> None:
    n_suffixes, length = suffixes.shape
    n_columns, n_readings = missing.shape[1], read_indptr.size - 1
    level_rows = np.zeros((length + 1, n_columns, LANES))
    blocked = np.zeros((length + 1, LANES), dtype=np.bool_)
    read, total = np.zeros((n_readings, LANES)), np.empty(LANES)
    for start in range(0, len(rows), LANES):
        size = _load(rows, start, level_rows[0])
        for w in range(n_suffixes):
            if stopped(stop):
                return
            level = 0
            while w > 0 and level < length and suffixes[w, level] == suffixes[w - 1, level]:
                level += 1
            for k in range(level, length):
                action, source = suffixes[w, k], level_rows[k]
                _gather(indptr, indices, data, action * n_columns, source, level_rows[k + 1])
                _block(missing[action], source, blocked[k], blocked[k + 1])
            _gather(read_indptr, read_indices, read_data, 0, level_rows[length], read)
            total[:] = 1.0
            for y in range(n_readings):
                add_offsets(read[y], total)
            for i in range(size):
                offsets[start + i, w] = -math.inf if blocked[length, i] else total[i]


def price(rows: Array, suffix_values: Array, offsets: Array) -> tuple[Array, Array]:
    """Return for each row the largest entry of ``offsets - rows @ suffix_values``, and its column."""
    best, suffix = np.full(len(rows), -math.inf), np.zeros(len(rows), dtype=np.int64)
    arguments = _contiguous(rows), _contiguous(suffix_values), offsets, best, suffix
    run(_price, arguments, rows.size * suffix_values.shape[1])
    return best, suffix


@entry_point(void(MATRIX, MATRIX, MATRIX, OUT_VECTOR, OUT_NUMBERS, STOP))
def _price(rows: Array, suffix_values: Array, offsets: Array, best: Array, suffix: Array, stop: Array) -> None:
    n_columns, n_suffixes = suffix_values.shape
    block, cross = np.zeros((n_columns, LANES)), np.empty((4, LANES))
    for start in range(0, len(rows), LANES):
        size = _load(rows, start, block)
        for first in range(0, n_suffixes, 4):  # four suffixes share every load of a block's row
            if stopped(stop):
                return
            a, b = first, min(first + 1, n_suffixes - 1)
            c, d = min(first + 2, n_suffixes - 1), min(first + 3, n_suffixes - 1)
            for i in range(LANES):
                cross[0, i] = cross[1, i] = cross[2, i] = cross[3, i] = 0.0
            for y in range(n_columns):
                part = block[y]
                for i in range(LANES):
                    cross[0, i] += part[i] * suffix_values[y, a]
                    cross[1, i] += part[i] * suffix_values[y, b]
                    cross[2, i] += part[i] * suffix_values[y, c]
                    cross[3, i] += part[i] * suffix_values[y, d]
            for k in range(min(4, n_suffixes - first)):
                for i in range(size):
                    divergence = offsets[start + i, first + k] - cross[k, i]
                    if divergence > best[start + i]:
                        best[start + i] = divergence
                        suffix[start + i] = first + k


def sequence_rows(rows: Array, suffixes: Array, steps: Steps) -> Array:
    """Return row i followed by the actions of suffix i; a prefix shared with the row before is reused."""
    result = np.empty((len(suffixes), steps.missing.shape[1]))
    arguments = _contiguous(rows), suffixes, *steps, result
    run(_sequence_rows, arguments, suffixes.size * (steps.data.size / len(steps.missing) + result.shape[1]))
    return result


@entry_point(void(MATRIX, _WORDS, *_GATHER, _TRUTHS, OUT_MATRIX, STOP))
def _sequence_rows(
    rows: Array,
    suffixes: Array,
    indptr: Array,
    indices: Array,
    data: Array,
    missing: Array,
    result: Array,
    stop: Array,
) -> None:
    n_suffixes, length = suffixes.shape
    n_columns = missing.shape[1]
    level_rows = np.zeros((length + 1, n_columns))
    walked = 0  # number of actions of the previous suffix with valid level_rows
    for w in range(n_suffixes):
        if stopped(stop):
            return
        same = w > 0
        for y in range(n_columns):
            same &= rows[w, y] == level_rows[0, y]
            level_rows[0, y] = rows[w, y]
        level = 0
        while same and level < walked and suffixes[w, level] == suffixes[w - 1, level]:
            level += 1
        while level < length:
            taken = suffixes[w, level]
            if _is_blocked(missing[taken], level_rows[level]):
                break
            for y in range(n_columns):
                total = 0.0
                for k in range(indptr[taken * n_columns + y], indptr[taken * n_columns + y + 1]):
                    total += data[k] * level_rows[level, indices[k]]
                level_rows[level + 1, y] = total
            level += 1
        walked = level
        for y in range(n_columns):
            result[w, y] = level_rows[length, y] if level == length else -1.0


@jit()
def _is_blocked(missing: Array, row: Array) -> bool:
    """Return whether an action is missing in a column of positive probability."""
    blocked = False
    for y in range(row.size):
        blocked |= missing[y] and row[y] > 0
    return blocked


def _contiguous(rows: Array) -> Array:
    return np.ascontiguousarray(rows, dtype=np.float64)

"""Count reachable readings, for 64 starts at a time.

Every state has a word with one bit for each start, set while the state is in the set of that start. One pass over the
frontier advances all 64 sets at once. If the sets overlap it takes hardly longer than for one start, so neighbouring
starts share a word.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import boolean, int64, uint32, uint64, void

from empowerment.runtime.interrupts import run
from empowerment.runtime.jit import NUMBERS, OUT_NUMBERS, STOP, entry_point, jit, read_only, stopped, written

_GRAPH = (read_only(uint64), read_only(uint32))
_SETS = (written(uint64), written(uint32), OUT_NUMBERS)

_WORD = 64
_BYTE = 8
_ONE = np.uint64(1)
_ONE_IN_EACH_BYTE = np.uint64(0x0101010101010101)
_LOW_BYTE = np.uint64(255)


class _Sets(NamedTuple):
    """64 sets of states, or of readings, and a list of the positions whose word is not zero.

    Clearing them walks the list, so that the cost of a group of starts does not depend on the size of the model.
    """

    words: np.ndarray
    listed: np.ndarray
    size: np.ndarray


def count_readings(
    indptr: np.ndarray,
    indices: np.ndarray,
    read_indptr: np.ndarray,
    read_indices: np.ndarray,
    n_readings: int,
    starts: np.ndarray,
    horizon: int,
    up_to: bool,
) -> np.ndarray:
    """Return the number of readings that are possible after `horizon` steps, for each start (see `reference`).

    Runs on one core without the global lock: callers distribute many starts among threads or processes.
    """
    n_states = indptr.size - 1
    distinct, position = np.unique(np.asarray(starts, dtype=np.int64), return_inverse=True)
    steps = _unsigned(indptr, np.uint64), _unsigned(indices, np.uint32)
    reads = _unsigned(read_indptr, np.uint64), _unsigned(read_indices, np.uint32)
    waiting, order = np.zeros(n_states, dtype=np.bool_), np.empty_like(distinct)
    waiting[distinct] = True
    _group_starts(*steps, distinct, waiting, order)
    counts = np.zeros(order.size, dtype=np.int64)
    sets = (part for size in (n_states, n_states, n_states, n_readings) for part in _empty_sets(size))
    groups = -(-order.size // _WORD)
    arguments = *steps, *reads, order, horizon, up_to, *sets, counts
    run(_count, arguments, float(groups) * horizon * (indices.size + read_indices.size))
    return np.asarray(counts[np.argsort(order)][position])


def _unsigned(array: np.ndarray, kind: type[np.unsignedinteger]) -> np.ndarray:
    """Return a view of unsigned numbers, which as indices are never negative."""
    return np.ascontiguousarray(array, dtype=f"i{np.dtype(kind).itemsize}").view(kind)


def _empty_sets(n_positions: int) -> _Sets:
    # Allocated outside of compiled code: NumPy gets zeroed pages from the system as they are touched.
    listed = np.empty(n_positions + 1, dtype=np.uint32)  # one more: duplicates are written, then dropped
    return _Sets(np.zeros(n_positions, dtype=np.uint64), listed, np.zeros(1, dtype=np.int64))


@entry_point(void(*_GRAPH, NUMBERS, written(boolean), OUT_NUMBERS))
def _group_starts(
    indptr: np.ndarray, indices: np.ndarray, starts: np.ndarray, waiting: np.ndarray, order: np.ndarray
) -> None:
    """Order the starts in groups of 64 neighbours, by breadth-first search through the remaining starts."""
    taken = 0
    for start in starts:
        head = taken
        if waiting[start]:
            waiting[start] = False
            order[taken] = start
            taken += 1
        while head < taken and taken % _WORD:
            state = np.uint64(order[head])
            head += 1
            for e in range(indptr[state], indptr[state + _ONE]):
                if waiting[indices[e]] and taken % _WORD:
                    waiting[indices[e]] = False
                    order[taken] = indices[e]
                    taken += 1


@entry_point(void(*_GRAPH, *_GRAPH, NUMBERS, int64, boolean, *_SETS, *_SETS, *_SETS, *_SETS, OUT_NUMBERS, STOP))
def _count(
    indptr: np.ndarray,
    indices: np.ndarray,
    read_indptr: np.ndarray,
    read_indices: np.ndarray,
    starts: np.ndarray,
    horizon: int,
    up_to: bool,
    now_words: np.ndarray,
    now_listed: np.ndarray,
    now_size: np.ndarray,
    after_words: np.ndarray,
    after_listed: np.ndarray,
    after_size: np.ndarray,
    met_words: np.ndarray,
    met_listed: np.ndarray,
    met_size: np.ndarray,
    read_words: np.ndarray,
    read_listed: np.ndarray,
    read_size: np.ndarray,
    counts: np.ndarray,
    stop: np.ndarray,
) -> None:
    steps, reads = (indptr, indices), (read_indptr, read_indices)
    now, after = _Sets(now_words, now_listed, now_size), _Sets(after_words, after_listed, after_size)
    met, read = _Sets(met_words, met_listed, met_size), _Sets(read_words, read_listed, read_size)
    for first in range(0, starts.size, _WORD):
        if stopped(stop):
            return
        group = starts[first : first + _WORD]
        reached = _reached(steps, group, horizon, up_to, (now, after, met), stop)
        _spread(reads, reached, read, read.words)
        _add_bits(read, counts[first : first + _WORD])
        _clear(reached)
        _clear(read)


@jit()
def _reached(
    steps: tuple[np.ndarray, np.ndarray],
    starts: np.ndarray,
    horizon: int,
    up_to: bool,
    sets: tuple[_Sets, _Sets, _Sets],
    stop: np.ndarray,
) -> _Sets:
    """Return the sets after `horizon` steps; the other two are left empty.

    If every start has a self-loop its sets are nested: states possible after n steps are so after n + 1. Then, as for
    `up_to`, only new states are carried from step to step.
    """
    now, after, met = sets
    nested = up_to or _all_loop(steps, starts)
    for i in range(starts.size):
        _mark(now, np.uint32(starts[i]), _ONE << np.uint64(i))
    for _ in range(horizon):
        if nested:
            _join(now, met)
        _spread(steps, now, after, met.words if nested else after.words)
        settled = _equal(now, after)
        _clear(now)
        now, after = after, now
        if settled or stopped(stop):
            break
    if not nested:
        return now
    _join(now, met)
    _clear(now)
    return met


@jit()
def _all_loop(steps: tuple[np.ndarray, np.ndarray], starts: np.ndarray) -> bool:
    """Return whether each start is one of its own successors."""
    indptr, indices = steps
    for start in starts:
        state = np.uint64(start)
        loops = False
        for e in range(indptr[state], indptr[state + _ONE]):
            loops |= indices[e] == start
        if not loops:
            return False
    return True


@jit()
def _spread(graph: tuple[np.ndarray, np.ndarray], source: _Sets, target: _Sets, known: np.ndarray) -> None:
    """Add the successors of `source` that are not known to `target`, whose own words may be `known`."""
    indptr, indices = graph
    for i in range(source.size[0]):
        state = source.listed[i]
        bits = source.words[state]
        for e in range(indptr[state], indptr[state + _ONE]):
            position = indices[e]
            _mark(target, position, bits & ~known[position])


@jit()
def _join(source: _Sets, target: _Sets) -> None:
    for i in range(source.size[0]):
        _mark(target, source.listed[i], source.words[source.listed[i]])


@jit()
def _mark(sets: _Sets, position: np.uint32, bits: np.uint64) -> None:
    """Add a position to the sets of these bits, without a branch, which would be mispredicted half of the time."""
    before = sets.words[position]
    sets.listed[sets.size[0]] = position
    sets.size[0] += (before == 0) & (bits != 0)
    sets.words[position] = before | bits


@jit()
def _equal(one: _Sets, other: _Sets) -> bool:
    same = 0
    while same < one.size[0] and one.words[one.listed[same]] == other.words[one.listed[same]]:
        same += 1
    return bool(same == one.size[0] == other.size[0])


@jit()
def _clear(sets: _Sets) -> None:
    for i in range(sets.size[0]):
        sets.words[sets.listed[i]] = 0
    sets.size[0] = 0


@jit()
def _add_bits(sets: _Sets, counts: np.ndarray) -> None:
    """Add to each start's count the size of its set.

    Eight bits are counted at once, one in each byte of a word, and added up before a byte could overflow.
    """
    partial = np.zeros(_BYTE, dtype=np.uint64)
    for i in range(sets.size[0]):
        word = sets.words[sets.listed[i]]
        for bit in range(_BYTE):
            partial[bit] += (word >> np.uint64(bit)) & _ONE_IN_EACH_BYTE
        if (i + 1) % 255 == 0 or i + 1 == sets.size[0]:
            for start in range(counts.size):
                counts[start] += np.int64((partial[start % _BYTE] >> np.uint64(start - start % _BYTE)) & _LOW_BYTE)
            for bit in range(_BYTE):
                partial[bit] = 0

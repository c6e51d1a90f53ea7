"""What work will take: rows, bytes, and operations, which the measured rate of this machine turns into seconds."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from empowerment.capacity.backends import capacity_kernels
from empowerment.capacity.kernels import METHODS
from empowerment.core import validate

# The channel that is solved to measure the rate, and the operations that its solution counts as.
_CHANNEL, _OPERATIONS, _RUNS = (48, 24), 2.8e5, 5
# What follows is fitted to runs of many sizes; `benchmarks.forecasts` compares both. Of one capacity: operations to
# sort a row, passes over all rows, the part of them (or of the columns, if these are fewer) that the interior point
# works on, its steps, and what a call takes.
_SORTED, _PASSES, _ACTIVE, _STEPS, _CALL = 400.0, 20.0, 0.7, 20.0, 1e5
# Of column generation: operations of the last action of a suffix, by entry, and of a logarithm; rounds, and rows of a
# working set by reading; what else a state takes.
_STEP, _LOGARITHM, _ROUNDS, _WORKING, _STATE = 0.4, 7.0, 6.0, 4.0, 1.5e7
# Of a large layer: operations of a column with its label, and of an entry, whose memory is used for the first time.
_COLUMN, _MADE = 4e4, 220.0
# Of bounds: bytes and operations of the variations of sequences, by column and squared length.
_VARIED_BYTES, _VARIED = 6e3, 4e5

_UNITS = ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes"))
_YEAR = 3.2e7
_MANY = 1e6  # from here on with three digits


class Forecast(NamedTuple):
    """What some work will take.

    Attributes
    ----------
    rows : float
        Largest number of rows that one state takes, after merging.
    memory : float
        Bytes beyond what the process holds anyway.
    operations : float
        Elementary operations, each a multiplication and an addition.
    backend : str
    """

    rows: float
    memory: float
    operations: float
    backend: str = "numba"

    @property
    def seconds(self) -> float:
        """The time that it will take at this machine's rate, measured once in a process; NaN for a device."""
        return math.nan if self.backend == "jax" else self.operations / rate(self.backend)

    def __str__(self) -> str:
        rows, memory = f"about {_count(self.rows)} rows", gigabytes(self.memory)
        if math.isnan(self.seconds):
            return f"{rows} and {memory}"
        return f"{rows}, {memory} and {duration(self.seconds)} at this machine's rate"

    def brief(self) -> str:
        """Return the forecast as a few words for a progress bar, the time first."""
        seconds = [] if math.isnan(self.seconds) else [f"expected {duration(self.seconds)}"]
        return ", ".join([*seconds, gigabytes(self.memory), f"{_count(self.rows)} rows a state"])


class Memory(float):
    """Bytes that rows may take: what a limit leaves beside what a process holds anyway.

    Attributes
    ----------
    limit : float
        The limit that somebody set.
    """

    limit: float

    @classmethod
    def left_of(cls, limit: float, left: float) -> Memory:
        """Return the bytes that are left of a limit."""
        memory = cls(left)
        memory.limit = limit
        return memory


def allowed(memory: float, rows: int | None = None) -> str:
    """Return the clause about what is allowed: the limits, and what of the memory is left for rows."""
    limit = memory.limit if isinstance(memory, Memory) else memory
    many = "" if rows is None else f"{rows:,} and "
    left = "" if limit == memory else f", {gigabytes(memory)} of it for rows"
    return f"allowed are {many}{gigabytes(limit)}{left}"


def gigabytes(count: float) -> str:
    """Return a number of bytes as text."""
    return f"{count / 1e9:.3g} GB"


def _count(rows: float) -> str:
    return f"{rows:,.0f}" if rows < _MANY else f"{rows:.3g}"


def duration(seconds: float) -> str:
    """Return a time as text, to two digits."""
    if seconds < 1:
        return "less than a second"
    if seconds > _YEAR:
        return "more than a year"
    for size, name in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds / size:.2g} {name}" if seconds < 100 * size else f"{seconds / size:.0f} {name}"
    return f"{seconds:.2g} s" if seconds < 100 else f"{seconds:.0f} s"


@cache
def rate(backend: str) -> float:
    """Return the elementary operations that the kernels of a backend do in a second: a small channel is solved."""
    kernel = capacity_kernels(backend)
    matrix = np.random.default_rng(0).gamma(0.5, size=_CHANNEL)
    matrix /= matrix.sum(axis=1, keepdims=True)
    offsets = (matrix * np.log(matrix)).sum(axis=1)
    seconds = []
    for _ in range(_RUNS + 1):  # the first one may compile
        start = time.perf_counter()
        kernel.solve(matrix, offsets, 1e-9, 0.0, METHODS["working-set"], 1000)
        seconds.append(time.perf_counter() - start)
    return _OPERATIONS / min(seconds[1:])


def of_channel(n_rows: float, n_columns: float, length: int, backend: str = "numba") -> Forecast:
    """Return what the capacity of a channel takes whose rows are all made: `n_rows` after `length` actions."""
    memory = max(bytes_of_layer(n_rows, n_columns, length), bytes_of_capacity(n_rows, n_columns))
    operations = _MADE * n_rows * n_columns + _COLUMN * n_columns
    return Forecast(n_rows, memory, operations + operations_of_capacity(n_rows, n_columns), backend)


def of_few_sequences(n_rows: float, n_columns: float, length: int, backend: str = "numba") -> Forecast:
    """Return what the same takes where the rows of many states are made and solved together."""
    operations = 2.0 * operations_of_layer(n_rows, n_columns) + operations_of_capacity(n_rows, n_columns)
    return Forecast(n_rows, bytes_of_layer(n_rows, n_columns, length), operations, backend)


def of_rows(n_rows: float, n_columns: float, backend: str = "numba") -> Forecast:
    """Return what it takes to make rows and merge them."""
    return Forecast(n_rows, 32.0 * n_rows * n_columns, operations_of_layer(n_rows, n_columns), backend)


def of_pricing(
    n_rows: float, n_suffixes: float, shape: tuple[float, float], entries: float, length: int, backend: str = "numba"
) -> Forecast:
    """Return what column generation takes over all rows of a layer, each followed by every suffix.

    Parameters
    ----------
    n_rows, n_suffixes : float
    shape : tuple of float
        Numbers of columns and of readings.
    entries : float
        Positive transition probabilities of an action.
    length : int
        Number of actions, those of the suffix included.
    backend : str
    """
    n_columns, n_readings = shape
    pairs = n_rows * n_suffixes
    memory = (
        n_rows * (16.0 * n_columns + 4.0 * length) + 9.0 * pairs + n_suffixes * (24.0 * n_columns + 12.0 * length)
    )
    offsets = pairs * (_LOGARITHM * n_readings + _STEP * entries)
    master = operations_of_capacity(_WORKING * n_readings, n_readings)
    layers = 1.5 * operations_of_layer(n_rows, n_columns)
    operations = layers + offsets + _ROUNDS * (pairs * n_columns + master) + _STATE
    return Forecast(pairs, max(memory, bytes_of_layer(n_rows, n_columns, length)), operations, backend)


def together(forecasts: Sequence[Forecast], count: int) -> Forecast:
    """Return what `count` states take one after the other, from the forecasts of some of them."""
    rows, memory = (max(column) for column in list(zip(*forecasts, strict=True))[:2])
    operations = count * sum(forecast.operations for forecast in forecasts) / len(forecasts)
    return Forecast(rows, memory, operations, forecasts[0].backend)


def of_bounds(max_sequences: float, n_columns: float, length: int, backend: str = "numba") -> Forecast:
    """Return roughly what bounds take, which enumerate a part of the sequences and vary others at every position."""
    rows, varied = max_sequences / 100, min(length, 64) ** 2
    memory = 9.0 * rows + _VARIED_BYTES * n_columns * varied
    operations = n_columns * (20.0 * min(rows, 1e6) + _VARIED * varied) + _STATE
    return Forecast(rows, memory, operations, backend)


def of_stages(n_columns: float, n_actions: float, entries: float, length: int, backend: str = "numba") -> Forecast:
    """Return what dynamic programming takes: for each step and column the capacity of its actions."""
    one = operations_of_capacity(n_actions, entries / max(n_columns * n_actions, 1)) + _CALL
    memory = n_columns * n_actions * (8.0 * length + 64.0) + 48.0 * entries
    return Forecast(n_actions, memory, length * n_columns * one, backend)


def of_samples(samples: float, n_columns: float, entries: float, length: int, backend: str = "numba") -> Forecast:
    """Return what the capacity of drawn sequences takes, each of which is followed."""
    memory = samples * (16.0 * length + 32.0 * n_columns)
    operations = samples * (length * entries + 2 * _ROUNDS * n_columns)
    return Forecast(samples, memory, operations + _ROUNDS * operations_of_capacity(4 * n_columns, n_columns), backend)


def extrapolated(counts: Sequence[float], step: int) -> float:
    """Return the number after a step, from those after 0, 1, 2, … steps: growth goes on as in the last one."""
    known = len(counts) - 1
    if step <= known:
        return float(counts[step])
    growth = counts[-1] / counts[-2] if known and counts[-2] else 1.0
    return float(counts[-1]) * (validate.power(growth, step - known) if counts[-1] else 0.0)


def bytes_of_layer(n_rows: float, n_columns: float, length: int) -> float:
    """Return what a layer of `n_rows` rows takes while it is made and merged: before, while, and after merging.

    Its rows exist up to three times, the sequences of `length` actions that lead to them twice.
    """
    return n_rows * (24.0 * n_columns + 8.0 * length + 32.0)


def bytes_of_capacity(n_rows: float, n_columns: float) -> float:
    """Return what a capacity takes with its matrix: that twice, and the interior point's rows and systems."""
    active = _ACTIVE * min(n_rows, n_columns)
    return 16.0 * (n_rows * n_columns + active * n_columns + active**2)


def operations_of_layer(n_rows: float, n_columns: float) -> float:
    """Return the operations of making and merging a layer."""
    return n_rows * (_SORTED + 4.0 * n_columns)


def operations_of_capacity(n_rows: float, n_columns: float) -> float:
    """Return the operations of one capacity: sorted rows, passes over all of them, and interior-point steps."""
    active = _ACTIVE * min(n_rows, n_columns)
    steps = _STEPS * active**2 * (n_columns / 2 + active / 6)
    return n_rows * (_SORTED + _PASSES * n_columns) + steps + _CALL

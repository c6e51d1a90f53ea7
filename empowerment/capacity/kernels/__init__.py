"""The numerical kernels of capacity, once for each backend, under one contract.

Each backend is a package of functions that work on dense float64 matrices, in nats:

``solve(matrix, offsets, tol, rtol, method, max_iter) -> Outcome``
    Reduce, solve, map back, certify: the capacity of one channel.
``solve_batch(batch, tol, rtol, method, max_iter) -> Outcome``
    The same for a `Batch` of channels; every field of the outcome is an array, p and q as flat as the batch.

``cpu`` has one more, ``solve_plain(matrix, tol, rtol, method, max_iter) -> Outcome | None``, for single calls that
should be short: it checks the rows itself and returns None if they may not be distributions.

They are built from these functions, which are tested one by one:

``equal_rows(matrix) -> first``
    For each row the smallest row with the same entries, up to rounding (relative `EQUAL_RTOL`).
``proportional_columns(matrix) -> first``
    For each column the smallest column it is a multiple of, -1 for a column of zeros.
``components(matrix) -> (row_component, column_component)``
    Connected components of the graph that joins an input to each output it can cause. No zero columns.
``blahut_arimoto(matrix, offsets, p, tol, rtol, max_iter) -> Solution`` and ``squarem(...)`` alike
``working_set(matrix, offsets, tol, rtol, max_iter) -> Solution``
    Capacity of a reduced matrix (no zero columns).
``certificate(matrix, offsets, p, q) -> Certificate``
    Both ends of the interval on a matrix that may have zero columns, rounded outward.

``offsets[x] = sum_y w log w - sum_y w + 1 + reward`` is the part of a row's divergence that does not depend on q:
with ``q = p W`` the divergence of row x from q, plus its reward, is ``offsets - W log q + sum q - 1``. For exactly
stochastic rows the offset is the reward minus the row's entropy; for rows that sum to 1 up to rounding it makes the
certificate exact for the given matrix (``sum_x p_x D_x = I(p)`` and ``I(p') <= max_x D_x`` then hold without any
residue).
"""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

EQUAL_RTOL = 1e-13
"""Two entries made by sums of non-negative products in another order agree to this relative accuracy."""

TINY = 5e-324
"""Stands in for an output probability that underflows; it keeps the divergence finite and the bound valid."""

WORKING_SET_ROUNDS = 40
INTERIOR_POINT_STEPS = 40
NEWTON_STEPS = 60

COSTLY = 8
"""A working set is costly if the square of its size is so many times the number of all rows.

Then a step costs several passes over all rows, so a first working set, which is not the last one, is solved loosely.
"""

LOOSE, TIGHT = (0.01, 3.0, 0.2, 1000.0), (1e-5, 10.0, 0.05, math.inf)
"""Tolerances within working sets: the first one, for costly sets a share of the interval, else in nats; how many
times smaller the next one is at least; the share of the interval after a round that it is at most; and how many times
smaller it is once the missing rows matter less than it."""

NEAR = 3
"""Rows that a costly working set gets in the end: those with divergences up to so many tolerances too low."""

UNUSED, MARGIN = 0.1, 0.3
"""A row is dropped if its probability is less than this share of the mean, and its divergence so many roots of the
tolerance below the information: divergences are off by the root of what the information is off by."""

LARGE = 128
"""Rows of a large working set. If it has more rows than columns, its steps solve systems of the size of the columns,
which would cost small ones digits. Should it fail, it starts again with systems of rows."""

WHOLE_SHARE, WHOLE_UNUSED = 2 / 3, 0.01
"""A large and costly working set starts with all rows if it would start with this share of them anyway: most of them
will be used. Of these a row is dropped at a smaller share of the mean."""

CORRECTORS, CORRECTOR_REACH, CORRECTOR_GAIN, CORRECTOR_RANGE = 2, 0.2, 0.02, 5.0
"""Centrality correctors of a step of a costly working set: how many; how much longer a step each aims at; how much
longer it has to be; and how far products of p and z may be from their target in its aim, as a factor."""

SQUAREM_FIRST, SQUAREM_GROWTH, SQUAREM_LEAST = 4.0, 4.0, 2.0
"""Limit on the length of an extrapolation: where it starts, its growth after a success at it, and its least."""

SQUAREM_SHARE = 0.5
"""Part of the steps left that SQUAREM may take before plain Blahut-Arimoto, which cannot stall, has the rest."""

METHODS = {"working-set": 0, "squarem": 1, "blahut-arimoto": 2}
WORKING_SET, SQUAREM, BLAHUT_ARIMOTO = METHODS.values()

DIRECT, RESTARTED, BY_SQUAREM, BY_BLAHUT_ARIMOTO, NOT_REACHED = range(5)
"""Which rung of the ladder of methods reached the tolerance; the first members of `results.Status`."""

HANDED_OVER = 8
"""The rung beyond the device: the CPU's ladder, whichever rung of it; the number is that of the `Status`."""


UNFINISHED = 9
"""No rung: the methods after the working set have yet to go on."""


class Solution(NamedTuple):
    """The result of an iterative kernel: the best lower and upper ends, which may come from different steps."""

    p: np.ndarray
    q: np.ndarray
    lower: float
    upper: float
    n_iter: int
    n_passes: int
    rung: int


class Certificate(NamedTuple):
    """The computed information at p, rewards included, and both ends of the interval rounded outward."""

    information: Any
    lower: Any
    upper: Any


class Outcome(NamedTuple):
    """A certified capacity: numbers for one channel, arrays for a batch."""

    p: np.ndarray
    q: np.ndarray
    information: Any
    lower: Any
    upper: Any
    n_iter: Any
    n_passes: Any
    rung: Any


class Batch(NamedTuple):
    """Channels of any shapes, one after the other in flat arrays.

    Channel i has ``n_rows[i] * n_columns[i]`` entries from ``entry_start[i]`` on, row by row; its rewards and its p
    start at ``row_start[i]``, its q at ``column_start[i]``. The last starts are the total sizes.
    """

    entries: np.ndarray
    rewards: np.ndarray
    n_rows: np.ndarray
    n_columns: np.ndarray
    entry_start: np.ndarray
    row_start: np.ndarray
    column_start: np.ndarray


def worst_rung(rungs: Iterable[int]) -> int:
    """Return the rung of several solves together: the tolerance is reached if all of them have reached it."""
    distinct = {DIRECT, *rungs}
    return NOT_REACHED if NOT_REACHED in distinct else max(distinct)


def pack(matrices: list[np.ndarray], rewards: list[np.ndarray] | None) -> Batch:
    """Return channels, with rewards in nats for all of them or for none, as a batch."""
    n_rows, n_columns = (np.array(sizes) for sizes in zip(*(m.shape for m in matrices), strict=True))
    batch = flat_batch(np.concatenate([m.reshape(-1) for m in matrices]), n_rows, n_columns)
    return batch if rewards is None else batch._replace(rewards=np.concatenate(rewards))


def flat_batch(entries: np.ndarray, n_rows: np.ndarray, n_columns: np.ndarray) -> Batch:
    """Return channels of these shapes, whose entries are one after the other, as a batch without rewards."""
    return Batch(
        entries=entries,
        rewards=np.zeros(n_rows.sum()),
        n_rows=n_rows,
        n_columns=n_columns,
        entry_start=_starts(n_rows * n_columns),
        row_start=_starts(n_rows),
        column_start=_starts(n_columns),
    )


def unpack(batch: Batch, i: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the matrix and the rewards of one channel of a batch, as views."""
    entries = batch.entries[batch.entry_start[i] : batch.entry_start[i + 1]]
    rewards = batch.rewards[batch.row_start[i] : batch.row_start[i + 1]]
    return entries.reshape(batch.n_rows[i], batch.n_columns[i]), rewards


def _starts(sizes: np.ndarray) -> np.ndarray:
    starts = np.zeros(sizes.size + 1, dtype=np.int64)
    np.cumsum(sizes, out=starts[1:])
    return starts


def summation_terms(width: int) -> float:
    """Return a bound on the error of a sum of `width` products, in half-ulps relative to their total size.

    Kernels, like NumPy, sum in blocks of 128 by at least four partial sums, so that an entry passes through at most
    32 + 2 + width / 128 additions; the rest is for the product and the logarithm.
    """
    return 44.0 + width / 128

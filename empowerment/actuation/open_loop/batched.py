"""The capacity over every sequence for many states at once, on the device that JAX has.

Around each state there is a small world of what its horizon can meet. Layers of rows grow in all worlds of a block
together, equal rows merged after every step, and the last ones are solved as one batch. A block that would take more
than fits goes on in halves; a state that does not fit alone is left to whoever looks at states one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.kernels import xla
from empowerment.actuation.open_loop.local_models import LocalModels, Surroundings
from empowerment.actuation.task import StateSolution, StateTask, widened
from empowerment.capacity.kernels import EQUAL_RTOL
from empowerment.capacity.kernels.xla.padding import LITTLE, bucket, common_count
from empowerment.capacity.kernels.xla.passes import Channels
from empowerment.capacity.kernels.xla.placement import (
    device_count,
    entries_at_a_time,
    fetched,
    in_double_precision,
    placed,
)
from empowerment.capacity.kernels.xla.solve import solve_padded
from empowerment.capacity.options import SolverOptions
from empowerment.capacity.solve import result_of
from empowerment.core.status import Status

# A layer's entries exist about this many times while it is extended, merged and solved.
_COPIES = 8


class Answer(NamedTuple):
    """The interval of one state, without sequences where none is available, and how it was reached."""

    ends: StateSolution
    status: Status


class _Block(NamedTuple):
    """A layer of rows of several worlds.

    Attributes
    ----------
    members : ndarray of int of shape (n_members,)
        Whose worlds they are; worlds after them are padding.
    worlds : LocalModels
    rows : array of shape (n_worlds, n_rows, n_places)
    counts : ndarray of int of shape (n_worlds,)
    origins : tuple of ndarray of int of shape (n_worlds, n_rows)
        For each step what a row came from: the number of the row before, times that of actions, plus the action's.
    """

    members: np.ndarray
    worlds: LocalModels
    rows: Any
    counts: np.ndarray
    origins: tuple[np.ndarray, ...]

    @property
    def entries_of_next(self) -> int:
        """Number of entries of the rows of the next step, or of what leads to them."""
        n_worlds, n_actions, n_places, _ = self.worlds.moves.shape
        return int(n_worlds * n_actions * n_places * max(self.rows.shape[1], n_places))


@in_double_precision
def solve_batched(dynamics: Dynamics, starts: np.ndarray, task: StateTask) -> dict[int, Answer]:
    """Return the capacity from those of the columns `starts` whose sequences fit; that of the task is not read."""
    surroundings = Surroundings(dynamics, starts, task.horizon)
    found: dict[int, Answer] = {}
    for block in _opened(surroundings, dynamics.n_actions, task):
        waiting = [block]
        while waiting:
            block = waiting.pop()
            steps = len(block.origins)
            if steps == task.horizon:
                found.update(zip(starts[block.members].tolist(), _solved(block, task.options), strict=True))
            elif _fits(block, task):
                waiting.append(_extended(block))
            elif block.members.size > 1:
                waiting += _halves(block)
    return found


def _entries(task: StateTask) -> int:
    """Return how many entries of rows may be held together."""
    return min(entries_at_a_time(), int(task.memory / (8 * _COPIES)))


def _fits(block: _Block, task: StateTask) -> bool:
    sequences = int(block.counts.max()) * block.worlds.moves.shape[1]
    return block.entries_of_next <= _entries(task) and sequences <= task.max_sequences


def _opened(surroundings: Surroundings, n_actions: int, task: StateTask) -> Iterator[_Block]:
    """Yield blocks of worlds of one padded size before any action, each as many as fit."""
    sizes = np.stack([surroundings.n_places, surroundings.n_readings], axis=1)
    sizes = bucket(sizes, int((surroundings.n_places**2).sum()) * n_actions <= LITTLE)
    for n_places, n_readings in np.unique(sizes, axis=0).tolist():
        members = np.flatnonzero((sizes == (n_places, n_readings)).all(axis=1))
        most = _entries(task) // (n_actions * n_places * n_places)
        if not most:
            continue
        for first in range(0, members.size, most):
            own = members[first : first + most]
            count = common_count(own.size, device_count())
            worlds = placed(surroundings.worlds(own, n_places, n_readings, count))
            n_rows = np.zeros(count, dtype=np.int64)
            n_rows[: own.size] = 1
            yield _Block(own, worlds, xla.before_any(worlds.start, n_places), n_rows, ())


def _extended(block: _Block) -> _Block:
    rows, present = xla.extend(block.rows, block.counts, block.worlds.moves, block.worlds.missing)
    rows, counts, origin = _merged(rows, present)
    return block._replace(rows=rows, counts=counts, origins=(*block.origins, origin))


def _merged(rows: Any, present: Any) -> tuple[Any, np.ndarray, np.ndarray]:
    """Keep one of each group of equal rows; return them, their number, and which they are."""
    places, counts = xla.distinct(rows, present)
    count = fetched(counts)
    size = _common_size(count, rows.size)
    return xla.take(rows, places, counts, size), count, fetched(places[:, :size])


def _common_size(count: np.ndarray, entries: int) -> int:
    """Return the number of rows that worlds with so many are padded to, in a layer of about so many entries."""
    return int(bucket(max(int(count.max()), 1), entries <= LITTLE))


def _halves(block: _Block) -> Iterator[_Block]:
    middle = -(-block.members.size // 2)
    for part in (slice(0, middle), slice(middle, block.members.size)):
        own = block.members[part]
        short = common_count(own.size, device_count()) - own.size
        count = np.pad(block.counts[part], (0, short))
        size = _common_size(count, block.rows.size)

        def cut(array: Any, part: slice = part, short: int = short) -> Any:
            return jnp.pad(jnp.asarray(array)[part], ((0, short),) + ((0, 0),) * (array.ndim - 1))

        worlds = LocalModels(*(cut(array) for array in block.worlds))
        origins = tuple(np.pad(origin[part], ((0, short), (0, 0))) for origin in block.origins)
        yield _Block(own, worlds, cut(block.rows)[:, :size], count, origins)


def _solved(block: _Block, options: SolverOptions) -> Iterator[Answer]:
    """Read the last layer, solve the channels as one batch, and yield what is known of each state."""
    read = jnp.einsum("wri,wio->wro", block.rows, block.worlds.readings, precision=jax.lax.Precision.HIGHEST)
    rows, count, origin = _merged(read, jnp.arange(read.shape[1]) < block.counts[:, None])
    shapes = np.column_stack([np.maximum(count, 1), np.full(count.size, rows.shape[2])])[: block.members.size]
    outcome = solve_padded(_channels(rows, count), shapes, *options.for_kernel("working-set"))
    result = result_of(outcome, False, options, "working-set", shapes)
    value, lower, upper = (np.asarray(end).tolist() for end in (result.value, result.lower, result.upper))
    n_places = block.worlds.moves.shape[-1]
    error = (len(block.origins) + 1) * (EQUAL_RTOL + (n_places + 2) * np.finfo(float).eps)
    for world in range(block.members.size):
        horizon, available = len(block.origins), bool(count[world])
        if not available:
            ends = StateSolution(0.0, 0.0, 0.0, np.empty((0, horizon), dtype=np.int32), np.empty(0))
            yield Answer(ends, Status.NO_SEQUENCE)
            continue
        sequences = _sequences(block, world, origin[world, : count[world]])
        weights = result.input_distribution[world, : count[world]]
        ends = StateSolution(value[world], lower[world], upper[world], sequences, weights)
        yield Answer(widened(ends, error), Status(int(result.status[world])))


def _channels(rows: Any, count: np.ndarray) -> Channels:
    """Return rows as channels; a world without rows carries nothing."""
    empty = jnp.asarray(count == 0)
    rows = rows.at[:, 0, 0].set(jnp.where(empty, 1.0, rows[:, 0, 0]))
    offsets = jnp.where(jnp.arange(rows.shape[1]) < np.maximum(count, 1)[:, None], 0.0, -jnp.inf)
    return Channels(rows, offsets, (rows > 0).any(axis=1))


def _sequences(block: _Block, world: int, numbers: np.ndarray) -> np.ndarray:
    """Return the actions that lead to rows of the last layer."""
    n_actions = block.worlds.moves.shape[1]
    found = np.empty((numbers.size, len(block.origins)), dtype=np.int32)
    for step in range(len(block.origins) - 1, -1, -1):
        numbers, found[:, step] = np.divmod(block.origins[step][world, numbers], n_actions)
    return found

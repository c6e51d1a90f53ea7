"""The capacity over every sequence for many states at once, on a JAX device.

Each state has a small model of the states within its horizon. Layers of rows grow in all models of a block together,
equal rows are merged after every step, and the last layers are solved as one batch. A block that does not fit into
memory is halved; a state that does not fit alone is left to the solver of single states.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.kernels import xla
from empowerment.actuation.open_loop.enumeration import of_available, row_error
from empowerment.actuation.open_loop.local_models import LocalModelBuilder, LocalModels
from empowerment.actuation.task import StateSolutions, StateTask
from empowerment.capacity.kernels import Outcome
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
from empowerment.capacity.solve import intervals_of

# A layer's entries exist about this many times while it is extended, merged and solved.
_COPIES = 8


class _Block(NamedTuple):
    """A layer of rows of several local models.

    Attributes
    ----------
    members : ndarray of int of shape (n_members,)
        Numbers of the starts of the models; further models are padding.
    worlds : LocalModels
    rows : array of shape (n_models, n_rows, n_states)
    counts : ndarray of int of shape (n_models,)
        Number of rows of each model; further rows are padding.
    origins : tuple of ndarray of int of shape (n_models, n_rows)
        For each step the origin of a row: ``previous_row * n_actions + action``.
    """

    members: np.ndarray
    models: LocalModels
    rows: Any
    counts: np.ndarray
    origins: tuple[np.ndarray, ...]

    @property
    def entries_of_next(self) -> int:
        """Number of entries of the next layer, or of the transitions if there are more."""
        n_models, n_actions, n_states, _ = self.models.moves.shape
        return int(n_models * n_actions * n_states * max(self.rows.shape[1], n_states))


@in_double_precision
def solve_batched(dynamics: Dynamics, starts: np.ndarray, task: StateTask) -> list[tuple[np.ndarray, StateSolutions]]:
    """Return those columns `starts` whose sequences fit into memory, and their solutions, block by block.

    The start of the task is not read.
    """
    builder, solved = LocalModelBuilder(dynamics, starts, task.horizon), []
    for block in _initial_blocks(builder, dynamics.n_actions, task):
        pending = [block]
        while pending:
            block = pending.pop()
            steps = len(block.origins)
            if steps == task.horizon:
                solved.append((starts[block.members], _solve(block, task.options)))
            elif _fits(block, task):
                pending.append(_extend(block))
            elif block.members.size > 1:
                pending += _halves(block)
    return solved


def _max_entries(task: StateTask) -> int:
    """Return how many entries of rows fit into memory together."""
    return min(entries_at_a_time(), int(task.memory / (8 * _COPIES)))


def _fits(block: _Block, task: StateTask) -> bool:
    sequences = int(block.counts.max()) * block.models.moves.shape[1]
    return block.entries_of_next <= _max_entries(task) and sequences <= task.max_sequences


def _initial_blocks(builder: LocalModelBuilder, n_actions: int, task: StateTask) -> Iterator[_Block]:
    """Yield blocks of models of one padded size before any action, each with as many models as fit."""
    sizes = np.stack([builder.n_states, builder.n_readings], axis=1)
    sizes = bucket(sizes, int((builder.n_states**2).sum()) * n_actions <= LITTLE)
    for n_states, n_readings in np.unique(sizes, axis=0).tolist():
        members = np.flatnonzero((sizes == (n_states, n_readings)).all(axis=1))
        max_models = _max_entries(task) // (n_actions * n_states * n_states)
        if not max_models:
            continue
        for first in range(0, members.size, max_models):
            block_members = members[first : first + max_models]
            count = common_count(block_members.size, device_count())
            models = placed(builder.build(block_members, n_states, n_readings, count))
            n_rows = np.zeros(count, dtype=np.int64)
            n_rows[: block_members.size] = 1
            yield _Block(block_members, models, xla.before_any(models.start, n_states), n_rows, ())


def _extend(block: _Block) -> _Block:
    rows, present = xla.extend(block.rows, block.counts, block.models.moves, block.models.missing)
    rows, counts, origin = _merge(rows, present)
    return block._replace(rows=rows, counts=counts, origins=(*block.origins, origin))


def _merge(rows: Any, present: Any) -> tuple[Any, np.ndarray, np.ndarray]:
    """Keep one of each group of equal rows; return these rows, their number, and their positions."""
    positions, counts = xla.distinct(rows, present)
    count = fetched(counts)
    size = _common_size(count, rows.size)
    return xla.take(rows, positions, counts, size), count, fetched(positions[:, :size])


def _common_size(count: np.ndarray, entries: int) -> int:
    """Return the common number of rows that models with `count` rows are padded to."""
    return int(bucket(max(int(count.max()), 1), entries <= LITTLE))


def _halves(block: _Block) -> Iterator[_Block]:
    middle = -(-block.members.size // 2)
    for part in (slice(0, middle), slice(middle, block.members.size)):
        block_members = block.members[part]
        short = common_count(block_members.size, device_count()) - block_members.size
        count = np.pad(block.counts[part], (0, short))
        size = _common_size(count, block.rows.size)

        def cut(array: Any, part: slice = part, short: int = short) -> Any:
            return jnp.pad(jnp.asarray(array)[part], ((0, short),) + ((0, 0),) * (array.ndim - 1))

        models = LocalModels(*(cut(array) for array in block.models))
        origins = tuple(np.pad(origin[part], ((0, short), (0, 0))) for origin in block.origins)
        yield _Block(block_members, models, cut(block.rows)[:, :size], count, origins)


def _solve(block: _Block, options: SolverOptions) -> StateSolutions:
    """Apply the sensor to the last layer, and solve the channels as one batch."""
    read = jnp.einsum("wri,wio->wro", block.rows, block.models.readings, precision=jax.lax.Precision.HIGHEST)
    rows, count, origin = _merge(read, jnp.arange(read.shape[1]) < block.counts[:, None])
    channels, count = _channels(rows, count), count[: block.members.size]
    shapes = np.column_stack([np.maximum(count, 1), np.full(count.size, rows.shape[2])])
    outcome = solve_padded(channels, shapes, *options.for_kernel("working-set"))
    available = count > 0
    kept = Outcome(*(np.asarray(part)[: count.size][available] for part in outcome))
    intervals = intervals_of(kept, False, options, "working-set")
    used = (kept.p > 0) & (np.arange(kept.p.shape[1]) < count[available][:, None])
    which, row = np.nonzero(used)
    member = np.flatnonzero(available)[which]
    carriers = used.sum(axis=1), _sequences(block, member, origin[member, row]), kept.p[which, row]
    error = row_error(len(block.origins), block.models.moves.shape[-1])
    return of_available(available, intervals, error, carriers)


def _channels(rows: Any, count: np.ndarray) -> Channels:
    """Return rows as channels; a model without rows becomes a channel of capacity 0."""
    empty = jnp.asarray(count == 0)
    rows = rows.at[:, 0, 0].set(jnp.where(empty, 1.0, rows[:, 0, 0]))
    offsets = jnp.where(jnp.arange(rows.shape[1]) < np.maximum(count, 1)[:, None], 0.0, -jnp.inf)
    return Channels(rows, offsets, (rows > 0).any(axis=1))


def _sequences(block: _Block, members: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return the action sequences that lead to rows of the last layer of some members."""
    n_actions = block.models.moves.shape[1]
    sequences = np.empty((numbers.size, len(block.origins)), dtype=np.int32)
    for step in range(len(block.origins) - 1, -1, -1):
        numbers, sequences[:, step] = np.divmod(block.origins[step][members, numbers], n_actions)
    return sequences

"""Batches of channels in flat arrays, the input of kernels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from empowerment.capacity.kernels import Batch, pack
from empowerment.core import validate
from empowerment.core.channel import Channel, as_channel

Member = np.ndarray | Channel
"""A channel of a batch: an array is still to be checked."""

# Entries packed and solved at a time: 16 MB, a block that the allocator reuses instead of returning it to the system.
_CHUNK = 1 << 21


def as_batch(channels: Any) -> list[Member] | None:
    """Return the members of a batch, or None for a single channel.

    A batch is an array of three axes, or a list or tuple of channels; a list of lists of numbers is one channel.
    Plain float64 matrices are checked later, many at a time; all others are checked here, and become a `Channel`.
    """
    if isinstance(channels, np.ndarray):
        several = channels.ndim == 3
    else:
        several = isinstance(channels, list | tuple) and any(_is_channel(item) for item in channels)
    if not several:
        return None
    if not len(channels):
        raise ValueError("the batch has no channels, expected at least one")
    return [item if is_plain_matrix(item) else _checked(item, number) for number, item in enumerate(channels)]


def _is_channel(item: Any) -> bool:
    if isinstance(item, Channel) or validate.is_sparse(item):
        return True
    if isinstance(item, np.ndarray):
        return item.ndim == 2
    return isinstance(item, list | tuple) and len(item) > 0 and isinstance(item[0], list | tuple | np.ndarray)


def is_plain_matrix(item: Any) -> bool:
    """Return whether this is a matrix that kernels take as it is, once its rows are known to be distributions."""
    return type(item) is np.ndarray and item.ndim == 2 and item.dtype == np.float64 and item.size > 0


def _checked(item: Any, number: int) -> Channel:
    """Return a channel; errors name its position in the batch."""
    try:
        return as_channel(item)
    except (TypeError, ValueError) as reason:
        raise type(reason)(f"channel {number} of the batch: {reason}") from None


def _dense(member: Member) -> np.ndarray:
    if isinstance(member, np.ndarray):
        return member
    return np.asarray(member.matrix.toarray() if validate.is_sparse(member.matrix) else member.matrix)


def chunks(members: list[Member], rewards: list[np.ndarray] | None) -> Iterator[tuple[range, Batch]]:
    """Yield the numbers of consecutive channels and their packed form, a limited number of entries at a time."""
    start, total = 0, np.cumsum([member.shape[0] * member.shape[1] for member in members])
    while start < len(members):
        done = total[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(total, done + _CHUNK, "right")))
        numbers = range(start, stop)
        packed = pack([_dense(members[i]) for i in numbers], rewards and [rewards[i] for i in numbers])
        if not _all_stochastic(packed):
            for i in numbers:
                _checked(members[i], i)
        yield numbers, packed
        start = stop


def _all_stochastic(batch: Batch) -> bool:
    """Return whether all rows certainly pass the checks of a channel; if not, they are checked one by one."""
    widths = np.repeat(batch.n_columns, batch.n_rows)
    sums = np.add.reduceat(batch.entries, np.cumsum(widths) - widths)
    return bool((np.abs(sums - 1.0) <= 5e-10).all() and batch.entries.min() >= 0)

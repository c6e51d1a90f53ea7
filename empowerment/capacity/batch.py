"""Many channels in flat arrays, the form in which kernels take them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.capacity.kernels import Batch
from empowerment.channel import Channel, as_channel

# Entries that are packed and solved at a time, 64 MB of them.
_CHUNK = 1 << 23


def as_batch(channels: Any) -> list[Channel] | None:
    """Return the channels of a batch, or None if this is one channel.

    A batch is an array of three axes, or a list or tuple of channels; a list of lists of numbers is one channel.
    """
    if isinstance(channels, np.ndarray):
        several = channels.ndim == 3
    else:
        several = isinstance(channels, list | tuple) and any(_is_channel(item) for item in channels)
    if not several:
        return None
    found = []
    for number, item in enumerate(channels):
        try:
            found.append(as_channel(item))
        except (TypeError, ValueError) as reason:
            raise type(reason)(f"channel {number} of the batch: {reason}") from None
    if not found:
        raise ValueError("the batch has no channels, expected at least one")
    return found


def _is_channel(item: Any) -> bool:
    if isinstance(item, Channel) or sparse.issparse(item):
        return True
    if isinstance(item, np.ndarray):
        return item.ndim == 2
    return isinstance(item, list | tuple) and len(item) > 0 and isinstance(item[0], list | tuple | np.ndarray)


def chunks(channels: list[Channel], rewards: list[np.ndarray] | None) -> Iterator[tuple[range, Batch]]:
    """Yield the numbers of consecutive channels and their packed form, a limited number of entries at a time."""
    sizes = np.array([c.n_inputs * c.n_outputs for c in channels])
    start, total = 0, np.cumsum(sizes)
    while start < len(channels):
        done = total[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(total, done + _CHUNK, "right")))
        members = range(start, stop)
        yield members, _pack([channels[i] for i in members], rewards and [rewards[i] for i in members])
        start = stop


def _pack(channels: list[Channel], rewards: list[np.ndarray] | None) -> Batch:
    matrices = [c.matrix.toarray() if sparse.issparse(c.matrix) else c.matrix for c in channels]
    n_rows, n_columns = (np.array(sizes) for sizes in zip(*(m.shape for m in matrices), strict=True))
    return Batch(
        entries=np.concatenate([m.reshape(-1) for m in matrices]),
        rewards=np.zeros(n_rows.sum()) if rewards is None else np.concatenate(rewards),
        n_rows=n_rows,
        n_columns=n_columns,
        entry_start=_starts(n_rows * n_columns),
        row_start=_starts(n_rows),
        column_start=_starts(n_columns),
    )


def _starts(sizes: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(sizes)])

"""Channels of any shape padded to few shapes, each of which is compiled once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from empowerment.capacity.kernels import Batch, unpack
from empowerment.capacity.kernels.xla.passes import Channels

LITTLE = 1 << 17
"""Below this many entries the time goes into compilation: sizes then lie further apart, and none is small."""

_SIZES = {True: 32 * 4 ** np.arange(16), False: 8 * 2 ** np.arange(32)}
_COUNTS = {True: 4 ** np.arange(20), False: 2 ** np.arange(40)}


class Piece(NamedTuple):
    """Channels of a batch that are solved together: their numbers, and the arrays that hold them."""

    members: np.ndarray
    channels: Channels


def bucket(sizes: Any, little: bool) -> np.ndarray:
    """Return the common sizes that numbers of rows or columns are padded to."""
    return np.asarray(_SIZES[little][np.searchsorted(_SIZES[little], sizes)])


def common_count(needed: int, devices: int, little: bool = True) -> int:
    """Return the number that `count` items are padded to, a multiple of the number of devices."""
    shares = _COUNTS[little]
    return int(shares[np.searchsorted(shares, needed / devices)]) * devices


def padded(matrix: np.ndarray, offsets: np.ndarray) -> Channels:
    """Return one channel as a batch of one."""
    little = matrix.size <= LITTLE
    channels = _empty(1, bucket(matrix.shape, little))
    _fill(channels, 0, matrix, offsets)
    return _noticed(channels)


def pieces(batch: Batch, devices: int, entries: int) -> Iterator[Piece]:
    """Yield the channels of a batch grouped by padded shapes, with a padded number of channels.

    The offsets of a piece hold the rewards alone. The number of channels is a multiple of `devices`, and a piece
    holds at most `entries` entries unless a single channel is larger.
    """
    little = int(batch.entry_start[-1]) <= LITTLE
    shapes = bucket(np.stack([batch.n_rows, batch.n_columns], axis=1), little)
    for shape in np.unique(shapes, axis=0):
        members = np.flatnonzero((shapes == shape).all(axis=1))
        limit = max(1, entries // int(shape.prod()) // devices) * devices
        for start in range(0, members.size, limit):
            yield _piece(batch, members[start : start + limit], shape, devices, little)


def _piece(batch: Batch, members: np.ndarray, shape: np.ndarray, devices: int, little: bool) -> Piece:
    channels = _empty(common_count(members.size, devices, little), shape)
    for k, i in enumerate(members):
        _fill(channels, k, *unpack(batch, i))
    return Piece(members, _noticed(channels))


def _empty(count: int, shape: np.ndarray) -> Channels:
    """Return channels of capacity 0: one input, one output."""
    n_rows, n_columns = shape.tolist()
    channels = Channels(
        np.zeros((count, n_rows, n_columns)), np.full((count, n_rows), -np.inf), np.zeros((count, n_columns), bool)
    )
    channels.matrix[:, 0, 0], channels.offsets[:, 0] = 1.0, 0.0
    return channels


def _fill(channels: Channels, k: int, matrix: np.ndarray, offsets: np.ndarray) -> None:
    channels.matrix[k, : matrix.shape[0], : matrix.shape[1]] = matrix
    channels.offsets[k, : offsets.size] = offsets


def _noticed(channels: Channels) -> Channels:
    """Mark on the host which columns are reached: on a CPU, XLA flushes the smallest numbers to 0."""
    return channels._replace(reached=(channels.matrix > 0).any(axis=1))

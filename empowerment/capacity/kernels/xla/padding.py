"""Channels of any shape as arrays of few shapes, each of which is compiled once."""

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
    """Return the common number of channels, or of anything else, that so many are padded to; devices share it."""
    shares = _COUNTS[little]
    return int(shares[np.searchsorted(shares, needed / devices)]) * devices


def padded(matrix: np.ndarray, offsets: np.ndarray) -> Channels:
    """Return one channel as a batch of one."""
    little = matrix.size <= LITTLE
    found = _empty(1, bucket(matrix.shape, little))
    _fill(found, 0, matrix, offsets)
    return _noticed(found)


def pieces(batch: Batch, devices: int, entries: int) -> Iterator[Piece]:
    """Yield the channels of a batch sorted into common shapes; the number of channels is a common one too.

    The offsets of a piece hold the rewards alone. The number of channels divides by that of the `devices`, and
    unless one channel is larger a piece holds no more than so many `entries`.
    """
    little = int(batch.entry_start[-1]) <= LITTLE
    shapes = bucket(np.stack([batch.n_rows, batch.n_columns], axis=1), little)
    for shape in np.unique(shapes, axis=0):
        members = np.flatnonzero((shapes == shape).all(axis=1))
        most = max(1, entries // int(shape.prod()) // devices) * devices
        for start in range(0, members.size, most):
            yield _piece(batch, members[start : start + most], shape, devices, little)


def _piece(batch: Batch, members: np.ndarray, shape: np.ndarray, devices: int, little: bool) -> Piece:
    found = _empty(common_count(members.size, devices, little), shape)
    for k, i in enumerate(members):
        _fill(found, k, *unpack(batch, i))
    return Piece(members, _noticed(found))


def _empty(count: int, shape: np.ndarray) -> Channels:
    """Return channels that carry nothing: one input, one output."""
    n_rows, n_columns = shape.tolist()
    found = Channels(
        np.zeros((count, n_rows, n_columns)), np.full((count, n_rows), -np.inf), np.zeros((count, n_columns), bool)
    )
    found.matrix[:, 0, 0], found.offsets[:, 0] = 1.0, 0.0
    return found


def _fill(channels: Channels, k: int, matrix: np.ndarray, offsets: np.ndarray) -> None:
    channels.matrix[k, : matrix.shape[0], : matrix.shape[1]] = matrix
    channels.offsets[k, : offsets.size] = offsets


def _noticed(channels: Channels) -> Channels:
    """Note on the host which columns are reached: on a CPU, XLA takes the smallest numbers for 0."""
    return channels._replace(reached=(channels.matrix > 0).any(axis=1))

"""Layers of rows: one for each sequence of k actions, without redundant ones.

Equal rows have equal futures, so one of them is enough. More generally a row inside the convex hull of others stays
redundant after any further actions: each step is linear, and the capacity depends on the hull of the last rows alone.
"""

from __future__ import annotations

from types import ModuleType
from typing import NamedTuple

import numpy as np

from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.kernels import actuation_kernels
from empowerment.actuation.open_loop.hull import extreme_rows
from empowerment.capacity.backends import capacity_kernels
from empowerment.capacity.kernels import EQUAL_RTOL

# In few dimensions few points are extreme; in many nearly all of them are, and the test takes long.
HULL_COLUMNS, _HULL_ROWS = 12, 2000
WORTH_PRUNING = 0.8


class Layer(NamedTuple):
    """Rows after some actions, and the sequences that lead to them.

    Attributes
    ----------
    rows : ndarray of shape (n_rows, n_columns)
    sequences : ndarray of int of shape (n_rows, length)
        Numbers of the actions; the first of the sequences that were merged into the row.
    relative_error : float
        Bound on the relative error of each entry with respect to the exact row of the sequence: sums of non-negative
        products keep their relative accuracy, and a merged row stands for rows that agree with it to ``EQUAL_RTOL``.
        Both ends of an interval may be off by ``relative_error * (upper + 1)`` nats for it, because ``d(w log(w / q))
        = log(w / q) dw`` and ``sum w |log(w / q)| <= D + 2 / e``.
    deleted : float
        Every pruned row is a mixture of kept rows up to a part of this size.
    """

    rows: np.ndarray
    sequences: np.ndarray
    relative_error: float
    deleted: float


class Kernels(NamedTuple):
    """The kernels of one backend: those of actuation and those of capacity."""

    actuation: ModuleType
    capacity: ModuleType

    @classmethod
    def of(cls, backend: str | None) -> Kernels:
        """Return the kernels of a backend, imported on demand."""
        return cls(actuation_kernels(backend), capacity_kernels(backend))


def first_layer(rows: np.ndarray, names: np.ndarray | None = None, relative_error: float = 0.0) -> Layer:
    """Return the layer before any action; `names` identify its rows as prefixes of their sequences."""
    names = np.zeros((len(rows), 0)) if names is None else names
    return Layer(rows, names.astype(np.int32), relative_error, 0.0)


def walk(layer: Layer, dynamics: Dynamics, n_steps: int, kernels: Kernels, max_entries: float) -> Layer:
    """Extend a layer by up to `n_steps` actions, as long as a layer has at most `max_entries` entries.

    Without available sequences the layer has no rows.
    """
    prune = dynamics.n_columns <= HULL_COLUMNS
    for _ in range(n_steps):
        if len(layer.rows) * dynamics.n_actions * dynamics.n_columns > max_entries:
            break
        layer = merged(_extended(layer, dynamics, kernels), kernels.capacity)
        if prune and 2 * dynamics.n_columns < len(layer.rows) <= _HULL_ROWS:
            pruned = _pruned(layer)
            prune = len(pruned.rows) <= WORTH_PRUNING * len(layer.rows)
            layer = pruned
    return layer


def _extended(layer: Layer, dynamics: Dynamics, kernels: Kernels) -> Layer:
    """Append every action to every sequence that it can follow."""
    n_actions = dynamics.n_actions
    rows = kernels.actuation.extend(layer.rows, dynamics.steps).reshape(-1, dynamics.n_columns)
    sequences = extended_sequences(layer.sequences, n_actions)
    error = layer.relative_error + dynamics.product_error
    available = rows[:, 0] >= 0
    if not available.all():
        rows, sequences = rows[available], sequences[available]
    return Layer(rows, sequences, error, layer.deleted)


def extended_sequences(sequences: np.ndarray, n_actions: int) -> np.ndarray:
    """Return every sequence followed by every action, ordered by sequence, then action."""
    last = np.tile(np.arange(n_actions, dtype=np.int32), len(sequences))
    return np.concatenate([np.repeat(sequences, n_actions, axis=0), last[:, None]], axis=1)


def merged(layer: Layer, kernel: ModuleType | None) -> Layer:
    """Keep one of each group of rows that ``kernel.equal_rows`` finds equal; without a kernel keep all rows."""
    if kernel is None or len(layer.rows) < 2:
        return layer
    first = kernel.equal_rows(layer.rows)
    layer = layer._replace(relative_error=layer.relative_error + EQUAL_RTOL)
    return _chosen(layer, np.flatnonzero(first == np.arange(first.size)), 0.0)


def _pruned(layer: Layer) -> Layer:
    return _chosen(layer, *extreme_rows(layer.rows))


def _chosen(layer: Layer, kept: np.ndarray, deleted: float) -> Layer:
    if kept.size == len(layer.rows):
        return layer
    share = 1.0 - (1.0 - layer.deleted) * (1.0 - deleted)
    return layer._replace(rows=layer.rows[kept], sequences=layer.sequences[kept], deleted=share)

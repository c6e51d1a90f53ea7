"""The numerical kernels of actuation, once for each backend, under one contract.

``reference`` is plain NumPy and SciPy, written to be read; ``cpu`` is compiled by numba. Both have the same
functions, tested against each other:

``count_readings(indptr, indices, read_indptr, read_indices, n_readings, starts, horizon, up_to)``
    Number of readings that are possible after `horizon` steps from each start.
``extend(rows, steps) -> (n_rows, n_actions, n_columns)``
    Every row followed by every action; -1 in all columns if the action is not available.
``leaf_offsets(rows, suffixes, steps, readings) -> (n_rows, n_suffixes)``
    For every row followed by every suffix, the part of the divergence of the reading that does not depend on q (the
    offset of :mod:`empowerment.capacity.kernels`); minus infinity for suffixes that are not available. The rows
    themselves are not stored.
``price(rows, suffix_values, offsets) -> (best, suffix)``
    For each row the largest entry of ``offsets - rows @ suffix_values``, and its column.
``sequence_rows(rows, sequences, steps) -> (n_sequences, n_columns)``
    Row i followed by the actions of sequence i; -1 in all columns if an action is not available.
``enumerate_rows(world, starts, horizon, limits) -> StateRows``
    For many starts the distributions of the last reading, one for each available sequence of `horizon` actions. Equal
    rows are merged after every action. A start takes time and memory for what it reaches, however large the world is.
``best_lassos(indptr, indices, costs, discount, above) -> Lassos``
    In a deterministic world, for each state the walk from state 0 into a cycle that begins there whose discounted
    occupancy has the largest divergence from a distribution.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import NamedTuple

import numpy as np

from empowerment.capacity.backends import BACKENDS, backend_name
from empowerment.runtime.loading import load


class Steps(NamedTuple):
    """The transposed transition matrices, stacked: row ``action * n_columns + y`` holds the predecessors of y.

    Attributes
    ----------
    indptr, indices, data : ndarray
        CSR of shape (n_actions * n_columns, n_columns).
    missing : ndarray of bool of shape (n_actions, n_columns)
        Where an action is not available.
    """

    indptr: np.ndarray
    indices: np.ndarray
    data: np.ndarray
    missing: np.ndarray


class Readings(NamedTuple):
    """The transposed sensor, as CSR of shape (n_readings, n_columns)."""

    indptr: np.ndarray
    indices: np.ndarray
    data: np.ndarray


class World(NamedTuple):
    """Transitions and sensor of a whole model: CSR arrays with indices of 32 bits.

    Attributes
    ----------
    indptr, indices, data : ndarray
        Row ``state * n_actions + action`` is the distribution of the next state, empty if the action is missing.
    available : ndarray of bool of shape (n_states, n_actions)
    read_indptr, read_indices, read_data : ndarray
        Row ``state`` is the distribution of the reading.
    n_readings : int
    """

    indptr: np.ndarray
    indices: np.ndarray
    data: np.ndarray
    available: np.ndarray
    read_indptr: np.ndarray
    read_indices: np.ndarray
    read_data: np.ndarray
    n_readings: int


class RowLimits(NamedTuple):
    """How much may be enumerated.

    Attributes
    ----------
    max_sequences : int
        Largest number of rows of a layer of one start before they are merged.
    max_entries : int
        Largest number of entries of a layer of one start before its rows are merged.
    room : int
        Number of entries of the last layers of all starts together, at least `max_entries`.
    """

    max_sequences: int
    max_entries: int
    room: int


class StateRows(NamedTuple):
    """Rows of the first of the starts that were asked for: of as many as there was room for, but at least one.

    Attributes
    ----------
    entries : ndarray
        The rows of one start after those of another, as :class:`empowerment.capacity.kernels.Batch` has them.
    sequences : ndarray of int64
        The sequence of each row, as a number whose digits to the base `n_actions` are the actions.
    n_rows : ndarray of int
        For each start; 0 if no sequence is available, -1 if a layer would exceed the limits.
    n_columns : ndarray of int
        Number of readings that are possible after exactly `horizon` actions.
    n_states : ndarray of int
        Number of states in the widest layer.
    """

    entries: np.ndarray
    sequences: np.ndarray
    n_rows: np.ndarray
    n_columns: np.ndarray
    n_states: np.ndarray


class Lassos(NamedTuple):
    """Walks from state 0 that end in a cycle, one for each state in which the cycle begins.

    Attributes
    ----------
    values : ndarray of shape (n_states,)
        A number of which the largest one is the largest divergence of any policy; minus infinity if there is no walk.
    states : ndarray of int64 of shape (n_states, n_states)
        The different states of each walk in their order, then -1.
    closes : ndarray of int64 of shape (n_states,)
        The place in the walk to which its last step leads back; -1 where no walk was wanted.
    """

    values: np.ndarray
    states: np.ndarray
    closes: np.ndarray


@cache
def actuation_kernels(backend: str | None) -> ModuleType:
    """Return the package of kernels of a backend, imported on demand; for JAX that of the CPU."""
    package = BACKENDS[backend_name(backend)]
    return load(f"{__name__}.{'cpu' if package == 'xla' else package}")

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
"""

from __future__ import annotations

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
    follows : ndarray of bool of shape (n_actions, n_actions)
        Whether action b may come directly after action a. Of two actions that commute one order is enough.
    """

    indptr: np.ndarray
    indices: np.ndarray
    data: np.ndarray
    missing: np.ndarray
    follows: np.ndarray


class Readings(NamedTuple):
    """The transposed sensor, as CSR of shape (n_readings, n_columns)."""

    indptr: np.ndarray
    indices: np.ndarray
    data: np.ndarray


def actuation_kernels(backend: str | None) -> ModuleType:
    """Return the package of kernels of a backend, imported on demand; for JAX that of the CPU."""
    package = BACKENDS[backend_name(backend)]
    return load(f"{__name__}.{'cpu' if package == 'xla' else package}")

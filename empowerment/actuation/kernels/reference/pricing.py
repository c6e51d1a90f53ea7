"""Rows followed by suffixes of actions."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from empowerment.actuation.kernels import Readings, Steps
from empowerment.capacity.kernels.reference.solve import row_offsets


def extend(rows: np.ndarray, steps: Steps) -> np.ndarray:
    """Return every row followed by every action: shape (n_rows, n_actions, n_columns)."""
    extended = np.stack([rows @ matrix for matrix in _matrices(steps)], axis=1)
    extended[((rows > 0).astype(float) @ steps.missing.T) > 0] = -1.0
    return extended


def leaf_offsets(rows: np.ndarray, suffixes: np.ndarray, steps: Steps, readings: Readings) -> np.ndarray:
    """Return the offsets of all rows after all suffixes."""
    shape = len(readings.indptr) - 1, rows.shape[1]
    reading = sparse.csr_array((readings.data, readings.indices, readings.indptr), shape)
    offsets = np.empty((len(rows), len(suffixes)))
    for w, suffix in enumerate(suffixes):
        last = sequence_rows(rows, np.repeat(suffix[None], len(rows), axis=0), steps)
        available = last[:, 0] >= 0
        offsets[:, w] = np.where(available, row_offsets(np.where(available[:, None], last @ reading.T, 0.0)), -np.inf)
    return offsets


def price(rows: np.ndarray, suffix_values: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each row the largest entry of ``offsets - rows @ suffix_values``, and its column."""
    divergences = offsets - rows @ suffix_values
    suffix = divergences.argmax(axis=1)
    return divergences[np.arange(len(rows)), suffix], suffix


def sequence_rows(rows: np.ndarray, suffixes: np.ndarray, steps: Steps) -> np.ndarray:
    """Return row i followed by the actions of suffix i."""
    matrices, results = _matrices(steps), []
    for row, suffix in zip(rows, suffixes, strict=True):
        for action in suffix:
            if (row[steps.missing[action]] > 0).any():
                row = np.full(row.size, -1.0)
                break
            row = row @ matrices[action]
        results.append(row)
    return np.array(results).reshape(len(suffixes), rows.shape[1])


def _matrices(steps: Steps) -> list[sparse.csr_array]:
    n_actions, n_columns = steps.missing.shape
    gathers = sparse.csr_array((steps.data, steps.indices, steps.indptr), (n_actions * n_columns, n_columns))
    return [gathers[a * n_columns : (a + 1) * n_columns].T.tocsr() for a in range(n_actions)]

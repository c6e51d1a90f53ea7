"""Equal rows, proportional columns and connected components of a channel."""

from __future__ import annotations

import numpy as np

from empowerment.capacity.kernels import EQUAL_RTOL


def equal_rows(matrix: np.ndarray) -> np.ndarray:
    """Return for each row the smallest row with the same entries up to rounding."""
    return _equal(matrix)


def proportional_columns(matrix: np.ndarray) -> np.ndarray:
    """Return for each column the smallest column it is a multiple of, -1 for a column of zeros."""
    sums = matrix.sum(axis=0)
    filled = np.flatnonzero(sums > 0)
    first = np.full(sums.size, -1)
    columns = matrix[:, filled].T / matrix[:, filled].max(axis=0)[:, None]
    first[filled] = filled[_equal(columns)]
    return first


def _equal(rows: np.ndarray) -> np.ndarray:
    """Group equal rows, which are neighbours when sorted by their product with a fixed random vector."""
    weights = np.random.default_rng(0).uniform(1.0, 2.0, rows.shape[1])
    keys = rows @ weights
    order = np.argsort(keys, kind="stable")
    first = np.arange(rows.shape[0])
    head = order[0]
    for row in order[1:]:
        close = np.abs(rows[row] - rows[head]) <= EQUAL_RTOL * np.maximum(rows[row], rows[head])
        if close.all():
            first[row] = head
        else:
            head = row
    # The head of a group is its first row in sorted order; replace it by the smallest row.
    smallest = np.arange(rows.shape[0])
    np.minimum.at(smallest, first, np.arange(rows.shape[0]))
    return smallest[first]


def components(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of the connected component of each row and of each column."""
    joined, n_rows = matrix > 0, len(matrix)
    least = np.arange(n_rows)  # the smallest row that each row is known to be connected to
    while True:
        columns = np.where(joined, least[:, None], n_rows).min(axis=0)
        nearer = np.where(joined, columns, n_rows).min(axis=1)
        if (nearer == least).all():
            break
        least = nearer[nearer]
    _, numbers = np.unique(np.concatenate([least, columns]), return_inverse=True)
    return numbers[:n_rows], numbers[n_rows:]

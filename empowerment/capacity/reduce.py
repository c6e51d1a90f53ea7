"""Exact reductions of a channel, and the way back.

Equal rows and proportional columns are merged, columns of zeros dropped, and what is left is split into its
connected components, the blocks of a block-diagonal channel. None of this changes the capacity:

* a merged row adds nothing to the convex hull of the rows;
* proportional columns carry the same likelihood ratios, so their sum is a sufficient statistic;
* for components with capacities C_i the whole has ``log sum_i exp(C_i)``, component i used with probability
  ``exp(C_i - C)`` (Shannon 1948, sum of channels).

Rows count as equal when they agree up to rounding. That is why nothing here is part of the proof: both ends of
an interval are computed on the caller's matrix, after p and q have been mapped back.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from empowerment.validate import Matrix

# A component is solved as a dense matrix; beyond this many entries (8 GiB) the machine decides nothing silently.
_MAX_DENSE_ENTRIES = 1 << 30


@dataclass(frozen=True)
class Block:
    """A connected component that takes solving: `matrix` is made of these rows and columns of the caller's.

    ``column_owner[y]`` is the number of the block's column that the caller's column ``columns[y]`` was merged
    into, and ``column_share[y]`` its part of that column.
    """

    matrix: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    column_owner: np.ndarray
    column_share: np.ndarray


@dataclass(frozen=True)
class Reduction:
    """A channel as blocks to solve, and inputs that each stand for a component of capacity 0."""

    blocks: list[Block]
    trivial_rows: np.ndarray


def reduce(matrix: Matrix, kernel: ModuleType) -> Reduction:
    """Merge, drop and split until only irreducible blocks are left."""
    if not sparse.issparse(matrix):
        return _reduce_dense(matrix, kernel)
    blocks: list[Block] = []
    trivial = []
    for rows, columns in _sparse_components(matrix):
        if rows.size == 1 or columns.size == 1:
            trivial.append(rows[:1])
            continue
        if rows.size * columns.size > _MAX_DENSE_ENTRIES:
            raise MemoryError(
                f"a connected part of the sparse channel has {rows.size} inputs and {columns.size} outputs; "
                f"solving it takes a dense matrix of more than {_MAX_DENSE_ENTRIES} entries"
            )
        dense = np.ascontiguousarray(matrix[rows][:, columns].toarray())
        part = _reduce_dense(dense, kernel)
        trivial.append(rows[part.trivial_rows])
        blocks += [
            Block(b.matrix, rows[b.rows], columns[b.columns], b.column_owner, b.column_share) for b in part.blocks
        ]
    return Reduction(blocks, np.concatenate([np.empty(0, dtype=np.int64), *trivial]))


def _reduce_dense(matrix: np.ndarray, kernel: ModuleType) -> Reduction:
    first_row = kernel.equal_rows(matrix)
    first_column = kernel.proportional_columns(matrix)
    rows = np.flatnonzero(first_row == np.arange(first_row.size))
    columns = np.flatnonzero(first_column == np.arange(first_column.size))
    members = np.flatnonzero(first_column >= 0)
    owner = np.searchsorted(columns, first_column[members])
    merged = matrix if rows.size == matrix.shape[0] else matrix[rows]
    share = np.ones(members.size)
    if members.size > columns.size:
        weight = matrix[:, members].max(axis=0)
        share = weight / np.bincount(owner, weight)[owner]
        merged = merged[:, members] @ np.eye(columns.size)[owner]
    elif columns.size < matrix.shape[1]:
        merged = np.ascontiguousarray(merged[:, columns])
    row_component, column_component = kernel.components(merged)
    if not row_component.any():
        if rows.size == 1:
            return Reduction([], rows)
        return Reduction([Block(merged, rows, members, owner, share)], np.empty(0, dtype=np.int64))
    blocks, trivial = [], []
    for r, c in _groups(row_component, column_component):
        if r.size == 1:
            trivial.append(rows[r[0]])
            continue
        mine = np.flatnonzero(np.isin(owner, c))
        block = np.ascontiguousarray(merged[np.ix_(r, c)])
        blocks.append(Block(block, rows[r], members[mine], np.searchsorted(c, owner[mine]), share[mine]))
    return Reduction(blocks, np.array(trivial, dtype=np.int64))


def _groups(row_component: np.ndarray, column_component: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the rows and the columns of each component."""
    count = int(column_component.max()) + 1
    parts = []
    for component in (row_component, column_component):
        order = np.argsort(component, kind="stable")
        parts.append(np.split(order, np.searchsorted(component[order], np.arange(1, count))))
    return list(zip(*parts, strict=True))


def _sparse_components(matrix: sparse.csr_array) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return rows and columns of each connected component, without the columns of zeros."""
    n_rows, n_columns = matrix.shape
    graph = sparse.block_array([[None, matrix], [sparse.csr_array((n_columns, n_rows)), None]])
    _, component = csgraph.connected_components(graph, directed=False)
    row_component, column_component = component[:n_rows], component[n_rows:]
    # Every component with a row has a column; those without a row are columns of zeros.
    names, row_component = np.unique(row_component, return_inverse=True)
    filled = np.flatnonzero(np.isin(column_component, names))
    groups = _groups(row_component, np.searchsorted(names, column_component[filled]))
    return [(rows, filled[columns]) for rows, columns in groups]

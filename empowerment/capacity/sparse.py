"""Sparse channels: each connected component is solved as a dense matrix, the whole certified on the sparse one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from empowerment.capacity.kernels import Outcome, worst_rung
from empowerment.capacity.kernels.reference.certificate import certificate

# Largest number of entries of a component as a dense matrix (8 GiB).
_MAX_DENSE_ENTRIES = 1 << 30


def solve_sparse(
    matrix: sparse.csr_array,
    offsets: np.ndarray,
    rewards: np.ndarray | None,
    solve_dense: Callable[[np.ndarray, np.ndarray], Outcome],
) -> Outcome:
    """Solve each connected component and use it with probability ``exp(C_i - C)``; see `reference.solve`.

    The value of a component with one input or one output is its largest reward.
    """
    input_rewards = np.zeros(matrix.shape[0]) if rewards is None else rewards
    p, q, parts, values, alone = np.zeros(matrix.shape[0]), np.zeros(matrix.shape[1]), [], [], []
    for rows, columns in _components(matrix):
        if rows.size == 1 or columns.size == 1:
            alone.append(rows[np.argmax(input_rewards[rows])])
            continue
        if rows.size * columns.size > _MAX_DENSE_ENTRIES:
            raise MemoryError(
                f"a connected part of the sparse channel has {rows.size} inputs and {columns.size} outputs; "
                f"solving it takes a dense matrix of more than {_MAX_DENSE_ENTRIES} entries"
            )
        solution = solve_dense(np.ascontiguousarray(matrix[rows][:, columns].toarray()), offsets[rows])
        parts.append((rows, columns, solution))
        values.append(solution.information)
    single = np.array(alone, dtype=np.int64)
    value = np.concatenate([values, input_rewards[single]])
    weight = np.exp(value - value.max())
    weight /= weight.sum()
    for (rows, columns, solution), w in zip(parts, weight, strict=False):
        p[rows], q[columns] = w * solution.p, w * solution.q
    p[single] = weight[len(parts) :]
    q += p[single] @ matrix[single]
    unseen = np.flatnonzero(q == 0)
    reached = np.bincount(matrix[:, unseen].indices, minlength=unseen.size) > 0
    q[unseen[reached]] = np.nextafter(0, 1)  # a product of two small numbers underflowed
    p /= p.sum()
    return Outcome(
        p,
        q,
        *certificate(matrix, offsets, p, q),
        n_iter=sum(solution.n_iter for _, _, solution in parts),
        n_passes=sum(solution.n_passes for _, _, solution in parts),
        rung=worst_rung(solution.rung for _, _, solution in parts),
    )


def _components(matrix: sparse.csr_array) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return rows and columns of each connected component, without the columns of zeros."""
    n_rows, n_columns = matrix.shape
    graph = sparse.block_array([[None, matrix], [sparse.csr_array((n_columns, n_rows)), None]])
    _, component = csgraph.connected_components(graph, directed=False)
    row_component, column_component = component[:n_rows], component[n_rows:]
    # Every component with a row has a column; those without a row are columns of zeros.
    names, row_component = np.unique(row_component, return_inverse=True)
    filled = np.flatnonzero(np.isin(column_component, names))
    rows = _grouped(row_component, names.size)
    columns = _grouped(np.searchsorted(names, column_component[filled]), names.size)
    return [(r, filled[c]) for r, c in zip(rows, columns, strict=True)]


def _grouped(component: np.ndarray, count: int) -> list[np.ndarray]:
    order = np.argsort(component, kind="stable")
    return np.split(order, np.searchsorted(component[order], np.arange(1, count)))

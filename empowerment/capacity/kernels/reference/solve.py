"""One channel from its matrix to its certified capacity.

Before solving, the channel is made smaller in ways that keep its capacity. Equal rows and proportional columns are
merged, columns of zeros dropped, and what is left is split into its connected components:

* a merged row adds nothing to the convex hull of the rows; of equal rows the one with the largest reward stays;
* proportional columns carry the same likelihood ratios, so their sum is a sufficient statistic;
* for components with capacities C_i the whole has ``log sum_i exp(C_i)``, component i used with probability
  ``exp(C_i - C)`` (Shannon 1948, sum of channels).

Rows count as equal when they agree up to rounding. That is why nothing here is part of the proof: both ends of
an interval are computed on the caller's matrix, after p and q have been mapped back.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from empowerment.capacity.kernels import (
    BLAHUT_ARIMOTO,
    BY_BLAHUT_ARIMOTO,
    BY_SQUAREM,
    DIRECT,
    NOT_REACHED,
    SQUAREM,
    SQUAREM_SHARE,
    TINY,
    Batch,
    Certificate,
    Outcome,
    Solution,
    unpack,
    worst_rung,
)
from empowerment.capacity.kernels.reference.certificate import certificate
from empowerment.capacity.kernels.reference.interior_point import working_set
from empowerment.capacity.kernels.reference.iterations import blahut_arimoto, squarem
from empowerment.capacity.kernels.reference.reduction import components, equal_rows, proportional_columns


def solve(matrix: np.ndarray, offsets: np.ndarray, tol: float, rtol: float, method: int, max_iter: int) -> Outcome:
    """Reduce, solve every component, map back, certify."""
    return solve_by_parts(
        matrix, offsets, lambda block, own: ladder(block, own, tol, rtol, method, max_iter), certificate
    )


def solve_by_parts(
    matrix: np.ndarray,
    offsets: np.ndarray,
    solve_block: Callable[[np.ndarray, np.ndarray], Solution],
    certify: Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], Certificate],
) -> Outcome:
    """Reduce, solve each connected component in a way of one's own, map back, certify."""
    rows = _representatives(equal_rows(matrix), offsets)
    first_column = proportional_columns(matrix)
    members = np.flatnonzero(first_column >= 0)
    kept, owner = np.unique(first_column[members], return_inverse=True)
    weight = matrix[:, members].max(axis=0)
    share = weight / np.bincount(owner, weight)[owner]
    reduced = matrix[rows][:, members] @ np.eye(kept.size)[owner]
    # A share s of a column adds w s log s to what does not depend on q; divergences stay as they are.
    own = offsets[rows] - reduced @ np.bincount(owner, share * np.log(share))

    found, component_weight, (row_component, column_component) = _solve_components(reduced, own, solve_block)
    p, q = np.zeros(matrix.shape[0]), np.zeros(matrix.shape[1])
    p[rows] = component_weight[row_component] * found.p
    q[members] = np.maximum(component_weight[column_component][owner] * share * found.q[owner], TINY)
    p /= p.sum()
    return Outcome(p, q, *certify(matrix, offsets, p, q), found.n_iter, found.n_passes, found.rung)


def solve_batch(batch: Batch, tol: float, rtol: float, method: int, max_iter: int) -> Outcome:
    """Solve the channels of a batch one by one."""
    outcomes = []
    for i in range(batch.n_rows.size):
        matrix, rewards = unpack(batch, i)
        outcomes.append(solve(matrix, row_offsets(matrix) + rewards, tol, rtol, method, max_iter))
    p, q, *numbers = zip(*outcomes, strict=True)
    return Outcome(np.concatenate(p), np.concatenate(q), *(np.array(column) for column in numbers))


def ladder(matrix: np.ndarray, offsets: np.ndarray, tol: float, rtol: float, method: int, max_iter: int) -> Solution:
    """Solve a reduced block by one method, or by the working set and what comes after it.

    Neither of the methods after it revives an input of probability 0, so they start a little inside.
    """
    uniform = np.full(len(matrix), 1.0 / len(matrix))
    if method == BLAHUT_ARIMOTO:
        return blahut_arimoto(matrix, offsets, uniform, tol, rtol, max_iter)
    if method == SQUAREM:
        return squarem(matrix, offsets, uniform, tol, rtol, max_iter)
    found = working_set(matrix, offsets, tol, rtol, max_iter)
    for rung, iterate, share in ((BY_SQUAREM, squarem, SQUAREM_SHARE), (BY_BLAHUT_ARIMOTO, blahut_arimoto, 1.0)):
        left = max_iter - found.n_iter
        if found.rung != NOT_REACHED or left <= 0:
            break
        inside = 0.99 * found.p + 0.01 * uniform
        more = iterate(matrix, offsets, inside, tol, rtol, max(int(share * left), 1))
        found = better_ends(found, more, tol, rtol, rung)
    return found


def better_ends(first: Solution, second: Solution, tol: float, rtol: float, rung: int) -> Solution:
    """Take the better lower end and the better upper end of two solutions, each with its proof."""
    low = first if first.lower > second.lower else second
    high = first if first.upper < second.upper else second
    reached = high.upper - low.lower <= max(tol, rtol * low.lower)
    return Solution(
        p=low.p,
        q=high.q,
        lower=low.lower,
        upper=high.upper,
        n_iter=first.n_iter + second.n_iter,
        n_passes=first.n_passes + second.n_passes,
        rung=rung if reached else NOT_REACHED,
    )


def _representatives(first: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Return one row for each group of equal rows: that of the largest offset, hence of the largest reward."""
    order = np.lexsort((np.arange(first.size), -offsets, first))
    return order[np.unique(first[order], return_index=True)[1]]


def _solve_components(
    matrix: np.ndarray, offsets: np.ndarray, solve_block: Callable[[np.ndarray, np.ndarray], Solution]
) -> tuple[Solution, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Solve each connected component; return p and q side by side, and the weight of each component."""
    row_component, column_component = components(matrix)
    value = np.zeros(row_component.max() + 1)
    p, q = np.zeros(matrix.shape[0]), np.zeros(matrix.shape[1])
    n_iter, n_passes, worst = 0, 0, DIRECT
    for c in range(value.size):
        rows, columns = np.flatnonzero(row_component == c), np.flatnonzero(column_component == c)
        if rows.size == 1:
            p[rows], q[columns], value[c] = 1.0, matrix[rows[0], columns], _reward(matrix[rows[0]], offsets[rows[0]])
            continue
        found = solve_block(np.ascontiguousarray(matrix[np.ix_(rows, columns)]), offsets[rows])
        p[rows], q[columns], value[c] = found.p, found.q, found.lower
        n_iter, n_passes, worst = n_iter + found.n_iter, n_passes + found.n_passes, worst_rung((worst, found.rung))
    weight = np.exp(value - value.max())
    joined = Solution(p, q, 0.0, 0.0, n_iter, n_passes, worst)
    return joined, weight / weight.sum(), (row_component, column_component)


def row_offsets(matrix: np.ndarray) -> np.ndarray:
    """Return the part of each row's divergence that q does not change."""
    return np.asarray((matrix * (np.log(np.maximum(matrix, TINY)) - 1.0)).sum(axis=1) + 1.0)


def _reward(row: np.ndarray, offset: float) -> float:
    """Return the value of using one input alone: its reward."""
    return float(offset - row_offsets(row[None, :])[0])

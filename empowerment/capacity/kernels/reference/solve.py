"""The certified capacity of one channel: reduce, solve, map back, certify.

Reductions keep the capacity. Equal rows and proportional columns are merged, columns of zeros dropped, and the rest
is split into its connected components:

* a merged row adds nothing to the convex hull of the rows; of equal rows the one with the largest reward stays;
* proportional columns have the same likelihood ratios, so their sum is a sufficient statistic;
* for components with capacities C_i the total is ``log sum_i exp(C_i)``, component i used with probability
  ``exp(C_i - C)`` (Shannon 1948, sum of channels).

Rows count as equal if they agree up to rounding. Hence the reductions are no part of the proof: both ends of an
interval are computed on the caller's matrix, after p and q have been mapped back.
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
    WORKING_SET,
    Batch,
    Certificate,
    Outcome,
    Solution,
    unpack,
    worst_rung,
)
from empowerment.capacity.kernels.reference.certificate import certificate
from empowerment.capacity.kernels.reference.direct import solve_directly
from empowerment.capacity.kernels.reference.interior_point import working_set
from empowerment.capacity.kernels.reference.iterations import blahut_arimoto, squarem
from empowerment.capacity.kernels.reference.reduction import components, equal_rows, proportional_columns


def solve(matrix: np.ndarray, offsets: np.ndarray, tol: float, rtol: float, method: int, max_iter: int) -> Outcome:
    """Reduce, solve every component, map back, certify; two outputs or two inputs are solved directly."""
    if method == WORKING_SET and (outcome := solve_directly(matrix, offsets, tol, rtol, max_iter)):
        return outcome
    return solve_by_parts(
        matrix, offsets, lambda block, own: ladder(block, own, tol, rtol, method, max_iter), certificate
    )


def solve_by_parts(
    matrix: np.ndarray,
    offsets: np.ndarray,
    solve_block: Callable[[np.ndarray, np.ndarray], Solution],
    certify: Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], Certificate],
) -> Outcome:
    """Reduce, solve each connected component by `solve_block`, map back, certify by `certify`."""
    rows = _representatives(equal_rows(matrix), offsets)
    first_column = proportional_columns(matrix)
    members = np.flatnonzero(first_column >= 0)
    kept, owner = np.unique(first_column[members], return_inverse=True)
    weight = matrix[:, members].max(axis=0)
    share = weight / np.bincount(owner, weight)[owner]
    reduced = matrix[rows][:, members] @ np.eye(kept.size)[owner]
    # A share s of a column adds w s log s to the offset; divergences do not change.
    reduced_offsets = offsets[rows] - reduced @ np.bincount(owner, share * np.log(share))

    joined, component_weight, (row_component, column_component) = _solve_components(
        reduced, reduced_offsets, solve_block
    )
    p, q = np.zeros(matrix.shape[0]), np.zeros(matrix.shape[1])
    p[rows] = component_weight[row_component] * joined.p
    q[members] = np.maximum(component_weight[column_component][owner] * share * joined.q[owner], TINY)
    p /= p.sum()
    return Outcome(p, q, *certify(matrix, offsets, p, q), joined.n_iter, joined.n_passes, joined.rung)


def solve_batch(batch: Batch, tol: float, rtol: float, method: int, max_iter: int) -> Outcome:
    """Solve the channels of a batch one by one."""
    outcomes = []
    for i in range(batch.n_rows.size):
        matrix, rewards = unpack(batch, i)
        outcomes.append(solve(matrix, row_offsets(matrix) + rewards, tol, rtol, method, max_iter))
    p, q, *numbers = zip(*outcomes, strict=True)
    return Outcome(np.concatenate(p), np.concatenate(q), *(np.array(column) for column in numbers))


def ladder(matrix: np.ndarray, offsets: np.ndarray, tol: float, rtol: float, method: int, max_iter: int) -> Solution:
    """Solve a reduced block by one method, or by the working set and, if it stops early, by the methods after it.

    The later methods never raise a probability of 0, so they start in the interior of the simplex.
    """
    uniform = np.full(len(matrix), 1.0 / len(matrix))
    if method == BLAHUT_ARIMOTO:
        return blahut_arimoto(matrix, offsets, uniform, tol, rtol, max_iter)
    if method == SQUAREM:
        return squarem(matrix, offsets, uniform, tol, rtol, max_iter)
    solution = working_set(matrix, offsets, tol, rtol, max_iter)
    for rung, iterate, share in ((BY_SQUAREM, squarem, SQUAREM_SHARE), (BY_BLAHUT_ARIMOTO, blahut_arimoto, 1.0)):
        left = max_iter - solution.n_iter
        if solution.rung != NOT_REACHED or left <= 0:
            break
        inside = 0.99 * solution.p + 0.01 * uniform
        continued = iterate(matrix, offsets, inside, tol, rtol, max(int(share * left), 1))
        solution = better_ends(solution, continued, tol, rtol, rung)
    return solution


def better_ends(first: Solution, second: Solution, tol: float, rtol: float, rung: int) -> Solution:
    """Combine the better lower end and the better upper end of two solutions, each with its proof."""
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
    """Return from each group of equal rows the one with the largest offset, hence the largest reward."""
    order = np.lexsort((np.arange(first.size), -offsets, first))
    return order[np.unique(first[order], return_index=True)[1]]


def _solve_components(
    matrix: np.ndarray, offsets: np.ndarray, solve_block: Callable[[np.ndarray, np.ndarray], Solution]
) -> tuple[Solution, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Solve each connected component; return p and q of all of them, and the weight of each component."""
    row_component, column_component = components(matrix)
    value = np.zeros(row_component.max() + 1)
    p, q = np.zeros(matrix.shape[0]), np.zeros(matrix.shape[1])
    n_iter, n_passes, worst = 0, 0, DIRECT
    for c in range(value.size):
        rows, columns = np.flatnonzero(row_component == c), np.flatnonzero(column_component == c)
        if rows.size == 1:
            p[rows], q[columns], value[c] = 1.0, matrix[rows[0], columns], _reward(matrix[rows[0]], offsets[rows[0]])
            continue
        solution = solve_block(np.ascontiguousarray(matrix[np.ix_(rows, columns)]), offsets[rows])
        p[rows], q[columns], value[c] = solution.p, solution.q, solution.lower
        n_iter, n_passes, worst = (
            n_iter + solution.n_iter,
            n_passes + solution.n_passes,
            worst_rung((worst, solution.rung)),
        )
    weight = np.exp(value - value.max())
    joined = Solution(p, q, 0.0, 0.0, n_iter, n_passes, worst)
    return joined, weight / weight.sum(), (row_component, column_component)


def row_offsets(matrix: np.ndarray) -> np.ndarray:
    """Return the part of each row's divergence that q does not change."""
    return np.asarray((matrix * (np.log(np.maximum(matrix, TINY)) - 1.0)).sum(axis=1) + 1.0)


def _reward(row: np.ndarray, offset: float) -> float:
    """Return the value of using one input alone: its reward."""
    return float(offset - row_offsets(row[None, :])[0])

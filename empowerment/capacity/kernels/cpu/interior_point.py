"""Column generation over working sets of rows; see `reference.interior_point`."""

from __future__ import annotations

import math

from empowerment.capacity.kernels import (
    CORRECTOR_GAIN,
    CORRECTOR_RANGE,
    CORRECTOR_REACH,
    CORRECTORS,
    COSTLY,
    DIRECT,
    INTERIOR_POINT_STEPS,
    LARGE,
    LOOSE,
    MARGIN,
    NEAR,
    NOT_REACHED,
    RESTARTED,
    TIGHT,
    UNUSED,
    WHOLE_SHARE,
    WHOLE_UNUSED,
    WORKING_SET_ROUNDS,
    Solution,
)
from empowerment.capacity.kernels.cpu.arrays import Array, integers, truths, vector, zeros
from empowerment.capacity.kernels.cpu.hessian import System, factorise_system, new_system, solve_system
from empowerment.capacity.kernels.cpu.linear import (
    copy_to,
    divergences,
    dot,
    fill,
    gather,
    largest,
    logarithms,
    normalise,
    outputs,
    padded,
    picked,
    total,
)
from empowerment.runtime.jit import jit, stopped

_INF = math.inf


@jit()
def _longest_step(values: Array, changes: Array) -> float:
    """Return the longest step along `changes` that keeps `values` non-negative."""
    limit = _INF
    for i in range(values.size):
        if changes[i] < 0:
            limit = min(limit, -values[i] / changes[i])
    return limit


@jit()
def _direction(
    system: System, matrix: Array, d: Array, p: Array, z: Array, nu: float, mu: float, n_correctors: int
) -> tuple[Array, Array, float]:
    """Return the changes of p, z and nu: Mehrotra's direction, then Gondzio's corrections while they lengthen it."""
    n = p.size
    ones, centre = zeros(padded(n)), zeros(n)
    dp, dz, d_nu, trial_p, trial_z = zeros(padded(n)), vector(n), 0.0, zeros(padded(n)), vector(n)
    for i in range(n):
        ones[i] = 1.0
    solve_system(system, matrix, ones)
    missing, all_ones, length, target = 1.0 - total(p), total(ones), 0.0, 0.0
    for k in range(2 + n_correctors):
        for i in range(n):
            trial_p[i] = d[i] - nu + centre[i] / p[i]  # the residual nu - d - z cancels the slack
        solve_system(system, matrix, trial_p)
        trial_nu = (total(trial_p) - missing) / all_ones
        for i in range(n):
            trial_p[i] -= trial_nu * ones[i]
            trial_z[i] = (centre[i] - z[i] * trial_p[i]) / p[i] - z[i]
        longest = min(1.0, _longest_step(p, trial_p), _longest_step(z, trial_z))
        if k == 0:  # the predictor, towards products of 0
            reached = 0.0
            for i in range(n):
                reached += (p[i] + longest * trial_p[i]) * (z[i] + longest * trial_z[i]) / n
            left = reached / mu
            target = mu * (left * left * left)
            for i in range(n):
                centre[i] = target - longest * trial_p[i] * trial_z[i]
            continue
        if k > 1 and longest < length + CORRECTOR_GAIN:
            break
        length, d_nu = longest, trial_nu
        copy_to(dp, trial_p)
        copy_to(dz, trial_z)
        reach = min(1.0, length + CORRECTOR_REACH)
        for i in range(n):
            product = (p[i] + reach * dp[i]) * (z[i] + reach * dz[i])
            wanted = min(max(product, target / CORRECTOR_RANGE), target * CORRECTOR_RANGE)
            centre[i] += max(wanted - product, -target * CORRECTOR_RANGE)
    return dp, dz, d_nu


@jit()
def _interior_point(
    matrix: Array,
    offsets: Array,
    p: Array,
    z: Array,
    nu: float,
    tol: float,
    max_steps: int,
    by_rows: bool,
    n_correctors: int,
    stop: Array,
) -> tuple[int, bool, float]:
    """Run Mehrotra's predictor-corrector method, changing `p` and `z` in place; see `reference.interior_point`.

    Return the number of steps, whether the tolerance was reached, and nu, which is infinite before the first step.
    """
    n, n_columns = matrix.shape
    q, log_q, d = vector(n_columns), vector(n_columns), vector(n)
    system = new_system(n, n_columns, by_rows)
    for step in range(max_steps + 1):
        outputs(p, matrix, q)
        logarithms(q, log_q)
        divergences(matrix, offsets, log_q, d)
        lower, upper = dot(p, d), largest(d)
        if upper - lower <= tol:
            return step, True, nu
        if step == max_steps:
            break
        if nu == _INF:
            nu = upper + max(0.1 * (upper - lower), tol)
            for i in range(n):
                z[i] = nu - d[i]
        if not factorise_system(system, matrix, q, p, z, stop):
            return step, False, nu
        mu = dot(p, z) / n
        dp, dz, d_nu = _direction(system, matrix, d, p, z, nu, mu, n_correctors)
        length = min(1.0, min(max(1.0 - mu, 0.9), 0.9995) * min(_longest_step(p, dp), _longest_step(z, dz)))
        if not length > 1e-12:
            return step, False, nu
        nu += length * d_nu
        for i in range(n):
            p[i] += length * dp[i]
            z[i] += length * dz[i]
        normalise(p)
    return max_steps, False, nu


@jit()
def _solve_set(
    matrix: Array,
    offsets: Array,
    p: Array,
    z: Array,
    nu: float,
    tol: float,
    max_steps: int,
    n_correctors: int,
    stop: Array,
) -> tuple[int, bool, float, bool]:
    """Run the interior-point method and, should it fail, once more by rows from the uniform distribution.

    Return the number of steps, whether the tolerance was reached, nu, and whether it started again.
    """
    n, n_columns = matrix.shape
    n_iter = 0
    for attempt in range(2):
        steps = min(INTERIOR_POINT_STEPS, max_steps - n_iter)
        by_rows = attempt == 1 or n < max(LARGE, n_columns + 1)
        n_steps, solved, nu = _interior_point(matrix, offsets, p, z, nu, tol, steps, by_rows, n_correctors, stop)
        n_iter += n_steps
        if solved or attempt == 1 or n_iter >= max_steps:
            break
        nu = _INF
        fill(p, 1.0 / n)
    return n_iter, solved, nu, attempt == 1


@jit()
def _first_rows(matrix: Array, active: Array) -> tuple[Array, bool, bool]:
    """Return the first working set, whether it is costly, and whether it is all rows because most will be used.

    It holds the row of the largest entry of each column, or all rows if there are few.
    """
    n_rows, n_columns = matrix.shape
    tallest, top = integers(n_columns), zeros(n_columns)
    for y in range(n_columns):
        tallest[y] = 0
    for x in range(n_rows):
        for y in range(n_columns):
            if matrix[x, y] > top[y]:
                tallest[y], top[y] = x, matrix[x, y]
    for y in range(n_columns):
        active[tallest[y]] = True
    count = 0
    for x in range(n_rows):
        if active[x] or n_rows <= 16:
            active[x] = True
            count += 1
    costly = count * count > COSTLY * n_rows
    whole = costly and n_rows >= LARGE and count >= WHOLE_SHARE * n_rows
    rows, count = integers(n_rows), 0
    for x in range(n_rows):
        if active[x] or whole:
            active[x] = True
            rows[count] = x
            count += 1
    return rows[:count], costly, whole


@jit()
def _highest(d: Array, active: Array, bound: float, count: int) -> Array:
    """Return the `count` inactive rows of the largest divergences above `bound`.

    A heap is used because a list of all such rows may be as long as the matrix.
    """
    heap = integers(count)
    size = 0
    for x in range(d.size):
        if active[x] or d[x] <= bound:
            continue
        if size < count:
            heap[size] = x
            at = size
            size += 1
            while at > 0 and d[heap[at]] < d[heap[(at - 1) // 2]]:
                up = (at - 1) // 2
                heap[at], heap[up] = heap[up], heap[at]
                at = up
        elif d[x] > d[heap[0]]:
            heap[0] = x
            at, child = 0, 1
            while child < size:
                if child + 1 < size and d[heap[child + 1]] < d[heap[child]]:
                    child += 1
                if d[heap[at]] <= d[heap[child]]:
                    break
                heap[at], heap[child] = heap[child], heap[at]
                at, child = child, 2 * child + 1
    return heap[:size]


@jit()
def _exchange(
    rows: Array,
    p: Array,
    z: Array,
    added: Array,
    d: Array,
    active: Array,
    dropped: Array,
    unused: float,
    hopeless: float,
) -> tuple[Array, Array, Array]:
    """Drop rows of negligible probability, add rows of large divergence; return the new rows, with p and z."""
    new_rows, start, count = integers(rows.size + added.size), zeros(rows.size + added.size), 0
    slack = vector(rows.size + added.size)
    for i in range(rows.size):
        x = rows[i]
        if not dropped[x] and p[i] < unused / rows.size and d[x] < hopeless:
            dropped[x] = True
            active[x] = False
        else:
            new_rows[count], start[count], slack[count] = x, p[i], z[i]
            count += 1
    for x in added:
        active[x] = True
        new_rows[count] = x
        count += 1
    start = start[:count]
    if added.size > 0:
        for i in range(count):
            start[i] = max(start[i], 0.1 / count)
    normalise(start)
    return new_rows[:count], start, slack[:count]


@jit()
def working_set(matrix: Array, offsets: Array, tol: float, rtol: float, max_iter: int, stop: Array) -> Solution:
    """Column generation around an interior-point method; see `reference.interior_point`."""
    n_rows, n_columns = matrix.shape
    q, log_q, d = vector(n_columns), vector(n_columns), vector(n_rows)
    best_p, best_q = vector(n_rows), vector(n_columns)
    fill(best_p, 1.0 / n_rows)
    outputs(best_p, matrix, q)
    logarithms(q, log_q)
    divergences(matrix, offsets, log_q, d)
    copy_to(best_q, q)
    lower, upper = total(d) / n_rows, largest(d)
    if upper - lower <= max(tol, rtol * lower):
        return Solution(best_p, best_q, lower, upper, 0, 1, DIRECT)
    active, dropped = truths(n_rows), truths(n_rows)
    rows, costly, whole = _first_rows(matrix, active)
    unused = WHOLE_UNUSED if whole else UNUSED
    p, z, nu = vector(rows.size), vector(rows.size), _INF
    fill(p, 1.0 / rows.size)
    n_iter, n_passes, rung = 0, 1, DIRECT
    first_tol, fall, share, last_fall = LOOSE if costly else TIGHT
    inner_tol = max(tol / 4, first_tol * (upper - lower) if costly else first_tol)
    if rows.size == n_rows and not whole:
        inner_tol = max(tol, rtol * lower) / 4
    while n_passes <= WORKING_SET_ROUNDS and not stopped(stop):
        n_passes += 1
        part = gather(matrix, rows)
        n_steps, solved, nu, again = _solve_set(
            part, picked(offsets, rows), p, z, nu, inner_tol, max_iter - n_iter, CORRECTORS if costly else 0, stop
        )
        n_iter += n_steps
        rung = RESTARTED if again else rung
        outputs(p, part, q)
        logarithms(q, log_q)
        divergences(matrix, offsets, log_q, d)
        inner_lower, outer_upper = dot(p, picked(d, rows)), largest(d)
        if inner_lower > lower:
            lower = inner_lower
            fill(best_p, 0.0)
            for i in range(rows.size):
                best_p[rows[i]] = p[i]
        if outer_upper < upper:
            upper = outer_upper
            copy_to(best_q, q)
        target = max(tol, rtol * lower)
        if upper - lower <= target:
            return Solution(best_p, best_q, lower, upper, n_iter, n_passes, rung)
        added = _highest(d, active, inner_lower + target / 4, max(16, n_columns))
        if not solved or n_iter >= max_iter or (added.size == 0 and inner_tol <= target / 4):
            break
        gap = outer_upper - inner_lower
        if added.size > 0 and costly and gap <= inner_tol:
            added = _highest(d, active, inner_lower - NEAR * inner_tol, max(16, n_columns))
        hopeless = inner_lower - MARGIN * math.sqrt(inner_tol)
        rows, p, z = _exchange(rows, p, z, added, d, active, dropped, unused, hopeless)
        if added.size > 0:
            nu = _INF
        following = inner_tol / last_fall if gap <= inner_tol else min(inner_tol / fall, share * gap)
        inner_tol = max(target / 4, following)
    return Solution(best_p, best_q, lower, upper, n_iter, n_passes, NOT_REACHED)

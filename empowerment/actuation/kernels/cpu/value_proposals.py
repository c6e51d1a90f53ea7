"""Values that make the certificate small, by the dual simplex method; see `reference.value_proposals`.

The tableau is stored by columns, one for each variable that is not basic: its inner loops run along a column.
"""

from __future__ import annotations

import math

from empowerment.actuation.kernels.cpu.occupancy_boxes import Part, World
from empowerment.capacity.kernels.cpu.arrays import Array, integers, matrix, truths, vector, zeros
from empowerment.runtime.jit import jit, stopped

_TINY, _FEASIBLE, _IMPROVES = 1e-11, 1e-9, 1e-11
_POLICIES, _PIVOTS = 60, 8


@jit()
def divergence(x: float, cost: float) -> float:
    """Return ``x log x + cost x``, 0 at 0."""
    return x * (math.log(x) + cost) if x > 0 else 0.0


@jit()
def _slopes(world: World, costs: Array, part: Part, gains: Array) -> None:
    """Write the slope of a linear bound on the divergence for each choice; the states have common offsets."""
    first = world[0]
    allowed, low, high, _, _, _ = part
    for s in range(costs.size):
        offset = -math.inf
        for c in range(first[s], first[s + 1]):
            if allowed[c]:
                offset = max(offset, _intercept(low[c], high[c], costs[s]))
        for c in range(first[s], first[s + 1]):
            top = max(high[c], _TINY)
            gains[c] = (divergence(top, costs[s]) - offset) / top


@jit()
def _intercept(low: float, high: float, cost: float) -> float:
    """Return the value at 0 of the chord of the divergence over a box."""
    if low <= 0 or high - low <= _TINY:
        return 0.0 if low <= 0 else -low
    rise = (divergence(high, cost) - divergence(low, cost)) / (high - low)
    return divergence(low, cost) - rise * low


@jit()
def propose_values(
    world: World, costs: Array, part: Part, values: Array, occupancies: Array, ray: Array, stop: Array
) -> bool:
    """Solve the linear program of a set of policies; return whether `ray` is a direction without an end."""
    first, owner, indptr, indices, data, start, discount = world
    allowed, low, high, _, _, basis = part
    n, n_choices = costs.size, owner.size
    gains, inverse = vector(n_choices), matrix(n, n)
    _slopes(world, costs, part, gains)
    best_policy(world, allowed, gains, basis, values, inverse)
    others, n_others = integers(n_choices), 0
    for c in range(n_choices):
        if allowed[c] and basis[owner[c]] != c:
            others[n_others] = c
            n_others += 1
    columns, prices = matrix(n_others + n, 2 * n), vector(n_others + n)
    amounts, basics, least = zeros(2 * n), integers(2 * n), vector(n)
    for s in range(n):
        basics[s], basics[n + s] = basis[s], -1 - s
        least[s] = math.inf
        for c in range(first[s], first[s + 1]):
            if allowed[c]:
                least[s] = min(least[s], low[c] / max(high[c], _TINY))
        for i in range(n):
            amounts[i] += inverse[s, i] * (1.0 - discount) * start[s]
            columns[n_others + s, i] = inverse[s, i]
        prices[n_others + s] = -values[s]
    for j in range(n_others):
        c = others[j]
        column = columns[j]
        prices[j] = gains[c] - values[owner[c]]
        for i in range(n):
            column[i] = inverse[owner[c], i]
        for k in range(indptr[c], indptr[c + 1]):
            weight, row = discount * data[k], inverse[indices[k]]
            prices[j] += weight * values[indices[k]]
            for i in range(n):
                column[i] -= weight * row[i]
    for i in range(n):
        scale = 1.0 / max(high[basis[i]], _TINY)
        amounts[n + i] = amounts[i] * scale
        for j in range(n_others + n):
            columns[j, n + i] = columns[j, i] * scale
    for j in range(n_others):
        columns[j, n + owner[others[j]]] -= 1.0 / max(high[others[j]], _TINY)
    has_ray = _pivots((columns, prices, amounts, basics, others), least, n_others, ray, stop)
    for c in range(n_choices):
        occupancies[c] = 0.0
    for i in range(2 * n):
        if basics[i] >= 0:
            occupancies[basics[i]] = max(amounts[i], 0.0)
    for s in range(n):
        values[s] = -prices[n_others + s]
    return has_ray


@jit()
def invert(world: World, policy: Array, inverse: Array) -> None:
    """Invert ``1 - g moves`` of a policy. It is diagonally dominant, so that no rows need be exchanged."""
    _, _, indptr, indices, data, start, discount = world
    n = start.size
    work = matrix(n, n)
    for s in range(n):
        for i in range(n):
            work[s, i] = inverse[s, i] = 1.0 if s == i else 0.0
        for k in range(indptr[policy[s]], indptr[policy[s] + 1]):
            work[s, indices[k]] -= discount * data[k]
    for p in range(n):
        scale, line, found = 1.0 / work[p, p], work[p], inverse[p]
        for i in range(p, n):
            line[i] *= scale
        for i in range(n):
            found[i] *= scale
        for s in range(n):
            factor = work[s, p]
            if s != p and factor != 0.0:
                into, result = work[s], inverse[s]
                for i in range(p, n):
                    into[i] -= factor * line[i]
                for i in range(n):
                    result[i] -= factor * found[i]


@jit()
def improve(world: World, allowed: Array, gains: Array, policy: Array, values: Array) -> bool:
    """Take the best choice in each state for some values, where it is better than that of the policy."""
    first, _, indptr, indices, data, _, discount = world
    improved = False
    for s in range(values.size):
        now = policy[s]
        best, chosen = -math.inf, now
        own = 0.0
        for c in range(first[s], first[s + 1]):
            if allowed[c]:
                found = gains[c]
                for k in range(indptr[c], indptr[c + 1]):
                    found += discount * data[k] * values[indices[k]]
                if c == now:
                    own = found
                if found > best:
                    best, chosen = found, c
        if best > own + _IMPROVES:
            policy[s], improved = chosen, True
    return improved


@jit()
def best_policy(world: World, allowed: Array, gains: Array, policy: Array, values: Array, inverse: Array) -> None:
    """Improve a policy until it is the best one for these gains; write its values and its inverse."""
    first = world[0]
    n = values.size
    for s in range(n):
        if not allowed[policy[s]]:
            chosen = -1
            for c in range(first[s], first[s + 1]):
                if allowed[c] and (chosen < 0 or gains[c] > gains[chosen]):
                    chosen = c
            policy[s] = chosen
    for _ in range(_POLICIES):
        invert(world, policy, inverse)
        for s in range(n):
            values[s] = 0.0
            for i in range(n):
                values[s] += inverse[s, i] * gains[policy[i]]
        if not improve(world, allowed, gains, policy, values):
            return


@jit()
def _pivots(
    tableau: tuple[Array, Array, Array, Array, Array], least: Array, n_others: int, ray: Array, stop: Array
) -> bool:
    """Pivot until all limits hold; return whether they cannot, with a ray."""
    columns, prices, amounts, basics, _ = tableau
    n = least.size
    at_top, line = truths(max(n_others, 1)), vector(n_others + n)
    for _ in range(_PIVOTS * n):
        if stopped(stop):
            return False
        row, short, rises = -1, _FEASIBLE, True
        for i in range(2 * n):
            missing = least[-1 - basics[i]] - amounts[i] if basics[i] < 0 else -amounts[i]
            excess = amounts[i] - 1.0 if basics[i] < 0 else -math.inf
            if max(missing, excess) > short:
                row, short, rises = i, max(missing, excess), missing >= excess
        if row < 0:
            return False
        entering, best, size = -1, math.inf, 0.0
        for j in range(n_others):
            entry = columns[j, row] if rises != at_top[j] else -columns[j, row]
            if entry < -_TINY:
                ratio = abs(prices[j]) / -entry
                if ratio < best or (ratio == best and -entry > size):
                    entering, best, size = j, ratio, -entry
        if entering < 0:
            for s in range(n):
                ray[s] = columns[n_others + s, row] if rises else -columns[n_others + s, row]
            return True
        _pivot(tableau, least, row, entering, rises, at_top, line)
    return False


@jit()
def _pivot(
    tableau: tuple[Array, Array, Array, Array, Array],
    least: Array,
    row: int,
    entering: int,
    rises: bool,
    at_top: Array,
    line: Array,
) -> None:
    """Exchange a basic variable, which goes to its limit, with another one."""
    columns, prices, amounts, basics, others = tableau
    across = columns[entering]
    pivot, price = across[row], prices[entering]
    leaving, coming = basics[row], others[entering]
    limit = 0.0
    if leaving < 0:
        limit = least[-1 - leaving] if rises else 1.0
    before = 0.0
    if coming < 0:
        before = 1.0 if at_top[entering] else least[-1 - coming]
    step = (amounts[row] - limit) / pivot
    for i in range(amounts.size):
        amounts[i] -= step * across[i]
    amounts[row] = before + step
    others[entering], basics[row], at_top[entering] = leaving, coming, leaving < 0 and not rises
    for j in range(prices.size):
        if j != entering:
            factor = columns[j, row] / pivot
            if factor != 0.0:
                into = columns[j]
                for i in range(amounts.size):
                    into[i] -= factor * across[i]
                into[row] = factor
                prices[j] -= price * factor
    for i in range(amounts.size):
        across[i] /= -pivot
    across[row] = 1.0 / pivot
    prices[entering] = -price / pivot

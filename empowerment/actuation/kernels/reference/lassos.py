"""The best policies of a deterministic world for a convex price of occupancies: walks that end in a cycle.

A deterministic policy walks along a path of j states and then round a cycle of L more. With ``c = -log q`` the
divergence of its occupancy from q is the sum, over its j + L states, of ``w (log w + c)`` with the weights w of the
steps: ``(1 - g) g ** i`` along the path, and on the cycle ``g ** j (1 - g) g ** i / (1 - g ** L)``. The largest such
sum over all walks, which may meet a state twice, is found by dynamic programming. It is the largest divergence of any
policy: a walk that meets a state twice has a sum below the divergence of its occupancy, because ``w log w`` is
superadditive, and no occupancy has a larger divergence than that of the best deterministic policy.

With g = 1 the occupancy is the long-run average: the path has no weight, and each step of the cycle the weight 1 / L.
"""

from __future__ import annotations

import math

import numpy as np

from empowerment.actuation.kernels import Lassos


def best_lassos(
    indptr: np.ndarray, indices: np.ndarray, costs: np.ndarray, discount: float, above: float = -math.inf
) -> Lassos:
    """Return for each state the best walk from state 0 whose cycle begins there.

    Parameters
    ----------
    indptr, indices : ndarray of int64
        The distinct states that may come before state y are ``indices[indptr[y] : indptr[y + 1]]``.
    costs : ndarray of shape (n_states,)
        ``-log q``.
    discount : float
        Above 0 and at most 1.
    above : float
        Walks of at most this value are not followed.

    Returns
    -------
    Lassos
        The value of the best walk for each state, and the walk up to where it first comes back to itself.
    """
    before = [indices[indptr[y] : indptr[y + 1]] for y in range(costs.size)]
    cycle_values, cycle_steps = _cycles(before, costs, discount)
    values, path_steps, back = _paths(before, costs, discount, cycle_values)
    states, closes = np.full((costs.size, costs.size), -1), np.full(costs.size, -1)
    for x in np.flatnonzero(values > above).tolist():
        walk = _path(back, path_steps[x], x) + _cycle(before, costs, discount, x, cycle_steps[x])
        closed, closes[x] = _first_return([*walk, x])
        states[x, : len(closed)] = closed
    return Lassos(values, states, closes)


def _cycles(before: list[np.ndarray], costs: np.ndarray, discount: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the value of the best closed walk from each state, and how many steps it has."""
    n_states, log_discount = costs.size, math.log(discount)
    sums = np.where(np.eye(n_states, dtype=bool), 0.0, -np.inf)  # of the walks from each state to each other one
    best, length = np.full(n_states, -np.inf), np.zeros(n_states, dtype=np.int64)
    entropy = 0.0
    for steps in range(1, n_states + 1):
        priced = sums + discount ** (steps - 1) * costs
        sums = np.column_stack([priced[:, earlier].max(axis=1, initial=-np.inf) for earlier in before])
        entropy += discount ** (steps - 1) * (steps - 1) * log_discount
        share = (1.0 - discount) / -math.expm1(steps * log_discount) if discount < 1.0 else 1.0 / steps
        found = math.log(share) + share * (np.diag(sums) + entropy)
        better = found > best
        best[better], length[better] = found[better], steps
    return best, length


def _paths(
    before: list[np.ndarray], costs: np.ndarray, discount: float, cycle_values: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each state the best value with a path to it, the steps of that path, and who came before."""
    n_states, log_discount, left = costs.size, math.log(discount), 1.0 - discount
    log_left = math.log(left) if discount < 1.0 else 0.0  # it has no weight then
    sums = np.where(np.arange(n_states) == 0, 0.0, -np.inf)
    back = np.full((n_states, n_states), -1)
    values, length = np.full(n_states, -np.inf), np.zeros(n_states, dtype=np.int64)
    entropy = 0.0
    for steps in range(n_states):
        weight = discount**steps
        there = np.flatnonzero(np.isfinite(cycle_values) & np.isfinite(sums))
        known = (1.0 - weight) * log_left + weight * steps * log_discount
        found = left * (sums[there] + entropy) + known + weight * cycle_values[there]
        better = found > values[there]
        values[there[better]], length[there[better]] = found[better], steps
        if steps + 1 < n_states:
            priced = sums + weight * costs
            chosen = [earlier[np.argmax(priced[earlier])] if earlier.size else -1 for earlier in before]
            back[steps + 1] = chosen
            sums = np.where(back[steps + 1] >= 0, priced[chosen], -np.inf)
            entropy += weight * steps * log_discount
    return values, length, back


def _path(back: np.ndarray, steps: int, state: int) -> list[int]:
    """Return the states before `state` on the best path of so many steps to it."""
    walk: list[int] = []
    for step in range(steps, 0, -1):
        state = int(back[step, state])
        walk.append(state)
    return walk[::-1]


def _cycle(before: list[np.ndarray], costs: np.ndarray, discount: float, state: int, steps: int) -> list[int]:
    """Return the states of the best closed walk of so many steps, from `state` on."""
    sums = np.where(np.arange(costs.size) == state, 0.0, -np.inf)
    back = []
    for step in range(steps):
        priced = sums + discount**step * costs
        back.append([int(earlier[np.argmax(priced[earlier])]) if earlier.size else -1 for earlier in before])
        sums = np.where(np.array(back[-1]) >= 0, priced[back[-1]], -np.inf)
    walk, here = [], state
    for choice in reversed(back):
        here = choice[here]
        walk.append(here)
    return walk[::-1]


def _first_return(walk: list[int]) -> tuple[list[int], int]:
    """Return the walk before it first meets a state again, and the place of that state in it."""
    place: dict[int, int] = {}
    for number, state in enumerate(walk):
        if state in place:
            return walk[:number], place[state]
        place[state] = number
    raise AssertionError("a closed walk meets its first state again")

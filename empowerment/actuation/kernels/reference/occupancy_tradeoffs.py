"""What a policy must give up in one state to be often in another.

The pairs of occupancies (x_s, x_t) of all policies form a polygon. Lines ``x_s + weight x_t <= limit`` on its side of
large occupancies are found from the outside: the best policy for such a reward touches each of them.
"""

from __future__ import annotations

import numpy as np

from empowerment.actuation.kernels import Choices
from empowerment.actuation.kernels.reference.value_proposals import best_policy, flow_system

_EPS = float(np.finfo(float).eps)
_APART, _WORTHWHILE = 1e-9, 1e-3


def tradeoffs(world: Choices, n_lines: int) -> np.ndarray:
    """Return lines that bound the occupancies of each pair of states.

    Parameters
    ----------
    world : Choices
    n_lines : int
        Largest number for each pair.

    Returns
    -------
    ndarray of shape (n_states, n_states, n_lines, 2)
        Entry (t, s, k) is a weight and a limit: every policy has ``x_s + weight x_t <= limit``.
    """
    n_states, search = world.start.size, _Extents(world)
    lines = np.zeros((n_states, n_states, n_lines, 2))
    lines[..., 1] = 1.0
    points = np.array([search.best(s, s, 0.0)[1] for s in range(n_states)])
    for t in range(n_states):
        for s in range(n_states):
            if s != t:
                corners = [points[s, [s, t]], points[t, [s, t]]]
                for k, line in enumerate(_polygon(search, s, t, corners, n_lines)):
                    lines[t, s, k] = line
    return lines


def _polygon(search: _Extents, s: int, t: int, corners: list[np.ndarray], n_lines: int) -> list[tuple[float, float]]:
    """Return the lines through neighbouring corners, moved outward, with new corners where they are far away."""
    lines: list[tuple[float, float]] = []
    k = 0
    while k + 1 < len(corners) and len(lines) < n_lines:
        here, there = corners[k], corners[k + 1]
        fall, rise = here[0] - there[0], there[1] - here[1]
        if rise <= _APART or fall <= _APART:
            k += 1
            continue
        weight = fall / rise
        limit, occupancy = search.best(s, t, weight)
        lines.append((weight, limit))
        if limit - here[0] - weight * here[1] > _WORTHWHILE * limit:
            corners.insert(k + 1, occupancy[[s, t]])
        else:
            k += 1
    return lines


class _Extents:
    """The largest sums of two occupancies; the policy of one is where to begin for the next."""

    def __init__(self, world: Choices) -> None:
        self._world, self._system = world, flow_system(world)
        self._policy = world.first[:-1].copy()

    def best(self, s: int, t: int, weight: float) -> tuple[float, np.ndarray]:
        """Return the largest ``x_s + weight x_t`` of any policy, rounded up, and an occupancy that nearly has it.

        Values with a Bellman residual r are within ``r / (1 - g)`` of the largest. They are at most ``1 + weight``
        over ``1 - g``, and each of the sums has at most `n_states` terms.
        """
        world = self._world
        rewards = np.zeros(world.start.size)
        rewards[t], rewards[s] = weight, 1.0
        values = best_policy(world, self._system, rewards[world.owner], self._policy)
        residual = float((rewards[world.owner] - self._system @ values).max())
        begin = (1.0 - world.discount) * world.start
        limit = float(begin @ values) + max(residual, 0.0)
        occupancy = np.linalg.solve(self._system[self._policy].T, begin)
        slack = 8.0 * (values.size + 8) * _EPS * (1.0 + weight) / (1.0 - world.discount)
        return limit + slack, occupancy

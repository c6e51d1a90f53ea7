"""Policies of locally largest divergence from a distribution.

The divergence is convex in the occupancy, and so lies above its tangent, whose best policy policy iteration finds: it
is at least as far away. Where that gains no more, a change in one state may. Steps go on until neither does.
"""

from __future__ import annotations

import numpy as np

from empowerment.actuation.kernels import Choices
from empowerment.actuation.kernels.reference.value_proposals import best_policy, divergence, flow_system

_STEPS, _GAIN = 200, 1e-11
# Occupancies below this count as this much in the tangent.
_SMALLEST = 1e-12


def ascend(world: Choices, costs: np.ndarray, rewards: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Climb from the best policies for some rewards of states to policies of locally largest divergence.

    Parameters
    ----------
    world : Choices
    costs : ndarray of shape (n_states,)
        ``-log q``.
    rewards : ndarray of shape (n_policies, n_states)

    Returns
    -------
    policies : ndarray of int64 of shape (n_policies, n_states)
        Choices.
    occupancies : ndarray of shape (n_policies, n_states)
        As they are computed: not certified.
    """
    system = flow_system(world)
    begin = (1.0 - world.discount) * world.start
    found = [_ascend(world, system, begin, costs, each) for each in rewards]
    return np.array([policy for policy, _ in found]), np.array([occupancy for _, occupancy in found])


def _ascend(
    world: Choices, system: np.ndarray, begin: np.ndarray, costs: np.ndarray, rewards: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    policy = _best_for(world, system, rewards, world.first[:-1])
    occupancy = _occupancy(system, begin, policy)
    for _ in range(_STEPS):
        height = divergence(occupancy, costs).sum() + _GAIN
        tried = _best_for(world, system, np.log(np.maximum(occupancy, _SMALLEST)) + costs, policy)
        after = _occupancy(system, begin, tried)
        if not divergence(after, costs).sum() > height:
            tried = _change_one(world, system, costs, policy, occupancy)
            after = _occupancy(system, begin, tried)
        if not divergence(after, costs).sum() > height:
            break
        policy, occupancy = tried, after
    return policy, occupancy


def _change_one(
    world: Choices, system: np.ndarray, costs: np.ndarray, policy: np.ndarray, occupancy: np.ndarray
) -> np.ndarray:
    """Change a policy in the one state in which its divergence gains most, if it gains.

    The occupancy moves along one line, as the inverse of the flow equations does by a matrix of rank one.
    """
    owner = world.owner
    # What a unit of each choice changes in the flow, as the occupancies that follow from it.
    moved = (system[policy][owner] - system) @ np.linalg.inv(system[policy])
    step = occupancy[owner] / (1.0 - moved[np.arange(owner.size), owner])
    rows = np.maximum(occupancy + step[:, None] * moved, 0.0)
    found = divergence(rows, costs).sum(axis=1)
    found[occupancy[owner] <= 0] = -np.inf
    best, changed = int(np.argmax(found)), policy.copy()
    changed[owner[best]] = best
    return changed


def _occupancy(system: np.ndarray, begin: np.ndarray, policy: np.ndarray) -> np.ndarray:
    return np.maximum(np.linalg.solve(system[policy].T, begin), 0.0)


def _best_for(world: Choices, system: np.ndarray, rewards: np.ndarray, policy: np.ndarray) -> np.ndarray:
    """Return the best policy for rewards of states, found from a given one."""
    policy = policy.copy()
    best_policy(world, system, rewards[world.owner], policy)
    return policy

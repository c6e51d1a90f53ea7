"""Discounted occupancies of deterministic policies of a stochastic world, with a proved error."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from empowerment.actuation.kernels import Choices

_EPS = float(np.finfo(float).eps)


class Occupancies(NamedTuple):
    """Occupancies of policies.

    Attributes
    ----------
    rows : ndarray of shape (n_policies, n_states)
    distance : float
        No row is farther than this from the true one, in total variation.
    """

    rows: np.ndarray
    distance: float


def occupancies(world: Choices, policies: np.ndarray) -> Occupancies:
    """Compute the occupancies of policies.

    They solve ``x (1 - g moves) = (1 - g) start``. A row whose residual has the norm r, the sum of absolute values,
    is within ``r / (1 - g)`` of the solution in that norm, because the discounted moves lose ``1 - g`` of any mass.

    Parameters
    ----------
    world : Choices
    policies : ndarray of int of shape (n_policies, n_states)
        Choices.
    """
    n_states, left = world.start.size, 1.0 - world.discount
    found, largest = np.zeros((len(policies), n_states)), 0.0
    for row, policy in zip(found, policies, strict=True):
        moves = _moves(world, policy)
        row[:] = np.maximum(np.linalg.solve(np.eye(n_states) - world.discount * moves.T, left * world.start), 0.0)
        row /= row.sum()
        residual = left * world.start - row + world.discount * (row @ moves)
        largest = max(largest, float(np.abs(residual).sum()))
    return Occupancies(found, (largest + (n_states + 8) * _EPS) / left)


def visited(world: Choices, policies: np.ndarray) -> np.ndarray:
    """Return which states each policy may meet: truth values of shape (n_policies, n_states)."""
    found = np.zeros(policies.shape, dtype=bool)
    for met, policy in zip(found, policies, strict=True):
        follows = _moves(world, policy) > 0
        front = world.start > 0
        while front.any():
            met |= front
            front = follows[front].any(axis=0) & ~met
    return found


def _moves(world: Choices, policy: np.ndarray) -> np.ndarray:
    """Return the transition matrix of a policy."""
    counts = np.diff(world.indptr)[policy]
    rows = np.repeat(np.arange(policy.size), counts)
    places = np.concatenate([np.arange(*world.indptr[c : c + 2]) for c in policy])
    moves = np.zeros((policy.size, policy.size))
    moves[rows, world.indices[places]] = world.data[places]
    return moves

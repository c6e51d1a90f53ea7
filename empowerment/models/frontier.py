"""The frontier of an exploration: states whose actions are not known, and how far every state is from them."""

from __future__ import annotations

import math

import numpy as np
from scipy import sparse


def explored_steps(rows: sparse.csr_array, is_unexplored: np.ndarray) -> np.ndarray:
    """Return how many actions from each state are known, whatever they are.

    Parameters
    ----------
    rows : csr_array of shape (n_states * n_actions, n_states)
        Transition, the actions of a state adjacent.
    is_unexplored : ndarray of bool of shape (n_states,)
        States whose actions are not known.

    Returns
    -------
    ndarray of float of shape (n_states,)
        The least number of actions after which an unexplored state is possible, infinite where none can be reached.
    """
    steps = np.where(is_unexplored, 0.0, math.inf)
    reached, count = is_unexplored, 0
    while reached.any():
        count += 1
        leads = (rows @ reached.astype(float) > 0).reshape(is_unexplored.size, -1).any(axis=1)
        reached = leads & np.isinf(steps)
        steps[reached] = count
    return steps

"""Walks that end in a cycle, as policies and as occupancies over all states of a model."""

from __future__ import annotations

import numpy as np

from empowerment.actuation.occupancy.lassos import occupancies


def policies_of(states: np.ndarray, actions: np.ndarray, n_states: int) -> np.ndarray:
    """Return the action of each walk in each state, -1 where it never is; of two visits that of the second.

    Parameters
    ----------
    states, actions : ndarray of int of shape (n_walks, longest)
        Numbers in the order of the visits, then -1.
    n_states : int

    Returns
    -------
    ndarray of int of shape (n_walks, n_states)
    """
    found = np.full((len(states), n_states), -1)
    walk, step = np.nonzero(states >= 0)
    found[walk, states[walk, step]] = actions[walk, step]  # of two entries the later one stays
    return found


def occupancies_of(
    states: np.ndarray, repeats: np.ndarray, n_states: int, discount: float, from_start: bool
) -> np.ndarray:
    """Return the distribution of the state at time T for each walk.

    Parameters
    ----------
    states : ndarray of int of shape (n_walks, longest)
        Numbers in the order of the visits, then -1. Without `from_start` the first may be among them twice.
    repeats : ndarray of int of shape (n_walks,)
        The place to which the last step leads back; without `from_start` at least 1.
    n_states : int
    discount : float
    from_start : bool
        Whether T begins with 0, or with 1.

    Returns
    -------
    ndarray of shape (n_walks, n_states)
    """
    first = 0 if from_start else 1
    later = states[:, first : first + n_states]  # what is cut off has no entries: later states are all different
    walks = np.full((len(states), n_states), -1)
    walks[:, : later.shape[1]] = later
    return occupancies(np.column_stack([repeats - first, walks]), discount)

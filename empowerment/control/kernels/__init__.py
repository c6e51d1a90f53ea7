"""Kernels of value iteration, in plain NumPy (`reference`) and compiled (`cpu`).

Both have one function, ``sweep_until(model, rewards, discount, order, gap, max_iter)``. It improves the values of
many reward tables by the Bellman equation until no sweep over all actions changes one by more than `gap`, and returns
them with the largest change of the last such sweep, for each table.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class SparseModel(NamedTuple):
    """The rows of a model, ``state * n_actions + action``, and which actions are allowed.

    Attributes
    ----------
    indptr, indices : ndarray of int64
    data : ndarray of float64
    allowed : ndarray of bool of shape (n_states, n_actions)
    """

    indptr: np.ndarray
    indices: np.ndarray
    data: np.ndarray
    allowed: np.ndarray


class Swept(NamedTuple):
    """Values of states for each table of rewards, and the largest change of the last sweep.

    Attributes
    ----------
    values : ndarray of shape (n_tables, n_states)
    change : ndarray of shape (n_tables,)
    """

    values: np.ndarray
    change: np.ndarray

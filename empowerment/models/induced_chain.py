"""The Markov chain that a policy induces, and discounted sums along it."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve

from empowerment.models.mdp import MDP


def step_matrix(model: MDP, policy: np.ndarray) -> sparse.csr_array:
    """Return the transition matrix under a policy, shape (n_states, n_states); rows without actions are empty."""
    weights = sparse.dia_array((policy.reshape(1, -1), [0]), shape=(policy.size, policy.size))
    owner = np.repeat(np.arange(model.n_states), model.n_actions)
    fold = sparse.csr_array((np.ones(owner.size), (owner, np.arange(owner.size))), shape=(model.n_states, owner.size))
    return sparse.csr_array(fold @ weights @ model.rows)


def solve_discounted(steps: sparse.csr_array, gain: np.ndarray, discount: float) -> np.ndarray:
    """Return the expected discounted sum of gains, ``x = gain + discount * steps @ x``."""
    system = sparse.eye_array(gain.size, format="csc") - discount * sparse.csc_array(steps)
    return np.asarray(spsolve(sparse.csc_array(system), gain)).reshape(-1)

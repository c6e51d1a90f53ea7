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


def check_admissible(model: MDP, steps: sparse.csr_array, starts: np.ndarray, horizon: int | None) -> None:
    """Raise if a policy may reach a state without actions while steps are left."""
    stuck = np.asarray(~model.available.any(axis=1))
    origin = np.full(model.n_states, -1)
    origin[starts] = starts
    front, step = np.unique(starts), 0
    while stuck.any() and front.size and (horizon is None or step < horizon):
        met = front[stuck[front]]
        if met.size:
            raise ValueError(
                f"from state {model.states[origin[met[0]]]!r} the policy may come to state "
                f"{model.states[met[0]]!r}, which has no action, after {step} steps; expected one that goes on: name "
                "states= from which it does, take fewer steps, or declare that state terminal"
            )
        moves = steps[front].tocoo()
        new = np.flatnonzero((moves.data > 0) & (origin[moves.col] < 0))
        fresh, first = np.unique(moves.col[new], return_index=True)
        origin[fresh] = origin[front[moves.row[new[first]]]]
        front, step = fresh, step + 1

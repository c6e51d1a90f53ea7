"""Value iteration in plain NumPy: all states at once, independent of the order."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from empowerment.control.kernels import SparseModel, Swept


def sweep_until(
    model: SparseModel, rewards: np.ndarray, discount: float, order: np.ndarray, gap: float, max_iter: int
) -> Swept:
    """Sweep over the states `order` until nothing changes by more than `gap`; see the package."""
    n_states, n_actions = model.allowed.shape
    rows = sparse.csr_array((model.data, model.indices, model.indptr), shape=(n_states * n_actions, n_states))
    values = np.zeros((len(rewards), n_states))
    change = np.zeros(len(rewards))
    for table, table_rewards in enumerate(rewards):
        for _ in range(max_iter):
            action_values = table_rewards + discount * (rows @ values[table]).reshape(table_rewards.shape)
            after = np.zeros(n_states)
            after[order] = np.where(model.allowed, action_values, -np.inf).max(axis=1)[order]
            change[table] = np.abs(after - values[table]).max()
            values[table] = after
            if change[table] <= gap:
                break
    return Swept(values, change)

"""Sets of states in which a process, or an agent, can stay for ever."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from empowerment.actuation.dynamics import Dynamics


def recurrent_classes(moves: sparse.csr_array) -> list[np.ndarray]:
    """Return the closed communicating classes of a Markov chain, each as increasing numbers of states.

    Parameters
    ----------
    moves : csr_array of shape (n_states, n_states)
        Transition probabilities, or any positive numbers for possible transitions.
    """
    label = _components(moves)
    entries = moves.tocoo()
    leaves = (entries.data > 0) & (label[entries.row] != label[entries.col])
    closed = np.setdiff1d(label, label[entries.row[leaves]])
    return [np.flatnonzero(label == number) for number in closed]


def end_components(dynamics: Dynamics) -> list[np.ndarray]:
    """Return the maximal end components (de Alfaro 1997): sets of columns in which a policy can stay and visit all.

    Actions that may leave their strongly connected component are removed until none is left.
    """
    starts = [np.repeat(np.arange(dynamics.n_columns), np.diff(matrix.indptr)) for matrix in dynamics.actions]
    kept = dynamics.available
    while True:
        graph = sum(sparse.diags_array(kept[:, a].astype(float)) @ m for a, m in enumerate(dynamics.actions))
        label = _components(sparse.csr_array(graph))
        staying = kept.copy()
        for action, (start, matrix) in enumerate(zip(starts, dynamics.actions, strict=True)):
            staying[start[label[start] != label[matrix.indices]], action] = False
        if (staying == kept).all():
            break
        kept = staying
    lasting = np.flatnonzero(kept.any(axis=1))
    return [np.flatnonzero(label == number) for number in np.unique(label[lasting])]


def _components(moves: sparse.csr_array) -> np.ndarray:
    return np.asarray(connected_components(moves, directed=True, connection="strong")[1])

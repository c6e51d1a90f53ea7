"""Where a process, or an agent, can stay for ever."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from empowerment.actuation.dynamics import Dynamics


def recurrent_classes(moves: sparse.csr_array) -> list[np.ndarray]:
    """Return the classes of states that a Markov chain never leaves, each as increasing numbers of states.

    Parameters
    ----------
    moves : csr_array of shape (n_states, n_states)
        Probability, or any positive number, where one state can follow another.
    """
    label = _classes(moves)
    entries = moves.tocoo()
    leaves = (entries.data > 0) & (label[entries.row] != label[entries.col])
    closed = np.setdiff1d(label, label[entries.row[leaves]])
    return [np.flatnonzero(label == number) for number in closed]


def end_components(dynamics: Dynamics) -> list[np.ndarray]:
    """Return the largest sets of columns in which some policy stays for ever, and from each of which it meets all.

    They are the maximal end components of de Alfaro (1997): actions that may leave their class are struck out until
    none does.
    """
    starts = [np.repeat(np.arange(dynamics.n_columns), np.diff(matrix.indptr)) for matrix in dynamics.actions]
    kept = dynamics.available
    while True:
        graph = sum(sparse.diags_array(kept[:, a].astype(float)) @ m for a, m in enumerate(dynamics.actions))
        label = _classes(sparse.csr_array(graph))
        staying = kept.copy()
        for action, (start, matrix) in enumerate(zip(starts, dynamics.actions, strict=True)):
            staying[start[label[start] != label[matrix.indices]], action] = False
        if (staying == kept).all():
            break
        kept = staying
    lasting = np.flatnonzero(kept.any(axis=1))
    return [np.flatnonzero(label == number) for number in np.unique(label[lasting])]


def _classes(moves: sparse.csr_array) -> np.ndarray:
    return np.asarray(connected_components(moves, directed=True, connection="strong")[1])

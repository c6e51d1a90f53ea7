"""Deterministic worlds from a table of next states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.core.layout import GraphLayout, Layout
from empowerment.models.mdp import MDP


def from_successors(
    successors: np.ndarray,
    *,
    states: Sequence[Any],
    actions: Sequence[Any],
    name: str = "",
    layout: Layout | None = None,
) -> MDP:
    """Make a deterministic world from a table of next states.

    Parameters
    ----------
    successors : ndarray of int of shape (n_states, n_actions)
        The number of the next state.
    states, actions : sequence of hashable
        Labels.
    name : str
        Of the world, for the titles of pictures.
    layout : GridLayout or GraphLayout, optional
        By default the graph of the states, of up to 300 of them.
    """
    n_states, n_rows = len(successors), successors.size
    entries = np.ones(n_rows), successors.reshape(-1), np.arange(n_rows + 1)
    rows = sparse.csr_array(entries, shape=(n_rows, n_states))
    layout = GraphLayout.of_rows(rows, successors.shape[1], name) if layout is None else layout
    return MDP(rows, states=states, actions=actions, layout=layout)

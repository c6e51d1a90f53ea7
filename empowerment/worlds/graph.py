"""The graph that worlds without a grid are drawn as."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from empowerment.core.layout import GraphLayout


def graph_layout(transition: Any, name: str) -> GraphLayout:
    """Return the graph of a transition of shape (n_states, n_actions, n_states)."""
    table = np.asarray(transition, dtype=float)
    return GraphLayout.of_rows(sparse.csr_array(table.reshape(-1, table.shape[2])), table.shape[1], name)

"""A ring of cells."""

from __future__ import annotations

import numpy as np

from empowerment.core import validate
from empowerment.models.mdp import MDP
from empowerment.worlds.graph import graph_layout

# Longer ones, as arrays of 3 * n ** 2 entries, take too much memory.
_LONGEST = 2000


def ring(n: int = 5, slip: float = 0.1) -> MDP:
    """Make a ring of cells.

    With three cells or more, a step has the same effect everywhere, so that feedback gains nothing: with a slip of
    0.1 the empowerment over trajectories is 1.259227 bits for each step, with and without feedback.

    Parameters
    ----------
    n : int
        Number of cells.
    slip : float
        Probability that a move does not happen.

    Returns
    -------
    MDP
        States 0 to ``n - 1``, actions "back", "stay" and "forward".

    See Also
    --------
    open_grid : A grid with borders.

    Examples
    --------
    >>> import empowerment as emp
    >>> round(float(emp.empowerment(emp.worlds.ring(), 1, states=0)), 6)
    1.259227
    """
    n, slip = validate.positive_int(n, "n", most=_LONGEST), validate.probability(slip, "slip")
    targets = (np.arange(n)[:, None] + [-1, 0, 1]) % n
    transition = slip * np.eye(n)[:, None] + (1 - slip) * np.eye(n)[targets]
    return MDP(transition, actions=("back", "stay", "forward"), layout=graph_layout(transition, "ring"))

"""A corridor whose cells look alike."""

from __future__ import annotations

import numpy as np

from empowerment.core import validate
from empowerment.core.layout import GridLayout
from empowerment.models.pomdp import POMDP

OBSERVATIONS = ("left-wall", "right-wall", "none")

# Longer ones, as arrays of 3 * length ** 2 entries, take too much memory.
_LONGEST = 2000


def aliased_corridor(length: int = 5, slip: float = 0.1, accuracy: float = 0.9) -> POMDP:
    """Make a corridor in which only the walls at its ends can be observed.

    The first cell shows the left wall, the last one the right wall, and all others show none. The observation is
    correct with probability `accuracy`, and else one of the other two, each with the same probability.

    Parameters
    ----------
    length : int
        Number of cells, at least 2.
    slip : float
        Probability that a move does not happen. A move into a wall never does.
    accuracy : float
        Probability of the correct observation.

    Returns
    -------
    POMDP
        States 0 to ``length - 1``, actions "left", "right" and "stay". The first state is uniform.

    See Also
    --------
    tiger, tmaze : Other worlds with hidden states.

    Examples
    --------
    >>> import empowerment as emp
    >>> corridor = emp.worlds.aliased_corridor()
    >>> corridor
    POMDP(5 states, 3 actions, 3 observations)
    >>> corridor.observation_probabilities(0, "left").round(3).tolist()
    [0.9, 0.05, 0.05]
    """
    length, slip = validate.positive_int(length, "length", most=_LONGEST), validate.probability(slip, "slip")
    accuracy = validate.probability(accuracy, "accuracy")
    if length < 2:
        raise ValueError("length is 1, expected at least 2 cells: one with each wall")
    cells = np.arange(length)
    targets = np.clip(cells[:, None] + [-1, 1, 0], 0, length - 1)
    shown = np.where(cells == 0, 0, np.where(cells == length - 1, 1, 2))
    seen = np.where(shown[:, None] == np.arange(3), accuracy, (1 - accuracy) / 2)
    return POMDP(
        slip * np.eye(length)[:, None] + (1 - slip) * np.eye(length)[targets],
        seen,
        actions=("left", "right", "stay"),
        observations=OBSERVATIONS,
        initial=np.full(length, 1 / length),
        layout=GridLayout((1, length), tuple((0, cell) for cell in range(length)), name="aliased_corridor"),
    )

"""A T-maze: a cue at the start, two arms at the end."""

from __future__ import annotations

import numpy as np

from empowerment.core import validate
from empowerment.core.layout import GridLayout
from empowerment.models.pomdp import POMDP

CUES = ("up", "down")
ACTIONS = ("forward", "back", "up", "down")
OBSERVATIONS = ("cue-up", "cue-down", "corridor", "junction", "good", "bad")

# Longer ones, as arrays of 16 * length ** 2 entries, take too much memory.
_LONGEST = 1000


def tmaze(length: int = 2, slip: float = 0.1) -> POMDP:
    """Make a T-maze after Bakker (2002).

    A corridor leads from the start to a junction with two arms, which are terminal. A cue, observed at the start
    alone, says which arm is the good one. The corridor looks the same everywhere, and the arms show only whether they
    are good or bad. "up" and "down" have an effect at the junction alone.

    For an agent at the junction that knows the cue, the arms have different observations, and for one that does not
    they are alike. Without slip the empowerment over the next observation is 2 bits for the first, and log2 3 for the
    second.

    Parameters
    ----------
    length : int
        Number of steps from the start to the junction.
    slip : float
        Probability that a move does not happen.

    Returns
    -------
    POMDP
        States (position, cue) with positions 0 to `length`, "arm-up" and "arm-down". The arms are terminal. The
        initial state is the start, with either cue.

    See Also
    --------
    tiger, aliased_corridor : Other worlds with hidden states.

    References
    ----------
    B. Bakker, "Reinforcement learning with long short-term memory", Advances in Neural Information Processing Systems
    14, 2002, pp. 1475-1482.

    Examples
    --------
    >>> import empowerment as emp
    >>> maze = emp.worlds.tmaze()
    >>> maze
    POMDP(10 states, 4 actions, 6 observations)
    >>> maze.observation_depends_on_action
    False
    """
    length, slip = validate.positive_int(length, "length", most=_LONGEST), validate.probability(slip, "slip")
    positions = (*range(length + 1), "arm-up", "arm-down")
    targets = np.tile(np.arange(len(positions))[:, None], len(ACTIONS))
    targets[:length, 0] += 1
    targets[1 : length + 1, 1] -= 1
    targets[length, 2:] = length + 1, length + 2
    step = slip * np.eye(len(positions))[:, None] + (1 - slip) * np.eye(len(positions))[targets]
    return POMDP(
        np.einsum("pat,cd->pcatd", step, np.eye(2)).reshape(2 * len(positions), len(ACTIONS), -1),
        np.eye(len(OBSERVATIONS))[_seen(length)],
        states=[(position, cue) for position in positions for cue in CUES],
        actions=ACTIONS,
        observations=OBSERVATIONS,
        terminal=[(arm, cue) for arm in positions[-2:] for cue in CUES],
        initial=np.repeat([0.5, 0.0], [2, 2 * len(positions) - 2]),
        layout=_layout(length),
    )


def _layout(length: int) -> GridLayout:
    """Return the map of the maze, in which a cell holds the states of both cues."""
    cells = [*((1, column) for column in range(length + 1)), (0, length), (2, length)]
    return GridLayout((3, length + 1), tuple(cell for cell in cells for _ in CUES), marks={(1, 0): "S"}, name="tmaze")


def _seen(length: int) -> list[int]:
    """Return the number of what each state shows, in the order of the states."""
    corridor, junction, good, bad = range(2, 6)
    return [0, 1, *[corridor] * 2 * (length - 1), junction, junction, good, bad, bad, good]

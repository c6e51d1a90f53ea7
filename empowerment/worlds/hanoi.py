"""The tower of Hanoi."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np

from empowerment.core import validate
from empowerment.models.mdp import MDP
from empowerment.worlds.successors import from_successors

# More, of 3 ** n_disks states, take gigabytes.
_MOST_DISKS = 14


def tower_of_hanoi(n_disks: int = 3) -> MDP:
    """Make the puzzle of disks on three pegs.

    An action (a, b) moves the top disk of peg a onto peg b; if peg a is empty or a smaller disk lies on peg b,
    nothing happens. In every state some action has no effect, so that n steps lead to every state at most n moves
    away.

    Parameters
    ----------
    n_disks : int
        Number of disks.

    Returns
    -------
    MDP
        3 ** n_disks states: the peg of each disk, the smallest disk first. Six actions, the ordered pairs of
        different pegs.

    Raises
    ------
    ValueError
        If `n_disks` is not a whole number of at least 1.

    See Also
    --------
    box_pushing : Another puzzle.

    Examples
    --------
    >>> import empowerment as emp
    >>> tower = emp.worlds.tower_of_hanoi()
    >>> tower
    MDP(27 states, 6 actions, deterministic)
    >>> start = tower.state_index((0, 0, 0))
    >>> tower.states[tower.successors[start, tower.actions.index((0, 2))]]
    (2, 0, 0)
    """
    n_disks = validate.positive_int(n_disks, "n_disks", most=_MOST_DISKS)
    states, actions = list(product(range(3), repeat=n_disks)), list(permutations(range(3), 2))
    top = _top_disks(np.array(states))
    value = 3 ** np.arange(n_disks - 1, -1, -1)  # a disk's peg is one digit of the state's number
    number = np.arange(len(states))
    columns = []
    for source, target in actions:
        disk = top[:, source]
        legal = disk < top[:, target]
        moved = number + (target - source) * value[np.where(legal, disk, 0)]
        columns.append(np.where(legal, moved, number))
    return from_successors(np.stack(columns, axis=1), states=states, actions=actions, name="tower_of_hanoi")


def _top_disks(pegs: np.ndarray) -> np.ndarray:
    """Return the smallest disk on each peg, shape (n_states, 3); the number of disks stands for none."""
    n_disks = pegs.shape[1]
    on_peg = pegs[:, :, None] == np.arange(3)
    return np.asarray(np.where(on_peg, np.arange(n_disks)[:, None], n_disks).min(axis=1))

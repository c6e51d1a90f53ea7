"""Persons of the Disempower-Grid that walk: a shortest path to the key, then one to the goal."""

from __future__ import annotations

import numpy as np

from benchmarks.keys.disempower_rules import STAY, Rules, States, Step
from empowerment.worlds.disempower import Cell

_FAR = 99  # more than any distance


def walking(rules: Rules, key: Cell) -> Step:
    """Return the step function while both persons walk to the key and then to the goal.

    Each plans in the grid as it is, without regard to the other person, and takes the first direction of right, down,
    left and up that shortens its way. What stands on the key or on the goal does not keep it from planning; it waits
    where the next cell is not free, and where there is no way.
    """
    n_boxes, targets = len(rules.grid.initial.boxes), (rules.number(*key), rules.number(*rules.grid.goals[0]))

    def step(codes: np.ndarray) -> np.ndarray:
        states = States.unpacked(codes, n_boxes)
        free = rules.free(states)
        wishes = [
            _next_cell(rules, free, cells, np.where(states.keys & mine, targets[1], targets[0]))
            for cells, mine in ((states.user, 1), (states.bystander, 2))
        ]
        user, bystander = rules.moved(states.user, states.bystander, *wishes)
        keys = states.keys | (user == targets[0]) | (bystander == targets[0]) << 1
        walked = states._replace(user=user, bystander=bystander, keys=keys)
        return np.stack([after.packed() for after in rules.assisted(walked)], axis=1)

    return step


def _next_cell(rules: Rules, free: np.ndarray, cells: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the cell that a person goes to on a shortest path to its target, its own if it has to wait."""
    distance = _distances(rules, free, cells, targets)
    own = np.take_along_axis(distance, cells[:, None], axis=1)
    beside = rules.beside[cells, :STAY]
    nearer = np.take_along_axis(distance, beside.astype(np.int64), axis=1) == own - 1
    direction = np.where(nearer.any(axis=1) & (own[:, 0] < _FAR), nearer.argmax(axis=1), STAY)
    return rules.targets(free, cells, direction)


def _distances(rules: Rules, free: np.ndarray, cells: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return how far each cell is from the target, as far as the person's own, of shape (n_states, n_cells + 1)."""
    distance = np.full(free.shape, _FAR, dtype=np.int8)
    np.put_along_axis(distance, targets[:, None], 0, axis=1)
    for steps in range(rules.n_cells):
        edge = (distance[:, rules.beside[:, :STAY]] == steps).any(axis=2) & free & (distance == _FAR)
        if not edge.any() or (np.take_along_axis(distance, cells[:, None], axis=1) < _FAR).all():
            break
        distance[edge] = steps + 1
    return distance

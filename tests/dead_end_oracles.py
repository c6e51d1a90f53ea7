"""Empowerment where actions are missing, by listing every sequence or policy tree that counts; plain and slow.

An input counts if, with steps left, it never meets what the agent knows (the set of states that are then possible)
without an action that all of these states have. Worlds are arrays; capacities are those of the reference backend.
"""

from itertools import product
from typing import NamedTuple

import numpy as np

import empowerment as emp


class World(NamedTuple):
    """What a small random world is made of: arrays of axes (state, action, next state) and (action, state, seen)."""

    transition: np.ndarray
    available: np.ndarray
    observation: np.ndarray
    terminal: list

    def mdp(self):
        return emp.MDP(self.transition, available=self.available, terminal=self.terminal)

    def pomdp(self):
        return emp.POMDP(self.transition, self.observation, available=self.available, terminal=self.terminal)

    def seen(self):
        """The same for an agent that sees the state."""
        return self._replace(observation=np.tile(np.eye(len(self.transition)), (self.transition.shape[1], 1, 1)))


def random_world(rng, n_states=3, n_actions=2, n_seen=2):
    """A world of few moves, so that dead ends can be avoided, with more missing actions than most have."""
    transition = rng.dirichlet(np.ones(n_states), size=(n_states, n_actions))
    transition *= rng.random(transition.shape) < 0.6
    transition += np.eye(n_states)[rng.integers(n_states, size=(n_states, n_actions))] * 0.2
    transition /= transition.sum(axis=-1, keepdims=True)
    available = rng.random((n_states, n_actions)) < rng.choice([0.5, 0.7, 0.9])
    terminal = [int(rng.integers(n_states))] if rng.random() < 0.3 else []
    transition[terminal], available[terminal] = np.eye(n_states)[terminal][:, None], True
    observation = rng.dirichlet(np.ones(n_seen), size=(n_actions, n_states))
    if rng.random() < 0.5:
        observation = np.eye(n_seen)[rng.integers(n_seen, size=(n_actions, n_states))]
    return World(transition, available, observation, terminal)


def able(world, weights):
    """The actions that every possible state has."""
    return np.flatnonzero(world.available[weights > 0].all(axis=0))


def sequence_rows(world, weights, horizon, read, output, told=()):
    """What is read after each sequence that counts: weights of states, one row for each string of readings so far.

    `read` of axes (action, state, reading) tells what is read of the state that an action leads to.
    """
    rows = []
    for word in product(range(world.transition.shape[1]), repeat=horizon):
        layer = weights[None]
        for step, action in enumerate(word):
            if action not in able(world, layer.sum(axis=0)):
                break
            after = layer @ world.transition[:, action]
            keep = output == "trajectory" or step == horizon - 1
            layer = np.concatenate([after * seen for seen in read[action].T]) if keep else after
        else:
            # After the last step one row of weights for each reading, or each string of them.
            rows.append(layer.sum(axis=1))
    return np.array(rows)


def tree_rows(world, weights, horizon, read, output):
    """What is read under each policy tree that counts, from weights that need not sum to 1.

    For trajectories `read` must be what the agent sees.
    """
    rows = []
    for action in able(world, weights):
        after = weights @ world.transition[:, action]
        if horizon == 1:
            rows.append(after @ read[action])
            continue
        parts = [after * seen for seen in world.observation[action].T]
        branches = [tree_rows(world, part, horizon - 1, read, output) if part.any() else [None] for part in parts]
        for choice in product(*branches):
            size = max(len(row) for row in choice if row is not None)
            full = [np.zeros(size) if row is None else row for row in choice]
            rows.append(np.concatenate(full) if output == "trajectory" else np.sum(full, axis=0))
    return rows


def capacity(rows):
    """The interval that the reference backend proves, in bits; None where there is no input."""
    if not len(rows):
        return None
    rows = np.unique(np.array(rows), axis=0)
    found = emp.channel_capacity(rows[:, rows.any(axis=0)], tol=1e-9, backend="reference", on_failure="ignore")
    return float(found.lower), float(found.upper)

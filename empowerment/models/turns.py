"""Turns: the parts of a step in which some agents act at the same time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse


@dataclass(frozen=True, eq=False)
class Turn:
    """A part of a step: its agents see the same state, act at once, and lead to the states of the next turn.

    Attributes
    ----------
    actions : dict of agent to tuple
        Labels of the actions of each agent that acts, in the order of the joint actions.
    states : sequence of hashable
        Labels of the states in which they act.
    rows : csr_array of shape (n_states * n_joint_actions, n_next_states)
        Distribution of the state of the next turn, the joint actions of a state adjacent, the last agent's action
        counting fastest. Rows of missing actions are empty.
    available : ndarray of bool of shape (n_states, n_joint_actions)
        Whether each joint action exists in each state.
    is_terminal, is_unexplored : ndarray of bool of shape (n_states,)
        Whether an episode ended in the state, and whether its actions are unknown.
    """

    actions: Mapping[Any, tuple[Any, ...]]
    states: Sequence[Any]
    rows: sparse.csr_array
    available: np.ndarray
    is_terminal: np.ndarray
    is_unexplored: np.ndarray

    @property
    def n_states(self) -> int:
        """Number of states."""
        return len(self.states)

    @property
    def counts(self) -> tuple[int, ...]:
        """Number of actions of each agent."""
        return tuple(map(len, self.actions.values()))

    @cached_property
    def known(self) -> np.ndarray:
        """Whether agents choose in each state: an episode goes on, and the actions are known."""
        return ~(self.is_terminal | self.is_unexplored)

    def own_available(self, agent: Any) -> np.ndarray:
        """Return whether an agent has each action in each state, whatever the others must do for it."""
        table = self.available.reshape(self.n_states, *self.counts)
        others = tuple(1 + i for i, name in enumerate(self.actions) if name != agent)
        return np.asarray(table.any(axis=others))

    def averaged(self, policies: Mapping[Any, np.ndarray]) -> Transit:
        """Return what the remaining agents' actions lead to if some follow policies.

        Parameters
        ----------
        policies : mapping of agent to ndarray of shape (n_states, n_actions)
            Probabilities; agents of other turns are passed over.
        """
        weights, kept = np.ones((self.n_states, 1)), np.zeros(1, dtype=np.int64)
        for agent, labels in self.actions.items():
            rows, size = policies.get(agent), len(labels)
            factors = np.ones((self.n_states, size)) if rows is None else rows
            weights = (weights[:, :, None] * factors[:, None, :]).reshape(self.n_states, -1)
            own = np.arange(size) if rows is None else np.zeros(size, dtype=np.int64)
            kept = (kept[:, None] * (size if rows is None else 1) + own).reshape(-1)
        n_kept = int(kept.max()) + 1
        state, joint = np.nonzero(weights)
        to = sparse.csr_array(
            (weights[state, joint], (state * n_kept + kept[joint], state * kept.size + joint)),
            shape=(self.n_states * n_kept, weights.size),
        )
        missing = (to @ (~self.available).reshape(-1).astype(float) > 0) | (np.diff(to.indptr) == 0)
        rows = to @ self.rows
        return Transit(sparse.csr_array(rows), np.asarray(missing), self.is_unexplored, n_kept)


@dataclass(frozen=True, eq=False)
class Transit:
    """What the actions of some agents lead to in a turn, or in several turns one after the other.

    Attributes
    ----------
    rows : csr_array of shape (n_states * n_actions, n_next_states)
    missing : ndarray of bool of shape (n_states * n_actions,)
        Whether an action is missing, or may lead to a state in which one is.
    is_unexplored : ndarray of bool of shape (n_states,)
        Whether an action of the state is unknown, or may lead to such a state.
    n_actions : int
    """

    rows: sparse.csr_array
    missing: np.ndarray
    is_unexplored: np.ndarray
    n_actions: int

    def then(self, following: Transit) -> Transit:
        """Return what this leads to with the next turn's actions, which count faster."""
        n_before, n_after = self.missing.size, following.n_actions
        parts = [self.rows @ following.rows[action::n_after] for action in range(n_after)]
        lost = [self.rows @ following.missing[action::n_after].astype(float) > 0 for action in range(n_after)]
        order = np.arange(n_before * n_after).reshape(n_after, n_before).T.reshape(-1)
        rows = sparse.csr_array(sparse.vstack(parts, format="csr"))[order]
        missing = np.concatenate(lost)[order] | np.repeat(self.missing, n_after)
        beyond = self.rows @ following.is_unexplored.astype(float) > 0
        unexplored = self.is_unexplored | beyond.reshape(self.is_unexplored.size, -1).any(axis=1)
        return Transit(rows, missing, unexplored, self.n_actions * n_after)

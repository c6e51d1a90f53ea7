"""What an agent can do that acts in a later turn of a step, and sees what the others did in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from math import prod
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.models.agent_policies import policies_of_others
from empowerment.models.multi_agent import MultiAgentMDP
from empowerment.models.turns import Transit

# Reactions of a state that are written down.
_MOST_REACTIONS = 4096


@dataclass(frozen=True)
class Reactions:
    """The reactions to what is seen in one state, as if one of them were chosen before it is seen.

    Attributes
    ----------
    response : ndarray of shape (n_actions, n_reactions, n_next)
        Distribution of what follows an action and a reaction.
    following : ndarray of int of shape (n_next,)
        Numbers of the states or readings that follow.
    choices : ndarray of int of shape (n_reactions, n_seen)
        Number of the action that each reaction takes in each state between the turns.
    """

    response: np.ndarray
    following: np.ndarray
    choices: np.ndarray

    def behaviour(self, mixture: np.ndarray, n_other: int) -> np.ndarray:
        """Return the probabilities (n_seen, n_other) of actions that a mixture of reactions comes to."""
        taken = self.choices[:, :, None] == np.arange(n_other)
        return np.asarray(np.einsum("x,xmr->mr", mixture, taken))


@dataclass(frozen=True)
class BetweenTurns:
    """A step in two parts: an agent acts, and another one that has seen what came of it.

    Attributes
    ----------
    before : csr_array of shape (n_states * n_actions, n_between)
        Distribution of the state between the turns after each action of the agent.
    after : csr_array of shape (n_between * n_other, n_states)
        Distribution of the next state after each action of the other.
    n_actions, n_other : int
        Number of actions of the agent and of the other.
    seen : csr_array of bool of shape (n_states, n_between)
        Whether a state between the turns can follow a state. The other's policy has a row for each of these pairs.
    labels : tuple of (state, state between the turns)
        Of these pairs, in order.
    """

    before: sparse.csr_array
    after: sparse.csr_array
    n_actions: int
    n_other: int
    seen: sparse.csr_array
    labels: tuple[tuple[Any, Any], ...]

    @classmethod
    def of(cls, world: MultiAgentMDP, agent: Any, other: Any, others: Any) -> BetweenTurns:
        """Return the two parts of a step for an agent and another one that acts in a later turn."""
        kept = [*world.group(agent), *world.group(other)]
        policies = policies_of_others(world.turns, others, kept)
        parts = [turn.averaged(policies) for turn in world.turns]
        place = world.turns.index(world.turn_of(world.group(other)[0]))
        before, after = (reduce(Transit.then, some) for some in (parts[:place], parts[place:]))
        first, second = world.turns[0].states, world.turns[place].states
        counts = np.arange(len(first) * before.n_actions) // before.n_actions
        gather = sparse.csr_array((np.ones(counts.size), (counts, np.arange(counts.size))))
        seen = sparse.csr_array(gather @ before.rows) > 0
        seen.sort_indices()
        rows, columns = seen.nonzero()
        labels = tuple((first[s], second[m]) for s, m in zip(rows.tolist(), columns.tolist(), strict=True))
        return cls(before.rows, after.rows, before.n_actions, after.n_actions, seen, labels)

    def pairs(self, state: int) -> slice:
        """Return which rows of a policy are those of a state."""
        return slice(int(self.seen.indptr[state]), int(self.seen.indptr[state + 1]))

    def parts(self, state: int, sensor: Any = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what the two turns of a step lead to from a state.

        Returns
        -------
        chances : ndarray of shape (n_actions, n_seen)
            Distribution of the state between the turns.
        table : ndarray of shape (n_seen, n_other, n_next)
            Distribution of what follows.
        following : ndarray of int of shape (n_next,)
            Numbers of the states or readings that follow.
        """
        between = self.seen.indices[self.pairs(state)]
        chances = self.before[state * self.n_actions : (state + 1) * self.n_actions][:, between].toarray()
        rows = self.after[(between[:, None] * self.n_other + np.arange(self.n_other)).reshape(-1)]
        rows = sparse.csr_array(rows if sensor is None else rows @ sensor)
        following = np.unique(rows.indices)
        return chances, rows[:, following].toarray().reshape(between.size, self.n_other, following.size), following

    def reactions(self, state: int, sensor: Any, ahead: np.ndarray | None, helps: bool) -> Reactions:
        """Return the reactions in a state of which one may be the most or the least favourable.

        Where a state between the turns shares no successor with the others, what follows tells of it, whatever the
        reaction is. The information does not depend on it then, and a reaction with the best expected value is best.

        Parameters
        ----------
        state : int
        sensor : csr_array, optional
            To be read in what follows; the state by default.
        ahead : ndarray of shape (n_states,), optional
            Values of what follows; 0 by default.
        helps : bool
            Whether the other looks for the largest value, or for the least.

        Raises
        ------
        MemoryError
            If there are more reactions than can be written down.
        """
        chances, table, following = self.parts(state, sensor)
        values = np.zeros(following.size) if ahead is None else ahead[following]
        options = _options(table, values if helps else -values)
        count = prod(map(len, options))
        if count > _MOST_REACTIONS:
            label = self.labels[self.pairs(state).start][0]
            raise MemoryError(
                f"{count} reactions to what is seen in state {label!r} may be best, expected at most "
                f"{_MOST_REACTIONS}; take fewer actions, or a sensor that tells fewer states apart"
            )
        choices = np.array(list(product(*options)))
        response = np.einsum("hm,xmy->hxy", chances, table[np.arange(len(table)), choices])
        return Reactions(np.ascontiguousarray(response), following, choices)

    def beside(self, behaviour: np.ndarray) -> sparse.csr_array:
        """Return the rows (n_states * n_actions, n_states) of the agent's actions beside a policy of the other."""
        n_states = self.seen.shape[0]
        total = sparse.csr_array((n_states * self.n_actions, n_states))
        repeated = np.repeat(np.arange(n_states), self.n_actions)
        for action in range(self.n_other):
            chance = sparse.csr_array((behaviour[:, action], self.seen.indices, self.seen.indptr), self.seen.shape)
            total = total + (self.before * chance[repeated]) @ self.after[action :: self.n_other]
        return sparse.csr_array(total)


def _options(table: np.ndarray, values: np.ndarray) -> Sequence[list[int]]:
    """Return the actions (n_between, n_other, n_next) that may be best in each state between the turns."""
    reached = np.asarray(table.any(axis=1))
    shared = np.count_nonzero(reached, axis=0) > 1
    options = []
    for rows, own in zip(table, reached, strict=True):
        if own[shared].any():
            options.append(sorted(np.unique(rows, axis=0, return_index=True)[1].tolist()))
        else:
            options.append([int((rows @ values).argmax())])
    return options

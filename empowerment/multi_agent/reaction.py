"""Dynamic programming over the policies of another agent: the most and the least that an agent can have beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.capacity.solve import channel_capacity
from empowerment.core import validate
from empowerment.core.channel import Channel
from empowerment.models.mdp import MDP
from empowerment.multi_agent.between_turns import BetweenTurns, Reactions
from empowerment.multi_agent.joint_rows import JointSequences
from empowerment.multi_agent.mixtures import Mixture, least_value
from empowerment.runtime.progress import progress_bar

# Channels that are solved side by side.
_BATCH = 20_000
# States whose reactions are compared side by side, of which each may have thousands.
_MOST_REACTING = 16


@dataclass(frozen=True)
class Reaction:
    """Values in nats of the states with some steps left, and the policies that attain them.

    Attributes
    ----------
    lower, upper : ndarray of shape (n_states,)
        NaN in states that were not asked for.
    policies : ndarray of shape (horizon, n_observed, n_actions)
        The other agent's distribution of actions in each step, for everything it may observe; uniform where no run
        gets.
    """

    lower: np.ndarray
    upper: np.ndarray
    policies: np.ndarray


@dataclass(frozen=True)
class Opponent:
    """What pairs of actions of an agent and another one lead to.

    Attributes
    ----------
    joint : JointSequences
        Of horizon 1.
    between : BetweenTurns or None
        The parts of a step if the other acts after the agent and sees what came of its action; None if both act at
        once.
    helps : bool
        Whether the other agent makes the most of the agent's value, or the least.
    backend : str or None
    max_iter : int
        Limit on the mixtures that are tried in one state.
    """

    joint: JointSequences
    between: BetweenTurns | None
    helps: bool
    backend: str | None
    max_iter: int

    def values(self, starts: np.ndarray, horizon: int, tol: float, progress: bool | str) -> Reaction:
        """Return the feedback empowerment of some states beside the other agent, by backward induction.

        With k steps left the value is the largest information of the next state plus the expected value of the state
        with k - 1 left, beside the other's best choice. It is convex in the other's mixture, so that the largest is
        attained by an action, and the smallest is that of a convex program.
        """
        model = self.joint.model
        n_other = self.joint.numbers.shape[1]
        layers = self._reached(starts, horizon)
        lower = upper = np.empty(0)
        policies = np.full((horizon, len(self.observed), n_other), 1 / n_other)
        with progress_bar(sum(map(len, layers)), "solving", "state", progress) as advance:
            for step in reversed(range(horizon)):
                states = layers[step]
                found = self._step(states, None if step == horizon - 1 else (lower, upper), tol / horizon, advance)
                lower, upper = np.full(model.n_states, math.nan), np.full(model.n_states, math.nan)
                for state, each in zip(states.tolist(), found, strict=True):
                    lower[state], upper[state] = each.lower, each.upper
                    place = slice(state, state + 1) if self.between is None else self.between.pairs(state)
                    policies[step, place] = each.mixture
        return Reaction(lower, upper, policies)

    @property
    def observed(self) -> Sequence[Any]:
        """The labels of what the other agent may observe."""
        return self.joint.model.states if self.between is None else self.between.labels

    def beside(self, policy: np.ndarray) -> MDP:
        """Return what remains for the agent in a step beside a policy (n_observed, n_actions) of the other."""
        model, numbers = self.joint.model, self.joint.numbers
        if self.between is not None:
            rows = self.between.beside(policy)
        else:
            starts = np.arange(model.n_states)[:, None, None] * model.n_actions
            columns = (starts + numbers).reshape(-1)
            weights = np.repeat(policy, len(numbers), axis=0).reshape(-1)
            ends = np.arange(model.n_states * len(numbers) + 1) * numbers.shape[1]
            rows = sparse.csr_array((weights, columns, ends), (ends.size - 1, model.rows.shape[0])) @ model.rows
        available = model.available[:, numbers].all(axis=2)
        return MDP(rows, states=model.states, terminal=model.is_terminal.tolist(), available=available)

    def _error(self, n_choices: int) -> float:
        """Bound on the relative error of a row beside a mixture: that of the rows, and the sum over the mixture."""
        roundings = n_choices + self.joint.model.n_states + 8
        return self.joint.relative_error + roundings * float(np.finfo(float).eps)

    def _reached(self, starts: np.ndarray, horizon: int) -> list[np.ndarray]:
        """Return the numbers of the states in which a run can be before each step."""
        layers = [np.unique(starts)]
        for _ in range(horizon - 1):
            layers.append(self.joint.next_states(layers[-1]))
        return layers

    def response(self, state: int, sensor: Any = None, ahead: np.ndarray | None = None) -> Reactions:
        """Return what follows each action of the agent and each reaction of the other to what it observes.

        Parameters
        ----------
        state : int
        sensor : csr_array, optional
            To be read in what follows; the state by default.
        ahead : ndarray of shape (n_states,), optional
            Values of what follows; 0 by default.
        """
        model = self.joint.model
        if not model.available[state].all():
            raise ValueError(
                f"a joint action is missing in state {model.states[state]!r}, expected all: the other agent may take "
                "any of its actions"
            )
        if self.between is not None:
            return self.between.reactions(state, sensor, ahead, self.helps)
        rows = model.rows[state * model.n_actions : (state + 1) * model.n_actions]
        rows = rows if sensor is None else rows @ sensor
        following = np.unique(rows.indices)
        actions = np.arange(self.joint.numbers.shape[1])
        return Reactions(rows[:, following].toarray()[self.joint.numbers], following, actions[:, None])

    def moves(self, state: int) -> tuple[np.ndarray, np.ndarray]:
        """Return what follows each action, what the other sees of it, and each action of the other.

        Returns
        -------
        rows : ndarray of shape (n_actions, n_seen, n_other, n_next)
            Probabilities of what is seen and of the next state.
        following : ndarray of int of shape (n_next,)
            Numbers of the states that follow.
        """
        if self.between is None:
            reactions = self.response(state)
            return reactions.response[:, None], reactions.following
        chances, table, following = self.between.parts(state)
        return chances[:, :, None, None] * table, following

    def _step(
        self,
        states: np.ndarray,
        ahead: tuple[np.ndarray, np.ndarray] | None,
        tol: float,
        advance: Callable[[int], object],
    ) -> list[Mixture]:
        """Return the values of states with one more step left than their successors, whose ends are given."""
        sensor = self.joint.sensor.matrix if ahead is None else None
        found: list[Mixture] = []
        blind = max(_BATCH // self.joint.numbers.shape[1], 1)
        share = 1 if not self.helps else blind if self.between is None else _MOST_REACTING
        for first in range(0, states.size, share):
            values = None if ahead is None else ahead[0]
            parts = [self.response(state, sensor, values) for state in states[first : first + share].tolist()]
            rewards = [np.zeros(each.following.size) if values is None else values[each.following] for each in parts]
            responses = [each.response for each in parts]
            some = self._most(responses, rewards, tol) if self.helps else self._least(responses, rewards, tol)
            found += [
                self._widened(*each, ahead)
                for each in zip(states[first : first + share].tolist(), parts, some, strict=True)
            ]
            advance(len(parts))
        return found

    def _widened(
        self, state: int, reactions: Reactions, found: Mixture, ahead: tuple[np.ndarray, np.ndarray] | None
    ) -> Mixture:
        """Return an interval that holds for the exact rows and values, and the probabilities of the other's actions.

        The entries of rows are known to within a relative error. It changes an information by at most itself times
        the information plus 1 nat, see :func:`.joint_rows.outward`, and an expected reward by at most itself times
        the largest reward. Both happen to the value, and the expected rewards are rounded as well: three errors at
        most.
        """
        gap = largest = 0.0
        if ahead is not None:
            # Values were taken at their lower ends. If they are larger by at most a constant, so is what they make.
            after = self.joint.next_states(np.array([state]))
            gap, largest = float((ahead[1][after] - ahead[0][after]).max()), float(ahead[1][after].max())
        slack = 3 * self._error(len(reactions.choices)) * (found.upper + largest + 1.0)
        behaviour = reactions.behaviour(found.mixture, self.joint.numbers.shape[1])
        return Mixture(max(found.lower - slack, 0.0), found.upper + gap + slack, behaviour)

    def _most(self, responses: list[np.ndarray], ahead: list[np.ndarray], tol: float) -> list[Mixture]:
        """Return the values beside the other's best action, and this action."""
        channels = [np.ascontiguousarray(rows[:, r]) for rows in responses for r in range(rows.shape[1])]
        expected = [rows @ after for rows, after in zip(responses, ahead, strict=True)]
        rewards = [column for table in expected for column in table.T]
        result = channel_capacity(
            [Channel.from_valid(rows) for rows in channels],
            rewards=rewards,
            tol=max(tol, validate.MIN_TOL),
            base=math.e,
            backend=self.backend,
            on_failure="ignore",
            progress=False,
        )
        ends, found = np.cumsum([rows.shape[1] for rows in responses])[:-1], []
        for low, high in zip(np.split(result.lower, ends), np.split(result.upper, ends), strict=True):
            found.append(Mixture(float(low.max()), float(high.max()), np.eye(low.size)[low.argmax()]))
        return found

    def _least(self, responses: list[np.ndarray], ahead: list[np.ndarray], tol: float) -> list[Mixture]:
        pairs = zip(responses, ahead, strict=True)
        return [least_value(rows, after, tol, self.backend, self.max_iter) for rows, after in pairs]

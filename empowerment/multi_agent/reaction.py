"""Dynamic programming over the policies of another agent: the most and the least that an agent can have beside it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment.capacity.solve import channel_capacity
from empowerment.core import validate
from empowerment.core.channel import Channel
from empowerment.multi_agent.joint_rows import JointSequences
from empowerment.multi_agent.mixtures import Mixture, least_value
from empowerment.runtime.progress import progress_bar

# Channels that are solved side by side.
_BATCH = 20_000


@dataclass(frozen=True)
class Reaction:
    """Values in nats of the states with some steps left, and the policies that attain them.

    Attributes
    ----------
    lower, upper : ndarray of shape (n_states,)
        NaN in states that were not asked for.
    policies : ndarray of shape (horizon, n_states, n_actions)
        The other agent's distribution of actions in each step; uniform in states that no run reaches.
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
    helps : bool
        Whether the other agent makes the most of the agent's value, or the least.
    backend : str or None
    max_iter : int
        Limit on the mixtures that are tried in one state.
    """

    joint: JointSequences
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
        policies = np.full((horizon, model.n_states, n_other), 1 / n_other)
        with progress_bar(sum(map(len, layers)), "solving", "state", progress) as advance:
            for step in reversed(range(horizon)):
                states = layers[step]
                found = self._step(states, None if step == horizon - 1 else (lower, upper), tol / horizon, advance)
                lower, upper = np.full(model.n_states, math.nan), np.full(model.n_states, math.nan)
                for state, each in zip(states.tolist(), found, strict=True):
                    lower[state], upper[state], policies[step, state] = each.lower, each.upper, each.mixture
        return Reaction(lower, upper, policies)

    @property
    def _error(self) -> float:
        """Bound on the relative error of a row beside a mixture: that of the rows, and the sum over the mixture."""
        n_other, n_states = self.joint.numbers.shape[1], self.joint.model.n_states
        return self.joint.relative_error + (n_other + n_states + 8) * float(np.finfo(float).eps)

    def _reached(self, starts: np.ndarray, horizon: int) -> list[np.ndarray]:
        """Return the numbers of the states in which a run can be before each step."""
        layers = [np.unique(starts)]
        for _ in range(horizon - 1):
            layers.append(self.joint.next_states(layers[-1]))
        return layers

    def response(self, state: int, sensor: Any = None) -> tuple[np.ndarray, np.ndarray]:
        """Return what follows each pair of actions, and the numbers of the states or readings that can.

        Returns
        -------
        rows : ndarray of shape (n_actions, n_other_actions, n_next)
        following : ndarray of int of shape (n_next,)
        """
        model = self.joint.model
        if not model.available[state].all():
            raise ValueError(
                f"a joint action is missing in state {model.states[state]!r}, expected all: the other agent may take "
                "any of its actions"
            )
        rows = model.rows[state * model.n_actions : (state + 1) * model.n_actions]
        rows = rows if sensor is None else rows @ sensor
        following = np.unique(rows.indices)
        return rows[:, following].toarray()[self.joint.numbers], following

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
        share = max(_BATCH // self.joint.numbers.shape[1], 1) if self.helps else 1
        for first in range(0, states.size, share):
            parts = [self.response(state, sensor) for state in states[first : first + share].tolist()]
            rewards = [np.zeros(after.size) if ahead is None else ahead[0][after] for _, after in parts]
            responses = [rows for rows, _ in parts]
            found += self._most(responses, rewards, tol) if self.helps else self._least(responses, rewards, tol)
            advance(len(parts))
        if ahead is None:
            return [_widened(each, 0.0, 0.0, self._error) for each in found]
        return [self._beyond(state, each, *ahead) for state, each in zip(states.tolist(), found, strict=True)]

    def _beyond(self, state: int, found: Mixture, lower: np.ndarray, upper: np.ndarray) -> Mixture:
        """Return the interval of a state whose successors' values were taken at their lower ends."""
        model = self.joint.model
        rows = model.rows[state * model.n_actions : (state + 1) * model.n_actions]
        after = np.unique(rows.indices)
        # Values that are larger by at most a constant make a value that is larger by at most this constant.
        gap = float((upper[after] - lower[after]).max())
        return _widened(found, gap, float(upper[after].max()), self._error)

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
        shape = len(responses), -1
        low, high = (np.asarray(end).reshape(shape) for end in (result.lower, result.upper))
        best = np.eye(low.shape[1])[low.argmax(axis=1)]
        return [Mixture(*ends) for ends in zip(low.max(axis=1), high.max(axis=1), best, strict=True)]

    def _least(self, responses: list[np.ndarray], ahead: list[np.ndarray], tol: float) -> list[Mixture]:
        pairs = zip(responses, ahead, strict=True)
        return [least_value(rows, after, tol, self.backend, self.max_iter) for rows, after in pairs]


def _widened(found: Mixture, gap: float, largest: float, relative: float) -> Mixture:
    """Return an interval that holds for the exact rows, whose entries are known to within a relative error.

    It changes an information by at most itself times the information plus 1 nat, see
    :meth:`JointSequences.outward`, and an expected reward by at most itself times the largest reward. Both happen to
    the value, and the expected rewards are rounded as well: three errors at most.
    """
    slack = 3 * relative * (found.upper + largest + 1.0)
    return Mixture(max(found.lower - slack, 0.0), found.upper + gap + slack, found.mixture)

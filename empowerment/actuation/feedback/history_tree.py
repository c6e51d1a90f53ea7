"""The tree of action-observation histories, one level for each step.

A node is a history ``(a_1, o_1, …, a_t, o_t)``, numbered with the first action most significant, so that the nodes
of a level are an array and a step back is a reshape. Outcomes, the observations without the actions, are numbered in
the same way.
"""

from __future__ import annotations

import numpy as np

from empowerment.actuation.forecast import Forecast, allowed
from empowerment.actuation.task import NoSequenceError
from empowerment.core import validate
from empowerment.models.belief_space import available_in
from empowerment.models.pomdp import POMDP

_EPS = float(np.finfo(float).eps)
# Arrays of the size of the last level that exist at the same time, with the rows of the master problem.
_COPIES = 4
# Operations that a history takes in all rounds.
_RESPONSE = 1000.0


class HistoryTree:
    """The tree of histories from a belief, and the rows and best responses of policies on it.

    Parameters
    ----------
    model : POMDP
    belief : ndarray of shape (n_states,)
    horizon : int
        At least 1.
    memory : float
        Limit in bytes.

    Attributes
    ----------
    horizon, n_actions, n_observations : int
    masses : list of ndarray of shape (n_nodes,)
        For each level but the last, the probability of the observations given the actions; 0 if the history is
        impossible or has an action that is not allowed.
    allowed : list of ndarray of bool of shape (n_nodes, n_actions)
        For each level but the last, the actions that are available in every possible state, and after which the
        agent never runs out of such actions while steps are left. All actions, if the history is impossible.
    weights : ndarray of shape (n_nodes, n_actions, n_observations)
        Last level: the probability of all observations given all actions.
    relative_error : float
        Bound on the relative error of the weights.

    Raises
    ------
    MemoryError
        If the tree would take more than `memory`.
    NoSequenceError
        If no policy is admissible.
    """

    def __init__(self, model: POMDP, belief: np.ndarray, horizon: int, memory: float) -> None:
        self.horizon, self.n_actions, self.n_observations = horizon, model.n_actions, model.n_observations
        _check_size(model, horizon, memory)
        each = [
            m.toarray()[:, :, None] * seen
            for m, seen in zip(model.mdp.action_matrices, model.observation, strict=True)
        ]
        kernel = np.stack(each, axis=1)  # state, action, next state, observation
        states, masses, able = np.asarray(belief, dtype=float)[None], [], []
        for step in range(horizon):
            masses.append(states.sum(axis=1))
            able.append(available_in(model.mdp, states))
            if step < horizon - 1:
                following = np.einsum("hs,sato->haot", states, kernel) * able[-1][:, :, None, None]
                states = following.reshape(-1, model.n_states)
        self.allowed, reached = self._admissible(masses, able)
        self.masses = [mass * met for mass, met in zip(masses, reached, strict=True)]
        played = self.allowed[-1] & reached[-1][:, None]
        self.weights = np.einsum("hs,sao->hao", states, kernel.sum(axis=2)) * played[:, :, None]
        self.relative_error = horizon * (model.n_states + 4) * _EPS
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.where(self.weights > 0, self.weights * np.log(self.weights), 0.0)
        self._negative_entropies = logs.sum(axis=2)
        self.outcomes = np.flatnonzero(self.read(np.ones(self._negative_entropies.shape)))

    def _admissible(
        self, masses: list[np.ndarray], able: list[np.ndarray]
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return which actions are admissible, and which histories are reached by admissible actions alone."""
        fan = (-1, self.n_actions, self.n_observations)
        levels = [able[-1]]
        for step in range(self.horizon - 2, -1, -1):
            going_on = levels[-1].any(axis=1) | (masses[step + 1] == 0)
            levels.append(able[step] & going_on.reshape(fan).all(axis=2))
        allowed, reached = levels[::-1], [np.ones(1, dtype=bool)]
        if not allowed[0].any():
            raise NoSequenceError
        for step in range(self.horizon - 1):
            after = (allowed[step] & reached[-1][:, None])[:, :, None] & (masses[step + 1] > 0).reshape(fan)
            reached.append(after.reshape(-1))
        return [own | ~met[:, None] for own, met in zip(allowed, reached, strict=True)], reached

    @property
    def n_outcomes(self) -> int:
        """Number of strings of observations, impossible ones included."""
        return int(self.n_observations**self.horizon)

    def gains(self, q: np.ndarray) -> np.ndarray:
        """Return the contributions of the last actions to the divergence from q, shape (n_nodes, n_actions).

        ``sum_o w log(w / q)`` over the last observation; minus infinity if an action is not allowed. `q` has shape
        (n_outcomes,) and is positive for every possible outcome.
        """
        with np.errstate(divide="ignore"):
            logs = np.where(q > 0, np.log(q), 0.0).reshape(-1, self.n_observations)
        # The outcomes of a node depend on its observations alone: log q is broadcast over the actions.
        shape = (1, self.n_observations) * (self.horizon - 1) + (1, self.n_observations)
        full = (self.n_actions, self.n_observations) * (self.horizon - 1) + (1, self.n_observations)
        spread = np.broadcast_to(logs.reshape(shape), full).reshape(len(self.weights), 1, self.n_observations)
        gains = self._negative_entropies - (self.weights * spread).sum(axis=2)
        return np.where(self.allowed[-1], gains, -np.inf)

    def read(self, played: np.ndarray) -> np.ndarray:
        """Return the sums over actions of ``played * weights``, shape (n_outcomes,).

        `played`, of shape (n_nodes, n_actions), is the probability that a policy gives to the actions of a history.
        """
        joint = (played[:, :, None] * self.weights).reshape((self.n_actions, self.n_observations) * self.horizon)
        return np.asarray(joint.sum(axis=tuple(range(0, 2 * self.horizon, 2))).reshape(-1))

    def best_response(self, q: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return the largest divergence from q for each first action, and the best action of every node.

        Computed by backward induction. The divergences, of shape (n_actions,), are rounded up.
        """
        gains, choices = self.gains(q), []
        for _ in range(self.horizon - 1):
            choices.append(gains.argmax(axis=1))
            best = gains[np.arange(len(gains)), choices[-1]]
            gains = best.reshape(-1, self.n_actions, self.n_observations).sum(axis=2)
            gains = np.where(self.allowed[self.horizon - 1 - len(choices)], gains, -np.inf)
        choices.append(gains.argmax(axis=1))
        return gains[0] + self.rounding(float(gains[0].max())), choices[::-1]

    def rounding(self, divergence: float) -> float:
        """Bound the error of a divergence of this size; ``sum w |log(w / q)|`` exceeds it by at most 2 / e."""
        logarithm = self.n_outcomes.bit_length() + 40  # weights below exp(-logarithm) are negligible
        return (self.horizon * (self.n_observations + 2) + logarithm) * 2 * _EPS * (1.0 + abs(divergence))

    def row(self, choices: list[np.ndarray]) -> np.ndarray:
        """Return the distribution of the outcomes under a deterministic policy, shape (n_outcomes,)."""
        nodes = np.zeros(1, dtype=np.int64)
        for chosen in choices[:-1]:
            nodes = ((nodes * self.n_actions + chosen[nodes])[:, None] * self.n_observations) + np.arange(
                self.n_observations
            )
            nodes = nodes.reshape(-1)
        return np.asarray(self.weights[nodes, choices[-1][nodes]].reshape(-1))

    def played(self, policy: list[np.ndarray]) -> np.ndarray:
        """Return the probability that a policy gives to the actions of a history, shape (n_nodes, n_actions)."""
        reach = np.ones(1)
        for chosen in policy[:-1]:
            reach = np.repeat((reach[:, None] * chosen).reshape(-1), self.n_observations)
        return np.asarray(reach[:, None] * policy[-1])

    def uniform_policy(self) -> list[np.ndarray]:
        """Return the policy that is uniform over the allowed actions."""
        return [able / np.maximum(able.sum(axis=1, keepdims=True), 1) for able in self.allowed]


def forecast_tree(model: POMDP, horizon: int) -> Forecast:
    """Return what column generation over the policies on the tree takes: arrays as large as its last level."""
    branching = model.n_actions * model.n_observations
    last, before = (validate.power(branching, steps) for steps in (horizon, horizon - 1))
    memory = 8 * (_COPIES * last + before * model.n_states * (2 if horizon == 1 else 3))
    memory += 8 * model.n_states**2 * branching
    operations = last * (_RESPONSE + model.n_states * model.n_observations)
    return Forecast(last, memory, operations)


def _check_size(model: POMDP, horizon: int, memory: float) -> None:
    """Raise before anything is allocated."""
    needed = forecast_tree(model, horizon)
    if needed.memory > memory:
        branching = model.n_actions * model.n_observations
        raise MemoryError(
            f"feedback over {horizon} steps has {branching}^{horizon} = {needed.rows:.3g} histories of actions and "
            f"observations, which need {needed}; {allowed(memory)}; shorten the horizon, raise memory=, read the "
            "last observation alone (output='final'), or take an interval"
        )

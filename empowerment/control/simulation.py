"""Simulation of a policy in a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from empowerment.core import validate
from empowerment.models.belief_space import normalised
from empowerment.models.mdp import MDP, action_rewards, as_mdp
from empowerment.models.policy import draw, policy_rows
from empowerment.models.pomdp import POMDP
from empowerment.results.result import Result, Table


@dataclass(frozen=True, eq=False, repr=False)
class Simulation(Result):
    """Trajectory of one simulation.

    Attributes
    ----------
    states : tuple of length n_steps + 1
        Label of the initial state, and of the state after each action.
    actions : tuple of length n_steps
        Labels of the actions.
    observations : tuple of length n_steps, or None
        Label of the observation after each action; None for an MDP.
    state_numbers, action_numbers, observation_numbers : ndarray of int, or None
        The same, as numbers in the model.
    beliefs : ndarray of shape (n_steps + 1, n_states), or None
        The belief before the first action and after each observation; None for an MDP.
    rewards : ndarray of shape (n_steps,), or None
        The expected reward of each step; None if the model has none.
    ended : bool
        Whether the trajectory ended in a terminal state or at a dead end: an MDP in a state without actions, a POMDP
        in a belief whose states have no action in common. Then `n_steps` may be less than requested.

    See Also
    --------
    simulate : Follow a policy.

    Examples
    --------
    >>> import empowerment as emp
    >>> row = emp.worlds.open_grid(1, 3, stay=False)
    >>> path = emp.simulate(row, emp.greedy_policy(row, [0.0, 1.0, 2.0]), initial=(0, 0), steps=2)
    >>> path.states, path.n_steps, path.ended
    (((0, 0), (0, 1), (0, 2)), 2, False)
    """

    states: tuple[Any, ...]
    actions: tuple[Any, ...]
    observations: tuple[Any, ...] | None
    state_numbers: np.ndarray
    action_numbers: np.ndarray
    observation_numbers: np.ndarray | None
    beliefs: np.ndarray | None
    rewards: np.ndarray | None
    ended: bool

    @property
    def n_steps(self) -> int:
        """Number of actions."""
        return len(self.actions)

    def _table(self) -> Table:
        """Return a row for each step: the state before it, the action, and their outcome."""
        columns: dict[str, Any] = {"state": self.states[:-1], "action": self.actions, "next_state": self.states[1:]}
        columns |= {} if self.observations is None else {"observation": self.observations}
        return Table("step", None, columns | ({} if self.rewards is None else {"reward": self.rewards}))

    def __repr__(self) -> str:
        how = "ended" if self.ended else "not ended"
        return f"Simulation({self.n_steps} steps, {how})"


def simulate(
    model: Any,
    policy: Any,
    *,
    initial: Any = None,
    steps: int,
    rewards: Any = None,
    rng: np.random.Generator | int | None = None,
) -> Simulation:
    """Follow a policy for a number of steps, or to a terminal state.

    Parameters
    ----------
    model : MDP or POMDP, or array of shape (n_states, n_actions, n_states)
        The world.
    policy : Policy, array_like of shape (n_states, n_actions), or callable
        For an MDP the probabilities of the actions in each state. For a POMDP a function that takes the belief, an
        array of shape (n_states,), and returns the probabilities of the actions, of shape (n_actions,). An action
        must be available in every state of positive probability.
    initial : state label, belief, or None
        For an MDP the initial state. For a POMDP the initial belief, as :meth:`POMDP.belief` takes it, from which the
        initial state is drawn. None takes the model's initial distribution.
    steps : int
        Largest number of actions.
    rewards : array_like of shape (n_states, n_actions), optional
        Expected rewards to record; by default those of the model, if it has any.
    rng : numpy.random.Generator, int or None
        Random source; the same seed gives the same trajectory.

    Returns
    -------
    Simulation
        The states, actions, observations, beliefs and rewards of the trajectory.

    Raises
    ------
    ValueError
        If the policy does not fit the model, or there is no initial state.

    See Also
    --------
    greedy_policy : Make the policy that climbs a table of values.
    Policy.action : Draw one action.

    Examples
    --------
    Listen until the belief is nearly certain, then open the other door:

    >>> import numpy as np, empowerment as emp
    >>> tiger = emp.worlds.tiger()
    >>> def careful(belief):
    ...     listen, open_left, open_right = np.eye(3)
    ...     return open_right if belief[0] > 0.95 else open_left if belief[1] > 0.95 else listen
    >>> run = emp.simulate(tiger, careful, steps=4, rng=1)
    >>> run.actions
    ('listen', 'listen', 'open-left', 'listen')
    >>> run.beliefs.shape
    (5, 2)
    """
    steps = validate.positive_int(steps, "steps", most=validate.MOST_DRAWS)
    rng = validate.generator(rng)
    if isinstance(model, POMDP):
        walk: _Walk = _BeliefWalk(model, policy, initial)
        rewards = model.rewards if rewards is None else rewards
    else:
        walk = _StateWalk(as_mdp(model), policy, initial)
    mdp = walk.mdp
    reward_table = None if rewards is None else action_rewards(mdp, rewards)
    states, actions = [draw(walk.first, rng)], list[int]()
    while len(actions) < steps and not walk.is_over(states[-1]):
        actions.append(draw(walk.choose(states[-1]), rng))
        states.append(draw(_row(mdp, states[-1], actions[-1]), rng))
        walk.see(actions[-1], states[-1], rng)
    taken = np.array(actions, dtype=np.int64)
    seen = walk.observations
    return Simulation(
        states=tuple(mdp.states[s] for s in states),
        actions=tuple(mdp.actions[a] for a in actions),
        observations=None if seen is None else tuple(walk.labels[o] for o in seen),
        state_numbers=np.array(states),
        action_numbers=taken,
        observation_numbers=seen,
        beliefs=walk.beliefs,
        rewards=None if reward_table is None else reward_table[states[:-1], taken],
        ended=walk.is_over(states[-1]),
    )


def _row(mdp: MDP, state: int, action: int) -> np.ndarray:
    return np.asarray(mdp.rows[[state * mdp.n_actions + action]].toarray())[0]


class _Walk(Protocol):
    """A run of a policy, with the state or a belief as the input of the policy."""

    mdp: MDP
    first: np.ndarray
    labels: Sequence[Any]

    def is_over(self, state: int) -> bool: ...

    def choose(self, state: int) -> np.ndarray: ...

    def see(self, action: int, state: int, rng: np.random.Generator) -> None: ...

    @property
    def observations(self) -> np.ndarray | None: ...

    @property
    def beliefs(self) -> np.ndarray | None: ...


class _StateWalk:
    """A run in an MDP: the policy reads the state."""

    observations = beliefs = None
    labels: Sequence[Any] = ()

    def __init__(self, mdp: MDP, policy: Any, initial: Any) -> None:
        if callable(policy):
            raise TypeError(
                "policy is a function, expected a Policy or an array (state, action) for an MDP; functions of the "
                "belief are for a POMDP"
            )
        self.mdp, self._rows = mdp, policy_rows(policy, mdp)
        if initial is None and mdp.initial is None:
            raise ValueError("this model has no initial distribution, expected initial= with the label of a state")
        self.first = np.array(mdp.initial) if initial is None else np.eye(mdp.n_states)[mdp.state_index(initial)]

    def is_over(self, state: int) -> bool:
        return bool(self.mdp.is_terminal[state] or not self.mdp.available[state].any())

    def choose(self, state: int) -> np.ndarray:
        return np.asarray(self._rows[state])

    def see(self, action: int, state: int, rng: np.random.Generator) -> None:
        pass


class _BeliefWalk:
    """A run in a POMDP: the policy reads the belief, updated by each observation."""

    def __init__(self, model: POMDP, policy: Any, initial: Any) -> None:
        if not callable(policy):
            raise TypeError(
                f"policy is a {type(policy).__name__}, expected a function from beliefs to probabilities of actions: "
                "the states of a POMDP are hidden"
            )
        self.mdp, self._model, self.labels = model.mdp, model, model.observations
        self._policy: Callable[[np.ndarray], Any] = policy
        self.first = model.belief(initial)
        self._beliefs, self._observations = [self.first], list[int]()

    def is_over(self, state: int) -> bool:
        return bool(self.mdp.is_terminal[state] or not self._model.available_in(self._beliefs[-1]).any())

    def choose(self, state: int) -> np.ndarray:
        belief = self._beliefs[-1]
        chances = validate.distribution(self._policy(belief.copy()), self.mdp.n_actions, "policy(belief)")
        wrong = np.flatnonzero((chances > 0) & ~self._model.available_in(belief))
        if wrong.size:
            raise ValueError(
                f"policy(belief) gives action {self.mdp.actions[wrong[0]]!r} a probability of {chances[wrong[0]]:g} "
                f"in the belief {belief.tolist()}, expected 0: a state that is held possible does not have it"
            )
        return chances

    def see(self, action: int, state: int, rng: np.random.Generator) -> None:
        shown = self._model.observation_rows
        seen = draw(shown.row(action, state), rng)
        self._observations.append(seen)
        predicted = self._beliefs[-1] @ self.mdp.action_matrices[action]
        self._beliefs.append(normalised(predicted * shown.likelihood(action, seen)))

    @property
    def observations(self) -> np.ndarray:
        return np.array(self._observations, dtype=np.int64)

    @property
    def beliefs(self) -> np.ndarray:
        return np.array(self._beliefs)

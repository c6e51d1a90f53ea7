"""Finite partially observable Markov decision processes in canonical arrays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.models import belief_space
from empowerment.models.belief_space import ReachableBeliefs
from empowerment.models.mdp import MDP
from empowerment.models.observation import checked, occurring


class POMDP:
    """A finite Markov decision process whose states are hidden, and what is observed of them.

    An action is taken, the state changes, and then the new state is observed. Nothing is observed before the
    first action.

    Parameters
    ----------
    transition : array_like of shape (n_states, n_actions, n_states), or sparse
        As for :class:`MDP`, in each of its forms.
    observation : array_like of shape (n_actions, n_states, n_observations), or (n_states, n_observations)
        ``observation[a, t, o]`` is the probability of observation ``o`` when action ``a`` has led to state ``t``.
        With two axes, ``observation[t, o]``, it is the same after every action. A row may be all zeros where no
        state leads to ``t`` by ``a``; every other row is a distribution.
    states, actions, observations : sequence of hashable, optional
        Labels; by default the numbers 0, 1, ….
    terminal, available : optional
        As for :class:`MDP`.
    initial : array_like of shape (n_states,), optional
        Distribution of the first state, and with it the first belief. There is none by default: a uniform one has
        to be asked for.
    rewards : array_like of shape (n_states, n_actions), optional
        Expected immediate reward, for planners and files; no empowerment reads it.
    discount : float, optional
        In [0, 1], for planners and files likewise.
    layout : optional
        Carried along unread, for pictures (see :class:`empowerment.core.layout.GridLayout`).
    normalize : bool
        Rescale rows that do not sum to 1 instead of refusing them.

    Attributes
    ----------
    mdp : MDP
        The process of the hidden states.
    observation : ndarray of shape (n_actions, n_states, n_observations)
        Read-only.
    observations : tuple
    rewards : ndarray of shape (n_states, n_actions) or None
        Read-only.
    discount : float or None

    Raises
    ------
    ValueError
        If a row is not a distribution; the message names the action, the state and what was found.

    Notes
    -----
    Where a belief is asked for, there are three ways to give it: the label of a state known for certain, a list or
    array with the probability of every state, or None for the initial distribution. A tuple is one label.

    Examples
    --------
    A door is opened or closed, and a glance at it errs once in ten times:

    >>> import numpy as np, empowerment as emp
    >>> stay, toggle = np.eye(2), np.eye(2)[::-1]
    >>> door = emp.POMDP(
    ...     np.stack([stay, toggle], axis=1),
    ...     [[0.9, 0.1], [0.1, 0.9]],
    ...     states=["open", "closed"],
    ...     actions=["look", "toggle"],
    ...     observations=["light", "dark"],
    ...     initial=[0.5, 0.5],
    ... )
    >>> door
    POMDP(2 states, 2 actions, 2 observations)
    >>> belief = door.update(None, "look", "light")
    >>> belief.tolist()
    [0.9, 0.1]
    >>> door.predict(belief, "toggle").tolist()
    [0.1, 0.9]
    """

    def __init__(
        self,
        transition: Any,
        observation: Any,
        *,
        states: Sequence[Any] | None = None,
        actions: Sequence[Any] | None = None,
        observations: Sequence[Any] | None = None,
        terminal: Any = None,
        available: Any = None,
        initial: Any = None,
        rewards: Any = None,
        discount: float | None = None,
        layout: Any = None,
        normalize: bool = False,
    ) -> None:
        self.mdp = MDP(
            transition,
            states=states,
            actions=actions,
            terminal=terminal,
            available=available,
            initial=initial,
            rewards=rewards,
            discount=discount,
            layout=layout,
            normalize=normalize,
        )
        self._occurs = occurring(self.mdp)
        self.observation = checked(observation, self.mdp, self._occurs, normalize)
        self.n_observations = self.observation.shape[2]
        self.observations: Sequence[Any] = validate.labels(
            observations, self.n_observations, "observations"
        ) or tuple(range(self.n_observations))

    def __repr__(self) -> str:
        return f"POMDP({self.n_states} states, {self.n_actions} actions, {self.n_observations} observations)"

    @property
    def n_states(self) -> int:
        """Number of hidden states."""
        return self.mdp.n_states

    @property
    def n_actions(self) -> int:
        """Number of actions."""
        return self.mdp.n_actions

    @property
    def states(self) -> Sequence[Any]:
        """Labels of the states."""
        return self.mdp.states

    @property
    def actions(self) -> Sequence[Any]:
        """Labels of the actions."""
        return self.mdp.actions

    @property
    def initial(self) -> np.ndarray | None:
        """Distribution of the first state, or None; :meth:`belief` is an error where there is none."""
        return self.mdp.initial

    @property
    def rewards(self) -> np.ndarray | None:
        """Expected immediate reward, shape (n_states, n_actions), or None."""
        return self.mdp.rewards

    @property
    def discount(self) -> float | None:
        """Weight of the next step against this one, or None."""
        return self.mdp.discount

    @property
    def available(self) -> np.ndarray:
        """Which action exists in which state, shape (n_states, n_actions)."""
        return self.mdp.available

    @property
    def is_terminal(self) -> np.ndarray:
        """In which states nothing more happens, shape (n_states,)."""
        return self.mdp.is_terminal

    @property
    def layout(self) -> Any:
        """Where the states lie in pictures."""
        return self.mdp.layout

    @property
    def first_shown(self) -> np.ndarray:
        """What each state shows after the first action that can lead to it, shape (n_states, n_observations)."""
        return np.asarray(self.observation[self._occurs.argmax(axis=0), np.arange(self.n_states)])

    @cached_property
    def observation_depends_on_action(self) -> bool:
        """Whether two actions that can lead to one state show it differently."""
        differs = (self.observation != self.first_shown).any(axis=2)
        return bool((differs & self._occurs).any())

    @cached_property
    def _action_numbers(self) -> dict[Any, int]:
        return {label: number for number, label in enumerate(self.actions)}

    @cached_property
    def _observation_numbers(self) -> dict[Any, int]:
        return {label: number for number, label in enumerate(self.observations)}

    def state_index(self, state: Any) -> int:
        """Return the number of the state with this label."""
        return self.mdp.state_index(state)

    def action_index(self, action: Any) -> int:
        """Return the number of the action with this label."""
        return validate.index_of(action, self._action_numbers, "action")

    def observation_index(self, observation: Any) -> int:
        """Return the number of the observation with this label."""
        return validate.index_of(observation, self._observation_numbers, "observation")

    def with_labels(
        self,
        *,
        states: Sequence[Any] | None = None,
        actions: Sequence[Any] | None = None,
        observations: Sequence[Any] | None = None,
    ) -> POMDP:
        """Return the same model with other labels; those left out stay."""
        return POMDP(
            self.mdp.rows,
            self.observation,
            states=self.states if states is None else states,
            actions=self.actions if actions is None else actions,
            observations=self.observations if observations is None else observations,
            terminal=self.is_terminal,
            available=self.available,
            initial=self.initial,
            rewards=self.rewards,
            discount=self.discount,
            layout=self.layout,
        )

    def belief(self, belief: Any = None) -> np.ndarray:
        """Return a belief as an array of shape (n_states,).

        Parameters
        ----------
        belief : state label, array_like of shape (n_states,), or None
            Certainty of one state, any distribution, or the initial one.

        Raises
        ------
        ValueError
            If it is no distribution and no state, or None and the model has no initial distribution.
        """
        if belief is None:
            if self.initial is None:
                raise ValueError(
                    "this model has no initial distribution, expected a belief: the label of a state, or a list of "
                    f"{self.n_states} probabilities; [1 / {self.n_states}] * {self.n_states} is the uniform one"
                )
            return np.array(self.initial)
        if isinstance(belief, list) or (hasattr(belief, "__array__") and np.ndim(belief) > 0):
            return validate.distribution(belief, self.n_states, "belief")
        certain = np.zeros(self.n_states)
        certain[self.state_index(belief)] = 1.0
        return certain

    def available_in(self, belief: Any) -> np.ndarray:
        """Return which actions are available in every state that a belief holds possible, shape (n_actions,)."""
        return belief_space.available_in(self.mdp, self.belief(belief))

    def predict(self, belief: Any, action: Any) -> np.ndarray:
        """Return the distribution of the state after an action, before the observation, shape (n_states,).

        Raises
        ------
        ValueError
            If the action is missing in a state of positive probability.
        """
        prior, number = self.belief(belief), self.action_index(action)
        missing = np.flatnonzero((prior > 0) & ~self.available[:, number])
        if missing.size:
            state = int(missing[0])
            raise ValueError(
                f"action {self.actions[number]!r} is not available in state {self.states[state]!r}, which has "
                f"probability {prior[state]:g}; expected an action that every possible state has"
            )
        return np.asarray(prior @ self.mdp.action_matrices[number])

    def observation_probabilities(self, belief: Any, action: Any) -> np.ndarray:
        """Return the distribution of the observation that an action brings, shape (n_observations,)."""
        return np.asarray(self.predict(belief, action) @ self.observation[self.action_index(action)])

    def update(self, belief: Any, action: Any, observation: Any) -> np.ndarray:
        """Return the belief after an action and the observation it brought, by Bayes' rule, shape (n_states,).

        Raises
        ------
        ValueError
            If the observation cannot follow; the message lists those that can.
        """
        number, seen = self.action_index(action), self.observation_index(observation)
        predicted = self.predict(belief, action)
        joint = predicted * self.observation[number, :, seen]
        if not joint.any():
            chances = predicted @ self.observation[number]
            possible = [label for label, chance in zip(self.observations, chances, strict=True) if chance > 0]
            raise ValueError(
                f"observation {self.observations[seen]!r} is impossible after action {self.actions[number]!r} in "
                f"this belief, expected one of {', '.join(map(repr, possible))}"
            )
        return belief_space.normalised(joint)

    def reachable_beliefs(self, belief: Any, horizon: int, *, max_beliefs: int = 100_000) -> ReachableBeliefs:
        """Return every belief that can be held after 0 to `horizon` actions and their observations.

        An action is tried in a belief if every state of positive probability has it. Of beliefs that agree within
        1e-10 in each entry the first one found stays for all, so that those returned differ by more than that.
        Nothing is rounded.

        Parameters
        ----------
        belief : state label, array_like of shape (n_states,), or None
            Where to begin.
        horizon : int
            Number of actions.
        max_beliefs : int
            Most beliefs to hold.

        Returns
        -------
        ReachableBeliefs
            The beliefs, shape (n_beliefs, n_states), and after how many steps each is first reached.

        Raises
        ------
        MemoryError
            If there are more than `max_beliefs`.

        Examples
        --------
        >>> import empowerment as emp
        >>> beliefs, steps = emp.worlds.tiger().reachable_beliefs(None, 3)
        >>> len(beliefs), steps.tolist()
        (7, [0, 1, 1, 2, 2, 3, 3])
        """
        start, horizon = self.belief(belief), validate.horizon(horizon)
        limit = validate.limit(max_beliefs, "max_beliefs")
        return belief_space.reachable(self.mdp, self.observation, start, horizon, limit)

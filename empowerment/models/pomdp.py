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
from empowerment.models.observation import ObservationRows, checked, occurring

# Made when asked for, and kept; a copy makes its own.
_CACHED = ("observation", "observation_depends_on_action", "_action_numbers", "_observation_numbers")


class POMDP:
    """Finite Markov decision process with hidden states and random observations of them.

    An action is taken, the state changes, and then the new state is observed. There is no observation before the
    first action.

    Parameters
    ----------
    transition : array_like of shape (n_states, n_actions, n_states), or sparse
        As for :class:`MDP`, in each of its forms.
    observation : array_like of shape (n_actions, n_states, n_observations), (n_states, n_observations), or sparse
        ``observation[a, t, o]`` is the probability of observation ``o`` when action ``a`` has led to state ``t``.
        With two axes, ``observation[t, o]``, it is the same after every action. A row may be all zeros where no
        state leads to ``t`` by ``a``; every other row is a distribution. Sparse, it is one matrix of two axes, one
        for each action in a list, or these below each other; it is then held sparse.
    states, actions, observations : sequence of hashable, optional
        Labels; by default the numbers 0, 1, ….
    terminal : sequence of state labels, or of n_states truth values, optional
        As for :class:`MDP`.
    available : array_like of bool of shape (n_states, n_actions), optional
        As for :class:`MDP`.
    initial : array_like of shape (n_states,), optional
        Distribution of the initial state, which is also the initial belief. There is none by default: a uniform one
        must be passed explicitly.
    rewards : array_like of shape (n_states, n_actions), optional
        Expected immediate rewards, stored for planners and files; empowerment does not depend on them.
    discount : float, optional
        Discount factor in [0, 1], stored for planners and files.
    layout : object, optional
        Positions of the states for pictures, stored unread (see :class:`empowerment.core.layout.GridLayout`).
    normalize : bool
        Rescale rows that do not sum to 1 instead of refusing them.

    Attributes
    ----------
    observation : ndarray of shape (n_actions, n_states, n_observations)
        Observation probabilities, read-only; of a sparse observation made at the first use.
    observation_rows : ObservationRows
        Observation probabilities in the form in which they were given.
    observations : tuple
        Labels of the observations.
    rewards : ndarray of shape (n_states, n_actions) or None
        Expected immediate rewards, read-only.
    discount : float or None
        Discount factor.
    mdp : MDP
        The process of the hidden states.

    Raises
    ------
    ValueError
        If a row is not a distribution; the message names the action, the state and what was found.

    See Also
    --------
    MDP : A process whose states are observed.
    read_pomdp : Read a model from a file.
    from_pymdp : Make a model of the arrays of pymdp.
    belief_grid : List evenly spaced beliefs.

    Notes
    -----
    Methods with an argument `belief` take it in three forms: the label of a state that is known for certain, a list
    or array with the probability of every state, or None for the initial distribution. A tuple is one label.

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
        self.observation_rows: ObservationRows = checked(observation, self.mdp, self._occurs, normalize)
        self.n_observations = int(self.observation_rows.matrix.shape[1])
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
        """The labels of the states."""
        return self.mdp.states

    @property
    def actions(self) -> Sequence[Any]:
        """The labels of the actions."""
        return self.mdp.actions

    @property
    def initial(self) -> np.ndarray | None:
        """Distribution of the initial state, or None; :meth:`belief` raises an error where there is none."""
        return self.mdp.initial

    @property
    def rewards(self) -> np.ndarray | None:
        """Expected immediate rewards, of shape (n_states, n_actions), or None."""
        return self.mdp.rewards

    @property
    def discount(self) -> float | None:
        """Discount factor, or None."""
        return self.mdp.discount

    @property
    def available(self) -> np.ndarray:
        """Whether each action exists in each state, of shape (n_states, n_actions)."""
        return self.mdp.available

    @property
    def is_terminal(self) -> np.ndarray:
        """Whether each state is terminal, of shape (n_states,)."""
        return self.mdp.is_terminal

    @property
    def layout(self) -> Any:
        """The positions of the states in pictures."""
        return self.mdp.layout

    @cached_property
    def observation(self) -> np.ndarray:
        """Observation probabilities, of shape (n_actions, n_states, n_observations)."""
        return self.observation_rows.dense()

    @property
    def first_shown(self) -> Any:
        """Row of each state after the first action that leads to it, shape (n_states, n_observations), or sparse."""
        return self.observation_rows.first(self._occurs)

    @cached_property
    def observation_depends_on_action(self) -> bool:
        """Whether the observation of some state depends on the action that led to it."""
        return self.observation_rows.depends_on_action(self._occurs)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what can be made again, from copies as well as from pickles."""
        return {name: value for name, value in self.__dict__.items() if name not in _CACHED}

    @cached_property
    def _action_numbers(self) -> dict[Any, int]:
        return {label: number for number, label in enumerate(self.actions)}

    @cached_property
    def _observation_numbers(self) -> dict[Any, int]:
        return {label: number for number, label in enumerate(self.observations)}

    def state_index(self, state: Any) -> int:
        """Return the number of a state.

        Parameters
        ----------
        state : hashable
            Label of the state.

        Returns
        -------
        int
            Position of the state in `states`.

        Raises
        ------
        ValueError
            If no state has this label.
        """
        return self.mdp.state_index(state)

    def action_index(self, action: Any) -> int:
        """Return the number of an action.

        Parameters
        ----------
        action : hashable
            Label of the action.

        Returns
        -------
        int
            Position of the action in `actions`.

        Raises
        ------
        ValueError
            If no action has this label.
        """
        return validate.index_of(action, self._action_numbers, "action")

    def observation_index(self, observation: Any) -> int:
        """Return the number of an observation.

        Parameters
        ----------
        observation : hashable
            Label of the observation.

        Returns
        -------
        int
            Position of the observation in `observations`.

        Raises
        ------
        ValueError
            If no observation has this label.
        """
        return validate.index_of(observation, self._observation_numbers, "observation")

    def with_labels(
        self,
        *,
        states: Sequence[Any] | None = None,
        actions: Sequence[Any] | None = None,
        observations: Sequence[Any] | None = None,
    ) -> POMDP:
        """Return the same model with other labels.

        Parameters
        ----------
        states, actions, observations : sequence of hashable, optional
            New labels; those left out stay.

        Returns
        -------
        POMDP
            The model with the new labels.
        """
        return POMDP(
            self.mdp.rows,
            self.observation_rows.given,
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
        """Return a belief as an array.

        Parameters
        ----------
        belief : state label, array_like of shape (n_states,), or None
            The label of a state that is known for certain, a distribution, or None for the initial distribution.

        Returns
        -------
        ndarray of shape (n_states,)
            Probability of each state.

        Raises
        ------
        ValueError
            If `belief` is neither a distribution nor a state, or None and the model has no initial distribution.
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
        """Return which actions are available in every state of positive probability.

        Parameters
        ----------
        belief : state label, array_like of shape (n_states,), or None
            The belief; see :meth:`belief`.

        Returns
        -------
        ndarray of bool of shape (n_actions,)
            Whether each action is available.
        """
        return belief_space.available_in(self.mdp, self.belief(belief))

    def predict(self, belief: Any, action: Any) -> np.ndarray:
        """Compute the distribution of the state after an action and before the observation.

        Parameters
        ----------
        belief : state label, array_like of shape (n_states,), or None
            The belief before the action; see :meth:`belief`.
        action : hashable
            Label of the action.

        Returns
        -------
        ndarray of shape (n_states,)
            Probability of each state.

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
        """Compute the distribution of the observation after an action.

        Parameters
        ----------
        belief : state label, array_like of shape (n_states,), or None
            The belief before the action; see :meth:`belief`.
        action : hashable
            Label of the action.

        Returns
        -------
        ndarray of shape (n_observations,)
            Probability of each observation.
        """
        return self._chances(self.predict(belief, action), self.action_index(action))

    def update(self, belief: Any, action: Any, observation: Any) -> np.ndarray:
        """Compute the belief after an action and its observation, by Bayes' rule.

        Parameters
        ----------
        belief : state label, array_like of shape (n_states,), or None
            The belief before the action; see :meth:`belief`.
        action : hashable
            Label of the action.
        observation : hashable
            Label of the observation.

        Returns
        -------
        ndarray of shape (n_states,)
            Probability of each state.

        Raises
        ------
        ValueError
            If the observation has probability 0; the message lists those that are possible.
        """
        number, seen = self.action_index(action), self.observation_index(observation)
        predicted = self.predict(belief, action)
        joint = predicted * self.observation_rows.likelihood(number, seen)
        if not joint.any():
            chances = self._chances(predicted, number)
            possible = [label for label, chance in zip(self.observations, chances, strict=True) if chance > 0]
            raise ValueError(
                f"observation {self.observations[seen]!r} is impossible after action {self.actions[number]!r} in "
                f"this belief, expected one of {', '.join(map(repr, possible))}"
            )
        return belief_space.normalised(joint)

    def _chances(self, predicted: np.ndarray, action: int) -> np.ndarray:
        """Return the probability of each observation after an action that led to a state with these probabilities."""
        return np.asarray(predicted @ self.observation_rows.after(action))

    def reachable_beliefs(self, belief: Any, horizon: int, *, max_beliefs: int = 100_000) -> ReachableBeliefs:
        """Enumerate the beliefs that are reachable by 0 to `horizon` actions and their observations.

        An action is tried in a belief if it is available in every state of positive probability. Of beliefs that
        agree within 1e-10 in each entry the first one represents all, so that those returned differ by more than
        that. Nothing is rounded.

        Parameters
        ----------
        belief : state label, array_like of shape (n_states,), or None
            The initial belief; see :meth:`belief`.
        horizon : int
            Number of actions.
        max_beliefs : int
            Limit on the number of beliefs.

        Returns
        -------
        ReachableBeliefs
            The beliefs, of shape (n_beliefs, n_states), and the number of steps after which each is first reached.

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

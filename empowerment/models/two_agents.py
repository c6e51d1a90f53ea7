"""Two agents who act at the same time in one world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.core import validate
from empowerment.models.mdp import MDP

AXES = "(state, person_action, assistant_action, next_state)"


class TwoAgentMDP:
    """Finite Markov decision process in which a person and an assistant act at the same time.

    Fixing the policy of one agent leaves an :class:`MDP` for the other; `joint` is the MDP of pairs of actions.

    Parameters
    ----------
    transition : array_like of shape (n_states, n_person_actions, n_assistant_actions, n_states)
        ``transition[s, h, r, t]`` is the probability of state ``t`` after person's action ``h`` and assistant's
        action ``r`` in state ``s``.
    states, person_actions, assistant_actions : sequence of hashable, optional
        Labels; by default the numbers 0, 1, ….
    terminal : sequence of state labels, or of n_states truth values, optional
        As for :class:`MDP`.
    initial : array_like of shape (n_states,), optional
        As for :class:`MDP`.
    layout : object, optional
        As for :class:`MDP`.
    normalize : bool
        Rescale rows that do not sum to 1 instead of refusing them.

    Attributes
    ----------
    states, person_actions, assistant_actions : tuple
        Labels.
    joint : MDP
        Both agents as one, whose actions are the pairs (person's action, assistant's action).

    Raises
    ------
    ValueError
        If a row is not a distribution; the message names the state, the pair of actions and what was found.

    See Also
    --------
    transfer_empowerment : Compute the influence of one agent on the readings of the other.
    informed_empowerment : Compute the person's empowerment if the receiver observes the assistant's actions.
    worst_case_empowerment : Compute the person's empowerment under the least favourable assistant.
    assistant_policy : Make a policy that raises the person's empowerment.

    Examples
    --------
    A lamp with two switches is on if exactly one of them is up:

    >>> import numpy as np, empowerment as emp
    >>> lamp = emp.TwoAgentMDP(np.broadcast_to([[[1, 0], [0, 1]], [[0, 1], [1, 0]]], (2, 2, 2, 2)))
    >>> lamp
    TwoAgentMDP(2 states, 2 person's actions, 2 assistant's actions, deterministic)

    An assistant who flips its switch at random leaves the person no control; one who never touches it leaves one bit:

    >>> for assistant in ([0.5, 0.5], [1, 0]):
    ...     print(emp.empowerment(lamp.under_assistant(assistant), states=0).value)
    [0.]
    [1.]
    """

    def __init__(
        self,
        transition: Any,
        *,
        states: Sequence[Any] | None = None,
        person_actions: Sequence[Any] | None = None,
        assistant_actions: Sequence[Any] | None = None,
        terminal: Any = None,
        initial: Any = None,
        layout: Any = None,
        normalize: bool = False,
    ) -> None:
        array = validate.number_array(transition, "transition", 4, AXES)
        n_states, n_person, n_assistant, n_next = array.shape
        if n_states != n_next:
            raise ValueError(
                f"transition has shape {array.shape}, expected {AXES} with as many next states as states"
            )
        self.person_actions = validate.labels(person_actions, n_person, "person_actions") or tuple(range(n_person))
        self.assistant_actions = validate.labels(assistant_actions, n_assistant, "assistant_actions") or tuple(
            range(n_assistant)
        )
        self.joint = MDP(
            array.reshape(n_states, n_person * n_assistant, n_next),
            states=states,
            actions=[(mine, yours) for mine in self.person_actions for yours in self.assistant_actions],
            terminal=terminal,
            initial=initial,
            layout=layout,
            normalize=normalize,
        )

    def __repr__(self) -> str:
        kind = "deterministic" if self.joint.is_deterministic else "stochastic"
        return (
            f"TwoAgentMDP({self.n_states} states, {len(self.person_actions)} person's actions, "
            f"{len(self.assistant_actions)} assistant's actions, {kind})"
        )

    @property
    def n_states(self) -> int:
        """Number of states."""
        return self.joint.n_states

    @property
    def states(self) -> Sequence[Any]:
        """The labels of the states."""
        return self.joint.states

    def under_assistant(self, policy: Any) -> MDP:
        """Return the person's world under a fixed policy of the assistant.

        Parameters
        ----------
        policy : Policy, array_like of shape (n_states, n_assistant_actions) or (n_assistant_actions,)
            Probabilities of the assistant's actions in each state; one row alone holds in all states.

        Returns
        -------
        MDP
            The world with the person's actions.
        """
        rows = self._rows(policy, self.assistant_actions, "assistant's policy")
        weights = np.broadcast_to(rows[:, None, :], self._shape)
        return self._averaged(weights, self.person_actions, np.arange(len(self.person_actions))[:, None])

    def under_person(self, policy: Any) -> MDP:
        """Return the assistant's world under a fixed policy of the person.

        Parameters
        ----------
        policy : Policy, array_like of shape (n_states, n_person_actions) or (n_person_actions,)
            Probabilities of the person's actions in each state; one row alone holds in all states.

        Returns
        -------
        MDP
            The world with the assistant's actions.
        """
        rows = self._rows(policy, self.person_actions, "person's policy")
        weights = np.broadcast_to(rows[:, :, None], self._shape)
        return self._averaged(weights, self.assistant_actions, np.arange(len(self.assistant_actions)))

    @property
    def _shape(self) -> tuple[int, int, int]:
        return self.n_states, len(self.person_actions), len(self.assistant_actions)

    def _rows(self, policy: Any, actions: tuple[Any, ...], name: str) -> np.ndarray:
        """Return the probabilities of a policy, one checked row for each state."""
        named = getattr(policy, "actions", None)
        if isinstance(named, Sequence) and tuple(named) != actions:
            raise ValueError(f"{name} is for the actions {tuple(named)}, expected {actions}")
        given = validate.number_array(getattr(policy, "probabilities", policy), name, None, "(state, action)")
        shape = self.n_states, len(actions)
        if given.ndim == 1:
            return np.broadcast_to(validate.distribution(given, len(actions), name), shape)
        array = validate.number_array(given, name, 2, "(state, action)")
        if array.shape != shape:
            raise ValueError(f"{name} has shape {array.shape}, expected (n_states, n_actions) = {shape}, or one row")
        where = [f"[{number}] (state {state!r})" for number, state in enumerate(self.states)]
        return np.asarray(validate.probability_rows(array, name, where=where.__getitem__))

    def _averaged(self, weights: np.ndarray, actions: tuple[Any, ...], kept: np.ndarray) -> MDP:
        """Average the joint model over the other agent's actions with given weights."""
        row = np.broadcast_to(np.arange(self.n_states)[:, None, None] * len(actions) + kept, self._shape)
        pairs = np.arange(weights.size)
        mix = sparse.csr_array(
            (weights.reshape(-1), (row.reshape(-1), pairs)), shape=(self.n_states * len(actions), pairs.size)
        )
        return MDP(
            mix @ self.joint.rows,
            states=self.states,
            actions=actions,
            terminal=list(self.joint.is_terminal),
            initial=self.joint.initial,
            layout=self.joint.layout,
        )

"""The joint distribution of actions and observations under a policy with memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.models.mdp import MDP, as_mdp
from empowerment.models.policy import policy_rows
from empowerment.models.pomdp import POMDP

DEFAULT_MEMORY = 1e9

History = tuple[tuple[int, int], ...]
Chooser = Callable[[History, np.ndarray], np.ndarray]


def joint_distribution(
    model: Any,
    horizon: int,
    policy: Any,
    *,
    initial: Any = None,
    memory: float = DEFAULT_MEMORY,
) -> np.ndarray:
    """Compute the joint distribution of the next actions and observations.

    Parameters
    ----------
    model : MDP or POMDP, or array of shape (n_states, n_actions, n_states)
        The world of the agent. The observation of an MDP is its state.
    horizon : int
        Number of steps.
    policy : Policy, array_like of shape (n_states, n_actions), or callable
        A function takes the history, a tuple of pairs (action, observation) of labels, and returns the probabilities
        of the next action, of shape (n_actions,). It is called with histories of positive probability. The other
        forms choose by the state, and are for an MDP.
    initial : state label, belief, or None
        For an MDP the initial state. For a POMDP a belief, as :meth:`POMDP.belief` takes it.
    memory : float
        Limit in bytes on the result.

    Returns
    -------
    ndarray of shape (n_actions, n_observations) * horizon
        Joint probabilities, the axes in order of time: action 1, observation 1, action 2, and so on.

    Raises
    ------
    MemoryError
        If the result needs more than `memory`.
    ValueError
        If the policy does not fit the model, or reaches a state in which no action is available while steps are left.

    See Also
    --------
    interval_information : Compute the directed information of this distribution.
    simulate : Draw one trajectory.

    Examples
    --------
    >>> import empowerment as emp
    >>> tiger = emp.worlds.tiger()
    >>> joint = emp.joint_distribution(tiger, 2, lambda history: [0.5, 0.25, 0.25])
    >>> joint.shape
    (3, 2, 3, 2)
    >>> round(emp.interval_information(joint), 6)
    0.034371
    """
    horizon, memory = validate.short_horizon(horizon), validate.memory(memory)
    if not horizon:
        raise ValueError("horizon is 0, expected a whole number of at least 1")
    if isinstance(model, POMDP):
        mdp, first, shown = model.mdp, model.belief(initial), model.observation
        choose = _history_chooser(policy, mdp, model.observations)
    else:
        mdp = as_mdp(model)
        first, shown = np.eye(mdp.n_states)[mdp.state_index(initial)], np.eye(mdp.n_states)[None]
        shown = np.broadcast_to(shown, (mdp.n_actions, *shown.shape[1:]))
        choose = (
            _history_chooser(policy, mdp, mdp.states) if callable(policy) else _markov_chooser(policy, mdp, initial)
        )
    shape = mdp.n_actions, shown.shape[2]
    _check_size(shape, horizon, mdp.n_states, memory)
    weights, histories = first[None, :], [History()]
    for _ in range(horizon):
        chances = np.array([choose(past, row) for past, row in zip(histories, weights, strict=True)])
        weights = _after(mdp, shown, weights, chances)
        histories = [(*past, pair) for past in histories for pair in np.ndindex(shape)]
    return weights.sum(axis=1).reshape(shape * horizon)


def _check_size(shape: tuple[int, int], horizon: int, n_states: int, memory: float) -> None:
    needed = 8.0 * n_states * validate.power(shape[0] * shape[1], horizon)
    if needed > memory:
        raise MemoryError(
            f"the joint distribution of {horizon} steps takes {needed:.2g} bytes, expected at most memory="
            f"{memory:.2g}; take fewer steps or raise memory"
        )


def _after(mdp: MDP, shown: np.ndarray, weights: np.ndarray, chances: np.ndarray) -> np.ndarray:
    """Extend each history by one action and observation; return the weights of the states."""
    parts = []
    for action, matrix in enumerate(mdp.action_matrices):
        there = (weights * chances[:, [action]]) @ matrix
        parts.append(there[:, None, :] * shown[action].T)
    return np.stack(parts, axis=1).reshape(-1, mdp.n_states)


def _markov_chooser(policy: Any, mdp: MDP, initial: Any) -> Chooser:
    """Return the action distribution of a Markov policy as a function of the history."""
    rows, origin = policy_rows(policy, mdp), mdp.state_index(initial)

    def choose(past: History, weights: np.ndarray) -> np.ndarray:
        state = past[-1][1] if past else origin
        if weights.any() and not rows[state].any():
            raise ValueError(
                f"state {mdp.states[state]!r} has no available action and can be reached after {len(past)} steps, "
                "expected a horizon that ends before"
            )
        return np.asarray(rows[state])

    return choose


def _history_chooser(policy: Any, mdp: MDP, labels: Sequence[Any]) -> Chooser:
    """Return the action distribution of a callable policy as a function of the history, checked."""
    if not callable(policy):
        raise TypeError(
            f"policy is a {type(policy).__name__}, expected a function of the history: the states of a POMDP are "
            "hidden"
        )

    def choose(past: History, weights: np.ndarray) -> np.ndarray:
        if not weights.any():
            return np.zeros(mdp.n_actions)
        past_labels = tuple((mdp.actions[a], labels[o]) for a, o in past)
        available = mdp.available[weights > 0].all(axis=0)
        if not available.any():
            raise ValueError(
                f"after {past_labels!r} no action is available in every state that is then possible, expected a "
                "policy that does not lead there, or a horizon that ends before"
            )
        chances = validate.distribution(policy(past_labels), mdp.n_actions, f"policy({past_labels!r})")
        unavailable = np.flatnonzero((chances > 0) & ~available)
        if unavailable.size:
            raise ValueError(
                f"policy({past_labels!r}) gives action {mdp.actions[unavailable[0]]!r} a probability of "
                f"{chances[unavailable[0]]:g}, expected 0: it is not available in a state that is possible then"
            )
        return chances

    return choose

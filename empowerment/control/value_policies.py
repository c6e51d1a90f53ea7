"""Greedy and softmax policies for values of states."""

from __future__ import annotations

from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.models.dead_ends import lasting_actions
from empowerment.models.mdp import MDP, as_mdp
from empowerment.models.mdp import action_rewards as action_rewards
from empowerment.models.policy import Policy

TIES = ("first", "uniform", "stay")


def expected_next(model: Any, values: Any) -> np.ndarray:
    """Compute the expected value of the next state, for each state and action.

    Parameters
    ----------
    model : MDP, or array of shape (n_states, n_actions, n_states)
        The world.
    values : EmpowermentResult or array_like of shape (n_states,)
        Value of each state. A result must hold every state of the model.

    Returns
    -------
    ndarray of shape (n_states, n_actions)
        In the unit of the values; minus infinity where an action is missing.

    Raises
    ------
    ValueError
        If a state is missing in the result, or a value is not finite.

    See Also
    --------
    greedy_policy : Choose the action with the largest expected value.
    softmax_policy : Choose actions at random by their expected values.

    Examples
    --------
    >>> import empowerment as emp
    >>> row = emp.worlds.open_grid(1, 3, stay=False)
    >>> emp.expected_next(row, [0.0, 1.0, 2.0])[1]
    array([1., 1., 2., 0.])
    """
    model = as_mdp(model)
    expected = np.asarray(model.rows @ state_values(model, values)).reshape(model.n_states, model.n_actions)
    return np.where(model.available, expected, -np.inf)


def state_values(model: MDP, values: Any, name: str = "values") -> np.ndarray:
    """Return one finite value for each state, in the order of the model's states."""
    numbers = getattr(values, "state_numbers", None)
    if numbers is None:
        return validate.number_table(values, (model.n_states,), name, "(state,)")
    absent = np.setdiff1d(np.arange(model.n_states), numbers)
    if absent.size or numbers.max() >= model.n_states:
        which = f"lacks state {model.states[absent[0]]!r}" if absent.size else "is of a larger model"
        raise ValueError(
            f"the result handed in as {name} {which}, expected all {model.n_states} states: call empowerment without "
            "states="
        )
    ordered = np.empty(model.n_states)
    ordered[numbers] = np.asarray(values.value)
    return ordered


def greedy_policy(model: Any, values: Any, *, rewards: Any = None, tie: str = "first", tol: float = 1e-12) -> Policy:
    """Make the policy that maximizes the expected value of the next state.

    Parameters
    ----------
    model : MDP, or array of shape (n_states, n_actions, n_states)
        The world.
    values : EmpowermentResult or array_like of shape (n_states,)
        Value of each state. A result must hold every state of the model.
    rewards : array_like of shape (n_states, n_actions), optional
        Rewards of the actions, in the unit of the values; added to the expected value.
    tie : {"first", "uniform", "stay"}
        Choice among several best actions: the first; each with the same probability; or the one with the largest
        probability of staying in the state, and the first of these. With ``"stay"`` an agent in a deterministic world
        climbs strictly and stops where no neighbour is better, instead of moving about on a plateau.
    tol : float
        Actions within this of the best one count as equally good, in the unit of the values.

    Returns
    -------
    Policy
        Rows of states without actions are zeros. An action that may lead to a dead end, sooner or later, is taken
        only where all actions may. In terminal states every action stays, and the tie rule decides.

    Raises
    ------
    ValueError
        If a state is missing in the result, or an option is not known.

    See Also
    --------
    softmax_policy : Make its randomised form.
    expected_next : Compute the expected values.
    unified_bellman : Compute an optimal policy over many steps.
    simulate : Follow a policy.

    Notes
    -----
    Ends of intervals are values, too: ``greedy_policy(model, result.lower)`` climbs the certified lower bounds. Where
    intervals are wider than the differences between states, the order of the actions is not certified.

    Examples
    --------
    In the maze of Klyubin, Polani and Nehaniv the policy leads from the corner to a local maximum and stays there:

    >>> import empowerment as emp
    >>> maze = emp.worlds.klyubin_maze()
    >>> policy = emp.greedy_policy(maze, emp.empowerment(maze, 5), tie="stay")
    >>> path = emp.simulate(maze, policy, initial=(0, 0), steps=6)
    >>> path.states
    ((0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 4), (0, 4))
    """
    model = as_mdp(model)
    validate.one_of(tie, TIES, "tie")
    tol = validate.finite(tol, "tol", least=0.0)
    action_values = _action_values(model, values, rewards)
    with np.errstate(invalid="ignore"):  # a state without actions has no best one
        best = (action_values >= action_values.max(axis=1, keepdims=True) - tol) & np.isfinite(action_values)
    if tie == "stay":
        here = np.column_stack([matrix.diagonal() for matrix in model.action_matrices])
        staying = np.where(best, here, -1.0)
        best &= staying >= staying.max(axis=1, keepdims=True)
    if tie != "uniform":
        best &= np.cumsum(best, axis=1) == 1
    return Policy(best / np.maximum(best.sum(axis=1, keepdims=True), 1), model.states, model.actions)


def softmax_policy(model: Any, values: Any, temperature: float, *, rewards: Any = None) -> Policy:
    """Make the policy whose log-probabilities are expected values of the next state divided by a temperature.

    Parameters
    ----------
    model : MDP, or array of shape (n_states, n_actions, n_states)
        The world.
    values : EmpowermentResult or array_like of shape (n_states,)
        Value of each state. A result must hold every state of the model.
    temperature : float
        Above 0, in the unit of the values. A low temperature is nearly greedy, a high one nearly uniform.
    rewards : array_like of shape (n_states, n_actions), optional
        Rewards of the actions, in the unit of the values; added to the expected value.

    Returns
    -------
    Policy
        Missing actions have probability 0; rows of states without actions are zeros. An action that may lead to a
        dead end, sooner or later, has positive probability only where all actions may.

    Raises
    ------
    ValueError
        If a state is missing in the result, or the temperature is not above 0.

    See Also
    --------
    greedy_policy : The limit of low temperatures.
    expected_next : Compute the expected values.

    Examples
    --------
    >>> import empowerment as emp
    >>> row = emp.worlds.open_grid(1, 2, stay=False)
    >>> emp.softmax_policy(row, [0.0, 1.0], temperature=0.5).probabilities[0].round(3)
    array([0.096, 0.096, 0.711, 0.096])
    """
    model = as_mdp(model)
    temperature = validate.finite(temperature, "temperature", above=0.0)
    action_values = _action_values(model, values, rewards)
    best = action_values.max(axis=1, keepdims=True)
    with np.errstate(over="ignore"):  # at a low temperature only the best is left
        weights = np.exp((action_values - np.where(np.isfinite(best), best, 0.0)) / temperature)
    total = weights.sum(axis=1, keepdims=True)
    return Policy(weights / np.where(total > 0, total, 1.0), model.states, model.actions)


def _action_values(model: MDP, values: Any, rewards: Any) -> np.ndarray:
    """Return the expected next value plus reward of each action; minus infinity if it may hit a dead end."""
    lasting = lasting_actions(model)
    expected = np.where(lasting | ~lasting.any(axis=1, keepdims=True), expected_next(model, values), -np.inf)
    return expected if rewards is None else expected + action_rewards(model, rewards)

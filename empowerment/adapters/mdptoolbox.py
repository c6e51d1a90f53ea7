"""Transition and reward arrays of pymdptoolbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.core import validate
from empowerment.models.mdp import MDP


def from_mdptoolbox(
    transitions: Any,
    reward: Any = None,
    *,
    states: Sequence[Any] | None = None,
    actions: Sequence[Any] | None = None,
    discount: float | None = None,
    normalize: bool = False,
) -> MDP:
    """Make an MDP of the arrays that pymdptoolbox takes.

    Parameters
    ----------
    transitions : array_like of shape (n_actions, n_states, n_states), or sequence of dense or sparse matrices
        ``transitions[a][s, t]`` is the probability of state ``t`` after action ``a`` in state ``s``: the action comes
        first, also where there are as many actions as states.
    reward : array_like of shape (n_states,), (n_states, n_actions) or (n_actions, n_states, n_states), optional
        Reward of a state, of a state and an action, or of a transition; the last also as a sequence of dense or
        sparse matrices, one for each action.
    states, actions : sequence of hashable, optional
        Labels; by default the numbers 0, 1, ….
    discount : float, optional
        Discount factor in [0, 1].
    normalize : bool
        Rescale rows that do not sum to 1 instead of refusing them.

    Returns
    -------
    MDP
        `rewards` are the expected ones of state and action.

    Raises
    ------
    ValueError
        If a shape is none of these, or a row is not a distribution.

    See Also
    --------
    MDP.from_arrays : Read a transition whose axes come in another order.
    from_quantecon : Read a discrete dynamic program of QuantEcon.

    Examples
    --------
    >>> import numpy as np, empowerment as emp
    >>> wait = np.array([[0.1, 0.9, 0.0], [0.1, 0.0, 0.9], [0.1, 0.0, 0.9]])
    >>> cut = np.array([[1.0, 0.0, 0.0]] * 3)
    >>> forest = np.stack([wait, cut]), np.array([[0.0, 0.0], [0.0, 1.0], [4.0, 2.0]])
    >>> emp.from_mdptoolbox(*forest, actions=["wait", "cut"])
    MDP(3 states, 2 actions, stochastic)
    """
    matrices = _matrices(transitions, "transitions")
    return MDP(
        matrices,
        states=states,
        actions=actions,
        rewards=None if reward is None else _expected(reward, matrices),
        discount=discount,
        normalize=normalize,
    )


def _matrices(given: Any, name: str) -> list[sparse.csr_array]:
    """Return one sparse matrix (state, next_state) for each action."""
    if isinstance(given, list | tuple) or (isinstance(given, np.ndarray) and given.dtype == object):
        parts = list(given)
        if any(map(sparse.issparse, parts)):
            return [
                sparse.csr_array(part if sparse.issparse(part) else _matrix(part, f"{name}[{action}]"))
                for action, part in enumerate(parts)
            ]
    array = validate.number_array(given, name, 3, "(action, state, next_state)")
    if array.shape[1] != array.shape[2]:
        raise ValueError(
            f"{name} has shape {array.shape}, expected (action, state, next_state) with as many next states as states"
        )
    return [sparse.csr_array(matrix) for matrix in array]


def _matrix(part: Any, name: str) -> np.ndarray:
    return validate.number_array(part, name, 2, "(state, next_state)").astype(np.float64)


def _expected(reward: Any, matrices: list[sparse.csr_array]) -> np.ndarray:
    """Return the expected reward of each state and action, whatever it is given of."""
    n_states, n_actions = matrices[0].shape[0], len(matrices)
    is_list = isinstance(reward, list | tuple) or (isinstance(reward, np.ndarray) and reward.dtype == object)
    of_transitions = _axes(reward) == 3 or (is_list and any(map(sparse.issparse, reward)))
    if of_transitions:
        gains = _matrices(reward, "reward")
        if len(gains) != n_actions or gains[0].shape != (n_states, n_states):
            raise ValueError(
                f"reward has {len(gains)} matrices of shape {gains[0].shape}, expected {n_actions} of shape "
                f"{(n_states, n_states)}, one for each action"
            )
        return np.stack([_of_rows(m.multiply(g), m) for m, g in zip(matrices, gains, strict=True)], axis=1)
    if _axes(reward) == 1:
        array = validate.number_array(reward, "reward", 1, "(state,)").astype(np.float64)
        if array.size != n_states:
            raise ValueError(f"reward has {array.size} entries, expected {n_states}, one for each state")
        return np.repeat(array[:, None], n_actions, axis=1)
    return validate.number_table(reward, (n_states, n_actions), "reward", "(state, action)")


def _axes(values: Any) -> int:
    """Return the number of axes of an array; 0 for what is none."""
    try:
        return np.ndim(values)
    except ValueError:  # rows of different lengths
        return 0


def _of_rows(products: Any, matrix: sparse.csr_array) -> np.ndarray:
    """Return the mean of each row, for rows that may be rescaled later."""
    sums = np.asarray(matrix.sum(axis=1)).reshape(-1)
    return np.asarray(products.sum(axis=1)).reshape(-1) / np.where(sums > 0, sums, 1.0)

"""Discrete dynamic programs of QuantEcon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.core import validate
from empowerment.models.mdp import MDP

_PARTS = ("R", "Q", "beta", "num_states")


def from_quantecon(
    program: Any,
    *,
    states: Sequence[Any] | None = None,
    actions: Sequence[Any] | None = None,
    normalize: bool = False,
) -> MDP:
    """Make an MDP of a discrete dynamic program of QuantEcon.

    Parameters
    ----------
    program : quantecon.markov.DiscreteDP
        In the product form, where ``Q[s, a, t]`` is the probability of state ``t`` after action ``a`` in state ``s``,
        or in the form of pairs of states and actions, dense or sparse.
    states, actions : sequence of hashable, optional
        Labels; by default the numbers 0, 1, ….
    normalize : bool
        Rescale rows that do not sum to 1 instead of refusing them.

    Returns
    -------
    MDP
        Actions with a reward of minus infinity, and pairs that are not listed, are missing. `rewards` are those of
        the program, `discount` is its `beta`.

    Raises
    ------
    TypeError
        If `program` is no discrete dynamic program.
    ValueError
        If a row is not a distribution.

    See Also
    --------
    MDP : The model.
    from_mdptoolbox : Read the arrays of pymdptoolbox.

    Examples
    --------
    A program has the attributes `R`, `Q`, `beta` and `num_states`, here those of two states and two actions:

    >>> from types import SimpleNamespace
    >>> import numpy as np, empowerment as emp
    >>> rewards, transition = np.array([[5.0, 10.0], [-1.0, -np.inf]]), np.full((2, 2, 2), 0.5)
    >>> program = SimpleNamespace(R=rewards, Q=transition, beta=0.95, num_states=2)
    >>> model = emp.from_quantecon(program)
    >>> model.available.tolist(), model.discount
    ([[True, True], [True, False]], 0.95)
    """
    absent = [name for name in _PARTS if not hasattr(program, name)]
    if absent:
        raise TypeError(
            f"program is {validate.shown(program)}, expected a DiscreteDP of quantecon, with the attributes R, Q, "
            f"beta and num_states; it has no {absent[0]}"
        )
    rows, rewards, available = _product(program) if np.ndim(program.R) == 2 else _pairs(program)
    return MDP(
        rows,
        states=states,
        actions=actions,
        available=available,
        rewards=np.where(available, rewards, 0.0),
        discount=program.beta,
        normalize=normalize,
    )


def _product(program: Any) -> tuple[Any, np.ndarray, np.ndarray]:
    """Return transition, rewards and availability of a program with an entry for every state and action."""
    rewards = validate.number_array(program.R, "R of the program", 2, "(state, action)").astype(np.float64)
    return program.Q, rewards, ~np.isneginf(rewards)


def _pairs(program: Any) -> tuple[Any, np.ndarray, np.ndarray]:
    """Return transition, rewards and availability of a program that lists pairs of states and actions."""
    state, action = (np.asarray(getattr(program, name)) for name in ("s_indices", "a_indices"))
    listed = validate.number_array(program.R, "R of the program", 1, "(pair,)").astype(np.float64)
    n_states, n_actions = int(program.num_states), int(action.max()) + 1
    rewards = np.full((n_states, n_actions), -np.inf)
    rewards[state, action] = listed
    entries = sparse.coo_array(program.Q)
    pair = (state * n_actions + action)[entries.row]
    rows = sparse.coo_array((entries.data, (pair, entries.col)), shape=(n_states * n_actions, n_states)).tocsr()
    return rows, rewards, ~np.isneginf(rewards)

"""The closed form above the empowerment over skills."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from empowerment.actuation.occupancy.closed_form import lasting_steps, later_distances, upper_bound
from empowerment.core import validate
from empowerment.models.mdp import as_mdp

# Entries of the tables of distances that are held at a time.
_ENTRIES = 1 << 22


def skill_empowerment_bound(
    model: Any, discount: float, *, states: Any = None, include_start: bool = True, base: float | str = 2
) -> np.ndarray:
    """Compute an upper bound on the empowerment over skills from distances alone.

    Over skills the inputs are policies, and the output is the state at a random time T that has the probability
    ``(1 - discount) * discount ** t`` for t = 0, 1, 2, …: a draw from the discounted occupancy of the policy. The
    bound is ``log sum_s theta ** d(s)`` with ``theta = discount * (1 - discount) ** ((1 - discount) / discount)``,
    where d(s) is the fewest steps in which state s can be reached.

    Parameters
    ----------
    model : MDP, or array of shape (n_states, n_actions, n_states)
        The world of the agent, deterministic or not. Only policies are considered that never reach a non-terminal
        state without actions.
    discount : float
        Weight of a step relative to the one before, in [0, 1]; with 1 theta is 1, too.
    states : state label or list of state labels, optional
        Initial states; all by default.
    include_start : bool
        Whether T begins with 0, at the initial state. Otherwise T begins with 1, and the bound is the smaller of
        ``log(1 + sum_s theta ** d(s)) / discount``, with steps d(s) of at least 1, and the logarithm of the number of
        states that can be reached.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.

    Returns
    -------
    ndarray of shape (n_selected,)
        One bound for each initial state, in the unit of `base`, rounded up. It is 0 where every policy may reach a
        state without actions.

    Raises
    ------
    ValueError
        If the discount is not in [0, 1], or a state is not known.

    See Also
    --------
    effective_empowerment : Compute what the next action tells of a later state, under one policy.
    empowerment : Compute the empowerment over action sequences.

    Notes
    -----
    The page on :doc:`skills </explanation/skills>` has the proof, and says where the bound is attained. It tends to
    the logarithm of the number of states within reach as the discount tends to 1 and, with the start, to 0 as the
    discount tends to 0. The noise of a stochastic world counts as if the agent controlled it.

    Examples
    --------
    From the centre of an open grid the bound is the empowerment itself if the discount is near 1:

    >>> import empowerment as emp
    >>> emp.skill_empowerment_bound(emp.worlds.open_grid(5), 0.95, states=(2, 2), base="e").round(6)
    array([2.742194])
    """
    model = as_mdp(model)
    discount = validate.discount(discount)
    starts, unit = model.state_indices(states), math.log(validate.base(base))
    include_start = validate.flag(include_start, "include_start")
    steps = lasting_steps(model)
    size = max(1, _ENTRIES // model.n_states)
    parts = [starts[i : i + size] for i in range(0, starts.size, size)]
    found = [
        upper_bound(later_distances(steps, part, again=not include_start), discount, include_start) for part in parts
    ]
    return np.concatenate(found) / unit * (1.0 + 4.0 * np.finfo(float).eps)

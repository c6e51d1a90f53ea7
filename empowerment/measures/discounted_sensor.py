"""The sensor of a geometric future: the state in which a policy is, at a random time after the actions."""

from __future__ import annotations

from typing import Any

import numpy as np

from empowerment.actuation.occupancy.next_action import NextAction
from empowerment.core import validate
from empowerment.models.dead_ends import refuse_dead_ends
from empowerment.models.mdp import as_mdp
from empowerment.models.policy import normalised, policy_rows

# The tolerance of sums of probabilities everywhere: rows that rounding may have moved farther are refused.
_MOST_ERROR = 1e-9


def discounted_sensor(model: Any, policy: Any, discount: float) -> np.ndarray:
    """Compute the sensor that reads a later state, at a geometric time under a policy.

    Row ``s`` is the distribution of the state T steps after state ``s``, where the policy chooses the actions and T
    has the probability ``(1 - discount) * discount ** t`` for t = 0, 1, 2, …; the rows are those of
    ``(1 - discount) * inv(1 - discount * P)``, with the transitions P of the policy. As the `sensor` of
    :func:`empowerment` it makes the outputs of action sequences last: ``empowerment(model, n, sensor=...)`` is then
    the capacity from n actions, fixed before the first of them, to the state n + T steps on.

    Parameters
    ----------
    model : MDP, or array of shape (n_states, n_actions, n_states)
        The world of the agent, in which every state that is not terminal has an action.
    policy : Policy or array_like of shape (n_states, n_actions)
        Probabilities of the actions in each state, 0 where an action is missing.
    discount : float
        In [0, 1). With 0 the state itself is read.

    Returns
    -------
    ndarray of shape (n_states, n_states)
        Rows that sum to 1. No row is farther than 1e-9 from the exact one in total variation; in small worlds the
        bound on rounding is about ``1e-14 / (1 - discount)``.

    Raises
    ------
    ValueError
        If the policy does not fit the model, a state has no action, or the discount is so near to 1 that rounding may
        change a row by more than 1e-9.

    See Also
    --------
    empowerment : Compute the capacity from action sequences to what a sensor reads.
    effective_empowerment : Compute what the next action tells of the same later state.
    skill_empowerment : Compute the capacity from policies instead of action sequences.

    Notes
    -----
    The interval of an empowerment with this sensor is certified for the matrix that is returned, as for any sensor.
    Rows that differ by a distance d in total variation have entropies that differ by at most
    ``h(d) + d log(n_states - 1)``, with the binary entropy h, and a capacity changes by at most twice as much. For
    readings of the later state multiply the matrix by their probabilities in each state.

    Examples
    --------
    From the centre of a grid one action matters for long if no dice are thrown after it:

    >>> import numpy as np, empowerment as emp
    >>> grid = emp.worlds.open_grid(5)
    >>> for policy in (np.full((25, 5), 0.2), np.eye(5)[[4] * 25]):
    ...     sensor = emp.discounted_sensor(grid, policy, 0.9)
    ...     print(round(float(emp.empowerment(grid, 1, states=(2, 2), sensor=sensor)), 6))
    0.287997
    2.321928
    """
    model = as_mdp(model)
    rows, discount = normalised(policy_rows(policy, model)), validate.discount_below_one(discount)
    refuse_dead_ends(model)
    found, distance = NextAction(model, rows, None, discount).later(np.eye(model.n_states))
    if 2.0 * distance > _MOST_ERROR:  # twice, because dividing by the sums moves the rows as far again
        raise ValueError(
            f"discount is {discount!r}, with which rounding may change a row by {2.0 * distance:.1g}, expected one "
            f"farther from 1, with which no row changes by more than {_MOST_ERROR:g}"
        )
    return np.asarray(found / found.sum(axis=1, keepdims=True))

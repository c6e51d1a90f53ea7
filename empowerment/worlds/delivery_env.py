"""The delivery world as a Gymnasium environment; the library is loaded when one is made."""

from __future__ import annotations

from typing import Any

from empowerment.core import validate
from empowerment.runtime.loading import load

_WEALTH = (0.7, 0.15, 0.15)


def delivery_env(desire: Any = _WEALTH, *, n_steps: int = 360, masks: bool = True) -> Any:
    """Make a Gymnasium environment of the delivery world, for one courier.

    Parameters
    ----------
    desire : sequence of three float
        Weights of income, health and standing in the reward; they sum to 1.
    n_steps : int
        Number of slots after which an episode is truncated; 360 are a month. It never terminates.
    masks : bool
        Whether ``info["action_mask"]`` and the table `P` say that an order can be accepted only if there is one and
        the courier's health is above 0. Without masks every action is available everywhere, and `P` lists its
        outcomes.

    Returns
    -------
    gymnasium.Env
        Observations ``Discrete(528)`` are the numbers of the states of :func:`delivery`, actions ``Discrete(3)`` are
        accept, refuse and rest. The reward is the desire times the features of the outcome. `info` has "action_mask",
        as ``action_space.sample(mask)`` takes it, and after a step "features", "pay" and "change_of_health", the
        latter before the night.

    Raises
    ------
    ImportError
        If gymnasium is not installed.
    ValueError
        If the desire is no distribution, or `n_steps` is no positive integer.

    See Also
    --------
    delivery : The same world as a model.
    empowerment.from_gymnasium : Make a model of an environment.

    Notes
    -----
    An order that cannot be accepted is refused, with and without masks. Refusing and resting are possible everywhere,
    so a mask is never empty. ``env.P[state][action]`` lists ``(probability, next_state, reward, False)``. From it
    :func:`empowerment.from_gymnasium` makes exactly the model of :func:`delivery`; without masks it has refusals in
    place of missing actions.

    A reset takes one number from ``env.np_random``, for the first offer. A step takes two, for the outcome and for
    the next offer, as a rider of :class:`empowerment.desire.Riders` does.

    Examples
    --------
    >>> import empowerment as emp
    >>> env = emp.worlds.delivery_env()
    >>> state, info = env.reset(seed=0)
    >>> emp.worlds.delivery().states[state], info["action_mask"]
    ((8, 0, 'mid'), array([1, 1, 1], dtype=int8))
    >>> state, reward, terminated, truncated, info = env.step(0)
    >>> info["pay"], info["change_of_health"], round(reward, 4)
    (8.0, -1, 0.8465)
    """
    desire = validate.distribution(desire, 3, "desire")
    n_steps = validate.positive_int(n_steps, "n_steps")
    masks = validate.flag(masks, "masks")
    return load("empowerment.worlds.delivery_gym").DeliveryEnv(desire, n_steps, masks)

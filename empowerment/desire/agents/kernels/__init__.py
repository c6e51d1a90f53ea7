"""Q-learning by experience, in plain NumPy (`reference`) and compiled (`cpu`).

Both have one function, ``learn(experience, settings, numbers, state, values, visits)``. It takes one step for each
row of random numbers, improves `values` and counts `visits` in place, and returns the state in which it ends.

Of the four numbers of a step the first decides whether to explore (below `exploration`), the second which of all
actions is then taken, the third what comes of the action, the fourth which order is offered next. An action that the
state lacks becomes its substitute, and is learned as that.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Experience(NamedTuple):
    """What actions lead to; row ``state * n_actions + action``.

    Attributes
    ----------
    available : ndarray of bool of shape (n_states, n_actions)
    substitute : int
        The action that takes the place of missing ones.
    outcome : ndarray of shape (n_rows, n_outcomes)
        Cumulated probabilities, infinite from the last possible outcome on.
    offer : ndarray of shape (n_rows, n_offers)
        The same for the next offer.
    reward : ndarray of shape (n_rows, n_outcomes)
    after : ndarray of int of shape (n_rows, n_outcomes, n_offers)
        The next state.
    """

    available: np.ndarray
    substitute: int
    outcome: np.ndarray
    offer: np.ndarray
    reward: np.ndarray
    after: np.ndarray


class Settings(NamedTuple):
    """How is learned.

    Attributes
    ----------
    exploration : float
        Chance of an action at random.
    discount : float
    step, halving, least_step : float
        The n-th visit of a state and action, counted from 1, moves its value by a share of
        ``max(step / (1 + n / halving), least_step)`` towards what it brought.
    """

    exploration: float
    discount: float
    step: float
    halving: float
    least_step: float

"""The tiger behind one of two doors."""

from __future__ import annotations

import numpy as np

from empowerment.core import validate
from empowerment.models.pomdp import POMDP
from empowerment.worlds.graph import graph_layout


def tiger(*, accuracy: float = 0.85) -> POMDP:
    """Make the tiger problem of Kaelbling, Littman and Cassandra (1998).

    A tiger waits behind one of two doors. Listening leaves it there, and is correct with probability `accuracy`.
    Opening a door puts it behind a random door, and the observation then is independent of it.

    An agent that knows where the tiger is has an empowerment of log2 1.25 = 0.3219 bits over the tiger's door, at
    every horizon: listening keeps it, opening randomizes it. An agent without that knowledge has none, because the
    belief of one half does not change. Observations depend on the action, and so can carry more: 0.0467 bits over two
    observations.

    Parameters
    ----------
    accuracy : float
        Probability that listening is correct.

    Returns
    -------
    POMDP
        Two states, three actions, two observations, and rewards discounted by 0.95. The initial state is uniform.

    See Also
    --------
    tmaze, aliased_corridor : Other worlds with hidden states.
    empowerment.read_pomdp : Read such a problem from a file.

    References
    ----------
    L. P. Kaelbling, M. L. Littman and A. R. Cassandra, "Planning and acting in partially observable stochastic
    domains", Artificial Intelligence 101, 1998, pp. 99-134.

    Examples
    --------
    >>> import empowerment as emp
    >>> tiger = emp.worlds.tiger()
    >>> tiger
    POMDP(2 states, 3 actions, 2 observations)
    >>> tiger.update(None, "listen", "hear-left").round(6).tolist()
    [0.85, 0.15]
    """
    accuracy = validate.probability(accuracy, "accuracy")
    anew = np.full((2, 2), 0.5)
    heard = np.array([[accuracy, 1 - accuracy], [1 - accuracy, accuracy]])
    transition = np.stack([np.eye(2), anew, anew], axis=1)
    return POMDP(
        transition,
        np.stack([heard, anew, anew]),
        states=("tiger-left", "tiger-right"),
        actions=("listen", "open-left", "open-right"),
        observations=("hear-left", "hear-right"),
        initial=[0.5, 0.5],
        rewards=[[-1, -100, 10], [-1, 10, -100]],
        discount=0.95,
        layout=graph_layout(transition, "tiger"),
    )

"""Channels with memory from information theory, their state moved by what is sent.

Actions are what is sent. What is received is the next state, or, where it says less than that, an observation.
"""

from __future__ import annotations

import numpy as np

from empowerment.core import validate
from empowerment.models.mdp import MDP
from empowerment.models.pomdp import POMDP
from empowerment.worlds.graph import graph_layout


def golden_mean(noise: float = 0.0) -> MDP:
    """Build the golden mean shift: bits of which no two ones follow each other.

    After a zero the next bit is the action, flipped with probability `noise`. After a one it is a zero whatever is
    done. Without noise the words of length n number F(n+2) after a zero, a Fibonacci number, so that the empowerment
    over trajectories is the logarithm of that. It grows by the logarithm of the golden mean, 0.694242 bits a step.

    Parameters
    ----------
    noise : float
        Probability that the bit after a zero is flipped.

    Returns
    -------
    MDP
        States and actions 0 and 1.

    Examples
    --------
    >>> import empowerment as emp
    >>> shift = emp.worlds.golden_mean()
    >>> round(2 ** float(emp.empowerment(shift, 5, states=0, output="trajectory")), 6)
    13.0
    """
    noise = validate.probability(noise, "noise")
    free = [[1 - noise, noise], [noise, 1 - noise]]
    transition = [free, [[1, 0], [1, 0]]]
    return MDP(transition, layout=graph_layout(transition, "golden_mean"))


def post(probability: float = 0.5) -> MDP:
    """Build the POST channel of Permuter, Asnani and Weissman (2014): the previous output is the state.

    A bit that repeats the previous output arrives for certain. Another one arrives with probability `probability`,
    and else the previous output does. Although the state is known to the sender where there is feedback, feedback
    does not raise the capacity. With one half, n steps have log2 1.25 = 0.321928 bits each, reacting or not.

    Parameters
    ----------
    probability : float
        Probability that a bit unlike the previous output arrives.

    Returns
    -------
    MDP
        States 0 and 1, the previous output; actions 0 and 1, the bit sent.

    References
    ----------
    H. H. Permuter, H. Asnani and T. Weissman, "Capacity of a POST channel with and without feedback", IEEE
    Transactions on Information Theory 60, 2014, pp. 6041-6057.

    Examples
    --------
    >>> import empowerment as emp
    >>> round(float(emp.empowerment(emp.worlds.post(), 2, states=0, output="trajectory")), 6)
    0.643856
    """
    change = validate.probability(probability, "probability")
    transition = [[[1, 0], [1 - change, change]], [[change, 1 - change], [0, 1]]]
    return MDP(transition, layout=graph_layout(transition, "post"))


def trapdoor() -> POMDP:
    """Build the trapdoor channel of Blackwell: one of two balls falls through, the other stays.

    The channel holds a ball, 0 or 1. A ball is put in, and one of the two, each as likely, falls out. Whoever puts
    balls in and sees what falls out knows which one stays, if the first one was known. The receiver, who sees only
    what falls out, does not.

    The ball that falls out is no function of the ball put in and the one that stays, so a state holds both the ball
    inside and the last one out, which is the observation. The channel from what is put in to what falls out is hence
    the one to the trajectory of observations. An agent that reacts to its observations is a sender with feedback: it
    can send 0.321928, 1.082726 and 1.788830 bits with one to three balls, and from one more ball to the next the gain
    tends to log2 of the golden mean, 0.694242 bits.

    Returns
    -------
    POMDP
        States (ball inside, last ball out), actions and observations 0 and 1. The first ball is a 0.

    References
    ----------
    H. Permuter, P. Cuff, B. Van Roy and T. Weissman, "Capacity of the trapdoor channel with feedback", IEEE
    Transactions on Information Theory 54, 2008, pp. 3150-3165.

    Examples
    --------
    >>> import empowerment as emp
    >>> channel = emp.worlds.trapdoor()
    >>> channel.observation_probabilities(None, 1).tolist()
    [0.5, 0.5]
    >>> channel.update(None, 1, 0).tolist()  # the 0 fell out, so the 1 is inside
    [0.0, 0.0, 1.0, 0.0]
    """
    transition = np.zeros((2, 2, 2, 2, 2))  # inside, last out, put in, then inside and last out
    for inside in range(2):
        for put_in in range(2):
            transition[inside, :, put_in, put_in, inside] += 0.5
            transition[inside, :, put_in, inside, put_in] += 0.5
    rows = transition.reshape(4, 2, 4)
    return POMDP(
        rows,
        np.tile(np.eye(2), (2, 1)),
        states=[(inside, out) for inside in range(2) for out in range(2)],
        initial=[1, 0, 0, 0],
        layout=graph_layout(rows, "trapdoor"),
    )

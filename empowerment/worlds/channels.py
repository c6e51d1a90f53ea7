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
    """Make the golden mean shift: bits of which no two ones follow each other.

    After a zero the next bit is the action, flipped with probability `noise`. After a one it is a zero for every
    action. Without noise there are F(n+2) sequences of n bits after a zero, a Fibonacci number, so that the
    empowerment over trajectories is the logarithm of that. It grows by the logarithm of the golden mean, 0.694242
    bits a step.

    Parameters
    ----------
    noise : float
        Probability that the bit after a zero is flipped.

    Returns
    -------
    MDP
        States and actions 0 and 1.

    See Also
    --------
    post, trapdoor : Other channels with memory.
    empowerment.empowerment_rate : Computes the growth per step.

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
    """Make the POST channel of Permuter, Asnani and Weissman (2014), whose state is the previous output.

    A bit that repeats the previous output arrives with certainty. Any other bit arrives with probability
    `probability`; otherwise the previous output does. Although the sender knows the state if there is feedback,
    feedback does not increase the capacity. With one half, n steps have log2 1.25 = 0.321928 bits each, with and
    without feedback.

    Parameters
    ----------
    probability : float
        Probability that a bit other than the previous output arrives.

    Returns
    -------
    MDP
        States 0 and 1, the previous output; actions 0 and 1, the bit sent.

    See Also
    --------
    golden_mean, trapdoor : Other channels with memory.

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
    """Make the trapdoor channel of Blackwell: one of two balls falls through, the other stays.

    The channel holds a ball, 0 or 1. A ball is put in, and one of the two falls out, each with probability 1/2. A
    sender that observes which ball falls out knows which one stays, if it knew the first one. The receiver, who
    observes only the balls that fall out, does not.

    The ball that falls out is no function of the ball put in and the one that stays, so a state holds both the ball
    inside and the last one out, which is the observation. The channel from the balls put in to those that fall out is
    the one to the trajectory of observations. An agent with feedback is a sender with feedback: it can send 0.321928,
    1.082726 and 1.788830 bits with one to three balls, and the gain of one more ball tends to log2 of the golden
    mean, 0.694242 bits.

    Returns
    -------
    POMDP
        States (ball inside, last ball out), actions and observations 0 and 1. The first ball is a 0.

    See Also
    --------
    golden_mean, post : Other channels with memory.

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

"""Bounds on what sequences of actions can do beside the most and the least favourable other agent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from empowerment.capacity.solve import channel_capacity
from empowerment.core import validate
from empowerment.core.channel import Channel
from empowerment.models.mdp import MDP
from empowerment.models.multi_agent import MultiAgentMDP
from empowerment.multi_agent.assisted import assisted_empowerment
from empowerment.multi_agent.joint_rows import JointSequences, outward, row_error, rows_in_time
from empowerment.multi_agent.reaction import Reaction

# Joint sequences of a state, up to which fixed sequences are tried as policies.
_MOST_SEQUENCES = 100_000


def open_loop_bounds(
    case: str,
    world: MultiAgentMDP,
    joint: JointSequences,
    pair: tuple[Any, Any],
    others: Any,
    numbers: np.ndarray,
    found: Reaction,
    models: Sequence[MDP],
    tol: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return bounds in nats on the best or worst empowerment of sequences of actions over the last reading.

    Parameters
    ----------
    case : {"best", "worst"}
    world : MultiAgentMDP
    joint : JointSequences
        Of horizon 1, with the agent's sensor.
    pair : (agent, other agent)
    others : "uniform" or mapping from agent to policy
    numbers : ndarray of int of shape (n_starts,)
        Numbers of the initial states.
    found : Reaction
        The values with feedback.
    models : sequence of MDP
        What remains for the agent in each step beside the policies that attain them.
    tol : float
        Width wanted of the intervals beside single policies, in nats.

    Returns
    -------
    lower : ndarray of shape (n_starts,)
    upper : ndarray of shape (n_starts,)
    """
    channels, most = [], []
    for state in numbers.tolist():
        rows, missing = rows_in_time(joint.model, state, models, joint.memory)
        readings = (rows @ joint.sensor.matrix)[~missing]
        used = np.unique(readings.indices)
        channels.append(Channel.from_valid(readings[:, used].toarray()))
        most.append(_largest(joint, state, len(models)))
    result = channel_capacity(channels, tol=max(tol, validate.MIN_TOL), base=math.e, on_failure="ignore")
    error = row_error(world, models, joint.sensor)
    low, high = outward(result.lower, result.upper, error, 1.0)
    if validate.power(joint.model.n_actions, len(models)) <= _MOST_SEQUENCES:
        fixed = [
            assisted_empowerment(
                world, len(models), joint.model.states[state], *pair, others, sensor=joint.sensor.matrix, base=math.e
            )
            for state in numbers.tolist()
        ]
        low = np.maximum(low, [each.lower.max() for each in fixed])
        high = np.minimum(high, [each.upper.min() for each in fixed])
    if case == "worst":
        return np.zeros(numbers.size), high
    # With feedback there is more, and no more than there are readings.
    upper = np.minimum(found.upper[numbers], most)
    return np.minimum(low, upper), upper


def _largest(joint: JointSequences, state: int, horizon: int) -> float:
    """Return the logarithm of the number of readings that can follow, whatever anybody does."""
    reached = np.array([state])
    for _ in range(horizon):
        reached = joint.next_states(reached)
    readings = np.count_nonzero(joint.sensor.matrix[reached].sum(axis=0))
    # One rounding of the logarithm, outward.
    return float(np.nextafter(math.log(readings), math.inf))

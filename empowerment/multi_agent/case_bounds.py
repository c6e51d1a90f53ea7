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
from empowerment.multi_agent.reaction import Opponent, Reaction
from empowerment.multi_agent.strategies import Strategies, least_beside_strategies
from empowerment.runtime.progress import progress_bar

# Joint sequences of a state, up to which fixed sequences are tried as policies.
_MOST_SEQUENCES = 100_000


def open_loop_bounds(
    world: MultiAgentMDP,
    joint: JointSequences,
    opponent: Opponent,
    pair: tuple[Any, Any],
    others: Any,
    numbers: np.ndarray,
    found: Reaction,
    tol: float,
    progress: bool | str,
) -> tuple[np.ndarray, np.ndarray]:
    """Return bounds in nats on the best or worst empowerment of sequences of actions over the last reading.

    Parameters
    ----------
    world : MultiAgentMDP
    joint : JointSequences
        Of horizon 1, with the agent's sensor.
    opponent : Opponent
        The other agent beside one that reads the states.
    pair : (agent, other agent)
    others : "uniform" or mapping from agent to policy
    numbers : ndarray of int of shape (n_starts,)
        Numbers of the initial states.
    found : Reaction
        The values with feedback.
    tol : float
        Width wanted of the intervals beside single policies, in nats.
    progress : bool or "auto"

    Returns
    -------
    lower : ndarray of shape (n_starts,)
    upper : ndarray of shape (n_starts,)
    """
    models = [opponent.beside(policy) for policy in found.policies]
    error = row_error(world, [joint.model, *models], joint.sensor)
    low, high = _beside_models(joint, models, numbers, error, tol)
    if validate.power(joint.model.n_actions, len(models)) <= _MOST_SEQUENCES:
        starts, sensor = [joint.model.states[state] for state in numbers.tolist()], joint.sensor.matrix
        options: dict[str, Any] = {"sensor": sensor, "base": math.e, "progress": progress}
        fixed = [assisted_empowerment(world, len(models), start, *pair, others, **options) for start in starts]
        low = np.maximum(low, [each.lower.max() for each in fixed])
        high = np.minimum(high, [each.upper.min() for each in fixed])
    if opponent.helps:
        # With feedback there is more, and no more than there are readings.
        most = [_largest(joint, state, len(models)) for state in numbers.tolist()]
        upper = np.minimum(found.upper[numbers], most)
        return np.minimum(low, upper), upper
    strategies, ends = Strategies(opponent, joint.sensor.matrix.toarray(), len(models)), []
    with progress_bar(numbers.size, "bounding", "state", progress) as advance:
        for state in numbers.tolist():
            ends.append(least_beside_strategies(strategies, state, error, tol, opponent.max_iter))
            advance(1)
    least, most_left = np.array(ends).reshape(-1, 2).T
    high = np.minimum(high, most_left)
    return np.minimum(least, high), high


def _beside_models(
    joint: JointSequences, models: Sequence[MDP], numbers: np.ndarray, error: float, tol: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the capacities of sequences whose steps are those of some models."""
    channels = []
    for state in numbers.tolist():
        rows, missing = rows_in_time(joint.model, state, models, joint.memory)
        readings = (rows @ joint.sensor.matrix)[~missing]
        used = np.unique(readings.indices)
        channels.append(Channel.from_valid(readings[:, used].toarray()))
    result = channel_capacity(channels, tol=max(tol, validate.MIN_TOL), base=math.e, on_failure="ignore")
    return outward(result.lower, result.upper, error, 1.0)


def _largest(joint: JointSequences, state: int, horizon: int) -> float:
    """Return the logarithm of the number of readings that can follow, whatever anybody does."""
    reached = np.array([state])
    for _ in range(horizon):
        reached = joint.next_states(reached)
    readings = np.count_nonzero(joint.sensor.matrix[reached].sum(axis=0))
    # One rounding of the logarithm, outward.
    return float(np.nextafter(math.log(readings), math.inf))

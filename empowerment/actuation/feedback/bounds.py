"""Intervals for the empowerment of an agent with feedback, if there are too many policies to enumerate.

The lower end is that without feedback, whose action sequences are policies too, or that of a few policies. The upper
end is the least of four bounds: the logarithm of the number of readings; the value if agent and receiver observe
every state; the largest divergence from any q of a policy that observes every state, to a receiver who is told the
last but one; and, where states are few, what :mod:`empowerment.actuation.box_search` proves of all policies.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import sparse

from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.feedback.bellman import feedback_value, feedback_values
from empowerment.actuation.feedback.searched import search_beliefs, search_states
from empowerment.actuation.open_loop.column_generation import generate
from empowerment.actuation.open_loop.layers import Kernels, first_layer
from empowerment.actuation.open_loop.sequence_oracle import SequenceOracle
from empowerment.actuation.open_loop.upper_bounds import FeedbackOracle, log_readings
from empowerment.actuation.sensor import make_sensor
from empowerment.actuation.task import NoSequenceError, StateSolution, StateTask, widened
from empowerment.core.status import Status
from empowerment.models.mdp import MDP
from empowerment.models.pomdp import POMDP

_ROUGH = 1e-5  # nats; tolerance of auxiliary solutions
_ROUNDS, _STEPS = 40, 1000


def bound_state_feedback(
    task: StateTask, dynamics: Dynamics, open_loop: StateSolution, kernels: Kernels, output: str = "final"
) -> tuple[StateSolution, Status]:
    """Bound the empowerment of an agent that observes the state before each action.

    Parameters
    ----------
    task : StateTask
    dynamics : Dynamics
    open_loop : StateSolution
        The solution without feedback.
    kernels : Kernels
    output : {"final", "trajectory"}

    Returns
    -------
    StateSolution
        In nats; with the sequences of the lower end unless policies with feedback exceed it.
    Status
        What to say if that is wider than the tolerance.

    Raises
    ------
    NoSequenceError
        If no policy is admissible.
    """
    start = np.array([task.start])
    first = 1 if output == "trajectory" else task.horizon
    readings = sum(log_readings(dynamics, start, k) for k in range(first, task.horizon + 1))
    upper = min(readings, feedback_value(dynamics, task.start, task.horizon, readings, task.options))
    if upper == -math.inf:
        raise NoSequenceError
    fits = 8 * dynamics.n_columns**2 * dynamics.n_actions <= task.memory / 4
    short = output == "final" and fits and 0 < task.horizon <= _STEPS
    if short and upper - open_loop.lower > task.width(open_loop.lower):
        upper = min(upper, _steering_bound(task, dynamics, kernels))
    if not short or upper - open_loop.lower <= task.width(open_loop.lower):
        return open_loop.with_upper(upper), Status.BOUNDED
    found, status = search_states(task, dynamics, _rows_of(task, dynamics, open_loop, kernels), kernels)
    best = max(open_loop, found, key=lambda solution: solution.lower)
    return best.with_upper(min(upper, found.upper)), status


def bound_belief_feedback(
    task: StateTask,
    model: POMDP,
    belief: np.ndarray,
    open_loop: StateSolution,
    kernels: Kernels,
    output: str,
    sensor: np.ndarray | None = None,
) -> tuple[StateSolution, Status]:
    """Bound the empowerment of an agent whose actions depend on its observations.

    Parameters
    ----------
    task : StateTask
        `start` is not read.
    model : POMDP
    belief : ndarray of shape (n_states,)
    open_loop : StateSolution
        The solution without feedback.
    kernels : Kernels
    output : {"final", "trajectory"}
    sensor : ndarray of shape (n_states, n_readings), optional
        Distribution of the reading in each state; by default the receiver reads the observations.

    Returns
    -------
    StateSolution
        In nats; with the sequences of the lower end unless policies with feedback exceed it.
    Status
        What to say if that is wider than the tolerance.

    Raises
    ------
    NoSequenceError
        If no policy is admissible, even one that observes the states.
    """
    reading = model.observation if sensor is None else np.broadcast_to(sensor, (model.n_actions, *sensor.shape))
    counts, reached = [], np.asarray(belief) > 0
    for _ in range(task.horizon):
        after = np.stack([reached @ matrix for matrix in model.mdp.action_matrices]) > 0
        seen = np.einsum("at,ato->o", after.astype(float), reading)
        counts.append(math.log(max(int(np.count_nonzero(seen)), 1)))
        reached = np.asarray(after.any(axis=0))
    readings = sum(counts) if output == "trajectory" else sum(counts[-1:])
    world = _state_observation_pairs(model) if sensor is None and model.observation_depends_on_action else model.mdp
    dynamics = Dynamics.of(world, make_sensor(None, world))
    rough = feedback_values(dynamics, task.horizon, task.options.to_within(_ROUGH))
    values = rough.upper.reshape(model.n_states, -1)[:, 0]
    possible = np.flatnonzero(belief)
    upper = min(readings, float(belief[possible] @ values[possible]))
    if upper == -math.inf:
        raise NoSequenceError
    if output != "final" or not task.horizon or upper - open_loop.lower <= task.width(open_loop.lower):
        return open_loop.with_upper(upper), Status.BOUNDED
    found, status = search_beliefs(task, model, belief, sensor, kernels)
    best = max(open_loop, found, key=lambda solution: solution.lower)
    return best.with_upper(min(upper, found.upper)), status


def _steering_bound(task: StateTask, dynamics: Dynamics, kernels: Kernels) -> float:
    """Bound by the largest divergence of any policy that observes the states, minimised over q."""
    everywhere = np.arange(dynamics.n_columns)
    last = SequenceOracle(first_layer(dynamics.unit_rows(everywhere), everywhere[:, None]), dynamics, 1, kernels)
    n_readings = dynamics.sensor.shape[1]
    oracle = FeedbackOracle(last, task.start, task.horizon - 1, np.full(n_readings, 1 / n_readings))
    solution = generate(oracle, task.options.to_within(_ROUGH), _ROUNDS)
    return widened(solution, last.relative_error + task.horizon * dynamics.product_error).upper


def _rows_of(task: StateTask, dynamics: Dynamics, open_loop: StateSolution, kernels: Kernels) -> np.ndarray:
    """Return the rows of the sequences of the lower end without feedback, which are policies, too."""
    starts = np.repeat(dynamics.unit_rows(np.array([task.start])), len(open_loop.sequences), axis=0)
    sequences = np.ascontiguousarray(open_loop.sequences)
    return dynamics.read(kernels.actuation.sequence_rows(starts, sequences, dynamics.steps))


def _state_observation_pairs(model: POMDP) -> MDP:
    """Return the process of pairs of a state and the observation on arrival, which may depend on the action."""
    moves = []
    for matrix, seen in zip(model.mdp.action_matrices, model.observation, strict=True):
        state, observation = np.nonzero(seen)
        columns = state * model.n_observations + observation
        shape = (model.n_states, model.n_states * model.n_observations)
        moves.append(matrix @ sparse.csr_array((seen[state, observation], (state, columns)), shape=shape))
    stacked = sparse.csr_array(sparse.vstack(moves))
    number = np.arange(stacked.shape[0]).reshape(model.n_actions, model.n_states).T  # state, action
    rows = stacked[np.repeat(number, model.n_observations, axis=0).reshape(-1)]
    return MDP(rows, available=np.repeat(model.available, model.n_observations, axis=0))

"""Intervals for actions that react, where there are too many policies to look at.

The lower end is that of actions that do not react, which are policies too, or of some that do. The upper end is the
least of several. No more readings are told apart than there are; an agent and a receiver that see every state tell no
less; and an agent that sees every state steers no worse towards readings that the receiver does not expect.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import sparse

from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.feedback.bellman import feedback_value, feedback_values
from empowerment.actuation.feedback.policy_search import PolicySearch
from empowerment.actuation.open_loop.column_generation import generate
from empowerment.actuation.open_loop.layers import Kernels, first_layer
from empowerment.actuation.open_loop.sequence_oracle import SequenceOracle
from empowerment.actuation.open_loop.upper_bounds import FeedbackOracle, log_readings
from empowerment.actuation.sensor import make_sensor
from empowerment.actuation.task import NoSequenceError, StateSolution, StateTask, widened
from empowerment.models.mdp import MDP
from empowerment.models.pomdp import POMDP

_ROUGH = 1e-5  # nats; how well bounds by steering are solved
_ROUNDS, _STEPS = 40, 1000


def bracket_states(
    task: StateTask, dynamics: Dynamics, open_loop: StateSolution, kernels: Kernels, output: str = "final"
) -> StateSolution:
    """Return an interval for what actions that react to the state tell a receiver of the sensor.

    Parameters
    ----------
    task : StateTask
    dynamics : Dynamics
    open_loop : StateSolution
        The interval, or the exact answer, for actions that do not react.
    kernels : Kernels
    output : {"final", "trajectory"}

    Returns
    -------
    StateSolution
        In nats; with the sequences that carry the lower end unless policies that react exceed it.

    Raises
    ------
    NoSequenceError
        If every policy may be stuck before its last step.
    """
    start = np.array([task.start])
    first = 1 if output == "trajectory" else task.horizon
    readings = sum(log_readings(dynamics, start, k) for k in range(first, task.horizon + 1))
    upper = min(readings, feedback_value(dynamics, task.start, task.horizon, readings, task.options))
    if upper == -math.inf:
        raise NoSequenceError
    room = 8 * dynamics.n_columns**2 * dynamics.n_actions <= task.memory / 4
    short = output == "final" and room and 0 < task.horizon <= _STEPS
    if short and upper - open_loop.lower > task.wanted(open_loop.lower):
        upper = min(upper, _steering(task, dynamics, kernels))
    if short and upper - open_loop.lower > task.wanted(open_loop.lower):
        open_loop = max(open_loop, _searched(task, dynamics, open_loop, kernels), key=lambda ends: ends.lower)
    return _with_upper(open_loop, upper)


def bracket_beliefs(
    task: StateTask,
    model: POMDP,
    belief: np.ndarray,
    open_loop: StateSolution,
    output: str,
    sensor: np.ndarray | None = None,
) -> StateSolution:
    """Return an interval for what actions that react to observations tell.

    Parameters
    ----------
    task : StateTask
        `start` is not read.
    model : POMDP
    belief : ndarray of shape (n_states,)
    open_loop : StateSolution
        The interval, or the exact answer, for actions that do not react.
    output : {"final", "trajectory"}
    sensor : ndarray of shape (n_states, n_readings), optional
        What the receiver reads off the states; by default it reads the observations.

    Returns
    -------
    StateSolution
        In nats, with the sequences that carry the lower end.

    Raises
    ------
    NoSequenceError
        If even an agent that sees the states may be stuck before its last step, whatever it does.
    """
    reading = model.observation if sensor is None else np.broadcast_to(sensor, (model.n_actions, *sensor.shape))
    counts, reached = [], np.asarray(belief) > 0
    for _ in range(task.horizon):
        after = np.stack([reached @ matrix for matrix in model.mdp.action_matrices]) > 0
        seen = np.einsum("at,ato->o", after.astype(float), reading)
        counts.append(math.log(max(int(np.count_nonzero(seen)), 1)))
        reached = np.asarray(after.any(axis=0))
    readings = sum(counts) if output == "trajectory" else sum(counts[-1:])
    world = _seen_through(model) if sensor is None and model.observation_depends_on_action else model.mdp
    dynamics = Dynamics.of(world, make_sensor(None, world))
    rough = feedback_values(dynamics, task.horizon, task.options.to_within(_ROUGH))
    values = rough.upper.reshape(model.n_states, -1)[:, 0]
    possible = np.flatnonzero(belief)
    upper = min(readings, float(belief[possible] @ values[possible]))
    if upper == -math.inf:
        raise NoSequenceError
    return _with_upper(open_loop, upper)


def _with_upper(open_loop: StateSolution, upper: float) -> StateSolution:
    upper = max(upper, open_loop.lower)
    return open_loop._replace(value=min(max(open_loop.value, 0.0), upper), upper=upper)


def _steering(task: StateTask, dynamics: Dynamics, kernels: Kernels) -> float:
    """Bound by policies that see every state and end in a reading far from any q; the least over q is looked for."""
    everywhere = np.arange(dynamics.n_columns)
    last = SequenceOracle(first_layer(dynamics.unit_rows(everywhere), everywhere[:, None]), dynamics, 1, kernels)
    n_readings = dynamics.sensor.shape[1]
    oracle = FeedbackOracle(last, task.start, task.horizon - 1, np.full(n_readings, 1 / n_readings))
    found = generate(oracle, task.options.to_within(_ROUGH), _ROUNDS)
    return widened(found, last.relative_error + task.horizon * dynamics.product_error).upper


def _searched(task: StateTask, dynamics: Dynamics, open_loop: StateSolution, kernels: Kernels) -> StateSolution:
    """Return the capacity of some policies, and of the sequences that carry the lower end without feedback."""
    starts = np.repeat(dynamics.unit_rows(np.array([task.start])), len(open_loop.sequences), axis=0)
    sequences = np.ascontiguousarray(open_loop.sequences)
    rows = dynamics.read(kernels.actuation.sequence_rows(starts, sequences, dynamics.steps))
    search = PolicySearch(dynamics, task.start, task.horizon, rows, task.memory / 4)
    found = generate(search, task.options.to_within(_ROUGH), _ROUNDS)
    ends = StateSolution.without_sequences(found.value, found.lower, found.upper, task.horizon)
    return widened(ends, task.horizon * dynamics.product_error)


def _seen_through(model: POMDP) -> MDP:
    """Return the process of pairs of a state and the observation that came with it, which may tell of the action."""
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

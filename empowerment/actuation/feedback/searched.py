"""Intervals for the empowerment of an agent with feedback by a search of all policies, for one reading at the end."""

from __future__ import annotations

import math

import numpy as np

from empowerment.actuation.box_search.capacity import RowSolution, bounded_capacity, found_capacity
from empowerment.actuation.budget import Budget
from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.feedback.best_policies import BestPolicies
from empowerment.actuation.feedback.information_states import (
    information_states_of_beliefs,
    information_states_of_model,
)
from empowerment.actuation.feedback.markov_policies import MarkovPolicies
from empowerment.actuation.open_loop.layers import Kernels
from empowerment.actuation.task import StateSolution, StateTask, TooManySequencesError, widened
from empowerment.capacity.backends import capacity_kernels
from empowerment.core.status import Status
from empowerment.models.pomdp import POMDP

# States times steps, or beliefs of a step, up to which policies are listed by information state.
FEW_STEPS = 10_000
# Readings up to which boxes of them are searched.
_READINGS = 64
_ROUGH, _ROUNDS = 1e-5, 40  # nats; where policies are only looked for


def search_states(
    task: StateTask, dynamics: Dynamics, rows: np.ndarray, kernels: Kernels
) -> tuple[StateSolution, Status]:
    """Bound the capacity over all policies of an agent that observes the state.

    Parameters
    ----------
    task : StateTask
    dynamics : Dynamics
    rows : ndarray of shape (n, n_readings)
        Rows of some policies.
    kernels : Kernels

    Returns
    -------
    StateSolution
        In nats. Where states or readings are many its upper end is infinite.
    Status
        What to say if that is wider than the tolerance.
    """
    if task.horizon * dynamics.n_columns <= FEW_STEPS:
        policies = BestPolicies(information_states_of_model(dynamics, task.start, task.horizon, "final"))
        if policies.n_readings <= _READINGS:
            return _searched(task, policies, rows[:, policies.readings], kernels)
    many = MarkovPolicies(dynamics, task.start, task.horizon, task.memory / 4)
    found = found_capacity(many, rows[:, many.readings], task.options.to_within(_ROUGH), _ROUNDS)
    return _as_solution(found, task, task.horizon * dynamics.product_error), Status.BOUNDED


def search_beliefs(
    task: StateTask, model: POMDP, belief: np.ndarray, sensor: np.ndarray | None, kernels: Kernels
) -> tuple[StateSolution, Status]:
    """Bound the capacity over all policies of an agent that observes a reading of the state.

    Parameters
    ----------
    task : StateTask
        `start` is not read.
    model : POMDP
    belief : ndarray of shape (n_states,)
    sensor : ndarray of shape (n_states, n_readings) or None
        What the receiver reads; None stands for the observation.
    kernels : Kernels

    Returns
    -------
    StateSolution
        In nats; from 0 to infinity where beliefs or readings are many.
    Status
        What to say if that is wider than the tolerance.
    """
    reading = model.observation if sensor is None else np.broadcast_to(sensor, (model.n_actions, *sensor.shape))
    equal, most = capacity_kernels(task.options.backend), min(FEW_STEPS // task.horizon, task.max_sequences)
    try:
        policies = BestPolicies(information_states_of_beliefs(model, belief, task.horizon, reading, equal, most))
    except TooManySequencesError:
        policies = None
    if policies is None or policies.n_readings > _READINGS:
        return StateSolution.without_sequences(0.0, 0.0, math.inf, task.horizon), Status.BOUNDED
    return _searched(task, policies, np.empty((0, policies.n_readings)), kernels)


def _searched(
    task: StateTask, policies: BestPolicies, rows: np.ndarray, kernels: Kernels
) -> tuple[StateSolution, Status]:
    """Search the boxes of readings, and return what ended the search."""
    budget = Budget(task.max_nodes, task.max_seconds)
    found = bounded_capacity(policies, rows, task.options, kernels.actuation, budget)
    return _as_solution(found, task, policies.row_error), budget.spent or Status.PRECISION


def _as_solution(found: RowSolution, task: StateTask, row_error: float) -> StateSolution:
    solution = StateSolution.without_sequences(found.value, found.lower, found.upper, task.horizon)
    return widened(solution, row_error)

"""The capacity over all policy trees: empowerment of an agent with feedback.

Each tree, a map from observations to actions, is an input; its row is the distribution of the reading. The reading
after an action is a mixture over the next observations, and each of these may be followed by a tree of its own. So
the set of rows of an information state is

    Rows(i) = union over actions of the sum over next information states j of p(j) * Rows(j),

a Minkowski sum. The capacity depends on the convex hull alone, so after each sum only the extreme rows are kept; if
the last state is read, deterministic Markov policies are enough.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from empowerment.actuation.augmented import augment_with_history
from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.feedback.information_states import (
    Branch,
    InformationStates,
    information_states_of_beliefs,
    information_states_of_model,
)
from empowerment.actuation.feedback.listed_policies import rows_of_all_policies
from empowerment.actuation.feedback.policy_polytope import solve_polytope
from empowerment.actuation.forecast import allowed, of_rows
from empowerment.actuation.open_loop.hull import extreme_rows
from empowerment.actuation.open_loop.layers import HULL_COLUMNS, WORTH_PRUNING
from empowerment.actuation.task import StateSolution, StateTask, TooManySequencesError, widened
from empowerment.capacity.backends import capacity_kernels
from empowerment.capacity.kernels import EQUAL_RTOL
from empowerment.capacity.solve import channel_capacity
from empowerment.core.channel import Channel
from empowerment.models.pomdp import POMDP

_EPS = float(np.finfo(float).eps)
_INNER = 0.9
_HULL_ROWS = 5000  # above this number the search for extreme rows takes too long
# Limit on the search for extreme rows in few dimensions, in rows times squared columns for each byte of memory: if
# there are still many rows by then, there are too many to list.
_WORK_PER_BYTE = 1e-3
_LITTLE_MEMORY = 2**22  # bytes; so few rows take no time
# An interval up to this width, in nats, is due to rounding; a wider one to the limit on the work.
_BY_ROUNDING = 1e-6


def trees_of_states(task: StateTask, dynamics: Dynamics, output: str = "final") -> StateSolution:
    """Compute the empowerment of an agent that observes the state before each action.

    Each state has its own actions. A policy is admissible if it never reaches a state without actions while steps are
    left.

    Parameters
    ----------
    task : StateTask
        `max_sequences` and `memory` limit the rows of one sum.
    dynamics : Dynamics
        With the sensor of the receiver.
    output : {"final", "trajectory"}
        Whether the receiver reads once, after the last action, or after each. If it reads the state after each,
        :func:`empowerment.actuation.feedback.bellman.feedback_values` solves the problem for any horizon.

    Returns
    -------
    StateSolution
        In nats, with the errors of rounding and pruning, and without sequences.

    Raises
    ------
    NoSequenceError
        If no policy is admissible.
    TooManySequencesError
        If there are too many rows; see :func:`empowerment.actuation.feedback.bounds.bound_state_feedback`.
    """
    if not task.horizon:
        return StateSolution.without_sequences(0.0, 0.0, 0.0, 0)
    return _solve(information_states_of_model(dynamics, task.start, task.horizon, output), task)


def polytope_of_states(task: StateTask, dynamics: Dynamics) -> StateSolution | None:
    """Return an interval of any width for the value of :func:`trees_of_states`; None if readings are many."""
    return solve_polytope(information_states_of_model(dynamics, task.start, task.horizon, "final"), task)


def trees_of_beliefs(
    task: StateTask, model: POMDP, belief: np.ndarray, sensor: np.ndarray | None = None, output: str = "final"
) -> StateSolution:
    """Compute the empowerment of an agent whose actions depend on its observations.

    An action may be taken if it is available in every state of positive belief. A policy is admissible if it never
    runs out of such actions while steps are left.

    Parameters
    ----------
    task : StateTask
        `max_sequences` and `memory` limit the beliefs and the rows of one sum; `start` is not read.
    model : POMDP
    belief : ndarray of shape (n_states,)
        Initial belief of agent and receiver.
    sensor : ndarray of shape (n_states, n_readings), optional
        Distribution of the reading in each state; by default the receiver reads the last observation.
    output : {"final", "trajectory"}
        With a sensor the receiver may read after each action, if horizon and number of readings are small.

    Returns
    -------
    StateSolution
        In nats, with the errors of rounding and pruning, and without sequences.

    Raises
    ------
    NoSequenceError
        If no policy is admissible.
    TooManySequencesError
        If there are too many beliefs or rows; see
        :func:`empowerment.actuation.feedback.bounds.bound_belief_feedback`.
    ValueError
        If the receiver reads all observations; this is solved by
        :func:`empowerment.actuation.feedback.directed_capacity.directed_capacity`.
    """
    if output == "trajectory" and sensor is None:
        raise ValueError("directed_capacity solves trajectories of observations, expected a sensor of the state here")
    if not task.horizon:
        return StateSolution.without_sequences(0.0, 0.0, 0.0, 0)
    if output == "trajectory":
        model, belief, sensor = augment_with_history(model, belief, np.asarray(sensor), task.horizon, task.memory)
    reading = model.observation if sensor is None else np.broadcast_to(sensor, (model.n_actions, *sensor.shape))
    kernel = capacity_kernels(task.options.backend)
    return _solve(
        information_states_of_beliefs(model, belief, task.horizon, reading, kernel, task.max_sequences), task
    )


class PolicyRows(NamedTuple):
    """The extreme rows of all policies from an information state, with errors as in :class:`Layer`."""

    rows: np.ndarray
    relative_error: float
    deleted: float


def _solve(information_states: InformationStates, task: StateTask) -> StateSolution:
    log_readings = _log_readings(information_states)
    any_interval_will_do = log_readings <= task.width(0.0)
    if information_states.reported is None:
        memory = min(task.memory, _LITTLE_MEMORY) if any_interval_will_do else task.memory
        rows = rows_of_all_policies(information_states, task.max_sequences, memory)
        if rows is not None:
            return _capacity_of(PolicyRows(rows[:, rows.any(axis=0)], information_states.relative_error, 0.0), task)
    if any_interval_will_do:
        return StateSolution.without_sequences(0.0, 0.0, log_readings, task.horizon)
    interval = solve_polytope(information_states, task) if information_states.reported is None else None
    if interval is None:
        return _capacity_of(_initial_rows(information_states, task), task)
    gap, wanted = interval.upper - interval.lower, task.width(interval.lower)
    if gap <= wanted:
        return interval
    try:
        if gap > _BY_ROUNDING:
            raise TooManySequencesError(
                f"the policies of {task.horizon} steps differ in too many ways to tell within {wanted:.1e} nats what "
                "they can make of the reading; shorten the horizon, coarsen the sensor, raise tol= or memory=, or "
                "take an interval: method='interval'"
            )
        return _capacity_of(_initial_rows(information_states, task), task)
    except TooManySequencesError as reason:
        raise TooManySequencesError(str(reason), interval) from None


def _log_readings(information_states: InformationStates) -> float:
    """Return an upper bound on the logarithm of the number of readings, or of trajectories of readings."""
    last = np.any([rows.any(axis=0) for rows in information_states.endings], axis=0)
    return sum(
        math.log(np.count_nonzero(seen.any(axis=0))) for seen in (*(information_states.reported or []), last[None])
    )


def _initial_rows(information_states: InformationStates, task: StateTask) -> PolicyRows:
    """Compute the rows of the initial information state by backward induction over levels."""
    sums = _RowSums(task)
    used = np.any([rows.any(axis=0) for rows in information_states.endings], axis=0)
    last = [
        sums.pruned(PolicyRows(rows[:, used], information_states.relative_error, 0.0))
        for rows in information_states.endings
    ]
    for depth in reversed(range(len(information_states.branches))):
        if information_states.reported is not None:
            last = [
                _with_reading(rows, reported)
                for rows, reported in zip(last, information_states.reported[depth], strict=True)
            ]
        last = [
            sums.union([sums.mixture(branch, last) for branch in own]) for own in information_states.branches[depth]
        ]
    return last[0]


def _capacity_of(policy_rows: PolicyRows, task: StateTask) -> StateSolution:
    result = channel_capacity(
        Channel.from_valid(np.ascontiguousarray(policy_rows.rows)),
        **task.options.share(_INNER).as_keywords(),
    )
    log_columns = math.log(policy_rows.rows.shape[1])
    upper = (1.0 - policy_rows.deleted) * float(result.upper) + policy_rows.deleted * log_columns
    solution = StateSolution.without_sequences(float(result.value), float(result.lower), upper, task.horizon)
    return widened(solution, policy_rows.relative_error)


def _with_reading(following: PolicyRows, reported: np.ndarray) -> PolicyRows:
    """Prepend the present reading to the later readings."""
    rows = (reported[:, None] * following.rows[:, None, :]).reshape(len(following.rows), -1)
    return following._replace(rows=rows, relative_error=following.relative_error + _EPS)


class _RowSums:
    """Minkowski sums and unions of sets of rows, each followed by pruning."""

    def __init__(self, task: StateTask) -> None:
        self._task, self._work = task, _WORK_PER_BYTE * task.memory
        self._equal_rows = capacity_kernels(task.options.backend).equal_rows

    def mixture(self, branch: Branch, following: list[PolicyRows]) -> PolicyRows:
        """Return the sum over next information states of probability times rows: one row for each choice of rows."""
        parts = sorted(
            ((p, following[number]) for p, number in zip(*branch, strict=True)), key=lambda part: len(part[1].rows)
        )
        (p, first), *others = parts
        total, prune = first._replace(rows=p * first.rows), True
        for p, other in others:
            self._check(len(total.rows) * len(other.rows), total.rows.shape[1])
            rows = (total.rows[:, None] + p * other.rows).reshape(-1, total.rows.shape[1])
            error = max(total.relative_error, other.relative_error) + 2 * _EPS
            total = self.pruned(PolicyRows(rows, error, max(total.deleted, other.deleted)), prune)
            prune = prune and len(total.rows) <= WORTH_PRUNING * len(rows)
        return total

    def union(self, parts: list[PolicyRows]) -> PolicyRows:
        """Return the union over actions."""
        if len(parts) == 1:
            return parts[0]
        rows = np.concatenate([part.rows for part in parts])
        error, deleted = (max(column) for column in zip(*(part[1:] for part in parts), strict=True))
        return self.pruned(PolicyRows(rows, error, deleted))

    def pruned(self, policy_rows: PolicyRows, prune: bool = True) -> PolicyRows:
        """Keep one of each group of equal rows, and of these the extreme rows."""
        if len(policy_rows.rows) < 2:
            return policy_rows
        first = self._equal_rows(np.ascontiguousarray(policy_rows.rows))
        kept = np.flatnonzero(first == np.arange(first.size))
        policy_rows = policy_rows._replace(
            rows=policy_rows.rows[kept], relative_error=policy_rows.relative_error + EQUAL_RTOL
        )
        n_rows, n_columns = policy_rows.rows.shape
        work = float(n_rows * n_columns**2)
        if not prune or n_columns > HULL_COLUMNS or not 2 < n_rows <= _HULL_ROWS or work > self._work:
            return policy_rows
        self._work -= work
        kept, lost = extreme_rows(policy_rows.rows)
        return policy_rows._replace(
            rows=policy_rows.rows[kept], deleted=1.0 - (1.0 - policy_rows.deleted) * (1.0 - lost)
        )

    def _check(self, n_rows: int, n_columns: int) -> None:
        task, needed = self._task, of_rows(n_rows, n_columns, self._task.options.backend)
        if n_rows > task.max_sequences or needed.memory > task.memory:
            raise TooManySequencesError(
                f"{n_rows} policies are left at one step, which need {needed}; "
                f"{allowed(task.memory, task.max_sequences)}; shorten the horizon, coarsen the sensor, raise "
                "max_sequences= or memory=, or take an interval: method='interval'"
            )

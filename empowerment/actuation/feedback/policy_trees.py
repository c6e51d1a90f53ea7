"""What the last reading tells when actions react: the capacity over all policy trees.

Each tree, which action follows which observations, is an input; its row is the distribution of the reading. What is
read after an action is a mixture over what the agent then sees, and for each of these it may go on with a tree of its
own. So the rows that can be had from an information state are

    Rows(i) = union over actions of the sum over next information states j of p(j) * Rows(j),

sums of sets, each element with each. The capacity depends on their convex hull alone, and so after each sum only
its extreme rows are kept; for state readings deterministic policies that remember nothing but the step are enough.
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
_HULL_ROWS = 5000  # finding the extreme ones of more takes too long
# Of rows in few dimensions extreme ones are looked for as long as that takes no more than this, in rows times squared
# columns for each byte that may be taken: where they do not get fewer by then, they are too many to be listed.
_WORK_PER_BYTE = 1e-3
_LITTLE = 2**22  # bytes that take no time
# An interval as narrow as this, in nats, was left by rounding; a wider one by work that would have been too much.
_BY_ROUNDING = 1e-6


def trees_of_states(task: StateTask, dynamics: Dynamics, output: str = "final") -> StateSolution:
    """Return what actions that react to the state tell a receiver of the sensor.

    Each state has its own actions. A policy counts only if it is never stuck while steps are left.

    Parameters
    ----------
    task : StateTask
        `max_sequences` and `memory` limit the rows of one sum.
    dynamics : Dynamics
        Its sensor is what the receiver reads.
    output : {"final", "trajectory"}
        Whether it reads once, after the last action, or after each. If it reads the state after each,
        :func:`empowerment.actuation.feedback.bellman.feedback_values` has the answer for any horizon.

    Returns
    -------
    StateSolution
        In nats, rounding and pruning allowed for; without sequences, because there are none.

    Raises
    ------
    NoSequenceError
        If every policy may be stuck before its last step.
    TooManySequencesError
        If there are too many rows: then there is :func:`empowerment.actuation.feedback.bounds.bracket_states`.
    """
    if not task.horizon:
        return StateSolution.without_sequences(0.0, 0.0, 0.0, 0)
    return _solved(information_states_of_model(dynamics, task.start, task.horizon, output), task)


def polytope_of_states(task: StateTask, dynamics: Dynamics) -> StateSolution | None:
    """Return an interval for what :func:`trees_of_states` computes, of any width; None of many readings."""
    return solve_polytope(information_states_of_model(dynamics, task.start, task.horizon, "final"), task)


def trees_of_beliefs(
    task: StateTask, model: POMDP, belief: np.ndarray, sensor: np.ndarray | None = None, output: str = "final"
) -> StateSolution:
    """Return what actions that react to observations tell a receiver of one reading, after the last action.

    An action may be taken where every state that the agent then holds possible has it. A policy counts only if it is
    never without such an action while steps are left.

    Parameters
    ----------
    task : StateTask
        `max_sequences` and `memory` limit the beliefs and the rows of one sum; `start` is not read.
    model : POMDP
    belief : ndarray of shape (n_states,)
        What the agent and the receiver know at first.
    sensor : ndarray of shape (n_states, n_readings), optional
        What the receiver reads off the last state; by default it reads the last observation.
    output : {"final", "trajectory"}
        With a sensor the receiver may read every state on the way, where horizon and readings are few.

    Returns
    -------
    StateSolution
        In nats, rounding and pruning allowed for; without sequences, because there are none.

    Raises
    ------
    NoSequenceError
        If every policy may be stuck before its last step.
    TooManySequencesError
        If there are too many beliefs or rows: then there is
        :func:`empowerment.actuation.feedback.bounds.bracket_beliefs`.
    ValueError
        If the trajectory of the observations is asked for, for which there is
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
    return _solved(
        information_states_of_beliefs(model, belief, task.horizon, reading, kernel, task.max_sequences), task
    )


class _Rows(NamedTuple):
    """The rows of all policies from an information state; see :class:`Layer`."""

    rows: np.ndarray
    relative_error: float
    deleted: float


def _solved(information_states: InformationStates, task: StateTask) -> StateSolution:
    most = _log_readings(information_states)
    wide = most <= task.wanted(0.0)  # then any answer will do
    if information_states.told is None:
        memory = min(task.memory, _LITTLE) if wide else task.memory
        rows = rows_of_all_policies(information_states, task.max_sequences, memory)
        if rows is not None:
            return _capacity_of(_Rows(rows[:, rows.any(axis=0)], information_states.relative_error, 0.0), task)
    if wide:
        return StateSolution.without_sequences(0.0, 0.0, most, task.horizon)
    known = solve_polytope(information_states, task) if information_states.told is None else None
    if known is None:
        return _capacity_of(_added_up(information_states, task), task)
    gap, wanted = known.upper - known.lower, task.wanted(known.lower)
    if gap <= wanted:
        return known
    try:
        if gap > _BY_ROUNDING:
            raise TooManySequencesError(
                f"the policies of {task.horizon} steps differ in too many ways to tell within {wanted:.1e} nats what "
                "they can make of the reading; shorten the horizon, coarsen the sensor, raise tol= or memory=, or "
                "take an interval: method='interval'"
            )
        return _capacity_of(_added_up(information_states, task), task)
    except TooManySequencesError as reason:
        raise TooManySequencesError(str(reason), known) from None


def _log_readings(information_states: InformationStates) -> float:
    """Return the logarithm of a number of different readings, or of runs of them, that there are at most."""
    last = np.any([rows.any(axis=0) for rows in information_states.endings], axis=0)
    return sum(
        math.log(np.count_nonzero(seen.any(axis=0))) for seen in (*(information_states.told or []), last[None])
    )


def _added_up(information_states: InformationStates, task: StateTask) -> _Rows:
    """Add up the rows of what may follow, from the last level of information states to the first."""
    adding = _Adding(task)
    used = np.any([rows.any(axis=0) for rows in information_states.endings], axis=0)
    last = [
        adding.thinned(_Rows(rows[:, used], information_states.relative_error, 0.0))
        for rows in information_states.endings
    ]
    for depth in reversed(range(len(information_states.branches))):
        if information_states.told is not None:
            last = [_preceded(rows, told) for rows, told in zip(last, information_states.told[depth], strict=True)]
        last = [
            adding.joined([adding.mixed(branch, last) for branch in own])
            for own in information_states.branches[depth]
        ]
    return last[0]


def _capacity_of(found: _Rows, task: StateTask) -> StateSolution:
    result = channel_capacity(
        Channel.from_valid(np.ascontiguousarray(found.rows)),
        **task.options.share(_INNER).as_keywords(),
    )
    most = math.log(found.rows.shape[1])
    upper = (1.0 - found.deleted) * float(result.upper) + found.deleted * most
    ends = StateSolution.without_sequences(float(result.value), float(result.lower), upper, task.horizon)
    return widened(ends, found.relative_error)


def _preceded(after: _Rows, told: np.ndarray) -> _Rows:
    """Put before what is read later what is read now."""
    rows = (told[:, None] * after.rows[:, None, :]).reshape(len(after.rows), -1)
    return after._replace(rows=rows, relative_error=after.relative_error + _EPS)


class _Adding:
    """Sums and unions of sets of rows, thinned out after each."""

    def __init__(self, task: StateTask) -> None:
        self._task, self._work = task, _WORK_PER_BYTE * task.memory
        self._equal_rows = capacity_kernels(task.options.backend).equal_rows

    def mixed(self, branch: Branch, following: list[_Rows]) -> _Rows:
        """Return the sum of what may follow, each with its probability: a row for each choice of rows."""
        parts = sorted(
            ((p, following[number]) for p, number in zip(*branch, strict=True)), key=lambda part: len(part[1].rows)
        )
        (p, first), *others = parts
        found, prune = first._replace(rows=p * first.rows), True
        for p, other in others:
            self._check(len(found.rows) * len(other.rows), found.rows.shape[1])
            rows = (found.rows[:, None] + p * other.rows).reshape(-1, found.rows.shape[1])
            error = max(found.relative_error, other.relative_error) + 2 * _EPS
            found = self.thinned(_Rows(rows, error, max(found.deleted, other.deleted)), prune)
            prune = prune and len(found.rows) <= WORTH_PRUNING * len(rows)
        return found

    def joined(self, parts: list[_Rows]) -> _Rows:
        """Return the union over actions."""
        if len(parts) == 1:
            return parts[0]
        rows = np.concatenate([part.rows for part in parts])
        error, deleted = (max(column) for column in zip(*(part[1:] for part in parts), strict=True))
        return self.thinned(_Rows(rows, error, deleted))

    def thinned(self, found: _Rows, prune: bool = True) -> _Rows:
        """Keep one of each group of rows that are equal up to rounding, and of these the extreme ones."""
        if len(found.rows) < 2:
            return found
        first = self._equal_rows(np.ascontiguousarray(found.rows))
        kept = np.flatnonzero(first == np.arange(first.size))
        found = found._replace(rows=found.rows[kept], relative_error=found.relative_error + EQUAL_RTOL)
        n_rows, n_columns = found.rows.shape
        work = float(n_rows * n_columns**2)
        if not prune or n_columns > HULL_COLUMNS or not 2 < n_rows <= _HULL_ROWS or work > self._work:
            return found
        self._work -= work
        kept, lost = extreme_rows(found.rows)
        return found._replace(rows=found.rows[kept], deleted=1.0 - (1.0 - found.deleted) * (1.0 - lost))

    def _check(self, n_rows: int, n_columns: int) -> None:
        limit, needed = self._task.max_sequences, 32 * n_rows * n_columns
        if n_rows > limit or needed > self._task.memory:
            raise TooManySequencesError(
                f"{n_rows} policies are left at one step, with rows of {n_columns} entries; allowed are {limit:,} "
                f"and what fits into {self._task.memory / 1e9:.3g} GB; shorten the horizon, coarsen the sensor, "
                "raise max_sequences= or memory=, or take an interval: method='interval'"
            )

"""Capacities of channels that were made state by state, as one result."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from empowerment.capacity.result import CapacityResult
from empowerment.capacity.solve import channel_capacity
from empowerment.core.channel import Channel
from empowerment.core.status import Status
from empowerment.measures.result import EmpowermentResult
from empowerment.multi_agent.joint_rows import JointSequences


def capacities_of(
    channels: Sequence[np.ndarray], joint: JointSequences, numbers: np.ndarray, actions: Sequence[Any], **options: Any
) -> EmpowermentResult:
    """Return the capacities of the rows of several states as their empowerment.

    Parameters
    ----------
    channels : sequence of ndarray of shape (n_inputs, n_outputs)
        For each state; without inputs its value is 0 and its status ``NO_SEQUENCE``.
    joint : JointSequences
        Where the rows are from.
    numbers : ndarray of int of shape (n_states,)
        Numbers of the states.
    actions : sequence of hashable
        Labels of the actions whose sequences are the inputs.
    **options
        Further arguments of :func:`empowerment.channel_capacity`.
    """
    filled = [rows if len(rows) else np.ones((1, 1)) for rows in channels]
    result: CapacityResult = channel_capacity([Channel.from_valid(rows) for rows in filled], **options)
    empty = np.array([not len(rows) for rows in channels])
    lower, upper = joint.outward(result.lower, result.upper, math.log(result.base))
    lower, upper = np.where(empty, 0.0, lower), np.where(empty, 0.0, upper)
    model = joint.model
    return EmpowermentResult(
        value=np.clip(np.asarray(result.value), lower, upper),
        lower=lower,
        upper=upper,
        status=np.where(empty, int(Status.NO_SEQUENCE), np.asarray(result.status)),
        states=tuple(model.states[number] for number in numbers.tolist()),
        state_numbers=numbers,
        actions=tuple(actions),
        horizon=joint.horizon,
        sensor=joint.sensor.name,
        output="final",
        stopping=False,
        method=np.full(numbers.size, "enumeration"),
        backend=result.backend,
        base=result.base,
        tol=result.tol,
        rtol=result.rtol,
        layout=model.layout,
    )

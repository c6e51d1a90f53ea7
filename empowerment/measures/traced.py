"""Empowerment inside JAX's transformations: every sequence as a row of products, and gradients through them.

There values are not known yet, so that nothing can be merged, left out, handed over or checked. The gradient is that
of the information at the optimal distribution over sequences (the envelope theorem), carried back through the
products to the transition and the sensor; the solver itself is not differentiated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy import sparse

from empowerment.actuation.kernels.xla import rows_of_sequences
from empowerment.actuation.open_loop.channel import OUTPUTS
from empowerment.actuation.sensor import make_sensor
from empowerment.capacity.jax_results import register
from empowerment.capacity.options import SolverOptions
from empowerment.capacity.result import CapacityResult
from empowerment.capacity.solve import channel_capacity
from empowerment.capacity.traced import require_double_precision
from empowerment.core import validate
from empowerment.core.intervals import met
from empowerment.core.status import Status
from empowerment.measures.resources import Resources
from empowerment.measures.result import EmpowermentResult
from empowerment.models.mdp import AXES, MDP

METHODS = ("auto", "enumeration")


def traced_empowerment(
    model: Any,
    horizon: int,
    *,
    states: Any,
    sensor: Any,
    output: str,
    stopping: bool,
    tol: float,
    rtol: float,
    method: str,
    backend: str,
    base: float,
    options: Mapping[str, Any] | None,
    **outside: Any,
) -> EmpowermentResult:
    """Return the result for a model, or a sensor, whose numbers are known later.

    The arguments are those of :func:`empowerment.empowerment`; `outside` are those that cannot be kept here.

    Raises
    ------
    RuntimeError
        If JAX computes in single precision.
    ValueError
        If the transition is no array (state, action, next_state), an MDP lacks an action somewhere, or an option
        cannot be kept.
    MemoryError
        If the rows of all sequences are more than is allowed.
    """
    require_double_precision()
    _refuse(method, backend, **outside)
    validate.one_of(output, OUTPUTS, "output")
    horizon, resources = validate.short_horizon(horizon), Resources.checked(options)
    solver = SolverOptions.checked(
        tol=tol, rtol=rtol, base=base, backend="jax", max_iter=resources.max_iter, on_failure="ignore"
    )
    transition, labels = _transition(model)
    matrix, name = _sensor(sensor, labels)
    numbers = labels.state_indices(states)
    if stopping:
        idle = jnp.broadcast_to(jnp.eye(len(transition))[:, None, :], transition[:, :1].shape)
        transition = jnp.concatenate([transition, idle], axis=1)
    n_outcomes = validate.power(matrix.shape[1], horizon if output == "trajectory" else 1)
    _check_sequences(transition.shape[1], horizon, resources.max_sequences)
    _check_memory(transition.shape, horizon, n_outcomes, numbers.size, resources.memory)
    rows = rows_of_sequences(transition, matrix, jnp.asarray(numbers), horizon, output)
    capacity = channel_capacity(rows, **solver.as_keywords())
    lower, upper, status = _with_slack(capacity, 2.0 * (horizon + 1) * (len(transition) + 2) * np.finfo(float).eps)
    value: Any = capacity.value
    register(EmpowermentResult)
    return EmpowermentResult(
        value=value,
        lower=lower,
        upper=upper,
        status=status,
        states=tuple(labels.states[i] for i in numbers),
        state_numbers=numbers,
        actions=tuple(labels.actions),
        horizon=horizon,
        sensor=name,
        output=output,
        stopping=bool(stopping),
        method=np.full(numbers.size, "enumeration"),
        backend="jax",
        base=solver.base,
        tol=solver.tol,
        rtol=solver.rtol,
    )


def _refuse(
    method: str,
    backend: str,
    *,
    beliefs: Any,
    known_to: str,
    feedback: bool,
    n_jobs: Any,
    checkpoint: Any,
    on_failure: str,
    progress: bool | str,
) -> None:
    """Refuse what cannot be kept where values are not known yet."""
    outside = {
        "beliefs": beliefs,
        "known_to": known_to if known_to != "nobody" else None,
        "feedback": feedback or None,
        "method": method if method not in METHODS else None,
        "backend": backend if backend != "jax" else None,
        "n_jobs": n_jobs,
        "checkpoint": checkpoint,
        "on_failure": "raise" if on_failure == "raise" else None,
        "progress": True if progress is True else None,
    }
    for name, value in outside.items():
        if value is not None:
            raise ValueError(
                f"inside a JAX transformation {name}={value!r} cannot be kept: there all sequences are enumerated, "
                "backend 'jax', in one process, and `status` says how it went"
            )


def _transition(model: Any) -> tuple[jax.Array, MDP]:
    """Return the transition, and a model of its shape to look labels up in."""
    if isinstance(model, MDP):
        if not model.available.all():
            state, action = np.argwhere(~model.available)[0]
            raise ValueError(
                "inside a JAX transformation every action must be available everywhere; action "
                f"{model.actions[action]!r} is not in state {model.states[state]!r}"
            )
        return jnp.asarray(model.to_dense()), model
    transition = jnp.asarray(model, dtype=float)
    if transition.ndim != 3 or transition.shape[0] != transition.shape[2] or 0 in transition.shape:
        raise ValueError(
            f"transition has shape {transition.shape}, expected {AXES} with as many next states as states"
        )
    stays = np.repeat(np.arange(transition.shape[0]), transition.shape[1])
    return transition, MDP(sparse.csr_array((np.ones(stays.size), (np.arange(stays.size), stays))))


def _sensor(sensor: Any, labels: MDP) -> tuple[jax.Array, str]:
    if not isinstance(sensor, jax.Array):
        checked = make_sensor(sensor, labels)
        return jnp.asarray(checked.matrix.toarray()), checked.name
    matrix = jnp.asarray(sensor, dtype=float)
    if matrix.ndim != 2 or len(matrix) != labels.n_states:
        raise ValueError(
            f"sensor has shape {matrix.shape}, expected (n_states, n_readings) of {labels.n_states} states"
        )
    return matrix, "matrix"


def _check_sequences(n_actions: int, horizon: int, allowed: int) -> None:
    count = validate.power(n_actions, horizon)
    if count > allowed:
        raise MemoryError(
            f"inside a JAX transformation all {count:.3g} sequences of {horizon} actions are "
            f"rows, allowed are {allowed:,}; shorten the horizon or raise max_sequences in options="
        )


def _check_memory(shape: tuple[int, ...], horizon: int, n_outcomes: float, n_starts: int, allowed: float) -> None:
    n_states, n_actions, _ = shape
    taken = 8.0 * n_outcomes * validate.power(n_actions, horizon) * max(n_starts, n_states / n_actions)
    if taken > allowed:
        raise MemoryError(
            f"the rows of all sequences take {taken / 1e9:.3g} GB, allowed are {allowed / 1e9:.3g} GB; shorten the "
            "horizon, name fewer states=, coarsen the sensor or raise memory in options="
        )


def _with_slack(capacity: CapacityResult, relative_error: float) -> tuple[Any, Any, Any]:
    """Return both ends moved outward by the rounding of the rows (see `Layer`), and the status."""
    slack = relative_error * (1.0 / math.log(capacity.base) + capacity.upper)
    lower, upper = jnp.maximum(capacity.lower - slack, 0.0), capacity.upper + slack
    missed = jnp.where(capacity.status == Status.MAX_ITER, int(Status.MAX_ITER), int(Status.PRECISION))
    certified = met(lower, upper, capacity.tol, capacity.rtol)
    return lower, upper, jnp.where(certified, int(Status.CERTIFIED), missed)

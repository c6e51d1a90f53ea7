"""Capacities inside JAX transformations, where values are unknown, and their gradients.

There nothing can be checked, nothing can fall back to the CPU, and no warning is possible: the status reports
failures.

Values are used unchecked: rows that do not sum to 1 give the certificate of measures, and NaN stays NaN. On a CPU,
XLA flushes entries below 2.3e-308 to 0.

The gradient is that of the information at the computed input distribution p, which at an optimum is the gradient of
the capacity (the envelope theorem), or one of its subgradients if p is not unique; the iteration itself is not
differentiated. In the divergence of measures, ``sum w log(w/q) - sum w + sum q``, the derivative of
the information in an entry W[x, y] is ``p[x] log(W[x, y] / q[y])``: the effects through ``q = p W`` cancel. In the
reward of an input it is p[x].
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from empowerment.capacity.jax_results import register
from empowerment.capacity.kernels.xla.passes import TINIEST, Channels, product
from empowerment.capacity.kernels.xla.solve import run_and_certify, target_of
from empowerment.capacity.options import SolverOptions
from empowerment.capacity.result import CapacityResult
from empowerment.core.channel import Channel
from empowerment.core.status import Status

# Tolerances in nats, the method and the limit on steps: the arguments of kernels.
_Limits = tuple[float, float, int, int]


class TracedSolution(NamedTuple):
    """The solution of one channel, in nats."""

    value: jax.Array
    lower: jax.Array
    upper: jax.Array
    p: jax.Array
    q: jax.Array
    n_iter: jax.Array
    n_passes: jax.Array
    limited: jax.Array


def traced_capacity(channel: Any, rewards: Any, options: SolverOptions, method: str) -> CapacityResult:
    """Return the traced result of one channel, or of a batch in one array.

    Raises
    ------
    RuntimeError
        If JAX computes in single precision.
    TypeError, ValueError
        If the channel is not an array of two or three axes, the rewards do not match the inputs, or
        ``on_failure="raise"``.
    """
    if options.backend != "jax":
        raise ValueError(f"inside a JAX transformation the backend is 'jax', not {options.backend!r}")
    if options.on_failure == "raise":
        raise ValueError("inside a JAX transformation on_failure='raise' cannot be kept; look at status afterwards")
    require_double_precision()
    matrix, nats = _as_arrays(channel, rewards, options.unit)
    solve = functools.partial(_solved, options.for_kernel(method), rewards is not None)
    answer = (jax.vmap(solve) if matrix.ndim == 3 else solve)(matrix, nats)
    shapes = np.tile(matrix.shape[1:], (len(matrix), 1)) if matrix.ndim == 3 else None
    register(CapacityResult)
    return _result(answer, options, method, shapes)


def require_double_precision() -> None:
    """Raise if JAX computes in single precision inside a transformation."""
    if jax.dtypes.canonicalize_dtype(float) != np.float64:
        raise RuntimeError(
            "inside a JAX transformation a capacity needs double precision, which is off: "
            'call jax.config.update("jax_enable_x64", True) first, or do it all inside "with jax.enable_x64(True):"'
        )


def _as_arrays(channel: Any, rewards: Any, unit: float) -> tuple[jax.Array, jax.Array]:
    """Return the matrix or matrices, and rewards in nats, in double precision."""
    if isinstance(channel, list | tuple):
        raise TypeError(
            "inside a JAX transformation a batch is one array (channel, input, output); stack the channels"
        )
    matrix = jnp.asarray(channel.matrix if isinstance(channel, Channel) else channel, dtype=float)
    if matrix.ndim not in (2, 3) or 0 in matrix.shape:
        raise ValueError(f"channel has shape {matrix.shape}, expected (input, output) or (channel, input, output)")
    nats = jnp.zeros(matrix.shape[:-1]) if rewards is None else jnp.asarray(rewards, dtype=float) * unit
    if nats.shape != matrix.shape[:-1]:
        raise ValueError(f"rewards has shape {nats.shape}, expected {matrix.shape[:-1]}, one for each input")
    return matrix, nats


def _result(answer: TracedSolution, options: SolverOptions, method: str, shapes: np.ndarray | None) -> CapacityResult:
    value, lower, upper = (x / options.unit for x in (answer.value, answer.lower, answer.upper))
    missed = jnp.where(answer.limited, int(Status.MAX_ITER), int(Status.PRECISION))
    arrays: dict[str, Any] = {
        "value": value,
        "lower": lower,
        "upper": upper,
        "input_distribution": answer.p,
        "output_distribution": answer.q,
        "n_iter": answer.n_iter,
        "n_passes": answer.n_passes,
        "status": jnp.where(options.met(lower, upper), int(Status.CERTIFIED), missed),
    }
    return CapacityResult(
        **arrays,
        method=method,
        backend="jax",
        base=options.base,
        tol=options.tol,
        rtol=options.rtol,
        shapes=shapes,
    )


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _solved(limits: _Limits, rewarded: bool, matrix: jax.Array, rewards: jax.Array) -> TracedSolution:
    return _answer(limits, rewarded, matrix, rewards)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _answer(limits: _Limits, rewarded: bool, matrix: jax.Array, rewards: jax.Array) -> TracedSolution:
    channel = Channels(matrix, rewards, (matrix > 0).any(axis=0))
    target, method = target_of(*limits), limits[2]
    ends, n_iter, certificate, _ = run_and_certify(channel, target, method)
    lower = certificate.lower if rewarded else jnp.maximum(certificate.lower, 0.0)
    return TracedSolution(
        value=jnp.minimum(jnp.maximum(certificate.information, lower), certificate.upper),
        lower=lower,
        upper=certificate.upper,
        p=ends.p,
        q=jnp.where(channel.reached, ends.q, 0.0),
        n_iter=n_iter,
        n_passes=ends.n_passes,
        limited=n_iter >= target.max_iter,
    )


def _forward(
    limits: _Limits, rewarded: bool, matrix: jax.Array, rewards: jax.Array
) -> tuple[TracedSolution, tuple[jax.Array, jax.Array]]:
    answer = _solved(limits, rewarded, matrix, rewards)
    return answer, (matrix, answer.p)


def _backward(
    limits: _Limits, rewarded: bool, kept: tuple[jax.Array, jax.Array], change: TracedSolution
) -> tuple[jax.Array, jax.Array]:
    """Return the gradient of the value; the other parts of the solution count as constants."""
    matrix, p = kept
    return change.value * slope(matrix, p), change.value * p


_solved.defvjp(_forward, _backward)


def slope(matrix: jax.Array, p: jax.Array) -> jax.Array:
    """Return ``p[x] log(W[x, y] / q[y])``, and 0 where W or p is 0.

    If W alone is 0 the true slope is minus infinity. With 0 instead, gradients in the logits of a softmax are right,
    because there the slope is multiplied by W.
    """
    used = (matrix > 0) & (p > 0)[:, None]
    q = jnp.maximum(product(p, matrix), TINIEST)
    return p[:, None] * jnp.log(jnp.where(used, matrix / q, 1.0))

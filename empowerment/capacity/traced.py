"""Capacities inside JAX's transformations, where values are not known yet, and their gradients.

Nothing can be checked there, nothing handed over to the CPU, and nobody warned: the status says how it went.

The values are taken as they are: rows that do not sum to 1 give the certificate of measures, and what is not a number
stays none. On a CPU, XLA takes entries below 2.3e-308 for 0.

The gradient is that of the information at the input distribution p that was found, which at an optimum is the
gradient of the capacity (the envelope theorem), or one of its subgradients where p is not the only one; the iteration
itself is not differentiated. In the divergence of measures, ``sum w log(w/q) - sum w + sum q``, the derivative of
the information in an entry W[x, y] is ``p[x] log(W[x, y] / q[y])``: what a change of W does to ``q = p W`` cancels.
In the reward of an input it is p[x].
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

# Tolerances in nats, the method and the limit on steps, as kernels take them.
_Limits = tuple[float, float, int, int]


class Answer(NamedTuple):
    """What is known of one channel at the end, in nats."""

    value: jax.Array
    lower: jax.Array
    upper: jax.Array
    p: jax.Array
    q: jax.Array
    n_iter: jax.Array
    n_passes: jax.Array
    limited: jax.Array


def traced_capacity(channel: Any, rewards: Any, options: SolverOptions, method: str) -> CapacityResult:
    """Return the result for one channel, or for a batch in one array, whose numbers are known later.

    Raises
    ------
    RuntimeError
        If JAX computes in single precision.
    TypeError, ValueError
        If the channel is no array of two or three axes, the rewards are not one for each input, or a failure is to
        be raised.
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
    """Refuse to go on inside a transformation in which JAX computes in single precision."""
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


def _result(answer: Answer, options: SolverOptions, method: str, shapes: np.ndarray | None) -> CapacityResult:
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
def _solved(limits: _Limits, rewarded: bool, matrix: jax.Array, rewards: jax.Array) -> Answer:
    return _answer(limits, rewarded, matrix, rewards)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _answer(limits: _Limits, rewarded: bool, matrix: jax.Array, rewards: jax.Array) -> Answer:
    channel = Channels(matrix, rewards, (matrix > 0).any(axis=0))
    target, method = target_of(*limits), limits[2]
    ends, n_iter, certificate, _ = run_and_certify(channel, target, method)
    lower = certificate.lower if rewarded else jnp.maximum(certificate.lower, 0.0)
    return Answer(
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
) -> tuple[Answer, tuple[jax.Array, jax.Array]]:
    answer = _solved(limits, rewarded, matrix, rewards)
    return answer, (matrix, answer.p)


def _backward(
    limits: _Limits, rewarded: bool, kept: tuple[jax.Array, jax.Array], change: Answer
) -> tuple[jax.Array, jax.Array]:
    """Return the gradient of the value; the other parts of the answer count as constants."""
    matrix, p = kept
    return change.value * slope(matrix, p), change.value * p


_solved.defvjp(_forward, _backward)


def slope(matrix: jax.Array, p: jax.Array) -> jax.Array:
    """Return ``p[x] log(W[x, y] / q[y])``, and 0 where W or p is 0.

    Where W alone is 0 the true slope is minus infinity. Zero is what makes gradients in the logits of a softmax
    right: there it is multiplied by W.
    """
    used = (matrix > 0) & (p > 0)[:, None]
    q = jnp.maximum(product(p, matrix), TINIEST)
    return p[:, None] * jnp.log(jnp.where(used, matrix / q, 1.0))

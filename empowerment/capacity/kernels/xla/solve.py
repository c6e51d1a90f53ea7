"""Channels on the device: single ones after reduction, batches side by side without it."""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from empowerment.capacity.kernels import (
    BLAHUT_ARIMOTO,
    DIRECT,
    HANDED_OVER,
    INTERIOR_POINT_STEPS,
    NOT_REACHED,
    SQUAREM,
    TINY,
    WORKING_SET,
    Batch,
    Certificate,
    Outcome,
    Solution,
    pack,
)
from empowerment.capacity.kernels.reference.solve import better_ends, solve_by_parts
from empowerment.capacity.kernels.xla import iterations
from empowerment.capacity.kernels.xla.certificate import certify, row_offsets
from empowerment.capacity.kernels.xla.interior_point import interior_point
from empowerment.capacity.kernels.xla.padding import padded, pieces
from empowerment.capacity.kernels.xla.passes import BestEnds, Channels, Target, uniform
from empowerment.capacity.kernels.xla.placement import (
    device_count,
    entries_at_a_time,
    fetched,
    in_double_precision,
    placed,
)

_ITERATIONS = {BLAHUT_ARIMOTO: iterations.blahut_arimoto, SQUAREM: iterations.squarem}


def target_of(tol: float, rtol: float, method: int, max_iter: int) -> Target:
    """Return the target of a method; the interior point reaches it in a few steps or not at all."""
    return Target(tol, rtol, min(max_iter, INTERIOR_POINT_STEPS) if method == WORKING_SET else max_iter)


def run(channel: Channels, target: Target, method: int) -> tuple[BestEnds, jax.Array]:
    """Solve one channel from the uniform distribution; return the ends and the number of steps."""
    if method == WORKING_SET:
        return interior_point(channel, target)
    return _ITERATIONS[method](channel, uniform(channel.offsets), target)


def run_and_certify(
    channel: Channels, target: Target, method: int
) -> tuple[BestEnds, jax.Array, Certificate, jax.Array]:
    """Solve one channel whose offsets hold its rewards alone; return also the certificate and the rung."""
    channel = channel._replace(offsets=channel.offsets + row_offsets(channel.matrix))
    ends, n_iter = run(channel, target, method)
    rung = jnp.where(target.missed(ends), NOT_REACHED, DIRECT)
    certificate = certify(channel, ends.p, jnp.where(channel.reached, ends.q, 0.0), jnp.log(ends.q))
    return ends, n_iter, certificate, rung


@functools.partial(jax.jit, static_argnames="method")
def _run_many(channels: Channels, target: Target, method: int) -> Any:
    return jax.vmap(lambda one: run_and_certify(one, target, method))(channels)


@functools.partial(jax.jit, static_argnames="method")
def _run_from(channels: Channels, p: jax.Array, target: Target, method: int) -> Any:
    """Run an iteration from p, or the interior-point method, which ignores p."""
    if method == WORKING_SET:
        return jax.vmap(lambda one, _: interior_point(one, target))(channels, p)
    return jax.vmap(lambda one, start: _ITERATIONS[method](one, start, target))(channels, p)


@jax.jit
def _certify(channels: Channels, p: jax.Array, q: jax.Array, log_q: jax.Array) -> Certificate:
    return jax.vmap(certify)(channels, p, q, log_q)


@in_double_precision
def _one(
    matrix: np.ndarray, offsets: np.ndarray, p: np.ndarray, tol: float, rtol: float, max_iter: int, method: int
) -> Solution:
    """Run a method on one channel, padded to a common shape."""
    channels = padded(matrix, offsets)
    start = np.zeros(channels.offsets.shape)
    start[0, : p.size] = p
    ends, n_iter = fetched(_run_from(*placed((channels, start)), target_of(tol, rtol, method, max_iter), method))
    lower, upper = float(ends.lower[0]), float(ends.upper[0])
    reached = upper - lower <= max(tol, rtol * lower)
    own_p, own_q = ends.p[0, : p.size], ends.q[0, : matrix.shape[1]]
    passes = int(ends.n_passes[0])
    return Solution(own_p, own_q, lower, upper, int(n_iter[0]), passes, DIRECT if reached else NOT_REACHED)


def blahut_arimoto(
    matrix: np.ndarray, offsets: np.ndarray, p: np.ndarray, tol: float, rtol: float, max_iter: int
) -> Solution:
    """Iterate on the device; see `reference.iterations`."""
    return _one(matrix, offsets, p, tol, rtol, max_iter, BLAHUT_ARIMOTO)


def squarem(
    matrix: np.ndarray, offsets: np.ndarray, p: np.ndarray, tol: float, rtol: float, max_iter: int
) -> Solution:
    """Iterate on the device; see `reference.iterations`."""
    return _one(matrix, offsets, p, tol, rtol, max_iter, SQUAREM)


def working_set(matrix: np.ndarray, offsets: np.ndarray, tol: float, rtol: float, max_iter: int) -> Solution:
    """Solve by the interior-point method, here with all rows as the working set."""
    return _one(matrix, offsets, np.full(len(matrix), 1.0 / len(matrix)), tol, rtol, max_iter, WORKING_SET)


@in_double_precision
def certificate(matrix: np.ndarray, offsets: np.ndarray, p: np.ndarray, q: np.ndarray) -> Certificate:
    """Return the information at p, and both ends rounded outward; see `reference.certificate`."""
    channels = padded(matrix, offsets)
    own_p, own_q, log_q = np.zeros(channels.offsets.shape), *np.zeros((2, *channels.reached.shape))
    own_p[0, : p.size], own_q[0, : q.size] = p, q
    # On the host, where the smallest numbers are not flushed to 0.
    log_q[0, : q.size] = np.log(np.where(channels.reached[0, : q.size], np.maximum(q, TINY), 1.0))
    proven = fetched(_certify(*placed((channels, own_p, own_q, log_q))))
    return Certificate(*(float(part[0]) for part in proven))


def solve(matrix: np.ndarray, offsets: np.ndarray, tol: float, rtol: float, method: int, max_iter: int) -> Outcome:
    """Reduce on the host, solve every component on the device, map back, certify on the device."""
    return solve_by_parts(
        matrix, offsets, lambda block, own: ladder(block, own, tol, rtol, method, max_iter), certificate
    )


def ladder(matrix: np.ndarray, offsets: np.ndarray, tol: float, rtol: float, method: int, max_iter: int) -> Solution:
    """Solve a reduced block by one method; if the interior point stops early, continue with the ladder on the CPU."""
    if method != WORKING_SET:
        return _one(matrix, offsets, np.full(len(matrix), 1.0 / len(matrix)), tol, rtol, max_iter, method)
    solution = working_set(matrix, offsets, tol, rtol, max_iter)
    left = max_iter - solution.n_iter
    if solution.rung != NOT_REACHED or left <= 0:
        return solution
    continued = on_the_host().ladder(matrix, offsets, tol, rtol, method, left)
    return better_ends(solution, continued, tol, rtol, HANDED_OVER)


def on_the_host() -> ModuleType:
    """Return the compiled kernels, or those in NumPy if numba is missing."""
    try:
        from empowerment.capacity.kernels import cpu
    except ImportError:
        from empowerment.capacity.kernels import reference

        return reference
    return cpu


def solve_batch(batch: Batch, tol: float, rtol: float, method: int, max_iter: int) -> Outcome:
    """Solve the channels of a batch side by side on the device; those that stop early continue on the CPU."""
    p, q = np.zeros(batch.row_start[-1]), np.zeros(batch.column_start[-1])
    information, lower, upper = np.zeros((3, batch.n_rows.size))
    n_iter, n_passes, rung = np.zeros((3, batch.n_rows.size), dtype=np.int64)
    outcome = Outcome(p, q, information, lower, upper, n_iter, n_passes, rung)
    shapes = np.stack([batch.n_rows, batch.n_columns], axis=1)
    for piece in pieces(batch, device_count(), entries_at_a_time()):
        solved = solve_padded(piece.channels, shapes[piece.members], tol, rtol, method, max_iter)
        _fill_in(outcome, batch, piece.members, solved)
    return outcome


def _fill_in(outcome: Outcome, batch: Batch, members: np.ndarray, solved: Outcome) -> None:
    """Copy solved channels into the outcome of the batch, without the padding."""
    for k, i in enumerate(members):
        outcome.p[batch.row_start[i] : batch.row_start[i + 1]] = solved.p[k, : batch.n_rows[i]]
        outcome.q[batch.column_start[i] : batch.column_start[i + 1]] = solved.q[k, : batch.n_columns[i]]
    for target, part in zip(outcome[2:], solved[2:], strict=True):
        target[members] = part


@in_double_precision
def solve_padded(
    channels: Channels, shapes: np.ndarray, tol: float, rtol: float, method: int, max_iter: int
) -> Outcome:
    """Solve channels of one padded shape, whose offsets hold rewards alone; `shapes` exclude the padding.

    The outcome has one entry for each of `shapes`; further channels are padding.
    """
    ends, n_iter, certificate, rung = fetched(
        _run_many(placed(channels), target_of(tol, rtol, method, max_iter), method)
    )
    q = np.where(channels.reached, ends.q, 0.0)
    parts = (ends.p, q, *certificate, n_iter, ends.n_passes, rung)
    outcome = Outcome(*(np.array(part[: len(shapes)]) for part in parts))
    short = np.flatnonzero((outcome.rung == NOT_REACHED) & (outcome.n_iter < max_iter))
    if method == WORKING_SET and short.size:
        _hand_over(
            outcome, channels, shapes, short, (tol, rtol, WORKING_SET, max_iter - int(outcome.n_iter[short].max()))
        )
    return outcome


def _hand_over(
    outcome: Outcome,
    channels: Channels,
    shapes: np.ndarray,
    short: np.ndarray,
    limits: tuple[float, float, int, int],
) -> None:
    """Solve again on the CPU the channels that stopped early on the device."""
    matrices, rewards = jax.device_get((channels.matrix[short], channels.offsets[short]))
    rest = pack(
        [matrix[:n, :m] for matrix, (n, m) in zip(matrices, shapes[short], strict=True)],
        [own[:n] for own, (n, _) in zip(rewards, shapes[short], strict=True)],
    )
    continued = on_the_host().solve_batch(rest, *limits)
    outcome.n_iter[short] += continued.n_iter
    outcome.n_passes[short] += continued.n_passes
    for k in np.flatnonzero(continued.upper - continued.lower < (outcome.upper - outcome.lower)[short]):
        i, (n, m) = short[k], shapes[short[k]]
        outcome.p[i, :n] = continued.p[rest.row_start[k] :][:n]
        outcome.q[i, :m] = continued.q[rest.column_start[k] :][:m]
        for name in ("information", "lower", "upper"):
            getattr(outcome, name)[i] = getattr(continued, name)[k]
        outcome.rung[i] = NOT_REACHED if continued.rung[k] == NOT_REACHED else HANDED_OVER

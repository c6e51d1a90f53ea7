"""Mehrotra's predictor-corrector method on all rows at once; `reference.interior_point` explains it.

On a device more uniform arithmetic is cheaper than the choice of rows, so there is no working set: the system of the
Newton step is factorised over rows or over columns, whichever are fewer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from empowerment.capacity.kernels.xla.linear import factorised
from empowerment.capacity.kernels.xla.passes import BestEnds, Channels, Target, first_look, look, product, uniform

# Multiples of the trace to add to the diagonal after successive failed steps, before the method stops.
_ADDED = (0.0, 1e-14, 1e-12, 1e-10)

# Number of refinements of the solution of the smaller system.
_REFINEMENTS = 1


class _State(NamedTuple):
    """The state of the method: p, the slacks z, the multiplier nu, and the results of the pass at p."""

    p: jax.Array
    z: jax.Array
    nu: jax.Array
    q: jax.Array
    d: jax.Array
    ends: BestEnds
    n_iter: jax.Array
    failures: jax.Array


def interior_point(channel: Channels, target: Target) -> tuple[BestEnds, jax.Array]:
    """Return the ends and the number of steps."""
    ends, q, d, information = first_look(channel, uniform(channel.offsets))
    upper = d.max()
    nu = upper + jnp.maximum(0.1 * (upper - information), target.tol)
    z = jnp.where(ends.p > 0, nu - d, 1.0)
    none = jnp.zeros_like(ends.n_passes)

    def continues(state: _State) -> jax.Array:
        return target.missed(state.ends) & (state.n_iter < target.max_iter) & (state.failures < len(_ADDED))

    final = jax.lax.while_loop(
        continues, lambda state: _step(channel, state), _State(ends.p, z, nu, q, d, ends, none, none)
    )
    return final.ends, final.n_iter


def _step(channel: Channels, at: _State) -> _State:
    """Take one step; if the interval does not get narrower, stay and add more to the diagonal next time."""
    p, z, nu = _newton(channel, at)
    fine = jnp.isfinite(p).all() & jnp.isfinite(z).all() & jnp.isfinite(nu)
    p, z, nu = (jnp.where(fine, new, old) for new, old in ((p, at.p), (z, at.z), (nu, at.nu)))
    ends, q, d, _ = look(channel, p, at.ends)
    narrower = ends.upper - ends.lower < at.ends.upper - at.ends.lower
    return _State(p, z, nu, q, d, ends, at.n_iter + 1, jnp.where(narrower, 0, at.failures + 1))


def _newton(channel: Channels, at: _State) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return p, z and nu after a step; NaN if it fails.

    With ``e = p / z`` the system is ``diag(1/e) + B B'``; in terms of ``F = diag(e)^(1/2) B`` it becomes
    ``1 + F F'``, which has no eigenvalue below 1 and ignores rows of probability 0.
    """
    p, z, rows = at.p, at.z, channel.offsets > -jnp.inf
    root = jnp.sqrt(p / z)
    solve = _solver(root[:, None] * channel.matrix / jnp.sqrt(at.q), jnp.asarray(_ADDED)[at.failures])
    d = jnp.where(rows, at.d, at.nu)
    # The system maps p to z plus the sums of the rows. Solving for the residual to 1, which is small
    # where p is not, keeps the digits that solving for 1 would lose.
    ones = p - root * solve(root * (z + channel.matrix.sum(axis=1) - 1.0))
    missing = 1.0 - p.sum()

    def direction(centre: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Solve for the changes of p, of z, and of nu, which keeps the sum of p at 1."""
        # The residual of stationarity, nu - d - z, cancels the slack.
        change = root * solve(root * (d - at.nu + _over(centre, p)))
        d_nu = (change.sum() - missing) / ones.sum()
        dp = change - d_nu * ones
        return dp, d_nu, _over(centre - z * dp, p) - jnp.where(p > 0, z, 0.0)

    count = (p > 0).sum()
    mu = product(p, z) / count
    dp, d_nu, dz = direction(jnp.zeros_like(p))
    affine = jnp.minimum(1.0, _longest_step(p, dp, z, dz))
    mu_affine = product(p + affine * dp, z + affine * dz) / count
    centre = jnp.where(p > 0, mu * (mu_affine / mu) ** 3 - affine * dp * dz, 0.0)
    dp, d_nu, dz = direction(centre)
    length = jnp.minimum(1.0, jnp.clip(1 - mu, 0.9, 0.9995) * _longest_step(p, dp, z, dz))
    length = jnp.where(length > 1e-12, length, jnp.nan)
    p = p + length * dp
    return p / p.sum(), z + length * dz, at.nu + length * d_nu


def _over(values: jax.Array, p: jax.Array) -> jax.Array:
    """Divide by p, 0 where p is 0."""
    return jnp.where(p > 0, values / jnp.where(p > 0, p, 1.0), 0.0)


def _solver(f: jax.Array, added: jax.Array) -> Callable[[jax.Array], jax.Array]:
    """Return a function that solves with ``1 + F F'``, by way of ``1 + F' F`` if that is smaller.

    The smaller system is that of the least squares ``|F u - right|^2 + |u|^2``, whose residual is the solution.
    Forming it squares F; iterative refinement with F itself recovers the lost digits.
    """
    by_rows = f.shape[0] <= f.shape[1]
    gram = product(f, f.T) if by_rows else product(f.T, f)
    solve = factorised(gram + (1.0 + added * jnp.trace(gram)) * jnp.eye(len(gram)))

    def by_columns(right: jax.Array) -> jax.Array:
        u = jnp.zeros_like(f[0])
        for _ in range(_REFINEMENTS + 1):
            u = u + solve(product(right - product(f, u), f) - u)
        return right - product(f, u)

    return solve if by_rows else by_columns


def _longest_step(p: jax.Array, dp: jax.Array, z: jax.Array, dz: jax.Array) -> jax.Array:
    """Return the longest step that keeps p and z non-negative."""
    values, changes = jnp.concatenate([p, z]), jnp.concatenate([dp, dz])
    falling = changes < 0
    return jnp.where(falling, -values / jnp.where(falling, changes, 1.0), jnp.inf).min()

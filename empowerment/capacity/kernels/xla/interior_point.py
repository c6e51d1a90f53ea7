"""Mehrotra's predictor-corrector method on all rows at once; `reference.interior_point` explains it.

A device would rather do more arithmetic of one kind than decide which rows to work on, so that there is no working
set: the system of the Newton step is factorised over rows or over columns, whichever are fewer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from empowerment.capacity.kernels.xla.linear import factorised
from empowerment.capacity.kernels.xla.passes import Channels, Ends, Target, first_look, look, product, uniform

# Part of the trace that is added to the diagonal after so many steps in a row that led nowhere; then it is the end.
_ADDED = (0.0, 1e-14, 1e-12, 1e-10)

# How often the solution of the smaller system is refined.
_REFINEMENTS = 1


class _Point(NamedTuple):
    """Where the method stands: p, the slacks z, the multiplier nu, and what the pass at p gave."""

    p: jax.Array
    z: jax.Array
    nu: jax.Array
    q: jax.Array
    d: jax.Array
    ends: Ends
    n_iter: jax.Array
    failures: jax.Array


def interior_point(channel: Channels, target: Target) -> tuple[Ends, jax.Array]:
    """Return the ends and the number of steps."""
    ends, q, d, information = first_look(channel, uniform(channel.offsets))
    upper = d.max()
    nu = upper + jnp.maximum(0.1 * (upper - information), target.tol)
    z = jnp.where(ends.p > 0, nu - d, 1.0)
    none = jnp.zeros_like(ends.n_passes)

    def goes_on(at: _Point) -> jax.Array:
        return target.missed(at.ends) & (at.n_iter < target.max_iter) & (at.failures < len(_ADDED))

    found = jax.lax.while_loop(goes_on, lambda at: _step(channel, at), _Point(ends.p, z, nu, q, d, ends, none, none))
    return found.ends, found.n_iter


def _step(channel: Channels, at: _Point) -> _Point:
    """Go one step, or stay; where the interval does not get narrower, add more to the diagonal the next time."""
    p, z, nu = _newton(channel, at)
    fine = jnp.isfinite(p).all() & jnp.isfinite(z).all() & jnp.isfinite(nu)
    p, z, nu = (jnp.where(fine, new, old) for new, old in ((p, at.p), (z, at.z), (nu, at.nu)))
    ends, q, d, _ = look(channel, p, at.ends)
    narrower = ends.upper - ends.lower < at.ends.upper - at.ends.lower
    return _Point(p, z, nu, q, d, ends, at.n_iter + 1, jnp.where(narrower, 0, at.failures + 1))


def _newton(channel: Channels, at: _Point) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return p, z and nu after a step; not numbers where it leads nowhere.

    With ``e = p / z`` the system is ``diag(1/e) + B B'``; in terms of ``F = diag(e)^(1/2) B`` it becomes
    ``1 + F F'``, which has no eigenvalue below 1 and treats rows of probability 0 as if they were not there.
    """
    p, z, rows = at.p, at.z, channel.offsets > -jnp.inf
    root = jnp.sqrt(p / z)
    solve = _solver(root[:, None] * channel.matrix / jnp.sqrt(at.q), jnp.asarray(_ADDED)[at.failures])
    d = jnp.where(rows, at.d, at.nu)
    # What the system makes of p is z plus the sums of the rows. Solving for what is missing to 1, which is small
    # where p is not, keeps the digits that solving for 1 would lose.
    ones = p - root * solve(root * (z + channel.matrix.sum(axis=1) - 1.0))
    missing = 1.0 - p.sum()

    def direction(centre: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Solve for the change of p, of nu such that the probabilities go on to sum to 1, and of z."""
        # The residual of stationarity, nu - d - z, cancels the slack.
        change = root * solve(root * (d - at.nu + _over(centre, p)))
        d_nu = (change.sum() - missing) / ones.sum()
        dp = change - d_nu * ones
        return dp, d_nu, _over(centre - z * dp, p) - jnp.where(p > 0, z, 0.0)

    count = (p > 0).sum()
    mu = product(p, z) / count
    dp, d_nu, dz = direction(jnp.zeros_like(p))
    affine = jnp.minimum(1.0, _room(p, dp, z, dz))
    mu_affine = product(p + affine * dp, z + affine * dz) / count
    centre = jnp.where(p > 0, mu * (mu_affine / mu) ** 3 - affine * dp * dz, 0.0)
    dp, d_nu, dz = direction(centre)
    length = jnp.minimum(1.0, jnp.clip(1 - mu, 0.9, 0.9995) * _room(p, dp, z, dz))
    length = jnp.where(length > 1e-12, length, jnp.nan)
    p = p + length * dp
    return p / p.sum(), z + length * dz, at.nu + length * d_nu


def _over(values: jax.Array, p: jax.Array) -> jax.Array:
    """Divide by p, 0 where p is 0."""
    return jnp.where(p > 0, values / jnp.where(p > 0, p, 1.0), 0.0)


def _solver(f: jax.Array, added: jax.Array) -> Callable[[jax.Array], jax.Array]:
    """Return a function that solves with ``1 + F F'``, by way of ``1 + F' F`` if that is smaller.

    The smaller system is that of the least squares ``|F u - right|^2 + |u|^2``, and what they leave over is the
    solution. Forming it has squared F; residuals that are computed with F itself bring the lost digits back.
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


def _room(p: jax.Array, dp: jax.Array, z: jax.Array, dz: jax.Array) -> jax.Array:
    """Return how far p and z can go along their changes before an entry is 0."""
    values, changes = jnp.concatenate([p, z]), jnp.concatenate([dp, dz])
    falling = changes < 0
    return jnp.where(falling, -values / jnp.where(falling, changes, 1.0), jnp.inf).min()

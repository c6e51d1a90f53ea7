"""Systems of a positive definite matrix, in plain operations of XLA.

LAPACK is avoided: jaxlib (up to 0.10) spreads each batch of its calls over its own pool of threads and waits; if as
many calls wait at once as there are threads, as on a machine with two cores, they deadlock.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from empowerment.capacity.kernels.xla.passes import product

# Up to this size rows are eliminated one by one; beyond it half of them at a time, mostly by matrix products.
_SMALL = 64


def factorised(matrix: jax.Array) -> Callable[[jax.Array], jax.Array]:
    """Return a function that solves with a symmetric matrix of shape (n, n); NaN if it is not positive definite.

    The matrix is ``L diag(d) L'`` with a unit lower triangle L, of which the inverse is computed. It stays accurate
    however differently the rows are scaled; the inverse of the matrix itself would not.
    """
    triangle, d = _inverse_triangle(matrix)
    d = jnp.where(d > 0, d, jnp.nan)
    return lambda right: product(product(triangle, right) / d, triangle)


def _inverse_triangle(matrix: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the inverse of L, and d."""
    if len(matrix) <= _SMALL:
        return _eliminated(matrix)
    half = len(matrix) // 2
    first, d = _inverse_triangle(matrix[:half, :half])
    across = product(first, matrix[:half, half:])
    scaled = across.T / d
    second, e = _inverse_triangle(matrix[half:, half:] - product(scaled, across))
    corner = -product(second, product(scaled, first))
    triangle = jnp.block([[first, jnp.zeros_like(matrix[:half, half:])], [corner, second]])
    return triangle, jnp.concatenate([d, e])


def _eliminated(matrix: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Eliminate downwards, and store the inverse of L in place of the zeros."""
    numbers = jnp.arange(len(matrix))

    def eliminate(k: jax.Array, a: jax.Array) -> jax.Array:
        here, below = numbers == k, numbers > k
        share = jnp.where(below, a[:, k] / a[k, k], 0.0)
        return jnp.where(here & below[:, None], 0.0, a) - share[:, None] * jnp.where(here, 1.0, a[k])

    a = jax.lax.fori_loop(0, len(matrix), eliminate, matrix)
    return jnp.where(numbers[:, None] > numbers, a, 0.0) + jnp.eye(len(matrix)), jnp.diagonal(a)

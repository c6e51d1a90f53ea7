"""Systems of a positive definite matrix, in plain operations of XLA.

LAPACK is not for us. jaxlib (0.10 at the latest) spreads each batch of its calls over its own pool of threads and
waits; where as many of them wait at once as there are threads, as on a machine of two cores, they wait for ever.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from empowerment.capacity.kernels.xla.passes import product

# Up to this size rows are eliminated one by one; beyond it half the rows at a time, which is mostly products.
_SMALL = 64


def factorised(matrix: jax.Array) -> Callable[[jax.Array], jax.Array]:
    """Return a function that solves with a symmetric matrix of shape (n, n); not numbers if it is not positive.

    The matrix is ``L diag(d) L'`` with ones on the diagonal of the triangle L, whose inverse is what is found. That
    inverse keeps its digits however differently the rows are scaled; the inverse of the whole matrix would not.
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
    """Eliminate downwards, and keep the inverse of L where entries have become 0."""
    numbers = jnp.arange(len(matrix))

    def eliminate(k: jax.Array, a: jax.Array) -> jax.Array:
        here, below = numbers == k, numbers > k
        share = jnp.where(below, a[:, k] / a[k, k], 0.0)
        return jnp.where(here & below[:, None], 0.0, a) - share[:, None] * jnp.where(here, 1.0, a[k])

    a = jax.lax.fori_loop(0, len(matrix), eliminate, matrix)
    return jnp.where(numbers[:, None] > numbers, a, 0.0) + jnp.eye(len(matrix)), jnp.diagonal(a)

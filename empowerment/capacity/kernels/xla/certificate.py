"""Both ends of an interval, rounded outward, on the device; see `reference.certificate`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from empowerment.capacity.kernels import Certificate, summation_terms
from empowerment.capacity.kernels.xla.passes import TINIEST, Channels, product

_HALF_ULP = float(np.finfo(np.float64).eps) / 2


def halving_sum(terms: jax.Array) -> jax.Array:
    """Sum along the last axis by halves, which takes the fewest additions for each entry.

    They are fewer than `summation_terms` counts, in whatever order XLA sums.
    """
    while terms.shape[-1] > 1:
        if terms.shape[-1] % 2:
            terms = jnp.concatenate([terms, jnp.zeros_like(terms[..., :1])], axis=-1)
        half = terms.shape[-1] // 2
        terms = terms[..., :half] + terms[..., half:]
    return terms[..., 0]


def row_offsets(matrix: jax.Array) -> jax.Array:
    """Return the part of each row's divergence that does not depend on q."""
    used = matrix > 0
    return halving_sum(jnp.where(used, matrix * (jnp.log(jnp.where(used, matrix, 1.0)) - 1.0), 0.0)) + 1.0


def certify(channel: Channels, p: jax.Array, q: jax.Array, log_q: jax.Array) -> Certificate:
    """Return the information at p, and both ends rounded outward; `log_q` is 0 in columns of zeros."""
    n_rows, n_columns = channel.matrix.shape
    half_ulps = _HALF_ULP * summation_terms(n_columns)

    def divergences(q: jax.Array, log_q: jax.Array) -> tuple[jax.Array, jax.Array]:
        cross = halving_sum(channel.matrix * log_q)
        size = 2 + jnp.abs(channel.offsets) + jnp.abs(cross)
        return channel.offsets - cross + (halving_sum(q) - 1.0), half_ulps * size

    d, slack = divergences(q, log_q)
    upper = jnp.where(channel.offsets > -jnp.inf, d + slack, -jnp.inf).max()
    own_q = product(p, channel.matrix)
    own_log_q = jnp.where(channel.reached, jnp.log(jnp.maximum(own_q, TINIEST)), 0.0)
    d, slack = (jnp.where(p > 0, p * values, 0.0) for values in divergences(own_q, own_log_q))
    information = halving_sum(d)
    less = halving_sum(slack) + _HALF_ULP * summation_terms(n_rows) * (2 + jnp.abs(information))
    return Certificate(information, information - less, upper)

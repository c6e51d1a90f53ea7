"""One step of every method: a pass over the matrix, and the best of both ends so far.

All functions here treat one channel; `jax.vmap` makes them functions of many. Channels are padded to common shapes,
and the padding does not affect the results: a padding row has the offset -inf, so that its divergence is
-inf, and probability 0 from the first step to the last; a padding column holds zeros and counts with ``log q = 0``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

TINIEST = float(np.finfo(np.float64).tiny)
"""What an output probability is raised to on underflow; XLA on a CPU takes anything smaller for 0."""


class Channels(NamedTuple):
    """A channel, or many with one more axis in front; arrays of JAX, or of NumPy on their way to the device.

    Attributes
    ----------
    matrix : (n_rows, n_columns)
    offsets : (n_rows,)
        See :mod:`empowerment.capacity.kernels`; -inf for padding.
    reached : bool, (n_columns,)
        False for columns of zeros, padding among them.
    """

    matrix: Any
    offsets: Any
    reached: Any


class BestEnds(NamedTuple):
    """The best lower and upper ends so far, the distributions that prove them, and the number of passes."""

    p: jax.Array
    q: jax.Array
    lower: jax.Array
    upper: jax.Array
    n_passes: jax.Array


class Target(NamedTuple):
    """The tolerated width of the interval, in nats and relative to its lower end, and the limit on steps."""

    tol: float | jax.Array
    rtol: float | jax.Array
    max_iter: int | jax.Array

    def missed(self, ends: BestEnds) -> jax.Array:
        """Return whether the interval is wider than tolerated, or NaN."""
        width = jnp.maximum(self.tol, self.rtol * ends.lower)
        return ~(ends.upper - ends.lower <= width)


def product(a: jax.Array, b: jax.Array) -> jax.Array:
    """Multiply in full double precision."""
    return jnp.matmul(a, b, precision=jax.lax.Precision.HIGHEST)


def uniform(offsets: jax.Array) -> jax.Array:
    """Return the uniform distribution over rows that are not padding."""
    rows = offsets > -jnp.inf
    return rows / rows.sum()


def outputs(channel: Channels, p: jax.Array) -> jax.Array:
    """Return the output distribution, at least `TINIEST`, and 1 in columns of zeros."""
    return jnp.where(channel.reached, jnp.maximum(product(p, channel.matrix), TINIEST), 1.0)


def first_look(channel: Channels, p: jax.Array) -> tuple[BestEnds, jax.Array, jax.Array, jax.Array]:
    """Make the first pass; see `look`."""
    none = jnp.zeros_like(channel.matrix[0])
    return look(channel, p, BestEnds(p, none, -jnp.inf * p.sum(), jnp.inf * p.sum(), jnp.zeros((), dtype=int)))


def look(channel: Channels, p: jax.Array, ends: BestEnds) -> tuple[BestEnds, jax.Array, jax.Array, jax.Array]:
    """Make one pass at p: return the better ends, q, the divergences, and the information at p."""
    q = outputs(channel, p)
    d = channel.offsets - product(channel.matrix, jnp.log(q))
    information = jnp.where(p > 0, p * d, 0.0).sum()
    upper = d.max()
    higher, lower_still = information > ends.lower, upper < ends.upper
    better = BestEnds(
        p=jnp.where(higher, p, ends.p),
        q=jnp.where(lower_still, q, ends.q),
        lower=jnp.where(higher, information, ends.lower),
        upper=jnp.where(lower_still, upper, ends.upper),
        n_passes=ends.n_passes + 1,
    )
    return better, q, d, information

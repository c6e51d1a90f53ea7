"""Layers of rows of many local models side by side on the device, one row for each sequence.

Arrays have the shape (n_models, n_rows, n_columns). A model has `count` rows; further rows are padding.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np

from empowerment.capacity.kernels import EQUAL_RTOL

_EXACT = jax.lax.Precision.HIGHEST


@functools.partial(jax.jit, static_argnames="n_columns")
def before_any(start: jax.Array, n_columns: int) -> jax.Array:
    """Return the unit rows of the initial states."""
    return jax.nn.one_hot(start, n_columns, dtype=float)[:, None, :]


@jax.jit
def extend(rows: jax.Array, count: jax.Array, moves: jax.Array, missing: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Append every action to every sequence; return the rows, and which of them are available."""
    n_models, n_rows, n_columns = rows.shape
    following = jnp.einsum("wri,waij->wraj", rows, moves, precision=_EXACT)
    lacking = jnp.einsum("wri,wia->wra", (rows > 0).astype(float), missing.astype(float)) > 0
    present = (jnp.arange(n_rows) < count[:, None])[:, :, None] & ~lacking
    return following.reshape(n_models, -1, n_columns), present.reshape(n_models, -1)


@jax.jit
def distinct(rows: jax.Array, present: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the positions of rows that differ by more than rounding, in order, and their number.

    As in `reference.equal_rows`: equal rows are neighbours once sorted by their product with one random vector,
    and a group is represented by its first row. Equal rows with another row between them in this order stay apart.
    """
    return jax.vmap(_distinct)(rows, present)


def _distinct(rows: jax.Array, present: jax.Array) -> tuple[jax.Array, jax.Array]:
    n_rows, n_columns = rows.shape
    weights = np.random.default_rng(0).uniform(1.0, 2.0, n_columns)
    keys = jnp.where(present, jnp.matmul(rows, weights, precision=_EXACT), jnp.inf)
    order = jnp.argsort(keys, stable=True)
    numbers, ordered = jnp.arange(n_rows), rows[order]
    opens = (numbers == 0) | ~_close(ordered, jnp.roll(ordered, 1, axis=0))
    head = jax.lax.cummax(jnp.where(opens, numbers, 0))
    # A chain of neighbours may drift: a row that is not close to the head itself stays alone.
    head = jnp.where(_close(ordered, ordered[head]), head, numbers)
    smallest = jnp.full(n_rows, n_rows).at[head].min(order)
    kept = jnp.zeros(n_rows, dtype=bool).at[smallest[head]].set(True) & present
    return jnp.argsort(~kept, stable=True), kept.sum()


def _close(one: jax.Array, other: jax.Array) -> jax.Array:
    return (jnp.abs(one - other) <= EQUAL_RTOL * jnp.maximum(one, other)).all(axis=-1)


@functools.partial(jax.jit, static_argnames="size")
def take(rows: jax.Array, positions: jax.Array, count: jax.Array, size: int) -> jax.Array:
    """Return the rows at the first `count` positions as a layer of `size` rows; padding rows hold zeros."""
    padded = jnp.pad(positions, ((0, 0), (0, max(size - positions.shape[1], 0))))[:, :size]
    chosen = jnp.take_along_axis(rows, padded[:, :, None], axis=1)
    return jnp.where((jnp.arange(size) < count[:, None])[:, :, None], chosen, 0.0)

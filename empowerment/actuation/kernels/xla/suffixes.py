"""The row of every action sequence as a sum of products, which JAX can differentiate."""

from __future__ import annotations

import jax
import jax.numpy as jnp

_EXACT = jax.lax.Precision.HIGHEST


def rows_of_sequences(
    transition: jax.Array, sensor: jax.Array, starts: jax.Array, horizon: int, output: str
) -> jax.Array:
    """Return the distribution of the reading after every sequence, from some states.

    Parameters
    ----------
    transition : array of shape (n_states, n_actions, n_states)
    sensor : array of shape (n_states, n_readings)
    starts : array of int of shape (n_starts,)
    horizon : int
    output : {"final", "trajectory"}

    Returns
    -------
    array of shape (n_starts, n_actions**horizon, n_outcomes)
        Sequences in lexicographic order; outcomes are readings, or sequences of `horizon` readings likewise.

    Notes
    -----
    Computed backwards in time: the rows from each state after k actions, then with one more action before them.
    """
    trajectory = output == "trajectory"
    rows = jnp.ones((len(transition), 1, 1)) if trajectory else sensor[:, None, :]
    for step in range(horizon):
        before = transition[starts] if step == horizon - 1 else transition
        if trajectory:
            following = jnp.einsum("sat,to,twr->sawor", before, sensor, rows, precision=_EXACT)
        else:
            following = jnp.einsum("sat,two->sawo", before, rows, precision=_EXACT)
        n_suffixes = transition.shape[1] ** (step + 1)
        rows = following.reshape(len(before), n_suffixes, -1)
    return rows

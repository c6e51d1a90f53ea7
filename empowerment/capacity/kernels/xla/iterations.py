"""Blahut-Arimoto and SQUAREM, one pass at a time; see `reference.iterations`.

Under `jax.vmap` a loop runs until the last of its channels is done; finished channels do not change.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from empowerment.capacity.kernels import SQUAREM_FIRST, SQUAREM_GROWTH, SQUAREM_LEAST, TINY
from empowerment.capacity.kernels.xla.passes import BestEnds, Channels, Target, first_look, look, product

_LOWEST = math.log(TINY)


def blahut_arimoto(channel: Channels, p: jax.Array, target: Target) -> tuple[BestEnds, jax.Array]:
    """Return the ends and the number of passes."""

    def goes_on(at: tuple[jax.Array, jax.Array, BestEnds]) -> jax.Array:
        return target.missed(at[2]) & (at[2].n_passes < target.max_iter)

    def step(at: tuple[jax.Array, jax.Array, BestEnds]) -> tuple[jax.Array, jax.Array, BestEnds]:
        p = at[0] * jnp.exp(at[1] - at[1].max())
        p = p / p.sum()
        ends, _, d, _ = look(channel, p, at[2])
        return p, d, ends

    ends, _, d, _ = first_look(channel, p)
    _, _, ends = jax.lax.while_loop(goes_on, step, (p, d, ends))
    return ends, ends.n_passes


class _Cycle(NamedTuple):
    """The state of SQUAREM between two passes; points are logarithms of p.

    A cycle goes from `base` by a step to `once`, by another to `twice`, and by an extrapolation to the next base.
    `at` is the point of the next pass: a base to fall back on (phase 0), `once` (1), or the extrapolated point (2).
    """

    base: jax.Array
    twice: jax.Array
    at: jax.Array
    phase: jax.Array
    information: jax.Array
    length: jax.Array
    limit: jax.Array
    ends: BestEnds


def squarem(channel: Channels, p: jax.Array, target: Target) -> tuple[BestEnds, jax.Array]:
    """Return the ends and the number of passes."""
    ends, _, d, information = first_look(channel, p)
    base = _bounded(jnp.log(p), channel)
    start = _Cycle(
        base=base,
        twice=base,
        at=_stepped(base, d, channel),
        phase=jnp.ones_like(ends.n_passes),
        information=information,
        length=jnp.zeros_like(information),
        limit=jnp.full_like(information, SQUAREM_FIRST),
        ends=ends,
    )

    def goes_on(at: _Cycle) -> jax.Array:
        return target.missed(at.ends) & (at.ends.n_passes < target.max_iter)

    return _counted(jax.lax.while_loop(goes_on, lambda at: _pass(channel, at), start).ends)


def _counted(ends: BestEnds) -> tuple[BestEnds, jax.Array]:
    return ends, ends.n_passes


def _pass(channel: Channels, at: _Cycle) -> _Cycle:
    """Make a pass at a point, and continue according to its phase."""
    ends, _, d, information = look(channel, jnp.exp(at.at), at.ends)
    after_once = _extrapolated(channel, at._replace(ends=ends), d, information)
    lost = (at.phase == 2) & ~(information >= at.information)
    fallen = at._replace(
        at=at.twice,
        phase=jnp.zeros_like(at.phase),
        limit=jnp.maximum(at.limit / 2, SQUAREM_LEAST),
        ends=ends,
    )
    grown = jnp.where((at.phase == 2) & (at.length == at.limit), at.limit * SQUAREM_GROWTH, at.limit)
    begun = at._replace(
        base=at.at, at=_stepped(at.at, d, channel), phase=jnp.ones_like(at.phase), limit=grown, ends=ends
    )
    return _where(at.phase == 1, after_once, _where(lost, fallen, begun))


def _where(condition: jax.Array, yes: _Cycle, no: _Cycle) -> _Cycle:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), yes, no)


def _extrapolated(channel: Channels, at: _Cycle, d: jax.Array, information: jax.Array) -> _Cycle:
    """Move from `once` to the extrapolated point."""
    rows = channel.offsets > -jnp.inf
    base, once = (jnp.where(rows, x, 0.0) for x in (at.base, at.at))
    twice = _stepped(at.at, d, channel)
    r = once - base
    v = jnp.where(rows, twice, 0.0) - 2 * once + base
    weight = jnp.exp(twice)
    bend = product(weight, v**2)
    bent = bend > 0
    length = jnp.sqrt(product(weight, r**2) / jnp.where(bent, bend, 1.0))
    length = jnp.where(bent, jnp.clip(length, 1.0, jnp.maximum(at.limit, 1.0)), 0.0)
    far = _normalised(at.base + 2 * length * r + length**2 * v, channel)
    return at._replace(
        twice=twice,
        at=jnp.where(bent, far, twice),
        phase=jnp.full_like(at.phase, 2),
        information=information,
        length=length,
    )


def _stepped(log_p: jax.Array, d: jax.Array, channel: Channels) -> jax.Array:
    return _normalised(log_p + d, channel)


def _normalised(log_p: jax.Array, channel: Channels) -> jax.Array:
    highest = log_p.max()
    return _bounded(log_p - highest - jnp.log(jnp.exp(log_p - highest).sum()), channel)


def _bounded(log_p: jax.Array, channel: Channels) -> jax.Array:
    return jnp.where(channel.offsets > -jnp.inf, jnp.maximum(log_p, _LOWEST), -jnp.inf)

"""How often a policy of a set can be in each state: bounds made of hitting times, flow and total mass.

The occupancy of a state s under a policy that takes choice c there is ``(1 - g) f / (1 - g r)``: f is the mean of g
to the power of the steps until s is met first, and r the same for the return to it after one step of c. Both are
largest under the policy that is best at hitting s.
"""

from __future__ import annotations

import numpy as np

from empowerment.actuation.kernels import Choices, PolicySet

_EPS = float(np.finfo(float).eps)
# Hitting times are improved until they change by less, or for so many sweeps; they are bounds at any moment.
_SETTLED, _SWEEPS = 1e-3, 400


def narrow_boxes(world: Choices, lines: np.ndarray, moves: np.ndarray, part: PolicySet) -> bool:
    """Narrow the boxes of a set of policies; return whether a policy may be left.

    Parameters
    ----------
    world : Choices
    lines : ndarray of shape (n_states, n_states, n_lines, 2)
        See `occupancy_tradeoffs`.
    moves : ndarray of shape (n_choices, n_states)
        The distributions of the next state.
    part : PolicySet
        Changed in place.
    """
    if (part.allowed != part.settled).any():
        part.settled[:] = part.allowed
        single = np.add.reduceat(part.allowed.astype(int), world.first[:-1]) == 1
        _improve(world, moves, part.allowed, part.hits[0], np.ones(single.size, dtype=bool), True)
        _improve(world, moves, part.allowed, part.hits[1], single, False)
        _from_hits(world, moves, part, single)
    if not _drop_empty(world, part):
        return False
    _propagate(world, moves, part)
    least = np.minimum.reduceat(np.where(part.allowed, part.low, np.inf), world.first[:-1])
    most = (lines[..., 1] - lines[..., 0] * least[:, None, None]).min(axis=(0, 2))
    np.minimum(part.high, most[world.owner], out=part.high)
    _propagate(world, moves, part)
    return _drop_empty(world, part)


def _improve(
    world: Choices, moves: np.ndarray, allowed: np.ndarray, hits: np.ndarray, targets: np.ndarray, largest: bool
) -> None:
    """Sweep over the states, there and back, and improve the bounds on hitting each target in place.

    The Bellman operator is monotone, so that what it makes of a bound is one.
    """
    n_states = world.start.size
    order = [*range(n_states), *reversed(range(n_states))]
    best, blocked = (np.max, -np.inf) if largest else (np.min, np.inf)
    for _ in range(_SWEEPS):
        before = hits.copy()
        for x in order:
            own = slice(world.first[x], world.first[x + 1])
            after = np.where(allowed[own], hits @ moves[own].T, blocked)
            found = world.discount * best(after, axis=1)
            better = targets & ((found < hits[:, x]) if largest else (found > hits[:, x]))
            better[x] = False  # it is there already
            hits[better, x] = found[better]
        if np.abs(hits - before).max() < _SETTLED:
            return


def _from_hits(world: Choices, moves: np.ndarray, part: PolicySet, single: np.ndarray) -> None:
    """Bound the occupancy of the owner of each choice by the hitting times.

    The mean of g ** steps changes by at most 1 / (1 - g) times a relative error of each step's factor, which covers
    the roundings of all sweeps.
    """
    g, owner = world.discount, world.owner
    slack = 4.0 * (np.diff(world.indptr).max() + 4) * _EPS / (1.0 - g)
    for hits, largest in ((part.hits[0], True), (part.hits[1], False)):
        sign = slack if largest else -slack
        arrive = np.clip(hits @ world.start + sign, 0.0, 1.0)[owner]
        back = np.clip((hits[owner] * moves).sum(axis=1) + sign, 0.0, 1.0)
        found = (1.0 - g) * arrive / (1.0 - g * back)
        if largest:
            np.minimum(part.high, found * (1.0 + slack), out=part.high)
        else:
            used = single[owner]
            part.low[used] = np.maximum(part.low, found * (1.0 - slack))[used]


def _drop_empty(world: Choices, part: PolicySet) -> bool:
    """Drop the choices whose box is empty; return whether each state has one left."""
    part.allowed[part.low > part.high] = False
    return bool(np.logical_or.reduceat(part.allowed, world.first[:-1]).all())


def _propagate(world: Choices, moves: np.ndarray, part: PolicySet) -> None:
    """Narrow the boxes by what flows into each state, and by the total of 1.

    The slack covers the roundings of the sums, and of the probabilities of a choice, which make the total differ
    from 1 by that of a row over 1 - g.
    """
    g, owner, first = world.discount, world.owner, world.first[:-1]
    slack = 4.0 * (part.low.size + 8) * _EPS / (1.0 - g)
    least = np.minimum.reduceat(np.where(part.allowed, part.low, np.inf), first)
    others = 1.0 + slack - (least.sum() - least) * (1.0 - slack)
    able = part.allowed[:, None]
    come = (1.0 - g) * world.start
    most_in = come + g * np.maximum.reduceat(np.where(able, moves * part.high[:, None], -np.inf), first).sum(axis=0)
    least_in = come + g * np.minimum.reduceat(np.where(able, moves * part.low[:, None], np.inf), first).sum(axis=0)
    np.minimum(part.high, np.minimum(others, most_in * (1.0 + slack))[owner], out=part.high)
    np.maximum(part.low, (least_in * (1.0 - slack))[owner], out=part.low)

"""The beliefs that an agent can come to hold, each found once."""

from __future__ import annotations

import math
from itertools import combinations
from typing import NamedTuple

import numpy as np

from empowerment.core import validate
from empowerment.models.mdp import MDP

TOLERANCE = 1e-10
"""Beliefs are one and the same if no entry differs by more."""

_CHUNK = 2**23
"""How many numbers one round of expansion may hold."""


_MOST_ENTRIES = 50_000_000
"""How many numbers a grid of beliefs may hold: 400 MB."""


class ReachableBeliefs(NamedTuple):
    """Beliefs that are reachable from an initial belief.

    Attributes
    ----------
    beliefs : ndarray of shape (n_beliefs, n_states)
        In breadth-first order, the initial belief first.
    steps : ndarray of int of shape (n_beliefs,)
        Number of actions after which each belief is first reached.
    """

    beliefs: np.ndarray
    steps: np.ndarray


def belief_grid(n_states: int, steps: int) -> np.ndarray:
    """List evenly spaced beliefs: all whose probabilities are multiples of ``1 / steps``.

    Parameters
    ----------
    n_states : int
        Number of states.
    steps : int
        Number of intervals into which each probability is divided.

    Returns
    -------
    ndarray of shape (n_beliefs, n_states)
        In lexicographic order, beginning with certainty of the last state.

    Raises
    ------
    MemoryError
        If the grid has more than 50 million entries.

    See Also
    --------
    POMDP : A model with hidden states.
    empowerment : Its argument `beliefs` takes this array.
    empowerment.plotting.plot_beliefs : Draw values over beliefs.

    Examples
    --------
    >>> import empowerment as emp
    >>> emp.belief_grid(2, 4)[:, 1].tolist()
    [1.0, 0.75, 0.5, 0.25, 0.0]
    """
    n_states, steps = validate.positive_int(n_states, "n_states"), validate.positive_int(steps, "steps")
    # Either alone leaves at least as many; together they leave the binomial coefficient.
    parts = max(n_states, steps) if n_states > 1 else 1
    count = parts if parts > _MOST_ENTRIES else math.exp(_log_binomial(steps + n_states - 1, n_states - 1))
    if count * n_states > _MOST_ENTRIES:
        raise MemoryError(
            f"a grid of {n_states:,} states in {steps:,} steps has more than {_MOST_ENTRIES:,} entries; take fewer "
            "steps or n_states"
        )
    # Where n_states - 1 bars stand among the steps: stars between bars are the parts.
    chosen = list(combinations(range(steps + n_states - 1), n_states - 1))
    bars = np.array(chosen, dtype=np.int64).reshape(len(chosen), n_states - 1)
    ends = np.full((len(bars), 1), steps + n_states - 1)
    return np.asarray((np.diff(np.hstack([np.full_like(ends, -1), bars, ends]), axis=1) - 1) / steps)


def _log_binomial(n: int, k: int) -> float:
    return min(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1), 700.0)


def reachable(
    mdp: MDP, observation: np.ndarray, start: np.ndarray, horizon: int, max_beliefs: int
) -> ReachableBeliefs:
    """Return all beliefs that can be held after 0 to `horizon` actions, breadth first."""
    beliefs, steps = start[None, :], np.zeros(1, dtype=np.int64)
    at_once = max(1, _CHUNK // observation.size)
    for step in range(1, horizon + 1):
        newest = beliefs[steps == step - 1]  # what follows from older ones is known already
        if not len(newest):
            break
        for begin in range(0, len(newest), at_once):
            found = np.concatenate([beliefs, _next_beliefs(mdp, observation, newest[begin : begin + at_once])])
            kept = first_distinct(found)  # keeps every older one, because those differ
            beliefs, steps = found[kept], np.append(steps, np.full(len(kept) - len(steps), step))
            if len(beliefs) > max_beliefs:
                raise MemoryError(
                    f"{len(beliefs)} beliefs were found in {step} of {horizon} steps, expected at most max_beliefs="
                    f"{max_beliefs}; take a shorter horizon, raise max_beliefs (a belief takes "
                    f"{8 * mdp.n_states} bytes), or follow single histories with POMDP.update"
                )
    return ReachableBeliefs(beliefs, steps)


def available_in(mdp: MDP, beliefs: np.ndarray) -> np.ndarray:
    """Return which actions every state of positive probability has, shape (…, n_actions)."""
    return np.asarray(~((beliefs > 0).astype(np.int64) @ ~mdp.available).astype(bool))


def normalised(weights: np.ndarray) -> np.ndarray:
    """Return rows divided by their sums, however small these are."""
    exponents = np.frexp(weights.max(axis=-1, keepdims=True))[1]
    scaled = np.ldexp(weights, -exponents)  # a power of two, which rounds nothing
    return np.asarray(scaled / scaled.sum(axis=-1, keepdims=True))


def joint_with_observations(predicted: np.ndarray, observation: np.ndarray) -> np.ndarray:
    """Return the joint probability of what is observed and the state, shape (n_beliefs, n_observations, n_states)."""
    return np.asarray(predicted[:, None, :] * observation.T)


def _next_beliefs(mdp: MDP, observation: np.ndarray, beliefs: np.ndarray) -> np.ndarray:
    """Return the posterior for each belief, available action and possible observation, repeats included."""
    able = available_in(mdp, beliefs)
    found = [np.empty((0, mdp.n_states))]
    for action, matrix in enumerate(mdp.action_matrices):
        predicted = np.asarray(beliefs[able[:, action]] @ matrix)
        joint = joint_with_observations(predicted, observation[action])
        found.append(normalised(joint[joint.any(axis=-1)]))
    return np.concatenate(found)


def first_distinct(rows: np.ndarray) -> np.ndarray:
    """Return the numbers of the rows that no earlier kept row equals up to the tolerance, in their order.

    Rounded entries would tell two equal rows apart where they lie on both sides of a boundary. So a projection
    onto a line sorts the rows instead: equal ones lie close together there, a gap parts groups for good, and
    inside a group entries are compared.
    """
    position, gap = _positions(rows)
    order = np.argsort(position, kind="stable")
    group = np.empty(len(rows), dtype=np.int64)
    group[order] = np.cumsum(np.diff(position[order], prepend=-np.inf) > gap)
    left, kept = np.arange(len(rows)), []
    while left.size:
        _, first, member_of = np.unique(group[left], return_index=True, return_inverse=True)
        leaders = left[first]
        kept.append(leaders)
        apart = np.abs(rows[left] - rows[leaders][member_of]).max(axis=1) > TOLERANCE
        left = left[apart]
    return np.sort(np.concatenate(kept))


def places_among(rows: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return for each row the number of the first of the known rows that it equals up to the tolerance.

    Each row must have one.
    """
    position, gap = _positions(known)
    order = np.argsort(position, kind="stable")
    own, _ = _positions(rows)
    first = np.searchsorted(position[order], own - gap)
    last = np.searchsorted(position[order], own + gap, side="right")
    found = np.full(len(rows), len(known))
    for shift in range(int((last - first).max(initial=0))):
        left = np.flatnonzero(first + shift < last)
        candidate = order[first[left] + shift]
        equal = np.abs(rows[left] - known[candidate]).max(axis=1) <= TOLERANCE
        found[left[equal]] = np.minimum(found[left[equal]], candidate[equal])
    return found


def _positions(rows: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the projection of rows onto a line, and the gap on it that parts rows for certain."""
    direction = 0.5 + np.modf(np.arange(1, rows.shape[1] + 1) * 0.6180339887498949)[0]
    # Twice what equal rows may be apart leaves room for rounding.
    return rows @ direction, 2 * TOLERANCE * float(direction.sum())

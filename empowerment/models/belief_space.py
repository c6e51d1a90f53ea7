"""Reachable beliefs, by breadth-first search, and grids of beliefs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import combinations, count, islice
from typing import NamedTuple

import numpy as np

from empowerment.core import validate
from empowerment.models.mdp import MDP

TOLERANCE = 1e-10
"""Two beliefs are equal if no entry differs by more."""

_CHUNK = 2**23
"""Largest number of entries of one round of expansion."""


_MOST_ENTRIES = 50_000_000
"""Largest number of entries of a grid of beliefs: 400 MB."""


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
    # Each alone is at most the number of beliefs, which is a binomial coefficient.
    parts = max(n_states, steps) if n_states > 1 else 1
    count = parts if parts > _MOST_ENTRIES else math.exp(_log_binomial(steps + n_states - 1, n_states - 1))
    if count * n_states > _MOST_ENTRIES:
        raise MemoryError(
            f"a grid of {n_states:,} states in {steps:,} steps has more than {_MOST_ENTRIES:,} entries; take fewer "
            "steps or n_states"
        )
    # Stars and bars: the numbers of stars between n_states - 1 bars are the parts.
    chosen = list(combinations(range(steps + n_states - 1), n_states - 1))
    bars = np.array(chosen, dtype=np.int64).reshape(len(chosen), n_states - 1)
    ends = np.full((len(bars), 1), steps + n_states - 1)
    return np.asarray((np.diff(np.hstack([np.full_like(ends, -1), bars, ends]), axis=1) - 1) / steps)


def _log_binomial(n: int, k: int) -> float:
    return min(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1), 700.0)


class BeliefLevel(NamedTuple):
    """One level of :func:`search_beliefs`: the beliefs after one more action.

    Attributes
    ----------
    beliefs : ndarray of shape (n_beliefs, n_states)
        All beliefs so far, or those of this level alone, without repetition.
    newest : ndarray of int
        Numbers of the new beliefs.
    sources, actions, targets : ndarray of int of shape (n_branches,)
        Each branch leads from a belief by an action to a belief: its number in `beliefs` of the level before, the
        action and the number in `beliefs`.
    chances : ndarray of shape (n_branches,)
        Probability of the observation of each branch.
    """

    beliefs: np.ndarray
    newest: np.ndarray
    sources: np.ndarray
    actions: np.ndarray
    targets: np.ndarray
    chances: np.ndarray


def search_beliefs(
    mdp: MDP,
    observation: np.ndarray,
    starts: np.ndarray,
    *,
    max_beliefs: int,
    refuse: Callable[[int, int], Exception],
    equal: Callable[[np.ndarray], np.ndarray] | None = None,
    expand_once: bool = True,
) -> Iterator[BeliefLevel]:
    """Search the beliefs reachable after 1, 2, 3, … actions, breadth first, until there are no new ones.

    Parameters
    ----------
    mdp : MDP
    observation : ndarray of shape (n_actions, n_states, n_observations)
    starts : ndarray of shape (n_starts, n_states)
        Initial beliefs, without repetition.
    max_beliefs : int
        Limit on the number of beliefs.
    refuse : callable
        Makes the error to raise above the limit, from the number of beliefs and the number of steps.
    equal : callable, optional
        Returns for each row the number of the first equal row; by default :func:`first_equal`.
    expand_once : bool
        Whether a belief is expanded only once, at its first level. If not, each level is independent.

    Yields
    ------
    BeliefLevel
    """
    equal = equal or first_equal
    beliefs, newest = starts, np.arange(len(starts))
    at_once = max(1, _CHUNK // observation.size)
    for step in count(1):
        front, known = beliefs[newest], beliefs if expand_once else beliefs[:0]
        parts: list[BeliefLevel] = []
        beliefs = known
        for begin in range(0, len(front), at_once):
            part = _branches(mdp, observation, front[begin : begin + at_once])
            n_before = len(beliefs)
            beliefs, position = _merged(beliefs, part.beliefs, equal)
            parts = [each._replace(targets=position[each.targets]) for each in parts]
            parts.append(
                part._replace(sources=newest[begin + part.sources], targets=position[n_before + part.targets])
            )
            if len(beliefs) > max_beliefs:
                raise refuse(len(beliefs), step)
        newest = np.arange(len(known), len(beliefs))
        yield BeliefLevel(beliefs, newest, *all_branches(parts))
        if not newest.size:
            return


def all_branches(levels: list[BeliefLevel]) -> tuple[np.ndarray, ...]:
    """Concatenate the sources, actions, targets and chances of the branches of all levels."""
    nothing = np.arange(0)
    names = ("sources", "actions", "targets", "chances")
    return tuple(np.concatenate([nothing, *(getattr(level, name) for level in levels)]) for name in names)


def _branches(mdp: MDP, observation: np.ndarray, beliefs: np.ndarray) -> BeliefLevel:
    """Return the posterior for each available action, belief and possible observation, repeats included."""
    available = available_in(mdp, beliefs)
    parts = []
    for action, matrix in enumerate(mdp.action_matrices):
        own = np.flatnonzero(available[:, action])
        joint = joint_with_observations(np.asarray(beliefs[own] @ matrix), observation[action])
        chances = joint.sum(axis=-1)
        source, seen = np.nonzero(chances)
        parts.append(
            (normalised(joint[source, seen]), own[source], np.full(source.size, action), chances[source, seen])
        )
    posteriors, sources, actions, chances = (np.concatenate(part) for part in zip(*parts, strict=True))
    numbers = np.arange(len(posteriors))
    return BeliefLevel(posteriors, numbers, sources, actions, numbers, chances)


def _merged(
    known: np.ndarray, new: np.ndarray, equal: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Merge known and new rows; return the distinct rows, and the position of each row among them."""
    rows = np.concatenate([known, new])
    first = equal(rows) if len(rows) else np.arange(0)
    kept = np.unique(first)
    return rows[kept], np.searchsorted(kept, first)


def reachable(
    mdp: MDP, observation: np.ndarray, start: np.ndarray, horizon: int, max_beliefs: int
) -> ReachableBeliefs:
    """Return all beliefs reachable after 0 to `horizon` actions, breadth first."""

    def refuse(count: int, step: int) -> MemoryError:
        return MemoryError(
            f"{count} beliefs were found in {step} of {horizon} steps, expected at most max_beliefs={max_beliefs}; "
            f"take a shorter horizon, raise max_beliefs (a belief takes {8 * mdp.n_states} bytes), or follow single "
            "histories with POMDP.update"
        )

    beliefs, sizes = start[None, :], [1]
    for level in islice(search_beliefs(mdp, observation, beliefs, max_beliefs=max_beliefs, refuse=refuse), horizon):
        beliefs = level.beliefs
        sizes.append(level.newest.size)
    return ReachableBeliefs(beliefs, np.repeat(np.arange(len(sizes)), sizes))


def available_in(mdp: MDP, beliefs: np.ndarray) -> np.ndarray:
    """Return which actions are available in every state of positive probability, shape (…, n_actions)."""
    return np.asarray(~((beliefs > 0).astype(np.int64) @ ~mdp.available).astype(bool))


def normalised(weights: np.ndarray) -> np.ndarray:
    """Return rows divided by their sums, however small these are."""
    exponents = np.frexp(weights.max(axis=-1, keepdims=True))[1]
    scaled = np.ldexp(weights, -exponents)  # an exact scaling by a power of two
    return np.asarray(scaled / scaled.sum(axis=-1, keepdims=True))


def joint_with_observations(predicted: np.ndarray, observation: np.ndarray) -> np.ndarray:
    """Return the joint probability of observation and state, shape (n_beliefs, n_observations, n_states)."""
    return np.asarray(predicted[:, None, :] * observation.T)


def first_equal(rows: np.ndarray) -> np.ndarray:
    """Return for each row the number of the first row that equals it up to the tolerance.

    Comparing rounded entries would separate equal rows on both sides of a rounding boundary. Instead the rows are
    sorted by their projection onto a line: equal rows are close together there, a gap separates groups for certain,
    and within a group entries are compared.
    """
    position, gap = _positions(rows)
    order = np.argsort(position, kind="stable")
    group = np.empty(len(rows), dtype=np.int64)
    group[order] = np.cumsum(np.diff(position[order], prepend=-np.inf) > gap)
    first, left = np.arange(len(rows)), np.arange(len(rows))
    while left.size:
        _, leader, member_of = np.unique(group[left], return_index=True, return_inverse=True)
        leaders = left[leader][member_of]
        apart = np.abs(rows[left] - rows[leaders]).max(axis=1) > TOLERANCE
        first[left[~apart]] = leaders[~apart]
        left = left[apart]
    return first


def _positions(rows: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the projection of rows onto a line, and the gap on it beyond which rows differ for certain."""
    direction = 0.5 + np.modf(np.arange(1, rows.shape[1] + 1) * 0.6180339887498949)[0]
    # Twice the largest distance of equal rows, which allows for rounding.
    return rows @ direction, 2 * TOLERANCE * float(direction.sum())

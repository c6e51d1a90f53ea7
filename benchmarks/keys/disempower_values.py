"""What both persons can do in states of the Disempower-Grid: exact values, and what was published in their place.

Three steps, the assistant idle, the other person uniform, who observes its own cell alone. All are functions of the
ends of all pairs of paths of both persons. States in which the persons meet the same cells share one computation.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

import empowerment as emp
from benchmarks.keys.disempower_rules import STAY, Rules, States

STEPS, N_MOVES = 3, 5
N_PATHS = N_MOVES**STEPS
_CHUNK = 128  # situations at a time: their paths fit into the cache of a processor
_TOL = 1e-6


class Draws(NamedTuple):
    """The paths that sampled scores look at: the same in every state, as published.

    Attributes
    ----------
    own, other : ndarray of int of shape (2, 5, n_samples)
        For each person and first action of it the number of its path, and of the other person's.
    free_own, free_other : ndarray of int of shape (2, n_rollouts)
        The same for roll-outs whose first action is drawn as well.
    """

    own: np.ndarray
    other: np.ndarray
    free_own: np.ndarray
    free_other: np.ndarray

    @classmethod
    def of_seed(cls, seed: int, n_samples: int = 10, n_rollouts: int = 20) -> Draws:
        """Return the draws of a seed."""
        rng = np.random.default_rng(seed)
        later = N_PATHS // N_MOVES
        own = rng.integers(later, size=(2, N_MOVES, n_samples)) + later * np.arange(N_MOVES)[:, None]
        other = rng.integers(N_PATHS, size=own.shape)
        return cls(own, other, *rng.integers(N_PATHS, size=(2, 2, n_rollouts)))


class Values(NamedTuple):
    """Scores of states, in bits where nothing else is said.

    Attributes
    ----------
    lower, upper : ndarray of shape (2, n_states)
        Certified interval of the empowerment of the user and of the bystander.
    first_lower, first_upper : ndarray of shape (2, n_states)
        The same of the capacity of the first action, later ones drawn uniformly.
    uniform : ndarray of shape (2, n_states)
        Information of the first action, drawn uniformly.
    plug_in : ndarray of shape (n_seeds, 2, n_states)
        Its estimate from ten samples of each first action.
    variance : ndarray of shape (n_seeds, 2, n_states)
        Sum of the variances of row and column over twenty roll-outs, in squared cells.
    visited : ndarray of shape (n_seeds, 2, n_states)
        Number of distinct cells among the ends of twenty roll-outs.
    visit_entropy : ndarray of shape (n_seeds, 2, n_states)
        Entropy of these ends.
    """

    lower: np.ndarray
    upper: np.ndarray
    first_lower: np.ndarray
    first_upper: np.ndarray
    uniform: np.ndarray
    plug_in: np.ndarray
    variance: np.ndarray
    visited: np.ndarray
    visit_entropy: np.ndarray

    @property
    def exact(self) -> np.ndarray:
        """The middle of the certified interval, at most half its width from the empowerment."""
        return (self.lower + self.upper) / 2

    @property
    def first(self) -> np.ndarray:
        """The same for the capacity of the first action."""
        return (self.first_lower + self.first_upper) / 2


def values_of(rules: Rules, states: States, seeds: range) -> Values:
    """Return the scores of states."""
    draws = [Draws.of_seed(seed) for seed in seeds]
    persons = [_of_person(rules, states, person, draws) for person in (0, 1)]
    return Values(*(np.stack(both, axis=-2) for both in zip(*persons, strict=True)))


def _of_person(rules: Rules, states: States, person: int, draws: list[Draws]) -> list[np.ndarray]:
    """Return the fields of the values of one person."""
    representatives, number = _situations(rules, states, person)
    parts = []
    for first in range(0, len(representatives), _CHUNK):
        part = States(*(field[representatives[first : first + _CHUNK]] for field in states))
        users, bystanders = ends_of_paths(rules, part)
        parts.append(_scores(rules, bystanders.swapaxes(0, 1) if person else users, person, draws))
    return [np.concatenate(field, axis=-1)[..., number] for field in zip(*parts, strict=True)]


def ends_of_paths(rules: Rules, states: States) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of all pairs of paths, each of shape (paths of the user, paths of the bystander, n_states)."""
    free = rules.free(states)
    users, bystanders = (each.astype(np.int8)[None, None] for each in (states.user, states.bystander))
    moves = np.arange(N_MOVES)
    for step in range(STEPS):
        users, bystanders = users[:, None, :, None], bystanders[:, None, :, None]
        held = np.where(states.frozen > step, STAY, moves[:, None])
        to_user = rules.targets(free, users, moves[:, None, None, None])
        to_bystander = rules.targets(free, bystanders, held)
        after = rules.moved(users, bystanders, to_user, to_bystander)
        users, bystanders = (each.reshape(*[N_MOVES ** (step + 1)] * 2, -1) for each in after)
    return users, bystanders


def _situations(rules: Rules, states: States, person: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a state of each situation of a person, and the situation of each state.

    Two states are one situation if the person and the cells within three steps of it are the same: no other cell is
    ever asked for. If the other person can come to some of these, both are also the same for it.
    """
    free, places = rules.free(states), (states.user, states.bystander)
    within = [_within_reach(rules, free, start) for start in places]
    own, other = (
        reach @ (1 << np.arange(rules.n_cells + 1)) << 5 | start for reach, start in zip(within, places, strict=True)
    )
    own, other = (other, own) if person else (own, other)
    meet = (within[0] & within[1]).any(axis=1)
    code = np.where(meet, other, 0) << rules.n_cells + 6 | own
    frozen = np.where(meet | (person == 1), np.minimum(states.frozen, STEPS), 0)
    _, representatives, number = np.unique(code * (STEPS + 1) + frozen, return_index=True, return_inverse=True)
    return representatives, number


def _within_reach(rules: Rules, free: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return which cells are within three steps of the start, of the shape of `free`."""
    within = np.zeros_like(free)
    within[np.arange(len(free)), start] = True
    for _ in range(STEPS):
        within |= free & within[:, rules.beside[:, :STAY]].any(axis=2)
    return within


def _scores(rules: Rules, ends: np.ndarray, person: int, draws: list[Draws]) -> tuple[np.ndarray, ...]:
    """Return the fields of the values of one person, whose paths are the first axis of the ends."""
    counts = [(ends == cell).sum(axis=1, dtype=np.uint8) for cell in range(rules.n_cells)]  # of 125 paths
    rows = np.stack(counts).transpose(2, 1, 0) / N_PATHS
    first = rows.reshape(len(rows), N_MOVES, -1, rules.n_cells).mean(axis=2)
    whole, one = emp.channel_capacity(rows, tol=_TOL), emp.channel_capacity(first, tol=_TOL)
    sampled = [[], [], [], []]
    for drawn in draws:
        seen = np.moveaxis(ends[drawn.own[person], drawn.other[person]], -1, 0)
        sampled[0].append(uniform_information(_shares(seen, rules.n_cells)))
        seen = ends[drawn.free_own[person], drawn.free_other[person]].T
        sampled[1].append(sum(each.var(axis=1) for each in np.divmod(seen, rules.grid.shape[1])))
        shares = _shares(seen, rules.n_cells)
        sampled[2].append((shares > 0).sum(axis=1))
        sampled[3].append(_entropy(shares))
    exact = whole.lower, whole.upper, one.lower, one.upper, uniform_information(first)
    return *exact, *(np.array(each, dtype=float) for each in sampled)


def uniform_information(rows: np.ndarray) -> np.ndarray:
    """Return the information of channels, of shape (n, n_inputs, n_outputs), at the uniform distribution, in bits."""
    return np.maximum(_entropy(rows.mean(axis=1)) - _entropy(rows).mean(axis=1), 0.0)


def _shares(seen: np.ndarray, n_cells: int) -> np.ndarray:
    """Return the share of each cell in the last axis."""
    return np.stack([(seen == cell).mean(axis=-1) for cell in range(n_cells)], axis=-1)


def _entropy(shares: np.ndarray) -> np.ndarray:
    """Return the entropy along the last axis, in bits."""
    return -(shares * np.log2(shares, where=shares > 0, out=np.zeros_like(shares))).sum(axis=-1)

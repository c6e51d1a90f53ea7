"""What trajectories tell of effective empowerment: later states that are sampled from them, and counts of these."""

from __future__ import annotations

from typing import Any

import numpy as np

import empowerment as emp
from empowerment.proxies import Agreement, ProxyResult, agreement

STEPS = 50
"""Length of a trajectory."""


def drawn_pairs(
    model: emp.MDP,
    start: int,
    n_trajectories: int,
    discount: float,
    rng: np.random.Generator,
    *,
    continued: bool = False,
) -> np.ndarray:
    """Count what follows each action on trajectories of uniformly drawn actions, in a deterministic world.

    After each of its 50 steps the state is read again at a geometric time: T steps after the action was chosen, where
    T = t has the probability ``(1 - discount) * discount ** (t - 1)`` for t = 1, 2, ...

    Parameters
    ----------
    model : MDP
        Every action is available in every state.
    start : int
        Number of the state in which all trajectories begin.
    n_trajectories : int
    discount : float
    rng : numpy.random.Generator
    continued : bool
        Whether trajectories go on until the last of these states is read. If not, later states beyond the end of a
        trajectory are left out, and with them the more the nearer the end is.

    Returns
    -------
    ndarray of int of shape (n_states, n_actions, n_states)
        How often each later state followed each state and action.
    """
    read = np.arange(STEPS) + rng.geometric(1.0 - discount, size=(n_trajectories, STEPS))
    length = int(read.max()) if continued else STEPS
    states = np.full((n_trajectories, length + 1), start)
    actions = rng.integers(model.n_actions, size=(n_trajectories, length))
    for step in range(length):
        states[:, step + 1] = model.successors[states[:, step], actions[:, step]]
    number, time = np.nonzero(read <= length)
    shape = (model.n_states, model.n_actions, model.n_states)
    triples = states[number, time], actions[number, time], states[number, read[number, time]]
    return np.bincount(np.ravel_multi_index(triples, shape), minlength=int(np.prod(shape))).reshape(shape)


def law_of_cut_pairs(model: emp.MDP, start: int, discount: float) -> np.ndarray:
    """Compute the shares that the counts of endless trajectories have if no later state is read beyond the end.

    Returns
    -------
    ndarray of shape (n_states, n_actions, n_states)
        Probabilities that sum to 1.
    """
    transition = model.to_dense()
    step = transition.mean(axis=1)
    visits = [np.eye(model.n_states)[start]]
    for _ in range(STEPS - 1):
        visits.append(visits[-1] @ step)
    later, weight = np.zeros_like(step), (1.0 - discount) * np.eye(model.n_states)
    from_next = np.zeros((model.n_states, *step.shape))
    for visit in reversed(visits):  # with 1, 2, ... steps left
        later = later + weight
        weight = discount * weight @ step
        from_next += visit[:, None, None] * later
    pairs = transition @ from_next
    return np.asarray(pairs / pairs.sum())


def information_of_states(pairs: np.ndarray) -> np.ndarray:
    """Return the information of action and later state in each state, in bits, if these are the probabilities."""
    shares = pairs.sum(axis=2, keepdims=True)
    p = shares[..., 0] / shares.sum(axis=1)
    return np.array([emp.mutual_information(rows, own) for rows, own in zip(pairs / shares, p, strict=True)])


def plug_in(counts: np.ndarray, correction: str | None = None) -> np.ndarray:
    """Estimate the information of each state, in bits, from its counts; 0 where a state was never visited."""
    return np.array([emp.information_from_counts(own, correction=correction) if own.any() else 0.0 for own in counts])


def compared(values: np.ndarray, exact: Any) -> Agreement:
    """Compare estimates of all states with the exact values."""
    estimate = ProxyResult(
        value=values,
        states=exact.states,
        state_numbers=np.arange(len(values)),
        proxy="effective information",
        horizon=1,
        n_samples=0,
        unit="bits",
    )
    return agreement(estimate, exact)

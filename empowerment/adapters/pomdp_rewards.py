"""Rewards of action, state, next state and observation, reduced to those of state and action."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

Place = int | slice
ALL = slice(None)


class RewardLine(NamedTuple):
    """What one statement says.

    Attributes
    ----------
    action, state, next_state, observation : int or slice
        Where it holds.
    values : ndarray
        Fits the shape of next state and observation.
    """

    action: Place
    state: Place
    next_state: Place
    observation: Place
    values: np.ndarray


def expected_rewards(lines: list[RewardLine], transition: np.ndarray, observation: np.ndarray) -> np.ndarray:
    """Return the expected reward of each state and action, shape (n_states, n_actions).

    Parameters
    ----------
    lines : list of RewardLine
        A later one overrides what earlier ones say of the same place; what none speaks of is 0.
    transition : ndarray of shape (n_actions, n_states, n_states)
    observation : ndarray of shape (n_actions, n_states, n_observations)
    """
    numbered: dict[tuple[int | None, int | None], list[tuple[int, RewardLine]]] = {}
    for number, line in enumerate(lines):
        key = (_number(line.action), _number(line.state))
        numbered.setdefault(key, []).append((number, line))
    n_actions, n_states, _ = transition.shape
    rewards = np.zeros((n_states, n_actions))
    for state, action in np.ndindex(rewards.shape):
        keys = ((action, state), (action, None), (None, state), (None, None))
        found = sorted((entry for key in keys for entry in numbered.get(key, ())), key=lambda entry: entry[0])
        rewards[state, action] = _expectation(
            [line for _, line in found], transition[action, state], observation[action]
        )
    return rewards


def _number(place: Place) -> int | None:
    return None if isinstance(place, slice) else place


def _expectation(lines: list[RewardLine], after: np.ndarray, observation: np.ndarray) -> float:
    """Return the mean of what the lines say, exactly what the last of them says if it covers everything."""
    covering = [i for i, line in enumerate(lines) if line.values.ndim == 0 and line[2:4] == (ALL, ALL)]
    common = float(lines[covering[-1]].values) if covering else 0.0
    beyond = lines[covering[-1] + 1 :] if covering else lines
    if not beyond:
        return common
    difference = np.zeros(observation.shape)
    for line in beyond:
        difference[line.next_state, line.observation] = line.values - common
    return common + float(after @ (difference * observation).sum(axis=1))

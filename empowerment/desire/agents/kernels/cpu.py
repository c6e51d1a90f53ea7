"""Q-learning, compiled."""

from __future__ import annotations

import numpy as np
from numba import boolean, float64, int64, void

from empowerment.desire.agents.kernels import Experience, Settings
from empowerment.runtime.interrupts import run
from empowerment.runtime.jit import (
    MATRIX,
    OUT_MATRIX,
    OUT_NUMBERS,
    STOP,
    entry_point,
    jit,
    read_only,
    stopped,
    written,
)

# Rows between two looks at the flag.
_PATIENCE = 1 << 16


def learn(
    experience: Experience,
    settings: Settings,
    numbers: np.ndarray,
    state: int,
    values: np.ndarray,
    visits: np.ndarray,
) -> int:
    """Learn from one step for each row of random numbers; see the package."""
    place = np.array([state])
    run(_learn, (*experience, *settings, numbers, place, values, visits), 30.0 * len(numbers))
    return int(place[0])


@jit()
def _drawn(cumulated: np.ndarray, uniform: float) -> int:
    place = 0
    while cumulated[place] <= uniform:
        place += 1
    return place


@jit()
def _best(values: np.ndarray, available: np.ndarray) -> int:
    best = -1
    for action in range(values.size):
        if available[action] and (best < 0 or values[action] > values[best]):
            best = action
    return best


@entry_point(
    void(
        read_only(boolean, 2),
        int64,
        MATRIX,
        MATRIX,
        MATRIX,
        read_only(int64, 3),
        float64,
        float64,
        float64,
        float64,
        float64,
        MATRIX,
        OUT_NUMBERS,
        OUT_MATRIX,
        written(int64, 2),
        STOP,
    )
)
def _learn(
    available: np.ndarray,
    substitute: int,
    outcome_chances: np.ndarray,
    offer_chances: np.ndarray,
    reward: np.ndarray,
    after: np.ndarray,
    exploration: float,
    discount: float,
    step: float,
    halving: float,
    least_step: float,
    numbers: np.ndarray,
    place: np.ndarray,
    values: np.ndarray,
    visits: np.ndarray,
    stop: np.ndarray,
) -> None:
    n_actions, state = values.shape[1], place[0]
    for t in range(len(numbers)):
        if t % _PATIENCE == 0 and stopped(stop):
            return
        if numbers[t, 0] < exploration:
            action = int(numbers[t, 1] * n_actions)
            if not available[state, action]:
                action = substitute
        else:
            action = _best(values[state], available[state])
        row = state * n_actions + action
        outcome = _drawn(outcome_chances[row], numbers[t, 2])
        following = after[row, outcome, _drawn(offer_chances[row], numbers[t, 3])]
        ahead = values[following, _best(values[following], available[following])]
        visits[state, action] += 1
        share = max(step / (1 + visits[state, action] / halving), least_step)
        values[state, action] += share * (reward[row, outcome] + discount * ahead - values[state, action])
        state = following
    place[0] = state

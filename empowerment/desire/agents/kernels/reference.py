"""Q-learning in plain NumPy, a step at a time."""

from __future__ import annotations

import numpy as np

from empowerment.desire.agents.kernels import Experience, Settings
from empowerment.desire.world import drawn


def learn(
    experience: Experience,
    settings: Settings,
    numbers: np.ndarray,
    state: int,
    values: np.ndarray,
    visits: np.ndarray,
) -> int:
    """Learn from one step for each row of random numbers; see the package."""
    n_actions = values.shape[1]
    for explore, choice, outcome_number, offer_number in numbers:
        able = experience.available[state]
        if explore < settings.exploration:
            action = int(choice * n_actions)
            action = action if able[action] else experience.substitute
        else:
            action = int(np.where(able, values[state], -np.inf).argmax())
        row = state * n_actions + action
        outcome = drawn(experience.outcome[row], outcome_number)
        offer = drawn(experience.offer[row], offer_number)
        after = experience.after[row, outcome, offer]
        ahead = values[after, experience.available[after]].max()
        visits[state, action] += 1
        share = max(settings.step / (1 + visits[state, action] / settings.halving), settings.least_step)
        target = experience.reward[row, outcome] + settings.discount * ahead
        values[state, action] += share * (target - values[state, action])
        state = after
    return int(state)

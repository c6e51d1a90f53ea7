"""The class of :func:`empowerment.worlds.delivery_env`, of which only that knows."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from empowerment.runtime.optional import missing
from empowerment.worlds.delivery import (
    ACTIONS,
    OFFERS,
    START_HEALTH,
    available_actions,
    delivery_outcomes,
    next_states,
    offer_chances,
    state_number,
    state_parts,
)

try:
    import gymnasium
except ImportError:
    raise missing("this", "gymnasium") from None

Entry = tuple[float, int, float, bool]


class DeliveryEnv(gymnasium.Env):  # type: ignore[misc]
    """Environment of one courier; see :func:`empowerment.worlds.delivery_env`."""

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - as Gymnasium declares it

    def __init__(self, desire: np.ndarray, n_steps: int, masks: bool) -> None:
        self.desire, self.n_steps, self.masks = desire, n_steps, masks
        self._health, self._slot, _ = state_parts()
        self.observation_space = gymnasium.spaces.Discrete(self._health.size)
        self.action_space = gymnasium.spaces.Discrete(len(ACTIONS))
        self.initial_state_distrib = np.zeros(self._health.size)
        self.initial_state_distrib[state_number(START_HEALTH, 0, np.arange(len(OFFERS)))] = offer_chances()[0]
        self._available = available_actions() if masks else np.ones((self._health.size, len(ACTIONS)), dtype=bool)
        self._outcomes = delivery_outcomes()
        self._state, self._passed = -1, 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """Begin a month in slot 0, with health 8 and a first offer."""
        super().reset(seed=seed)
        offer = _drawn(offer_chances()[0], self.np_random.random())
        self._state, self._passed = int(state_number(START_HEALTH, 0, offer)), 0
        return self._state, {"action_mask": self._mask()}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        """Accept, refuse or rest."""
        if not self.action_space.contains(action):
            raise ValueError(f"action is {action!r}, expected 0 (accept), 1 (refuse) or 2 (rest)")
        if self._state < 0:
            raise RuntimeError("the environment was never reset; call reset() before the first step")
        state = self._state
        outcome = _drawn(self._outcomes.probability[state, action], self.np_random.random())
        offer = _drawn(self._outcomes.offer[state, action], self.np_random.random())
        outcome_index = state, action, outcome
        health, features = self._outcomes.health[outcome_index], self._outcomes.features[outcome_index].copy()
        self._state = int(next_states(health, self._slot[state], offer))
        self._passed += 1
        info = {
            "action_mask": self._mask(),
            "features": features,
            "pay": float(self._outcomes.pay[outcome_index]),
            "change_of_health": int(health - self._health[state]),
        }
        return self._state, float(features @ self.desire), False, self._passed >= self.n_steps, info

    @cached_property
    def P(self) -> dict[int, dict[int, list[Entry]]]:  # noqa: N802 - Gymnasium's name
        """The outcomes of each action in each state: (probability, next state, reward, False)."""
        return {
            state: {action: self._entries(state, action) for action in range(len(ACTIONS))}
            for state in range(self._health.size)
        }

    def _entries(self, state: int, action: int) -> list[Entry]:
        if not self._available[state, action]:
            return []
        outcomes = self._outcomes
        rewards = outcomes.features[state, action] @ self.desire
        return [
            (float(chance * coming), int(next_states(health, self._slot[state], offer)), float(reward), False)
            for chance, health, reward in zip(
                outcomes.probability[state, action], outcomes.health[state, action], rewards, strict=True
            )
            for offer, coming in enumerate(outcomes.offer[state, action])
            if chance > 0
        ]

    def _mask(self) -> np.ndarray:
        return self._available[self._state].astype(np.int8)


def _drawn(probabilities: np.ndarray, uniform: float) -> int:
    """Return the number of the outcome; the last possible one takes what rounding leaves."""
    possible = np.flatnonzero(probabilities)
    outcome_index = int(np.searchsorted(probabilities.cumsum()[possible], uniform, side="right"))
    return int(possible[min(outcome_index, possible.size - 1)])

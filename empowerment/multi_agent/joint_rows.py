"""The distribution of the reading after every pair of action sequences."""

from __future__ import annotations

from typing import Any

import numpy as np

from empowerment.actuation.sensor import make_sensor
from empowerment.core import validate
from empowerment.models.two_agents import TwoAgentMDP

DEFAULT_MEMORY = 1e9


def check_memory(world: TwoAgentMDP, state: int, horizon: int, memory: float) -> None:
    """Raise if the rows of a state at a horizon exceed the memory."""
    needed = 8.0 * world.n_states * validate.power(len(world.person_actions) * len(world.assistant_actions), horizon)
    allowed = validate.memory(memory)
    if needed > allowed:
        raise MemoryError(
            f"the rows of state {world.states[state]!r} take {needed:.2g} bytes, expected at most memory="
            f"{allowed:.2g}; take a shorter horizon or raise memory"
        )


def responses(world: TwoAgentMDP, state: int, horizon: int, sensor: Any, memory: float) -> np.ndarray:
    """Return the distribution of the reading for all pairs of sequences; axes (person, assistant, reading)."""
    check_memory(world, state, horizon, memory)
    n_states, n_person, n_assistant = world.n_states, len(world.person_actions), len(world.assistant_actions)
    steps = world.joint.to_dense().reshape(n_states, n_person, n_assistant, n_states)
    rows = np.eye(n_states)[state][None, None]
    for _ in range(horizon):
        rows = np.einsum("hrs,sabt->harbt", rows, steps)
        rows = rows.reshape(rows.shape[0] * n_person, -1, n_states)
    return np.asarray(rows.reshape(-1, n_states) @ make_sensor(sensor, world.joint).matrix).reshape(
        *rows.shape[:2], -1
    )

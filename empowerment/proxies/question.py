"""What every proxy of a world is asked, checked once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from empowerment.actuation.open_loop.channel import open_loop
from empowerment.actuation.sensor import Sensor, make_sensor
from empowerment.actuation.task import NoSequenceError
from empowerment.core import validate
from empowerment.models.induced_chain import step_matrix
from empowerment.models.mdp import MDP, as_mdp
from empowerment.proxies.result import BITS, ProxyResult

Rows = np.ndarray
"""The rows of a channel, dense: a distribution of readings for each input."""


class Question(NamedTuple):
    """A world, its sensor, the states to start in and the number of actions.

    Attributes
    ----------
    model : MDP
    sensor : Sensor
    numbers : ndarray of int of shape (n_asked,)
        Numbers of the states.
    horizon : int
    """

    model: MDP
    sensor: Sensor
    numbers: np.ndarray
    horizon: int

    @classmethod
    def checked(cls, model: Any, horizon: Any, states: Any, sensor: Any = None) -> Question:
        """Return the question that the arguments of a proxy ask."""
        model = as_mdp(model, whole=False)
        horizon = validate.positive_int(validate.short_horizon(horizon), "horizon")
        numbers = model.state_indices(states)
        model.refuse_unexplored(horizon, numbers)
        return cls(model, make_sensor(sensor, model), numbers, horizon)

    def answer(self, proxy: str, values: Any, *, n_samples: int = 0, unit: str = BITS) -> ProxyResult:
        """Return the result with these values."""
        labels = tuple(self.model.states[number] for number in self.numbers.tolist())
        found = np.asarray(values, dtype=np.float64) + 0.0
        return ProxyResult(found, labels, self.numbers, proxy, self.horizon, n_samples, unit, self.model.layout)

    def of_each(self, channel: Callable[[int], Rows], value: Callable[[Rows], float]) -> list[float]:
        """Return a value of the channel of each state; 0 where it has at most one input."""
        channels = (channel(start) for start in self.numbers.tolist())
        return [value(rows) if len(rows) > 1 else 0.0 for rows in channels]

    def sequence_rows(self, memory: float) -> Callable[[int], Rows]:
        """Return the function that makes the row of every sequence of actions from a state, equal rows apart."""

        def rows_from(start: int) -> Rows:
            try:
                found = open_loop(self.model, start, self.horizon, self.sensor, "final", memory, None)
            except NoSequenceError:
                return np.zeros((0, 1))
            return found.rows

        return rows_from

    def first_action_rows(self) -> Callable[[int], Rows]:
        """Return the function that makes the row of each first action from a state, later ones drawn uniformly."""
        model, n_actions = self.model, self.model.n_actions
        pairs = (self.numbers[:, None] * n_actions + np.arange(n_actions)).reshape(-1)
        rows = model.rows[pairs]
        for _ in range(self.horizon - 1):
            rows = rows @ uniform_steps(model)
        rows = sparse.csr_array(rows @ self.sensor.matrix)
        place = {number: i for i, number in enumerate(self.numbers.tolist())}

        def rows_from(start: int) -> Rows:
            own = rows[place[start] * n_actions : (place[start] + 1) * n_actions][
                np.flatnonzero(model.available[start])
            ]
            seen = np.unique(own.indices)
            return np.asarray(own[:, seen].toarray())

        return rows_from


def uniform_steps(model: MDP) -> sparse.csr_array:
    """Return the chain of an agent that draws uniformly from its actions, and stays where it has none."""
    count = model.available.sum(axis=1)
    steps = step_matrix(model, model.available / np.maximum(count, 1)[:, None])
    stuck = sparse.dia_array(((count == 0).astype(float)[None, :], [0]), shape=steps.shape)
    return sparse.csr_array(steps + stuck)

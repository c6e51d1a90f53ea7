"""The distribution of the reading after every combination of the agents' action sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.actuation.sensor import Sensor, make_sensor
from empowerment.core import validate
from empowerment.models.mdp import MDP
from empowerment.models.multi_agent import MultiAgentMDP

DEFAULT_MEMORY = 1e9
# Bytes of an entry of a sparse row, with those of the row before and after a step.
_ENTRY = 40


@dataclass(frozen=True)
class JointSequences:
    """The world of several groups of agents, whose sequences of actions are looked at together.

    Attributes
    ----------
    model : MDP
        The groups as one agent.
    sensor : Sensor
    horizon : int
    numbers : ndarray of int of shape (n_sequences of the first group, n_sequences of the second, …)
        Number of each combination among all joint sequences, whose last joint action counts fastest. In a group's own
        sequences, too, the last action counts fastest, and in it the last agent's.
    memory : float
        Limit in bytes on the rows of one state.
    relative_error : float
        Bound on the relative error of each entry of a row, as :func:`row_error` gives it.
    """

    model: MDP
    sensor: Sensor
    horizon: int
    numbers: np.ndarray
    memory: float
    relative_error: float

    @classmethod
    def of(
        cls, world: MultiAgentMDP, groups: Sequence[Any], others: Any, horizon: int, sensor: Any, memory: float
    ) -> JointSequences:
        """Return the joint sequences of groups beside other agents with policies.

        Raises
        ------
        ValueError
            If an agent is in two groups.
        MemoryError
            If already the numbers of the sequences exceed the memory.
        """
        names = [world.group(each) for each in groups]
        everyone = [agent for group in names for agent in group]
        for agent in everyone:
            if everyone.count(agent) > 1:
                raise ValueError(f"agent {agent!r} is named twice, expected agents that differ")
        model = world.for_agent(everyone, others)
        allowed = validate.memory(memory)
        needed = _ENTRY * validate.power(model.n_actions, horizon)
        _refuse_large(needed, allowed, f"the {model.n_actions}**{horizon} joint sequences")
        # An array has few axes: none for an agent that has no choice.
        acting = [agent for agent in world.agents if agent in everyone and len(world.actions[agent]) > 1]
        counts = tuple(len(world.actions[agent]) for agent in acting)
        axes = [
            step * len(acting) + acting.index(agent)
            for group in names
            for step in range(horizon)
            for agent in group
            if agent in acting
        ]
        sizes = [int(np.prod([len(world.actions[agent]) for agent in group])) ** horizon for group in names]
        numbers = np.arange(model.n_actions**horizon).reshape(counts * horizon).transpose(axes).reshape(sizes)
        reader = make_sensor(sensor, model)
        error = row_error(world, [model] * horizon, reader)
        return cls(model, reader, horizon, numbers, allowed, error)

    def outward(self, lower: Any, upper: Any, unit: float) -> tuple[np.ndarray, np.ndarray]:
        """Return ends of a capacity that hold for the exact rows, as :func:`outward` does."""
        return outward(lower, upper, self.relative_error, unit)

    def next_states(self, states: np.ndarray) -> np.ndarray:
        """Return the numbers of the states that one joint action may lead to from some states, in rising order."""
        rows = (states[:, None] * self.model.n_actions + np.arange(self.model.n_actions)).reshape(-1)
        return np.unique(self.model.rows[rows].indices)

    def rows(self, state: int) -> tuple[sparse.csr_array, np.ndarray]:
        """Return the distribution of the reading after every joint sequence, and which sequences are missing.

        Returns
        -------
        rows : csr_array of shape (n_joint_sequences, n_readings)
        missing : ndarray of bool of shape (n_joint_sequences,)
            An action of the sequence is missing in a state that the sequence can lead to.
        """
        rows, missing = rows_in_time(self.model, state, [self.model] * self.horizon, self.memory)
        return sparse.csr_array(rows @ self.sensor.matrix), missing

    def responses(self, state: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows as a dense array with an axis for each group, of the readings that can occur.

        Returns
        -------
        rows : ndarray of shape (n_sequences of the first group, …, n_readings)
        missing : ndarray of bool of shape (n_sequences of the first group, …)
        """
        rows, missing = self.rows(state)
        readings = np.unique(rows.indices)
        what = f"the rows of state {self.model.states[state]!r}"
        _refuse_large(8.0 * missing.size * max(readings.size, 1), self.memory, what)
        return rows[:, readings].toarray()[self.numbers], missing[self.numbers]


def row_error(world: MultiAgentMDP, models: Sequence[MDP], sensor: Sensor) -> float:
    """Return a bound on the relative error of each entry of the rows that the steps of some models lead to.

    Entries are sums of non-negative products, and keep their relative accuracy: an average over joint actions has a
    rounding for each of them, a step one for each state it may come from, in each turn.

    Parameters
    ----------
    world : MultiAgentMDP
        The world of the agents.
    models : sequence of MDP
        What remains of it for some agents in each step, beside others with policies.
    sensor : Sensor

    Returns
    -------
    float
        0 if all entries are 0 or 1.
    """
    if sensor.is_deterministic and all(model.is_deterministic for model in models):
        return 0.0
    roundings = sum(turn.n_states for turn in world.turns) + world.n_joint_actions + 8
    return (len(models) + 1) * roundings * float(np.finfo(float).eps)


def outward(lower: Any, upper: Any, relative_error: float, unit: float) -> tuple[np.ndarray, np.ndarray]:
    """Return ends of a capacity that hold for the exact rows.

    A relative error changes an information by at most itself times the information plus 1 nat, because
    ``d(w log(w / q)) = log(w / q) dw`` and ``sum w |log(w / q)| <= D + 2 / e``.

    Parameters
    ----------
    lower, upper : array_like
        Ends for the rounded rows.
    relative_error : float
        Bound on the relative error of each entry of the rows.
    unit : float
        The unit of the ends, in nats.
    """
    slack = relative_error * (np.asarray(upper) + 1.0 / unit)
    return np.maximum(np.asarray(lower) - slack, 0.0), np.asarray(upper) + slack


def rows_in_time(world: MDP, state: int, models: Sequence[MDP], memory: float) -> tuple[sparse.csr_array, np.ndarray]:
    """Return the distribution of the last state after every sequence of actions, and which sequences are missing.

    Parameters
    ----------
    world : MDP
        Any model of these states.
    state : int
        Number of the initial state.
    models : sequence of MDP
        What an action leads to in each step.
    memory : float
        Limit in bytes on the rows.

    Returns
    -------
    rows : csr_array of shape (n_sequences, n_states)
        The last action counts fastest.
    missing : ndarray of bool of shape (n_sequences,)
    """
    rows = sparse.csr_array(([1.0], ([0], [state])), shape=(1, world.n_states))
    missing = np.zeros(1, dtype=bool)
    for model in models:
        n_actions, most = model.n_actions, int(np.diff(model.rows.indptr).max(initial=0))
        needed = _ENTRY * float(rows.nnz) * n_actions * most
        _refuse_large(needed, memory, f"the rows of state {world.states[state]!r}")
        lacking = (~model.available).astype(float)
        missing = np.repeat(missing, n_actions) | np.asarray(rows @ lacking > 0).reshape(-1)
        parts = [rows @ matrix for matrix in model.action_matrices]
        order = np.arange(rows.shape[0] * n_actions).reshape(n_actions, -1).T.reshape(-1)
        rows = sparse.csr_array(sparse.vstack(parts, format="csr"))[order]
    return rows, missing


def _refuse_large(needed: float, allowed: float, what: str) -> None:
    """Raise if something exceeds the memory."""
    if needed > allowed:
        raise MemoryError(
            f"{what} take {needed:.2g} bytes, expected at most memory={allowed:.2g}; take a shorter horizon or raise "
            "memory"
        )

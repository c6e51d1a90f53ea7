"""The action sequences of each state's optimum: stored by solvers, or traced on demand in deterministic models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from empowerment.actuation.open_loop.counting import trace_sequences
from empowerment.core import validate


@dataclass(frozen=True, eq=False)
class Sequences:
    """Stored sequences, those of one state after those of another.

    Attributes
    ----------
    actions : ndarray of int of shape (n_sequences, horizon)
        Numbers of actions. Sequences that stop before the horizon end in -1.
    weights : ndarray of shape (n_sequences,)
        Probability of each sequence under the optimal input distribution.
    offsets : ndarray of int of shape (n_states + 1,)
        Those of state i are the ones from ``offsets[i]`` up to ``offsets[i + 1]``.
    """

    actions: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray

    def of_state(self, position: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the sequences of the state at a position of the result, and their probabilities."""
        own = slice(*self.offsets[position : position + 2])
        return self.actions[own], self.weights[own]

    def only(self, position: int) -> Sequences:
        """Return those of one state."""
        actions, weights = self.of_state(position)
        return Sequences(actions, weights, np.array([0, len(actions)]))


@dataclass(frozen=True, eq=False)
class TracedSequences:
    """What a sequence to each reading within reach is traced from, when it is asked for.

    In a deterministic world every reading is one input, all inputs are equally probable, and there are far more
    sequences than numbers in the result.

    Attributes
    ----------
    successors : ndarray of int of shape (n_states, n_actions)
        The next state; -1 where an action is missing.
    readings : ndarray of int of shape (n_states,)
        The reading of each state.
    starts : ndarray of int of shape (n_results,)
        The state that each entry of the result starts from.
    horizon : int
    stopping : bool
        Whether sequences of fewer actions count as well.
    memory : float
        Bytes that the sequences of one state may take.
    """

    successors: np.ndarray
    readings: np.ndarray
    starts: np.ndarray
    horizon: int
    stopping: bool
    memory: float = 4e9

    def of_state(self, position: int) -> tuple[np.ndarray, np.ndarray]:
        """Return one sequence for each reading within reach, and their equal probabilities.

        Raises
        ------
        ValueError
            If the horizon is too long to be followed step by step.
        MemoryError
            If the sequences would take more than `memory`.
        """
        if self.horizon > validate.LONGEST:
            raise ValueError(
                f"horizon is {self.horizon:,}, and optimal sequences are traced over at most {validate.LONGEST:,} "
                "steps"
            )
        taken = 4.0 * self.horizon * np.unique(self.readings).size
        if taken > self.memory:
            raise MemoryError(
                f"the sequences of one state may take {taken / 1e9:.3g} GB, allowed are {self.memory / 1e9:.3g} GB; "
                "raise the option memory of the computation, as in options={'memory': 1e10}"
            )
        start = int(self.starts[position])
        sequences = trace_sequences(self.successors, self.readings, start, self.horizon, up_to=self.stopping)
        return sequences, np.full(len(sequences), 1.0 / max(len(sequences), 1))

    def only(self, position: int) -> TracedSequences:
        """Return what those of one state are traced from."""
        return TracedSequences(
            self.successors,
            self.readings,
            self.starts[position : position + 1],
            self.horizon,
            self.stopping,
            self.memory,
        )

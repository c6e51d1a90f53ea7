"""The task that is set for one state, and its solution."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from empowerment.actuation.open_loop.column_generation import ColumnSolution
from empowerment.capacity.options import SolverOptions
from empowerment.core.status import Status


class NoSequenceError(ValueError):
    """No action sequence of the horizon's length is available; with feedback, no policy is.

    Parameters
    ----------
    message : str
        The sentence that is shown.

    See Also
    --------
    actuation_channel : Raises this error.
    MDP : Its argument `available` says which actions exist in which state.

    Examples
    --------
    >>> import numpy as np
    >>> import empowerment as emp
    >>> world = emp.MDP(np.ones((1, 1, 1)), available=[[False]])
    >>> try:
    ...     emp.actuation_channel(world, 1, 0)
    ... except emp.NoSequenceError:
    ...     print("no sequence")
    no sequence
    """

    def __init__(self, message: str = "whatever is done may lead to where no action is, with steps left") -> None:
        super().__init__(message)


class TooManySequencesError(Exception):
    """Raised if sequences or policies exceed the number, or the memory, that the task allows.

    Attributes
    ----------
    known : StateSolution or None
        An interval that was proved before the limit was reached.
    """

    def __init__(self, message: str = "", known: StateSolution | None = None) -> None:
        super().__init__(message)
        self.known = known


class StateTask(NamedTuple):
    """The state to start from, the horizon, the accuracy and the limits.

    Attributes
    ----------
    start : int
        Column of the initial state.
    horizon : int
    options : SolverOptions
        Tolerances in nats.
    max_sequences : int
        Largest number of sequences to enumerate.
    memory : float
        Limit on the working memory, in bytes.
    max_nodes : int
        Largest number of boxes that a search for policies splits.
    max_seconds : float
        Limit on the time of that search.
    """

    start: int
    horizon: int
    options: SolverOptions
    max_sequences: int
    memory: float
    max_nodes: int = 1000
    max_seconds: float = math.inf

    def width(self, lower: float) -> float:
        """Return the tolerated width of an interval with this lower end, in nats."""
        return self.options.width(lower)


class StateSolution(NamedTuple):
    """An interval in nats, rounding included, and the input distribution that attains its lower end.

    Attributes
    ----------
    value, lower, upper : float
    sequences : ndarray of int of shape (n_sequences, horizon)
        Numbers of the actions.
    weights : ndarray of shape (n_sequences,)
        Probabilities of the sequences.
    """

    value: float
    lower: float
    upper: float
    sequences: np.ndarray
    weights: np.ndarray

    @classmethod
    def without_sequences(cls, value: float, lower: float, upper: float, horizon: int) -> StateSolution:
        """Return an interval without sequences: the actions depend on observations, or it is only a bound."""
        return cls(value, lower, upper, np.empty((0, horizon), dtype=np.int32), np.empty(0))

    def with_upper(self, upper: float) -> StateSolution:
        """Return the solution with another bound as its upper end, and its value between both ends."""
        upper = max(upper, self.lower)
        return self._replace(value=min(max(self.value, 0.0), upper), upper=upper)


class StateSolutions(NamedTuple):
    """The solutions of several states as arrays over them; see :class:`StateSolution`.

    Attributes
    ----------
    value, lower, upper : ndarray of shape (n_states,)
    status : ndarray of int of shape (n_states,)
    n_sequences : ndarray of int of shape (n_states,)
    sequences : ndarray of int of shape (n_sequences, horizon)
        Those of one state after those of another.
    weights : ndarray of shape (n_sequences,)
    """

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    status: np.ndarray
    n_sequences: np.ndarray
    sequences: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, solution: StateSolution, status: Status) -> StateSolutions:
        """Return the solution of one state."""
        numbers = (solution.value, solution.lower, solution.upper, int(status), solution.weights.size)
        value, lower, upper, codes, n_sequences = (np.array([number]) for number in numbers)
        return cls(value, lower, upper, codes, n_sequences, solution.sequences, solution.weights)

    @classmethod
    def without_sequences(cls, n_states: int, horizon: int) -> StateSolutions:
        """Return the solutions of states from which no sequence is available."""
        value, lower, upper = np.zeros((3, n_states))
        status, n_sequences = np.full(n_states, int(Status.NO_SEQUENCE)), np.zeros(n_states, dtype=np.int64)
        sequences = np.empty((0, horizon), dtype=np.int32)
        return cls(value, lower, upper, status, n_sequences, sequences, np.empty(0))

    def chosen(self, which: np.ndarray) -> StateSolutions:
        """Return the solutions of some states, given by truth values."""
        if which.all():
            return self
        own = np.repeat(which, self.n_sequences)
        value, lower, upper, status, n_sequences = (part[which] for part in self[:5])
        return StateSolutions(value, lower, upper, status, n_sequences, self.sequences[own], self.weights[own])


def widened(solution: ColumnSolution | StateSolution, relative_error: float) -> StateSolution:
    """Widen an interval by the relative error of the rows; see :class:`.open_loop.layers.Layer`."""
    lower, upper = widened_ends(solution.lower, solution.upper, relative_error)
    return StateSolution(solution.value, float(lower), float(upper), solution.sequences, solution.weights)


def widened_ends(lower: Any, upper: Any, relative_error: Any) -> tuple[Any, Any]:
    """Return the ends of intervals, numbers or arrays, widened by the relative error of the rows."""
    slack = 2.0 * relative_error
    return lower - slack * (1.0 + np.maximum(lower, 0.0)), upper + slack * (1.0 + upper)

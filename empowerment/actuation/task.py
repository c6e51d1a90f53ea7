"""What is asked of one state, and what comes of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from empowerment.actuation.open_loop.column_generation import Solution
from empowerment.capacity.options import SolverOptions


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
    ...     emp.actuation_channel(world, 0, 1)
    ... except emp.NoSequenceError:
    ...     print("no sequence")
    no sequence
    """

    def __init__(self, message: str = "whatever is done may lead to where no action is, with steps left") -> None:
        super().__init__(message)


class TooManySequencesError(Exception):
    """There are more sequences, or policies, than may be looked at, or than fit into the memory allowed.

    Attributes
    ----------
    known : StateSolution or None
        An interval that was found by then.
    """

    def __init__(self, message: str = "", known: StateSolution | None = None) -> None:
        super().__init__(message)
        self.known = known


class StateTask(NamedTuple):
    """What is asked of one state.

    Attributes
    ----------
    start : int
        The column of the state.
    horizon : int
    options : SolverOptions
        In nats.
    max_sequences : int
        Number of sequences that may be looked at.
    memory : float
        Bytes that may be taken.
    """

    start: int
    horizon: int
    options: SolverOptions
    max_sequences: int
    memory: float

    def wanted(self, lower: float) -> float:
        """Return the width wanted of an interval with this lower end, in nats."""
        return self.options.width(lower)


class StateSolution(NamedTuple):
    """An interval in nats, rounding allowed for, and the sequences that carry its lower end."""

    value: float
    lower: float
    upper: float
    sequences: np.ndarray
    weights: np.ndarray

    @classmethod
    def without_sequences(cls, value: float, lower: float, upper: float, horizon: int) -> StateSolution:
        """Return an interval that no sequences carry: actions react, or the interval is only a bound."""
        return cls(value, lower, upper, np.empty((0, horizon), dtype=np.int32), np.empty(0))


def widened(found: Solution | StateSolution, relative_error: float) -> StateSolution:
    """Allow for a relative error of the rows; see :class:`empowerment.actuation.open_loop.layers.Layer`."""
    room = 2.0 * relative_error
    lower = found.lower - room * (1.0 + max(found.lower, 0.0))
    return StateSolution(found.value, lower, found.upper + room * (1.0 + found.upper), found.sequences, found.weights)

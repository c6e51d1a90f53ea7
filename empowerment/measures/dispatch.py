"""Which solver answers a request."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from empowerment.actuation.forecast import Forecast
from empowerment.measures.counting_solver import CountingSolver
from empowerment.measures.feedback_solver import FeedbackSolver
from empowerment.measures.open_loop_solver import OpenLoopSolver
from empowerment.measures.request import EmpowermentRequest
from empowerment.measures.solutions import Solutions


class StateSolver(Protocol):
    """Answers a request for any of its states, by their numbers; it is sent to other processes as it is."""

    @property
    def request(self) -> EmpowermentRequest:
        """The question, without labels."""
        ...

    @property
    def prefers_threads(self) -> bool:
        """Whether chunks are better shared among threads than among processes."""
        ...

    def chunk_size(self, count: int) -> int:
        """Return how many of `count` states to solve at a time."""
        ...

    def forecast(self, numbers: np.ndarray) -> Forecast | None:
        """Return what states will take; None where that shows only as the work goes on."""
        ...

    def __call__(self, numbers: np.ndarray) -> Solutions:
        """Return the solutions of states."""
        ...


def dispatch(request: EmpowermentRequest) -> StateSolver:
    """Return the solver of a request.

    Raises
    ------
    ValueError
        If the method is not one of this question.
    """
    plain = request.without_labels()
    if request.feedback:
        return FeedbackSolver(plain)
    return CountingSolver(plain) if request.method == "counting" else OpenLoopSolver(plain)

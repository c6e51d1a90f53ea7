"""Solutions of several states, as arrays that chunks of work send, checkpoints store and results hold."""

from __future__ import annotations

import numpy as np

from empowerment.actuation.task import StateSolution
from empowerment.core.status import KINDS, Status
from empowerment.measures.request import EmpowermentRequest

# An input of less probability than this is a trace of the solver's path, not part of the optimum.
_MIN_WEIGHT = 1e-6

Solutions = dict[str, np.ndarray]
"""Arrays over states: value, lower, upper, status and method; count of sequences, and these one after the other."""


class RefusedError(Exception):
    """A state would take more than was allowed: its number, and why."""


def joined(parts: list[Solutions]) -> Solutions:
    """Return the solutions of several states as arrays over all of them."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def as_arrays(
    solution: StateSolution, method: str, request: EmpowermentRequest, status: Status = Status.CERTIFIED
) -> Solutions:
    """Return the solution of one state in the unit of the result, with the sequences that carry it."""
    solution = solution._replace(value=max(solution.value, 0.0), lower=max(solution.lower, 0.0))
    met = request.solver.in_nats().met(solution.lower, solution.upper)
    if not met and status != Status.MAX_ITER:
        status = Status.PRECISION if KINDS[method] == "exact" else Status.BOUNDED
    used = np.flatnonzero(solution.weights >= _MIN_WEIGHT)
    numbers = np.array([solution.value, solution.lower, solution.upper]) / request.solver.unit
    sequences = solution.sequences[used]
    return {
        "value": numbers[:1],
        "lower": numbers[1:2],
        "upper": numbers[2:],
        "status": np.array([status]),
        "method": np.array([method]),
        "count": np.array([used.size]),
        "sequences": _stopped(sequences, request.problem.model.n_actions - 1) if request.stopping else sequences,
        "weights": solution.weights[used],
    }


def no_sequence(method: str, request: EmpowermentRequest) -> Solutions:
    """Return the solution of a state in which there is no input."""
    solution = StateSolution.without_sequences(0.0, 0.0, 0.0, request.horizon)
    return as_arrays(solution, method, request, Status.NO_SEQUENCE)


def _stopped(sequences: np.ndarray, idle_action: int) -> np.ndarray:
    """Put the action that does nothing to the end, as -1."""
    idle = sequences == idle_action
    order = np.argsort(idle, axis=1, kind="stable")
    return np.take_along_axis(np.where(idle, -1, sequences), order, axis=1)

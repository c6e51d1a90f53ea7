"""Solutions of several states, as arrays that chunks of work send, checkpoints store and results hold."""

from __future__ import annotations

import numpy as np

from empowerment.actuation.task import StateSolution, StateSolutions
from empowerment.core.status import KINDS, Status
from empowerment.measures.request import EmpowermentRequest

# An input of less than this part of the largest probability is a trace of the solver's path, no part of the optimum.
_MIN_SHARE = 1e-4
# These say why an interval is wide; others give way to what the method says.
_REASONS = [int(status) for status in (Status.MAX_ITER, Status.PRECISION, Status.NODE_LIMIT, Status.TIME_LIMIT)]
_OF_CARRIERS = ("sequences", "weights")

Solutions = dict[str, np.ndarray]
"""Arrays over states: value, lower, upper, status and method; count of sequences, and these one after the other."""


class RefusedError(Exception):
    """A state would take more than was allowed: its number, and why."""


def joined(parts: list[Solutions]) -> Solutions:
    """Return the solutions of several states as arrays over all of them."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def reordered(solutions: Solutions, order: np.ndarray) -> Solutions:
    """Return the solutions at some positions, each with its sequences."""
    carriers = carrier_positions(solutions["count"], order)
    return {name: part[carriers if name in _OF_CARRIERS else order] for name, part in solutions.items()}


def carrier_positions(count: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return the positions of the sequences of some states, where state i has `count[i]` of them."""
    chosen = count[order]
    shift = (np.cumsum(count) - count)[order] - (np.cumsum(chosen) - chosen)
    return np.arange(chosen.sum()) + np.repeat(shift, chosen)


def as_arrays(
    solution: StateSolution, method: str, request: EmpowermentRequest, status: Status = Status.CERTIFIED
) -> Solutions:
    """Return the solution of one state in the unit of the result, with the sequences that carry it."""
    return block_as_arrays(StateSolutions.of(solution, status), method, request)


def block_as_arrays(solutions: StateSolutions, method: str, request: EmpowermentRequest) -> Solutions:
    """Return the solutions of several states in the unit of the result, with the sequences that carry them."""
    unit = request.solver.unit
    lower, upper = np.maximum(solutions.lower, 0.0) / unit, solutions.upper / unit
    met, status = request.solver.met(lower, upper), solutions.status
    if not met.all():
        worse = int(Status.PRECISION if KINDS[method] == "exact" else Status.BOUNDED)
        status = np.where(met | np.isin(status, _REASONS), status, worse)
    owner, largest = np.repeat(np.arange(lower.size), solutions.n_sequences), np.zeros(lower.size)
    np.maximum.at(largest, owner, solutions.weights)
    used = solutions.weights >= _MIN_SHARE * largest[owner]
    sequences = solutions.sequences[used]
    return {
        "value": np.maximum(solutions.value, 0.0) / unit,
        "lower": lower,
        "upper": upper,
        "status": status,
        "method": np.full(lower.size, method),
        "count": np.bincount(owner[used], minlength=lower.size),
        "sequences": _stopped(sequences, request.problem.model.n_actions - 1) if request.stopping else sequences,
        "weights": solutions.weights[used],
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

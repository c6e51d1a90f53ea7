"""Convex programs, solved by Clarabel through CVXPY where both are installed."""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from empowerment.runtime.optional import missing

LIBRARIES = ("cvxpy", "clarabel")
_TOLERANCES = ("tol_gap_abs", "tol_gap_rel", "tol_feas")


def has_convex() -> bool:
    """Return whether the libraries for convex programs are installed."""
    return all(importlib.util.find_spec(name) is not None for name in LIBRARIES)


def convex_library(what: str) -> Any:
    """Return CVXPY, or raise the error that says that `what` needs it.

    Raises
    ------
    ImportError
        If CVXPY or Clarabel is not installed.
    """
    if not has_convex():
        raise missing(what, *LIBRARIES)
    return importlib.import_module("cvxpy")


def solve_at_accuracies(problem: Any, accuracies: Sequence[float]) -> Iterator[str]:
    """Solve a program to one accuracy after the other, and yield the status wherever Clarabel did not give up.

    What its variables hold then may be missing or inaccurate: the caller proves it, and stops when that is enough.
    """
    cvxpy = importlib.import_module("cvxpy")
    for accuracy in accuracies:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that the solution may be inaccurate
            try:
                problem.solve(solver=cvxpy.CLARABEL, **dict.fromkeys(_TOLERANCES, accuracy))
            except cvxpy.error.SolverError:
                continue
        yield problem.status

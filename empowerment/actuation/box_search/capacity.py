"""The capacity over all rows of a polytope by column generation: local search first, then branch and bound."""

from __future__ import annotations

from types import ModuleType
from typing import NamedTuple

import numpy as np

from empowerment.actuation.box_search.ascent import ascended, divergences, first_rows
from empowerment.actuation.box_search.polytope import ReadingPolytope
from empowerment.actuation.box_search.rows import KnownRows
from empowerment.actuation.box_search.search import BoxSearch
from empowerment.actuation.budget import Budget
from empowerment.actuation.open_loop.column_generation import Columns, ColumnSolution, generate
from empowerment.capacity.options import SolverOptions

_AT_ONCE = 200  # rows from which local search begins


class RowSolution(NamedTuple):
    """A capacity in nats, the rows that carry it, and the distribution of the reading that proves its upper end.

    Attributes
    ----------
    value, lower, upper : float
        For the rows as the polytope has them; the upper end may be infinite.
    rows : ndarray of shape (n, n_readings)
    weights : ndarray of shape (n,)
        Probability of each row; this input distribution attains the lower end.
    q : ndarray of shape (n_readings,)
        Empty if the upper end is infinite.
    """

    value: float
    lower: float
    upper: float
    rows: np.ndarray
    weights: np.ndarray
    q: np.ndarray


def found_capacity(polytope: ReadingPolytope, rows: np.ndarray, options: SolverOptions, rounds: int) -> RowSolution:
    """Compute the capacity over rows that local search finds: a lower end alone.

    Parameters
    ----------
    polytope : ReadingPolytope
    rows : ndarray of shape (n, n_readings)
        Some rows to begin with.
    options : SolverOptions
        In nats.
    rounds : int
        Largest number of searches.
    """
    local = _LocalSearch(polytope, rows)
    return local.solution(generate(local, options, rounds))


def bounded_capacity(
    polytope: ReadingPolytope, rows: np.ndarray, options: SolverOptions, kernels: ModuleType, budget: Budget
) -> RowSolution:
    """Bound the capacity of the channel whose inputs are all rows of a polytope.

    Parameters
    ----------
    polytope : ReadingPolytope
    rows : ndarray of shape (n, n_readings)
        Some rows to begin with.
    options : SolverOptions
        In nats.
    kernels : module
        One of :mod:`empowerment.actuation.kernels`.
    budget : Budget
        Of all searches together; what they take is added.

    Returns
    -------
    RowSolution
        With an infinite upper end if the budget allows no search.
    """
    local = _LocalSearch(polytope, rows)
    generate(local, options)
    search = _Search(local, BoxSearch(polytope, kernels, budget), options)
    return local.solution(generate(search, options, first_width=options.tol))


class _LocalSearch:
    """An oracle of good rows; it gives no upper end."""

    def __init__(self, polytope: ReadingPolytope, rows: np.ndarray) -> None:
        self._polytope, self.known = polytope, KnownRows(polytope.n_readings)
        self.known.add(np.concatenate([rows, first_rows(polytope)]))

    def first(self) -> Columns:
        """Return all rows that are known."""
        return self.columns(self.known.rows)

    def price(self, q: np.ndarray, above: float) -> tuple[float, Columns]:
        """Return infinity as the bound, and rows whose divergence from q exceeds `above`."""
        rows = ascended(self._polytope, self.known.rows[-_AT_ONCE:], q)
        return np.inf, self.columns(rows[divergences(rows, q) > above])

    def columns(self, rows: np.ndarray) -> Columns:
        """Return rows as inputs, which are known from then on."""
        return Columns(rows, np.zeros(len(rows)), self.known.add(rows)[:, None])

    def solution(self, found: ColumnSolution) -> RowSolution:
        """Return a solution with the rows that carry it."""
        rows = self.known.rows[found.sequences[:, 0]]
        return RowSolution(found.value, found.lower, found.upper, rows, found.weights, found.q)


class _Search:
    """An oracle of all rows."""

    def __init__(self, local: _LocalSearch, boxes: BoxSearch, options: SolverOptions) -> None:
        self._local, self._boxes, self._options = local, boxes, options

    def first(self) -> Columns:
        """Return the rows that local search has found."""
        return self._local.first()

    def price(self, q: np.ndarray, above: float) -> tuple[float, Columns]:
        """Return an upper bound on the divergence of any row from q, and rows that exceed `above`."""
        better = self._local.price(q, above)
        if better[1].rows.size or self._boxes.budget.spent:
            return better
        self._boxes.budget.lower = above
        # Rows that carry the lower end may exceed it by a quarter of the tolerance.
        found = self._boxes.largest_divergence(q, above + 0.5 * self._options.width(above), self._local.known.rows)
        return found.bound, self._local.columns(found.rows)

"""Distributions of several variables at once, as sparse rows, from those of each."""

from __future__ import annotations

import graphlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from empowerment.adapters.pomdp_format.probabilities import ranges
from empowerment.adapters.pomdp_format.sizes import PER_ENTRY, MemoryLimit
from empowerment.adapters.pomdpx.factors import Factor, FactorReader
from empowerment.adapters.pomdpx.variables import Variable

Values = dict[str, np.ndarray]
"""The numbers of the values of some variables, in each of many cases."""


@dataclass
class Cases:
    """Cases that may follow from each row, and their probabilities.

    Attributes
    ----------
    row : ndarray of int of shape (n_cases,)
    values : Values
    chance : ndarray of shape (n_cases,)
    """

    row: np.ndarray
    values: Values
    chance: np.ndarray

    def matrix(self, names: Sequence[str], variables: Sequence[Variable], n_rows: int) -> sparse.csr_array:
        """Return the probabilities of the combinations of some variables, in the order of their labels."""
        column = numbers(self.values, names, variables, len(self.row))
        shape = n_rows, int(np.prod([len(each) for each in variables]))
        return sparse.csr_array((self.chance, (self.row, column)), shape=shape)


def numbers(values: Values, names: Sequence[str], variables: Sequence[Variable], count: int) -> np.ndarray:
    """Return the number of the combination of the values of some variables in each case."""
    found = np.zeros(count, dtype=np.int64)
    for name, variable in zip(names, variables, strict=True):
        found = found * len(variable) + values[name]
    return found


def spread(number: np.ndarray, names: Sequence[str], variables: Sequence[Variable]) -> Values:
    """Return the values of variables from the numbers of their combinations."""
    found: Values = {}
    for name, variable in zip(reversed(names), reversed(variables), strict=True):
        number, found[name] = np.divmod(number, len(variable))
    return found


def ordered(factors: dict[str, Factor]) -> list[Factor]:
    """Return factors such that each comes after those that it depends on."""
    graph = {name: [parent for parent in factor.parents if parent in factors] for name, factor in factors.items()}
    try:
        return [factors[name] for name in graphlib.TopologicalSorter(graph).static_order()]
    except graphlib.CycleError as reason:
        circle = " and ".join(map(repr, dict.fromkeys(reason.args[1])))
        raise factors[reason.args[1][0]].element.complaint(
            f"{circle} depend on each other, expected variables in an order"
        ) from None


def follow(given: Values, count: int, factors: Iterable[Factor], reader: FactorReader, limit: MemoryLimit) -> Cases:
    """Return what may follow from each of `count` rows, one factor after the other.

    Raises
    ------
    ValueError
        If a distribution that occurs does not sum to 1, or there are more cases than memory allows.
    """
    cases = Cases(np.arange(count), given, np.ones(count))
    for factor in factors:
        parents = numbers(cases.values, factor.parents, factor.variables[:-1], len(cases.row))
        rows = sparse.csr_array(reader.settled(factor, np.unique(parents)))
        lengths = np.diff(rows.indptr)[parents]
        what = f"{int(lengths.sum()):,} combinations of values with {factor.names[-1]!r}"
        limit.check(int(lengths.sum()) * (1 + len(cases.values)), PER_ENTRY // 4, what, factor.element.line)
        case = np.repeat(np.arange(len(parents)), lengths)
        entry = ranges(rows.indptr[parents], lengths)
        values = {name: each[case] for name, each in cases.values.items()}
        values[factor.names[-1]] = rows.indices[entry].astype(np.int64)
        cases = Cases(cases.row[case], values, cases.chance[case] * rows.data[entry])
    return cases

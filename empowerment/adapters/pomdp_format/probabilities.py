"""Tables of probabilities from statements, as sparse rows."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy import sparse

from empowerment.adapters.pomdp_format.names import Elements
from empowerment.adapters.pomdp_format.overrides import NO_STATEMENT, Coordinates, LatestStatements
from empowerment.adapters.pomdp_format.sizes import PER_ENTRY, PER_NUMBER, MemoryLimit

_ALL = -1
"""Stands for a coordinate that a statement leaves open, in arrays of numbers."""


class Rows(NamedTuple):
    """Rows of a statement, without zeros.

    Attributes
    ----------
    lengths : ndarray of int
        Number of entries of each row. There is one row for every state, or one that all states share.
    columns, values : ndarray
        The entries, row after row.
    """

    lengths: np.ndarray
    columns: np.ndarray
    values: np.ndarray


def identity_rows(count: int) -> Rows:
    """Return the rows of an identity matrix."""
    return Rows(np.ones(count, dtype=np.int64), np.arange(count), np.ones(count))


def given_rows(numbers: list[float] | np.ndarray, count: int) -> Rows:
    """Return rows of `count` columns from their numbers."""
    dense = np.maximum(np.reshape(numbers, (-1, count)), 0.0)  # what is below 0 here is the rounding error of a 0
    columns = np.nonzero(dense)[1] if len(dense) > 1 else np.flatnonzero(dense[0])
    return Rows(np.count_nonzero(dense, axis=1), columns, dense[dense != 0])


class Table:
    """Statements of one kind; a later one overrides earlier ones, and entries without a statement are 0.

    Parameters
    ----------
    head : str
        "T" or "O".
    n_actions, n_states : int
        Numbers of actions and states.
    outcomes : Elements
        The states or the observations.
    limit : MemoryLimit
        Limit on the memory.
    """

    def __init__(self, head: str, n_actions: int, n_states: int, outcomes: Elements, limit: MemoryLimit) -> None:
        self.head, self.outcomes = head, outcomes
        self.n_actions, self.n_states, self.n_outcomes = n_actions, n_states, len(outcomes)
        self._limit = limit
        self._coordinates = array("q")  # three for each statement
        self._lines = array("q")
        self._values = array("d")  # of a single outcome
        self._blocks: list[Rows] = []  # each once, however many statements give it
        self._block_of = array("q")  # of each statement, _ALL for those of a single outcome
        self._block_numbers: dict[int, int] = {}
        self._constants: dict[float, Rows] = {}
        self._stored = 0
        self._row_statements = LatestStatements((n_actions, n_states))
        self._entry_statements = LatestStatements((n_actions, n_states, len(outcomes)))

    def add_entry(self, coordinates: Coordinates, value: float, line: int) -> None:
        """Add the probability of one outcome, or of all of them if the outcome is left open."""
        if coordinates[2] is None:
            self.add_constant(coordinates[:2], value, line)
        else:
            self._entry_statements.add(coordinates, self._note(coordinates, value, _ALL, line))

    def add_constant(self, coordinates: Coordinates, value: float, line: int) -> None:
        """Add the same probability for all outcomes."""
        if value not in self._constants:
            count = self.n_outcomes if value else 0
            self._constants[value] = Rows(np.array([count]), np.arange(count), np.full(count, value))
        self.add_rows(coordinates, self._constants[value], line)

    def add_rows(self, coordinates: Coordinates, rows: Rows, line: int) -> None:
        """Add whole rows for an action, or for an action and a state."""
        action, state = (*coordinates, None)[:2]
        block = self._block_numbers.setdefault(id(rows), len(self._blocks))
        if block == len(self._blocks):
            self._blocks.append(rows)
            self._stored += len(rows.columns)
            self._check(self._stored, PER_NUMBER, line)
        self._row_statements.add((action, state), self._note((action, state, None), 0.0, block, line))

    def line_of(self, action: int, state: int) -> int:
        """Return the line of the last statement about a row, 0 if there is none."""
        targets = np.array(self._coordinates).reshape(-1, 3)
        applies = np.isin(targets[:, 0], (action, _ALL)) & np.isin(targets[:, 1], (state, _ALL))
        numbers = np.flatnonzero(applies)
        return self._lines[int(numbers[-1])] if numbers.size else 0

    def resolved(self) -> sparse.csr_array:
        """Return the probabilities as a matrix with the rows ``action * n_states + state``."""
        latest = self._row_statements.at(np.arange(self.n_actions)[:, None], np.arange(self.n_states))
        rows, columns, values = self._entries_of_rows(latest)
        if self._entry_statements:
            at = (*divmod(rows, self.n_states), columns)
            kept = self._entry_statements.at(*at) < latest.reshape(-1)[rows]
            parts = [(rows[kept], columns[kept], values[kept]), *self._single_entries(latest)]
            rows, columns, values = (np.concatenate(part) for part in zip(*parts, strict=True))
        shape = self.n_actions * self.n_states, self.n_outcomes
        return sparse.csr_array((values, (rows, columns)), shape=shape)

    def _note(self, coordinates: Coordinates, value: float, block: int, line: int) -> int:
        self._coordinates.extend(_ALL if coordinate is None else coordinate for coordinate in coordinates)
        self._values.append(value)
        self._block_of.append(block)
        self._lines.append(line)
        return len(self._lines) - 1

    def _check(self, entries: int, each: int, line: int) -> None:
        what = f"{entries:,} probabilities above 0 in the statements '{self.head}:'"
        self._limit.check(entries, each, what, line)

    def _entries_of_rows(self, latest: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return row, column and value of each entry of the rows that are given as a whole."""
        rows = np.flatnonzero(latest != NO_STATEMENT)
        if not rows.size:
            return rows, rows, np.empty(0)
        block_of_row = np.array(self._block_of)[latest.reshape(-1)[rows]]
        used, block_of_row = np.unique(block_of_row, return_inverse=True)
        blocks = [self._blocks[number] for number in used.tolist()]
        first = np.cumsum([0, *(len(block.lengths) for block in blocks)])
        lengths = np.concatenate([block.lengths for block in blocks])
        own = first[block_of_row] + np.where(np.diff(first)[block_of_row] > 1, rows % self.n_states, 0)
        longest = rows[lengths[own].argmax()]
        self._check(int(lengths[own].sum()), PER_ENTRY, self._lines[int(latest.reshape(-1)[longest])])
        entry = ranges((np.cumsum(lengths) - lengths)[own], lengths[own])
        columns, values = (np.concatenate([block[part] for block in blocks])[entry] for part in (1, 2))
        return np.repeat(rows, lengths[own]), columns, values

    def _single_entries(self, latest: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yield row, column and value of single entries, for each pattern of coordinates."""
        targets, values = np.array(self._coordinates).reshape(-1, 3), np.array(self._values)
        total = 0
        for given, numbers in self._entry_statements.patterns():
            numbers = numbers[values[numbers] != 0]
            if not numbers.size:
                continue
            n_actions = 1 if 0 in given else self.n_actions
            n_states = 1 if 1 in given else self.n_states
            total += len(numbers) * n_actions * n_states
            self._check(total, PER_ENTRY, self._lines[int(numbers[-1])])
            # A row for each statement, a column for each pair of action and state that it speaks of.
            pair, first = np.arange(n_actions * n_states), np.maximum(targets[numbers], 0)
            action, state = first[:, :1] + pair // n_states, first[:, 1:2] + pair % n_states
            column, number = first[:, 2:] + 0 * pair, numbers[:, None] + 0 * pair
            kept = number == np.maximum(self._entry_statements.at(action, state, column), latest[action, state])
            yield (action * self.n_states + state)[kept], column[kept], values[number[kept]]


def ranges(begins: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the numbers of ranges with these beginnings and lengths, one range after the other."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if ends.size else 0) + np.repeat(begins - ends + lengths, lengths)

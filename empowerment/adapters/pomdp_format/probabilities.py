"""Probabilities of an outcome for each action and state, from statements into sparse rows."""

from __future__ import annotations

from array import array
from typing import NamedTuple

import numpy as np
from scipy import sparse

from empowerment.adapters.pomdp_format.names import Elements
from empowerment.adapters.pomdp_format.overrides import NOBODY, LatestStatements, Place
from empowerment.adapters.pomdp_format.sizes import PER_ENTRY, MemoryLimit

_ALL = -1
"""Stands for a coordinate that a statement leaves open, in arrays of numbers."""


class Rows(NamedTuple):
    """Rows that a statement gives, without zeros.

    Attributes
    ----------
    lengths : ndarray of int
        How many entries each row has. There is one row for every state, or one that all states share.
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
    """Return rows of so many columns that are written out."""
    dense = np.maximum(np.reshape(numbers, (-1, count)), 0.0)  # what is below 0 here is the rounding error of a 0
    columns = np.nonzero(dense)[1] if len(dense) > 1 else np.flatnonzero(dense[0])
    return Rows(np.count_nonzero(dense, axis=1), columns, dense[dense != 0])


class Table:
    """What the statements of one kind say; a later one overrides earlier ones, and what none speaks of is 0.

    Parameters
    ----------
    head : str
        "T" or "O".
    n_actions, n_states : int
    outcomes : Elements
        What the probabilities are of: the states or the observations.
    limit : MemoryLimit
    """

    def __init__(self, head: str, n_actions: int, n_states: int, outcomes: Elements, limit: MemoryLimit) -> None:
        self.head, self.outcomes = head, outcomes
        self.n_actions, self.n_states, self.n_outcomes = n_actions, n_states, len(outcomes)
        self._limit = limit
        self._places = array("q")  # three for each statement
        self._lines = array("q")
        self._values = array("d")  # of a single outcome
        self._rows: dict[int, Rows] = {}  # of those that speak of all outcomes
        self._stored = 0
        self._row_statements = LatestStatements((n_actions, n_states))
        self._entry_statements = LatestStatements((n_actions, n_states, len(outcomes)))

    def add_entry(self, place: Place, value: float, line: int) -> None:
        """Note the probability of one outcome, or of each of them if the place leaves it open."""
        if place[2] is None:
            self.add_constant(place[:2], value, line)
        else:
            self._entry_statements.add(place, self._note(place, value, line))

    def add_constant(self, place: Place, value: float, line: int) -> None:
        """Note the same probability for all outcomes."""
        filled = self.n_outcomes if value else 0
        self._check(self._stored + filled, line)
        self.add_rows(place, Rows(np.array([filled]), np.arange(filled), np.full(filled, value)), line)

    def add_rows(self, place: Place, rows: Rows, line: int) -> None:
        """Note whole rows for an action, or for an action and a state."""
        action, state = (*place, None)[:2]
        number = self._note((action, state, None), 0.0, line)
        self._stored += len(rows.columns)
        self._rows[number] = rows
        self._row_statements.add((action, state), number)

    def line_of(self, action: int, state: int) -> int:
        """Return the line of the last statement about a row, 0 if there is none."""
        places = np.array(self._places).reshape(-1, 3)
        speaks = np.isin(places[:, 0], (action, _ALL)) & np.isin(places[:, 1], (state, _ALL))
        numbers = np.flatnonzero(speaks)
        return self._lines[int(numbers[-1])] if numbers.size else 0

    def resolved(self) -> sparse.csr_array:
        """Return the probabilities; row ``action * n_states + state`` has those of each outcome."""
        latest = self._row_statements.at(np.arange(self.n_actions)[:, None], np.arange(self.n_states))
        rows, columns, values = self._entries_of_rows(latest)
        if self._entry_statements:
            at = (*divmod(rows, self.n_states), columns)
            kept = self._entry_statements.at(*at) < latest.reshape(-1)[rows]
            parts = [(rows[kept], columns[kept], values[kept]), *self._single_entries(latest)]
            rows, columns, values = (np.concatenate(part) for part in zip(*parts, strict=True))
        shape = self.n_actions * self.n_states, self.n_outcomes
        return sparse.csr_array((values, (rows, columns)), shape=shape)

    def _note(self, place: Place, value: float, line: int) -> int:
        self._places.extend(_ALL if coordinate is None else coordinate for coordinate in place)
        self._values.append(value)
        self._lines.append(line)
        return len(self._lines) - 1

    def _check(self, entries: int, line: int) -> None:
        self._limit.check(
            entries,
            PER_ENTRY,
            f"{entries:,} probabilities above 0 in the statements '{self.head}:'",
            line,
            ", or leave out what is 0",
        )

    def _entries_of_rows(self, latest: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return row, column and value of each entry of the rows that are given as a whole."""
        used = np.unique(latest)
        used = used[used != NOBODY]
        if not used.size:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0)
        blocks = [self._rows[number] for number in used.tolist()]
        first = np.cumsum([0, *(len(block.lengths) for block in blocks)])
        lengths = np.concatenate([block.lengths for block in blocks])
        begins = np.cumsum(lengths) - lengths
        rows = np.flatnonzero(latest != NOBODY)
        block = np.searchsorted(used, latest.reshape(-1)[rows])
        own = first[block] + np.where(np.diff(first)[block] > 1, rows % self.n_states, 0)
        self._check(int(lengths[own].sum()), self._lines[int(used[-1])])
        entry = _ranges(begins[own], lengths[own])
        columns, values = (np.concatenate([block[part] for block in blocks])[entry] for part in (1, 2))
        return np.repeat(rows, lengths[own]), columns, values

    def _single_entries(self, latest: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Return row, column and value of the entries that are given one by one, for each pattern of places."""
        found = []
        places, all_values = np.array(self._places).reshape(-1, 3), np.array(self._values)
        total = 0
        for given, numbers in self._entry_statements.patterns():
            numbers = numbers[all_values[numbers] != 0]
            sizes = [1 if axis in given else count for axis, count in enumerate((self.n_actions, self.n_states))]
            total += len(numbers) * sizes[0] * sizes[1]
            if numbers.size:
                self._check(total, self._lines[int(numbers[-1])])
            spread = np.zeros((len(numbers), *sizes), dtype=np.int64)
            action, state = (
                spread + (places[numbers, axis, None, None] if axis in given else np.arange(count).reshape(shape))
                for axis, (count, shape) in enumerate(((self.n_actions, (-1, 1)), (self.n_states, (1, -1))))
            )
            column, number = spread + places[numbers, 2, None, None], spread + numbers[:, None, None]
            last = np.maximum(self._entry_statements.at(action, state, column), latest[action, state])
            kept = last == number
            found.append(((action * self.n_states + state)[kept], column[kept], all_values[number[kept]]))
        return found


def _ranges(begins: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the whole numbers of ranges that begin here and are so long, one range after the other."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if ends.size else 0) + np.repeat(begins - ends + lengths, lengths)

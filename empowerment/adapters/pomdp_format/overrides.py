"""The latest of many statements about each entry of a table, where statements may leave coordinates open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

Coordinates = tuple[int | None, ...]
"""Coordinates of the entries that a statement is about; None stands for all."""

NO_STATEMENT = -1
"""Number for an entry without a statement."""


class LatestStatements:
    """The latest statement about every entry of a table.

    Statements are stored by the coordinates that they leave open. For each of these few patterns an entry is looked
    up once, so that the time is linear in the numbers of statements and of entries, however they overlap.

    Parameters
    ----------
    shape : sequence of int
        Shape of the table, which has fewer than 2**63 entries.
    """

    def __init__(self, shape: Sequence[int]) -> None:
        self.shape = tuple(shape)
        self._statement_numbers: dict[tuple[int, ...], dict[int, int]] = {}
        self._sorted: dict[tuple[int, ...], tuple[np.ndarray, np.ndarray]] = {}

    def __bool__(self) -> bool:
        return bool(self._statement_numbers)

    def add(self, entry: Coordinates, number: int) -> None:
        """Add a statement about an entry; its number is larger than those before."""
        given, key = [], 0
        for axis, coordinate in enumerate(entry):
            if coordinate is not None:
                given.append(axis)
                key = key * self.shape[axis] + coordinate
        self._statement_numbers.setdefault(tuple(given), {})[key] = number

    def at(self, *coordinates: np.ndarray) -> np.ndarray:
        """Return the number of the latest statement about each entry, `NO_STATEMENT` if there is none.

        Coordinates are arrays that are broadcast against each other.
        """
        latest = np.full(np.broadcast_shapes(*(c.shape for c in coordinates)), NO_STATEMENT, dtype=np.int64)
        for given in self._statement_numbers:
            keys, numbers = self._table(given)
            wanted = np.zeros((), dtype=np.int64)
            for axis in given:
                wanted = wanted * self.shape[axis] + coordinates[axis]
            found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            np.maximum(latest, np.where(keys[found] == wanted, numbers[found], NO_STATEMENT), out=latest)
        return latest

    def patterns(self) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
        """Yield the axes that each pattern of statements gives, and the numbers of those not replaced later."""
        for given in self._statement_numbers:
            yield given, np.sort(self._table(given)[1])

    def _table(self, given: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Return the keys of a pattern in ascending order, and the latest statement of each."""
        if given not in self._sorted:
            statements = self._statement_numbers[given]
            keys = np.fromiter(statements.keys(), np.int64, len(statements))
            order = np.argsort(keys)
            self._sorted[given] = keys[order], np.fromiter(statements.values(), np.int64, len(statements))[order]
        return self._sorted[given]

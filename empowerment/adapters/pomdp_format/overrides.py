"""Which of many statements speaks last of a place, where statements may leave coordinates open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

Place = tuple[int | None, ...]
"""Coordinates of what a statement speaks of; None stands for all there are."""

NOBODY = -1
"""The number of the statement about a place that no statement speaks of."""


class LatestStatements:
    """The latest statement about every place of a grid.

    Statements are kept by which coordinates they leave open. For each of these few patterns a place is looked up
    once, so that the time is linear in the statements and in the places asked for, however they overlap.

    Parameters
    ----------
    shape : sequence of int
        Of the grid, which has fewer than 2**63 places.
    """

    def __init__(self, shape: Sequence[int]) -> None:
        self.shape = tuple(shape)
        self._said: dict[tuple[int, ...], dict[int, int]] = {}
        self._sorted: dict[tuple[int, ...], tuple[np.ndarray, np.ndarray]] = {}

    def __bool__(self) -> bool:
        return bool(self._said)

    def add(self, place: Place, number: int) -> None:
        """Note a statement about a place; each has a larger number than those before it."""
        given, key = [], 0
        for axis, coordinate in enumerate(place):
            if coordinate is not None:
                given.append(axis)
                key = key * self.shape[axis] + coordinate
        self._said.setdefault(tuple(given), {})[key] = number

    def at(self, *coordinates: np.ndarray) -> np.ndarray:
        """Return the number of the latest statement about each place, `NOBODY` where there is none.

        Coordinates are arrays that are broadcast against each other.
        """
        latest = np.full(np.broadcast_shapes(*(c.shape for c in coordinates)), NOBODY, dtype=np.int64)
        for given in self._said:
            keys, numbers = self._table(given)
            wanted = np.zeros((), dtype=np.int64)
            for axis in given:
                wanted = wanted * self.shape[axis] + coordinates[axis]
            found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            np.maximum(latest, np.where(keys[found] == wanted, numbers[found], NOBODY), out=latest)
        return latest

    def patterns(self) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
        """Yield the axes that a pattern of statements gives, and the numbers of those that no later one repeats."""
        for given in self._said:
            yield given, np.sort(self._table(given)[1])

    def _table(self, given: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Return the keys of a pattern in ascending order, and the latest statement of each."""
        if given not in self._sorted:
            said = self._said[given]
            keys = np.fromiter(said.keys(), np.int64, len(said))
            order = np.argsort(keys)
            self._sorted[given] = keys[order], np.fromiter(said.values(), np.int64, len(said))[order]
        return self._sorted[given]

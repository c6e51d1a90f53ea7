"""The rows of policies that a search has met, each stored once."""

from __future__ import annotations

import numpy as np


class KnownRows:
    """Rows with numbers, which do not change as further rows are added.

    Parameters
    ----------
    n_readings : int
    """

    def __init__(self, n_readings: int) -> None:
        self._rows, self._numbers = np.empty((64, n_readings)), dict[bytes, int]()

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def rows(self) -> np.ndarray:
        """All rows, by number."""
        return self._rows[: len(self)]

    def add(self, rows: np.ndarray) -> np.ndarray:
        """Return the numbers of rows, which are stored if they are new."""
        before = len(self)
        numbers = np.array(
            [self._numbers.setdefault(row.tobytes(), len(self._numbers)) for row in rows], dtype=np.int64
        )
        if len(self) > len(self._rows):
            self._rows = np.concatenate([self._rows[:before], np.empty((len(self) + len(self._rows), rows.shape[1]))])
        self._rows[numbers] = rows
        return numbers

"""The boxes that are still to be searched, those with the largest bounds first."""

from __future__ import annotations

import numpy as np

from empowerment.actuation.box_search.boxes import Boxes


class Frontier:
    """Open boxes, in arrays that grow by doubling.

    Parameters
    ----------
    boxes : Boxes
        The first ones.
    """

    def __init__(self, boxes: Boxes) -> None:
        self._boxes, self._size = boxes, boxes.size

    def __len__(self) -> int:
        return self._size

    @property
    def bound(self) -> float:
        """The largest bound of an open box; minus infinity if there is none."""
        return float(self._boxes.bounds[: self._size].max(initial=-np.inf))

    def take(self, count: int) -> Boxes:
        """Remove the `count` boxes with the largest bounds, and return them."""
        keys, count = -self._boxes.bounds[: self._size], min(count, self._size)
        # Of equal bounds the first ones, so that a search takes the same course on every machine.
        few = np.flatnonzero(keys <= np.partition(keys, count - 1)[count - 1])
        best = few[np.argsort(keys[few], kind="stable")[:count]]
        taken = self._boxes.chosen(best)
        left = self._size - count
        moved = np.setdiff1d(np.arange(left, self._size), best, assume_unique=True)
        for part in self._boxes:
            part[best[best < left]] = part[moved]
        self._size = left
        return taken

    def add(self, boxes: Boxes) -> None:
        """Add boxes."""
        size = self._size + boxes.size
        if size > self._boxes.size:
            self._boxes = Boxes(*(_grown(part, 2 * size) for part in self._boxes))
        for part, new in zip(self._boxes, boxes, strict=True):
            part[self._size : size] = new
        self._size = size


def _grown(part: np.ndarray, size: int) -> np.ndarray:
    """Return a longer array that begins with another one."""
    longer = np.empty((size, *part.shape[1:]), dtype=part.dtype)
    longer[: len(part)] = part
    return longer

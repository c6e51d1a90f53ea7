"""Channels drawn at random from counts, and their capacities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from empowerment.capacity.result import CapacityResult

# Entries to draw and solve at a time, between which progress is shown and interrupts are handled.
_CHUNK = 1 << 18

Draw = Callable[[int], np.ndarray]
"""Draws the given number of channels, in an array of shape (count, n_inputs, n_outputs)."""


class DrawnCapacities(NamedTuple):
    """Capacities of drawn channels, their certified upper ends, and how many missed the tolerance."""

    value: np.ndarray
    upper: np.ndarray
    missed: int


def multinomial_rows(n: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> Draw:
    """Resample each row with its number of samples."""
    return lambda count: rng.multinomial(n, rows, size=(count, len(n))) / n[:, None]


def dirichlet_rows(weights: np.ndarray, rng: np.random.Generator) -> Draw:
    """Draw each row from its posterior distribution."""
    return lambda count: np.stack([rng.dirichlet(row, size=count) for row in weights], axis=1)


def shuffled_rows(counts: np.ndarray, rng: np.random.Generator) -> Draw:
    """Permute the observed outputs among the inputs, which keep their numbers of samples."""
    from scipy.stats import random_table

    n, seen = counts.sum(axis=1), counts[:, counts.any(axis=0)]
    if min(seen.shape) == 1:  # the only table with these totals, for which SciPy 1.17 would return negative entries
        return lambda count: np.repeat(seen[None] / n[:, None], count, axis=0)
    tables = random_table(n, seen.sum(axis=0))
    return lambda count: tables.rvs(count, random_state=rng) / n[:, None]


class DrawSolver(NamedTuple):
    """Draw channels and solve them, a limited number at a time.

    Attributes
    ----------
    solve : callable
        Solves a channel or an array of channels.
    size : int
        Entries of one channel.
    advance : callable
        Advances the progress bar.
    """

    solve: Callable[[np.ndarray], CapacityResult]
    size: int
    advance: Callable[[int], object]

    def capacities(self, draw: Draw, count: int) -> DrawnCapacities:
        """Return the capacities of `count` channels."""
        step, parts = max(1, _CHUNK // self.size), list[tuple[Any, ...]]()
        for first in range(0, count, step):
            size = min(step, count - first)
            result = self.solve(draw(size))
            parts.append((result.value, result.upper, ~result.converged))
            self.advance(size)
        value, upper, missed = (np.concatenate(column) for column in zip(*parts, strict=True))
        return DrawnCapacities(value, upper, int(missed.sum()))

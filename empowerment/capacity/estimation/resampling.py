"""Channels drawn at random from counts, and their capacities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from empowerment.capacity.result import CapacityResult

# Entries drawn and solved at a time, between which Ctrl-C is heard and the progress shown.
_CHUNK = 1 << 18

Draw = Callable[[int], np.ndarray]
"""Returns as many channels as it is told, in an array of shape (count, n_inputs, n_outputs)."""


class Solved(NamedTuple):
    """Capacities of drawn channels, with the upper ends that are proved, and how many missed the tolerance."""

    value: np.ndarray
    upper: np.ndarray
    missed: int


def multinomial_rows(n: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> Draw:
    """Sample each row anew, as many times as it was sampled."""
    return lambda count: rng.multinomial(n, rows, size=(count, len(n))) / n[:, None]


def dirichlet_rows(weights: np.ndarray, rng: np.random.Generator) -> Draw:
    """Draw each row from its posterior distribution."""
    return lambda count: np.stack([rng.dirichlet(row, size=count) for row in weights], axis=1)


def shuffled_rows(counts: np.ndarray, rng: np.random.Generator) -> Draw:
    """Deal the outputs that were seen out to the inputs anew, each input getting as many as it had."""
    from scipy.stats import random_table

    n, seen = counts.sum(axis=1), counts[:, counts.any(axis=0)]
    if min(seen.shape) == 1:  # then there is no other table, and SciPy 1.17 would return entries below 0
        return lambda count: np.repeat(seen[None] / n[:, None], count, axis=0)
    tables = random_table(n, seen.sum(axis=0))
    return lambda count: tables.rvs(count, random_state=rng) / n[:, None]


class Solver(NamedTuple):
    """Draws channels and solves them, a limited number at a time.

    Attributes
    ----------
    solve : callable
        Takes a channel or an array of them and returns the result.
    size : int
        Entries of one channel.
    advance : callable
        Is told how many more are done.
    """

    solve: Callable[[np.ndarray], CapacityResult]
    size: int
    advance: Callable[[int], object]

    def capacities(self, draw: Draw, count: int) -> Solved:
        """Return the capacities of `count` channels."""
        step, parts = max(1, _CHUNK // self.size), list[tuple[Any, ...]]()
        for first in range(0, count, step):
            some = min(step, count - first)
            found = self.solve(draw(some))
            parts.append((found.value, found.upper, ~found.converged))
            self.advance(some)
        value, upper, missed = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Solved(value, upper, int(missed.sum()))

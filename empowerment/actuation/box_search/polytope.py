"""A polytope of distributions that is known by its support function, and the divergence over it."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class ReadingPolytope(Protocol):
    """The distributions of a reading under all policies: a polytope, because policies may be mixed.

    Any payoff of the readings has a best policy, which dynamic programming finds. Its value is the extent of the
    polytope in the direction of the payoff, and its row is a corner there.
    """

    @property
    def n_readings(self) -> int:
        """Number of readings."""
        ...

    def support(self, payoffs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the extent of the polytope in some directions, and a row that is furthest in each.

        Parameters
        ----------
        payoffs : ndarray of shape (n, n_readings)

        Returns
        -------
        values : ndarray of shape (n,)
            Upper bounds on the largest expected payoff, rounding included.
        rows : ndarray of shape (n, n_readings)
        """
        ...


def divergence_terms(rows: np.ndarray, logs: np.ndarray) -> np.ndarray:
    """Return ``z log(z / q)`` for each reading, 0 where z is 0, with `logs` those of q."""
    return np.asarray(rows * (np.log(np.where(rows > 0, rows, 1.0)) - logs))

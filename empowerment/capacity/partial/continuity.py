"""Continuity of the capacity in the rows of its channel."""

from __future__ import annotations

import math


def largest_change(distance: float, n_symbols: int) -> float:
    """Bound the change of a capacity, in nats, if each row moves by at most a total variation distance.

    For a fixed input distribution only the equivocation changes, for which the bound of Alhejji and Smith (2020) is
    tight. Some optimal input distribution uses no more inputs than the smaller alphabet has symbols.

    Parameters
    ----------
    distance : float
        Largest distance of any row, at most 1.
    n_symbols : int
        Size of the smaller alphabet.
    """
    if n_symbols == 1 or distance == 0.0:
        return 0.0
    e = min(distance, 1.0 - 1.0 / n_symbols)
    return e * math.log(n_symbols - 1) - e * math.log(e) - (1.0 - e) * math.log1p(-e)

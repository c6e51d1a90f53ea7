"""How far a capacity can move when the rows of its channel do."""

from __future__ import annotations

import math


def largest_change(distance: float, n_symbols: int) -> float:
    """Return the most, in nats, that a capacity changes where each row moves by a total variation distance.

    With the input distribution kept, only the equivocation changes, for which the bound of Alhejji and Smith (2020)
    is the best there is. Some optimal input distribution uses no more inputs than the smaller alphabet has symbols.

    Parameters
    ----------
    distance : float
        At most 1, and the same for all rows.
    n_symbols : int
        Size of the smaller alphabet.
    """
    if n_symbols == 1 or distance == 0.0:
        return 0.0
    e = min(distance, 1.0 - 1.0 / n_symbols)
    return e * math.log(n_symbols - 1) - e * math.log(e) - (1.0 - e) * math.log1p(-e)

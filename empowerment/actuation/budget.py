"""What the searches of one start may take together."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from empowerment.core.status import Status


@dataclass
class Budget:
    """What a search may take, and has taken.

    Attributes
    ----------
    nodes, seconds : float
        Limits on the sets of policies that are bounded and on the time, for all searches of one start.
    used : int
        Number of sets that were bounded.
    lower, upper : float
        The open interval in nats, for who watches.
    advance : callable
        Called with the number of sets that were bounded since.
    """

    nodes: float = math.inf
    seconds: float = math.inf
    used: int = 0
    lower: float = 0.0
    upper: float = math.inf
    advance: Callable[[int], object] = field(default=lambda count: None)
    _begin: float = field(default_factory=time.monotonic)

    def stated(self) -> str:
        """Return the open interval as a text."""
        return f"[{self.lower:.6f}, {self.upper:.6f}] nats"

    def count(self, open_bound: float, sets: int = 1) -> None:
        """Count further sets, while no policy is known to exceed a bound."""
        self.used, self.upper = self.used + sets, min(self.upper, open_bound)
        self.advance(sets)

    @property
    def spent(self) -> Status | None:
        """The limit that is reached, if one is."""
        if self.used >= self.nodes:
            return Status.NODE_LIMIT
        return Status.TIME_LIMIT if time.monotonic() - self._begin >= self.seconds else None

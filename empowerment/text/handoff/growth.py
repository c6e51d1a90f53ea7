"""Completions decided token by token, with the result of `select` for the whole text."""

from __future__ import annotations

import codecs
import math

from empowerment.text.ends import Ends
from empowerment.text.handoff import cost_optimal, gates
from empowerment.text.handoff.threshold import Costs, Threshold
from empowerment.text.position import Position


class Growth:
    """Length of a completion while a model generates it.

    With a threshold the work for a token does not depend on its index; with costs, each token takes a pass over the
    surprisals so far.

    Parameters
    ----------
    rule : Threshold or Costs
        As in :func:`select_all`.
    gate, entropy_threshold, undecided
        As in :func:`select_all`. With ``undecided="raise"`` it stops where the lists do not decide.

    Attributes
    ----------
    length : int
        Number of tokens of the completion so far; it ends at a complete character.
    goes_on : bool
        Whether more tokens may belong to it.
    """

    def __init__(
        self,
        rule: Threshold | Costs,
        *,
        gate: str = "cumulative",
        entropy_threshold: Threshold | None = None,
        undecided: str = "stop",
    ) -> None:
        self._limits = gates.limits(rule, gate, entropy_threshold)
        self._rule, self._undecided = rule, undecided
        self._spent = (0.0, 0.0)
        self._ends: list[Ends] = []
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._pieces: list[str] = []
        self._whole = [0]  # for each number of tokens the last one up to which there are whole characters
        self.length = 0
        self.goes_on = True

    def add(self, position: Position) -> str:
        """Add the next token, and return the text by which the completion grows."""
        if not position.token:
            self.goes_on = False
            return ""
        length = self._with_costs(position) if isinstance(self._rule, Costs) else self._within_limits(position)
        self._read(position.token)
        before, self.length = self.length, max(self.length, self._whole[length])
        return "".join(self._pieces[before : self.length])

    def _read(self, token: bytes) -> None:
        self._pieces.append(self._decoder.decode(token))
        inside = bool(self._decoder.getstate()[0])
        self._whole.append(self._whole[-1] if inside else len(self._pieces))

    def _within_limits(self, position: Position) -> int:
        """Return how many tokens the gates allow."""
        certain = possible = True
        for gate, limit in self._limits:
            lower, upper = gates.amount(position, gate)
            if gate == "cumulative":
                lower, upper = self._spent = self._spent[0] + lower, self._spent[1] + upper
            certain = certain and math.isfinite(upper) and gates.within(upper, limit)
            possible = possible and math.isfinite(lower) and gates.within(lower, limit)
        self.goes_on = possible if self._undecided == "continue" else certain
        return len(self._pieces) + self.goes_on

    def _with_costs(self, position: Position) -> int:
        """Return the cost-optimal number of tokens."""
        assert isinstance(self._rule, Costs)
        self._ends.append(gates.amount(position, "cumulative"))
        so_far = gates.Amounts.of(self._ends)
        lower, upper, certain, possible = cost_optimal.length(so_far, self._rule)
        self.goes_on = cost_optimal.may_pay(so_far, self._rule) and not (self._undecided == "raise" and lower < upper)
        return possible if self._undecided == "continue" else certain

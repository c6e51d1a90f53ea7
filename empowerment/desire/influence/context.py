"""What messages do in the steps of one kind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from empowerment.core import validate
from empowerment.results.result import Result, Table
from empowerment.text.influence.amounts import Amount
from empowerment.text.influence.audit import InfluenceAudit

TIMED, CALM, UNTIMED = "timed", "calm", "untimed"
MEASURES = ("targeted", "untargeted", "silent", "least_left", "mean_left", "apart")


@dataclass(frozen=True, eq=False, repr=False)
class ContextInfluence(Result):
    """Influence in the steps of one kind.

    Attributes
    ----------
    context : str
    responses : ndarray of shape (n_messages, n_wills, n_choices)
        How likely each choice is after each message, on average over the steps.
    audit : InfluenceAudit
        That of `responses`.
    apart : Amount
        Targeted control if each step is looked at by itself, on average over steps: what the messages can do in the
        hands of one who knows all of the step. Never less than ``audit.targeted``, from which the mean has hidden
        what differs between steps.
    intervals : mapping from str to pair of float, or None
        For each of "targeted", "untargeted", "silent", "least_left", "mean_left" and "apart": what 95 % of a
        thousand resamples of the seeds lie between. A resample without such a step for some will is drawn again. None
        for a single seed.
    counts : ndarray of int of shape (n_wills,)
        How many steps there were, by will.
    share : ndarray of shape (n_wills,)
        How many of all steps.
    """

    _parts = (Amount, InfluenceAudit)

    context: str
    responses: np.ndarray
    audit: InfluenceAudit
    apart: Amount
    intervals: dict[str, tuple[float, float]] | None
    counts: np.ndarray
    share: np.ndarray

    def amount(self, measure: str) -> Amount | None:
        """Return a measure by name; None for what silence leaves where no message is silence."""
        validate.one_of(measure, MEASURES, "measure")
        found: Amount | None = self.apart if measure == "apart" else getattr(self.audit, measure)
        return found

    def _table(self) -> Table:
        """Return a row for each measure."""
        known = {measure: found for measure in MEASURES if (found := self.amount(measure)) is not None}
        ends = {end: [float(getattr(each, end)) for each in known.values()] for end in ("value", "lower", "upper")}
        return Table("measure", tuple(known), ends)

    def __repr__(self) -> str:
        return (
            f"ContextInfluence({self.context!r}, {int(self.counts.sum())} steps: targeted control "
            f"{self.audit.targeted.value:.6g} {self.audit.unit}, {self.apart.value:.6g} with each step by itself)"
        )

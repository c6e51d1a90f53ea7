"""Influence of messages in steps of one kind."""

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
    """Influence of messages in steps of one kind.

    Attributes
    ----------
    context : str
        Kind of the steps.
    responses : ndarray of shape (n_messages, n_wills, n_choices)
        Mean probability over the steps of each choice after each message.
    audit : InfluenceAudit
        Audit of `responses`.
    apart : Amount
        Mean over the steps of the targeted control in each step: what the messages can do if the whole step is known.
        Never less than ``audit.targeted``, because the mean table hides differences between steps.
    intervals : mapping from str to pair of float, or None
        For each of "targeted", "untargeted", "silent", "least_left", "mean_left" and "apart" the 95 % interval of a
        thousand resamples of the seeds. A resample without such a step for some will is drawn again. None for a
        single seed.
    counts : ndarray of int of shape (n_wills,)
        Number of steps, by will.
    share : ndarray of shape (n_wills,)
        Share of these among all steps.

    See Also
    --------
    DesireInfluence : The influence in all kinds of steps.

    Examples
    --------
    >>> from empowerment.desire import Riders, desire_influence
    >>> context = desire_influence(Riders(), seeds=[0], n_steps=24)["untimed"]
    >>> context.context, int(context.counts.min())
    ('untimed', 144)
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
        """Return a measure by its name.

        Parameters
        ----------
        measure : str
            One of "targeted", "untargeted", "silent", "least_left", "mean_left" and "apart".

        Returns
        -------
        Amount or None
            None for "silent" if no message is silence.
        """
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

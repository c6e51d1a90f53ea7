"""Calibration of thresholds by logged offers and their feedback."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from empowerment.core import validate
from empowerment.export.html import interval, table
from empowerment.results.result import Result, Table
from empowerment.text.ends import Ends
from empowerment.text.handoff.gates import SLACK
from empowerment.text.handoff.offers import Offer
from empowerment.text.handoff.threshold import Costs, Threshold

_THRESHOLDS = (0.1, 0.2, 0.32, 0.5, 0.7, 1.0, 1.5, 2.0, 2.32, 3.0, 4.0, 6.0, 8.0)


class CalibrationRow(NamedTuple):
    """Estimates for one threshold.

    Attributes
    ----------
    threshold : Threshold
        The threshold.
    n_offers : int
        Number of logged offers whose length at this threshold is known.
    shown : float
        Share of them that would not have been empty.
    n_tokens : float
        Mean number of tokens offered.
    acceptance : Ends
        Confidence interval of the probability that an offer which is not empty is accepted.
    saving : Ends
        Confidence interval of the mean effort saved by a request, in the unit of the costs.

    See Also
    --------
    Calibration : All thresholds.
    calibrate : Compute these estimates.

    Examples
    --------
    >>> from empowerment.text import Offer, calibrate
    >>> offer = Offer("1", " in x", ((" in", 0.1, 0.1), (" x", 0.1, 0.1)), (3.0, 3.0), "accepted", 5)
    >>> row = calibrate([offer] * 40).rows[-1]
    >>> row.n_offers, row.shown, row.n_tokens
    (40, 1.0, 2.0)
    """

    threshold: Threshold
    n_offers: int
    shown: float
    n_tokens: float
    acceptance: Ends
    saving: Ends


@dataclass(frozen=True, eq=False, repr=False)
class Calibration(Result):
    """Estimates for several thresholds; sized, iterable, indexed by their order.

    Attributes
    ----------
    rows : tuple of CalibrationRow
        Estimates from the smallest threshold to the largest for which the log has information.
    costs : Costs
        Effort of reading and of writing a token.
    level : float
        Confidence level of each single interval.
    n_with_feedback, n_without_feedback : int
        Numbers of offers with feedback, and of those without, which are left out.

    See Also
    --------
    calibrate : Compute these estimates.
    read_offers : Read a log.

    Examples
    --------
    >>> from empowerment.text import Offer, calibrate
    >>> offer = Offer("1", " in x", ((" in", 0.1, 0.1), (" x", 0.1, 0.1)), (3.0, 3.0), "accepted", 5)
    >>> calibration = calibrate([offer] * 40)
    >>> calibration.n_with_feedback, calibration.best.threshold
    (40, Threshold(0.2 bits, probability 0.870551))
    """

    _parts = (CalibrationRow, Costs, Ends, Threshold)

    rows: tuple[CalibrationRow, ...]
    costs: Costs
    level: float
    n_with_feedback: int
    n_without_feedback: int

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[CalibrationRow]:
        return iter(self.rows)

    def __getitem__(self, number: int) -> CalibrationRow:
        return self.rows[number]

    @property
    def best(self) -> CalibrationRow | None:
        """Row with the largest lower end of the saving, of those known for all offers; None if there is none."""
        whole = [row for row in self.rows if row.n_offers == self.n_with_feedback]
        found = max(whole, key=lambda row: row.saving.lower, default=None)
        return found if found is not None and found.saving.lower > 0 else None

    def _table(self) -> Table:
        """Return a row for each threshold."""
        return Table("row", range(len(self)), self.columns())

    def columns(self) -> dict[str, list[float]]:
        """Return the table as plain numbers, column by column.

        Returns
        -------
        dict of str to list of float
            One list for each column.
        """
        return {
            "threshold_bits": [row.threshold.in_bits for row in self.rows],
            "n_offers": [row.n_offers for row in self.rows],
            "shown": [row.shown for row in self.rows],
            "n_tokens": [row.n_tokens for row in self.rows],
            "acceptance_lower": [row.acceptance.lower for row in self.rows],
            "acceptance_upper": [row.acceptance.upper for row in self.rows],
            "saving_lower": [row.saving.lower for row in self.rows],
            "saving_upper": [row.saving.upper for row in self.rows],
        }

    def _repr_html_(self) -> str:
        columns: dict[str, Sequence[object]] = {
            "threshold [bits]": [f"{row.threshold.in_bits:g}" for row in self.rows],
            "offers": [row.n_offers for row in self.rows],
            "shown": [f"{row.shown:.0%}" for row in self.rows],
            "tokens": [f"{row.n_tokens:.3g}" for row in self.rows],
            "accepted": [interval(row.acceptance) for row in self.rows],
            "effort saved": [interval(row.saving) for row in self.rows],
        }
        return table(columns, repr(self))

    def __repr__(self) -> str:
        best = self.best
        choice = "none is certain to save effort" if best is None else f"best {best.threshold.in_bits:g} bits"
        offers = max((row.n_offers for row in self.rows), default=0)
        return f"Calibration({len(self)} thresholds, up to {offers} offers, level {self.level:g}: {choice})"


def calibrate(
    offers: Iterable[Offer],
    *,
    costs: Costs | None = None,
    thresholds: Sequence[Threshold] | None = None,
    level: float = 0.95,
) -> Calibration:
    """Estimate acceptance and saved effort for each threshold from a log of offers.

    Parameters
    ----------
    offers : iterable of Offer
        Offers as :func:`read_offers` returns them. Those without feedback are left out.
    costs : Costs, optional
        Effort of reading and of writing a token; by default 0.1 and 0.5.
    thresholds : sequence of Threshold, optional
        Thresholds to compare; by default a range from 0.1 to 8 bits.
    level : float
        Confidence level of each interval.

    Returns
    -------
    Calibration
        Estimates without the thresholds at which no offer's length is known.

    Raises
    ------
    ValueError
        If no offer has feedback, or `level` is no number between 0 and 1.

    See Also
    --------
    read_offers : Read a log.
    Threshold.from_costs : Derive a threshold from costs without a log.

    Notes
    -----
    At a smaller threshold an offer would have been a beginning of what was offered. If all of it was accepted, its
    beginning would have been accepted, too; if a part was accepted, that part decides; if it was rejected, the text
    that the person wrote instead decides, if the log has it. Where nothing decides, both possibilities are counted:
    the interval holds whatever the person would have done.

    At a larger threshold an offer is known only if the next token would have been withheld, too. A threshold at which
    some offers are not known is listed, but not chosen as the best, because the missing offers are not a random
    sample. Sampling error adds to the ends: Wilson's interval for acceptances, a normal one for savings.

    Offers are assumed to be independent, and each interval has its level by itself: the best of many thresholds looks
    slightly better than it is.

    Examples
    --------
    >>> from empowerment.text import Offer, calibrate
    >>> easy = Offer("1", " in x", ((" in", 0.1, 0.1), (" x", 0.1, 0.1)), (3.0, 3.0), "accepted", 5)
    >>> hard = Offer("2", " if y", ((" if", 0.1, 0.1), (" y", 0.9, 0.9)), (3.0, 3.0), "partial", 3)
    >>> calibrate([easy] * 40 + [hard] * 40).best.threshold
    Threshold(0.2 bits, probability 0.870551)
    """
    costs = Costs() if costs is None else validate.instance(costs, Costs, "costs")
    level = validate.level(level)
    given = _all_of(offers, Offer, "offers")
    known = [offer for offer in given if offer.outcome is not None]
    if not known:
        raise ValueError(f"none of the {len(given)} offers has feedback, so nothing is known of what people accept")
    usual = [Threshold.bits(eta) for eta in _THRESHOLDS]
    tried = usual if thresholds is None else _all_of(thresholds, Threshold, "thresholds")
    tried.sort(key=lambda threshold: threshold.in_nats)
    rows = [_row(known, threshold, costs, level) for threshold in tried]
    return Calibration(
        tuple(row for row in rows if row is not None), costs, level, len(known), len(given) - len(known)
    )


def _all_of(values: Any, kind: Any, name: str) -> list[Any]:
    if not isinstance(values, list | tuple):
        raise TypeError(f"{name} is {validate.shown(values)}, expected a list of {kind.__name__}")
    return [validate.instance(value, kind, f"{name}[{number}]") for number, value in enumerate(values)]


def _row(offers: Sequence[Offer], threshold: Threshold, costs: Costs, level: float) -> CalibrationRow | None:
    lengths = [(offer, length) for offer in offers if (length := _length(offer, threshold)) is not None]
    if not lengths:
        return None
    n = np.array([length for _, length in lengths], dtype=np.float64)
    accepted = np.array([_accepted(offer, length) for offer, length in lengths], dtype=np.float64)
    lower, upper = (n * (costs.write * accepted[:, end] - costs.read) for end in (0, 1))
    shown = n > 0
    z = NormalDist().inv_cdf(0.5 + level / 2)
    return CalibrationRow(
        threshold=threshold,
        n_offers=len(lengths),
        shown=float(shown.mean()),
        n_tokens=float(n.mean()),
        acceptance=Ends(_wilson(accepted[shown, 0], z).lower, _wilson(accepted[shown, 1], z).upper),
        saving=Ends(_mean_interval(lower, z).lower, _mean_interval(upper, z).upper),
    )


def _length(offer: Offer, threshold: Threshold) -> int | None:
    """Return the number of tokens that would have been offered, or None if the log does not determine it."""
    spent, limit = 0.0, threshold.in_nats + SLACK
    unit = math.log(2)
    for number, (_, _, upper) in enumerate(offer.tokens):
        if (spent + upper) * unit > limit:  # where the ends differ this is what undecided="stop" does
            return number
        spent += upper
    if offer.next is None or (spent + offer.next[0]) * unit <= limit:
        return None
    return len(offer.tokens)


def _accepted(offer: Offer, length: int) -> tuple[int, int]:
    """Return bounds on whether the first tokens of an offer would have been accepted: 1 if they are."""
    text = "".join(token for token, _, _ in offer.tokens[:length])
    if not length or offer.accepted >= len(text):
        return 1, 1
    if offer.written is not None:
        right = int(offer.written.startswith(text))
        return right, right
    if offer.outcome == "partial" or length == len(offer.tokens):
        return 0, 0
    return 0, 1


def _wilson(successes: np.ndarray, z: float) -> Ends:
    """Return Wilson's interval of a probability."""
    n = len(successes)
    if not n:
        return Ends(0.0, 1.0)
    share = float(successes.mean())
    middle, scale = share + z * z / (2 * n), 1 + z * z / n
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Ends(max((middle - half) / scale, 0.0), min((middle + half) / scale, 1.0))


def _mean_interval(values: np.ndarray, z: float) -> Ends:
    """Return the normal interval of a mean."""
    if len(values) < 2:
        return Ends(-math.inf, math.inf)
    half = z * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Ends(float(values.mean()) - half, float(values.mean()) + half)

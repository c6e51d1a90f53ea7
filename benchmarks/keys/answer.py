"""What a recomputed publication is answered with: scores of its formulas, figures beside known ones, a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Ends = tuple[float, float]


class Score(NamedTuple):
    """How a published formula fares in a world, beside the exact empowerment.

    Attributes
    ----------
    world : str
        The world, and the state in which both are taken.
    formula : str
        What was computed in place of empowerment.
    exact : (float, float)
        Certified interval of the exact value, in bits.
    value : float
        What the formula gives there; the mean over seeds if it draws.
    rank : float or None
        Spearman's correlation with the exact values over the states of the world.
    published : float or None
        The number that was published for it, if there is one.
    unit : str
        Unit of `value`: only bits can be compared with the exact value.
    rmse, spread : float or None
        Over all states of the world, the root of the mean square of the formula's error, and beside it the standard
        deviation of the exact values, which is the error of a constant that is right on average.
    """

    world: str
    formula: str
    exact: Ends
    value: float
    rank: float | None = None
    published: float | None = None
    unit: str = "bits"
    rmse: float | None = None
    spread: float | None = None

    @property
    def error(self) -> float | None:
        """How far the formula is from the exact interval, negative below it; None in another unit than bits."""
        if self.unit != "bits":
            return None
        return self.value - min(max(self.value, self.exact[0]), self.exact[1])


class Figure(NamedTuple):
    """A number, an interval or a range that was found, beside what an independent computation gave.

    Attributes
    ----------
    quantity : str
    found : (float, float)
        Both ends; twice the same for a number.
    known : (float, float)
        The ends, or the number, of the independent computation.
    digits : float
        How far the two may differ: what the rounding of `known` and the width of `found` allow, or three standard
        errors of a sampled quantity.
    sampled : bool
        Whether the quantity depends on draws.
    why : str
        Why the two differ, if they do and the reason is known.
    """

    quantity: str
    found: Ends
    known: Ends
    digits: float
    sampled: bool = False
    why: str = ""

    @property
    def holds(self) -> bool:
        """Whether both ends are as close as the digits say; a mean of draws may lie anywhere in a known range."""
        if self.sampled and self.found[0] == self.found[1]:
            return self.known[0] - self.digits <= self.found[0] <= self.known[1] + self.digits
        return all(abs(a - b) <= self.digits for a, b in zip(self.found, self.known, strict=True))


class Answer(NamedTuple):
    """A publication beside what was recomputed.

    Attributes
    ----------
    title : str
    source : str
        Authors, year and identifier.
    scores : list of Score
    figures : list of Figure
    verdict : str
        What of the publication holds, in some sentences.
    """

    title: str
    source: str
    scores: list[Score]
    figures: list[Figure]
    verdict: str


def number(quantity: str, found: float, known: float, digits: float, *, why: str = "") -> Figure:
    """Return the figure of a number that does not depend on draws."""
    return Figure(quantity, (float(found), float(found)), (known, known), digits, why=why)


def interval(quantity: str, lower: float, upper: float, known: float, digits: float) -> Figure:
    """Return the figure of a certified interval, both of whose ends are to be as close as the digits of the value."""
    return Figure(quantity, (float(lower), float(upper)), (known, known), digits)


def draws(quantity: str, mean: float, error: float, known: Ends | float, *, why: str = "") -> Figure:
    """Return the figure of a mean over draws with its standard error, beside a number or the range of some runs."""
    ends = known if isinstance(known, tuple) else (known, known)
    return Figure(quantity, (float(mean), float(mean)), ends, 3.0 * error, sampled=True, why=why)


def error_beside(values: Sequence[float] | np.ndarray, known_runs: float = 1, rounding: float = 0.0) -> float:
    """Return the standard error of a mean less that of so many known runs, which is rounded to so much."""
    return float(np.std(values, ddof=1) * np.sqrt(1 / len(values) + 1 / known_runs)) + rounding / 3


def rank(scores: np.ndarray, exact: np.ndarray, decimals: int = 6) -> float:
    """Return Spearman's correlation; exact values that differ by rounding alone are ties."""
    from scipy.stats import spearmanr

    return float(spearmanr(scores, exact.round(decimals)).statistic)

"""Means and shares over seeds, with 95 % intervals: to first order, and by the bootstrap."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

LEVEL = 0.95
N_RESAMPLES = 2000
# Resamples that are drawn at a time, so that memory does not grow with the product of resamples and seeds.
_BLOCK = 100


@dataclass(frozen=True, repr=False)
class SeedEstimate:
    """Estimate from several seeds, with a 95 % interval for the mean over all seeds.

    Attributes
    ----------
    value : float
        The estimate.
    lower, upper : float
        The interval; infinite for a single seed.
    n_seeds : int
        Number of seeds.

    See Also
    --------
    AgentSummary : Contains such estimates.

    Examples
    --------
    >>> from empowerment.desire import SeedEstimate
    >>> SeedEstimate(1.0, 0.5, 1.5, 20)
    SeedEstimate(1 in [0.5, 1.5], 20 seeds)
    """

    value: float
    lower: float
    upper: float
    n_seeds: int

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        interval = f"[{self.lower:.4g}, {self.upper:.4g}]"
        seeds = "1 seed" if self.n_seeds == 1 else f"{self.n_seeds} seeds"
        return f"SeedEstimate({self.value:.4g} in {interval}, {seeds})"


def ratio_estimate(numerators: np.ndarray, denominators: np.ndarray) -> SeedEstimate | None:
    """Estimate the ratio of two sums over seeds; None if the denominator is 0.

    Parameters
    ----------
    numerators, denominators : ndarray of shape (n_seeds,)

    Notes
    -----
    The interval is Student's, with the standard error of the ratio to first order in its deviations.
    """
    if denominators.sum() == 0:
        return None
    return _student(*_linearised(numerators, denominators))


def ratio_difference(
    numerators: tuple[np.ndarray, np.ndarray], denominators: tuple[np.ndarray, np.ndarray]
) -> SeedEstimate | None:
    """Estimate the first of two ratios minus the second, paired by seeds; None if a denominator is 0.

    Parameters
    ----------
    numerators, denominators : pair of ndarray of shape (n_seeds,)
    """
    if any(below.sum() == 0 for below in denominators):
        return None
    (value, deviations), (other, others) = (_linearised(*pair) for pair in zip(numerators, denominators, strict=True))
    return _student(value - other, deviations - others)


def _linearised(numerators: np.ndarray, denominators: np.ndarray) -> tuple[float, np.ndarray]:
    """Return a ratio of sums, and its first-order change by each seed, times the number of seeds."""
    value = float(numerators.sum() / denominators.sum())
    return value, (numerators - value * denominators) / denominators.mean()


def _student(value: float, deviations: np.ndarray) -> SeedEstimate:
    count = len(deviations)
    if count == 1:
        return SeedEstimate(value, -math.inf, math.inf, 1)
    error = math.sqrt(float(deviations @ deviations) / (count - 1) / count)
    reach = float(stdtrit(count - 1, (1 + LEVEL) / 2)) * error
    return SeedEstimate(value, value - reach, value + reach, count)


def resampled_sums(sums: np.ndarray, n_resamples: int = N_RESAMPLES) -> np.ndarray:
    """Compute sums over seeds that are resampled with replacement; the same seeds for all quantities.

    Parameters
    ----------
    sums : ndarray of shape (..., n_seeds)
    n_resamples : int

    Returns
    -------
    ndarray of shape (n_resamples, ...)
    """
    count = sums.shape[-1]
    rng, flat = np.random.default_rng(0), sums.reshape(-1, count)
    blocks = []
    for first in range(0, n_resamples, _BLOCK):
        times = rng.multinomial(count, np.full(count, 1 / count), size=min(_BLOCK, n_resamples - first))
        blocks.append(times @ flat.T)
    return np.concatenate(blocks).reshape(n_resamples, *sums.shape[:-1])


def bootstrap_estimate(value: float, resampled: np.ndarray, n_seeds: int) -> SeedEstimate | None:
    """Return a value with the percentile interval of its resamples; None if the value is NaN.

    Resamples in which nothing was counted, which are not numbers either, do not count.
    """
    if not math.isfinite(value):
        return None
    if n_seeds == 1:
        return SeedEstimate(value, -math.inf, math.inf, 1)
    counted = resampled[np.isfinite(resampled)]
    lower, upper = np.quantile(counted, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return SeedEstimate(value, float(lower), float(upper), n_seeds)

"""Critics that are trained by contrast, as InfoNCE has it, and the differences of their scores.

One critic scores a later state for a state and an action, another one for the state alone. The score is the product
of a vector of the anchor, which is either, and one of the later state. With perfect critics it is the logarithm of
the probability of the later state after the anchor, over its probability after any; then the difference of the two
scores is, on average, the information of the action. What the loss leaves open beside that is the subject of this
module. In formulas, with an anchor x, a later state y and a score f: the one-way loss compares f(x, y) with f(x, y')
for other y', and any c(x) may be added.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import logsumexp

N_COORDINATES, BATCH_SIZE, N_BATCHES, RATE = 32, 256, 2000, 0.03
_FIRST_SIZE = 0.1
# Adam (Kingma and Ba 2015), with its usual constants.
_MOMENTUM, _DECAY, _TINY = 0.9, 0.999, 1e-8

CONTRASTS = ("one way", "both ways", "both ways, one batch")
"""Which scores are compared: later states of one anchor; besides, anchors of one later state, among those of one
critic; or among those of both critics."""


def with_states(pairs: np.ndarray) -> np.ndarray:
    """Return one row for each state and action, and below these one for each state.

    Parameters
    ----------
    pairs : ndarray of shape (..., n_states, n_actions, n_states)
        Counts, or probabilities.

    Returns
    -------
    ndarray of shape (..., n_states * n_actions + n_states, n_states)
    """
    *more, _, _, n_later = pairs.shape
    return np.concatenate([pairs.reshape(*more, -1, n_later), pairs.sum(axis=-2)], axis=-2)


def log_ratios(pairs: np.ndarray) -> np.ndarray:
    """Return the scores of perfect critics: probabilities of later states after an anchor, over those after any.

    Parameters
    ----------
    pairs : ndarray of shape (n_states * n_actions + n_states, n_states)
        Probabilities above 0, rows as of `with_states`.

    Returns
    -------
    ndarray of the same shape
        In nats.
    """
    later = 0.5 * pairs.sum(axis=0)  # both critics see the same later states
    return np.asarray(np.log(pairs / (pairs.sum(axis=1, keepdims=True) * later)))


def one_way_loss(scores: np.ndarray, pairs: np.ndarray) -> float:
    """Compute the loss of telling the later state of each anchor from others.

    For the shares of a batch of pairs it is the InfoNCE loss of the batch less the logarithm of its size, for
    probabilities its limit for large batches, which is at least minus the information of anchor and later state. The
    loss in the other direction is that of both arguments transposed.

    Parameters
    ----------
    scores, pairs : ndarray of shape (n_anchors, n_later)
        Pairs are probabilities.

    Returns
    -------
    float
        In nats.
    """
    return float((pairs * (logsumexp(scores, axis=1, b=pairs.sum(axis=0), keepdims=True) - scores)).sum())


def loss_slope(scores: np.ndarray, pairs: np.ndarray, contrast: str) -> np.ndarray:
    """Return the gradient of the losses of both critics with respect to their scores.

    Parameters
    ----------
    scores, pairs : ndarray of shape (..., n_anchors, n_later)
        Rows as of `with_states`.
    contrast : str
        One of `CONTRASTS`.

    Returns
    -------
    ndarray of the same shape
    """
    anchors = pairs.sum(axis=-1, keepdims=True)
    slope: np.ndarray = anchors * _shares(scores, pairs.sum(axis=-2, keepdims=True), -1) - pairs
    for block in _blocks(contrast, *pairs.shape[-2:]):
        own = pairs[..., block, :]
        among = _shares(scores[..., block, :], anchors[..., block, :], -2)
        slope[..., block, :] += own.sum(axis=-2, keepdims=True) * among - own
    return slope


def _blocks(contrast: str, n_anchors: int, n_later: int) -> tuple[slice, ...]:
    """Return the rows among which anchors of one later state are compared."""
    n_pairs = n_anchors - n_later
    return {
        "one way": (),
        "both ways": (slice(0, n_pairs), slice(n_pairs, n_anchors)),
        "both ways, one batch": (slice(0, n_anchors),),
    }[contrast]


def _shares(scores: np.ndarray, weights: np.ndarray, axis: int) -> np.ndarray:
    found = weights * np.exp(scores - scores.max(axis=axis, keepdims=True))
    return np.asarray(found / found.sum(axis=axis, keepdims=True))


def trained_scores(
    counts: list[np.ndarray], contrast: str, rng: np.random.Generator, *, rate: float = RATE, falling: bool = True
) -> np.ndarray:
    """Train the vectors of anchors and of later states on batches of pairs, for several data sets side by side.

    Parameters
    ----------
    counts : list of ndarray of int of shape (n_states, n_actions, n_states)
        The pairs to draw from, with replacement; each data set has its own critics.
    contrast : str
        One of `CONTRASTS`.
    rng : numpy.random.Generator
    rate : float
        Learning rate of the first batch.
    falling : bool
        Whether it falls linearly to 0, so that the noise of single batches is averaged in the end.

    Returns
    -------
    ndarray of shape (len(counts), n_states * n_actions + n_states, n_states)
        The scores after training.
    """
    shape = counts[0].shape
    sizes = len(counts), shape[0] * shape[1] + shape[0], N_COORDINATES
    anchors, later = (
        _FIRST_SIZE * rng.standard_normal((sizes[0], n, sizes[2]), dtype=np.float32) for n in (sizes[1], shape[2])
    )
    climbers = _Adam(anchors), _Adam(later)
    draw = _Batches(counts, rng)
    for n in range(N_BATCHES):
        slope = loss_slope(anchors @ later.swapaxes(1, 2), draw(), contrast)
        slopes = slope @ later, slope.swapaxes(1, 2) @ anchors
        for climber, own in zip(climbers, slopes, strict=True):
            climber.step(own, rate * (1.0 - n / N_BATCHES) if falling else rate)
    return np.asarray(anchors @ later.swapaxes(1, 2), dtype=np.float64)


class _Batches:
    """Batches of pairs, as shares, from each of several data sets."""

    def __init__(self, counts: list[np.ndarray], rng: np.random.Generator) -> None:
        self._shape, self._rng = counts[0].shape, rng
        self._pairs = [np.repeat(np.arange(each.size), each.reshape(-1)) for each in counts]
        self._lengths = np.array([each.size for each in self._pairs])[:, None]
        self._first = np.arange(len(counts))[:, None] * counts[0].size

    def __call__(self) -> np.ndarray:
        places = (self._rng.random((len(self._pairs), BATCH_SIZE)) * self._lengths).astype(np.int64)
        drawn = np.array([pairs[place] for pairs, place in zip(self._pairs, places, strict=True)])
        counts = np.bincount((drawn + self._first).reshape(-1), minlength=len(self._pairs) * math.prod(self._shape))
        return with_states(counts.reshape(-1, *self._shape)).astype(np.float32) / np.float32(BATCH_SIZE)


class _Adam:
    """An array that is moved, in place, down slopes."""

    def __init__(self, values: np.ndarray) -> None:
        self._values, self._n = values, 0
        self._mean, self._square = np.zeros_like(values), np.zeros_like(values)

    def step(self, slope: np.ndarray, rate: float) -> None:
        self._n += 1
        self._mean += (1.0 - _MOMENTUM) * (slope - self._mean)
        self._square += (1.0 - _DECAY) * (slope**2 - self._square)
        spread = np.sqrt(self._square / (1.0 - _DECAY**self._n)) + _TINY
        self._values -= rate / (1.0 - _MOMENTUM**self._n) * self._mean / spread


def mean_differences(scores: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the mean difference of the two scores in each state, in bits, for actions that are drawn uniformly.

    Parameters
    ----------
    scores : ndarray of shape (..., n_states * n_actions + n_states, n_states)
    rows : ndarray of shape (n_states, n_actions, n_states)
        Distribution of the later state after each state and action.

    Returns
    -------
    ndarray of shape (..., n_states)
    """
    n_states, n_actions, _ = rows.shape
    of_actions = scores[..., :-n_states, :].reshape(*scores.shape[:-2], *rows.shape)
    difference: Any = of_actions - scores[..., -n_states:, None, :]
    return np.asarray((rows * difference).sum(axis=(-2, -1)) / (n_actions * math.log(2.0)))


def normalised(scores: np.ndarray, later: np.ndarray) -> np.ndarray:
    """Return scores that are log-ratios of distributions: what the one-way loss leaves open for each anchor is fixed.

    Parameters
    ----------
    scores : ndarray of shape (..., n_anchors, n_later)
    later : ndarray of shape (..., n_later)
        Distribution of the later state over all anchors.

    Returns
    -------
    ndarray of the shape of `scores`
        So that the mean of ``exp(score)`` under `later` is 1 for each anchor.
    """
    return np.asarray(scores - logsumexp(scores, axis=-1, b=later[..., None, :], keepdims=True))

"""Completions of partially observed rows, and the certificate of their smallest capacity."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from empowerment.core.channel import Channel

# Lower limit of output probabilities, which keeps ratios finite.
_FLOOR = 1e-200


class Completions(NamedTuple):
    """All matrices ``observed + r`` with ``0 <= r <= slack``, the entries of row x of r summing to ``residual[x]``.

    Attributes
    ----------
    observed, slack : ndarray of shape (n_inputs, n_outputs)
        No entry of `slack` is above the residual of its row.
    residual : ndarray of shape (n_inputs,)
    """

    observed: np.ndarray
    slack: np.ndarray
    residual: np.ndarray

    @property
    def fixed_rows(self) -> np.ndarray:
        """Whether each row has a single completion, of shape (n_inputs,)."""
        return self.slack.sum(axis=1) <= self.residual * (1 + 1e-12)

    def nearest(self, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the completion whose rows have the least divergence from q, and its factors.

        Row x is ``theta_x * q`` clipped to the bounds of the row; the factor theta comes from sorting the values at
        which an entry leaves its lower or reaches its upper bound.

        Parameters
        ----------
        q : ndarray of shape (n_outputs,)
            Positive.

        Returns
        -------
        (ndarray of shape (n_inputs, n_outputs), ndarray of shape (n_inputs,))
        """
        ends = np.concatenate([self.observed / q, (self.observed + self.slack) / q], axis=1)
        order = np.argsort(ends, axis=1)
        at = np.take_along_axis(ends, order, axis=1)
        slopes = np.cumsum(np.concatenate([q, -q])[order], axis=1)
        filled = np.cumsum(slopes[:, :-1] * np.diff(at, axis=1), axis=1)
        reached = filled >= self.residual[:, None]
        segment, rows = np.argmax(reached, axis=1), np.arange(len(at))
        left, right = at[rows, segment, None], at[rows, segment + 1, None]
        low, high = np.split(ends, 2, axis=1)
        free, above = (low <= left) & (high >= right) & (self.slack > 0), high <= left
        mass = self.residual - (self.slack * (above & ~free)).sum(axis=1) + (self.observed * free).sum(axis=1)
        weight = (q * free).sum(axis=1)
        theta = np.where(weight > 0, mass / np.where(weight > 0, weight, 1.0), left[:, 0])
        theta = np.where(reached.any(axis=1), theta, at[:, -1])
        return np.clip(theta[:, None] * q, self.observed, self.observed + self.slack), theta


class CompletedMinimum(NamedTuple):
    """A completion, and an interval in nats that contains the smallest capacity of any completion.

    Attributes
    ----------
    completion : ndarray of shape (n_inputs, n_outputs)
    p : ndarray of shape (n_inputs,)
    q : ndarray of shape (n_outputs,)
    lower, upper : float
        Proved by p, q and the completion; see :func:`certificate`.
    n_iter : int
    """

    completion: np.ndarray
    p: np.ndarray
    q: np.ndarray
    lower: float
    upper: float
    n_iter: int


def certificate(among: Completions, p: np.ndarray, q: np.ndarray, n_iter: int = 0) -> CompletedMinimum:
    """Return the interval that p and q prove for the smallest capacity among all completions.

    With W0 the completion nearest to q, its upper end is ``max_x D(W0_x || q)``, which bounds the capacity of W0.
    For the lower end put ``score = log(W0 / (c q))`` with c the largest entry of ``pW0 / q``. The weights
    ``p exp(score)`` of an output then sum to at most 1, like a posterior of the input,
    and ``sum p W score`` is at most I(p, W) for every W; its least value over the completions is a linear
    program of one constraint for each row, and any multiplier of that constraint gives a bound.
    """
    q = np.maximum(q / q.sum(), _FLOOR)
    p = p / p.sum()
    completion, theta = among.nearest(q)
    possible = (among.observed > 0) | (among.slack > 0)
    shares = np.where(possible, np.maximum(completion, _FLOOR), 0.0) / q
    scale = math.log((p @ shares).max())
    score = np.log(np.where(possible, shares, 1.0)) - scale
    multiplier = np.log(np.maximum(theta, _FLOOR)) - scale
    parts = (
        (among.observed * score).sum(axis=1),
        among.residual * multiplier,
        -(among.slack * np.maximum(multiplier[:, None] - score, 0.0)).sum(axis=1),
    )
    lower = float(p @ sum(parts))
    upper = float(Channel.from_valid(completion).divergences(q, math.e).max())
    size = max(np.abs(part).max() for part in parts) + np.abs(completion * score).sum(axis=1).max()
    rounding = np.finfo(float).eps * (32 + math.log2(sum(completion.shape))) * (1 + size + abs(upper))
    return CompletedMinimum(completion, p, q, float(lower - rounding), float(upper + rounding), n_iter)

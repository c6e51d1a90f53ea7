"""The mixture of another agent's actions beside which an agent has least."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog

from empowerment.capacity.solve import channel_capacity
from empowerment.core import validate
from empowerment.core.channel import Channel

# Distance of planes from the border of the simplex, relative to the tolerance: at the border slopes are unbounded.
_INSIDE = 0.01
# Bound on the error of the slopes of a plane, relative to the largest.
_ROUNDING = 1e-13


class Mixture(NamedTuple):
    """A mixture of the other agent's actions, and bounds in nats on the agent's value beside it."""

    lower: float
    upper: float
    mixture: np.ndarray


def least_value(response: np.ndarray, rewards: np.ndarray, tol: float, backend: str | None, max_iter: int) -> Mixture:
    """Return the mixture beside which the largest information plus expected reward is least.

    Parameters
    ----------
    response : ndarray of shape (n_actions, n_other_actions, n_next)
        Distribution of what follows each pair of actions.
    rewards : ndarray of shape (n_next,)
        Reward in nats of what follows.
    tol : float
        Width wanted of the interval, in nats.
    backend : str or None
    max_iter : int
        Limit on the mixtures that are tried.

    Notes
    -----
    The value is convex in the mixture, and so each mixture gives a supporting plane, which lies below all values.
    The minimum of the planes so far, a linear program, is the next mixture to try (Kelley 1960). The dual variables
    of the program weigh the planes; the lower end is the smallest entry of their weighted sum, and does not depend on
    the accuracy of the program.
    """
    n_other = response.shape[1]
    spread = math.log(max(response.shape[2], 2)) + float(np.ptp(rewards))
    inside = min(_INSIDE * tol / spread, 0.5)
    uniform = np.full(n_other, 1 / n_other)
    least = float(rewards.min())  # some reward is certain, and information is not negative
    best, mixture, planes = Mixture(least, math.inf, uniform), uniform, np.empty((0, n_other))
    for _ in range(max_iter):
        mixture = (1 - inside) * mixture + inside * uniform
        rows = np.ascontiguousarray(np.einsum("r,hry->hy", mixture, response))
        upper, slopes = tangent(rows, rewards, tol, backend)
        planes = np.vstack([planes, np.einsum("hy,hry->r", slopes, response)])
        lower, following, _ = lowest_point(planes)
        if upper < best.upper:
            best = best._replace(upper=upper, mixture=mixture)
        best = best._replace(lower=min(max(best.lower, lower), best.upper))
        if best.upper - best.lower <= tol:
            break
        mixture = following
    return best


def tangent(rows: np.ndarray, rewards: np.ndarray, tol: float, backend: str | None) -> tuple[float, np.ndarray]:
    """Return the upper end of a channel's value, and the slopes of a plane below the value of every channel.

    Parameters
    ----------
    rows : ndarray of shape (n_inputs, n_outputs)
    rewards : ndarray of shape (n_outputs,)
    tol : float
        Width wanted of the interval that the plane is used for, in nats.
    backend : str or None

    Returns
    -------
    upper : float
    slopes : ndarray of shape (n_inputs, n_outputs)
        The sum of their products with the entries of a channel is a lower bound on its value, if the channel is 0
        where `rows` are.
    """
    plane_tol = max(_INSIDE * tol, validate.MIN_TOL)
    result = channel_capacity(
        Channel.from_valid(rows),
        rewards=rows @ rewards,
        tol=plane_tol,
        base=math.e,
        backend=backend,
        on_failure="ignore",
    )
    p = result.input_distribution / result.input_distribution.sum()
    output = p @ rows
    used = p > 0
    possible = rows[used] > 0
    gains = np.zeros(rows[used].shape)
    gains[possible] = np.log(rows[used][possible] / np.broadcast_to(output, possible.shape)[possible])
    slopes = np.zeros(rows.shape)
    slopes[used] = p[used, None] * (gains + rewards)
    return float(result.upper), slopes


def lowest_point(planes: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Return a lower bound on the maximum of planes, where it is least, and the weights of the planes that prove it.

    Parameters
    ----------
    planes : ndarray of shape (n_planes, n_other)
        Heights over the corners of the simplex.
    """
    n_planes, n_other = planes.shape
    program = linprog(
        np.append(np.zeros(n_other), 1.0),
        A_ub=np.column_stack([planes, -np.ones(n_planes)]),
        b_ub=np.zeros(n_planes),
        A_eq=np.append(np.ones(n_other), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0, 1)] * n_other + [(None, None)],
        method="highs",
    )
    if not program.success:
        return -math.inf, np.full(n_other, 1 / n_other), np.full(n_planes, 1 / n_planes)
    weights = np.maximum(-program.ineqlin.marginals, 0.0)
    weights /= weights.sum()
    mixture = np.maximum(program.x[:-1], 0.0)
    rounding = _ROUNDING * (1.0 + float(np.abs(planes).max()))
    return float((weights @ planes).min()) - rounding, mixture / mixture.sum(), weights

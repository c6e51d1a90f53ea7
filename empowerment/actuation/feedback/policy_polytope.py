"""The capacity over all policies for few readings, by inner and outer approximation of a polytope.

The rows of all policies, distributions of the last reading, form a polytope. For any payoff of readings dynamic
programming finds the best policy, and so the extent of the polytope in that direction. The hull of known rows is an
inner approximation; beyond each of its facets the polytope ends at the facet stretched away from the centre to that
extent. The divergence from any q is convex, so its maximum is at a row, or at a corner of a stretched facet. If such
a corner is further from q than the lower end allows, the best row in the direction of its facet is added to the hull.
The rest of the polytope need not be known.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from empowerment.actuation.feedback.best_policies import BestPolicies
from empowerment.actuation.feedback.information_states import InformationStates
from empowerment.actuation.open_loop.column_generation import Columns, generate
from empowerment.actuation.task import StateSolution, StateTask, widened

# In more dimensions hulls have too many facets.
_MAX_DIMENSIONS = 6
# Facets to refine at a time, and the limit on the work in entries for each byte of memory.
_FACETS, _WORK_PER_BYTE = 32, 0.3
_INNER = 0.9
# Below this t log t is continued by a straight line, so that corners may lie a little outside the simplex.
_SMALLEST = 1e-13
# Directions in which rows differ by less are dropped: rounding would stretch the facets further than that.
_FLAT = 1e-8
# Directions that differ by less are equal.
_SAME_DIRECTION = 1e-13
_EPS = float(np.finfo(float).eps)


def solve_polytope(information_states: InformationStates, task: StateTask) -> StateSolution | None:
    """Bound the capacity over all policies from the distribution of the last reading.

    Parameters
    ----------
    information_states : InformationStates
        With the last reading alone.
    task : StateTask
        `start` is not read.

    Returns
    -------
    StateSolution or None
        In nats, with the error of rounding; wider than the tolerance if the work, limited by `memory`, is exceeded.
        None if rows span too many dimensions.
    """
    best = BestPolicies(information_states)
    if _sampled_dimension(best) > _MAX_DIMENSIONS:
        return None
    polytope = PolicyPolytope(best, _WORK_PER_BYTE * task.memory)
    if polytope.n_dimensions > _MAX_DIMENSIONS:
        return None
    generated = generate(polytope, task.options.share(_INNER))
    upper = max(min(generated.upper, math.log(best.n_readings)), generated.lower)
    solution = StateSolution.without_sequences(min(generated.value, upper), generated.lower, upper, task.horizon)
    return widened(solution, best.row_error)


def _sampled_dimension(best: BestPolicies) -> int:
    """Return the dimension spanned by the rows of a few policies."""
    payoffs = np.random.default_rng(0).standard_normal((2 * _MAX_DIMENSIONS, best.n_readings))
    rows = best.support(payoffs)[1]
    return int((np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False) > _FLAT).sum())


class _Facets(NamedTuple):
    """The facets of the hull of the known rows.

    Attributes
    ----------
    corners : ndarray of shape (n_facets, n_dimensions, n_readings)
        Stretched away from the centre, to the extent of the polytope.
    best : ndarray of shape (n_facets, n_readings)
        The best row in the direction of each.
    excess : ndarray of shape (n_facets,)
        Distance of the best row beyond the facet.
    stretch : ndarray of shape (n_facets,)
        Factor by which corners are further from the centre than rows.
    closed : bool
        Whether they surround the centre. If not, they bound nothing.
    """

    corners: np.ndarray
    best: np.ndarray
    excess: np.ndarray
    stretch: np.ndarray
    closed: bool


class PolicyPolytope:
    """An oracle of all policies, see :mod:`empowerment.actuation.open_loop.column_generation`.

    Parameters
    ----------
    best : BestPolicies
    work : float
        Limit on the work, in entries, after which the present bound is returned.

    Attributes
    ----------
    n_dimensions : int
        Dimension of the polytope.
    """

    def __init__(self, best: BestPolicies, work: float = math.inf) -> None:
        self._best, self._work = best, work
        directions = np.eye(best.n_readings)
        self._rows = np.unique(self._extent(np.concatenate([directions, -directions]))[1], axis=0)
        self._basis, self._flat = self._span()
        self.n_dimensions, self._centre = len(self._basis), self._rows.mean(axis=0)
        self._numbers: dict[bytes, int] = {}  # of the facets that were asked about
        self._directions, self._furthest = np.empty((0, best.n_readings)), np.empty((0, best.n_readings))
        self._reach = np.empty(0)
        self._facets = self._compute_facets()

    def first(self) -> Columns:
        """Return the known rows."""
        return self._columns(np.arange(len(self._rows)))

    def price(self, q: np.ndarray, above: float) -> tuple[float, Columns]:
        """Return an upper bound on the divergence of any row from q, and rows whose divergence exceeds `above`."""
        logs, slack = np.log(q), max(float(q.sum()) - 1.0, 0.0)
        while True:
            divergences = _max_divergence(self._rows, logs) + slack
            bounds = self._bounds(logs) + slack
            which, bound = np.flatnonzero(divergences > above), float(bounds.max())
            if which.size or bound <= above or not self._refine(bounds, above):
                return bound, self._columns(which)

    def _columns(self, which: np.ndarray) -> Columns:
        return Columns(self._rows[which], np.zeros(which.size), which[:, None])

    def _extent(self, payoffs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the extent of the polytope in some directions, rounded up, and the best rows."""
        self._work -= float(len(payoffs)) * self._best.n_moves
        return self._best.support(payoffs)

    def _span(self) -> tuple[np.ndarray, np.ndarray]:
        """Return an orthonormal basis of the differences of rows, and a bound on any difference outside of it.

        Rows are added until no policy leaves their span. There is one bound for each reading.
        """
        rank = -1
        while True:
            _, sizes, directions = np.linalg.svd(self._rows - self._rows.mean(axis=0))
            before, rank = rank, int((sizes > _FLAT).sum())
            across = directions[rank:]
            if rank > _MAX_DIMENSIONS or not len(across):
                return directions[:rank], np.zeros(self._best.n_readings)
            reach, rows = self._extent(np.concatenate([across, -across]))
            if rank == before:
                return directions[:rank], (reach[: len(across)] + reach[len(across) :]) @ np.abs(across)
            self._rows = np.unique(np.concatenate([self._rows, rows]), axis=0)

    def _compute_facets(self) -> _Facets:
        """Compute the facets of the hull, and the extent of the polytope beyond each new one."""
        corners, normals = _hull((self._rows - self._centre) @ self._basis.T)
        self._work -= 8.0 * corners.size * self._best.n_readings
        keys = [key.tobytes() for key in np.rint(normals / _SAME_DIRECTION).astype(np.int64)]
        first = {key: number for number, key in reversed([*enumerate(keys)])}
        new = [number for key, number in first.items() if key not in self._numbers]
        directions = normals[new] @ self._basis
        reach, furthest = self._extent(directions)
        self._numbers.update((keys[number], len(self._reach) + i) for i, number in enumerate(new))
        self._directions = np.concatenate([self._directions, directions])
        self._reach, self._furthest = np.append(self._reach, reach), np.concatenate([self._furthest, furthest])
        asked = [self._numbers[key] for key in keys]
        away, directions = self._rows[corners] - self._centre, self._directions[asked]
        heights = np.einsum("fr,fvr->fv", directions, away).min(axis=1, initial=np.inf)
        excess = self._reach[asked] - directions @ self._centre - heights + 8 * _EPS
        closed = bool((heights > 0).all()) and (len(corners) > 0 or not self.n_dimensions)
        stretch = 1.0 + np.maximum(excess, 0.0) / (heights if closed else 1.0)
        stretched = self._centre + stretch[:, None, None] * away
        return _Facets(stretched, self._furthest[asked], excess, stretch, closed)

    def _bounds(self, logs: np.ndarray) -> np.ndarray:
        """Return bounds on the divergence of rows beyond each facet, and last of rows within the hull."""
        if not self._facets.closed:
            return np.array([np.inf])
        # In dropped directions a row differs from the centre, and a corner does so in proportion to its stretch.
        apart = (1.0 + self._facets.stretch)[:, None, None] * self._flat
        corners = _max_divergence(self._facets.corners, logs, apart).max(axis=1, initial=-np.inf)
        return np.append(corners, _max_divergence(self._rows, logs, 2 * self._flat).max())

    def _refine(self, bounds: np.ndarray, above: float) -> bool:
        """Add the best rows of facets whose bounds are too large; return whether there was a new one."""
        if not self._facets.closed or self._work < 0:
            return False
        which = np.flatnonzero((bounds[:-1] > above) & (self._facets.excess > 4 * self._best.value_error))
        which = which[np.argsort(-bounds[which], kind="stable")[:_FACETS]]
        known = {row.tobytes() for row in self._rows}
        fresh = {row.tobytes(): row for row in self._facets.best[which] if row.tobytes() not in known}
        if not fresh:
            return False
        self._rows = np.concatenate([self._rows, np.array(list(fresh.values()))])
        facets = self._compute_facets()
        if not facets.closed:  # the previous facets still hold
            self._work = -math.inf
            return False
        self._facets = facets
        return True


def _hull(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners of each facet of a hull, by number, and its outward normal; none if the hull is flat."""
    n_dimensions = points.shape[1]
    if n_dimensions == 1:
        return np.array([[points.argmin()], [points.argmax()]]), np.array([[-1.0], [1.0]])
    nothing = np.empty((0, n_dimensions), dtype=np.int64), np.empty((0, n_dimensions))
    if not 2 <= n_dimensions <= _MAX_DIMENSIONS:
        return nothing
    scale = np.ptp(points, axis=0)
    for options in ("Qt", "QJ"):  # if rounding makes the first fail, joggle the points
        try:
            hull = ConvexHull(points / scale, qhull_options=options)
        except QhullError:
            continue
        normals = hull.equations[:, :-1] / scale
        return hull.simplices.astype(np.int64), normals / np.linalg.norm(normals, axis=1, keepdims=True)
    return nothing


def _max_divergence(points: np.ndarray, logs: np.ndarray, apart: np.ndarray | float = 0.0) -> np.ndarray:
    """Bound the divergence from q of points, and of all points that differ from them by at most `apart`.

    Outside of the simplex the divergence is a convex continuation, which inside is nowhere less than the divergence.
    """
    lines = np.log(np.maximum(points, _SMALLEST)) - logs
    low, high = (np.log(np.maximum(points + way * apart, _SMALLEST)) - logs for way in (-1, 1))
    slopes = np.maximum(np.abs(low), np.abs(high)) + 1.0
    terms = points * lines
    rounding = 8 * _EPS * logs.size * (1.0 + np.abs(terms).sum(axis=-1))
    return np.asarray(terms.sum(axis=-1) + (slopes * (apart + 8 * _EPS)).sum(axis=-1) + rounding)

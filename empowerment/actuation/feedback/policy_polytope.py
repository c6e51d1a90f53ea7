"""Where few readings can be told apart: the rows of all policies as a polytope, known from inside and from outside.

What policies make the last reading is a polytope. For any payoff of readings dynamic programming finds the policy
that is best, and so how far the polytope reaches in that direction. The hull of rows that were found lies within
it; beyond each facet of the hull it ends where the facet would be if it were stretched away from the centre as far
as the polytope reaches. The divergence from any q is convex, so that it is largest at a row, or at a corner of a
stretched facet. Where such a corner is further from q than the lower end allows, the row that is best in the
direction of its facet joins the hull. The rest of the polytope need not be known.
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
_MOST_DIMENSIONS = 6
# Facets that are looked into at a time, and entries that may be passed for each byte that may be taken.
_FACETS, _WORK_PER_BYTE = 32, 0.3
_INNER = 0.9
# Below this t log t counts as a straight line, so that corners may lie a little outside of all distributions.
_SMALLEST = 1e-13
# Directions in which rows differ by less are left out: what rounding stretches facets by would cost more.
_FLAT = 1e-8
# Directions that differ by less are one.
_SAME_DIRECTION = 1e-13
_EPS = float(np.finfo(float).eps)


def solve_polytope(information_states: InformationStates, task: StateTask) -> StateSolution | None:
    """Return an interval for what the last reading tells when actions react.

    Parameters
    ----------
    information_states : InformationStates
        Of which only the last reading counts.
    task : StateTask
        `start` is not read.

    Returns
    -------
    StateSolution or None
        In nats, rounding allowed for; wider than wanted where it would take too much work, of which `memory` allows
        more. None where readings differ in too many independent ways.
    """
    best = BestPolicies(information_states)
    if _dimensions_of_some(best) > _MOST_DIMENSIONS:
        return None
    polytope = PolicyPolytope(best, _WORK_PER_BYTE * task.memory)
    if polytope.n_dimensions > _MOST_DIMENSIONS:
        return None
    found = generate(polytope, task.options.share(_INNER))
    upper = max(min(found.upper, math.log(best.n_readings)), found.lower)
    ends = StateSolution.without_sequences(min(found.value, upper), found.lower, upper, task.horizon)
    return widened(ends, best.row_error)


def _dimensions_of_some(best: BestPolicies) -> int:
    """Return in how many ways the rows of a few policies differ, before more are asked for."""
    payoffs = np.random.default_rng(0).standard_normal((2 * _MOST_DIMENSIONS, best.n_readings))
    rows = best.of(payoffs)[1]
    return int((np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False) > _FLAT).sum())


class _Facets(NamedTuple):
    """The facets of the hull of rows.

    Attributes
    ----------
    corners : ndarray of shape (n_facets, n_dimensions, n_readings)
        Stretched away from the centre, as far as policies reach.
    best : ndarray of shape (n_facets, n_readings)
        The row furthest out in the direction of each.
    excess : ndarray of shape (n_facets,)
        How much further that is than the facet.
    stretch : ndarray of shape (n_facets,)
        By how much corners are further from the centre than rows.
    closed : bool
        Whether they surround the centre. If not they prove nothing.
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
        How many entries may be passed until the bound has to do.

    Attributes
    ----------
    n_dimensions : int
        In how many independent ways rows differ.
    """

    def __init__(self, best: BestPolicies, work: float = math.inf) -> None:
        self._best, self._work = best, work
        directions = np.eye(best.n_readings)
        self._rows = np.unique(self._asked(np.concatenate([directions, -directions]))[1], axis=0)
        self._basis, self._flat = self._span()
        self.n_dimensions, self._centre = len(self._basis), self._rows.mean(axis=0)
        self._numbers: dict[bytes, int] = {}  # of the facets that were asked about
        self._directions, self._furthest = np.empty((0, best.n_readings)), np.empty((0, best.n_readings))
        self._reach = np.empty(0)
        self._facets = self._wrapped()

    def first(self) -> Columns:
        """Return the rows known by now."""
        return self._columns(np.arange(len(self._rows)))

    def price(self, q: np.ndarray, above: float) -> tuple[float, Columns]:
        """Return a bound on the divergence of every policy's row from q, and rows whose own exceeds `above`."""
        logs, room = np.log(q), max(float(q.sum()) - 1.0, 0.0)
        while True:
            own = _furthest(self._rows, logs) + room
            bounds = self._bounds(logs) + room
            which, bound = np.flatnonzero(own > above), float(bounds.max())
            if which.size or bound <= above or not self._look_into(bounds, above):
                return bound, self._columns(which)

    def _columns(self, which: np.ndarray) -> Columns:
        return Columns(self._rows[which], np.zeros(which.size), which[:, None])

    def _asked(self, payoffs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how far policies reach in some directions, rounded up, and the rows that do."""
        self._work -= float(len(payoffs)) * self._best.n_moves
        values, rows = self._best.of(payoffs)
        return values + self._best.value_error * np.abs(payoffs).max(axis=1, initial=0.0), rows

    def _span(self) -> tuple[np.ndarray, np.ndarray]:
        """Return orthonormal directions in which rows differ, and how far any two rows may differ in other ways.

        Rows are added until no policy leads out of what they span. The second is a bound for each reading.
        """
        rank = -1
        while True:
            _, sizes, directions = np.linalg.svd(self._rows - self._rows.mean(axis=0))
            before, rank = rank, int((sizes > _FLAT).sum())
            across = directions[rank:]
            if rank > _MOST_DIMENSIONS or not len(across):
                return directions[:rank], np.zeros(self._best.n_readings)
            reach, rows = self._asked(np.concatenate([across, -across]))
            if rank == before:
                return directions[:rank], (reach[: len(across)] + reach[len(across) :]) @ np.abs(across)
            self._rows = np.unique(np.concatenate([self._rows, rows]), axis=0)

    def _wrapped(self) -> _Facets:
        """Wrap the rows in facets, and ask how far policies reach beyond each that is new."""
        corners, normals = _hull((self._rows - self._centre) @ self._basis.T)
        self._work -= 8.0 * corners.size * self._best.n_readings
        keys = [key.tobytes() for key in np.rint(normals / _SAME_DIRECTION).astype(np.int64)]
        first = {key: number for number, key in reversed([*enumerate(keys)])}
        new = [number for key, number in first.items() if key not in self._numbers]
        directions = normals[new] @ self._basis
        reach, furthest = self._asked(directions)
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
        """Return a bound on the divergence of all rows beyond each facet, and last of those within all of them."""
        if not self._facets.closed:
            return np.array([np.inf])
        # In ways that are left out a row differs from the centre, and so, as it is stretched, does a corner.
        apart = (1.0 + self._facets.stretch)[:, None, None] * self._flat
        corners = _furthest(self._facets.corners, logs, apart).max(axis=1, initial=-np.inf)
        return np.append(corners, _furthest(self._rows, logs, 2 * self._flat).max())

    def _look_into(self, bounds: np.ndarray, above: float) -> bool:
        """Add the best rows of facets whose bounds are too large; return whether there was one to add."""
        if not self._facets.closed or self._work < 0:
            return False
        which = np.flatnonzero((bounds[:-1] > above) & (self._facets.excess > 4 * self._best.value_error))
        which = which[np.argsort(-bounds[which], kind="stable")[:_FACETS]]
        known = {row.tobytes() for row in self._rows}
        fresh = {row.tobytes(): row for row in self._facets.best[which] if row.tobytes() not in known}
        if not fresh:
            return False
        self._rows = np.concatenate([self._rows, np.array(list(fresh.values()))])
        facets = self._wrapped()
        if not facets.closed:  # those from before still hold
            self._work = -math.inf
            return False
        self._facets = facets
        return True


def _hull(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners of each facet of a hull, by number, and its outward normal; none where it has no inside."""
    n_dimensions = points.shape[1]
    if n_dimensions == 1:
        return np.array([[points.argmin()], [points.argmax()]]), np.array([[-1.0], [1.0]])
    nothing = np.empty((0, n_dimensions), dtype=np.int64), np.empty((0, n_dimensions))
    if not 2 <= n_dimensions <= _MOST_DIMENSIONS:
        return nothing
    scale = np.ptp(points, axis=0)
    for options in ("Qt", "QJ"):  # where rounding is in the way, of points that are moved about a little
        try:
            found = ConvexHull(points / scale, qhull_options=options)
        except QhullError:
            continue
        normals = found.equations[:, :-1] / scale
        return found.simplices.astype(np.int64), normals / np.linalg.norm(normals, axis=1, keepdims=True)
    return nothing


def _furthest(points: np.ndarray, logs: np.ndarray, apart: np.ndarray | float = 0.0) -> np.ndarray:
    """Bound the divergence from q of points, and of all that differ by no more than `apart` from them.

    That of what lies outside of all distributions is a convex continuation, which is nowhere less inside of them.
    """
    lines = np.log(np.maximum(points, _SMALLEST)) - logs
    low, high = (np.log(np.maximum(points + way * apart, _SMALLEST)) - logs for way in (-1, 1))
    slopes = np.maximum(np.abs(low), np.abs(high)) + 1.0
    terms = points * lines
    rounding = 8 * _EPS * logs.size * (1.0 + np.abs(terms).sum(axis=-1))
    return np.asarray(terms.sum(axis=-1) + (slopes * (apart + 8 * _EPS)).sum(axis=-1) + rounding)

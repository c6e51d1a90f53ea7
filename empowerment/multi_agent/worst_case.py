"""The smallest one-step empowerment of an agent over all mixtures of another's actions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import linprog

from empowerment.capacity.solve import channel_capacity
from empowerment.core import validate
from empowerment.core.channel import Channel
from empowerment.core.status import ON_FAILURE, Status, report_failure
from empowerment.models.multi_agent import MultiAgentMDP
from empowerment.multi_agent.joint_rows import DEFAULT_MEMORY, JointSequences
from empowerment.results.certified import Labelled

# Distance of planes from the border of the simplex, relative to the tolerance: at the border slopes are unbounded.
_INSIDE = 0.01
# Bound on the error of the slopes of a plane, relative to the largest.
_ROUNDING = 1e-13


@dataclass(frozen=True, eq=False, repr=False)
class WorstCaseResult(Labelled):
    """An agent's empowerment beside the least favourable other agent, with certified intervals.

    Sized, iterable over the labels of the states, and indexed by them.

    Attributes
    ----------
    value, lower, upper : ndarray of shape (n_states,)
        `upper` is what the agent has beside `mixture`, `lower` what no other agent can take.
    status : ndarray of int of shape (n_states,)
        A :class:`Status` for each.
    method : str
        "cutting-planes".
    mixture : ndarray of shape (n_states, n_actions)
        The other agent's distribution of actions in each state.
    states : tuple
        Labels of the states.
    base, tol, rtol : float

    See Also
    --------
    worst_case_empowerment : Compute this empowerment.

    Examples
    --------
    >>> import empowerment as emp
    >>> worst = emp.worst_case_empowerment(emp.worlds.two_way_dimmer(), "person", "assistant", states=0)
    >>> worst.value.round(4).tolist(), worst.mixture.round(2).tolist(), worst.unit
    ([0.5], [[0.5, 0.5]], 'bits')
    """

    _each = ("value", "lower", "upper", "status", "mixture", "states")

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    status: np.ndarray
    mixture: np.ndarray
    states: tuple[Any, ...]
    base: float
    tol: float
    rtol: float = 0.0

    @property
    def method(self) -> str:
        """How the least capacity was found."""
        return "cutting-planes"

    @property
    def _axes(self) -> Mapping[str, Sequence[Any]]:
        return {"state": self.states}


def worst_case_empowerment(
    world: MultiAgentMDP,
    agent: Any,
    against: Any,
    others: Any = "uniform",
    *,
    states: Any = None,
    sensor: Any = None,
    tol: float = 1e-6,
    base: float | str = 2,
    backend: str | None = None,
    max_iter: int = 500,
    on_failure: str = "warn",
) -> WorstCaseResult:
    """Compute the one-step empowerment that remains to an agent beside the least favourable other agent.

    It is the smallest capacity of the agent's channel over the other's distributions of actions. The receiver does
    not observe the other's actions, so a mixture of actions is noise that can be worse than any single action.

    Parameters
    ----------
    world : MultiAgentMDP
        The world of the agents.
    agent : hashable, or list of hashable
        The agent whose empowerment is computed, or a group that acts as one.
    against : hashable, or list of hashable
        The agent, or group, that acts against it, without observing its action.
    others : "uniform" or mapping from agent to policy
        Policies of the remaining agents, as for :meth:`MultiAgentMDP.for_agent`.
    states : state label or list of state labels, optional
        States to compute; all by default.
    sensor : callable or array_like of shape (n_states, n_readings), optional
        The sensor to read instead of the agent's own.
    tol : float
        Width wanted of the intervals, in the result's unit.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.
    backend : {"numba", "reference", "jax"}, optional
        Backend of the capacities; see :func:`empowerment.channel_capacity`.
    max_iter : int
        Limit on the mixtures that are tried in one state.
    on_failure : {"warn", "raise", "ignore"}
        What to do when an interval stays wider than the tolerance. The interval holds in any case.

    Returns
    -------
    WorstCaseResult
        The smallest empowerment of each state, and the other's distribution that attains its upper end.

    Raises
    ------
    ValueError
        If a joint action is missing in one of the states.
    RuntimeError
        If the tolerance is missed and ``on_failure="raise"``.

    Warns
    -----
    ConvergenceWarning
        If the tolerance is missed and ``on_failure="warn"``.

    See Also
    --------
    MultiAgentMDP.for_agent : Fix the policies of other agents.
    informed_empowerment : Compute an agent's empowerment if the receiver observes actions of others.

    Notes
    -----
    A capacity is convex in the channel, and so in the mixture: each capacity gives a supporting plane, which lies
    below all capacities. The minimum of the planes so far, a linear program, is the next mixture to try (Kelley
    1960). The dual variables of the program weigh the planes; the lower end is the smallest entry of their weighted
    sum, and does not depend on the accuracy of the program.

    References
    ----------
    J. E. Kelley, "The cutting-plane method for solving convex programs", Journal of the Society for Industrial and
    Applied Mathematics 8, 1960, pp. 703-712.

    Examples
    --------
    >>> import empowerment as emp
    >>> dimmer = emp.worlds.two_way_dimmer()
    >>> emp.worst_case_empowerment(dimmer, "person", "assistant", states=0).value.round(6)
    array([0.5])
    """
    tol, _ = validate.tolerances(tol, 0.0)
    base, max_iter = validate.base(base), validate.limit(max_iter, "max_iter")
    unit = math.log(base)
    validate.one_of(on_failure, ON_FAILURE, "on_failure")
    world = validate.instance(world, MultiAgentMDP, "world")
    own = world.sensor_of(agent) if sensor is None else sensor
    joint = JointSequences.of(world, [agent, against], others, 1, own, DEFAULT_MEMORY)
    numbers = joint.model.state_indices(states)
    joint.model.refuse_unexplored(1, numbers)
    responses = {state: _complete(joint, state) for state in numbers.tolist()}
    solutions = [_least_capacity(responses[state], tol * unit, backend, max_iter) for state in numbers.tolist()]
    lower, upper = (np.array([getattr(each, name) for each in solutions]) / unit for name in ("lower", "upper"))
    result = WorstCaseResult(
        value=upper,
        lower=lower,
        upper=upper,
        status=np.where(upper - lower <= tol, Status.CERTIFIED, Status.MAX_ITER),
        mixture=np.array([each.mixture for each in solutions]),
        states=tuple(world.states[i] for i in numbers),
        base=base,
        tol=tol,
    )
    if not result.converged.all():
        report_failure(
            f"the widest interval is {result.gap.max():.2e} {result.unit} wide, wanted {tol:.2e}: raise max_iter "
            "or tol",
            on_failure,
        )
    return result


def _complete(joint: JointSequences, state: int) -> np.ndarray:
    """Return the rows of a state, or raise if an action is missing."""
    rows, missing = joint.responses(state)
    if missing.any():
        raise ValueError(
            f"a joint action is missing in state {joint.model.states[state]!r}, expected all: the other agent may "
            "take any of its actions"
        )
    return rows


class _WorstMixture(NamedTuple):
    """The other agent's worst mixture of actions, and bounds on its capacity in nats."""

    lower: float
    upper: float
    mixture: np.ndarray


def _least_capacity(response: np.ndarray, tol: float, backend: str | None, max_iter: int) -> _WorstMixture:
    """Return the mixture of least capacity; axes of `response`: (agent's action, other's action, reading)."""
    n_other = response.shape[1]
    inside = min(_INSIDE * tol / math.log(max(response.shape[2], 2)), 0.5)
    uniform = np.full(n_other, 1 / n_other)
    best, mixture, planes = _WorstMixture(0.0, math.inf, uniform), uniform, np.empty((0, n_other))
    for _ in range(max_iter):
        mixture = (1 - inside) * mixture + inside * uniform
        upper, plane = _plane(response, mixture, tol, backend)
        planes = np.vstack([planes, plane])
        lower, following = _lowest_point(planes)
        if upper < best.upper:
            best = best._replace(upper=upper, mixture=mixture)
        best = best._replace(lower=min(max(best.lower, lower), best.upper))
        if best.upper - best.lower <= tol:
            break
        mixture = following
    return best


def _plane(response: np.ndarray, mixture: np.ndarray, tol: float, backend: str | None) -> tuple[float, np.ndarray]:
    """Return the upper end of a mixture's capacity, and the slopes of a plane below the capacity of every mixture."""
    rows = np.ascontiguousarray(np.einsum("r,hry->hy", mixture, response))
    plane_tol = max(_INSIDE * tol, validate.MIN_TOL)
    result = channel_capacity(
        Channel.from_valid(rows), tol=plane_tol, base=math.e, backend=backend, on_failure="ignore"
    )
    p = result.input_distribution / result.input_distribution.sum()
    output = p @ rows
    used = p > 0
    possible = rows[used] > 0
    gains = np.zeros(rows[used].shape)
    gains[possible] = np.log(rows[used][possible] / np.broadcast_to(output, possible.shape)[possible])
    return float(result.upper), np.einsum("h,hry,hy->r", p[used], response[used], gains)


def _lowest_point(planes: np.ndarray) -> tuple[float, np.ndarray]:
    """Return a lower bound on the maximum of the planes, and the mixture where this maximum is least."""
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
        return -math.inf, np.full(n_other, 1 / n_other)
    weights = np.maximum(-program.ineqlin.marginals, 0.0)
    mixture = np.maximum(program.x[:-1], 0.0)
    rounding = _ROUNDING * (1.0 + float(np.abs(planes).max()))
    return float((weights / weights.sum() @ planes).min()) - rounding, mixture / mixture.sum()

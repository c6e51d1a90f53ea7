"""The sum rate of agents who choose their actions independently."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment.capacity.solve import channel_capacity
from empowerment.core import validate
from empowerment.core.channel import Channel
from empowerment.core.status import Status
from empowerment.models.multi_agent import MultiAgentMDP
from empowerment.multi_agent.joint_rows import DEFAULT_MEMORY, JointSequences
from empowerment.results.certified import Certified

# Alternating maximisation ends when no step gains more than this, in nats.
_NO_GAIN = 1e-12


@dataclass(frozen=True, eq=False, repr=False)
class SumRate(Certified):
    """Bounds on the information that agents with independent actions send together.

    Attributes
    ----------
    value, lower : float
        Information at the distributions found: a lower bound of the largest, which nothing here proves to be it.
    upper : float
        The capacity of the agents acting as one, which independent choices cannot exceed.
    agents : tuple
        Names.
    distributions : tuple of ndarray of shape (n_sequences,)
        Distribution of each agent's sequences of actions, the last action counting fastest.
    n_starts : int
        Number of starting points.
    n_iter : int
        Number of rounds in which every distribution was improved.
    base, tol, rtol : float
        `tol` is what a last round may gain.

    See Also
    --------
    independent_sum_rate : Compute these bounds.

    Examples
    --------
    >>> import empowerment as emp
    >>> found = emp.independent_sum_rate(emp.worlds.two_way_dimmer(), 1, 0, starts=2, rng=0)
    >>> round(float(found.lower), 6), round(found.upper, 6), found.distributions[0].shape
    (1.5, 1.584963, (2,))
    """

    lower: float
    upper: float
    agents: tuple[Any, ...]
    distributions: tuple[np.ndarray, ...]
    n_starts: int
    n_iter: int
    base: float
    tol: float

    rtol: float = 0.0

    @property
    def value(self) -> float:
        """The lower bound, for want of a better estimate."""
        return self.lower

    @property
    def status(self) -> Status:
        """Whether the two bounds meet."""
        return Status.CERTIFIED if self.converged else Status.BOUNDED

    @property
    def method(self) -> str:
        """How the distributions were found."""
        return "alternating"

    def __repr__(self) -> str:
        return f"SumRate({self.stated()}, {len(self.agents)} agents, best of {self.n_starts} starts)"


def independent_sum_rate(
    world: MultiAgentMDP,
    horizon: int,
    state: Any,
    agents: Sequence[Any] | None = None,
    others: Any = "uniform",
    *,
    sensor: Any = None,
    starts: int = 8,
    max_iter: int = 200,
    rng: np.random.Generator | int | None = None,
    memory: float = DEFAULT_MEMORY,
    base: float | str = 2,
) -> SumRate:
    """Bound the information that agents with independent sequences of actions send together.

    With joint choices they have the empowerment of the group, which is an upper bound. With independent choices the
    information has several local maxima. From each of several starting points the distributions are improved in turn,
    each by a capacity with rewards, until no round gains anything.

    Parameters
    ----------
    world : MultiAgentMDP
        The world of the agents.
    horizon : int
        Number of actions of each agent.
    state : hashable
        Label of the initial state.
    agents : list of agents, optional
        The agents whose actions are the input; all by default.
    others : "uniform" or mapping from agent to policy
        Policies of the remaining agents, as for :meth:`MultiAgentMDP.for_agent`.
    sensor : callable or array_like of shape (n_states, n_readings), optional
        The sensor, as for :func:`empowerment.empowerment`.
    starts : int
        Number of starting points: uniform distributions, and random ones.
    max_iter : int
        Limit on the rounds from one starting point.
    rng : numpy.random.Generator, int or None
        Random source for the starting points.
    memory : float
        Limit in bytes on the rows.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.

    Returns
    -------
    SumRate
        `lower` is attained; it is not known whether it is the maximum.

    Raises
    ------
    ValueError
        If fewer than two agents are named, or some joint sequence is missing.
    MemoryError
        If the rows need more than `memory`.

    See Also
    --------
    empowerment : Computes the upper bound for the model ``world.joint``.
    informed_empowerment : Compute an agent's empowerment if the receiver observes actions of others.

    Examples
    --------
    >>> import empowerment as emp
    >>> emp.independent_sum_rate(emp.worlds.two_way_dimmer(), 1, 0, rng=0)
    SumRate([1.5, 1.584962501] bits, 2 agents, best of 8 starts)
    """
    starts = validate.positive_int(starts, "starts", most=validate.MOST_DRAWS)
    max_iter, base, rng = validate.limit(max_iter, "max_iter"), validate.base(base), validate.generator(rng)
    world = validate.instance(world, MultiAgentMDP, "world")
    names = world.group(list(world.agents) if agents is None else agents)
    if len(names) < 2:
        raise ValueError(f"agents is {validate.shown(agents)}, expected a list of at least two")
    joint = JointSequences.of(world, names, others, validate.short_horizon(horizon), sensor, memory)
    number = joint.model.state_index(state)
    joint.model.refuse_unexplored(joint.horizon, np.array([number]))
    response, missing = joint.responses(number)
    if missing.any():
        raise ValueError(
            f"some joint sequence of {joint.horizon} actions is missing in state {state!r}, expected all: agents who "
            "choose independently may take any of them"
        )
    drawn = [np.vstack([np.full(size, 1 / size), rng.dirichlet(np.ones(size), starts - 1)]) for size in missing.shape]
    best, n_iter = np.full(starts, -np.inf), 0
    while n_iter < max_iter:
        for place in range(len(names)):
            drawn[place], rate = _best_responses(response, drawn, place)
        n_iter += 1
        if (rate <= best + _NO_GAIN).all():
            break
        best = rate
    first = int(best.argmax())
    chosen = tuple(rows[first] for rows in drawn)
    channel = Channel.from_valid(np.ascontiguousarray(response.reshape(missing.size, -1)))
    unit, together = math.log(base), channel_capacity(channel, base=math.e, on_failure="ignore")
    low, high = joint.outward(_information(channel, chosen), together.upper, 1.0)
    lower, upper = min(float(low), float(high)) / unit, float(high) / unit
    return SumRate(lower, upper, names, chosen, starts, n_iter, base, tol=_NO_GAIN / unit)


def _information(channel: Channel, distributions: Sequence[np.ndarray]) -> float:
    """Return a lower bound in nats on the information at independent distributions."""
    pair = _product(distributions)
    information = channel.mutual_information(pair, base=math.e)
    # The information is a sum of terms p w log(w / q), whose magnitudes add up to at most I + 2 / e. Products of the
    # distributions, the outputs q and the sums each have a relative error of at most one rounding for each of their
    # terms; a perturbed term also shifts the logarithm by as much.
    roundings = len(distributions) + 2 * pair.size + channel.matrix.shape[1] + 16
    return max(information - 2 * roundings * np.finfo(float).eps * (information + 1.0), 0.0)


def _best_responses(
    response: np.ndarray, distributions: Sequence[np.ndarray], place: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return one agent's best response to each combination of the others' distributions, and the rates in nats."""
    own = np.moveaxis(response, place, 0).reshape(response.shape[place], -1, response.shape[-1])
    beside = [rows for i, rows in enumerate(distributions) if i != place]
    weights = np.array([_product([rows[k] for rows in beside]) for k in range(len(beside[0]))])
    average = np.einsum("kr,xry->kxy", weights, own)
    rewards = np.array(
        [[Channel.from_valid(rows).mutual_information(other, base=math.e) for rows in own] for other in weights]
    )
    result = channel_capacity(
        list(average), rewards=list(rewards), tol=1e-11, base=math.e, on_failure="ignore", backend=None
    )
    p = result.input_distribution
    return p / p.sum(axis=1, keepdims=True), np.asarray(result.value)


def _product(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Return the joint distribution of independent agents, the last one's sequence counting fastest."""
    product = np.ones(1)
    for row in rows:
        product = np.outer(product, row).reshape(-1)
    return product / product.sum()

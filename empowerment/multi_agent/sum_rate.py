"""The sum rate of two agents who choose their actions independently."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment.capacity.solve import channel_capacity
from empowerment.core import validate
from empowerment.core.channel import Channel
from empowerment.core.status import Status
from empowerment.models.two_agents import TwoAgentMDP
from empowerment.multi_agent.joint_rows import DEFAULT_MEMORY, responses
from empowerment.results.certified import Certified

# Alternating maximisation ends when no step gains more than this, in nats.
_NO_GAIN = 1e-12


@dataclass(frozen=True, eq=False, repr=False)
class SumRate(Certified):
    """Lower bound on the information that two agents with independent actions send together.

    Attributes
    ----------
    value, lower : float
        Information at the two distributions: a lower bound of the largest, which nothing here proves to be it.
    upper : float
        Infinite: nothing is proved from above.
    status : Status
        ``BOUNDED``.
    method : str
        "alternating".
    person, assistant : ndarray of shape (n_sequences,)
        Distribution of each one's sequences of actions, the last action counting fastest.
    n_starts : int
        How many beginnings were tried.
    n_iter : int
        How often each one's distribution was improved.
    base, tol, rtol : float
        `tol` is what a last step may gain.

    See Also
    --------
    independent_sum_rate : Compute this bound.

    Examples
    --------
    >>> import empowerment as emp
    >>> found = emp.independent_sum_rate(emp.worlds.two_way_dimmer(), 1, 0, starts=2, rng=0)
    >>> round(float(found.lower), 6), found.person.shape
    (1.5, (2,))
    """

    lower: float
    person: np.ndarray
    assistant: np.ndarray
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
    def upper(self) -> float:
        """Infinite: nothing is proved from above."""
        return math.inf

    @property
    def status(self) -> Status:
        """Bounded from below, and no more."""
        return Status.BOUNDED

    @property
    def method(self) -> str:
        """How the two distributions were found."""
        return "alternating"

    def __repr__(self) -> str:
        return f"SumRate(at least {self.lower:.10g} {self.unit}, best of {self.n_starts} starts)"


def independent_sum_rate(
    world: TwoAgentMDP,
    horizon: int,
    state: Any,
    *,
    sensor: Any = None,
    starts: int = 8,
    max_iter: int = 200,
    rng: np.random.Generator | int | None = None,
    memory: float = DEFAULT_MEMORY,
    base: float | str = 2,
) -> SumRate:
    """Bound from below the information that two agents with independent sequences of actions send together.

    With joint choices they have the empowerment of ``world.joint``, which is an upper bound. With independent choices
    the information has several local maxima. From each of several starting points the two distributions are improved
    alternately, each by a capacity with rewards, until no step gains anything.

    Parameters
    ----------
    world : TwoAgentMDP
        The world of the two agents.
    horizon : int
        Number of actions of each agent.
    state : hashable
        Label of the initial state.
    sensor : callable or array_like of shape (n_states, n_readings), optional
        The sensor, as for :func:`empowerment.empowerment`.
    starts : int
        Number of starting points: uniform distributions, and random ones.
    max_iter : int
        Limit on the alternations from one starting point.
    rng : numpy.random.Generator, int or None
        Random source for the starting points.
    memory : float
        Limit in bytes on the rows.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.

    Returns
    -------
    SumRate
        `lower` is a lower bound; it is not known whether it is the maximum.

    Raises
    ------
    MemoryError
        If the rows need more than `memory`.

    See Also
    --------
    empowerment : Computes the upper bound for the model ``world.joint``.
    informed_empowerment : Compute the person's empowerment if the receiver observes the assistant's actions.

    Examples
    --------
    >>> import empowerment as emp
    >>> emp.independent_sum_rate(emp.worlds.two_way_dimmer(), 1, 0, rng=0)
    SumRate(at least 1.5 bits, best of 8 starts)
    """
    starts = validate.positive_int(starts, "starts", most=validate.MOST_DRAWS)
    max_iter, base, rng = validate.limit(max_iter, "max_iter"), validate.base(base), validate.generator(rng)
    world = validate.instance(world, TwoAgentMDP, "world")
    number = world.joint.state_index(state)
    response = responses(world, number, validate.short_horizon(horizon), sensor, memory)
    n_assistant = response.shape[1]
    drawn = rng.dirichlet(np.ones(n_assistant), starts - 1)
    theirs = np.vstack([np.full(n_assistant, 1 / n_assistant), drawn])
    best, n_iter = np.full(starts, -np.inf), 0
    while n_iter < max_iter:
        mine, _ = _best_responses(response, theirs)
        theirs, rate = _best_responses(response.swapaxes(0, 1), mine)
        n_iter += 1
        if (rate <= best + _NO_GAIN).all():
            break
        best = rate
    first = int(best.argmax())
    pair = np.outer(mine[first], theirs[first]).reshape(-1)
    channel = Channel.from_valid(np.ascontiguousarray(response.reshape(pair.size, -1)))
    information = channel.mutual_information(pair / pair.sum(), base=math.e)
    unit = math.log(base)
    return SumRate(information / unit, mine[first], theirs[first], starts, n_iter, base, tol=_NO_GAIN / unit)


def _best_responses(response: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the first agent's best response to each distribution of the other, and the rates in nats."""
    average = np.einsum("kr,xry->kxy", others, response)
    rewards = np.array(
        [[Channel.from_valid(rows).mutual_information(other, base=math.e) for rows in response] for other in others]
    )
    result = channel_capacity(
        list(average), rewards=list(rewards), tol=1e-11, base=math.e, on_failure="ignore", backend=None
    )
    p = result.input_distribution
    return p / p.sum(axis=1, keepdims=True), np.asarray(result.value)

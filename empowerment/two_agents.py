"""A person and an assistant in one world: what each can do, beside the other, to it and together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment import validate
from empowerment.actuation.sensor import make_sensor
from empowerment.capacity.solve import channel_capacity
from empowerment.channel import Channel
from empowerment.measure import empowerment
from empowerment.models.two_agents import TwoAgentMDP
from empowerment.policy import Policy, greedy_policy, state_values
from empowerment.results import CapacityResult, EmpowermentResult, unit_name

AGENTS = ("assistant", "person")
DEFAULT_MEMORY = 1e9

# Alternating steps end where none of them gains more than this, in nats.
_NO_GAIN = 1e-12


def transfer_empowerment(
    world: TwoAgentMDP, policy: Any, horizon: int = 1, *, sensor: Any, source: str = "assistant", **options: Any
) -> EmpowermentResult:
    """Return what one agent can do to what the other senses (Salge and Polani 2017).

    Parameters
    ----------
    world : TwoAgentMDP
    policy : Policy, array_like of shape (n_states, n_actions) or (n_actions,)
        What the other agent does meanwhile.
    horizon : int
        Number of actions.
    sensor : callable or array_like of shape (n_states, n_readings)
        What the other agent senses of the state, as for :func:`empowerment.empowerment`.
    source : {"assistant", "person"}
        Who acts.
    **options
        As for :func:`empowerment.empowerment`.

    Returns
    -------
    EmpowermentResult

    References
    ----------
    C. Salge and D. Polani, "Empowerment as replacement for the three laws of robotics", Frontiers in Robotics and AI
    4:25, 2017.

    Examples
    --------
    A person who walks at random, and an assistant who may stand in the way or not:

    >>> import numpy as np, empowerment as emp
    >>> corridor, uniform = emp.worlds.shared_corridor(), [1 / 3, 1 / 3, 1 / 3]
    >>> result = emp.transfer_empowerment(corridor, uniform, 2, sensor=lambda state: state[0], states=(0, 1))
    >>> round(float(result), 5)
    0.19931
    """
    validate.one_of(source, AGENTS, "source")
    acting = world.under_person(policy) if source == "assistant" else world.under_assistant(policy)
    return empowerment(acting, horizon, sensor=sensor, **options)


def informed_empowerment(
    world: TwoAgentMDP,
    assistant: Any,
    horizon: int = 1,
    *,
    states: Any = None,
    sensor: Any = None,
    memory: float = DEFAULT_MEMORY,
    **options: Any,
) -> CapacityResult:
    """Return the person's empowerment to a receiver that also sees what the assistant did.

    The person chooses a sequence of actions without knowing the assistant's. It is the largest information between
    that sequence and the final reading, given the assistant's actions, and never less than to a receiver that does
    not see them.

    Parameters
    ----------
    world : TwoAgentMDP
    assistant : array_like of shape (n_assistant_actions,), or (n_assistant_actions,) * horizon
        The assistant's actions, which do not react to anything: the distribution of each of them, drawn
        independently, or of all of them together. For one step it may also be a Policy, or an array of shape
        (n_states, n_assistant_actions).
    horizon : int
        Number of actions.
    states : state label or list of state labels, optional
        Where to compute it; everywhere by default.
    sensor : optional
        What the person senses of the state, as for :func:`empowerment.empowerment`.
    memory : float
        Most bytes that the rows of a state may take.
    **options
        As for :func:`empowerment.channel_capacity`.

    Returns
    -------
    CapacityResult
        Of a batch, one channel for each state.

    Raises
    ------
    MemoryError
        If the rows of a state would take more than `memory`.

    Examples
    --------
    >>> import empowerment as emp
    >>> lamp = emp.worlds.two_way_lamp()
    >>> emp.informed_empowerment(lamp, [0.5, 0.5], states="off").value
    array([1.])
    """
    numbers = world.joint.state_indices(states)
    chances = _open_loop(world, assistant, validate.horizon(horizon))
    channels = []
    for state in numbers.tolist():
        response = _responses(world, state, horizon, sensor, memory)
        weighted = response * chances[state if chances.shape[0] > 1 else 0][:, None]
        channels.append(Channel.from_valid(np.ascontiguousarray(weighted.reshape(len(response), -1))))
    return channel_capacity(channels, **options)


def _open_loop(world: TwoAgentMDP, assistant: Any, horizon: int) -> np.ndarray:
    """Return the probabilities of the assistant's sequences, one row for all states or one for each."""
    given = np.asarray(getattr(assistant, "probabilities", assistant), dtype=np.float64)
    count = len(world.assistant_actions)
    if horizon == 1 and given.ndim == 2:
        if given.shape != (world.n_states, count):
            raise ValueError(f"assistant has shape {given.shape}, expected (n_states, n_assistant_actions)")
        return np.asarray(validate.probability_rows(given, "assistant"))
    if given.ndim == 1:
        one, product = validate.distribution(given, count, "assistant"), np.ones(1)
        for _ in range(horizon):
            product = np.outer(product, one).reshape(-1)
        return product[None]
    if given.shape != (count,) * horizon:
        raise ValueError(
            f"assistant has shape {given.shape}, expected ({count},) or {(count,) * horizon}: over several steps its "
            "actions do not react to the state"
        )
    return validate.distribution(given.reshape(-1), given.size, "assistant")[None]


def _responses(world: TwoAgentMDP, state: int, horizon: int, sensor: Any, memory: float) -> np.ndarray:
    """Return the distribution of the reading for all pairs of sequences: person's, assistant's, reading."""
    n_states, n_person, n_assistant = world.n_states, len(world.person_actions), len(world.assistant_actions)
    needed = 8.0 * n_states * float(n_person * n_assistant) ** horizon
    if needed > validate.memory(memory):
        raise MemoryError(
            f"the rows of state {world.states[state]!r} take {needed:.2g} bytes, expected at most memory="
            f"{memory:.2g}; take a shorter horizon or raise memory"
        )
    steps = world.joint.to_dense().reshape(n_states, n_person, n_assistant, n_states)
    found = np.eye(n_states)[state][None, None]
    for _ in range(horizon):
        found = np.einsum("hrs,sabt->harbt", found, steps)
        found = found.reshape(found.shape[0] * n_person, -1, n_states)
    return np.asarray(found.reshape(-1, n_states) @ make_sensor(sensor, world.joint).matrix).reshape(
        *found.shape[:2], -1
    )


@dataclass(frozen=True, eq=False, repr=False)
class SumRate:
    """What two agents who choose independently were found to tell together.

    Attributes
    ----------
    lower : float
        Information at the two distributions: a lower bound of the largest, which nothing here proves to be it.
    person, assistant : ndarray of shape (n_sequences,)
        Distribution of each one's sequences of actions, the last action counting fastest.
    n_starts : int
        How many beginnings were tried.
    n_sweeps : int
        How often each one's distribution was improved.
    base : float
    """

    lower: float
    person: np.ndarray
    assistant: np.ndarray
    n_starts: int
    n_sweeps: int
    base: float

    def __float__(self) -> float:
        return self.lower

    def __repr__(self) -> str:
        return f"SumRate(at least {self.lower:.10g} {unit_name(self.base)}, best of {self.n_starts} starts)"


def independent_sum_rate(
    world: TwoAgentMDP,
    state: Any,
    horizon: int = 1,
    *,
    sensor: Any = None,
    starts: int = 8,
    max_sweeps: int = 200,
    rng: np.random.Generator | int | None = None,
    memory: float = DEFAULT_MEMORY,
    base: float = 2,
) -> SumRate:
    """Return what two agents can tell together who choose their sequences independently, from below.

    Together they have the empowerment of ``world.joint``, which is an upper bound. With independent choices the
    information has several maxima. From each of several beginnings the two distributions are improved in turns, each
    by a capacity with rewards, until no turn gains anything.

    Parameters
    ----------
    world : TwoAgentMDP
    state : hashable
        Label of the state to start in.
    horizon : int
        Number of actions of each.
    sensor : optional
        What is read of the state, as for :func:`empowerment.empowerment`.
    starts : int
        How many beginnings to try: uniform distributions, and random ones.
    max_sweeps : int
        Most turns.
    rng : numpy.random.Generator, int or None
        Where random beginnings come from.
    memory : float
        Most bytes that the rows may take.
    base : float
        2 for bits, ``math.e`` for nats.

    Returns
    -------
    SumRate
        Its `lower` is a lower bound and no more.

    Examples
    --------
    >>> import empowerment as emp
    >>> emp.independent_sum_rate(emp.worlds.two_way_dimmer(), 0, rng=0)
    SumRate(at least 1.5 bits, best of 8 starts)
    """
    starts, max_sweeps = validate.positive_int(starts, "starts"), validate.positive_int(max_sweeps, "max_sweeps")
    unit, rng = math.log(validate.base(base)), np.random.default_rng(rng)
    number = world.joint.state_index(state)
    response = _responses(world, number, validate.horizon(horizon), sensor, memory)
    n_assistant = response.shape[1]
    drawn = rng.dirichlet(np.ones(n_assistant), starts - 1)
    theirs = np.vstack([np.full(n_assistant, 1 / n_assistant), drawn])
    best, n_sweeps = np.full(starts, -np.inf), 0
    while n_sweeps < max_sweeps:
        mine, _ = _improved(response, theirs)
        theirs, rate = _improved(response.swapaxes(0, 1), mine)
        n_sweeps += 1
        if (rate <= best + _NO_GAIN).all():
            break
        best = rate
    first = int(best.argmax())
    pair = np.outer(mine[first], theirs[first]).reshape(-1)
    channel = Channel.from_valid(np.ascontiguousarray(response.reshape(pair.size, -1)))
    found = channel.mutual_information(pair / pair.sum(), base=math.e)
    return SumRate(found / unit, mine[first], theirs[first], starts, n_sweeps, base)


def _improved(response: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the first agent's best distributions against each of the other's, and the rates in nats."""
    average = np.einsum("kr,xry->kxy", others, response)
    rewards = np.array(
        [[Channel.from_valid(rows).mutual_information(other, base=math.e) for rows in response] for other in others]
    )
    found = channel_capacity(
        list(average), rewards=list(rewards), tol=1e-11, base=math.e, on_failure="ignore", backend=None
    )
    p = found.input_distribution
    return p / p.sum(axis=1, keepdims=True), np.asarray(found.value)


def assistant_policy(
    world: TwoAgentMDP,
    person: Any,
    values: Any,
    *,
    weight: float = 1.0,
    rewards: Any = None,
    tie: str = "first",
    tol: float = 1e-12,
) -> Policy:
    """Return the policy of an assistant that brings the person to where the person is empowered.

    Parameters
    ----------
    world : TwoAgentMDP
    person : Policy, array_like of shape (n_states, n_person_actions) or (n_person_actions,)
        What the person is expected to do.
    values : EmpowermentResult or array_like of shape (n_states,)
        The person's empowerment in each state, beside some assistant: see :meth:`TwoAgentMDP.under_assistant`.
    weight : float
        What one unit of it is worth to the assistant; below 0 it works against the person.
    rewards : array_like of shape (n_states, n_assistant_actions), optional
        The assistant's own goals.
    tie, tol
        As for :func:`greedy_policy`.

    Returns
    -------
    Policy
        With the assistant's actions: the largest reward plus `weight` times the expected empowerment of the person in
        the next state.

    Examples
    --------
    In the corridor the assistant steps back from a person at the wall:

    >>> import empowerment as emp
    >>> corridor, uniform = emp.worlds.shared_corridor(), [1 / 3, 1 / 3, 1 / 3]
    >>> person = emp.empowerment(corridor.under_assistant(uniform), 2, sensor=lambda state: state[0])
    >>> policy = emp.assistant_policy(corridor, uniform, person)
    >>> corridor.assistant_actions[policy.action((0, 1))]
    'right'
    """
    acting = world.under_person(person)
    worth = validate.finite(weight, "weight") * state_values(acting, values)
    return greedy_policy(acting, worth, rewards=rewards, tie=tie, tol=tol)

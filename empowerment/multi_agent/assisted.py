"""An agent's empowerment beside every fixed sequence of another's actions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from empowerment.capacity.solve import channel_capacity
from empowerment.core import validate
from empowerment.core.channel import Channel
from empowerment.core.status import Status
from empowerment.models.multi_agent import MultiAgentMDP
from empowerment.multi_agent.joint_rows import DEFAULT_MEMORY, JointSequences
from empowerment.results.certified import Labelled
from empowerment.runtime.progress import progress_bar

# Bytes of the rows that are solved side by side.
_BATCH = 2e7


@dataclass(frozen=True, eq=False, repr=False)
class AssistedEmpowerment(Labelled):
    """An agent's empowerment in one state beside each sequence of another's actions.

    Sized, iterable over the sequences, and indexed by them.

    Attributes
    ----------
    value, lower, upper : ndarray of shape (n_sequences,)
        The empowerment beside each sequence.
    status : ndarray of int of shape (n_sequences,)
        A :class:`Status` for each.
    sequences : tuple of tuple
        Labels of the other's actions, the last one counting fastest.
    state : hashable
        Label of the initial state.
    horizon : int
    base, tol, rtol : float

    See Also
    --------
    assisted_empowerment : Compute these values.

    Examples
    --------
    >>> import empowerment as emp
    >>> corridor = emp.worlds.shared_corridor()
    >>> found = emp.assisted_empowerment(corridor, 2, (0, 1), "person", "assistant")
    >>> found.best, float(found.value.max())
    ((('right', 'left'), ('right', 'right'), ('right', 'stay')), 1.0)
    >>> round(float(found.value.mean()), 6), len(found.worst)
    (0.333333, 6)
    """

    _each = ("value", "lower", "upper", "status", "sequences")

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    status: np.ndarray
    sequences: tuple[tuple[Any, ...], ...]
    state: Any
    horizon: int
    base: float
    tol: float
    rtol: float = 0.0

    @property
    def method(self) -> str:
        """How the rows were made."""
        return "enumeration"

    @property
    def _axes(self) -> Mapping[str, Sequence[Any]]:
        return {"sequence": self.sequences}

    @property
    def best(self) -> tuple[tuple[Any, ...], ...]:
        """The sequences that may be best: those whose interval reaches the largest lower end."""
        return tuple(self.sequences[i] for i in np.flatnonzero(self.upper >= self.lower.max()))

    @property
    def worst(self) -> tuple[tuple[Any, ...], ...]:
        """The sequences that may be worst: those whose interval reaches the smallest upper end."""
        return tuple(self.sequences[i] for i in np.flatnonzero(self.lower <= self.upper.min()))


def assisted_empowerment(
    world: MultiAgentMDP,
    horizon: int,
    state: Any,
    agent: Any,
    assistant: Any,
    others: Any = "uniform",
    *,
    sensor: Any = None,
    memory: float = DEFAULT_MEMORY,
    progress: bool | str = "auto",
    **options: Any,
) -> AssistedEmpowerment:
    """Compute an agent's empowerment beside every fixed sequence of another agent's actions.

    The assistant's sequence is fixed before the first action, and the receiver knows it. The largest value is what an
    assistant that does not react can make of the agent's empowerment, the smallest what one can leave of it. An
    assistant that acts in a later turn of a step does not react to the earlier ones here either.

    Parameters
    ----------
    world : MultiAgentMDP
        The world of the agents.
    horizon : int
        Number of actions.
    state : hashable
        Label of the initial state.
    agent : hashable, or list of hashable
        The agent whose empowerment is computed, or a group that acts as one.
    assistant : hashable, or list of hashable
        The agent, or group, whose sequences are fixed.
    others : "uniform" or mapping from agent to policy
        Policies of the remaining agents, as for :meth:`MultiAgentMDP.for_agent`.
    sensor : callable or array_like of shape (n_states, n_readings), optional
        The sensor to read instead of the agent's own.
    memory : float
        Limit in bytes on the rows of all joint sequences.
    progress : bool or "auto"
        Show a progress bar over sequences. ``"auto"`` shows it on a terminal, once a second has passed.
    **options
        `tol`, `rtol`, `base`, `backend`, `max_iter` and `on_failure` of :func:`empowerment.channel_capacity`.

    Returns
    -------
    AssistedEmpowerment
        The value beside each sequence. A sequence beside which no sequence of the agent is available has the value 0
        and the status ``NO_SEQUENCE``.

    Raises
    ------
    ValueError
        If an agent, a policy or the state does not fit.
    MemoryError
        If the rows need more than `memory`.

    See Also
    --------
    best_case_empowerment : The same beside another agent that reacts.
    worst_case_empowerment : Compute an agent's empowerment beside the least favourable other agent.
    transfer_empowerment : Compute an agent's empowerment beside others with given policies.

    Examples
    --------
    In the corridor it helps the person if the assistant steps aside at once, and not if it does so later:

    >>> import empowerment as emp
    >>> corridor = emp.worlds.shared_corridor()
    >>> found = emp.assisted_empowerment(corridor, 2, (0, 1), "person", "assistant")
    >>> float(found["right", "stay"]), float(found["stay", "right"])
    (1.0, 0.0)
    """
    world = validate.instance(world, MultiAgentMDP, "world")
    horizon = validate.short_horizon(horizon)
    own = world.sensor_of(agent) if sensor is None else sensor
    joint = JointSequences.of(world, [agent, assistant], others, horizon, own, memory)
    number = joint.model.state_index(state)
    joint.model.refuse_unexplored(horizon, np.array([number]))
    rows, missing = joint.rows(number)
    rows = rows[:, np.unique(rows.indices)]
    n_sequences = joint.numbers.shape[1]
    share = max(int(_BATCH / (8 * joint.numbers.shape[0] * rows.shape[1])), 1)
    columns = []
    with progress_bar(n_sequences, "solving", "sequence", progress) as advance:
        for first in range(0, n_sequences, share):
            inputs = [column[~missing[column]] for column in joint.numbers[:, first : first + share].T]
            channels = [Channel.from_valid(rows[own].toarray() if own.size else np.ones((1, 1))) for own in inputs]
            part = channel_capacity(channels, **options)
            empty = np.array([own.size == 0 for own in inputs])
            ends = joint.outward(part.lower, part.upper, math.log(part.base))
            lower, upper = (np.where(empty, 0.0, end) for end in ends)
            status = np.where(empty, int(Status.NO_SEQUENCE), np.asarray(part.status))
            columns.append((np.clip(np.asarray(part.value), lower, upper), lower, upper, status))
            advance(len(channels))
    value, lower, upper, status = (np.concatenate(column) for column in zip(*columns, strict=True))
    return AssistedEmpowerment(
        value=value,
        lower=lower,
        upper=upper,
        status=status,
        sequences=tuple(product(world.labels_of(assistant), repeat=horizon)),
        state=joint.model.states[number],
        horizon=horizon,
        base=part.base,
        tol=part.tol,
        rtol=part.rtol,
    )

"""Where the episodes of a table begin, and what it means in a table that they end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from empowerment.adapters.environment import name_of
from empowerment.adapters.gym_tables import Entry, Table
from empowerment.adapters.outcomes import End, Node, initial_states
from empowerment.core import validate


class Starts(NamedTuple):
    """Initial states of episodes.

    Attributes
    ----------
    states : list or None
        The initial states; None if they are unknown.
    distribution : dict of state to float, or None
        Their probabilities; None if unknown.
    """

    states: list[Any] | None
    distribution: dict[Any, float] | None


def read_starts(core: Any, states: Sequence[Any], given: Any, normalize: bool) -> Starts:
    """Return the initial states: those given, or those of `initial_state_distrib`."""
    if given is not None:
        known = {state: number for number, state in enumerate(states)}
        starts = [states[validate.index_of(state, known, "state")] for state in initial_states(given)]
        return Starts(starts, {starts[0]: 1.0} if len(starts) == 1 else None)
    probabilities = getattr(core, "initial_state_distrib", None)
    if probabilities is None:
        return Starts(None, None)
    name = f"initial_state_distrib of {name_of(core)}"
    if np.shape(probabilities) != (len(states),):
        raise ValueError(
            f"{name} has shape {np.shape(probabilities)}, expected one probability for each of the {len(states)} "
            "states; initial= may name the initial states"
        )
    first = validate.probability_rows([probabilities], name, where=lambda row: "", normalize=normalize)[0]
    return Starts([states[i] for i in np.flatnonzero(first).tolist()], dict(zip(states, first.tolist(), strict=True)))


class Episodes:
    """Nodes of the model of a table with ends.

    A state that is only reached with an end is the end itself. One in which an episode may also continue has an end
    in addition to it.

    Parameters
    ----------
    table : Table
        The table.
    core : gymnasium.Env
        The environment without wrappers.
    starts : list or None
        The initial states.
    """

    def __init__(self, table: Table, core: Any, starts: list[Any] | None) -> None:
        self._states = list(table.entries)
        self._ended = {entry.successor for state in table.entries for entry in table.outcomes(state) if entry.done}
        if starts is None:
            starts = _possible_starts(core, self._states, self._ended)
        self._closed = self._ended - _reached(table, starts)

    @property
    def nodes(self) -> list[Node]:
        """The states in their order, then the ends that are additional to a state."""
        additional = [End(state) for state in self._states if state in self._ended - self._closed]
        return [End(state) if state in self._closed else state for state in self._states] + additional

    def node(self, entry: Entry) -> Node:
        """Return the node of an outcome."""
        return End(entry.successor) if entry.done or entry.successor in self._closed else entry.successor


def _possible_starts(core: Any, states: list[Any], ended: set[Any]) -> list[Any]:
    """Return the states that may be initial where nothing says which are.

    What a reset shows is only one of them, but without it the start of an agent that comes home in the end would be
    taken for a mere end.
    """
    home = _after_reset(core) if ended else set()
    return [state for state in states if state not in ended or state in home] or states


def _after_reset(core: Any) -> set[Any]:
    """Return the state in which a reset leaves an environment; none if it does not tell."""
    try:
        observation, _ = core.reset(seed=0)
        return {observation}
    except Exception:  # not every class around a table is a whole environment, and not every state is its observation
        return set()


def _reached(table: Table, starts: Iterable[Any]) -> set[Any]:
    """Return the states in which an episode that begins in one of `starts` can go on."""
    found, waiting = set(starts), list(starts)
    while waiting:
        for entry in table.outcomes(waiting.pop()):
            if not entry.done and entry.successor not in found:
                found.add(entry.successor)
                waiting.append(entry.successor)
    return found

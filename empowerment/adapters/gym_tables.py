"""Tables of transitions as Gymnasium environments carry them, in every form in which they are met."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from empowerment.adapters.environment import name_of
from empowerment.adapters.outcomes import End, in_order, state_label
from empowerment.core import validate

_EXPECTED = (
    "expected env.unwrapped.P with P[state][action] a list of (probability, next_state, reward, done), as "
    "FrozenLake-v1, CliffWalking-v1 and Taxi-v4 have it, or a dict {next_state: probability}"
)
_OBSERVED = (
    "; a table of what is observed cannot be read, since a model of hidden states needs its own distributions: "
    "make a POMDP of them"
)


class Entry(NamedTuple):
    """One outcome of an action.

    Attributes
    ----------
    probability : float
    successor : hashable
    reward : float or None
        None in a form without rewards, NaN for what is no number.
    done : bool
        Whether the episode ends.
    """

    probability: float
    successor: Any
    reward: float | None
    done: bool


class Table(NamedTuple):
    """Content of a table.

    Attributes
    ----------
    entries : dict
        ``entries[state][action]`` is the list of outcomes of positive probability; missing actions are left out.
    actions : list
        All actions, in their order.
    cell : str
        Template of the name of an entry in messages.
    """

    entries: dict[Any, dict[Any, list[Entry]]]
    actions: list[Any]
    cell: str

    def where(self, state: Any, action: Any) -> str:
        """Return the name of the entry of a state and an action in messages."""
        return self.cell.format(state, action)

    def outcomes(self, state: Any) -> Iterator[Entry]:
        """Yield all outcomes of all actions in a state."""
        return chain.from_iterable(self.entries[state].values())


def has_table(core: Any) -> bool:
    """Return whether an environment has a table, or a method ``model(state, action)`` that computes its entries."""
    return getattr(core, "P", None) is not None or _tells_model(core)


def transition_array(core: Any) -> Any:
    """Return P where it is an array of axes (state, action, next_state), or sparse; else None."""
    table = getattr(core, "P", None)
    if sparse.issparse(table) or (isinstance(table, np.ndarray) and table.dtype != object):
        return table
    if isinstance(table, list | tuple | np.ndarray) and any(map(sparse.issparse, table)):
        return table
    return None


def read_table(core: Any) -> Table:
    """Read the table of an environment.

    Raises
    ------
    ValueError
        If there is no table, or it has a form or an entry that cannot be read; the message names state and action.
    TypeError
        If a state is not hashable.
    """
    cells = _cells(core)
    actions = dict.fromkeys(action for choices in cells.values() for action in choices)
    found = Table({}, in_order(actions), "model({!r}, {!r})" if getattr(core, "P", None) is None else "P[{!r}][{!r}]")
    states = dict.fromkeys(in_order(cells))
    for state in states:
        found.entries[state] = {
            action: list(_entries(cell, found.where(state, action), states))
            for action, cell in cells[state].items()
            if not _is_missing(cell)
        }
    if not any(found.entries.values()):
        raise ValueError(f"the table P of {name_of(core)} has no action; {_EXPECTED}")
    return found


def _cells(core: Any) -> dict[Any, dict[Any, Any]]:
    """Return ``P[state][action]`` as dicts of dicts, whatever mappings or sequences it is made of."""
    table = getattr(core, "P", None)
    name = name_of(core)
    if table is None and _tells_model(core):
        actions = [_plain(action) for action in core.actions()]
        return {
            _plain(state): {action: _modelled(core.model(state, action)) for action in actions}
            for state in core.states()
        }
    if table is None:
        raise ValueError(
            f"{name} has no table of transitions; {_EXPECTED}; from_step_function explores environments without one, "
            "and from_samples samples those that roll dice"
        )
    if callable(table):
        raise ValueError(
            f"the attribute P of {name} is a function, which lists no states; {_EXPECTED}; from_step_function "
            "explores a function"
        )
    rows = _numbered(table)
    if rows is None:
        raise ValueError(f"the table P of {name} is of type {type(table).__name__}; {_EXPECTED}")
    cells = {}
    for state, choices in rows.items():
        found = {} if choices is None else _numbered(choices)
        if found is None:
            raise ValueError(f"P[{state!r}] is {choices!r}; {_EXPECTED}")
        cells[state_label(state, "a state that P lists")] = found
    return cells


def _is_missing(cell: Any) -> bool:
    """Return whether an action does not exist in a state."""
    return cell is None or ((isinstance(cell, Mapping) or _is_sequence(cell)) and len(cell) == 0)


def _is_sequence(values: Any) -> bool:
    return isinstance(values, list | tuple) or (isinstance(values, np.ndarray) and values.ndim > 0)


def _tells_model(core: Any) -> bool:
    """Return whether an environment has the methods of gym-classics that take the place of a table."""
    return all(callable(getattr(core, method, None)) for method in ("states", "actions", "model"))


def _modelled(answer: Any) -> list[tuple[Any, ...]]:
    """Return next states, rewards, ends and probabilities of gym-classics as entries of a table."""
    successors, rewards, ends, probabilities = answer
    return list(zip(probabilities, successors, rewards, ends, strict=True))


def _numbered(values: Any) -> dict[Any, Any] | None:
    """Return a mapping as a dict, a sequence as one from its places; None for anything else."""
    if isinstance(values, Mapping):
        return {_plain(key): value for key, value in values.items()}
    return dict(enumerate(values)) if _is_sequence(values) else None


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _entries(cell: Any, where: str, states: Mapping[Any, None]) -> Iterator[Entry]:
    """Yield the outcomes of positive probability of one state and action."""
    for entry in _outcomes_of(cell, where, states):
        if entry.successor not in states:
            raise ValueError(
                f"{where} leads to state {entry.successor!r}, expected one of the {len(states)} states that P lists"
            )
        if entry.probability > 0:
            yield entry


def _outcomes_of(cell: Any, where: str, states: Mapping[Any, None]) -> list[Entry]:
    if isinstance(cell, Mapping):
        return [_to(probability, successor, where) for successor, probability in cell.items()]
    if not _is_sequence(cell):
        raise ValueError(f"{where} is {cell!r}; {_EXPECTED}")
    if not all(isinstance(value, numbers.Real) and not isinstance(value, bool) for value in cell):
        return [_entry(outcome, where) for outcome in cell]
    if list(states) != list(range(len(states))):
        raise ValueError(
            f"{where} is a row of numbers, but the states have labels, such as {next(iter(states))!r}, in no "
            "order that it could follow; expected a dict {next_state: probability}"
        )
    if len(cell) != len(states):
        raise ValueError(f"{where} has {len(cell)} numbers, expected {len(states)} probabilities, one for each state")
    return [_to(probability, state, where) for probability, state in zip(cell, states, strict=True)]


def _to(probability: Any, successor: Any, where: str) -> Entry:
    ended = isinstance(successor, End)
    state = state_label(successor.state if ended else successor, f"what {where} leads to")
    return Entry(validate.probability(probability, f"a probability in {where}"), state, None, ended)


def _entry(outcome: Any, where: str) -> Entry:
    members = list(outcome) if _is_sequence(outcome) else []
    if len(members) != 4:
        observed = _OBSERVED if len(members) > 4 else ""
        raise ValueError(f"{where} has the entry {outcome!r}; {_EXPECTED}{observed}")
    probability, successor, reward, done = members
    if not (isinstance(done, numbers.Real | np.bool_) and done in (0, 1)):
        raise ValueError(f"{where} has the entry {outcome!r}, whose last member is not True or False; {_EXPECTED}")
    state = state_label(successor, f"what {where} leads to")
    return Entry(validate.probability(probability, f"a probability in {where}"), state, _number(reward), bool(done))


def _number(reward: Any) -> float:
    try:
        return float(reward) if isinstance(reward, numbers.Real) else math.nan
    except OverflowError:
        return math.inf

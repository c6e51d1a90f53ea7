"""Gymnasium environments that carry a table of their transitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from scipy import sparse

from empowerment import validate
from empowerment.layout import GridLayout
from empowerment.models.mdp import MDP

_EXPECTED = (
    "expected env.unwrapped.P with P[state][action] a list of (probability, next_state, reward, done), "
    "as FrozenLake-v1, CliffWalking-v1 and Taxi-v4 have it"
)


def from_gymnasium(env: Any, *, terminal: str = "absorbing") -> MDP:
    """Read the transition table of a Gymnasium environment.

    The table is ``env.unwrapped.P``, where ``P[state][action]`` lists entries ``(probability, next_state,
    reward, done)``. A next state listed twice gets the sum. An action that ``P[state]`` lacks is not
    available there. Wrappers, time limits and rewards are not read.

    Parameters
    ----------
    env : gymnasium.Env or str
        An environment, or the id of one, which is then made and closed again.
    terminal : {"absorbing", "as-given"}
        What becomes of the states that some entry enters with ``done``. An episode ends there, so by default
        nothing more happens in them and their empowerment is 0. ``"as-given"`` keeps what the table says
        there, which no episode ever shows: Gymnasium's tables of CliffWalking-v1 and Taxi-v4 lead on from
        their terminal states as if nothing had ended, so that one step would read 1.585 bits in the one, and
        2, 2, 1.585 and 2 bits in the other.

    Returns
    -------
    MDP
        States and actions are Gymnasium's numbers. `initial` is the environment's `initial_state_distrib`,
        where it has one. A grid (a `desc` with a letter for each state, or a `shape` with a cell for each)
        becomes the layout.

    Raises
    ------
    ImportError
        If `env` is an id and gymnasium is not installed.
    ValueError
        If gymnasium cannot make an environment of this id, or the environment has no such table.

    Examples
    --------
    >>> import empowerment as emp
    >>> lake = emp.from_gymnasium("FrozenLake-v1")
    >>> lake
    MDP(16 states, 4 actions, stochastic)
    >>> lake.is_terminal.nonzero()[0].tolist()
    [5, 7, 11, 12, 15]
    """
    validate.one_of(terminal, ("absorbing", "as-given"), "terminal")
    if not isinstance(env, str):
        return _read(env, terminal)
    own = made(env)
    try:
        return _read(own, terminal)
    finally:
        own.close()


def made(name: str) -> Any:
    """Return a new environment of this id."""
    try:
        import gymnasium
    except ImportError:
        raise ImportError(
            f'making {name!r} needs gymnasium; install it with pip install "empowerment[gym]"'
        ) from None
    try:
        return gymnasium.make(name)
    except gymnasium.error.Error as reason:
        raise ValueError(f"gymnasium cannot make an environment {name!r}: {reason}") from None


def _read(env: Any, terminal: str) -> MDP:
    core = getattr(env, "unwrapped", env)
    table = _table(core)
    states = sorted(table)
    actions = sorted({action for choices in table.values() for action in choices})
    number = {state: i for i, state in enumerate(states)}
    column = {action: i for i, action in enumerate(actions)}
    available = np.array([[action in table[state] for action in actions] for state in states])
    ends, rows, columns, entries = set(), [], [], []
    for state, action, probability, successor, done in _entries(table):
        if done and probability > 0:
            ends.add(successor)
        rows.append(number[state] * len(actions) + column[action])
        columns.append(number[successor])
        entries.append(float(probability))
    shape = (len(states) * len(actions), len(states))
    return MDP(
        sparse.coo_array((entries, (rows, columns)), shape=shape).tocsr(),
        states=states,
        actions=actions,
        terminal=sorted(ends) if terminal == "absorbing" else None,
        available=available,
        initial=getattr(core, "initial_state_distrib", None),
        layout=_layout(core, states),
    )


def name_of(core: Any) -> str:
    """Return the id of an environment, or the name of its class."""
    return str(getattr(getattr(core, "spec", None), "id", type(core).__name__))


def _table(core: Any) -> Mapping[Any, Mapping[Any, Any]]:
    """Return P, or say that there is none."""
    table = getattr(core, "P", None)
    name = name_of(core)
    if table is None:
        raise ValueError(f"{name} has no table of transitions; {_EXPECTED}")
    rows = table.values() if isinstance(table, Mapping) else [None]
    if not all(isinstance(choices, Mapping) for choices in rows) or not any(rows):
        raise ValueError(f"the table P of {name} is not a filled dict of dicts; {_EXPECTED}")
    checked: Mapping[Any, Mapping[Any, Any]] = table
    return checked


def _entries(table: Mapping[Any, Mapping[Any, Any]]) -> Iterator[tuple[Any, Any, Any, Any, Any]]:
    """Yield state, action, probability, next state and whether the episode ends, entry by entry."""
    for state, choices in table.items():
        for action, outcomes in choices.items():
            for outcome in outcomes:
                try:
                    probability, successor, _, done = outcome
                except (TypeError, ValueError):
                    raise ValueError(f"P[{state}][{action}] has the entry {outcome!r}; {_EXPECTED}") from None
                if successor not in table:
                    raise ValueError(
                        f"P[{state}][{action}] leads to state {successor!r}, expected one of the "
                        f"{len(table)} states that P lists"
                    )
                yield state, action, probability, successor, done


def _layout(core: Any, states: list[Any]) -> GridLayout | None:
    """Return the grid the states count through row by row, if the environment shows one."""
    letters = np.asarray(getattr(core, "desc", ())).astype(str)
    for shape in (letters.shape, getattr(core, "shape", None)):
        if isinstance(shape, tuple) and len(shape) == 2 and states == list(range(shape[0] * shape[1])):
            cells = tuple(np.ndindex(shape))
            drawn = cells if letters.shape == shape else ()
            marks = {cell: str(letters[cell]) for cell in drawn if letters[cell] in ("S", "G", "H")}
            return GridLayout(shape, cells, marks=marks)
    return None

"""Options: courses of action that end by themselves, as the inputs of a channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve

from empowerment.actuation.sensor import make_sensor
from empowerment.core import validate
from empowerment.core.channel import Channel
from empowerment.models.mdp import MDP, as_mdp

_SUM_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Option:
    """Course of action: a policy together with a rule for when it ends (Sutton, Precup and Singh 1999).

    Parameters
    ----------
    policy : mapping, array_like of shape (n_states, n_actions), or a list
        A mapping from labels of states to labels of actions, or the probability of each action in each state. Only
        states that the option reaches are read. A list has one of these for each step, or the label of an action that
        is taken in every state.
    steps : int, optional
        Number of steps; for a list its length.
    termination : array_like of shape (n_states,), optional
        Probability of ending on arrival in each state, after at least one step. Exactly one of `steps` and
        `termination` is needed.

    See Also
    --------
    option_channel : Make the channel from options to readings.

    References
    ----------
    Sutton, Precup and Singh (1999), "Between MDPs and semi-MDPs: a framework for temporal abstraction in
    reinforcement learning".

    Examples
    --------
    >>> import empowerment as emp
    >>> emp.Option(["left", "left"])  # a sequence of actions
    Option(policy=['left', 'left'], steps=None, termination=None)
    >>> to_the_wall = emp.Option({0: "left", 1: "left"}, termination=[1, 0])
    """

    policy: Any
    steps: int | None = None
    termination: Any = None


def option_channel(
    model: MDP | np.ndarray, options: Sequence[Option] | Mapping[Any, Option], state: Any, *, sensor: Any = None
) -> Channel:
    """Make the channel from options to the reading in the state where they end.

    Its capacity is the empowerment over options. With all sequences of n actions it is the open-loop empowerment,
    with all policies of n steps the empowerment with feedback for the final state, and with a subset of either a
    lower bound.

    Parameters
    ----------
    model : MDP or ndarray of shape (n_states, n_actions, n_states)
        The world of the agent.
    options : sequence of Option, or mapping from labels to options
        The inputs of the channel.
    state : hashable
        Label of the initial state.
    sensor : None, "state", callable or array_like of shape (n_states, n_readings)
        The reading at the end: the state itself, a function of its label, or a random reading with the probabilities
        of a matrix.

    Returns
    -------
    Channel
        Inputs are the numbers of the options, or their labels in a mapping; outputs are the readings that can occur.
        Where options end at random, the rows solve a linear system and carry its rounding error.

    Raises
    ------
    ValueError
        If an option has no action for a state that it reaches, takes an action that is not available there, continues
        in a state without actions, or may never end.

    See Also
    --------
    actuation_channel : Make the channel from sequences of actions to readings.
    channel_capacity : Compute the capacity of a channel.

    Examples
    --------
    >>> import empowerment as emp
    >>> corridor = emp.worlds.grid_world(["....."])
    >>> options = {way: emp.Option([way] * 4) for way in ("west", "east")}
    >>> channel = emp.option_channel(corridor, options, (0, 2))
    >>> channel.outputs
    ((0, 0), (0, 4))
    >>> float(emp.channel_capacity(channel).value.round(9))
    1.0
    """
    model = as_mdp(model)
    reading, start = make_sensor(sensor, model), model.state_index(state)
    if not validate.is_several(options):
        raise TypeError(f"options is {validate.shown(options)}, expected several options")
    named: dict[Any, Option] = {}
    for name, option in options.items() if isinstance(options, Mapping) else enumerate(options):
        named[name] = validate.instance(option, Option, f"options[{name!r}]")
    if not named:
        raise ValueError("options is empty, expected at least one option")
    ends = np.stack([_ends(model, start, option, name) for name, option in named.items()])
    rows = ends @ reading.matrix
    seen = np.flatnonzero(rows.any(axis=0))
    labels = [reading.readings[int(number)] for number in seen]
    return Channel(np.ascontiguousarray(rows[:, seen]), list(named), labels)


def _ends(model: MDP, start: int, option: Option, name: Any) -> np.ndarray:
    """Return the distribution of the state in which an option ends."""
    where = np.zeros(model.n_states)
    where[start] = 1.0
    if option.termination is not None:
        return _terminated(model, where, option, name)
    for policy in _policies(option, name):
        where = where @ _moves(model, _table(policy, model, name), where > 0, name)
    return where


def _policies(option: Option, name: Any) -> list[Any]:
    if isinstance(option.policy, list) or (isinstance(option.policy, np.ndarray) and option.policy.ndim == 3):
        policies = list(option.policy)
        if option.steps not in (None, len(policies)):
            raise ValueError(
                f"option {name!r} has {len(policies)} policies, expected one for each of {option.steps} steps"
            )
        return policies
    if option.steps is None:
        raise ValueError(f"option {name!r} never ends, expected steps= or termination=")
    return [option.policy] * validate.short_horizon(option.steps, f"steps of option {name!r}")


def _table(policy: Any, model: MDP, name: Any) -> np.ndarray:
    """Return the probability of each action in each state; zeros where the option says nothing."""
    numbers = {label: number for number, label in enumerate(model.actions)}
    table = np.zeros((model.n_states, model.n_actions))
    if isinstance(policy, Mapping):
        for state, action in policy.items():
            table[model.state_index(state), validate.index_of(action, numbers, "action")] = 1.0
        return table
    if isinstance(policy, np.ndarray | list):
        shape = model.n_states, model.n_actions
        return validate.number_table(policy, shape, f"policy of option {name!r}", "(state, action)")
    table[:, validate.index_of(policy, numbers, "action")] = 1.0
    return table


def _moves(model: MDP, table: np.ndarray, reached: np.ndarray, name: Any) -> sparse.csr_array:
    """Return the matrix of one step; the rows of the states reached are checked."""
    stuck = np.flatnonzero(reached & ~model.available.any(axis=1))
    if stuck.size:
        raise ValueError(
            f"option {name!r} may come to state {model.states[stuck[0]]!r}, which has no action, with steps left; "
            "expected an option that ends there or does not come there"
        )
    table = np.where((model.is_terminal & ~table.any(axis=1))[:, None], np.eye(model.n_actions)[0], table)
    fits = (table >= 0).all(axis=1) & (np.abs(table.sum(axis=1) - 1) <= _SUM_TOLERANCE)
    wrong = np.flatnonzero(reached & ~fits)
    if wrong.size:
        given = table[wrong[0]]
        said = f"gives actions the probabilities {given.tolist()}" if given.any() else "says nothing"
        raise ValueError(
            f"option {name!r} {said} in state {model.states[wrong[0]]!r}, which it can come to; expected an action, "
            "or probabilities that sum to 1"
        )
    state, action = np.nonzero((table > 0) & ~model.available & reached[:, None])
    if state.size:
        raise ValueError(
            f"option {name!r} takes action {model.actions[action[0]]!r} in state {model.states[state[0]]!r}, "
            "where it is not available; expected one that is"
        )
    return sparse.csr_array(
        sum(sparse.diags_array(p) @ m for p, m in zip(table.T, model.action_matrices, strict=True))
    )


def _terminated(model: MDP, where: np.ndarray, option: Option, name: Any) -> np.ndarray:
    """Sum over the number of steps: arrivals satisfy a linear system."""
    if option.steps is not None or isinstance(option.policy, list):
        raise ValueError(f"option {name!r} has steps and termination, expected one of them")
    ending = validate.number_array(option.termination, f"termination of option {name!r}", 1, "(state,)")
    if ending.size != model.n_states or not ((ending >= 0) & (ending <= 1)).all():
        raise ValueError(
            f"termination of option {name!r} has {ending.size} entries from {ending.min():g} to {ending.max():g}, "
            f"expected {model.n_states} probabilities, one for each state"
        )
    table = _table(option.policy, model, name)
    first = _moves(model, table, where > 0, name)
    going_on = sparse.csr_array(sparse.diags_array(1.0 - ending) @ first)
    reached = _reached(going_on, np.asarray(where @ first) > 0)
    _moves(model, table, reached & (ending < 1), name)
    _check_ends(going_on, reached, ending, model, name)
    kept = np.flatnonzero(reached)
    system = sparse.eye_array(kept.size, format="csc") - sparse.csc_array(going_on[kept][:, kept].T)
    arrivals = np.zeros(model.n_states)
    arrivals[kept] = np.atleast_1d(spsolve(sparse.csc_array(system), (where @ first)[kept]))
    ends = np.maximum(arrivals * ending, 0.0)
    return np.asarray(ends / ends.sum())


def _reached(moves: sparse.csr_array, front: np.ndarray) -> np.ndarray:
    """Return what can be reached in any number of steps, from truth values."""
    follows = sparse.csr_array(moves.T > 0).astype(float)
    while True:
        wider = front | (follows @ front > 0)
        if (wider == front).all():
            return np.asarray(front)
        front = wider


def _check_ends(going_on: sparse.csr_array, reached: np.ndarray, ending: np.ndarray, model: MDP, name: Any) -> None:
    """Complain about a state from which the option does not come to an end."""
    lost = np.flatnonzero(reached & ~_reached(sparse.csr_array(going_on.T), ending > 0))
    if lost.size:
        raise ValueError(
            f"option {name!r} may come to state {model.states[lost[0]]!r} and never ends from there on; expected a "
            "termination above 0 somewhere on every way"
        )

"""Worlds in which what is known at the start, or read at the end, is part of the state.

An agent that holds a belief, a sensor whose reading depends on the last action, a receiver that knows where it all
began, and a memory that is a belief itself: each is a fully observed world with a few more states, so that whatever
computes an empowerment of states computes that of beliefs.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from empowerment.actuation.sensor import Sensor
from empowerment.actuation.task import TooManySequencesError
from empowerment.core import validate
from empowerment.models.belief_space import (
    BeliefLevel,
    all_branches,
    available_in,
    first_equal,
    search_beliefs,
)
from empowerment.models.mdp import MDP
from empowerment.models.pomdp import POMDP


class World(NamedTuple):
    """A fully observed world, what is read in it, and the states to start from.

    Attributes
    ----------
    model : MDP
    sensor : Sensor
    starts : ndarray of int of shape (n_starts,)
    """

    model: MDP
    sensor: Sensor
    starts: np.ndarray


def augment_with_action(pomdp: POMDP) -> tuple[MDP, Sensor]:
    """Return the world whose states are pairs of the last action and where it led, and what is observed there.

    The first `n_states` states are those of the model before any action; nothing is ever observed in them. Where the
    observation does not depend on the action the states stay as they are.
    """
    mdp = pomdp.mdp
    if not pomdp.observation_depends_on_action:
        return mdp, _observing(pomdp.first_shown, pomdp)
    pairs = [np.unique(matrix.indices) for matrix in mdp.action_matrices]
    place = mdp.n_states + np.concatenate([[0], np.cumsum([own.size for own in pairs])])
    states = np.concatenate([np.arange(mdp.n_states), *pairs])
    columns = []
    for action, (matrix, own) in enumerate(zip(mdp.action_matrices, pairs, strict=True)):
        part = matrix[states][:, own].tocoo()
        columns.append(sparse.csr_array((part.data, (part.row, part.col + place[action])), shape=(states.size,) * 2))
    after = [rows[own] for rows, own in zip(pomdp.observation, pairs, strict=True)]
    shown = np.concatenate([np.zeros((mdp.n_states, pomdp.n_observations)), *after])
    return _world(columns, mdp.available[states], mdp.actions), _observing(shown, pomdp)


def _observing(shown: np.ndarray, pomdp: POMDP) -> Sensor:
    """Return the observation as a sensor; states in which nothing is ever read get any reading."""
    shown = np.array(shown)
    shown[~shown.any(axis=1), 0] = 1.0
    return Sensor(sparse.csr_array(shown), pomdp.observations, "observation")


def augment_with_beliefs(model: MDP, sensor: Sensor, beliefs: np.ndarray) -> World:
    """Return the world with one more state for each belief, in which the first action starts from that belief.

    Certainty of a state needs none: it is that state. An action is available in a belief if every state that it
    holds possible has it.
    """
    certain = (beliefs == 1.0).any(axis=1)
    added = beliefs[~certain]
    starts = beliefs.argmax(axis=1)
    if not len(added):
        return World(model, sensor, starts)
    starts[~certain] = model.n_states + np.arange(len(added))
    columns = [_with_rows(matrix, np.asarray(added @ matrix)) for matrix in model.action_matrices]
    available = np.concatenate([model.available, available_in(model, added)])
    read = sparse.csr_array(sparse.vstack([sensor.matrix, sparse.csr_array(added @ sensor.matrix)]))
    return World(_world(columns, available, model.actions), Sensor(read, sensor.readings, sensor.name), starts)


def _with_rows(matrix: sparse.csr_array, rows: np.ndarray) -> sparse.csr_array:
    """Return a matrix of transitions with rows for states that nothing leads to."""
    stacked = sparse.csr_array(sparse.vstack([matrix, sparse.csr_array(rows)]))
    stacked.resize((stacked.shape[0], stacked.shape[0]))
    return stacked


def augment_with_start(model: MDP, sensor: Sensor, beliefs: np.ndarray) -> tuple[MDP, Sensor, np.ndarray]:
    """Return the world that carries along where it began, which is read as well, and the beliefs in it."""
    support = np.flatnonzero(beliefs.any(axis=0))
    copies = sparse.eye_array(support.size, format="csr")
    columns = [sparse.csr_array(sparse.kron(copies, matrix)) for matrix in model.action_matrices]
    readings = tuple((model.states[start], reading) for start in support.tolist() for reading in sensor.readings)
    read = Sensor(sparse.csr_array(sparse.kron(copies, sensor.matrix)), readings, sensor.name)
    placed = np.zeros((len(beliefs), support.size, model.n_states))
    placed[:, np.arange(support.size), support] = beliefs[:, support]
    world = _world(columns, np.tile(model.available, (support.size, 1)), model.actions)
    return world, read, placed.reshape(len(beliefs), -1)


def augment_with_history(
    model: POMDP, belief: np.ndarray, sensor: np.ndarray, horizon: int, memory: float
) -> tuple[POMDP, np.ndarray, np.ndarray]:
    """Return a model whose states hold what has been read so far, its first belief, and the sensor that tells it.

    Parameters
    ----------
    model : POMDP
    belief : ndarray of shape (n_states,)
    sensor : ndarray of shape (n_states, n_readings)
        What is read off each state on the way.
    horizon : int
    memory : float
        Bytes that may be taken.

    Returns
    -------
    model : POMDP
        Of ``n_states * n_readings ** horizon`` states without labels; what the agent observes is the same.
    belief : ndarray
    sensor : ndarray of shape (n_states * n_readings ** horizon, n_readings ** horizon)

    Raises
    ------
    TooManySequencesError
        If it would take more than `memory`.
    """
    n_states, n_readings = sensor.shape
    many = validate.power(n_readings, horizon)
    needed = 8 * n_states * many * (many + model.n_actions * (model.n_observations + n_states * n_readings))
    if needed > memory:
        raise TooManySequencesError(
            f"there are {n_readings}^{horizon} trajectories of readings, which take {needed / 1e9:.3g} GB with "
            f"{n_states} states; allowed are {memory / 1e9:.3g} GB; shorten the horizon, coarsen the sensor or raise "
            "memory="
        )
    n_runs = n_readings**horizon
    runs = np.arange(n_runs)
    # No run of the first steps is so long that its beginning is lost.
    shifts = [
        sparse.csr_array((np.ones(n_runs), (runs, (runs * n_readings + reading) % n_runs)), shape=(n_runs, n_runs))
        for reading in range(n_readings)
    ]
    moves = [
        sum(sparse.kron(matrix @ sparse.diags_array(p), shift) for p, shift in zip(sensor.T, shifts, strict=True))
        for matrix in model.mdp.action_matrices
    ]
    size = n_states * n_runs
    order = np.arange(size * model.n_actions).reshape(model.n_actions, size).T.reshape(-1)
    rows = sparse.csr_array(sparse.vstack(moves))[order]
    available = np.repeat(model.available, n_runs, axis=0)
    # A product of rows may miss 1 by what both of them do.
    larger = POMDP(rows, np.repeat(model.observation, n_runs, axis=1), available=available, normalize=True)
    return larger, np.kron(belief, runs == 0), np.tile(np.eye(n_runs), (n_states, 1))


def belief_mdp(pomdp: POMDP, beliefs: np.ndarray, horizon: int, max_beliefs: int) -> World:
    """Return the world whose states are what the agent can come to believe within `horizon` steps.

    Beliefs that agree within 1e-10 in each entry are one, as for :meth:`POMDP.reachable_beliefs`. What is read is
    the belief itself.

    Raises
    ------
    MemoryError
        If there are more than `max_beliefs`.
    """
    mdp = pomdp.mdp

    def refuse(count: int, step: int) -> MemoryError:
        return MemoryError(
            f"{count} beliefs can be held after {step} of {horizon} steps, allowed are {max_beliefs:,}; "
            "shorten the horizon, raise memory in options=, or read the observation instead of the belief"
        )

    first = first_equal(beliefs)
    kept = np.unique(first)
    known, levels = beliefs[kept], []
    for level in islice(search_beliefs(mdp, pomdp.observation, known, most=max_beliefs, refuse=refuse), horizon):
        known = level.beliefs
        levels.append(level)
    return World(_of_levels(levels, len(known), mdp), _identity(known), np.searchsorted(kept, first))


def _of_levels(levels: list[BeliefLevel], n_beliefs: int, mdp: MDP) -> MDP:
    """Return the model that moves between beliefs as the branches of all levels do."""
    sources, actions, targets, chances = all_branches(levels)
    columns = []
    for action in range(mdp.n_actions):
        own = actions == action
        columns.append(sparse.csr_array((chances[own], (sources[own], targets[own])), shape=(n_beliefs,) * 2))
    available = np.zeros((n_beliefs, mdp.n_actions), dtype=bool)
    available[sources, actions] = True
    return _world(columns, available, mdp.actions)


def _identity(known: np.ndarray) -> Sensor:
    readings = tuple(tuple(belief) for belief in known.tolist())
    return Sensor(sparse.eye_array(len(known), format="csr"), readings, "belief")


def _world(columns: list[sparse.csr_array], available: np.ndarray, actions: Iterable[Any]) -> MDP:
    """Return the model of one matrix for each action."""
    n_actions, n_states = len(columns), columns[0].shape[0]
    stacked = sparse.csr_array(sparse.vstack(columns))
    rows = stacked[np.arange(n_actions * n_states).reshape(n_actions, n_states).T.reshape(-1)]
    return MDP(rows, actions=tuple(actions), available=available)

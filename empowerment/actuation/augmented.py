"""Models augmented by beliefs, the last action, the initial state, or the history.

An initial belief, a sensor that depends on the last action, a receiver that observes the initial state, and a sensor
of the belief itself each become a fully observed model with more states, so that solvers for states solve them too.
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


class AugmentedModel(NamedTuple):
    """A fully observed model, its sensor, and the initial states.

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
    """Add the last action to the state, and return the observation as a sensor.

    The first `n_states` states are those of the model before any action; nothing is ever observed in them. If the
    observation does not depend on the action, the states stay the same.
    """
    mdp = pomdp.mdp
    if not pomdp.observation_depends_on_action:
        return mdp, _observation_sensor(pomdp.first_shown, pomdp)
    pairs = [np.unique(matrix.indices) for matrix in mdp.action_matrices]
    position = mdp.n_states + np.concatenate([[0], np.cumsum([own.size for own in pairs])])
    states = np.concatenate([np.arange(mdp.n_states), *pairs])
    columns = []
    for action, (matrix, own) in enumerate(zip(mdp.action_matrices, pairs, strict=True)):
        part = matrix[states][:, own].tocoo()
        columns.append(
            sparse.csr_array((part.data, (part.row, part.col + position[action])), shape=(states.size,) * 2)
        )
    after = [sparse.csr_array(pomdp.observation_rows.after(action)[own]) for action, own in enumerate(pairs)]
    before = sparse.csr_array((mdp.n_states, pomdp.n_observations))
    shown = sparse.csr_array(sparse.vstack([before, *after]))
    return _mdp_of_matrices(columns, mdp.available[states], mdp.actions), _observation_sensor(shown, pomdp)


def _observation_sensor(shown: Any, pomdp: POMDP) -> Sensor:
    """Return the observation as a sensor; states in which nothing is ever observed get the first reading."""
    rows = sparse.csr_array(shown)
    unseen = np.flatnonzero(np.diff(rows.indptr) == 0)
    first = sparse.csr_array((np.ones(unseen.size), (unseen, np.zeros_like(unseen))), shape=rows.shape)
    return Sensor(sparse.csr_array(rows + first), pomdp.observations, "observation")


def augment_with_beliefs(model: MDP, sensor: Sensor, beliefs: np.ndarray) -> AugmentedModel:
    """Add one state for each belief, from which the first action starts.

    A belief that is certain of a state is represented by that state. An action is available in a belief if it is
    available in every possible state.
    """
    certain = (beliefs == 1.0).any(axis=1)
    added = beliefs[~certain]
    starts = beliefs.argmax(axis=1)
    if not len(added):
        return AugmentedModel(model, sensor, starts)
    starts[~certain] = model.n_states + np.arange(len(added))
    columns = [_with_rows(matrix, np.asarray(added @ matrix)) for matrix in model.action_matrices]
    available = np.concatenate([model.available, available_in(model, added)])
    read = sparse.csr_array(sparse.vstack([sensor.matrix, sparse.csr_array(added @ sensor.matrix)]))
    return AugmentedModel(
        _mdp_of_matrices(columns, available, model.actions), Sensor(read, sensor.readings, sensor.name), starts
    )


def _with_rows(matrix: sparse.csr_array, rows: np.ndarray) -> sparse.csr_array:
    """Append rows for states without predecessors to a transition matrix."""
    stacked = sparse.csr_array(sparse.vstack([matrix, sparse.csr_array(rows)]))
    stacked.resize((stacked.shape[0], stacked.shape[0]))
    return stacked


def augment_with_start(model: MDP, sensor: Sensor, beliefs: np.ndarray) -> tuple[MDP, Sensor, np.ndarray]:
    """Add the initial state to state and reading; return the model, the sensor, and the beliefs over its states."""
    support = np.flatnonzero(beliefs.any(axis=0))
    copies = sparse.eye_array(support.size, format="csr")
    columns = [sparse.csr_array(sparse.kron(copies, matrix)) for matrix in model.action_matrices]
    readings = tuple((model.states[start], reading) for start in support.tolist() for reading in sensor.readings)
    read = Sensor(sparse.csr_array(sparse.kron(copies, sensor.matrix)), readings, sensor.name)
    placed = np.zeros((len(beliefs), support.size, model.n_states))
    placed[:, np.arange(support.size), support] = beliefs[:, support]
    world = _mdp_of_matrices(columns, np.tile(model.available, (support.size, 1)), model.actions)
    return world, read, placed.reshape(len(beliefs), -1)


def augment_with_history(
    model: POMDP, belief: np.ndarray, sensor: np.ndarray, horizon: int, memory: float
) -> tuple[POMDP, np.ndarray, np.ndarray]:
    """Add the readings so far to the state; return the model, its initial belief, and the sensor of all readings.

    Parameters
    ----------
    model : POMDP
    belief : ndarray of shape (n_states,)
    sensor : ndarray of shape (n_states, n_readings)
        Distribution of the reading in each state.
    horizon : int
    memory : float
        Limit in bytes.

    Returns
    -------
    model : POMDP
        With ``n_states * n_readings ** horizon`` states without labels; the agent's observations stay the same.
    belief : ndarray
    sensor : ndarray of shape (n_states * n_readings ** horizon, n_readings ** horizon)

    Raises
    ------
    TooManySequencesError
        If the model would take more than `memory`.
    """
    n_states, n_readings = sensor.shape
    n_trajectories = validate.power(n_readings, horizon)
    needed = (
        8
        * n_states
        * n_trajectories
        * (n_trajectories + model.n_actions * (model.n_observations + n_states * n_readings))
    )
    if needed > memory:
        raise TooManySequencesError(
            f"there are {n_readings}^{horizon} trajectories of readings, which take {needed / 1e9:.3g} GB with "
            f"{n_states} states; allowed are {memory / 1e9:.3g} GB; shorten the horizon, coarsen the sensor or raise "
            "memory="
        )
    n_histories = n_readings**horizon
    histories = np.arange(n_histories)
    # Within the horizon no history is so long that its beginning is shifted out.
    shifts = [
        sparse.csr_array(
            (np.ones(n_histories), (histories, (histories * n_readings + reading) % n_histories)),
            shape=(n_histories, n_histories),
        )
        for reading in range(n_readings)
    ]
    moves = [
        sum(sparse.kron(matrix @ sparse.diags_array(p), shift) for p, shift in zip(sensor.T, shifts, strict=True))
        for matrix in model.mdp.action_matrices
    ]
    size = n_states * n_histories
    order = np.arange(size * model.n_actions).reshape(model.n_actions, size).T.reshape(-1)
    rows = sparse.csr_array(sparse.vstack(moves))[order]
    available = np.repeat(model.available, n_histories, axis=0)
    # The sum of a product of rows may differ from 1 by the rounding errors of both.
    larger = POMDP(rows, np.repeat(model.observation, n_histories, axis=1), available=available, normalize=True)
    return larger, np.kron(belief, histories == 0), np.tile(np.eye(n_histories), (n_states, 1))


def belief_mdp(pomdp: POMDP, beliefs: np.ndarray, horizon: int, max_beliefs: int) -> AugmentedModel:
    """Return the MDP over the beliefs that are reachable within `horizon` steps.

    Beliefs that agree within 1e-10 in each entry are merged, as in :meth:`POMDP.reachable_beliefs`. The sensor reads
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
    for level in islice(
        search_beliefs(mdp, pomdp.observation, known, max_beliefs=max_beliefs, refuse=refuse), horizon
    ):
        known = level.beliefs
        levels.append(level)
    return AugmentedModel(
        _mdp_of_levels(levels, len(known), mdp), _belief_sensor(known), np.searchsorted(kept, first)
    )


def _mdp_of_levels(levels: list[BeliefLevel], n_beliefs: int, mdp: MDP) -> MDP:
    """Return the MDP over beliefs with the transitions of all branches."""
    sources, actions, targets, chances = all_branches(levels)
    columns = []
    for action in range(mdp.n_actions):
        own = actions == action
        columns.append(sparse.csr_array((chances[own], (sources[own], targets[own])), shape=(n_beliefs,) * 2))
    available = np.zeros((n_beliefs, mdp.n_actions), dtype=bool)
    available[sources, actions] = True
    return _mdp_of_matrices(columns, available, mdp.actions)


def _belief_sensor(known: np.ndarray) -> Sensor:
    readings = tuple(tuple(belief) for belief in known.tolist())
    return Sensor(sparse.eye_array(len(known), format="csr"), readings, "belief")


def _mdp_of_matrices(columns: list[sparse.csr_array], available: np.ndarray, actions: Iterable[Any]) -> MDP:
    """Return an MDP from one transition matrix for each action."""
    n_actions, n_states = len(columns), columns[0].shape[0]
    stacked = sparse.csr_array(sparse.vstack(columns))
    rows = stacked[np.arange(n_actions * n_states).reshape(n_actions, n_states).T.reshape(-1)]
    return MDP(rows, actions=tuple(actions), available=available)

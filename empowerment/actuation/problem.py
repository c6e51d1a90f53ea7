"""Who starts where, who knows what, and what is read: a question about any model as one about states of a world."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from empowerment.actuation.augmented import augment_with_action, augment_with_beliefs, augment_with_start, belief_mdp
from empowerment.actuation.sensor import Sensor, make_sensor
from empowerment.core import validate
from empowerment.models.mdp import MDP, as_mdp
from empowerment.models.pomdp import POMDP

KNOWN_TO = ("nobody", "receiver", "both")
SENSORS = ("observation", "state", "belief")


# Bytes for each belief that is followed: it is a column of all rows that are held, which may be thousands.
_BYTES = 40_000


@dataclass(frozen=True)
class PartialObservation:
    """What an agent that reacts to observations, not to states, starts from.

    Attributes
    ----------
    model : POMDP
    beliefs : ndarray of shape (n_starts, n_states)
        What it knows at first, for each start.
    starts : ndarray of int of shape (n_starts,)
        Where the same start is in the world of an agent that does not react.
    sensor : ndarray of shape (n_states, n_readings) or None
        What the receiver reads off the state; None if it reads the observations.
    """

    model: POMDP
    beliefs: np.ndarray
    starts: np.ndarray
    sensor: np.ndarray | None


@dataclass(frozen=True)
class StateProblem:
    """A fully observed world whose states answer a question about states or beliefs of a model.

    Attributes
    ----------
    model : MDP
    sensor : Sensor
    starts : ndarray of int of shape (n_starts,)
        The states of the world to start from.
    labels : tuple
        What the caller calls what was asked for: states by their labels, beliefs by their numbers.
    beliefs : ndarray of shape (n_beliefs, n_states) or None
        Beliefs over the states of the caller's model, where these were asked for.
    weights : ndarray of shape (n_beliefs, n_starts) or None
        Where not the starts were asked for but averages over them.
    layout
        That of the caller's model, where its states were asked for.
    partial_observation : PartialObservation or None
        Where actions react to observations of hidden states.
    """

    model: MDP
    sensor: Sensor
    starts: np.ndarray
    labels: tuple[Any, ...]
    beliefs: np.ndarray | None = None
    weights: np.ndarray | None = None
    layout: Any = None
    partial_observation: PartialObservation | None = None

    @property
    def numbers(self) -> np.ndarray:
        """Number of each start: its state, or its place in the list where the agent observes the state in part."""
        return self.starts if self.partial_observation is None else np.arange(self.starts.size)

    def name_of(self, numbers: np.ndarray) -> dict[int, str]:
        """Return what to call the starts with these numbers in a message."""
        what = "state" if self.beliefs is None or self.weights is not None else "belief"
        named = zip(numbers.tolist(), self.labels, strict=True)
        return {number: f"{what} {validate.shown(label)}" for number, label in named}


def state_problem(
    model: Any,
    *,
    states: Any = None,
    beliefs: Any = None,
    sensor: Any = None,
    known_to: str = "nobody",
    feedback: bool = False,
    stopping: bool = False,
    horizon: int = 1,
    memory: float = math.inf,
) -> StateProblem:
    """Return the world in which a question about a model is one about states.

    The options are those of :func:`empowerment.empowerment`; `horizon` and `memory` limit the beliefs that are
    followed where these are read.
    """
    hidden = isinstance(model, POMDP)
    mdp = model.mdp if hidden else as_mdp(model)
    validate.one_of(known_to, KNOWN_TO, "known_to")
    if feedback and known_to == "receiver":
        raise ValueError("known_to='receiver' is for actions that do not react, expected feedback=False")
    if states is not None and beliefs is not None:
        raise ValueError("states and beliefs were both given, expected one of them")
    certain = states is not None or (beliefs is None and not hidden)
    numbers = mdp.state_indices(states) if certain else np.empty(0, dtype=np.int64)
    given = None if certain else _beliefs(model if beliefs is None else mdp, beliefs)
    if hidden and isinstance(sensor, str) and sensor == "belief":
        return _of_memory(model, numbers, given, known_to, horizon, memory)
    world, reader = _read(model, mdp, sensor, stopping)
    if given is None:
        problem = StateProblem(world, reader, numbers, _labels(mdp, numbers), layout=mdp.layout)
    elif known_to == "both":
        support = np.flatnonzero(given.any(axis=0))
        problem = StateProblem(world, reader, support, _labels(mdp, support), given, given[:, support])
    else:
        padded = np.pad(given, ((0, 0), (0, world.n_states - mdp.n_states)))
        if known_to == "receiver":
            world, reader, padded = augment_with_start(world, reader, padded)
        problem = StateProblem(*augment_with_beliefs(world, reader, padded), tuple(range(len(given))), given)
    return _reacting(problem, model, stopping) if hidden and feedback else problem


def _labels(mdp: MDP, numbers: np.ndarray) -> tuple[Any, ...]:
    return tuple(mdp.states[i] for i in numbers.tolist())


def _reacting(problem: StateProblem, model: POMDP, stopping: bool) -> StateProblem:
    """Return a problem with what an agent needs that reacts to observations."""
    if stopping:
        raise ValueError(
            "stopping=True and feedback=True go together where the agent sees the state, expected one of them: to "
            "observe takes an action, and so does to stop late"
        )
    beliefs = problem.beliefs
    if beliefs is None or problem.weights is not None:
        beliefs = np.eye(model.n_states)[problem.starts]
    read = None if problem.sensor.name == "observation" else problem.sensor.matrix[: model.n_states].toarray()
    return replace(problem, partial_observation=PartialObservation(model, beliefs, problem.starts, read))


def _of_memory(
    model: POMDP, numbers: np.ndarray, given: np.ndarray | None, known_to: str, horizon: int, memory: float
) -> StateProblem:
    """Return the world of the agent's beliefs, which are what is read."""
    if known_to != "nobody":
        raise ValueError(
            f"sensor='belief' reads the agent's own memory, for which known_to={known_to!r} has no meaning; expected "
            "known_to='nobody', or another sensor"
        )
    horizon = validate.short_horizon(horizon)
    rows = np.eye(model.n_states)[numbers] if given is None else given
    most = int(min(memory / (_BYTES + 8 * model.n_states), 1e9))
    world = belief_mdp(model, rows, horizon, most)
    return StateProblem(*world, tuple(range(len(rows))) if given is not None else _labels(model.mdp, numbers), given)


def _beliefs(model: Any, beliefs: Any) -> np.ndarray:
    """Return beliefs as rows: those given, or the initial one of a model whose states are hidden."""
    if beliefs is None:
        return np.asarray(model.belief())[None]
    axes = "(belief, state)"
    single = isinstance(beliefs, list | tuple | np.ndarray) and np.ndim(np.asarray(beliefs, dtype=object)) == 1
    rows = validate.number_array([beliefs] if single else beliefs, "beliefs", 2, axes)
    if rows.shape[1] != model.n_states:
        raise ValueError(f"beliefs has shape {rows.shape}, expected {axes} with {model.n_states} states")
    return np.asarray(validate.probability_rows(rows, "beliefs"))


def _read(model: Any, mdp: MDP, sensor: Any, stopping: bool) -> tuple[MDP, Sensor]:
    """Return the world and what is read in it; reading observations may take a world that remembers actions."""
    if not isinstance(model, POMDP):
        return mdp, make_sensor(sensor, mdp)
    if sensor is None or (isinstance(sensor, str) and sensor == "observation"):
        if stopping:
            raise ValueError(
                "nothing is observed before the first action, so an agent that stops at once gives no reading; "
                "expected stopping=False, or sensor='state' or 'belief'"
            )
        return augment_with_action(model)
    if isinstance(sensor, str):
        validate.one_of(sensor, SENSORS, "sensor of a POMDP")
    return mdp, make_sensor(sensor, mdp)

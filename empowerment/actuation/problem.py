"""Reduction of a question about any model to one about the states of a fully observed MDP."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from empowerment.actuation.augmented import augment_with_action, augment_with_beliefs, augment_with_start, belief_mdp
from empowerment.actuation.sensor import Sensor, make_sensor
from empowerment.core import validate
from empowerment.core.layout import name_alone
from empowerment.models.mdp import MDP, as_mdp
from empowerment.models.pomdp import POMDP

KNOWN_TO = ("nobody", "receiver", "both")
SENSORS = ("observation", "state", "belief")
# Bytes for each reachable belief: it is a column of every stored row, of which there may be thousands.
_BYTES = 40_000


@dataclass(frozen=True)
class PartialObservation:
    """Initial beliefs of an agent that observes the state in part.

    Attributes
    ----------
    model : POMDP
    beliefs : ndarray of shape (n_starts, n_states)
        The agent's initial belief, for each start.
    starts : ndarray of int of shape (n_starts,)
        State of the fully observed model that stands for each start without feedback.
    sensor : ndarray of shape (n_states, n_readings) or None
        Distribution of the receiver's reading in each state; None if it reads the observations.
    """

    model: POMDP
    beliefs: np.ndarray
    starts: np.ndarray
    sensor: np.ndarray | None


@dataclass(frozen=True)
class StateProblem:
    """A fully observed MDP whose states stand for the states or beliefs of the caller's model.

    Attributes
    ----------
    model : MDP
    sensor : Sensor
    starts : ndarray of int of shape (n_starts,)
        Initial states.
    labels : tuple
        The caller's names of the starts: labels of states, numbers of beliefs.
    beliefs : ndarray of shape (n_beliefs, n_states) or None
        The caller's beliefs over the states of the model, if the question is about beliefs.
    weights : ndarray of shape (n_beliefs, n_starts) or None
        If the answers are averages over the starts: the weights of the averages.
    layout
        Layout of the caller's model, if the question is about its states; for beliefs, its name alone.
    partial_observation : PartialObservation or None
        With feedback from observations of hidden states: the initial beliefs.
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
        """Number of each start: its state, or with partial observation its position in the list."""
        return self.starts if self.partial_observation is None else np.arange(self.starts.size)

    def name_of(self, number: int) -> str:
        """Return the name of the start with this number, for messages."""
        what = "state" if self.beliefs is None or self.weights is not None else "belief"
        return f"{what} {validate.shown(self.labels[int(np.flatnonzero(self.numbers == number)[-1])])}"


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
    """Return the fully observed MDP in which a question about a model is one about states.

    The parameters are those of :func:`empowerment.empowerment`; `horizon` and `memory` limit the reachable beliefs
    if the sensor reads beliefs. A horizon that leads beyond unexplored states is refused.
    """
    hidden = isinstance(model, POMDP)
    mdp = model.mdp if hidden else as_mdp(model, whole=False)
    validate.one_of(known_to, KNOWN_TO, "known_to")
    if feedback and known_to == "receiver":
        raise ValueError("known_to='receiver' is for actions that do not react, expected feedback=False")
    if states is not None and beliefs is not None:
        raise ValueError("states and beliefs were both given, expected one of them")
    certain = states is not None or (beliefs is None and not hidden)
    numbers = mdp.state_indices(states) if certain else np.empty(0, dtype=np.int64)
    given = None if certain else _belief_rows(model if beliefs is None else mdp, beliefs)
    mdp.refuse_unexplored(horizon, numbers if given is None else np.flatnonzero(given.any(axis=0)))
    if hidden and isinstance(sensor, str) and sensor == "belief":
        return _belief_problem(model, numbers, given, known_to, horizon, memory)
    world, reader = _with_sensor(model, mdp, sensor, stopping)
    if given is None:
        problem = StateProblem(world, reader, numbers, _labels(mdp, numbers), layout=mdp.layout)
    elif known_to == "both":
        support = np.flatnonzero(given.any(axis=0))
        weights = given[:, support]
        problem = StateProblem(world, reader, support, _labels(mdp, support), given, weights, name_alone(mdp.layout))
    else:
        padded = np.pad(given, ((0, 0), (0, world.n_states - mdp.n_states)))
        if known_to == "receiver":
            world, reader, padded = augment_with_start(world, reader, padded)
        augmented, labels = augment_with_beliefs(world, reader, padded), tuple(range(len(given)))
        problem = StateProblem(*augmented, labels, given, layout=name_alone(mdp.layout))
    return _with_partial_observation(problem, model, stopping) if hidden and feedback else problem


def _labels(mdp: MDP, numbers: np.ndarray) -> tuple[Any, ...]:
    return tuple(map(mdp.states.__getitem__, numbers.tolist()))


def _with_partial_observation(problem: StateProblem, model: POMDP, stopping: bool) -> StateProblem:
    """Add the initial beliefs of an agent whose actions depend on observations."""
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


def _belief_problem(
    model: POMDP, numbers: np.ndarray, given: np.ndarray | None, known_to: str, horizon: int, memory: float
) -> StateProblem:
    """Return the belief MDP, whose sensor reads the belief itself."""
    if known_to != "nobody":
        raise ValueError(
            f"sensor='belief' reads the agent's own memory, for which known_to={known_to!r} has no meaning; expected "
            "known_to='nobody', or another sensor"
        )
    horizon = validate.short_horizon(horizon)
    rows = np.eye(model.n_states)[numbers] if given is None else given
    max_beliefs = int(min(memory / (_BYTES + 8 * model.n_states), 1e9))
    world = belief_mdp(model, rows, horizon, max_beliefs)
    labels = tuple(range(len(rows))) if given is not None else _labels(model.mdp, numbers)
    return StateProblem(*world, labels, given, layout=name_alone(model.layout))


def _belief_rows(model: Any, beliefs: Any) -> np.ndarray:
    """Return the given beliefs as rows, or the initial belief of a POMDP."""
    if beliefs is None:
        return np.asarray(model.belief())[None]
    axes = "(belief, state)"
    single = isinstance(beliefs, list | tuple | np.ndarray) and np.ndim(np.asarray(beliefs, dtype=object)) == 1
    rows = validate.number_array([beliefs] if single else beliefs, "beliefs", 2, axes)
    if rows.shape[1] != model.n_states:
        raise ValueError(f"beliefs has shape {rows.shape}, expected {axes} with {model.n_states} states")
    return np.asarray(validate.probability_rows(rows, "beliefs"))


def _with_sensor(model: Any, mdp: MDP, sensor: Any, stopping: bool) -> tuple[MDP, Sensor]:
    """Return the fully observed model and its sensor; to read observations it may have to store the last action."""
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

"""The open-loop channel from action sequences to readings.

A layer holds one row for each sequence of k actions: the joint distribution of the readings so far and the present
state. Only reachable columns are stored, and equal rows are merged after every step: equal rows have equal futures,
and the capacity depends on the convex hull of the rows alone.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from empowerment.actuation.forecast import (
    allowed,
    bytes_of_capacity,
    bytes_of_layer,
    extrapolated,
    gigabytes,
    of_channel,
)
from empowerment.actuation.open_loop.layers import Layer, extended_sequences, first_layer, merged
from empowerment.actuation.problem import KNOWN_TO, state_problem
from empowerment.actuation.sensor import Sensor
from empowerment.actuation.task import NoSequenceError, TooManySequencesError
from empowerment.capacity.backends import capacity_kernels
from empowerment.core import validate
from empowerment.core.channel import Channel
from empowerment.models.mdp import MDP

OUTPUTS = ("final", "trajectory")
DEFAULT_MEMORY = 4e9
# A sequence takes about as much as so many entries of its row.
_SEQUENCE = 32


Size = tuple[int, int]
"""Numbers of rows and of columns."""


class _Columns(NamedTuple):
    """The columns of a layer: each is a history of readings and a present state."""

    histories: list[tuple[int, ...]]
    history: np.ndarray
    state: np.ndarray


@dataclass(frozen=True)
class OpenLoop:
    """Rows of an n-step channel, and the action sequence of each row.

    Attributes
    ----------
    rows : ndarray of shape (n_rows, n_outcomes)
    sequences : ndarray of int of shape (n_rows, horizon)
        Numbers of the actions; the first of the sequences that were merged into the row.
    outcomes : list
        A label for each column: a reading, or the tuple of all readings on the way.
    relative_error : float
        Bound on the relative error of each entry with respect to the exact row of the sequence: sums of non-negative
        products keep their relative accuracy, and a merged row stands for rows that agree with it to `EQUAL_RTOL`.
        Both ends of an interval may be off by ``relative_error * (upper + 1)`` nats for it, because ``d(w log(w / q))
        = log(w / q) dw`` and ``sum w |log(w / q)| <= D + 2 / e``.
    """

    rows: np.ndarray
    sequences: np.ndarray
    outcomes: list[Any]
    relative_error: float


def actuation_channel(
    model: Any,
    horizon: int = 1,
    state: Any = None,
    *,
    belief: Any = None,
    sensor: Any = None,
    output: str = "final",
    known_to: str = "nobody",
    merge: bool = True,
    memory: float = DEFAULT_MEMORY,
) -> Channel:
    """Make the channel from sequences of actions to the readings that follow them.

    Parameters
    ----------
    model : MDP, POMDP, or array of shape (n_states, n_actions, n_states)
        The world of the agent.
    horizon : int
        Number of actions in a sequence.
    state : hashable
        Label of the initial state.
    belief : array_like of shape (n_states,), optional
        Distribution of the initial state, in place of `state`; for a POMDP the initial belief by default.
    sensor : None, "state", "observation", "belief", callable or array_like of shape (n_states, n_readings)
        The sensor, as for :func:`empowerment.empowerment`.
    output : {"final", "trajectory"}
        Whether the output is the last reading or the tuple of all `horizon` readings.
    known_to : {"nobody", "receiver"}
        Who observes the initial state. If the receiver does, it is part of the output.
    merge : bool
        Merge sequences whose rows are equal up to rounding, which does not change the capacity. Each row is then
        labelled by the first of its sequences.
    memory : float
        Limit in bytes on the rows of one step, their copies included.

    Returns
    -------
    Channel
        Inputs are tuples of action labels, outputs the readings (tuples of them for a trajectory) that can
        occur at all.

    Raises
    ------
    NoSequenceError
        If no sequence of this length is available: each of its actions must be available in every state that
        the sequence can meet with positive probability. It is a ValueError.
    MemoryError
        If the rows need more than `memory`.

    See Also
    --------
    empowerment : Compute the capacity of this channel for many states.
    channel_capacity : Compute the capacity of a channel.
    option_channel : Make the channel from options to readings.

    Examples
    --------
    >>> import empowerment as emp
    >>> corridor = emp.worlds.grid_world(["...."])
    >>> channel = emp.actuation_channel(corridor, 2, (0, 0))
    >>> channel.outputs
    ((0, 0), (0, 1), (0, 2))
    >>> channel.inputs
    (('north', 'north'), ('north', 'east'), ('east', 'east'))
    """
    horizon = validate.short_horizon(horizon)
    validate.one_of(output, OUTPUTS, "output")
    memory = validate.memory(memory)
    validate.one_of(known_to, KNOWN_TO[:2], "known_to of a channel")
    kernel = capacity_kernels(None) if validate.flag(merge, "merge") else None
    asked: dict[str, Any] = {"states": None if state is None else [state], "beliefs": belief}
    problem = state_problem(model, **asked, sensor=sensor, known_to=known_to, horizon=horizon, memory=memory)
    if problem.starts.size != 1:
        raise ValueError(f"{problem.starts.size} states to start in, expected one: name a state, or a belief")
    model, start = problem.model, int(problem.starts[0])
    try:
        rows_of_sequences = open_loop(model, start, horizon, problem.sensor, output, memory, kernel)
    except NoSequenceError:
        where = f"state {problem.labels[0]!r}" if problem.beliefs is None else "this belief"
        raise NoSequenceError(
            f"no sequence of {horizon} actions is available from {where}: each action must be available in every "
            "state that the sequence can meet"
        ) from None
    inputs = [tuple(model.actions[a] for a in sequence) for sequence in rows_of_sequences.sequences]
    return Channel.from_valid(rows_of_sequences.rows, inputs, rows_of_sequences.outcomes)


def open_loop(
    model: MDP,
    start: int,
    horizon: int,
    sensor: Sensor,
    output: str,
    memory: float,
    kernel: ModuleType | None,
    max_sequences: float = math.inf,
) -> OpenLoop:
    """Return the rows from the state numbered `start`; see :func:`actuation_channel`.

    Rows that ``kernel.equal_rows`` finds equal are merged; without a kernel none are. A step with more
    sequences than `max_sequences` raises a `TooManySequencesError`.
    """

    def check(sizes: list[Size]) -> None:
        step, n_rows = len(sizes), sizes[-1][0]
        if n_rows > max_sequences:
            raise TooManySequencesError(f"step {step} of {horizon} has {n_rows} sequences")
        _check_memory(sizes, memory, horizon)

    layers = chain([_before_any(start)], _grown(model, start, sensor, output, kernel, check))
    layer, columns = deque(islice(layers, horizon + 1), maxlen=1)[0]
    if not layer.rows.size:
        raise NoSequenceError
    rows, outcomes = _read_out(layer.rows, columns, sensor, output)
    error = layer.relative_error + _product_error(columns.state.size)
    layer = merged(layer._replace(rows=rows, relative_error=error), kernel)
    return OpenLoop(layer.rows, layer.sequences, outcomes, layer.relative_error)


def first_sizes(
    model: MDP, start: int, horizon: int, sensor: Sensor, output: str, kernel: ModuleType | None, max_entries: float
) -> list[Size]:
    """Return the sizes of the layers after 0, 1, 2, … actions, as long as the next is expected to be small."""
    found: list[Size] = [(1, 1)]
    for layer, columns in islice(_grown(model, start, sensor, output, kernel, lambda sizes: None), horizon):
        found.append((len(layer.rows), columns.state.size))
        growth = model.n_actions * found[-1][1] / found[-2][1]
        if found[-1][0] * (found[-1][1] + _SEQUENCE) * growth > max_entries:
            break
    return found


def _grown(
    model: MDP,
    start: int,
    sensor: Sensor,
    output: str,
    kernel: ModuleType | None,
    check: Callable[[list[Size]], None],
) -> Iterator[tuple[Layer, _Columns]]:
    """Yield the layers after 1, 2, … actions; `check` may refuse one before it is made, from all sizes so far."""
    on_the_way = sensor.matrix if output == "trajectory" else None
    (layer, columns), sizes = _before_any(start), list[Size]()
    while layer.rows.size:
        matrices, following = _step(model, on_the_way, columns)
        sizes.append((len(layer.rows) * model.n_actions, following.state.size))
        check(sizes)
        layer = merged(_extended(layer, matrices, ~model.available[columns.state]), kernel)
        columns = following
        yield layer, columns


def _before_any(start: int) -> tuple[Layer, _Columns]:
    return first_layer(np.ones((1, 1))), _Columns([()], np.zeros(1, dtype=np.int64), np.array([start]))


def _step(
    model: MDP, readings: sparse.csr_array | None, columns: _Columns
) -> tuple[list[sparse.csr_array], _Columns]:
    """Return for each action the matrix from the columns of this layer to those of the next, and the latter.

    If nothing is read on the way, every column has the same history.
    """
    n_readings = 1 if readings is None else readings.shape[1]
    entries, keys = [], []
    for action in range(model.n_actions):
        moves = model.rows[columns.state * model.n_actions + action].tocoo()
        source, successor, probability = moves.row, moves.col, moves.data
        history = columns.history[source] * n_readings
        if readings is not None:
            seen = readings[successor].tocoo()  # row i: the possible readings after move i
            source, successor, probability = source[seen.row], successor[seen.row], probability[seen.row] * seen.data
            history = history[seen.row] + seen.col
        entries.append((source, probability))
        keys.append(history * model.n_states + successor)
    unique, position = np.unique(np.concatenate(keys), return_inverse=True)
    shape = (columns.state.size, unique.size)
    matrices, start = [], 0
    for source, probability in entries:
        target = position[start : start + source.size]
        matrices.append(sparse.csr_array((probability, (source, target)), shape=shape))
        start += source.size
    histories, history = np.unique(unique // model.n_states, return_inverse=True)
    paths = [(*columns.histories[old // n_readings], int(old % n_readings)) for old in histories]
    return matrices, _Columns(paths, history, unique % model.n_states)


def _extended(layer: Layer, matrices: list[sparse.csr_array], missing: np.ndarray) -> Layer:
    """Append every action to every sequence that it can follow; `missing` are the missing actions of each column."""
    rows = np.empty((len(layer.rows), len(matrices), matrices[0].shape[1]))
    for action, matrix in enumerate(matrices):
        rows[:, action] = layer.rows @ matrix
    sequences = extended_sequences(layer.sequences, len(matrices))
    rows = rows.reshape(len(sequences), rows.shape[2])
    if missing.any():
        allowed = ~((layer.rows > 0) @ missing).reshape(-1)
        rows, sequences = rows[allowed], sequences[allowed]
    return Layer(rows, sequences, layer.relative_error + _product_error(len(missing)), layer.deleted)


def _product_error(n_columns: int) -> float:
    """Bound the relative error that one product over this many columns adds to each entry."""
    return float((n_columns + 2) * np.finfo(float).eps)


def _read_out(rows: np.ndarray, columns: _Columns, sensor: Sensor, output: str) -> tuple[np.ndarray, list[Any]]:
    """Sum over states and histories that the output does not contain."""
    if output == "trajectory":
        n_columns = columns.history.size
        summing = sparse.csr_array((np.ones(n_columns), (np.arange(n_columns), columns.history)))
        labels = [tuple(sensor.readings[r] for r in path) for path in columns.histories]
        return np.ascontiguousarray(rows @ summing), labels
    reading = sensor.matrix[columns.state]
    seen = np.unique(reading.indices)
    return np.ascontiguousarray(rows @ reading[:, seen]), [sensor.readings[int(r)] for r in seen]


def _check_memory(sizes: list[Size], memory: float, horizon: int) -> None:
    """Raise if the last of the layers so far would take too much; their sizes are numbers of rows and columns."""
    step = len(sizes)
    needed = bytes_of_layer(*sizes[-1], step)
    if needed > memory:
        rows, columns = (extrapolated((1, *counts), horizon) for counts in zip(*sizes, strict=True))
        raise MemoryError(
            f"step {step} of {horizon} takes {gigabytes(needed)} of rows, {allowed(memory)}; all {horizon} steps "
            f"need {of_channel(rows, columns, horizon)}; shorten the horizon, coarsen the sensor or raise memory="
        )


def check_capacity(channel: OpenLoop, memory: float) -> None:
    """Raise before a capacity is computed that takes too much."""
    n_rows, n_columns = channel.rows.shape
    needed = bytes_of_capacity(n_rows, n_columns)
    if n_rows > 1 and needed > memory:
        length = channel.sequences.shape[1]
        raise MemoryError(
            f"the capacity of {n_rows} x {n_columns} entries takes {gigabytes(needed)}, {allowed(memory)}; all "
            f"{length} steps need {of_channel(n_rows, n_columns, length)}; shorten the horizon, coarsen the sensor "
            "or raise memory="
        )

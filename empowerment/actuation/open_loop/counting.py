"""Counts of reachable readings, whose logarithm is the empowerment of a deterministic model.

Without noise every sequence of actions has one outcome, and the capacity of such a channel is the logarithm of
the number of outcomes that some sequence reaches (Klyubin, Polani, Nehaniv 2005). With noise that logarithm is an
upper bound.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy import sparse

from empowerment.actuation.kernels import actuation_kernels
from empowerment.actuation.sensor import Sensor
from empowerment.core import validate
from empowerment.models.mdp import MDP

_ROUNDING = 2.0**-53
# Entries of sets to process, and the overhead of a step in entries, before the search for a repetition is given up.
_MAX_WORK, _OVERHEAD = 50_000_000, 10_000
# Integers up to this many bits are exact in double precision; numbers up to this many bits can be added up.
_EXACT, _LARGE = 53, 1000
# Exponent that stands for zero: below that of any number of paths, and far from overflow.
_EXPONENT_OF_ZERO = -(2**30)


class Graph(NamedTuple):
    """Edges from each state, as the rows of a CSR matrix without its entries.

    Attributes
    ----------
    indptr : ndarray of int64 of shape (n_states + 1,)
    indices : ndarray of int32
        State s is joined to ``indices[indptr[s] : indptr[s + 1]]``, distinct and ascending.
    """

    indptr: np.ndarray
    indices: np.ndarray


def successor_graph(model: MDP) -> Graph:
    """Return the edges from each state to the possible successors under any available action."""
    rows = model.rows
    return _distinct(rows.indptr[:: model.n_actions], rows.indices, model.n_states)


def reading_graph(sensor: Sensor) -> Graph:
    """Return the edges from each state to its possible readings."""
    return _distinct(sensor.matrix.indptr, sensor.matrix.indices, sensor.matrix.shape[1])


def _distinct(indptr: np.ndarray, indices: np.ndarray, n_columns: int) -> Graph:
    entries = np.ones(indices.size, dtype=bool), indices.copy(), indptr.copy()
    joined = sparse.csr_array(entries, shape=(indptr.size - 1, n_columns))
    joined.sum_duplicates()
    return Graph(joined.indptr.astype(np.int64), joined.indices.astype(np.int32, copy=False))


def count_readings(
    graph: Graph,
    readings: Graph,
    n_readings: int,
    starts: np.ndarray,
    horizon: int,
    *,
    up_to: bool = False,
    backend: str | None = None,
) -> np.ndarray:
    """Return how many readings are possible after `horizon` steps, for each start.

    Parameters
    ----------
    graph, readings : Graph
        The successors and the readings of each state, from :func:`successor_graph` and :func:`reading_graph`.
    n_readings : int
    starts : ndarray of int of shape (n_starts,)
        States to start in. Many consecutive ones in one call are counted faster than few.
    horizon : int
    up_to : bool
        Count what is possible after any number of steps from 0 to `horizon` instead. Without it a state that
        must be left again does not count: the sets of n and of n + 1 steps need not be nested.
    backend : {"numba", "reference"}, optional

    Returns
    -------
    ndarray of int64 of shape (n_starts,)
        In a deterministic world the number of last readings that `horizon` actions can bring about, 0 where no
        sequence of this length is available. In a noisy one, and with a noisy sensor, no reading outside of those
        counted has positive probability. Where an action is missing in some of the states that may be reached,
        the count still follows it from the others.
    """
    horizon = _equivalent_horizon(graph, starts, horizon, up_to)
    return np.asarray(
        actuation_kernels(backend).count_readings(*graph, *readings, n_readings, starts, horizon, up_to)
    )


def _equivalent_horizon(graph: Graph, starts: np.ndarray, horizon: int, up_to: bool) -> int:
    """Return a horizon with the same reachable sets that is short enough to be computed step by step.

    Nested sets are complete after as many steps as there are states. Other sets repeat from some step on.
    """
    n_states, first = graph.indptr.size - 1, np.unique(starts)
    if horizon <= n_states:
        return horizon
    moves = sparse.csr_array(
        (np.ones(graph.indices.size, dtype=bool), graph.indices, graph.indptr), shape=(n_states, n_states)
    )
    if up_to or moves.diagonal()[first].all():
        return n_states
    if horizon <= validate.LONGEST:
        return horizon
    begin, period = _repetition(moves, first)
    return begin + (horizon - begin) % period


def _repetition(moves: sparse.csr_array, starts: np.ndarray) -> tuple[int, int]:
    """Return a number of steps after which the reachable sets repeat, and their period (Brent 1980)."""
    reached = sparse.csr_array(sparse.eye_array(moves.shape[0], dtype=bool, format="csr")[starts])
    before, begin, step, work = reached, 0, 0, 0
    while work <= _MAX_WORK:
        step += 1
        reached = sparse.csr_array(reached @ moves)
        reached.sort_indices()
        if np.array_equal(reached.indptr, before.indptr) and np.array_equal(reached.indices, before.indices):
            return begin, step - begin
        if step == 2 * begin + 1:
            before, begin = reached, step
        work += reached.nnz + _OVERHEAD
    raise ValueError(
        f"horizon is above {validate.LONGEST:,}, and the sets of states that can be reached do not repeat within "
        f"{step:,} steps, so that they cannot be counted; expected at most {validate.LONGEST:,} steps or fewer states"
    )


def trace_sequences(
    successors: np.ndarray, reading: np.ndarray, start: int, horizon: int, *, up_to: bool = False
) -> np.ndarray:
    """Return one sequence of actions for each last reading that can be reached.

    Parameters
    ----------
    successors : ndarray of int of shape (n_states, n_actions)
        Next states, -1 where an action is missing.
    reading : ndarray of int of shape (n_states,)
        Reading of each state.
    start, horizon : int
    up_to : bool
        Allow any number of actions from 0 to `horizon`, and return a shortest sequence for each reading.

    Returns
    -------
    ndarray of int32 of shape (n_readings_reached, horizon)
        In the order of the readings. Shorter sequences end in -1.
    """
    layers = _layers(successors, start, horizon, up_to)
    first = 0 if up_to else horizon
    depth = np.repeat(np.arange(first, len(layers)), [layer.states.size for layer in layers[first:]])
    states = np.concatenate([layer.states for layer in layers[first:]])
    chosen = np.unique(reading[states], return_index=True)[1]  # position of the first state of each reading
    depth, position = depth[chosen], chosen - np.searchsorted(depth, depth[chosen])
    sequences = np.full((chosen.size, horizon), -1, dtype=np.int32)
    for step in range(len(layers) - 1, 0, -1):
        under_way = depth >= step
        layer = layers[step]
        sequences[under_way, step - 1] = layer.action[position[under_way]]
        position[under_way] = layer.parent[position[under_way]]
    return sequences


class _Layer(NamedTuple):
    """The states after some actions, each with one path to it: its position in the layer before, and an action."""

    states: np.ndarray
    parent: np.ndarray
    action: np.ndarray


def _layers(successors: np.ndarray, start: int, horizon: int, only_new: bool) -> list[_Layer]:
    n_actions = successors.shape[1]
    states = met = np.array([start])
    layers = [_Layer(states, np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))]
    for _ in range(horizon):
        states, origin = np.unique(successors[states].reshape(-1), return_index=True)
        kept = states >= 0
        if only_new:
            kept &= ~np.isin(states, met)
            met = np.concatenate([met, states[kept]])
        states, origin = states[kept], origin[kept]
        layers.append(_Layer(states, origin // n_actions, origin % n_actions))
    return layers


def log_trajectories(model: MDP, sensor: Sensor, starts: np.ndarray, horizon: int) -> tuple[np.ndarray, float]:
    """Return the logarithm of the number of possible trajectories of `horizon` readings.

    Parameters
    ----------
    model : MDP
        Deterministic.
    sensor : Sensor
        Deterministic.
    starts : ndarray of int of shape (n_starts,)
    horizon : int

    Returns
    -------
    ndarray of float of shape (n_starts,)
        In nats; minus infinity where no sequence of this length is available.
    float
        Bound on the error of the logarithms.

    Notes
    -----
    If the successors of every state have different readings, as when the sensor reads the state, trajectories of
    readings are as many as paths, whose number takes one product with a sparse matrix for each step. Otherwise the
    sets of states that the agent may be in are enumerated (:func:`count_trajectories`), which may be very many.
    """
    graph, reading = successor_graph(model), sensor.reading_of_state
    if _distinct(graph.indptr, reading[graph.indices], len(sensor.readings)).indices.size == graph.indices.size:
        logarithms, relative_error = _count_paths(graph, horizon)
        logarithms = logarithms[starts]
    else:
        counts = count_trajectories(model.successors, reading, starts, horizon)
        logarithms = np.array([math.log(count) if count else -math.inf for count in counts])
        relative_error = 0.0
    return logarithms, relative_error + 4 * math.ulp(logarithms.max(initial=0.0))


def _count_paths(graph: Graph, horizon: int) -> tuple[np.ndarray, float]:
    """Return the logarithm of the number of paths from every state, and the relative error of these numbers.

    N(s) after k steps is the sum of N(t) after k - 1 over the successors t of s. Each number has a mantissa and an
    exponent of its own, because the numbers of two states may differ beyond the range of any common scale.
    """
    n_states, widest = graph.indptr.size - 1, max(int(np.diff(graph.indptr).max()), 1)
    bits = math.log2(widest)  # largest growth of a number of paths in one step
    step = sparse.csr_array((np.ones(graph.indices.size), graph.indices, graph.indptr), shape=(n_states, n_states))
    mantissa, exponent = np.ones(n_states), np.zeros(n_states, dtype=np.int32)
    for done in range(horizon):
        if (done + 1) * bits < _LARGE:
            mantissa = step @ mantissa
        else:
            mantissa, exponent = _scaled_step(graph, mantissa, exponent)
    with np.errstate(divide="ignore"):  # no path at all
        logarithms = np.log(mantissa) + exponent * math.log(2)
    # The relative error of a sum of non-negative terms is less than one rounding for each term.
    exact = horizon * bits < _EXACT
    return logarithms, 0.0 if exact else 1.01 * horizon * widest * _ROUNDING


def _scaled_step(graph: Graph, mantissa: np.ndarray, exponent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum the numbers of the successors, in units of the largest power of two among them."""
    mantissa, shift = np.frexp(mantissa)
    exponent = np.where(mantissa > 0, exponent + shift, _EXPONENT_OF_ZERO).astype(np.int32)
    filled = np.flatnonzero(np.diff(graph.indptr))
    first = graph.indptr[filled]
    parts = exponent[graph.indices]
    largest = np.maximum.reduceat(parts, first)
    parts -= np.repeat(largest, np.diff(graph.indptr)[filled])
    following, scale = np.zeros_like(mantissa), np.zeros_like(exponent)
    following[filled] = np.add.reduceat(np.ldexp(mantissa[graph.indices], parts), first)
    scale[filled] = largest
    return following, scale


def count_trajectories(successors: np.ndarray, reading: np.ndarray, starts: np.ndarray, horizon: int) -> list[int]:
    """Return the number of possible trajectories of `horizon` readings from each start.

    Determinise the automaton whose words are the trajectories: a node is the set of states the agent may be in after
    the readings so far, and the words are counted backwards with integers of arbitrary precision.
    """
    nodes = {frozenset([int(s)]): number for number, s in enumerate(dict.fromkeys(starts.tolist()))}
    first = [nodes[frozenset([int(s)])] for s in starts]
    children: list[list[int]] = []
    layer_ends = []
    frontier = list(nodes)
    for _ in range(horizon):
        layer_ends.append(len(nodes))
        fresh = []
        for node in frontier:
            targets = []
            for target in _read_next(successors, reading, node):
                if target not in nodes:
                    nodes[target] = len(nodes)
                    fresh.append(target)
                targets.append(nodes[target])
            children.append(targets)
        frontier = fresh
    counts = [1] * len(nodes)
    for end in reversed(layer_ends):  # a node first met after d steps has at most horizon - d to go
        counts = [sum(counts[child] for child in children[node]) for node in range(end)]
    return [counts[node] for node in first]


def _read_next(successors: np.ndarray, reading: np.ndarray, node: frozenset[int]) -> list[frozenset[int]]:
    following = np.unique(successors[list(node)])
    following = following[following >= 0]
    return [frozenset(following[reading[following] == r].tolist()) for r in np.unique(reading[following])]

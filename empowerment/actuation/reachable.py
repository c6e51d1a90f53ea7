"""Deterministic worlds: the capacity is the logarithm of a count, so count.

Without noise every sequence of actions has one outcome, and the capacity of such a channel is the logarithm of
the number of outcomes that some sequence reaches (Klyubin, Polani, Nehaniv 2005).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

# Start states that are followed together; bounds the memory of a frontier.
_CHUNK = 2048


def count_readings(successors: np.ndarray, reading: np.ndarray, starts: np.ndarray, horizon: int) -> np.ndarray:
    """Return how many last readings `horizon` actions can bring about from each start.

    Parameters
    ----------
    successors : ndarray of int of shape (n_states, n_actions)
        Next states, -1 where an action is missing.
    reading : ndarray of int of shape (n_states,)
        What is read in each state.
    starts : ndarray of int
        States to start in.
    horizon : int

    Returns
    -------
    ndarray of int, shaped like `starts`
        0 where no sequence of this length is available.
    """
    n_states, n_actions = successors.shape
    source = np.repeat(np.arange(n_states), n_actions)
    present = successors.reshape(-1) >= 0
    step = _indicator(source[present], successors.reshape(-1)[present], (n_states, n_states))
    read = _indicator(np.arange(n_states), reading, (n_states, int(reading.max()) + 1))
    counts = []
    for first in range(0, starts.size, _CHUNK):
        chunk = starts[first : first + _CHUNK]
        reached = _indicator(np.arange(chunk.size), chunk, (chunk.size, n_states))
        for _ in range(horizon):
            reached = reached @ step
            reached.data[:] = True
        counts.append(np.diff((reached @ read).indptr))
    return np.concatenate(counts).astype(np.int64)


def _indicator(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> sparse.csr_array:
    return sparse.csr_array((np.ones(rows.size, dtype=bool), (rows, columns)), shape=shape)


def trace_sequences(successors: np.ndarray, reading: np.ndarray, start: int, horizon: int) -> np.ndarray:
    """Return one sequence of actions for each last reading that can be reached, of shape (count, horizon)."""
    n_actions = successors.shape[1]
    front = np.array([start])
    history = []
    for _ in range(horizon):
        following = successors[front].reshape(-1)
        states, chosen = np.unique(following, return_index=True)
        present = states >= 0
        front, chosen = states[present], chosen[present]
        history.append((chosen // n_actions, chosen % n_actions))
    position = np.unique(reading[front], return_index=True)[1] if front.size else np.empty(0, dtype=np.int64)
    sequences = np.empty((position.size, horizon), dtype=np.int32)
    for step in range(horizon - 1, -1, -1):
        parent, action = history[step]
        sequences[:, step] = action[position]
        position = parent[position]
    return sequences


def count_trajectories(successors: np.ndarray, reading: np.ndarray, starts: np.ndarray, horizon: int) -> list[int]:
    """Return how many different runs of `horizon` readings can be brought about from each start.

    Determinises the automaton whose words are the runs: a node is the set of states the agent may be in after
    what was read so far, and the words are counted backwards with integers of any size.
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

"""Symmetries of models: permutations of states and actions that keep the model, and their orbits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from empowerment.core import validate

Symmetry = tuple[np.ndarray, np.ndarray]
TOLERANCE = 1e-13
"""Transition probabilities may differ by this much, relative to themselves, between a state and its image."""

# Number of states to compare with their images together; bounds the memory of the comparison.
_CHUNK = 1 << 14


class SymmetricModel(Protocol):
    """What the checks read of a model: its transitions, terminal states, and labels."""

    n_states: int
    n_actions: int
    states: Sequence[Any]
    actions: Sequence[Any]
    is_terminal: np.ndarray
    available: np.ndarray
    rows: sparse.csr_array
    symmetries: tuple[Symmetry, ...]

    @property
    def generators(self) -> tuple[Symmetry, ...]:
        """The symmetries and their inverses."""
        ...

    @property
    def orbit_numbers(self) -> np.ndarray:
        """The number of each state's orbit."""
        ...


class Orbits(NamedTuple):
    """The orbit representative of each state, and the map from it.

    Attributes
    ----------
    representative : ndarray of int of shape (count,)
        The first of the given states in the same orbit.
    action_map : ndarray of int of shape (count, n_actions)
        Action ``action_map[i, a]`` in state i is the image of action ``a`` in the representative. It maps action
        sequences as well, one action at a time.
    distance : ndarray of int of shape (count,)
        Number of declared symmetries whose composition maps the representative to the state.
    """

    representative: np.ndarray
    action_map: np.ndarray
    distance: np.ndarray

    @classmethod
    def apart(cls, numbers: np.ndarray, n_actions: int) -> Orbits:
        """Return trivial orbits, in which each item represents itself."""
        maps = np.arange(n_actions)[None].repeat(len(numbers), axis=0)
        return cls(np.asarray(numbers), maps, np.zeros(len(numbers), dtype=np.int64))


def orbits(model: SymmetricModel, numbers: np.ndarray) -> Orbits:
    """Return for each state number the representative of its orbit and the map from it.

    Two states are in one orbit if some composition of the model's symmetries maps one to the other. Without
    symmetries every state represents itself.
    """
    numbers = np.asarray(numbers)
    if not model.symmetries:
        return Orbits.apart(numbers, model.n_actions)
    _, first, position = np.unique(model.orbit_numbers[numbers], return_index=True, return_inverse=True)
    representative = front = numbers[first]
    # Zeros that are never touched take no time, however many states there are.
    action_map = np.zeros((model.n_states, model.n_actions), dtype=np.int64)
    distance, met = np.zeros(model.n_states, dtype=np.int64), np.zeros(model.n_states, dtype=bool)
    action_map[representative], met[representative] = np.arange(model.n_actions), True
    while not met[numbers].all():  # breadth first, all orbits side by side
        reached = []
        for states, actions in model.generators:
            fresh = front[~met[states[front]]]
            action_map[states[fresh]], met[states[fresh]] = actions[action_map[fresh]], True
            distance[states[fresh]] = distance[fresh] + 1
            reached.append(states[fresh])
        front = np.concatenate(reached)
    return Orbits(representative[position], action_map[numbers], distance[numbers])


def orbit_maps(model: SymmetricModel, state: int) -> dict[int, Symmetry]:
    """Return for each state of an orbit a symmetry, composed of those of the model, that maps `state` to it."""
    maps, front = {state: (np.arange(model.n_states), np.arange(model.n_actions))}, [state]
    while front:
        here = front.pop()
        for states, actions in model.generators:
            there = int(states[here])
            if there not in maps:
                maps[there] = states[maps[here][0]], actions[maps[here][1]]
                front.append(there)
    return maps


def generators_of(symmetries: Sequence[Symmetry]) -> tuple[Symmetry, ...]:
    """Return symmetries and their inverses."""
    return *symmetries, *((np.argsort(states), np.argsort(actions)) for states, actions in symmetries)


def numbers_of_orbits(symmetries: Sequence[Symmetry], n_states: int) -> np.ndarray:
    """Return the number of each state's orbit."""
    here = np.tile(np.arange(n_states), len(symmetries))
    there = np.concatenate([np.arange(0), *(states for states, _ in symmetries)])
    graph = sparse.csr_array((np.ones(here.size, dtype=bool), (here, there)), shape=(n_states, n_states))
    return np.asarray(csgraph.connected_components(graph, directed=False)[1])


def declared(
    model: SymmetricModel, symmetries: Sequence[Any], state_numbers: Mapping[Any, int]
) -> tuple[Symmetry, ...]:
    """Convert symmetries in labels to checked symmetries in numbers.

    Raises
    ------
    ValueError, TypeError
        If one is not a pair of permutations, or does not keep the model.
    """
    if not isinstance(symmetries, tuple | list):
        raise TypeError(f"symmetries is {validate.shown(symmetries)}, expected a sequence of pairs (states, actions)")
    action_numbers = {label: number for number, label in enumerate(model.actions)}
    checked = []
    for position, pair in enumerate(symmetries):
        name = f"symmetries[{position}]"
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise TypeError(
                f"{name} is no pair (states, actions), expected the images of all states and of all actions"
            )
        states = validate.permutation(pair[0], state_numbers, name, "state")
        actions = validate.permutation(pair[1], action_numbers, name, "action")
        _check(model, states, actions, name)
        checked.append((states, actions))
    return tuple(checked)


def _check(model: SymmetricModel, states: np.ndarray, actions: np.ndarray, name: str) -> None:
    """Raise if a pair of permutations changes the model."""
    _check_terminal(model, states, name)
    _check_available(model, states, actions, name)
    _check_dynamics(model, states, actions, name)
    states.setflags(write=False)
    actions.setflags(write=False)


def _check_terminal(model: SymmetricModel, states: np.ndarray, name: str) -> None:
    wrong = np.flatnonzero(model.is_terminal != model.is_terminal[states])
    if wrong.size:
        here, there = model.states[wrong[0]], model.states[states[wrong[0]]]
        which = "the first is" if model.is_terminal[wrong[0]] else "the second is"
        raise ValueError(f"{name} maps state {here!r} to {there!r}, but only {which} terminal")


def _check_available(model: SymmetricModel, states: np.ndarray, actions: np.ndarray, name: str) -> None:
    wrong = np.argwhere(model.available != model.available[states][:, actions])
    if wrong.size:
        state, action = wrong[0]
        here = f"action {model.actions[action]!r} in state {model.states[state]!r}"
        there = f"action {model.actions[actions[action]]!r} in state {model.states[states[state]]!r}"
        which = "the first is" if model.available[state, action] else "the second is"
        raise ValueError(f"{name} maps {here} to {there}, but only {which} available")


def _check_dynamics(model: SymmetricModel, states: np.ndarray, actions: np.ndarray, name: str) -> None:
    back = np.argsort(states).astype(model.rows.indices.dtype)
    for first in range(0, model.n_states, _CHUNK):
        chunk = np.arange(first, min(first + _CHUNK, model.n_states))
        difference = _difference(model, chunk, states, actions, back)
        wrong = np.flatnonzero(difference.data > 0)
        if wrong.size:
            row = int(np.searchsorted(difference.indptr, wrong[0], "right")) - 1
            state, action = divmod(first * model.n_actions + row, model.n_actions)
            target = difference.indices[wrong[0]]
            raise ValueError(
                f"{name} is no symmetry: {_move(model, state, action, target)}, "
                f"but {_move(model, states[state], actions[action], states[target])}, "
                f"expected equal probabilities to within {TOLERANCE:g} of themselves"
            )


def _difference(
    model: SymmetricModel, chunk: np.ndarray, states: np.ndarray, actions: np.ndarray, back: np.ndarray
) -> sparse.csr_array:
    """Return by how much the rows of some states and their images differ beyond the tolerance."""
    rows = model.rows[chunk[0] * model.n_actions : (chunk[-1] + 1) * model.n_actions]
    images = model.rows[(states[chunk, None] * model.n_actions + actions).reshape(-1)]
    mapped_back = sparse.csr_array((images.data, back[images.indices], images.indptr), shape=rows.shape)
    mapped_back.sort_indices()
    return sparse.csr_array(abs(rows - mapped_back) - TOLERANCE * rows)


def _move(model: SymmetricModel, state: int, action: int, target: int) -> str:
    probability = model.rows[state * model.n_actions + action, target]
    return (
        f"action {model.actions[action]!r} leads from state {model.states[state]!r} to {model.states[target]!r} "
        f"with probability {probability:.12g}"
    )

"""The breadth-first search of a simulator, and the model of what it found."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.adapters.outcomes import End, Node, Outcome, labels_of, model_of_rows, read_transition
from empowerment.models.mdp import MDP

Ends = int | tuple[tuple[int, ...], tuple[float, ...]] | None
"""An outcome by the numbers of its nodes: that of the one it is sure to lead to, or all with their probabilities."""

_HIDDEN = (
    "the label of the state does not hold everything that the next state depends on, or the simulator is random: "
    "put what is missing into the label, or return the distribution as a dict {next state: probability}"
)


class World:
    """Step function whose results are checked and converted into one form."""

    def __init__(self, step: Callable[[Any, Any], Any], actions: Any, keep_ends: bool) -> None:
        self.step, self.actions, self.keep_ends = step, actions, keep_ends

    def choices(self, state: Any) -> tuple[Any, ...]:
        """Return the actions of a state."""
        if not callable(self.actions):
            return tuple(self.actions)
        return labels_of(self.actions(state), f"actions({state!r})")

    def outcome(self, state: Any, action: Any) -> Outcome:
        """Compute the outcome of one step."""
        try:
            answer = self.step(state, action)
        except Exception as error:
            error.add_note(f"raised by the step function at {self.described(state, action)}")
            raise
        return read_transition(answer, lambda: self.described(state, action), self.keep_ends)

    def described(self, state: Any, action: Any) -> str:
        """Return what messages call a step."""
        return f"action {action!r} in state {state!r}"


class Search:
    """Breadth-first search: nodes in the order of discovery, and the outcomes of their actions.

    It stops `most_steps` actions away from the start: the actions of the nodes there are not taken. Outcomes are kept
    by the numbers of their nodes, since there are many times more of them than nodes.
    """

    def __init__(self, world: World, max_states: int, most_steps: float = math.inf) -> None:
        self.world, self.max_states, self.most_steps = world, max_states, most_steps
        self.nodes: list[Node] = []
        self.number: dict[Node, int] = {}
        self.depth: list[int] = []
        self.choices: list[tuple[Any, ...]] = []
        self.ends: list[tuple[Ends, ...]] = []

    def explore(self, starts: Iterable[Any], advance: Callable[[int], object]) -> None:
        """Find all reachable nodes."""
        shared: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        for state in starts:
            self._add(state, 0)
        for node, depth in zip(self.nodes, self.depth, strict=True):  # both grow on the way
            choices = self._choices(node, depth)
            outcomes = [self.world.outcome(node, action) for action in choices]
            self.choices.append(shared.setdefault(choices, choices))
            self.ends.append(tuple(self._numbered(outcome, depth + 1) for outcome in outcomes))
            advance(1)

    def taken(self, number: int) -> dict[Any, Outcome]:
        """Return the outcomes of the actions of a node."""
        pairs = zip(self.choices[number], self.ends[number], strict=True)
        return {action: self._outcome(ends) for action, ends in pairs}

    def _numbered(self, outcome: Outcome, depth: int) -> Ends:
        if outcome is None:
            return None
        numbers = tuple(self._add(node, depth) for node in outcome)
        chances = tuple(outcome.values())
        return numbers[0] if chances == (1.0,) else (numbers, chances)

    def _outcome(self, ends: Ends) -> Outcome:
        if ends is None:
            return None
        numbers, chances = ((ends,), (1.0,)) if isinstance(ends, int) else ends
        return {self.nodes[number]: chance for number, chance in zip(numbers, chances, strict=True)}

    def _choices(self, node: Node, depth: int) -> tuple[Any, ...]:
        return () if isinstance(node, End) or depth >= self.most_steps else self.world.choices(node)

    @property
    def unexplored(self) -> list[bool]:
        """Whether the actions of each node were not taken."""
        pairs = zip(self.nodes, self.depth, strict=True)
        return [not isinstance(node, End) and depth >= self.most_steps for node, depth in pairs]

    def _add(self, node: Node, depth: int) -> int:
        """Return the number of a node, a new one if it was not found before."""
        known = self.number.get(node)
        if known is not None:
            return known
        if len(self.nodes) == self.max_states:
            raise ValueError(
                f"found {self.max_states + 1} states, at most max_states={self.max_states} are allowed; the last is "
                f"{depth} actions away from the start, and {self.max_states - len(self.choices)} were still to be "
                "explored; raise max_states=, allow fewer actions, or leave out of the state what the future does "
                "not depend on, such as a counter (what an environment's state is get_state= says)"
            )
        number = self.number[node] = len(self.nodes)
        self.nodes.append(node)
        self.depth.append(depth)
        return number

    def repeat(self, advance: Callable[[int], object]) -> None:
        """Repeat every transition, the last one first, and refuse different outcomes."""
        for number in reversed(range(len(self.nodes))):
            node, before = self.nodes[number], self.choices[number]
            choices = self._choices(node, self.depth[number])
            if choices != before:
                raise ValueError(f"state {node!r} first had the actions {before!r} and then {choices!r}; {_HIDDEN}")
            for action, ends in zip(reversed(choices), reversed(self.ends[number]), strict=True):
                first, second = self._outcome(ends), self.world.outcome(node, action)
                if first != second:
                    raise ValueError(
                        f"action {action!r} in state {node!r} first gave {shown(first)} and then "
                        f"{shown(second)}; {_HIDDEN}"
                    )
            advance(1)


def shown(outcome: Outcome) -> str:
    """Return an outcome for messages."""
    if outcome is None:
        return "None"
    nodes = list(outcome)
    return repr(nodes[0]) if len(nodes) == 1 else repr([(outcome[node], node) for node in nodes])


def explored_model(search: Search, initial: Mapping[Node, float] | None, layout: Any) -> MDP:
    """Make the model of a finished search."""
    fixed = () if callable(search.world.actions) else search.world.actions
    actions = list(dict.fromkeys(chain(fixed, chain.from_iterable(search.choices))))
    if not actions:
        raise ValueError("no state has an action, expected at least one")
    everything = np.arange(len(search.nodes))
    rows, available = explored_rows(search, everything, everything, actions)
    return model_of_rows(
        search.nodes, rows, available, actions, initial=initial, layout=layout, unexplored=search.unexplored
    )


def explored_rows(
    search: Search, numbers: np.ndarray, following: np.ndarray, actions: Sequence[Any]
) -> tuple[sparse.csr_array, np.ndarray]:
    """Return the outcomes of some nodes as one row for each of them and each action, and which actions each has.

    Parameters
    ----------
    search : Search
    numbers : ndarray of int of shape (n_nodes,)
        The nodes. An end stays where it is, whatever the action.
    following : ndarray of int of shape (n_following,)
        The nodes that actions lead to, in the order of the columns.
    actions : sequence of hashable
        All actions, in their order.

    Returns
    -------
    rows : csr_array of shape (n_nodes * n_actions, n_following)
    available : ndarray of bool of shape (n_nodes, n_actions)
    """
    n_actions, place = len(actions), {action: number for number, action in enumerate(actions)}
    column = np.full(len(search.nodes), -1)
    column[following] = np.arange(following.size)
    available = np.zeros((numbers.size, n_actions), dtype=bool)
    rows, ends, chances = array("q"), array("q"), array("d")
    for i, number in enumerate(numbers.tolist()):
        if isinstance(search.nodes[number], End):
            found: Any = zip(actions, [number] * n_actions, strict=True)
        else:
            found = zip(search.choices[number], search.ends[number], strict=True)
        for action, outcome in found:
            if outcome is None:
                continue
            available[i, place[action]] = True
            to, with_chances = ((outcome,), (1.0,)) if isinstance(outcome, int) else outcome
            rows.extend([i * n_actions + place[action]] * len(to))
            ends.extend(to)
            chances.extend(with_chances)
    entries = np.asarray(chances), (np.asarray(rows), column[np.asarray(ends, dtype=np.int64)])
    return sparse.coo_array(entries, shape=(available.size, following.size)).tocsr(), available

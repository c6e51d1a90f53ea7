"""The breadth-first search of a simulator, and the model of what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from empowerment import validate
from empowerment.models.mdp import MDP

_ANSWERS = (
    "expected the next state, End(state), None where the action is missing, or a list of pairs "
    "(probability, next state)"
)
_HIDDEN = (
    "the label of the state does not hold everything that the next state depends on, or the simulator is random: "
    "put what is missing into the label, or return the distribution as a list of pairs (probability, next state)"
)
_SUM_TOLERANCE = 1e-9


@dataclass(frozen=True)
class End:
    """The end of an episode in a state: what a step function returns where nothing more happens.

    Parameters
    ----------
    state : hashable
        The label of the state.

    Examples
    --------
    >>> import empowerment as emp
    >>> def step(cell, move):
    ...     return emp.End("outside") if cell + move == 3 else max(cell + move, 0)
    >>> world = emp.from_step_function(step, 0, actions=[-1, 1])
    >>> world.states, world.is_terminal.tolist()
    ((0, 1, 2, 'outside'), [False, False, False, True])
    """

    state: Any


Node: TypeAlias = Any
"""A label, or the End of an episode in a state with this label."""

Outcome: TypeAlias = dict[Node, float] | None
"""The probability of each node that an action leads to; None where the action is missing."""


def labels_of(values: Iterable[Any], name: str) -> tuple[Any, ...]:
    """Return distinct labels as a tuple."""
    found = list(values)
    return validate.labels(found, len(found), name) or ()


def state_label(value: Any, what: str) -> Any:
    """Return a label as it is kept: hashable, and a plain number instead of one of NumPy's."""
    plain = value.item() if isinstance(value, np.generic) else value
    if plain is None or isinstance(plain, End):
        raise TypeError(f"{what} is {plain!r}, expected the label of a state")
    try:
        hash(plain)
    except TypeError:
        raise TypeError(f"{what} is {plain!r}, expected a hashable label; make a tuple of it") from None
    return plain


class World:
    """A step function whose answers are checked and brought into one form."""

    def __init__(self, step: Callable[[Any, Any], Any], actions: Any, keep_ends: bool) -> None:
        self.step, self.actions, self.keep_ends = step, actions, keep_ends

    def choices(self, state: Any) -> tuple[Any, ...]:
        """Return the actions of a state."""
        if not callable(self.actions):
            return tuple(self.actions)
        return labels_of(self.actions(state), f"actions({state!r})")

    def outcome(self, state: Any, action: Any) -> Outcome:
        """Take one step."""
        where = f"action {action!r} in state {state!r}"
        try:
            answer = self.step(state, action)
        except Exception as error:
            error.add_note(f"raised by the step function at {where}")
            raise
        if answer is None:
            return None
        if not isinstance(answer, list):
            return {self._node(answer, f"what {where} leads to"): 1.0}
        return self._distribution(answer, where)

    def _node(self, answer: Any, what: str) -> Node:
        if not isinstance(answer, End):
            return state_label(answer, what)
        state = state_label(answer.state, what)
        return End(state) if self.keep_ends else state

    def _distribution(self, pairs: list[Any], where: str) -> dict[Node, float]:
        found: dict[Node, float] = {}
        for pair in pairs:
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise ValueError(f"{where} gives a list with {pair!r}; {_ANSWERS}")
            probability = validate.probability(pair[0], f"a probability that {where} gives")
            node = self._node(pair[1], f"what {where} leads to")
            if probability:
                found[node] = found.get(node, 0.0) + probability
        total = sum(found.values())
        if abs(total - 1.0) > _SUM_TOLERANCE:
            raise ValueError(f"{where} gives probabilities that sum to {total:.12g}, expected 1")
        return found


class Search:
    """A breadth-first search: nodes in the order of discovery, and what their actions lead to."""

    def __init__(self, world: World, max_states: int) -> None:
        self.world, self.max_states = world, max_states
        self.nodes: list[Node] = []
        self.number: dict[Node, int] = {}
        self.depth: list[int] = []
        self.taken: list[dict[Any, Outcome]] = []

    def explore(self, starts: Iterable[Any], advance: Callable[[int], object]) -> None:
        """Find all nodes in reach."""
        for state in starts:
            self._add(state, 0)
        for node, depth in zip(self.nodes, self.depth, strict=True):  # both grow on the way
            choices = () if isinstance(node, End) else self.world.choices(node)
            outcomes = {action: self.world.outcome(node, action) for action in choices}
            self.taken.append(outcomes)
            for successor in chain.from_iterable(outcome or () for outcome in outcomes.values()):
                self._add(successor, depth + 1)
            advance(1)

    def _add(self, node: Node, depth: int) -> None:
        if node in self.number:
            return
        if len(self.nodes) == self.max_states:
            raise ValueError(
                f"found {self.max_states + 1} states, at most max_states={self.max_states} are allowed; the last is "
                f"{depth} actions away from the start, and {self.max_states - len(self.taken)} were still to be "
                "explored; raise max_states=, allow fewer actions, or leave out of the state what the future does "
                "not depend on, such as a counter (an environment's state is what get_state= and set_state= say)"
            )
        self.number[node] = len(self.nodes)
        self.nodes.append(node)
        self.depth.append(depth)

    def repeat(self, advance: Callable[[int], object]) -> None:
        """Take every transition again, the last one first, and refuse to find another outcome."""
        for node, outcomes in zip(reversed(self.nodes), reversed(self.taken), strict=True):
            choices = () if isinstance(node, End) else self.world.choices(node)
            if choices != tuple(outcomes):
                raise ValueError(
                    f"state {node!r} first had the actions {tuple(outcomes)!r} and then {choices!r}; {_HIDDEN}"
                )
            for action in reversed(choices):
                first, second = outcomes[action], self.world.outcome(node, action)
                if first != second:
                    raise ValueError(
                        f"action {action!r} in state {node!r} first gave {_shown(first)} and then "
                        f"{_shown(second)}; {_HIDDEN}"
                    )
            advance(1)


def _shown(outcome: Outcome) -> str:
    if outcome is None:
        return "None"
    nodes = list(outcome)
    return repr(nodes[0]) if len(nodes) == 1 else repr([(outcome[node], node) for node in nodes])


def model_of(search: Search, starts: Sequence[Any], layout: Any) -> MDP:
    """Put what was found into arrays."""
    fixed = () if callable(search.world.actions) else search.world.actions
    actions = list(dict.fromkeys(chain(fixed, *search.taken)))
    if not actions:
        raise ValueError("no state has an action, expected at least one")
    column = {action: place for place, action in enumerate(actions)}
    n_states, n_actions = len(search.nodes), len(actions)
    available = np.zeros((n_states, n_actions), dtype=bool)
    rows, columns, entries = [], [], []
    for number, outcomes in enumerate(search.taken):
        for action, outcome in outcomes.items():
            available[number, column[action]] = outcome is not None
            for successor, probability in (outcome or {}).items():
                rows.append(number * n_actions + column[action])
                columns.append(search.number[successor])
                entries.append(probability)
    states = tuple(_label(node, search.number) for node in search.nodes)
    return MDP(
        sparse.coo_array((entries, (rows, columns)), shape=(n_states * n_actions, n_states)).tocsr(),
        states=states,
        actions=actions,
        terminal=[isinstance(node, End) for node in search.nodes],
        available=available,
        initial=np.eye(1, n_states)[0] if len(starts) == 1 else None,
        layout=layout(states) if callable(layout) else layout,
    )


def _label(node: Node, number: dict[Node, int]) -> Any:
    """Return the label of a state; one that is entered with an end and without needs two."""
    if not isinstance(node, End):
        return node
    return ("ended", node.state) if node.state in number else node.state

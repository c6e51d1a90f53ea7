"""The breadth-first search of a simulator, and the model of what it found."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

from empowerment.adapters.outcomes import End, Node, Outcome, checked_sum, labels_of, model_of, read_outcome
from empowerment.models.mdp import MDP

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
        where = f"action {action!r} in state {state!r}"
        try:
            answer = self.step(state, action)
        except Exception as error:
            error.add_note(f"raised by the step function at {where}")
            raise
        outcome = read_outcome(answer, where, self.keep_ends)
        if outcome is None:
            return None
        hint = "" if outcome else "; None says that an action is missing"
        return checked_sum(outcome, f"{where} gives probabilities that", hint)


class Search:
    """Breadth-first search: nodes in the order of discovery, and the outcomes of their actions.

    It stops `most_steps` actions away from the start: the actions of the nodes there are not taken.
    """

    def __init__(self, world: World, max_states: int, most_steps: float = math.inf) -> None:
        self.world, self.max_states, self.most_steps = world, max_states, most_steps
        self.nodes: list[Node] = []
        self.number: dict[Node, int] = {}
        self.depth: list[int] = []
        self.taken: list[dict[Any, Outcome]] = []

    def explore(self, starts: Iterable[Any], advance: Callable[[int], object]) -> None:
        """Find all reachable nodes."""
        for state in starts:
            self._add(state, 0)
        for node, depth in zip(self.nodes, self.depth, strict=True):  # both grow on the way
            outcomes = {action: self.world.outcome(node, action) for action in self._choices(node, depth)}
            self.taken.append(outcomes)
            for successor in chain.from_iterable(outcome or () for outcome in outcomes.values()):
                self._add(successor, depth + 1)
            advance(1)

    def _choices(self, node: Node, depth: int) -> tuple[Any, ...]:
        return () if isinstance(node, End) or depth >= self.most_steps else self.world.choices(node)

    @property
    def unexplored(self) -> list[bool]:
        """Whether the actions of each node were not taken."""
        pairs = zip(self.nodes, self.depth, strict=True)
        return [not isinstance(node, End) and depth >= self.most_steps for node, depth in pairs]

    def _add(self, node: Node, depth: int) -> None:
        if node in self.number:
            return
        if len(self.nodes) == self.max_states:
            raise ValueError(
                f"found {self.max_states + 1} states, at most max_states={self.max_states} are allowed; the last is "
                f"{depth} actions away from the start, and {self.max_states - len(self.taken)} were still to be "
                "explored; raise max_states=, allow fewer actions, or leave out of the state what the future does "
                "not depend on, such as a counter (what an environment's state is get_state= says)"
            )
        self.number[node] = len(self.nodes)
        self.nodes.append(node)
        self.depth.append(depth)

    def repeat(self, advance: Callable[[int], object]) -> None:
        """Repeat every transition, the last one first, and refuse different outcomes."""
        found = zip(reversed(self.nodes), reversed(self.depth), reversed(self.taken), strict=True)
        for node, depth, outcomes in found:
            choices = self._choices(node, depth)
            if choices != tuple(outcomes):
                raise ValueError(
                    f"state {node!r} first had the actions {tuple(outcomes)!r} and then {choices!r}; {_HIDDEN}"
                )
            for action in reversed(choices):
                first, second = outcomes[action], self.world.outcome(node, action)
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
    actions = list(dict.fromkeys(chain(fixed, *search.taken)))
    if not actions:
        raise ValueError("no state has an action, expected at least one")
    return model_of(search.nodes, search.taken, actions, initial=initial, layout=layout, unexplored=search.unexplored)

"""Worlds of several agents, explored step by step."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import islice, product
from typing import Any, NamedTuple

import numpy as np

from empowerment.adapters.exploration import Search, World, explored_rows
from empowerment.adapters.outcomes import (
    End,
    Outcome,
    initial_states,
    labels_of,
    labels_of_nodes,
)
from empowerment.core import validate
from empowerment.models.multi_agent import MultiAgentMDP, in_turns
from empowerment.models.turns import Turn
from empowerment.runtime.progress import progress_bar


class Moment(NamedTuple):
    """A state, and the turn that comes next in it."""

    turn: int
    state: Any

    def __repr__(self) -> str:
        return repr(self.state) if self.turn == 0 else f"{self.state!r} (turn {self.turn + 1})"


def from_joint_step(
    step: Callable[[Any, dict[Any, Any]], Any],
    initial: Any,
    actions: Mapping[Any, Any],
    *,
    order: Sequence[Any] | None = None,
    depth: int | None = None,
    max_states: int = 100_000,
    terminal: str = "absorbing",
    check: bool = True,
    progress: bool | str = "auto",
    sensors: Mapping[Any, Any] | None = None,
    layout: Any = None,
) -> MultiAgentMDP:
    """Make a model of several agents by exploring a step function from its initial states.

    Parameters
    ----------
    step : callable
        ``step(state, chosen)`` returns what follows, in one of the forms that :func:`from_step_function` takes.
        `chosen` maps each agent that acts to its action: all agents, or with `order` those whose turn it is.
    initial : state, or list of states
        Initial states of the exploration. A tuple is one label; several go into a list.
    actions : mapping from agent to labels, or to callable
        The actions of each agent, or a function from a state to the labels of the actions the agent has in it.
    order : sequence of agents, or of tuples of agents, optional
        The turns of a step, one after the other; the agents of a tuple act at once. Each agent has one turn, and its
        policies see what earlier turns led to. By default all act at once.
    depth : int, optional
        Number of steps after which the exploration stops. The states there are marked as unexplored; a horizon of
        `depth` steps from the initial states can be answered, and one that leads farther is refused. By default all
        states in reach are explored.
    max_states : int
        Limit on the number of states of all turns together, beyond which there is an error.
    terminal : {"absorbing", "as-given"}
        Whether an end makes a terminal state or is ignored, as for :func:`from_step_function`.
    check : bool
        Repeat every transition in the reverse order, and refuse a step function whose results differ.
    progress : bool or "auto"
        Show a progress bar. ``"auto"`` shows it on a terminal, once a second has passed.
    sensors : mapping from agent to sensor, optional
        As for :class:`MultiAgentMDP`.
    layout : object, optional
        Positions of the states for pictures; a function takes the tuple of states and returns the layout.

    Returns
    -------
    MultiAgentMDP
        States in the order of their discovery. Its `initial` is the initial state where there is only one.

    Raises
    ------
    ValueError
        If there are more than `max_states` states, a transition is not the same the second time, `order` does not
        name each agent once, or an answer of `step` is of no known form.
    TypeError
        If a state is not hashable, or an argument is of a wrong type.

    See Also
    --------
    MultiAgentMDP : The model.
    from_step_function : Explore a world of one agent.
    from_pettingzoo : Explore an environment of several agents as one of them.

    Examples
    --------
    Two walkers on a line of three cells, the second of which sees where the first went:

    >>> import empowerment as emp
    >>> def walk(cells, chosen):
    ...     moved = dict(zip(("first", "second"), cells)) | {
    ...         name: min(max(cells[name == "second"] + move, 0), 2) for name, move in chosen.items()
    ...     }
    ...     return cells if moved["first"] == moved["second"] else tuple(moved.values())
    >>> moves = [-1, 0, 1]
    >>> world = emp.from_joint_step(walk, (0, 2), {"first": moves, "second": moves}, order=["first", "second"])
    >>> world
    MultiAgentMDP(3 states; actions: first 3, second 3 in 2 turns; deterministic)
    >>> beside = world.for_agent("first", {"second": {0: 1}})
    >>> emp.empowerment(beside, 1, states=(0, 2), sensor=lambda cells: cells[0]).value
    array([1.])
    """
    validate.one_of(terminal, ("absorbing", "as-given"), "terminal")
    if not callable(step):
        raise TypeError(f"step is {validate.shown(step)}, expected a function of a state and the agents' actions")
    max_states, check = validate.limit(max_states, "max_states"), validate.flag(check, "check")
    own = _actions(actions)
    turns = _turns(order, tuple(own))
    n_turns = len(turns)
    most_steps = math.inf if depth is None else validate.limit(depth, "depth") * n_turns
    starts = [Moment(0, state) for state in initial_states(initial)]
    moments = _Moments(step, turns, own, terminal == "absorbing")
    search = Search(moments, max_states, most_steps)
    with progress_bar(None, "exploring", "state", progress) as advance:
        search.explore(starts, advance)
    if check:
        with progress_bar(len(search.nodes), "checking", "state", progress) as advance:
            search.repeat(advance)
    made = _Nodes(search, n_turns)
    labels = {agent: moments.labels_of(agent) for agent in own}
    explored = [made.turn(i, {agent: labels[agent] for agent in agents}) for i, agents in enumerate(turns)]
    states = tuple(explored[0].states)
    first = np.zeros(len(states)) if len(starts) == 1 else None
    if first is not None:
        first[0] = 1.0
    layout = layout(states) if callable(layout) else layout
    return in_turns(explored, initial=first, sensors=sensors, layout=layout)


def _actions(actions: Any) -> dict[Any, Any]:
    """Return the actions of each agent as checked tuples; functions stay what they are."""
    if not isinstance(actions, Mapping) or not actions:
        raise TypeError(
            f"actions is {validate.shown(actions)}, expected a mapping from the name of each agent to its actions"
        )
    return {agent: own if callable(own) else labels_of(own, f"actions[{agent!r}]") for agent, own in actions.items()}


def _turns(order: Any, agents: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Return the agents of each turn."""
    if order is None:
        return [agents]
    if isinstance(order, str) or not validate.is_several(order):
        raise TypeError(f"order is {validate.shown(order)}, expected a sequence of agents, or of tuples of agents")
    listed = list(islice(order, len(agents) + 1))  # it may be an endless iterator
    turns = [each if isinstance(each, tuple) and each not in agents else (each,) for each in listed]
    named = [agent for turn in turns for agent in turn]
    if sorted(map(repr, named)) != sorted(map(repr, agents)):
        raise ValueError(f"order names {named!r}, expected each of the agents once: {list(agents)!r}")
    return turns


class _Moments(World):
    """The step function between moments, and the actions that it was asked for."""

    def __init__(self, step: Any, turns: list[tuple[Any, ...]], actions: dict[Any, Any], keep_ends: bool) -> None:
        super().__init__(lambda moment, joint: step(moment.state, self._chosen(moment, joint)), None, keep_ends)
        self.turns, self.of_agent = turns, actions
        self.found: dict[Any, dict[Any, None]] = {agent: {} for agent in actions}
        fixed = [not any(callable(actions[agent]) for agent in turn) for turn in turns]
        self.fixed = [
            tuple(product(*(actions[agent] for agent in turn))) if known else None
            for turn, known in zip(turns, fixed, strict=True)
        ]

    def choices(self, moment: Moment) -> tuple[tuple[Any, ...], ...]:
        """Return the joint actions of a moment."""
        fixed = self.fixed[moment.turn]
        if fixed is not None:
            return fixed
        return tuple(product(*(self._own(agent, moment.state) for agent in self.turns[moment.turn])))

    def _own(self, agent: Any, state: Any) -> tuple[Any, ...]:
        given = self.of_agent[agent]
        own = labels_of(given(state), f"actions[{agent!r}]({state!r})") if callable(given) else given
        self.found[agent].update(dict.fromkeys(own))
        return own

    def labels_of(self, agent: Any) -> tuple[Any, ...]:
        """Return the actions of an agent in any state."""
        own = tuple(self.found[agent]) if callable(self.of_agent[agent]) else self.of_agent[agent]
        if not own:
            raise ValueError(f"agent {agent!r} has no action in any state, expected at least one")
        return own

    def outcome(self, moment: Moment, joint: tuple[Any, ...]) -> Outcome:
        """Compute the moments that a joint action leads to."""
        outcome = super().outcome(moment, joint)
        if outcome is None:
            return None
        following = (moment.turn + 1) % len(self.turns)
        return {
            End(Moment(0, node.state)) if isinstance(node, End) else Moment(following, node): chance
            for node, chance in outcome.items()
        }

    def described(self, moment: Moment, joint: tuple[Any, ...]) -> str:
        """Return what messages call a step."""
        return f"step({moment!r}, {self._chosen(moment, joint)!r})"

    def _chosen(self, moment: Moment, joint: tuple[Any, ...]) -> dict[Any, Any]:
        return dict(zip(self.turns[moment.turn], joint, strict=True))


class _Nodes:
    """The nodes of a search, turn by turn; an end stands among the states of every turn."""

    def __init__(self, search: Search, n_turns: int) -> None:
        self.search = search
        self.ended = np.array([isinstance(node, End) for node in search.nodes])
        turn_of = np.array([-1 if isinstance(node, End) else node.turn for node in search.nodes])
        self.of_turn = [np.flatnonzero((turn_of == turn) | self.ended) for turn in range(n_turns)]
        self.unexplored = np.array(search.unexplored)

    def turn(self, number: int, actions: dict[Any, tuple[Any, ...]]) -> Turn:
        """Return one turn as a part of the model."""
        numbers, following = self.of_turn[number], self.of_turn[(number + 1) % len(self.of_turn)]
        rows, available = explored_rows(self.search, numbers, following, list(product(*actions.values())))
        nodes = [self.search.nodes[each] for each in numbers.tolist()]
        labels = labels_of_nodes([End(node.state.state) if isinstance(node, End) else node.state for node in nodes])
        return Turn(actions, labels, rows, available, self.ended[numbers], self.unexplored[numbers])

"""Worlds that are known from samples: logs of transitions, and simulators that roll dice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.adapters.environment import refuse_mistaken, refuse_options
from empowerment.adapters.outcomes import (
    End,
    Node,
    in_order,
    initial_states,
    labels_of,
    labels_of_nodes,
    read_node,
    state_label,
)
from empowerment.adapters.simulator import simulated
from empowerment.adapters.tables import is_row
from empowerment.core import validate
from empowerment.models.sampled import SampledModel
from empowerment.runtime.progress import progress_bar

COLUMNS = ("state", "action", "next_state")


def from_transitions(
    transitions: Any,
    *,
    columns: Sequence[Any] = COLUMNS,
    states: Sequence[Any] | None = None,
    actions: Sequence[Any] | None = None,
    prior: Any = 1.0,
    terminal: Any = None,
    available: Any = None,
    layout: Any = None,
) -> SampledModel:
    """Count the transitions of a log, such as those of an agent's trajectories.

    Parameters
    ----------
    transitions : iterable of (state, action, next state), or data frame
        One entry, or row, for each step that was taken.
    columns : sequence of hashable
        Names of the columns of a data frame that hold state, action and next state, in this order.
    states, actions : sequence of hashable, optional
        Labels of all states and actions; by default those that occur, numbers sorted and others in their order of
        appearance. What never occurred cannot be known from the log: name it here.
    prior : float or array_like of shape (n_states * n_actions, n_states)
        Pseudo-counts, as for :class:`SampledModel`.
    terminal : sequence of state labels, optional
        Absorbing final states, which the log does not tell from others.
    available : array_like of bool of shape (n_states, n_actions), optional
        Whether each action exists in each state (all by default).
    layout : object, optional
        Positions of the states for pictures.

    Returns
    -------
    SampledModel
        The counts.

    Raises
    ------
    TypeError
        If an entry is no triple, or a label is not hashable.
    ValueError
        If a label is not among those given, or there is no transition.

    See Also
    --------
    from_samples : Draw the samples from a simulator.
    estimated_empowerment : Compute what the samples say of the empowerment of states.

    Examples
    --------
    >>> import empowerment as emp
    >>> walk = [("home", "go", "work"), ("work", "go", "home"), ("home", "go", "home"), ("home", "stay", "home")]
    >>> emp.from_transitions(walk)
    SampledModel(2 states, 2 actions, 4 samples, 0 to 2 of each row)
    """
    triples = list(_triples(transitions, columns))
    if not triples:
        raise ValueError("transitions is empty, expected at least one step")
    met = in_order(dict.fromkeys(state for source, _, target in triples for state in (source, target)))
    known_states = met if states is None else list(labels_of(states, "states"))
    known_actions = in_order(dict.fromkeys(action for _, action, _ in triples)) if actions is None else actions
    known_actions = list(labels_of(known_actions, "actions"))
    number = {label: place for place, label in enumerate(known_states)}
    column = {label: place for place, label in enumerate(known_actions)}
    rows = [
        validate.index_of(state, number, "state") * len(known_actions) + validate.index_of(action, column, "action")
        for state, action, _ in triples
    ]
    targets = [validate.index_of(target, number, "state") for *_, target in triples]
    return SampledModel(
        count_table(Counter(zip(rows, targets, strict=True)), len(known_states), len(known_actions)),
        states=known_states,
        actions=known_actions,
        prior=prior,
        terminal=terminal,
        available=available,
        layout=layout,
    )


def from_samples(
    step: Any,
    initial: Any = None,
    actions: Any = None,
    *,
    n: int = 100,
    states: Any = None,
    prior: Any = 1.0,
    max_states: int = 10_000,
    progress: bool | str = "auto",
    layout: Any = None,
    seed: int = 0,
    get_state: Callable[[Any], Any] | None = None,
    set_state: Callable[[Any, Any], Any] | None = None,
    **make: Any,
) -> SampledModel:
    """Sample a simulator that rolls dice: every action in every state within reach, the same number of times.

    Parameters
    ----------
    step : callable, gymnasium.Env or str
        ``step(state, action)`` returns a next state drawn at random, ``emp.End(state)`` if the episode ends there, or
        None if the action is missing in this state. Instead of a function, a Gymnasium environment or the id of one.
    initial : state, or list of states
        Initial states of the exploration, as for :func:`from_step_function`. For an environment the state after a
        reset.
    actions : sequence of labels
        The actions. For an environment all actions by default, and a dict ``{action: label}`` gives the actions to
        take labels of one's own.
    n : int
        Number of samples of each action in each state.
    states : list of states, optional
        The states to sample from; by default every state that turns up. Others stay without samples, and what is
        computed of the model says so.
    prior : float or array_like of shape (n_states * n_actions, n_states)
        Pseudo-counts, as for :class:`SampledModel`.
    max_states : int
        Limit on the number of states, beyond which there is an error.
    progress : bool or "auto"
        Show a progress bar over the states. ``"auto"`` shows it on a terminal, once a second has passed.
    layout : object, optional
        Positions of the states for pictures; a function takes the tuple of states and returns the layout.
    seed : int
        Seed of the reset of an environment, from which its random numbers follow.
    get_state, set_state : callable, optional
        For an environment, both or none, as for :func:`from_step_function`. Without them the state is all that its
        attributes hold but for random generators.

    **make
        Arguments of ``gymnasium.make``, where an id is given.

    Returns
    -------
    SampledModel
        States in the order of their discovery. A state that is only entered with an end is terminal.

    Raises
    ------
    ValueError
        If there are more than `max_states` states, or an action is missing in a state in some of the samples.
    TypeError
        If a state is not hashable, or an argument is of a wrong type or missing.
    ImportError
        If an environment is named and its package is not installed.

    See Also
    --------
    from_transitions : Count the transitions of a log.
    from_step_function : Explore a simulator without chance, or one that returns distributions.
    estimated_empowerment : Compute what the samples say of the empowerment of states.

    Examples
    --------
    A step to the right that fails one time in five:

    >>> import numpy as np, empowerment as emp
    >>> rng = np.random.default_rng(0)
    >>> def step(cell, move):
    ...     return cell if rng.random() < 0.2 else min(max(cell + move, 0), 2)
    >>> world = emp.from_samples(step, 0, actions=[-1, 1], n=200)
    >>> world
    SampledModel(3 states, 2 actions, 1200 samples, 200 to 200 of each row)
    """
    n = validate.positive_int(n, "n", most=validate.MOST_DRAWS)
    max_states = validate.limit(max_states, "max_states")
    with ExitStack() as stack:
        if callable(step) and not isinstance(step, type):
            refuse_mistaken(step, "step")
            refuse_options(make, step)
            starts, take = initial_states(initial), step
        else:
            simulator = stack.enter_context(
                simulated(step, validate.seed(seed), get_state, set_state, may_draw=True, make=make)
            )
            if initial is not None:
                raise TypeError(f"initial is {initial!r}, but an environment begins where its reset leaves it")
            starts, take = [state_label(simulator.initial, "the initial state")], simulator.answer
            actions = simulator.named(actions)
            layout = simulator.layout if layout is None else layout
        survey = _Survey(
            take, labels_of(actions, "actions"), n, None if states is None else initial_states(states, "states")
        )
        with progress_bar(None, "sampling", "state", progress) as advance:
            survey.explore(starts, max_states, advance)
    return survey.model(prior, layout)


class _Survey:
    """Samples of every action in every state that turns up, breadth first."""

    def __init__(
        self, step: Callable[[Any, Any], Any], actions: Sequence[Any], n: int, only: list[Any] | None
    ) -> None:
        self.step, self.actions, self.n = step, actions, n
        self.only = None if only is None else set(only)
        self.number: dict[Node, int] = {}
        self.counts: dict[tuple[int, int], int] = {}
        self.missing: list[int] = []

    def explore(self, starts: Iterable[Any], max_states: int, advance: Callable[[int], object]) -> None:
        """Sample until no new state turns up."""
        nodes: list[Node] = []
        for state in (*starts, *(self.only or ())):
            self._add(state, nodes, max_states)
        for place, node in enumerate(nodes):  # which grows on the way
            if isinstance(node, End) or (self.only is not None and node not in self.only):
                continue
            for column, action in enumerate(self.actions):
                self._sample(node, action, place * len(self.actions) + column, nodes, max_states)
            advance(1)

    def _sample(self, state: Any, action: Any, row: int, nodes: list[Node], max_states: int) -> None:
        where = f"action {action!r} in state {state!r}"
        absent = 0
        for _ in range(self.n):
            answer = self.step(state, action)
            if answer is None:
                absent += 1
                continue
            target = self._add(read_node(answer, f"what {where} leads to"), nodes, max_states)
            self.counts[row, target] = self.counts.get((row, target), 0) + 1
        if absent:
            self.missing.append(row)
        if 0 < absent < self.n:
            raise ValueError(f"{where} is missing in {absent} of {self.n} samples, expected in all or none")

    def _add(self, node: Node, nodes: list[Node], max_states: int) -> int:
        if node not in self.number:
            if len(nodes) == max_states:
                raise ValueError(
                    f"found {max_states + 1} states, at most max_states={max_states} are allowed; raise max_states=, "
                    "or name the states to sample from in states="
                )
            self.number[node] = len(nodes)
            nodes.append(node)
        return self.number[node]

    def model(self, prior: Any, layout: Any) -> SampledModel:
        """Return the model of all samples."""
        nodes, n_actions = list(self.number), len(self.actions)
        labels = labels_of_nodes(nodes)
        available = np.ones(len(nodes) * n_actions, dtype=bool)
        available[self.missing] = False
        return SampledModel(
            count_table(self.counts, len(nodes), n_actions),
            states=labels,
            actions=self.actions,
            prior=prior,
            terminal=[label for label, node in zip(labels, nodes, strict=True) if isinstance(node, End)],
            available=available.reshape(len(nodes), n_actions),
            layout=layout(labels) if callable(layout) else layout,
        )


def count_table(counts: Mapping[tuple[int, int], int], n_states: int, n_actions: int) -> sparse.csr_array:
    """Return how often each pair of state and action led to each state."""
    places = np.array(list(counts), dtype=np.int64).reshape(-1, 2).T
    values = np.array(list(counts.values()), dtype=np.float64)
    return sparse.coo_array((values, tuple(places)), shape=(n_states * n_actions, n_states)).tocsr()


def _triples(transitions: Any, columns: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Yield the labels of each step."""
    there = getattr(transitions, "columns", None)
    if there is not None:
        wanted = list(columns)
        absent = [name for name in wanted if name not in list(there)]
        if len(wanted) != len(COLUMNS) or absent:
            listed = ", ".join(map(repr, there))
            raise ValueError(
                f"transitions has the columns {listed}, expected columns= to name those of state, action and next "
                f"state; it names {wanted!r}"
            )
        transitions = zip(*(list(transitions[name]) for name in wanted), strict=True)
    elif isinstance(transitions, str) or not validate.is_several(transitions):
        raise TypeError(
            f"transitions is {validate.shown(transitions)}, expected (state, action, next state) for each step"
        )
    for place, step in enumerate(transitions):
        if not is_row(step, len(COLUMNS)):
            raise TypeError(f"transitions[{place}] is {validate.shown(step)}, expected (state, action, next state)")
        state, action, target = (state_label(part, f"a label in transitions[{place}]") for part in step)
        yield state, action, target

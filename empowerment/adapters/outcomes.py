"""What the actions of a world lead to, state by state, and the model that is made of it.

Every adapter that learns of the ends of episodes goes through here, so that there is one meaning of an end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from empowerment.core import validate
from empowerment.models.mdp import MDP

SUM_TOLERANCE = 1e-9

_MOST_LABELS = 5_000_000

_ANSWERS = (
    "expected the next state, End(state), None where the action is missing, or a distribution: a dict "
    "{next state: probability}, or a list of pairs (probability, next state)"
)


@dataclass(frozen=True)
class End:
    """End of an episode in a state, returned by a step function.

    Parameters
    ----------
    state : hashable
        Label of the terminal state.

    See Also
    --------
    from_step_function : Explore a step function.

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
    if isinstance(values, str | Mapping) or not validate.is_several(values):
        raise TypeError(f"{name} is {validate.shown(values)}, expected a sequence of labels")
    found = list(islice(values, _MOST_LABELS + 1))  # it may be an endless iterator
    if len(found) > _MOST_LABELS:
        raise ValueError(f"{name} has more than {_MOST_LABELS:,} labels, expected fewer")
    return validate.labels(found, len(found), name) or ()


def state_label(value: Any, what: str) -> Any:
    """Return a label in the form in which it is stored: hashable, and a plain number instead of one of NumPy's."""
    plain = value.item() if isinstance(value, np.generic) else value
    if plain is None or isinstance(plain, End):
        raise TypeError(f"{what} is {plain!r}, expected the label of a state")
    try:
        hash(plain)
    except TypeError:
        raise TypeError(f"{what} is {plain!r}, expected a hashable label{_hashable_hint(plain)}") from None
    return plain


def _hashable_hint(value: Any) -> str:
    if isinstance(value, set):
        return "; make a frozenset of it"
    if isinstance(value, np.ndarray):
        return "; make a tuple of it" + (", as tuple(state.tolist()) does" if value.ndim == 1 else "")
    return "; make a tuple of it"


def in_order(labels: Iterable[Any]) -> list[Any]:
    """Return numbers sorted, as they count something, and other labels as they come."""
    listed = list(labels)
    return sorted(listed) if all(isinstance(label, int) for label in listed) else listed


def initial_states(initial: Any, name: str = "initial") -> list[Any]:
    """Return the states to begin with: one label, or a list of them."""
    if initial is None:
        raise TypeError(f"{name} is missing, expected the state to begin with, or a list of states")
    if not isinstance(initial, list | range) and not (isinstance(initial, np.ndarray) and initial.ndim):
        return [state_label(initial, name)]
    starts = [state_label(value, f"{name}[{place}]") for place, value in enumerate(initial)]
    if not starts:
        raise ValueError(f"{name} is empty, expected at least one state")
    return list(dict.fromkeys(starts))


def checked_sum(outcome: dict[Node, float], where: str, hint: str = "") -> dict[Node, float]:
    """Return the outcome of an action if its probabilities sum to 1.

    Raises
    ------
    ValueError
        If the sum is another one; `where` begins the message and `hint` ends it.
    """
    total = sum(outcome.values())
    if abs(total - 1.0) > SUM_TOLERANCE:
        raise ValueError(f"{where} sum to {total:.12g}, expected 1{hint}")
    return outcome


def read_outcome(answer: Any, where: str, keep_ends: bool = True, weights: bool = False) -> Outcome:
    """Return what a step function or a table says of an action, in one form.

    Parameters
    ----------
    answer : label, End, None, dict or list
        The next state, the end of an episode in a state, None for a missing action, or a distribution: a dict
        ``{next state: probability}``, or a list of pairs ``(probability, next state)``.
    where : str
        The action and the state, for messages.
    keep_ends : bool
        Whether an end differs from the state in which it happens.
    weights : bool
        Whether any weights are accepted, which the caller rescales, instead of probabilities.

    Raises
    ------
    ValueError, TypeError
        If the answer is none of these, or a probability or a label is none.
    """
    if answer is None:
        return None
    if isinstance(answer, Mapping):
        return _distribution(_pairs(answer, where, weights), where, keep_ends, weights)
    if isinstance(answer, list):
        return _distribution(answer, where, keep_ends, weights)
    return {read_node(answer, f"what {where} leads to", keep_ends): 1.0}


def read_transition(answer: Any, where: Callable[[], str], keep_ends: bool) -> Outcome:
    """Return what a step function says of an action, whose probabilities must sum to 1.

    Parameters
    ----------
    answer : label, End, None, dict or list
        As for :func:`read_outcome`.
    where : callable
        Returns the action and the state, for messages: the text of a state may take longer than the step itself.
    keep_ends : bool
        Whether an end differs from the state in which it happens.

    Raises
    ------
    ValueError, TypeError
        If the answer is of no known form, or a probability or their sum is none.
    """
    try:
        outcome = read_outcome(answer, "", keep_ends)
    except (TypeError, ValueError):
        outcome = {}
    if outcome is None or abs(sum(outcome.values()) - 1.0) <= SUM_TOLERANCE:
        return outcome
    outcome = read_outcome(answer, where(), keep_ends) or {}
    hint = "" if outcome else "; None says that an action is missing"
    return checked_sum(outcome, f"{where()} gives probabilities that", hint)


def read_node(answer: Any, what: str, keep_ends: bool = True) -> Node:
    """Return a next state, or the end of an episode in one; `what` names it in messages."""
    if not isinstance(answer, End):
        return state_label(answer, what)
    state = state_label(answer.state, what)
    return End(state) if keep_ends else state


def read_probability(value: Any, what: str, weights: bool = False) -> float:
    """Return a probability, or with `weights` any finite number that is not negative."""
    return validate.finite(value, what, least=0.0) if weights else validate.probability(value, what)


def _distribution(pairs: list[Any], where: str, keep_ends: bool, weights: bool) -> dict[Node, float]:
    outcome: dict[Node, float] = {}
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise ValueError(f"{where} gives a list with {pair!r}; {_ANSWERS}")
        probability = read_probability(pair[0], f"a probability that {where} gives", weights)
        node = read_node(pair[1], f"what {where} leads to", keep_ends)
        if probability:
            outcome[node] = outcome.get(node, 0.0) + probability
    return outcome


def _pairs(distribution: Mapping[Any, Any], where: str, weights: bool) -> list[tuple[Any, Any]]:
    """Return a dict of next states as a list of pairs, and doubt one whose values are no probabilities."""
    try:
        return [(read_probability(value, "", weights), state) for state, value in distribution.items()]
    except ValueError:
        raise ValueError(
            f"{where} gives {distribution!r}, expected probabilities in a dict, which is a distribution "
            "{next state: probability}; a state that is a dict needs a hashable label, such as tuple(state.items())"
        ) from None


def model_of(
    nodes: Sequence[Node],
    taken: Sequence[Mapping[Any, Outcome]],
    actions: Sequence[Any],
    *,
    names: Sequence[Any] | None = None,
    initial: Mapping[Node, float] | None = None,
    rewards: np.ndarray | None = None,
    layout: Any = None,
    unexplored: Sequence[bool] | None = None,
) -> MDP:
    """Make a model of the outcomes of the actions of each node.

    Parameters
    ----------
    nodes : sequence of Node
        The states of the model, in their order. An end is a terminal state.
    taken : sequence of mapping from action to Outcome
        For each node; an action that it lacks is missing there.
    actions : sequence of hashable
        All actions, in their order.
    names : sequence of hashable, optional
        Labels of the actions, where they differ.
    initial : mapping of node to float, optional
        Distribution of the initial state.
    rewards : ndarray of shape (n_nodes, n_actions), optional
        Expected rewards.
    layout : GridLayout or callable, optional
        A function takes the labels of the states and returns the layout.
    unexplored : sequence of bool, optional
        Whether the actions of each node are not known.
    """
    rows, available = outcome_rows(taken, actions, nodes)
    return model_of_rows(
        nodes,
        rows,
        available,
        actions if names is None else names,
        initial=initial,
        rewards=rewards,
        layout=layout,
        unexplored=unexplored,
    )


def model_of_rows(
    nodes: Sequence[Node],
    rows: sparse.csr_array,
    available: np.ndarray,
    names: Sequence[Any],
    *,
    initial: Mapping[Node, float] | None = None,
    rewards: np.ndarray | None = None,
    layout: Any = None,
    unexplored: Sequence[bool] | None = None,
) -> MDP:
    """Make a model of rows as :func:`outcome_rows` returns them; other arguments are those of :func:`model_of`."""
    states = labels_of_nodes(nodes)
    return MDP(
        rows,
        states=states,
        actions=names,
        terminal=[isinstance(node, End) for node in nodes],
        available=available,
        initial=None if initial is None else [initial.get(node, 0.0) for node in nodes],
        rewards=rewards,
        layout=layout(states) if callable(layout) else layout,
        unexplored=unexplored,
    )


def outcome_rows(
    taken: Sequence[Mapping[Any, Outcome]], actions: Sequence[Any], following: Sequence[Node]
) -> tuple[sparse.csr_array, np.ndarray]:
    """Return outcomes as one row for each node and action, and which actions each node has.

    Parameters
    ----------
    taken : sequence of mapping from action to Outcome
        For each node; an action that it lacks is missing there.
    actions : sequence of hashable
        All actions, in their order.
    following : sequence of Node
        The nodes that actions lead to, in the order of the columns.

    Returns
    -------
    rows : csr_array of shape (n_nodes * n_actions, n_following)
    available : ndarray of bool of shape (n_nodes, n_actions)
    """
    number = {node: place for place, node in enumerate(following)}
    column = {action: place for place, action in enumerate(actions)}
    available = np.zeros((len(taken), len(column)), dtype=bool)
    rows, columns, entries = [], [], []
    for place, outcomes in enumerate(taken):
        for action, outcome in outcomes.items():
            available[place, column[action]] = outcome is not None
            for successor, probability in (outcome or {}).items():
                rows.append(place * len(column) + column[action])
                columns.append(number[successor])
                entries.append(probability)
    shape = available.size, len(number)
    return sparse.coo_array((entries, (rows, columns)), shape=shape).tocsr(), available


def labels_of_nodes(nodes: Sequence[Node]) -> tuple[Any, ...]:
    """Return the labels of nodes; a state that is entered with an end and without needs two."""
    states = {node for node in nodes if not isinstance(node, End)}
    return tuple(
        (("ended", node.state) if node.state in states else node.state) if isinstance(node, End) else node
        for node in nodes
    )

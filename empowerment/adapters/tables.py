"""Tables of transitions: nested dicts, lists of rows, and data frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from empowerment.adapters.outcomes import (
    SUM_TOLERANCE,
    End,
    Node,
    in_order,
    labels_of,
    labels_of_nodes,
    read_node,
    read_outcome,
    read_probability,
    state_label,
)
from empowerment.core import validate
from empowerment.models.mdp import MDP

COLUMNS = ("state", "action", "next_state", "probability")
_REWARD = "reward"


class Transition(NamedTuple):
    """One outcome of an action.

    Attributes
    ----------
    state, action : hashable
    successor : Node
        The next state, or the end of the episode in it.
    probability : float
    reward : float or None
        None where the source has no rewards.
    where : str
        Name of the place in the source, for messages.
    """

    state: Any
    action: Any
    successor: Node
    probability: float
    reward: float | None
    where: str


def from_table(
    table: Any,
    *,
    columns: Sequence[Any] = COLUMNS,
    terminal: Any = None,
    initial: Any = None,
    normalize: bool = False,
) -> MDP:
    """Make an MDP of a table of transitions: nested dicts, a data frame, or rows.

    Parameters
    ----------
    table : mapping, data frame, or iterable of tuples
        ``table[state][action]`` says what the action leads to: the next state, ``emp.End(state)`` where the episode
        ends there, None where the action is missing, or a distribution, which is a dict ``{next state: probability}``
        or a list of pairs ``(probability, next state)``. Or one row for each transition: a data frame (of pandas or
        polars) with the columns that `columns` names, or tuples in that order. Probabilities of rows that are alike
        in state, action and next state are added.
    columns : sequence of hashable
        Names of the columns of a data frame that hold state, action, next state and probability, in this order, and,
        if there is a fifth, the reward of the transition. By default ``("state", "action", "next_state",
        "probability")``, and ``"reward"`` if there is such a column.
    terminal : list of states, optional
        Absorbing final states. What the table says of them is not read.
    initial : state, or dict of state to probability, optional
        The initial state, or its distribution.
    normalize : bool
        Rescale probabilities that do not sum to 1 instead of refusing them.

    Returns
    -------
    MDP
        States and actions are those of the table, numbers sorted and other labels in their order of appearance. An
        action that a state does not list is missing there. `rewards` are the expected ones of state and action.

    Raises
    ------
    ValueError
        If probabilities of a state and action do not sum to 1, a state is reached that the table does not list and
        that is not terminal, or a column is absent.
    TypeError
        If `table` is of none of these kinds, or a label is not hashable.

    See Also
    --------
    from_networkx : Read a graph whose edges are transitions.
    from_step_function : Explore a function instead of a table.
    MDP.from_arrays : Read an array whose axes come in any order.

    Examples
    --------
    >>> import empowerment as emp
    >>> lamp = emp.from_table({"off": {"press": {"on": 0.9, "off": 0.1}}, "on": {"press": "off"}})
    >>> lamp.states, lamp.actions
    (('off', 'on'), ('press',))
    >>> rows = [(0, "left", 0, 1.0), (0, "right", 1, 1.0), (1, "left", 0, 1.0), (1, "right", 1, 1.0)]
    >>> emp.from_table(rows)
    MDP(2 states, 2 actions, deterministic)
    """
    normalize = validate.flag(normalize, "normalize")
    if isinstance(table, Mapping):
        transitions = list(_nested(table, normalize))
        states = [state_label(state, "a state of the table") for state in table]
        actions = [action for choices in table.values() for action in choices]
    else:
        transitions = list(_rows(table, columns, normalize))
        states, actions = [each.state for each in transitions], [each.action for each in transitions]
    return model_of_transitions(
        transitions, states, actions, terminal=terminal, initial=initial, normalize=normalize, source="the table"
    )


def model_of_transitions(
    transitions: Sequence[Transition],
    states: Iterable[Any],
    actions: Iterable[Any],
    *,
    terminal: Any,
    initial: Any,
    normalize: bool,
    source: str,
    layout: Callable[[Sequence[Any]], Any] | None = None,
) -> MDP:
    """Make a model of single transitions.

    Parameters
    ----------
    transitions : sequence of Transition
    states, actions : iterable of hashable
        The states that the source lists, and all actions, in any number of repetitions.
    terminal, initial, normalize
        As for :func:`from_table`.
    source : str
        What the transitions come from, for messages.
    layout : callable, optional
        Function from the labels of the states to their layout.
    """
    ends = _terminal_states(terminal)
    going = [each for each in transitions if each.state not in ends]
    successors = [End(each.successor) if each.successor in ends else each.successor for each in going]
    listed = in_order(dict.fromkeys((*states, *ends)))
    nodes: list[Node] = [End(state) if state in ends else state for state in listed]
    nodes += [node for node in dict.fromkeys(successors) if isinstance(node, End) and node.state not in ends]
    ordered = in_order(dict.fromkeys(actions))
    if not ordered:
        raise ValueError(f"{source} has no transition, expected at least one")
    number, column = ({label: place for place, label in enumerate(each)} for each in (nodes, ordered))
    _refuse_unlisted(going, successors, number, source)
    n_states, n_actions = len(nodes), len(ordered)
    pair = np.array([number[each.state] * n_actions + column[each.action] for each in going], dtype=np.int64)
    probability = np.array([each.probability for each in going], dtype=np.float64)
    sums = np.bincount(pair, probability, n_states * n_actions)
    available = np.bincount(pair, minlength=n_states * n_actions) > 0
    _check_sums(sums, available, nodes, ordered, normalize)
    reached = [number[node] for node in successors]
    rows = sparse.coo_array((probability, (pair, reached)), shape=(n_states * n_actions, n_states)).tocsr()
    rows.eliminate_zeros()
    labels = labels_of_nodes(nodes)
    return MDP(
        rows,
        states=labels,
        actions=ordered,
        terminal=[isinstance(node, End) for node in nodes],
        available=available.reshape(n_states, n_actions),
        initial=_initial(initial, number),
        rewards=_expected_rewards(going, pair, sums).reshape(n_states, n_actions) if _have_rewards(going) else None,
        layout=None if layout is None else layout(labels),
        normalize=normalize,
    )


def _terminal_states(terminal: Any) -> dict[Any, None]:
    if terminal is None:
        return {}
    return dict.fromkeys(labels_of(terminal, "terminal"))


def _refuse_unlisted(
    transitions: Sequence[Transition], successors: Sequence[Node], number: Mapping[Node, int], source: str
) -> None:
    """Complain about the first state that is reached without being listed."""
    for transition, node in zip(transitions, successors, strict=True):
        if node not in number:
            raise ValueError(
                f"{transition.where} leads to state {node!r}, which {source} does not list; expected its own "
                f"transitions, or terminal=[{node!r}] if nothing happens there any more"
            )


def _check_sums(
    sums: np.ndarray, available: np.ndarray, nodes: Sequence[Node], actions: Sequence[Any], normalize: bool
) -> None:
    tolerated = sums > 0 if normalize else np.abs(sums - 1.0) <= SUM_TOLERANCE
    wrong = np.flatnonzero(available & ~tolerated)
    if wrong.size:
        state, action = divmod(int(wrong[0]), len(actions))
        hint = "" if normalize else "; pass normalize=True to rescale"
        raise ValueError(
            f"the probabilities of action {actions[action]!r} in state {nodes[state]!r} sum to "
            f"{sums[wrong[0]]:.12g}, expected 1{hint}"
        )


def _have_rewards(transitions: Sequence[Transition]) -> bool:
    return any(each.reward is not None for each in transitions)


def _expected_rewards(transitions: Sequence[Transition], pair: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """Return the expected reward of each pair of state and action."""
    gains = np.array([each.probability * (each.reward or 0.0) for each in transitions])
    return np.bincount(pair, gains, sums.size) / np.where(sums > 0, sums, 1.0)


def _initial(initial: Any, number: Mapping[Node, int]) -> list[float] | None:
    """Return the distribution of the initial state: one state, or a dict of several."""
    if initial is None:
        return None
    chances = initial if isinstance(initial, Mapping) else {state_label(initial, "initial"): 1.0}
    known = {node.state if isinstance(node, End) else node: place for node, place in number.items()}
    first = [0.0] * len(number)
    for state, chance in chances.items():
        first[validate.index_of(state, known, "state")] = validate.probability(chance, f"initial[{state!r}]")
    return first


def _nested(table: Mapping[Any, Any], normalize: bool) -> Iterator[Transition]:
    """Yield the transitions of ``table[state][action]``."""
    for label, choices in table.items():
        state = state_label(label, "a state of the table")
        if not isinstance(choices, Mapping):
            raise TypeError(
                f"table[{label!r}] is {validate.shown(choices)}, expected a dict {{action: what it leads to}}"
            )
        for action, answer in choices.items():
            where = f"table[{label!r}][{action!r}]"
            outcome = read_outcome(answer, where, weights=normalize)
            if outcome is not None and not outcome:
                raise ValueError(f"{where} has no next state, expected one, or None where the action is missing")
            for successor, probability in (outcome or {}).items():
                yield Transition(state, action, successor, probability, None, where)


def _rows(table: Any, columns: Any, normalize: bool) -> Iterator[Transition]:
    """Yield the transitions of the rows of a data frame or of a list of tuples."""
    for place, row in enumerate(_tuples(table, columns)):
        where = f"row {place} of the table"
        if not is_row(row, len(COLUMNS), len(COLUMNS) + 1):
            raise TypeError(
                f"{where} is {validate.shown(row)}, expected (state, action, next_state, probability), and a reward "
                "if there are any"
            )
        state, action = (state_label(part, f"a label in {where}") for part in row[:2])
        successor = read_node(row[2], f"the next state in {where}")
        reward = validate.finite(row[4], f"the reward in {where}") if len(row) > len(COLUMNS) else None
        weight = read_probability(row[3], f"the probability in {where}", normalize)
        yield Transition(state, action, successor, weight, reward, where)


def is_row(row: Any, *lengths: int) -> bool:
    """Return whether this is a sequence of one of these lengths."""
    return (isinstance(row, list | tuple) or (isinstance(row, np.ndarray) and row.ndim > 0)) and len(row) in lengths


def _tuples(table: Any, columns: Any) -> Iterable[Any]:
    """Return the rows of a data frame, or the table itself if it is a sequence of rows."""
    named = getattr(table, "columns", None)
    if named is None:
        if isinstance(table, str) or not validate.is_several(table):
            raise TypeError(
                f"table is {validate.shown(table)}, expected nested dicts, a data frame, or rows (state, action, "
                "next_state, probability)"
            )
        return table
    if isinstance(columns, str) or not validate.is_several(columns):
        raise TypeError(f"columns is {validate.shown(columns)}, expected the names of four or five columns")
    wanted, there = list(islice(columns, len(COLUMNS) + 2)), list(named)
    if len(wanted) not in (len(COLUMNS), len(COLUMNS) + 1):
        raise ValueError(f"columns has {len(wanted)} names, expected four, or five with that of the reward")
    for name, meaning in zip(wanted, (*COLUMNS, _REWARD), strict=False):
        if name not in there:
            listed = ", ".join(map(repr, there))
            raise ValueError(
                f"the table has no column {name!r} for the {meaning}; it has {listed}; pass columns= with the names "
                "of those of state, action, next state and probability"
            )
    if tuple(wanted) == COLUMNS and _REWARD in there:
        wanted.append(_REWARD)
    return zip(*(list(table[name]) for name in wanted), strict=True)

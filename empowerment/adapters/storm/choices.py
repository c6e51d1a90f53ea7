"""Choices of the states of a sparse model of Storm, as actions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from empowerment.adapters.outcomes import in_order

NONE = -1
"""Stands for the choice of an action that a state lacks."""


class Choices(NamedTuple):
    """Choices of all states, one after the other.

    Attributes
    ----------
    rows : csr_array of shape (n_choices, n_states)
        Probabilities of the next state.
    state : ndarray of int of shape (n_choices,)
        The state of each choice.
    """

    rows: sparse.csr_array
    state: np.ndarray

    @property
    def stay(self) -> np.ndarray:
        """Whether each choice leaves its state as it is."""
        row = np.repeat(np.arange(len(self.state)), np.diff(self.rows.indptr))
        leaves = row[self.rows.indices != self.state[row]]
        return np.asarray(np.bincount(leaves, minlength=len(self.state)) == 0)


def choices_of(model: Any) -> Choices:
    """Return the choices of a sparse model."""
    n_states = int(model.nr_states)
    sizes = map(model.get_nr_available_actions, range(n_states)) if has_choices(model) else [1] * n_states
    rows = csr(model.transition_matrix, n_states)
    rows.eliminate_zeros()
    return Choices(rows, np.repeat(np.arange(n_states), list(sizes)))


def has_choices(model: Any) -> bool:
    """Return whether a state may have several choices, as in an MDP and not in a Markov chain."""
    return bool(model.is_nondeterministic_model)


def csr(matrix: Any, n_columns: int) -> sparse.csr_array:
    """Return a sparse matrix of Storm as one of SciPy."""
    columns, values, ends = [], [], [0]
    for row in range(matrix.nr_rows):
        for entry in matrix.get_row(row):
            columns.append(entry.column)
            values.append(float(entry.value))
        ends.append(len(columns))
    return sparse.csr_array((values, columns, ends), shape=(len(ends) - 1, n_columns))


def absorbing(choices: Choices, n_states: int) -> np.ndarray:
    """Return the states in which every choice stays."""
    leaving = np.bincount(choices.state[~choices.stay], minlength=n_states)
    return np.asarray(leaving == 0)


def action_names(model: Any, choices: Choices) -> list[Any]:
    """Return the action that each choice stands for.

    A choice is named by its label. Choices without a label are numbered in each state, and so are those that share
    their label with another choice of their state: ``(label, number)``, wherever the label occurs.
    """
    if not has_choices(model):
        return [0] * len(choices.state)
    names = [_label(model, choice) for choice in range(len(choices.state))]
    counts = Counter(zip(choices.state.tolist(), names, strict=True))
    shared = {name for (_, name), count in counts.items() if count > 1 or name is None}
    numbered, seen = [], Counter[tuple[int, Any]]()
    for state, name in zip(choices.state.tolist(), names, strict=True):
        number = seen[state, name]
        seen[state, name] += 1
        numbered.append(name if name not in shared else number if name is None else (name, number))
    return numbered


def _label(model: Any, choice: int) -> Any:
    """Return the label of a choice, a tuple of several, or None."""
    found = sorted(model.choice_labeling.get_labels_of_choice(choice)) if model.has_choice_labeling() else []
    return (found[0] if len(found) == 1 else tuple(found)) if found else None


def table_of_choices(
    names: Sequence[Any], choices: Choices, is_terminal: np.ndarray
) -> tuple[tuple[Any, ...], np.ndarray]:
    """Return the actions, and the number of the choice of each state and action, `NONE` where there is none.

    Choices of terminal states alone make no action, unless there are no others. In a terminal state every action is
    its first choice.
    """
    alive = ~is_terminal[choices.state]
    actions = _distinct(names, alive if alive.any() else np.ones_like(alive))
    column = {name: number for number, name in enumerate(actions)}
    table = np.full((len(is_terminal), len(actions)), NONE)
    first = np.searchsorted(choices.state, np.arange(len(is_terminal)))
    table[is_terminal] = first[is_terminal, None]
    for choice, (state, name) in enumerate(zip(choices.state.tolist(), names, strict=True)):
        if name in column:
            table[state, column[name]] = choice
    return actions, table


def _distinct(names: Iterable[Any], counted: np.ndarray) -> tuple[Any, ...]:
    """Return the names that count, in their order of appearance, numbers at the end."""
    found = list(dict.fromkeys(name for name, counts in zip(names, counted.tolist(), strict=True) if counts))
    words = [name for name in found if not isinstance(name, int)]
    return (*words, *in_order(name for name in found if isinstance(name, int)))

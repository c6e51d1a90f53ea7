"""Enumeration of all Markov policies on information states.

If only the last reading counts, they are enough: the row of any other policy is a mixture of theirs.
"""

from __future__ import annotations

import math

import numpy as np

from empowerment.actuation.feedback.information_states import Branch, InformationStates

# Bytes for each entry of the rows of one step, which exist twice and are sorted at the end.
_BYTES = 32


def rows_of_all_policies(
    information_states: InformationStates, max_policies: int, memory: float
) -> np.ndarray | None:
    """Return the distribution of the last reading under every policy; None if there are too many.

    Parameters
    ----------
    information_states : InformationStates
        With the last reading alone.
    max_policies : int
    memory : float
        Limit in bytes.

    Returns
    -------
    ndarray of shape (n_policies, n_readings), or None
    """
    n_policies, n_entries = _sizes(information_states)
    if n_policies > max_policies or n_entries * _BYTES > memory:
        return None
    rows = _chosen([own[:, None] for own in information_states.endings])
    for level in reversed(information_states.branches):
        rows = _chosen([_mixed(own, rows) for own in level])
    return np.ascontiguousarray(rows[:, 0])


def _sizes(information_states: InformationStates) -> tuple[float, float]:
    """Return the number of policies, and of entries of the largest array of rows."""
    n_readings = information_states.endings[0].shape[1]
    levels = [
        *([len(own) for own in level] for level in information_states.branches),
        [len(own) for own in information_states.endings],
    ]
    logarithm, largest = 0.0, 0.0
    for counts in reversed(levels):
        logarithm = min(logarithm + sum(map(math.log2, counts)), 900.0)
        largest = max(largest, logarithm + math.log2(len(counts)))
    return 2.0**logarithm, n_readings * 2.0**largest


def _mixed(own: list[Branch], rows: np.ndarray) -> np.ndarray:
    """Return the rows after each action of an information state: shape (n_actions, n_policies, n_readings)."""
    return np.stack([np.einsum("f,pfr->pr", chances, rows[:, numbers]) for chances, numbers in own])


def _chosen(each: list[np.ndarray]) -> np.ndarray:
    """Return the rows of every choice of an action for each information state.

    Shape (n_policies, n_information_states, n_readings).
    """
    choices = np.indices([len(own) for own in each]).reshape(len(each), -1)
    rows = np.stack([own[chosen] for own, chosen in zip(each, choices, strict=True)], axis=2)
    return rows.reshape(-1, *rows.shape[2:])

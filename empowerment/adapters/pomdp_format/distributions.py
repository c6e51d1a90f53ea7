"""Distributions of a .POMDP file, each checked and normalized."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from empowerment.adapters.pomdp_format.parser import Parser
from empowerment.adapters.pomdp_format.probabilities import Table
from empowerment.adapters.pomdp_format.tokens import shortened

EXACT = 1e-9
_ROUNDED = 1e-4
"""Sums that miss 1 by more than the one are rescaled, by more than the other refused unless that is asked for."""


class Distributions(NamedTuple):
    """Distributions of a file.

    Attributes
    ----------
    transition : csr_array of shape (n_actions * n_states, n_states)
    observation : csr_array of shape (n_actions * n_states, n_observations) or None
        A row is empty where no state leads to the state by the action.
    initial : ndarray of shape (n_states,) or None
    missed : ndarray
        By how much the sums missed 1 that were not taken as they are.
    """

    transition: sparse.csr_array
    observation: sparse.csr_array | None
    initial: np.ndarray | None
    missed: np.ndarray


def settle(found: Parser, normalize: bool) -> Distributions:
    """Return the distributions of a file, each of which sums to 1, or refuse the first that does not."""
    transition = found.transition.resolved()
    missed = [_rescaled(transition, found.transition, found, normalize)]
    observation = None
    if found.observation is not None:
        observation = found.observation.resolved()
        missed.append(_rescaled(observation, found.observation, found, normalize, _never_reached(transition, found)))
    initial = None
    if found.start is not None:
        total = found.start.values.sum()
        if not acceptable(total, normalize):
            sentence = f"start sums to {total:.12g}, expected 1{_hint(normalize)}"
            raise found.tokens.complaint(sentence, found.start.line)
        initial = found.start.values / (total if abs(total - 1) > EXACT else 1.0)
        missed.append(np.abs(total[None] - 1))
    every = np.concatenate(missed)
    return Distributions(transition, observation, initial, every[every > EXACT])


def _rescaled(
    rows: sparse.csr_array, table: Table, found: Parser, normalize: bool, may_lack: np.ndarray | None = None
) -> np.ndarray:
    """Divide rows by their sums, in place, and return the distance of each sum from 1."""
    with np.errstate(over="ignore"):
        sums = np.asarray(rows.sum(axis=1)).reshape(-1)
    if may_lack is not None:
        sums[(sums == 0) & may_lack] = 1.0
    wrong = np.flatnonzero(~acceptable(sums, normalize))
    if wrong.size:
        raise _complaint(int(wrong[0]), sums, table, found, normalize)
    missed = np.abs(sums - 1)
    rows.data /= np.repeat(np.where(missed > EXACT, sums, 1.0), np.diff(rows.indptr))
    return np.asarray(missed)


def acceptable(sums: np.ndarray, normalize: bool) -> np.ndarray:
    """Return which sums are those of distributions, or of weights that can be divided by them."""
    return (sums > 0) & (sums < np.inf) if normalize else np.abs(sums - 1) <= _ROUNDED


def _complaint(row: int, sums: np.ndarray, table: Table, found: Parser, normalize: bool) -> ValueError:
    action, state = divmod(row, table.n_states)
    location = f"{shortened(found.actions.labels[action])} : {shortened(found.states.labels[state])}"
    name = f"'{table.head}: {location}'"
    line = table.line_of(action, state)
    if not line:
        return found.tokens.complaint(
            f"the file ends without probabilities for {name}, expected some", found.tokens.line
        )
    hint = _hint(normalize) if sums[row] else ""
    return found.tokens.complaint(f"after this line {name} sums to {sums[row]:.12g}, expected 1{hint}", line)


def _hint(normalize: bool) -> str:
    return "" if normalize else "; pass normalize=True to rescale"


def _never_reached(transition: sparse.csr_array, found: Parser) -> np.ndarray:
    """Return which pairs of an action and a state never occur, in the order of the rows of an observation."""
    n_states = len(found.states)
    never = np.ones(transition.shape[0], dtype=bool)
    action = np.repeat(np.arange(len(found.actions)), np.diff(transition.indptr[::n_states]))
    never[action * n_states + transition.indices] = False
    return never

"""Worlds known from samples: counts of transitions, and the distribution over models that they leave."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np
from scipy import sparse

from empowerment.core import validate
from empowerment.models.mdp import MDP

_AXES = "(state, action, next_state)"
# Above it a further sample does not change a count in double precision.
_LARGEST = 2.0**53


class SampledModel:
    """World whose transitions were counted, with a Dirichlet distribution over what they may be.

    Each row, the distribution of the next state after an action in a state, is unknown. Given its counts and the
    prior it follows a Dirichlet distribution, independently of the other rows.

    Parameters
    ----------
    counts : array_like of int of shape (n_states, n_actions, n_states), or sparse array
        How often each next state followed each action in each state. A sparse array has shape (n_states * n_actions,
        n_states), as in :class:`MDP`.
    states, actions : sequence of hashable, optional
        Labels; by default the numbers 0, 1, ….
    prior : float or array_like of shape (n_states * n_actions, n_states)
        Pseudo-counts. A number is what a row has of them altogether, the same for each state; an array, which may be
        sparse, has one for each transition, and 0 where a transition is known to be impossible.
    terminal : sequence of state labels, optional
        States known to be absorbing and final, whose counts are not read.
    available : array_like of bool of shape (n_states, n_actions), optional
        Whether each action exists in each state (all by default). Missing actions have no counts.
    layout : object, optional
        Positions of the states for pictures.

    Attributes
    ----------
    counts : scipy.sparse.csr_array of shape (n_states * n_actions, n_states)
        The counts.
    weights : scipy.sparse.csr_array of shape (n_states * n_actions, n_states)
        Counts and pseudo-counts together: the parameters of the Dirichlet distributions.
    n_states, n_actions : int
        Sizes.
    states, actions : tuple
        Labels.

    Raises
    ------
    ValueError
        If a count is no whole number of at least 0, a pseudo-count is negative, or an available row has neither.

    See Also
    --------
    estimated_empowerment : Compute what the samples say of the empowerment of states.
    from_transitions : Count the transitions of a log.
    capacity_from_counts : The same for one channel.

    Notes
    -----
    A prior that is spread over all states takes memory for all of them. In a large world name the possible next
    states by an array that is 0 elsewhere.

    Examples
    --------
    A lamp whose switch was pressed twenty times:

    >>> import empowerment as emp
    >>> counts = [[[9, 1], [2, 8]], [[0, 10], [7, 3]]]
    >>> lamp = emp.SampledModel(counts, states=["off", "on"], actions=["wait", "press"])
    >>> lamp
    SampledModel(2 states, 2 actions, 40 samples, 10 to 10 of each row)
    >>> lamp.mean().to_dense()[0, 0].round(4)
    array([0.8636, 0.1364])
    """

    def __init__(
        self,
        counts: Any,
        *,
        states: Sequence[Any] | None = None,
        actions: Sequence[Any] | None = None,
        prior: Any = 1.0,
        terminal: Any = None,
        available: Any = None,
        layout: Any = None,
    ) -> None:
        self.counts, self.n_actions = _counts(counts)
        self.n_states = self.counts.shape[1]
        bare = _model(_anything(self.counts.shape), states, actions, terminal, available, layout)
        self._bare, self.states, self.actions = bare, bare.states, bare.actions
        self.prior = _pseudo_counts(prior, self.counts.shape, self._unknown)
        self._check()

    @property
    def _unknown(self) -> np.ndarray:
        """Whether each row is to be estimated: of shape (n_states * n_actions,)."""
        return (self._bare.available & ~self._bare.is_terminal[:, None]).reshape(-1)

    def _check(self) -> None:
        stray = (self.n_samples > 0) & ~self._bare.available
        if stray.any():
            state, action = np.argwhere(stray)[0]
            raise ValueError(
                f"counts{self._bare._where(state * self.n_actions + action)} has samples, but available is False"
            )
        empty = self._unknown & (np.asarray(self.weights.sum(axis=1)).reshape(-1) <= 0)
        if empty.any():
            where = self._bare._where(int(np.flatnonzero(empty)[0]))
            raise ValueError(
                f"counts{where} has no samples and no pseudo-counts, expected prior > 0, or available=False"
            )

    @cached_property
    def weights(self) -> sparse.csr_array:
        """The counts and pseudo-counts of rows that are to be estimated."""
        total = sparse.csr_array(self.counts + self.prior)
        kept = sparse.csr_array(sparse.diags_array(self._unknown.astype(float)) @ total)
        kept.eliminate_zeros()
        kept.sort_indices()
        return kept

    @property
    def n_samples(self) -> np.ndarray:
        """Number of samples of each state and action, of shape (n_states, n_actions)."""
        return np.asarray(self.counts.sum(axis=1)).reshape(self.n_states, self.n_actions).astype(np.int64)

    def update(self, transitions: Any) -> Self:
        """Count further transitions.

        Parameters
        ----------
        transitions : iterable of (state, action, next state)
            Labels of this model.

        Returns
        -------
        SampledModel
            This model, changed in place.

        Raises
        ------
        ValueError
            If a label is not known, or the action does not exist in the state; then nothing is counted.
        """
        if isinstance(transitions, str) or not validate.is_several(transitions):
            raise TypeError(
                f"transitions is {validate.shown(transitions)}, expected (state, action, next state) for each step"
            )
        numbers = {label: place for place, label in enumerate(self.actions)}
        rows, columns = [], []
        for place, transition in enumerate(transitions):
            if not isinstance(transition, tuple | list) or len(transition) != 3:
                raise TypeError(
                    f"transitions[{place}] is {validate.shown(transition)}, expected (state, action, next state)"
                )
            state, successor = (self._bare.state_index(label) for label in (transition[0], transition[2]))
            action = validate.index_of(transition[1], numbers, "action")
            if not self._bare.available[state, action]:
                raise ValueError(
                    f"transitions[{place}] takes action {transition[1]!r} in state {transition[0]!r}, where it is "
                    "not available"
                )
            rows.append(state * self.n_actions + action)
            columns.append(successor)
        added = sparse.coo_array((np.ones(len(rows)), (rows, columns)), shape=self.counts.shape)
        self.counts = sparse.csr_array(self.counts + added)
        self.__dict__.pop("weights", None)
        return self

    def mean(self) -> MDP:
        """Compute the mean of the distribution over models.

        Returns
        -------
        MDP
            Each row has the mean of its Dirichlet distribution: counts and pseudo-counts, normalised.
        """
        return self._with_rows(self.weights.data)

    def draw(self, rng: np.random.Generator | int | None = None) -> MDP:
        """Draw a model at random.

        Parameters
        ----------
        rng : numpy.random.Generator, int or None
            Random source.

        Returns
        -------
        MDP
            Each row is a draw from its Dirichlet distribution.
        """
        return self._with_rows(dirichlet_draw(self.weights, validate.generator(rng)))

    def _with_rows(self, data: np.ndarray) -> MDP:
        """Return the model whose rows are proportional to these entries of the pattern of `weights`."""
        weights, bare = self.weights, self._bare
        rows = normalised(sparse.csr_array((data, weights.indices, weights.indptr), shape=weights.shape))
        return _model(rows, bare.states, bare.actions, bare.is_terminal.tolist(), bare.available, bare.layout)

    def __repr__(self) -> str:
        counted = self.n_samples[self._unknown.reshape(self.n_states, self.n_actions)]
        each = f"{counted.min()} to {counted.max()} of each row" if counted.size else "no row to estimate"
        return f"SampledModel({self.n_states} states, {self.n_actions} actions, {counted.sum()} samples, {each})"


def normalised(rows: sparse.csr_array) -> sparse.csr_array:
    """Return rows divided by their sums; those of terminal states and missing actions are empty."""
    sums = np.asarray(rows.sum(axis=1)).reshape(-1)
    scale = np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 0)
    entries = rows.data * np.repeat(scale, np.diff(rows.indptr))
    return sparse.csr_array((entries, rows.indices, rows.indptr), shape=rows.shape)


def dirichlet_draw(weights: sparse.csr_array, rng: np.random.Generator) -> np.ndarray:
    """Draw the entries of rows, up to a factor for each row, from Dirichlet distributions.

    Quotients of gamma variables have this distribution. Those of small parameters underflow, so they are drawn as
    logarithms (Marsaglia and Tsang 2000, section 6), of which the largest of each row is made 1.

    Parameters
    ----------
    weights : scipy.sparse.csr_array
        The parameters, above 0.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (weights.nnz,)
    """
    parameters = weights.data
    logs = np.log(rng.standard_gamma(parameters + 1.0)) - rng.standard_exponential(parameters.size) / parameters
    counts = np.diff(weights.indptr)
    filled = counts > 0
    highest = np.zeros(counts.size)
    if parameters.size:
        highest[filled] = np.maximum.reduceat(logs, weights.indptr[:-1][filled])
    return np.exp(logs - np.repeat(highest, counts))


def _counts(given: Any) -> tuple[sparse.csr_array, int]:
    """Return counts as rows of state and action, and the number of actions."""
    if sparse.issparse(given):
        rows = sparse.csr_array(given, dtype=np.float64)
        n_states = rows.shape[1]
        if not n_states or not rows.shape[0] or rows.shape[0] % n_states:
            raise ValueError(f"counts is sparse of shape {rows.shape}, expected (n_states * n_actions, n_states)")
        n_actions = rows.shape[0] // n_states
    else:
        array = validate.number_array(given, "counts", 3, _AXES).astype(np.float64)
        if array.shape[0] != array.shape[2]:
            raise ValueError(f"counts has shape {array.shape}, expected {_AXES} with as many next states as states")
        n_states, n_actions = array.shape[:2]
        rows = sparse.csr_array(array.reshape(n_states * n_actions, n_states))
    wrong = ~((rows.data >= 0) & (rows.data <= _LARGEST) & (rows.data == np.floor(rows.data)))
    if wrong.any():
        raise ValueError(f"counts has the entry {rows.data[wrong][0]:g}, expected whole numbers of at least 0")
    rows.eliminate_zeros()
    return rows, n_actions


def _pseudo_counts(prior: Any, shape: tuple[int, int], unknown: np.ndarray) -> sparse.csr_array:
    if validate.real(prior) is not None:
        weight = validate.finite(prior, "prior", least=0.0)
        if weight > _LARGEST:
            raise ValueError(f"prior is {validate.shown(prior)}, expected at most {_LARGEST:g}")
        spread = np.where(unknown, weight / shape[1], 0.0)[:, None]
        return sparse.csr_array(np.broadcast_to(spread, shape))
    matrix = prior if sparse.issparse(prior) else validate.number_array(prior, "prior", 2, "(pair, next_state)")
    rows = sparse.csr_array(matrix, dtype=np.float64)
    if rows.shape != shape:
        raise ValueError(f"prior has shape {rows.shape}, expected {shape}, a row for each state and action")
    if not ((rows.data >= 0) & (rows.data <= _LARGEST)).all():
        raise ValueError(f"prior has an entry outside [0, {_LARGEST:g}], expected pseudo-counts")
    return rows


def _anything(shape: tuple[int, int]) -> sparse.csr_array:
    """Return rows of some transition, for a model of which only labels are read."""
    return sparse.csr_array(
        (np.ones(shape[0]), np.zeros(shape[0], dtype=np.int64), np.arange(shape[0] + 1)), shape=shape
    )


def _model(rows: Any, states: Any, actions: Any, terminal: Any, available: Any, layout: Any) -> MDP:
    return MDP(rows, states=states, actions=actions, terminal=terminal, available=available, layout=layout)

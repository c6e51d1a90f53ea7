"""The numerical kernels of actuation, once for each backend, under one contract.

``reference`` is plain NumPy and SciPy, written to be read; ``cpu`` is compiled by numba. Both have the same
functions, tested against each other:

``count_readings(indptr, indices, read_indptr, read_indices, n_readings, starts, horizon, up_to)``
    Number of readings that are possible after `horizon` steps from each start.
``extend(rows, steps) -> (n_rows, n_actions, n_columns)``
    Every row followed by every action; -1 in all columns if the action is not available.
``leaf_offsets(rows, suffixes, steps, readings) -> (n_rows, n_suffixes)``
    For every row followed by every suffix, the part of the divergence of the reading that does not depend on q (the
    offset of :mod:`empowerment.capacity.kernels`); minus infinity for suffixes that are not available. The rows
    themselves are not stored.
``price(rows, suffix_values, offsets) -> (best, suffix)``
    For each row the largest entry of ``offsets - rows @ suffix_values``, and its column.
``sequence_rows(rows, sequences, steps) -> (n_sequences, n_columns)``
    Row i followed by the actions of sequence i; -1 in all columns if an action is not available.
``enumerate_rows(world, starts, horizon, limits) -> StateRows``
    For many starts the distributions of the last reading, one for each available sequence of `horizon` actions. Equal
    rows are merged after every action. A start takes time and memory for what it reaches, however large the world is.
``best_lassos(indptr, indices, costs, discount, above) -> Lassos``
    In a deterministic world, for each state the walk from state 0 into a cycle that begins there whose discounted
    occupancy has the largest divergence from a distribution.
``box_prices(rows, candidates, low, high, payoffs) -> (prices, weights)``
    For many boxes the multipliers of a linear program: the best mixture of some rows in the box for given payoffs.
``tradeoffs(world, n_lines) -> (n_states, n_states, n_lines, 2)``
    In a stochastic world, lines that bound the occupancies of each pair of states under any policy.
``bound_policies(world, lines, costs, cut, part) -> PolicyBound``
    In a stochastic world, an upper bound on the divergence of the occupancies of a set of policies, which is narrowed
    to those that may exceed `cut`, and where to split it.
``ascend(world, costs, rewards) -> (policies, occupancies)``
    Policies of locally largest divergence, from the best ones for rewards of states on.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import NamedTuple

import numpy as np

from empowerment.capacity.backends import BACKENDS, backend_name
from empowerment.runtime.loading import load

OUTSIDE = 50.0
"""Cost, in nats, of a unit by which a mixture of rows leaves a box, see `reference.box_prices`."""


class Steps(NamedTuple):
    """The transposed transition matrices, stacked: row ``action * n_columns + y`` holds the predecessors of y.

    Attributes
    ----------
    indptr, indices, data : ndarray
        CSR of shape (n_actions * n_columns, n_columns).
    missing : ndarray of bool of shape (n_actions, n_columns)
        Where an action is not available.
    """

    indptr: np.ndarray
    indices: np.ndarray
    data: np.ndarray
    missing: np.ndarray


class Readings(NamedTuple):
    """The transposed sensor, as CSR of shape (n_readings, n_columns)."""

    indptr: np.ndarray
    indices: np.ndarray
    data: np.ndarray


class World(NamedTuple):
    """Transitions and sensor of a whole model: CSR arrays with indices of 32 bits.

    Attributes
    ----------
    indptr, indices, data : ndarray
        Row ``state * n_actions + action`` is the distribution of the next state, empty if the action is missing.
    available : ndarray of bool of shape (n_states, n_actions)
    read_indptr, read_indices, read_data : ndarray
        Row ``state`` is the distribution of the reading.
    n_readings : int
    """

    indptr: np.ndarray
    indices: np.ndarray
    data: np.ndarray
    available: np.ndarray
    read_indptr: np.ndarray
    read_indices: np.ndarray
    read_data: np.ndarray
    n_readings: int


class RowLimits(NamedTuple):
    """How much may be enumerated.

    Attributes
    ----------
    max_sequences : int
        Largest number of rows of a layer of one start before they are merged.
    max_entries : int
        Largest number of entries of a layer of one start before its rows are merged.
    room : int
        Number of entries of the last layers of all starts together, at least `max_entries`.
    """

    max_sequences: int
    max_entries: int
    room: int


class StateRows(NamedTuple):
    """Rows of the first of the starts that were asked for: of as many as there was room for, but at least one.

    Attributes
    ----------
    entries : ndarray
        The rows of one start after those of another, as :class:`empowerment.capacity.kernels.Batch` has them.
    sequences : ndarray of int64
        The sequence of each row, as a number whose digits to the base `n_actions` are the actions.
    n_rows : ndarray of int
        For each start; 0 if no sequence is available, -1 if a layer would exceed the limits.
    n_columns : ndarray of int
        Number of readings that are possible after exactly `horizon` actions.
    n_states : ndarray of int
        Number of states in the widest layer.
    """

    entries: np.ndarray
    sequences: np.ndarray
    n_rows: np.ndarray
    n_columns: np.ndarray
    n_states: np.ndarray


class Lassos(NamedTuple):
    """Walks from state 0 that end in a cycle, one for each state in which the cycle begins.

    Attributes
    ----------
    values : ndarray of shape (n_states,)
        A number of which the largest one is the largest divergence of any policy; minus infinity if there is no walk.
    states : ndarray of int64 of shape (n_states, n_states)
        The different states of each walk in their order, then -1.
    closes : ndarray of int64 of shape (n_states,)
        The place in the walk to which its last step leads back; -1 where no walk was wanted.
    """

    values: np.ndarray
    states: np.ndarray
    closes: np.ndarray


class Choices(NamedTuple):
    """A stochastic world for policies: what can be reached, equal actions of a state merged into one choice.

    Attributes
    ----------
    first : ndarray of int64 of shape (n_states + 1,)
        The choices of state s are the numbers from ``first[s]`` up to ``first[s + 1]``.
    owner : ndarray of int64 of shape (n_choices,)
        The state of each choice.
    indptr, indices, data : ndarray
        CSR of shape (n_choices, n_states): the distribution of the next state, with indices of 64 bits.
    start : ndarray of shape (n_states,)
        Distribution of the initial state.
    discount : float
        Above 0 and below 1.
    """

    first: np.ndarray
    owner: np.ndarray
    indptr: np.ndarray
    indices: np.ndarray
    data: np.ndarray
    start: np.ndarray
    discount: float


class PolicySet(NamedTuple):
    """A set of deterministic policies: which choices are left, and which occupancies. Kernels narrow it in place.

    Attributes
    ----------
    allowed : ndarray of bool of shape (n_choices,)
    low, high : ndarray of shape (n_choices,)
        The occupancy of a state lies between these of the choice that is taken there.
    hits : ndarray of shape (2, n_states, n_states)
        Entry (0, y, x) bounds from above what any policy of the set makes of the discount to the power of the steps
        from x to y, and (1, y, x) from below.
    settled : ndarray of bool of shape (n_choices,)
        The choices that were left when `hits` were computed.
    policy : ndarray of int64 of shape (n_states,)
        A choice for each state, from which to look for values.
    """

    allowed: np.ndarray
    low: np.ndarray
    high: np.ndarray
    hits: np.ndarray
    settled: np.ndarray
    policy: np.ndarray


class PolicyBound(NamedTuple):
    """What is known of a set of policies.

    Attributes
    ----------
    bound : float
        No policy of the set has an occupancy of a larger divergence; rounded up. Minus infinity if it is empty.
    choice : int
        Where to split it; -1 if rounding leaves nothing to split.
    below, above : float
        Split into policies that do not take the choice or whose occupancy is at most `below`, and those that take it
        with an occupancy of at least `above`.
    occupancy : ndarray of shape (n_states,)
        Solution of a relaxed problem: a mixture of policies, from which to climb to one of large divergence.
    """

    bound: float
    choice: int
    below: float
    above: float
    occupancy: np.ndarray


@cache
def actuation_kernels(backend: str | None) -> ModuleType:
    """Return the package of kernels of a backend, imported on demand; for JAX that of the CPU."""
    package = BACKENDS[backend_name(backend)]
    return load(f"{__name__}.{'cpu' if package == 'xla' else package}")

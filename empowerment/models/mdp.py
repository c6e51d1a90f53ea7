"""Finite Markov decision processes in canonical arrays."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.core import validate
from empowerment.models.frontier import explored_steps
from empowerment.models.symmetry import Symmetry, declared, generators_of, numbers_of_orbits
from empowerment.models.transitions import AXES as AXES
from empowerment.models.transitions import FlatTransition, flat_transition, reordered

# The largest index of 32 bits.
_MOST_SHORT = 2**31 - 1
# Made when asked for, and kept; a copy makes its own.
_CACHED = (
    "_state_numbers",
    "is_deterministic",
    "successors",
    "action_matrices",
    "generators",
    "orbit_numbers",
    "explored_steps",
)
# Ends the message about a row of zeros, as products of feasible pairs have them.
_NO_ACTION = "; if the action is missing there, say so with available=, such as available=transition.sum(axis=2) > 0"


class MDP:
    """Finite Markov decision process: the distribution of the next state for each state and action.

    Parameters
    ----------
    transition : array_like of shape (n_states, n_actions, n_states), sparse matrix, or sequence of sparse matrices
        ``transition[s, a, t]`` is the probability of state ``t`` after action ``a`` in state ``s``; in nested lists
        None in place of a row says that the action is missing. A sparse matrix has shape (n_states * n_actions,
        n_states), and row ``s * n_actions + a`` holds that distribution: the actions of a state are adjacent rows. A
        sequence holds one sparse matrix of shape (n_states, n_states) for each action. :meth:`from_arrays` takes
        other orders.
    states, actions : sequence of hashable, optional
        Labels; by default the numbers 0, 1, ….
    terminal : sequence of state labels, or of n_states truth values, optional
        Absorbing final states. Their rows are replaced by "stay here" for every action, whatever `transition` says
        there, so that an agent has no empowerment in them.
    available : array_like of bool of shape (n_states, n_actions), optional
        Whether each action exists in each state (all by default). Rows of missing actions are not read.
    initial : array_like of shape (n_states,), optional
        Distribution of the initial state.
    rewards : array_like of shape (n_states, n_actions), optional
        Expected immediate rewards. The model only stores them: pass them where they are wanted, as in
        ``emp.unified_bellman(model, rewards=model.rewards)``. Those of missing actions are set to 0.
    discount : float, optional
        Discount factor in [0, 1], stored for planners and files; empowerment does not depend on it.
    symmetries : sequence of (states, actions), optional
        Permutations under which the model is invariant: for each the images of the states and those of the actions,
        as labels in the order of `states` and `actions`. The image of an action must do in the image of a state what
        the action does in the state, to within 1e-13 of every probability; this is checked. Compositions of
        symmetries are symmetries and need not be listed.
    layout : object, optional
        Positions of the states for pictures, stored unread (see :class:`empowerment.core.layout.GridLayout`).
    unexplored : sequence of state labels, or of n_states truth values, optional
        States whose actions are not known, at which an exploration stopped. They have no actions here, and whatever
        depends on their actions is refused, such as a horizon that leads beyond them.
    normalize : bool
        Rescale rows that do not sum to 1 instead of refusing them.

    Attributes
    ----------
    states, actions : tuple
        Labels.
    available : ndarray of bool of shape (n_states, n_actions)
        Whether each action exists in each state.
    rewards : ndarray of shape (n_states, n_actions) or None
        Expected immediate rewards, read-only.
    discount : float or None
        Discount factor.
    symmetries : tuple of (ndarray of int, ndarray of int)
        The numbers of the images of states and actions, for each symmetry declared.
    rows : scipy.sparse.csr_array of shape (n_states * n_actions, n_states)
        The transition, terminal states absorbing, rows of missing actions empty.
    is_terminal : ndarray of bool of shape (n_states,)
        Whether each state is terminal.
    is_unexplored : ndarray of bool of shape (n_states,)
        Whether the actions of each state are unknown.

    Raises
    ------
    ValueError
        If a row is not a distribution, a state is both terminal and unexplored, or a symmetry is none; the message
        names the state, the action and what was found.

    See Also
    --------
    POMDP : A process whose states are hidden.
    from_gymnasium : Make an MDP of a Gymnasium environment.
    from_step_function : Make an MDP by exploring a function or simulator.
    empowerment : Compute the empowerment of the states.

    Examples
    --------
    >>> import numpy as np, empowerment as emp
    >>> stay, swap = np.eye(2), np.eye(2)[::-1]
    >>> emp.MDP(np.stack([stay, swap], axis=1), states=["left", "right"], actions=["stay", "go"])
    MDP(2 states, 2 actions, deterministic)
    """

    def __init__(
        self,
        transition: Any,
        *,
        states: Sequence[Any] | None = None,
        actions: Sequence[Any] | None = None,
        terminal: Any = None,
        available: Any = None,
        initial: Any = None,
        rewards: Any = None,
        discount: float | None = None,
        symmetries: Sequence[Any] | None = None,
        layout: Any = None,
        unexplored: Any = None,
        normalize: bool = False,
    ) -> None:
        flat = flat_transition(transition)
        n_states, n_actions = flat.n_states, flat.n_actions
        self.n_states, self.n_actions = n_states, n_actions
        self.states: Sequence[Any] = validate.labels(states, n_states, "states") or tuple(range(n_states))
        self.actions: Sequence[Any] = validate.labels(actions, n_actions, "actions") or tuple(range(n_actions))
        self.layout = layout
        self.is_terminal = _state_mask(terminal, self, "terminal")
        self.is_unexplored = _state_mask(unexplored, self, "unexplored")
        if (self.is_terminal & self.is_unexplored).any():
            state = self.states[int(np.argmax(self.is_terminal & self.is_unexplored))]
            raise ValueError(f"state {state!r} is both terminal and unexplored, expected at most one of them")
        self.available = _availability(available, flat)
        self.available[self.is_terminal] = True
        self.available[self.is_unexplored] = False
        unread = ~self.available | self.is_terminal[:, None]
        rows = validate.probability_rows(
            flat.rows,
            "transition",
            where=self._where,
            hint=f", or check the axis order: expected {AXES}",
            empty_hint=_NO_ACTION,
            normalize=normalize,
            unchecked=unread.reshape(-1),
        )
        self.rows = _with_absorbing(sparse.csr_array(rows), self.is_terminal, n_actions)
        self.initial = (
            None if initial is None else validate.distribution(initial, n_states, "initial", normalize=normalize)
        )
        self.rewards = None if rewards is None else action_rewards(self, rewards)
        self.discount = None if discount is None else validate.discount(discount)
        masks = self.is_terminal, self.is_unexplored, self.available
        for array in (*masks, self.rows.data, self.rows.indices, self.rows.indptr):
            array.setflags(write=False)
        for optional in (self.initial, self.rewards):
            if optional is not None:
                optional.setflags(write=False)
        self.symmetries = declared(self, symmetries, self._state_numbers) if symmetries is not None else ()

    @classmethod
    def from_arrays(cls, transition: Any, axes: str, **options: Any) -> MDP:
        """Return the model of a transition whose axes come in another order.

        Where there are as many actions as states nothing shows the order of an array, so it is named.

        Parameters
        ----------
        transition : array_like with three axes, or sequence of sparse matrices
            The transition probabilities in the order that `axes` names.
        axes : {"sas", "ass", "ssa"}
            What the axes stand for: "a" the action, the first "s" the state, the second one the next state. "sas" is
            what :class:`MDP` takes, "ass" has one matrix for each action, as in pymdptoolbox. One sparse matrix has
            its rows state by state in "sas" and action by action in "ass", as ``scipy.sparse.vstack`` makes it.
        **options
            As for :class:`MDP`.

        Returns
        -------
        MDP
            The model in canonical order.

        Raises
        ------
        ValueError
            If the order is not known, or the shape is none of it.

        Examples
        --------
        >>> import numpy as np, empowerment as emp
        >>> stay, swap = np.eye(2), np.eye(2)[::-1]
        >>> emp.MDP.from_arrays([stay, swap], axes="ass", actions=["stay", "go"])
        MDP(2 states, 2 actions, deterministic)
        """
        return cls(reordered(transition, axes), **options)

    def _where(self, row: int) -> str:
        state, action = divmod(row, self.n_actions)
        return f"[{state}, {action}] (state {self.states[state]!r}, action {self.actions[action]!r})"

    def __repr__(self) -> str:
        kind = "deterministic" if self.is_deterministic else "stochastic"
        return f"MDP({self.n_states} states, {self.n_actions} actions, {kind})"

    @cached_property
    def _state_numbers(self) -> dict[Any, int]:
        return {label: number for number, label in enumerate(self.states)}

    def state_index(self, state: Any) -> int:
        """Return the number of a state.

        Parameters
        ----------
        state : hashable
            Label of the state.

        Returns
        -------
        int
            Position of the state in `states`.

        Raises
        ------
        ValueError
            If no state has this label.
        """
        return validate.index_of(state, self._state_numbers, "state")

    def state_indices(self, states: Any = None) -> np.ndarray:
        """Return the numbers of several states.

        Parameters
        ----------
        states : state label or list of state labels, optional
            One label, or a list, array or range of labels; all states by default.

        Returns
        -------
        ndarray of int of shape (n_selected,)
            Positions of the states in `states`.

        Raises
        ------
        ValueError
            If no state has one of the labels, or the list is empty.
        """
        if states is None:
            return np.arange(self.n_states)
        if isinstance(states, list | np.ndarray | range) and validate.is_several(states):
            chosen = list(states)
            if not chosen:
                raise ValueError("states is empty, expected at least one state, or None for all of them")
            try:
                return np.array(list(map(self._state_numbers.__getitem__, chosen)))
            except (KeyError, TypeError):  # for the error, or an array without axes
                return np.array([self.state_index(state) for state in chosen])
        try:
            return np.array([self.state_index(states)])
        except ValueError as reason:
            hint = "; a tuple is one label, several states go into a list" if isinstance(states, tuple) else ""
            raise ValueError(f"{reason}{hint}") from None

    @cached_property
    def is_deterministic(self) -> bool:
        """Whether every available action leads to one state with probability exactly 1."""
        filled = np.diff(self.rows.indptr)[self.available.reshape(-1)]
        return bool((filled == 1).all() and (self.rows.data == 1.0).all())

    @cached_property
    def successors(self) -> np.ndarray:
        """Number of the next state for each state and action of a deterministic world; -1 if an action is missing."""
        if not self.is_deterministic:
            raise ValueError("this model is stochastic; only a deterministic one has a table of successors")
        table = np.full(self.n_states * self.n_actions, -1, dtype=np.int64)
        table[self.available.reshape(-1)] = self.rows.indices
        table.setflags(write=False)
        return table.reshape(self.n_states, self.n_actions)

    @cached_property
    def action_matrices(self) -> tuple[sparse.csr_array, ...]:
        """Transition matrix of each action, sparse and of shape (n_states, n_states)."""
        return tuple(self.rows[a :: self.n_actions] for a in range(self.n_actions))

    @cached_property
    def generators(self) -> tuple[Symmetry, ...]:
        """The symmetries and their inverses, as numbers."""
        return generators_of(self.symmetries)

    @cached_property
    def orbit_numbers(self) -> np.ndarray:
        """The number of the orbit of each state under the symmetries."""
        return numbers_of_orbits(self.symmetries, self.n_states)

    @cached_property
    def explored_steps(self) -> np.ndarray:
        """How many actions from each state are known: infinite where no unexplored state can be reached."""
        return explored_steps(self.rows, self.is_unexplored)

    def refuse_unexplored(self, horizon: float = math.inf, numbers: np.ndarray | None = None) -> None:
        """Raise if an answer would depend on actions of unexplored states.

        Parameters
        ----------
        horizon : int or infinity
            Number of actions.
        numbers : ndarray of int, optional
            Numbers of the initial states; all states by default.

        Raises
        ------
        ValueError
            If fewer actions than `horizon` are known from one of them.
        """
        if not self.is_unexplored.any():
            return
        known = self.explored_steps
        few = np.flatnonzero(known < horizon)
        few = few if numbers is None else np.intersect1d(few, numbers)
        if not few.size:
            return
        wanted = "the whole world" if math.isinf(horizon) else f"{horizon}"
        some = f", or ask only for those of the {int((known >= horizon).sum())} states from which it is"
        raise ValueError(
            f"the world is explored for {int(known[few[0]])} steps from state {self.states[few[0]]!r}, expected "
            f"{wanted}: explore it farther with depth={some if (known >= horizon).any() else ''}"
        )

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what can be made again, from copies as well as from pickles."""
        return {name: value for name, value in self.__dict__.items() if name not in _CACHED}

    def unlabelled(self) -> MDP:
        """Return the same dynamics with numbers as labels and without layout, rewards, discount and symmetries.

        Returns
        -------
        MDP
            A model that is small to send to other processes. It shares its arrays with this one.
        """
        bare = copy.copy(self)
        bare.states, bare.actions = range(self.n_states), range(self.n_actions)
        bare.layout, bare.rewards, bare.discount, bare.symmetries = None, None, None, ()
        return bare

    def with_idle_action(self) -> MDP:
        """Return the model without labels and with one more action, the last, that stays in every state.

        Returns
        -------
        MDP
            The model with ``n_actions + 1`` actions; the new one is available everywhere.
        """
        rows, states = self.rows, np.arange(self.n_states)
        first, ends = (
            rows.indptr[:-1].reshape(self.n_states, self.n_actions),
            rows.indptr[self.n_actions :: self.n_actions],
        )
        starts = np.column_stack([first, ends]) + states[:, None]  # one more entry for each state before
        indptr = np.append(starts.reshape(-1), rows.nnz + self.n_states)
        parts = np.insert(rows.data, ends, 1.0), np.insert(rows.indices, ends, states), indptr
        model = self.unlabelled()
        model.n_actions += 1
        model.actions = range(model.n_actions)
        model.rows = _canonical(sparse.csr_array(parts, shape=(self.n_states * model.n_actions, self.n_states)))
        model.available = np.column_stack([self.available, np.ones(self.n_states, dtype=bool)])
        return model

    def to_dense(self) -> np.ndarray:
        """Return the transition as a dense array.

        Returns
        -------
        ndarray of shape (n_states, n_actions, n_states)
            ``transition[s, a, t]``; rows of missing actions are zeros.
        """
        return np.asarray(self.rows.toarray()).reshape(self.n_states, self.n_actions, self.n_states)


def as_mdp(model: Any, *, whole: bool = True) -> MDP:
    """Return a model, or an array (state, action, next_state) as the model with numbers for labels.

    One with unexplored states is refused, except with ``whole=False`` for callers that look at the horizon.
    """
    if isinstance(model, MDP):
        if whole:
            model.refuse_unexplored()
        return model
    if isinstance(model, np.ndarray) and model.ndim == 3:
        try:
            return MDP(model)
        except ValueError as reason:
            raise ValueError(str(reason).replace("normalize=True", "MDP(model, normalize=True)")) from None
    raise TypeError(
        f"model is a {type(model).__name__}, expected an MDP (from_gymnasium makes one, for example), or an array of "
        f"axes {AXES}"
    )


def action_rewards(model: MDP, rewards: Any) -> np.ndarray:
    """Return the reward of each state and action as finite numbers; those of missing actions are not read."""
    shape = model.n_states, model.n_actions
    table = np.array(validate.number_array(rewards, "rewards", 2, "(state, action)"), dtype=np.float64)
    if table.shape == shape:
        table[~model.available] = 0.0
    return validate.number_table(table, shape, "rewards", "(state, action)")


def _state_mask(given: Any, model: MDP, name: str) -> np.ndarray:
    mask = np.zeros(model.n_states, dtype=bool)
    if given is None:
        return mask
    if isinstance(given, str) or not validate.is_several(given):
        raise TypeError(
            f"{name} is {validate.shown(given)}, expected a sequence of states or one truth value for each state"
        )
    given = list(islice(given, model.n_states + 1))
    if len(given) > model.n_states:
        raise ValueError(f"{name} has more than {model.n_states} entries, expected at most one for each state")
    if given and all(isinstance(value, bool | np.bool_) for value in given):
        if len(given) != model.n_states:
            raise ValueError(f"{name} has {len(given)} truth values, expected {model.n_states}")
        return np.array(given, dtype=bool)
    for state in given:
        mask[model.state_index(state)] = True
    return mask


def _availability(available: Any, flat: FlatTransition) -> np.ndarray:
    shape = flat.n_states, flat.n_actions
    missing = np.zeros(shape, dtype=bool) if flat.missing is None else flat.missing
    if available is None:
        return ~missing
    try:
        mask = np.array(available)
    except ValueError:
        raise ValueError("available has rows of different lengths, expected (n_states, n_actions)") from None
    if mask.dtype != bool or mask.shape != shape:
        raise ValueError(
            f"available has shape {mask.shape} and dtype {mask.dtype}, "
            f"expected truth values of shape (n_states, n_actions) = {shape}"
        )
    if (mask & missing).any():
        state, action = np.argwhere(mask & missing)[0]
        raise ValueError(
            f"transition[{state}, {action}] is None, which says that the action is missing, but "
            f"available[{state}, {action}] is True"
        )
    return mask


def _with_absorbing(rows: sparse.csr_array, is_terminal: np.ndarray, n_actions: int) -> sparse.csr_array:
    """Make terminal states absorbing."""
    if is_terminal.any():
        states = np.flatnonzero(is_terminal)
        index = (states[:, None] * n_actions + np.arange(n_actions)).reshape(-1)
        columns = np.repeat(states, n_actions)
        rows = rows + sparse.csr_array((np.ones(index.size), (index, columns)), shape=rows.shape)
    return _canonical(rows)


def _canonical(rows: sparse.csr_array) -> sparse.csr_array:
    """Return the rows with sorted indices, of the size that compiled code reads if there are not too many."""
    rows.sort_indices()
    if max(rows.nnz, rows.shape[1]) > _MOST_SHORT:
        return rows
    indices, indptr = (part.astype(np.int32, copy=False) for part in (rows.indices, rows.indptr))
    return sparse.csr_array((rows.data, indices, indptr), shape=rows.shape)

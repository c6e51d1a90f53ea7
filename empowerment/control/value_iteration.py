"""Optimal values for given rewards, by sweeps of the Bellman equation."""

from __future__ import annotations

from typing import Any

import numpy as np

from empowerment.control.kernels import SparseModel
from empowerment.core import validate
from empowerment.models.dead_ends import refuse_dead_ends
from empowerment.models.mdp import MDP, as_mdp
from empowerment.runtime.loading import load

BACKENDS = ("numba", "reference")


def optimal_action_values(
    model: Any,
    rewards: Any,
    *,
    discount: float,
    order: Any = None,
    tol: float = 1e-10,
    max_iter: int = 100_000,
    backend: str = "numba",
) -> np.ndarray:
    """Compute the value of every state and action under the best policy, for one or many tables of rewards.

    Parameters
    ----------
    model : MDP, or array of shape (n_states, n_actions, n_states)
    rewards : array_like of shape (..., n_states, n_actions)
        Expected immediate rewards. Those of missing actions and of terminal states are not read.
    discount : float
        Weight of the next step against this one, at least 0 and below 1.
    order : sequence of int, optional
        The states by number, in the order in which a sweep visits them. The fewest sweeps are needed if states come
        after those that they lead to: in a world with a clock, the last hour first. By default from the last to the
        first.
    tol : float
        How far a value may be from the optimal one, rounding apart.
    max_iter : int
        Most sweeps over all states.
    backend : {"numba", "reference"}

    Returns
    -------
    ndarray of shape (..., n_states, n_actions)
        Minus infinity for actions that are missing; 0 for terminal states.

    Raises
    ------
    ValueError
        If an argument is out of range, or a state that is not terminal has no action.
    RuntimeError
        If the tolerance is missed after `max_iter`.

    See Also
    --------
    empowerment.unified_bellman : Certified values of rewards together with empowerment.

    Notes
    -----
    A sweep shrinks the distance to the optimal values by `discount`; so if it changes nothing by more than `e`, they
    are within ``e * discount / (1 - discount)`` of the values it leaves [1]_. That decides when to stop. Between two
    sweeps over all actions the compiled backend makes several over those that were best: modified policy iteration.

    References
    ----------
    .. [1] M. L. Puterman, *Markov Decision Processes*, Wiley 1994, theorem 6.3.1 and sections 6.3.3 and 6.5.

    Examples
    --------
    >>> import numpy as np, empowerment as emp
    >>> from empowerment.control.value_iteration import optimal_action_values
    >>> world = emp.worlds.delivery()
    >>> rewards = emp.worlds.delivery_features() @ [0.7, 0.15, 0.15]
    >>> values = optimal_action_values(world, rewards, discount=0.97)
    >>> values[world.state_index((8, 0, "far"))].round(6)
    array([19.699451, 18.956938, 19.053799])
    """
    iteration = ValueIteration(model, discount=discount, order=order, tol=tol, max_iter=max_iter, backend=backend)
    return iteration.action_values(rewards)


class ValueIteration:
    """Value iteration in one model, for tables of rewards that come later; see :func:`optimal_action_values`."""

    def __init__(
        self,
        model: Any,
        *,
        discount: float,
        order: Any = None,
        tol: float = 1e-10,
        max_iter: int = 100_000,
        backend: str = "numba",
    ) -> None:
        self._model = model = as_mdp(model)
        self._discount = validate.discount_below_one(discount)
        self._tol, self._max_iter = validate.finite(tol, "tol", above=0.0), validate.limit(max_iter, "max_iter")
        refuse_dead_ends(model)
        self._order = _visited(model, order)
        self._backend = validate.one_of(backend, BACKENDS, "backend")
        rows = model.rows
        self._rows = SparseModel(
            rows.indptr.astype(np.int64), rows.indices.astype(np.int64), rows.data, model.available
        )

    def action_values(self, rewards: Any) -> np.ndarray:
        """Compute the value of every state and action under the best policy, for one or many tables of rewards."""
        model, discount = self._model, self._discount
        tables = _reward_tables(model, rewards)
        largest = float(np.abs(tables).max())
        if not np.isfinite(largest / (1 - discount)):
            raise ValueError(
                f"rewards are up to {largest:g}, expected numbers whose sum over all steps is in double precision"
            )
        gap = self._tol * (1 - discount) / discount if discount else np.inf
        kernel = load(f"empowerment.control.kernels.{'cpu' if self._backend == 'numba' else self._backend}")
        swept = kernel.sweep_until(self._rows, tables, discount, self._order, gap, self._max_iter)
        if not (swept.change <= gap).all():
            missed = float(swept.change.max()) * discount / (1 - discount)
            raise RuntimeError(
                f"after {self._max_iter} sweeps the values may be {missed:.2e} from the optimal ones, wanted are "
                f"{self._tol:.2e}: raise max_iter or tol"
            )
        ahead = (model.rows @ swept.values.T).T.reshape(tables.shape)
        values = np.where(model.available, tables + discount * ahead, -np.inf)
        return values.reshape(np.shape(rewards))


def _reward_tables(model: MDP, rewards: Any) -> np.ndarray:
    """Return rewards as an array (table, state, action), 0 for missing actions and in terminal states."""
    shape = model.n_states, model.n_actions
    array = validate.number_array(rewards, "rewards", None, "(..., state, action)")
    if array.shape[-2:] != shape:
        raise ValueError(
            f"rewards has shape {array.shape}, expected (..., n_states, n_actions) = (..., {shape[0]}, {shape[1]})"
        )
    tables = np.array(array, dtype=np.float64, order="C").reshape(-1, *shape)
    tables[:, ~model.available] = 0.0
    tables[:, model.is_terminal] = 0.0
    if not np.isfinite(tables).all():
        table, state, action = np.argwhere(~np.isfinite(tables))[0]
        raise ValueError(
            f"rewards of state {model.states[state]!r} and action {model.actions[action]!r} are "
            f"{tables[table, state, action]:g}, expected finite numbers"
        )
    return tables


def _visited(model: MDP, order: Any) -> np.ndarray:
    if order is None:
        return np.arange(model.n_states - 1, -1, -1)
    return validate.permutation(order, {number: number for number in range(model.n_states)}, "order", "state")

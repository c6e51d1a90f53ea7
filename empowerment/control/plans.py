"""Optimal plans over a finite horizon, and what all of them have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.control.value_policies import state_values
from empowerment.core import validate
from empowerment.models.dead_ends import admissible_actions
from empowerment.models.mdp import MDP, as_mdp
from empowerment.results.result import Result, Table
from empowerment.runtime.progress import progress_bar


@dataclass(frozen=True, eq=False, repr=False)
class OptimalPlans(Result):
    """What the optimal plans of an agent lead to: a range for each quantity, as several plans may be optimal.

    Attributes
    ----------
    names : tuple
        Names of the quantities.
    low, high : ndarray of shape (n_quantities,)
        The least and the largest mean of each quantity over the states reached, over all optimal plans. Two extremes
        of different quantities need not belong to one plan.
    best : float
        The largest discounted sum of the values of the states reached.
    state : hashable
        Label of the initial state.
    horizon : int
    discount : float
    tol : float
        An action within this of the best one counts as optimal.

    See Also
    --------
    optimal_plans : Compute these ranges.

    Examples
    --------
    >>> import empowerment as emp
    >>> row = emp.worlds.open_grid(1, 3)
    >>> plans = emp.optimal_plans(row, [0.0, 1.0, 0.0], 2, (0, 0), measures={"place": [0.0, 1.0, 2.0]})
    >>> plans
    OptimalPlans(best 2, place: 1 to 1)
    """

    names: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    best: float
    state: Any
    horizon: int
    discount: float
    tol: float

    def __repr__(self) -> str:
        ranges = (f"{name}: {a:.6g} to {b:.6g}" for name, a, b in zip(self.names, self.low, self.high, strict=True))
        return f"OptimalPlans({', '.join([f'best {self.best:.6g}', *ranges])})"

    def __getitem__(self, name: str) -> tuple[float, float]:
        """Return the least and the largest mean of a quantity."""
        place = validate.index_of(name, {each: i for i, each in enumerate(self.names)}, "measure")
        return float(self.low[place]), float(self.high[place])

    def _table(self) -> Table:
        return Table("measure", self.names, {"low": self.low, "high": self.high})

    def _check(self) -> None:
        if not self.low.shape == self.high.shape == (len(self.names),):
            raise ValueError(
                f"low and high have shapes {self.low.shape} and {self.high.shape}, expected one per name"
            )
        if not (self.low <= self.high).all():
            raise ValueError("low and high do not fit, expected low <= high")


def optimal_plans(
    model: Any,
    values: Any,
    horizon: int,
    state: Any,
    *,
    measures: Mapping[str, Any],
    discount: float = 1.0,
    tol: float = 1e-9,
    progress: bool | str = "auto",
) -> OptimalPlans:
    """Compute what all plans with the largest sum of values of the states reached lead to.

    Where several actions are equally good, a plan that is optimal for one agent may be good or bad for others. The
    ranges say what holds beside every optimal plan, and not only beside the first one found.

    Parameters
    ----------
    model : MDP, or array of shape (n_states, n_actions, n_states)
        The world of the planning agent, such as ``world.for_agent("assistant", others)``.
    values : EmpowermentResult, CoupledResult or array_like of shape (n_states,)
        What the plan maximizes: the value of each state reached.
    horizon : int
        Number of steps.
    state : hashable
        Label of the initial state.
    measures : mapping from name to values of states
        Quantities whose mean over the states reached is bounded; each as `values`.
    discount : float
        Discount factor in [0, 1] of the values of later states.
    tol : float
        An action within this of the best one counts as optimal, in the unit of the values. A plan loses at most this
        in each step. Values from intervals are known to within their widths: let `tol` exceed what these add up to.
    progress : bool or "auto"
        Show a progress bar over steps. ``"auto"`` shows it on a terminal, once a second has passed.

    Returns
    -------
    OptimalPlans
        The ranges over all optimal plans, which may depend on the time and on the state.

    Raises
    ------
    ValueError
        If values do not fit the model, or no plan of this length is available from the state.

    See Also
    --------
    assistant_policy : Look one step ahead.
    unified_bellman : Plan with rewards over an infinite horizon.

    Notes
    -----
    An action is optimal with k steps left if the expected value of the next state plus the discounted value with
    k - 1 left is largest. With these actions alone the least and the largest sum of a measure follow by the same
    recursion.

    Examples
    --------
    From the middle of a row both ends are equally good, so that an optimal plan may lead to either:

    >>> import empowerment as emp
    >>> row = emp.worlds.open_grid(1, 3)
    >>> plans = emp.optimal_plans(row, [1.0, 0.0, 1.0], 2, (0, 1), measures={"place": [0.0, 1.0, 2.0]})
    >>> plans["place"]
    (0.0, 2.0)
    """
    model = as_mdp(model, whole=False)
    horizon = validate.positive_int(validate.short_horizon(horizon), "horizon")
    start, discount = model.state_index(state), validate.discount(discount)
    model.refuse_unexplored(horizon, np.array([start]))
    tol = validate.finite(tol, "tol", least=0.0)
    if not isinstance(measures, Mapping):
        raise TypeError(f"measures is {validate.shown(measures)}, expected a mapping from names to values of states")
    names = tuple(validate.text(name, "a name in measures") for name in measures)
    rows = [state_values(model, each, f"measures[{name!r}]") for name, each in measures.items()]
    table = np.array(rows).reshape(len(names), model.n_states)
    objective = state_values(model, values)
    with progress_bar(horizon, "planning", "step", progress) as advance:
        best, low, high = _ranges(model, objective, table, horizon, discount, tol, advance)
    if not np.isfinite(best[start]):
        raise ValueError(f"no plan of {horizon} actions is available from state {state!r}")
    return OptimalPlans(
        names=names,
        low=low[:, start] / horizon,
        high=high[:, start] / horizon,
        best=float(best[start]),
        state=model.states[start],
        horizon=horizon,
        discount=discount,
        tol=tol,
    )


def _ranges(
    model: MDP,
    values: np.ndarray,
    table: np.ndarray,
    horizon: int,
    discount: float,
    tol: float,
    advance: Callable[[int], object],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the largest sum of the values, and the least and largest sums of each measure beside it."""
    rows = sparse.vstack(model.action_matrices, format="csr")  # action by action: extremes run along the memory
    best = np.zeros(model.n_states)
    low, high = np.zeros(table.shape), np.zeros(table.shape)
    allowed_each = admissible_actions(model.action_matrices, model.available)
    for _ in range(horizon):
        allowed = np.ascontiguousarray(next(allowed_each).T)
        gains = np.where(allowed, _expected(rows, values + discount * best), -np.inf)
        best = gains.max(axis=0)
        optimal = allowed & (gains >= np.where(np.isfinite(best), best - tol, 0.0))
        for own, least, most in zip(table, low, high, strict=True):
            least[:] = np.where(optimal, _expected(rows, own + least), np.inf).min(axis=0)
            most[:] = np.where(optimal, _expected(rows, own + most), -np.inf).max(axis=0)
        advance(1)
    return best, low, high


def _expected(rows: sparse.csr_array, sums: np.ndarray) -> np.ndarray:
    """Return the expected sum after each action in each state, of shape (n_actions, n_states).

    States without a plan count as 0; no admissible action leads to them.
    """
    expected = rows @ np.where(np.isfinite(sums), sums, 0.0)
    return np.asarray(expected.reshape(-1, sums.size))

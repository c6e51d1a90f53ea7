"""POWER: how well an agent can do on average over rewards that it might be given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment.control.value_iteration import ValueIteration
from empowerment.core import validate
from empowerment.models.mdp import MDP, as_mdp
from empowerment.results.by_label import ByLabel, several
from empowerment.results.certified import counted
from empowerment.results.result import Result, Table
from empowerment.runtime.progress import progress_bar

UNIFORM = "uniform"
_DEFAULT_SAMPLES = 1000
_LARGEST_REWARD = 1e100
# Bytes of the tables of rewards that are solved at once.
_CHUNK = 2e7


@dataclass(frozen=True, eq=False, repr=False)
class AverageOptimalValue(ByLabel, Result):
    """The average optimal value (POWER) of states, over rewards.

    Rewards that were drawn make it a sample mean, whose distance from the mean over the distribution is a matter of
    chance: there are no certified ends. Sized, iterable over the labels of the states, and indexed by them.

    Attributes
    ----------
    value : ndarray of shape (n_states,)
        The average, in the unit of rewards for one step.
    standard_error : ndarray of shape (n_states,)
        Standard error of the sample mean; 0 where all rewards were given.
    states : tuple
        Labels of the states.
    state_numbers : ndarray of int of shape (n_states,)
        Their numbers in the model.
    discount : float
    n_rewards : int
        Number of rewards, drawn or given.
    sampled : bool
        Whether rewards were drawn.
    tol : float
        `value` is within this of the average of the exact optimal values for these same rewards, rounding apart.

    See Also
    --------
    average_optimal_value : Compute these averages.

    Examples
    --------
    >>> import numpy as np, empowerment as emp
    >>> row = emp.worlds.open_grid(1, 3)
    >>> found = emp.average_optimal_value(row, 0.9, rewards=np.eye(3))
    >>> found
    AverageOptimalValue(3 states, discount 0.9: 0.967 to 1, exact over 3 rewards to 1e-08)
    >>> found.value.round(3).tolist(), found.standard_error.tolist()
    ([0.967, 1.0, 0.967], [0.0, 0.0, 0.0])
    """

    _each = ("value", "standard_error", "states", "state_numbers")

    value: np.ndarray
    standard_error: np.ndarray
    states: tuple[Any, ...]
    state_numbers: np.ndarray
    discount: float
    n_rewards: int
    sampled: bool
    tol: float

    def __float__(self) -> float:
        if len(self) != 1:
            raise several(*self._labels)
        return float(self.value[0])

    def __repr__(self) -> str:
        low, high = float(self.value.min()), float(self.value.max())
        ends = f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
        rewards = counted(self.n_rewards, "reward")
        error = f"standard error up to {self.standard_error.max():.1e} from {rewards} drawn"
        how = error if self.sampled else f"exact over {rewards} to {self.tol:g}"
        return f"AverageOptimalValue({counted(len(self), 'state')}, discount {self.discount:g}: {ends}, {how})"

    def _table(self) -> Table:
        return Table("state", self.states, {"value": self.value, "standard_error": self.standard_error})

    def _check(self) -> None:
        self._check_lengths()
        if not np.isfinite(self.value).all() or not (self.standard_error >= 0).all():
            raise ValueError(
                "value or standard_error has an impossible entry, expected finite ones and errors of at least 0"
            )


def average_optimal_value(
    model: Any,
    discount: float,
    *,
    states: Any = None,
    rewards: Any = UNIFORM,
    n_samples: int | None = None,
    rng: np.random.Generator | int | None = None,
    tol: float = 1e-8,
    max_iter: int = 100_000,
    progress: bool | str = "auto",
) -> AverageOptimalValue:
    """Compute the average optimal value of states over rewards, known as POWER (Turner et al. 2021).

    It is the optimal discounted sum of the rewards of later states, averaged over reward functions and scaled to one
    step: ``(1 - discount) / discount * mean(V - R)``, where ``V`` is the optimal value of a state for the rewards
    ``R``, that of the present state included.

    Parameters
    ----------
    model : MDP, or array of shape (n_states, n_actions, n_states)
        The world. Terminal states absorb, and go on to give their reward.
    discount : float
        Discount factor, at least 0 and below 1. At 0, the limit of the formula, only the next state counts.
    states : state label or list of state labels, optional
        States whose average is returned; by default all.
    rewards : "uniform", callable or array_like of shape (n_rewards, n_states)
        The rewards of states: by default independent and uniform on [0, 1]; a function of a
        :class:`numpy.random.Generator` that draws one reward for each state; or all reward functions there are,
        equally probable, which makes the average exact.
    n_samples : int, optional
        Number of reward functions to draw, at least 2; by default 1000. Not with an array of rewards.
    rng : numpy.random.Generator, int or None
        Random source. Not with an array of rewards.
    tol : float
        How far each optimal value, scaled to one step, may be from the exact one, rounding apart.
    max_iter : int
        Most sweeps over all states for each reward function.
    progress : bool or "auto"
        Show a progress bar over reward functions. ``"auto"`` shows it on a terminal, once a second has passed.

    Returns
    -------
    AverageOptimalValue
        The averages with their standard errors.

    Raises
    ------
    ValueError
        If an argument is out of range, or a state that is not terminal has no action.
    RuntimeError
        If the tolerance is missed after `max_iter`.

    See Also
    --------
    goal_attainment_power : Compute how well persons attain goals beside a robot.
    empowerment : Compute what actions can tell a sensor, without rewards.

    Notes
    -----
    With the optimal expected value ``W(s)`` of the next state, ``V(s) = R(s) + discount * W(s)``, so that the average
    is ``(1 - discount) * mean(W)``; value iteration solves ``W(s) = max_a E[R(t) + discount * W(t)]``, where `t` is
    the next state.

    Between rewards that are drawn the standard deviation is at most 1/2 if they lie in [0, 1]; 1000 of them give a
    standard error of at most 0.016. All states are averaged over the same draws, so that differences between
    states are known better than their values.

    References
    ----------
    A. M. Turner, L. Smith, R. Shah, A. Critch and P. Tadepalli, "Optimal policies tend to seek power", *Advances in
    Neural Information Processing Systems* 34, 2021, definition 5.2.

    Examples
    --------
    From the centre of a star with three absorbing ends the best of three rewards is chosen, 3/4 on average:

    >>> import empowerment as emp
    >>> star = emp.from_table({"centre": {end: end for end in "abc"}}, terminal=["a", "b", "c"])
    >>> found = emp.average_optimal_value(star, 0.9, rng=0)
    >>> bool(abs(found["centre"].value - 3 / 4) < 3 * found["centre"].standard_error)
    True
    """
    model = as_mdp(model)
    discount = validate.discount_below_one(discount)
    numbers = model.state_indices(states)
    tol = validate.finite(tol, "tol", above=0.0)
    draw, n_rewards = _source(model, rewards, n_samples, rng)
    unended = MDP(model.rows, states=model.states, actions=model.actions, available=model.available)
    iteration = ValueIteration(unended, discount=discount, tol=tol / (1 - discount), max_iter=max_iter)
    share = max(int(_CHUNK / (8 * model.available.size)), 1)
    mean, spread = np.zeros(numbers.size), np.zeros(numbers.size)
    with progress_bar(n_rewards, "solving", "reward", progress) as advance:
        for first in range(0, n_rewards, share):
            drawn = draw(first, min(share, n_rewards - first))
            tables = (unended.rows @ drawn.T).T.reshape(-1, *unended.available.shape)
            best = (1 - discount) * iteration.action_values(tables).max(axis=2)[:, numbers]
            mean, spread = _pooled(mean, spread, first, best)
            advance(len(best))
    sampled = callable(rewards) or isinstance(rewards, str)
    error = np.sqrt(spread / max(n_rewards - 1, 1) / n_rewards) if sampled else np.zeros(numbers.size)
    return AverageOptimalValue(
        value=mean,
        standard_error=error,
        states=tuple(model.states[number] for number in numbers.tolist()),
        state_numbers=numbers,
        discount=discount,
        n_rewards=n_rewards,
        sampled=sampled,
        tol=tol,
    )


def _source(model: MDP, rewards: Any, n_samples: Any, rng: Any) -> tuple[Callable[[int, int], np.ndarray], int]:
    """Return the function that gives so many rewards from a number on, and how many there are."""
    if isinstance(rewards, str):
        validate.one_of(rewards, (UNIFORM,), "rewards")
    elif not callable(rewards):
        table = validate.number_array(rewards, "rewards", 2, "(reward function, state)")
        if n_samples is not None or rng is not None:
            raise ValueError("n_samples or rng is given beside an array of rewards, expected None: nothing is drawn")
        if not len(table):
            raise ValueError(f"rewards has shape {table.shape}, expected at least one reward function")
        checked = _checked(table, model)
        return (lambda first, count: checked[first : first + count]), len(checked)
    n = validate.positive_int(
        _DEFAULT_SAMPLES if n_samples is None else n_samples, "n_samples", most=validate.MOST_DRAWS
    )
    if n < 2:
        raise ValueError("n_samples is 1, expected at least 2: one says nothing of the standard error")
    generator, n_states = validate.generator(rng), model.n_states
    if isinstance(rewards, str):
        return (lambda first, count: generator.random((count, n_states))), n
    function = validate.function(rewards, "rewards", "a numpy.random.Generator")
    return (lambda first, count: np.concatenate([_drawn(function, generator, model) for _ in range(count)])), n


def _drawn(function: Any, generator: np.random.Generator, model: MDP) -> np.ndarray:
    row = validate.number_array(function(generator), "rewards(rng)", 1, "(state,)")
    return _checked(row[None, :], model)


def _checked(table: np.ndarray, model: MDP) -> np.ndarray:
    found = validate.number_table(table, (len(table), model.n_states), "rewards", "(reward function, state)")
    if not (np.abs(found) <= _LARGEST_REWARD).all():
        raise ValueError(f"rewards are up to {np.abs(found).max():g}, expected at most {_LARGEST_REWARD:g}")
    return np.asarray(found, dtype=np.float64)


def _pooled(mean: np.ndarray, spread: np.ndarray, count: int, more: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the sum of squared deviations of `count` rows together with more of them."""
    own, n = more.mean(axis=0), len(more)
    apart, total = own - mean, count + n
    merged = spread + ((more - own) ** 2).sum(axis=0) + apart**2 * (count * n / total)
    return mean + apart * (n / total), merged

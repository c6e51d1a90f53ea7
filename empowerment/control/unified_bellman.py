"""Rewards and empowerment in one value: the Bellman equation of both."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from empowerment.actuation.feedback.bellman import reached_channel
from empowerment.capacity.backends import backend_name
from empowerment.capacity.solve import channel_capacity
from empowerment.core import validate
from empowerment.core.status import ON_FAILURE, Status, report_failure
from empowerment.models.dead_ends import lasting_actions
from empowerment.models.induced_chain import solve_discounted, step_matrix
from empowerment.models.mdp import MDP, action_rewards, as_mdp
from empowerment.models.policy import Policy
from empowerment.results.certified import Labelled

# So many sweeps without a narrower interval, and rounding has taken over.
_PATIENCE = 3
# The part of the tolerance that the intervals of single states may use up.
_SHARE = 0.1
# In nats; sums over the steps to come are larger, and squares of these overflow.
_LARGEST_WORTH = 1e80


@dataclass(frozen=True, eq=False, repr=False)
class BellmanResult(Labelled):
    """Values of states for rewards and empowerment together, with their certified intervals.

    Sized, iterable over the labels of the states, and indexed by them.

    Attributes
    ----------
    value, lower, upper : ndarray of shape (n_states,)
        The value of each state, and the ends it is proved to lie between. `policy` itself is worth at least `lower`.
        0 where every policy may come to a dead end.
    status : ndarray of int of shape (n_states,)
        A :class:`Status` for each: ``NO_SEQUENCE`` where every policy may come to a dead end.
    method : str
        "policy-iteration", with certified sweeps.
    policy : Policy
        The best one found. Where every policy may come to a dead end it takes the first available action, if there
        is one.
    states : tuple
        Labels of the states.
    n_iter : int
        How often every state was solved.
    backend : str
        Where capacities were solved; "none" if information has no weight.
    discount, reward_weight, information_weight : float
    base, tol, rtol : float

    See Also
    --------
    unified_bellman : Compute these values.
    discounted_empowerment : Compute the values of empowerment alone.

    Examples
    --------
    >>> import empowerment as emp
    >>> result = emp.discounted_empowerment(emp.worlds.golden_mean(), 0.5)
    >>> result.value.round(4).tolist(), result.unit, bool(result.converged.all())
    ([1.6227, 0.8114], 'bits', True)
    >>> result.policy
    Policy(2 states, 2 actions, stochastic)
    """

    _each = ("value", "lower", "upper", "status", "states")
    _parts = (Policy,)

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    status: np.ndarray
    policy: Policy
    states: tuple[Any, ...]
    n_iter: int
    backend: str
    discount: float
    reward_weight: float
    information_weight: float
    base: float
    tol: float
    rtol: float

    @property
    def method(self) -> str:
        """How the values were found."""
        return "policy-iteration"

    @property
    def _axes(self) -> Mapping[str, Sequence[Any]]:
        return {"state": self.states}

    @property
    def _details(self) -> Sequence[str]:
        return (f"{self.n_iter} sweeps",)


def unified_bellman(
    model: Any,
    rewards: Any = None,
    *,
    discount: float,
    reward_weight: float = 1.0,
    information_weight: float = 1.0,
    tol: float = 1e-9,
    rtol: float = 0.0,
    base: float | str = 2,
    backend: str | None = None,
    max_iter: int = 100,
    on_failure: str = "warn",
) -> BellmanResult:
    """Compute the optimal value of rewards and empowerment together, with certified intervals.

    The value of a state is the maximum, over policies, of the expected discounted sum of ``reward_weight * reward +
    information_weight * information``, where the information of a step is that between the action and the next state
    (Leibfried, Pascual-Diaz, Grau-Moya 2019). Only policies are considered that never reach a dead end: a
    non-terminal state without actions.

    Parameters
    ----------
    model : MDP, or array of shape (n_states, n_actions, n_states)
        The world of the agent.
    rewards : array_like of shape (n_states, n_actions), optional
        Expected immediate rewards, in the result's unit; none by default. Those of missing actions and of terminal
        states are not read.
    discount : float
        Weight of a step relative to the one before, at least 0 and below 1.
    reward_weight : float
        Weight of the rewards.
    information_weight : float
        Weight of the information, at least 0. With 0 it is the Bellman equation of the rewards alone. Without rewards
        it is the discounted empowerment of an agent with feedback over the trajectory of states.
    tol : float
        Width wanted of the intervals, in the result's unit.
    rtol : float
        Width wanted relative to the lower ends; the wider of the two counts.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats: the unit in which rewards are given.
    backend : {"numba", "reference", "jax"}, optional
        Backend of the capacities; see :func:`channel_capacity`.
    max_iter : int
        Limit on the sweeps over all states.
    on_failure : {"warn", "raise", "ignore"}
        What to do when an interval stays wider than the tolerance. The interval holds in any case.

    Returns
    -------
    BellmanResult
        The value of each state, and a policy that attains its lower end.

    Raises
    ------
    ValueError
        If an option or a reward is out of range.
    RuntimeError
        If the tolerance is missed and ``on_failure="raise"``.

    Warns
    -----
    ConvergenceWarning
        If the tolerance is missed and ``on_failure="warn"``.

    See Also
    --------
    discounted_empowerment : Compute the values without rewards.
    greedy_policy : Make the policy that climbs a table of values.

    Notes
    -----
    One update of a state is a capacity with rewards. A sweep solves all states as one batch; between sweeps a linear
    system gives the value of the current policy, so that few sweeps are needed. The intervals do not depend on that:
    if one update of any numbers V lies between ``V - low`` and ``V + high``, the value lies within ``low * discount /
    (1 - discount)`` below and ``high * discount / (1 - discount)`` above that update.

    Terminal states have the value 0. Dead ends have no value, with rewards as without; actions that may lead to one
    are removed until none does, whatever they would gain before. A state that is left without actions has no policy:
    its value is set to 0, and its status is ``NO_SEQUENCE``. Declare a state terminal where arriving there completes
    a task, and reward the step that leads there.

    References
    ----------
    F. Leibfried, S. Pascual-Diaz and J. Grau-Moya, "A unified Bellman optimality principle combining reward
    maximization and empowerment", Advances in Neural Information Processing Systems 32, 2019.

    Examples
    --------
    Two states, of which the first offers a choice. Alone, the information of the golden mean shift:

    >>> import empowerment as emp
    >>> world = emp.worlds.golden_mean()
    >>> result = emp.unified_bellman(world, discount=0.9)
    >>> result.value.round(6)
    array([7.141378, 6.42724 ])
    >>> result
    BellmanResult(2 states: 6.42724 to 7.14138 bits, widest interval ..., ... sweeps)
    """
    model = as_mdp(model)
    discount = _below_one(discount)
    reward_weight = validate.finite(reward_weight, "reward_weight")
    information_weight = validate.finite(information_weight, "information_weight", least=0.0)
    tol, rtol = validate.tolerances(tol, rtol)
    base = validate.base(base)
    unit = math.log(base)
    max_iter = validate.limit(max_iter, "max_iter")
    validate.one_of(on_failure, ON_FAILURE, "on_failure")
    worth = np.zeros((model.n_states, model.n_actions)) if rewards is None else action_rewards(model, rewards)
    with np.errstate(over="ignore"):  # refused below
        worth = reward_weight * unit * worth
    if not (np.abs(worth) <= _LARGEST_WORTH).all():
        raise ValueError(
            f"rewards times reward_weight reach {float(np.abs(worth).max()):g}, expected at most {_LARGEST_WORTH:g}"
        )
    update = _Update(model, worth, information_weight, discount, _SHARE * tol * unit, backend_name(backend))
    found, n_iter = _improve(update, tol * unit, rtol, max_iter)
    if rewards is None:  # a sum of capacities is not negative, whatever rounding says
        found = found._replace(lower=np.maximum(found.lower, 0.0))
    result = BellmanResult(
        value=np.clip(found.value, found.lower, found.upper) / unit,
        lower=found.lower / unit,
        upper=found.upper / unit,
        status=np.where(update.hopeless, Status.NO_SEQUENCE, Status.CERTIFIED),
        policy=Policy(found.policy, model.states, model.actions),
        states=tuple(model.states),
        n_iter=n_iter,
        backend=update.backend if information_weight else "none",
        discount=discount,
        reward_weight=reward_weight,
        information_weight=information_weight,
        base=base,
        tol=tol,
        rtol=rtol,
    )
    if result.converged.all():
        return result
    missed = Status.MAX_ITER if n_iter == max_iter else Status.PRECISION
    report_failure(_complaint(result, max_iter), on_failure)
    return replace(result, status=np.where(result.converged, result.status, missed))


def _below_one(discount: float) -> float:
    found = validate.discount(discount)
    if found == 1:
        raise ValueError("discount is 1, expected a number in [0, 1): the sum over all steps would have no bound")
    return found


def _complaint(result: BellmanResult, max_iter: int) -> str:
    why = "raise max_iter" if result.n_iter == max_iter else "rounding errors came first; raise tol"
    return f"the widest interval is {result.gap.max():.2e} {result.unit} wide, wanted {result.tol:.2e}: {why}"


class _Swept(NamedTuple):
    """What a sweep gives: certified ends of the values, and the policy that was the best against old ones."""

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    policy: np.ndarray

    @property
    def width(self) -> float:
        return float((self.upper - self.lower).max())

    def meets(self, tol: float, rtol: float) -> bool:
        return bool((self.upper - self.lower <= np.maximum(tol, rtol * self.lower)).all())


def _improve(update: _Update, tol: float, rtol: float, max_iter: int) -> tuple[_Swept, int]:
    """Improve the policy and evaluate it, in turns, until the values are proved well enough."""
    best, values = update.sweep(np.zeros(update.model.n_states))
    n_iter, since = 1, 0
    while not best.meets(tol, rtol) and n_iter < max_iter and since < _PATIENCE:
        swept, values = update.sweep(values)
        n_iter += 1
        best, since = (swept, 0) if swept.width < best.width else (best, since + 1)
    return best, n_iter


class _Update:
    """One step of the Bellman equation for all states, in nats."""

    def __init__(
        self, model: MDP, rewards: np.ndarray, weight: float, discount: float, tol: float, backend: str
    ) -> None:
        self.model, self.backend = model, backend
        self._rewards, self._weight, self._discount = rewards, weight, discount
        # What one sweep misses is multiplied by the discounted number of steps.
        self._tol = max(validate.MIN_TOL, tol * (1 - discount) / max(weight, 1e-300))
        self._allowed = lasting_actions(model)
        self.hopeless = ~self._allowed.any(axis=1)
        self._active = np.flatnonzero(~self.hopeless & ~model.is_terminal)
        available = [
            state * model.n_actions + np.flatnonzero(self._allowed[state]) for state in self._active.tolist()
        ]
        self._channels = [reached_channel(model.rows[numbers]) for numbers in available] if weight else []

    def sweep(self, values: np.ndarray) -> tuple[_Swept, np.ndarray]:
        """Update values; return what that proves, and the values of the policy that was the best against them."""
        model, active = self.model, self._active
        worth = self._rewards + self._discount * (model.rows @ values).reshape(self._rewards.shape)
        policy, information = np.zeros(worth.shape), np.zeros(model.n_states)
        low, high = np.zeros(model.n_states), np.zeros(model.n_states)
        if active.size:
            low[active], high[active], information[active] = self._solve(worth, policy)
            room = self._rounding(values, worth)
            low[active] -= room
            high[active] += room
        ahead = self._discount / (1 - self._discount)
        lower = low + ahead * min(0.0, float((low - values).min()))
        upper = high + ahead * max(0.0, float((high - values).max()))
        idle = np.setdiff1d(np.arange(model.n_states), active)
        lower[idle] = upper[idle] = 0.0
        after = self._evaluate(policy, information)
        return _Swept(after, lower, upper, self._filled(policy)), after

    def _solve(self, worth: np.ndarray, policy: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Fill in the best policy against the worth of actions; return both ends of its value and its information."""
        able = [np.flatnonzero(self._allowed[state]) for state in self._active.tolist()]
        best = np.array([worth[state, actions].max() for state, actions in zip(self._active, able, strict=True)])
        if not self._weight:
            chosen = np.where(self._allowed, worth, -np.inf)[self._active].argmax(axis=1)
            policy[self._active, chosen] = 1.0
            return best, best, np.zeros(best.size)
        # Rewards count from the best one: small numbers leave the solver the digits it needs.
        rewards = [
            (worth[state, actions] - top) / self._weight
            for state, actions, top in zip(self._active, able, best, strict=True)
        ]
        found = channel_capacity(
            self._channels, rewards=rewards, tol=self._tol, base=math.e, backend=self.backend, on_failure="ignore"
        )
        information = np.empty(best.size)
        for i, (state, actions) in enumerate(zip(self._active, able, strict=True)):
            p = found.input_distribution[i, : actions.size] / found.input_distribution[i].sum()
            policy[state, actions] = p
            information[i] = self._channels[i].mutual_information(p, base=math.e)
        return best + self._weight * found.lower, best + self._weight * found.upper, information

    def _evaluate(self, policy: np.ndarray, information: np.ndarray) -> np.ndarray:
        """Return the value of a policy, by one linear system."""
        gain = (policy * self._rewards).sum(axis=1) + self._weight * information
        steps = step_matrix(self.model, policy)
        return solve_discounted(steps, gain, self._discount)

    def _rounding(self, values: np.ndarray, worth: np.ndarray) -> float:
        """Bound the rounding error of the worth of actions, of its differences and of their sum."""
        size = 1.0 + float(np.abs(values).max()) + float(np.abs(worth).max())
        return (np.diff(self.model.rows.indptr).max() + 16) * float(np.finfo(float).eps) * size

    def _filled(self, policy: np.ndarray) -> np.ndarray:
        """Give states in which it does not matter, terminal or hopeless, their first available action."""
        able = self.model.available
        others = np.flatnonzero(able.any(axis=1) & (self.model.is_terminal | self.hopeless))
        filled = policy.copy()
        filled[others, able[others].argmax(axis=1)] = 1.0
        return filled

"""Rewards and empowerment in one value: the Bellman equation of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from empowerment.actuation.feedback.bellman import BellmanOperator, Values
from empowerment.capacity.options import SolverOptions
from empowerment.core import validate
from empowerment.core.status import Status, report_failure
from empowerment.models.dead_ends import lasting_actions
from empowerment.models.induced_chain import solve_discounted
from empowerment.models.mdp import MDP, action_rewards, as_mdp
from empowerment.models.policy import Policy
from empowerment.results.certified import Labelled

# After this many sweeps without a narrower interval or a better policy only rounding is left.
_PATIENCE = 3
# Relative size of gains that may be rounding.
_ROUNDING = 1e-12
# Share of the tolerance for the intervals of single states.
_SHARE = 0.1
# In nats; the squares of discounted sums of larger rewards would overflow.
_LARGEST_REWARD = 1e80


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
    discount = validate.discount_below_one(discount)
    reward_weight = validate.finite(reward_weight, "reward_weight")
    information_weight = validate.finite(information_weight, "information_weight", least=0.0)
    options = SolverOptions.checked(tol=tol, rtol=rtol, base=base, backend=backend, on_failure=on_failure)
    max_iter = validate.limit(max_iter, "max_iter")
    unit, nats = options.unit, options.in_nats()
    lasting = lasting_actions(model)
    idle = model.is_terminal | ~lasting.any(axis=1)
    operator = BellmanOperator(
        model.action_matrices,
        lasting & ~idle[:, None],
        # The error of one sweep is multiplied by the discounted number of steps.
        replace(nats, tol=_SHARE * nats.tol * (1 - discount), rtol=0.0),
        rewards=None if rewards is None else _rewards_in_nats(model, rewards, reward_weight * unit),
        discount=discount,
        weight=information_weight,
    )
    best, n_iter = _PolicyIteration(operator, idle, discount).run(model.n_actions, nats, max_iter)
    # A sum of capacities is non-negative; rounding may make it negative.
    lower = np.maximum(best.lower, 0.0) if rewards is None else best.lower
    result = BellmanResult(
        value=np.clip(best.value, lower, best.upper) / unit,
        lower=lower / unit,
        upper=best.upper / unit,
        status=np.where(lasting.any(axis=1), Status.CERTIFIED, Status.NO_SEQUENCE),
        policy=Policy(_filled(best.policy, model.available, idle), model.states, model.actions),
        states=tuple(model.states),
        n_iter=n_iter,
        backend=options.backend if information_weight else "none",
        discount=discount,
        reward_weight=reward_weight,
        information_weight=information_weight,
        base=options.base,
        tol=options.tol,
        rtol=options.rtol,
    )
    if result.converged.all():
        return result
    missed = Status.MAX_ITER if n_iter == max_iter else Status.PRECISION
    report_failure(_complaint(result, max_iter), on_failure)
    return replace(result, status=np.where(result.converged, result.status, missed))


def _rewards_in_nats(model: MDP, rewards: Any, unit: float) -> np.ndarray:
    """Return the given rewards times the weight of one unit, in nats."""
    with np.errstate(over="ignore"):  # refused below
        weighed = unit * action_rewards(model, rewards)
    largest = float(np.abs(weighed).max())
    if not largest <= _LARGEST_REWARD:
        raise ValueError(f"rewards times reward_weight reach {largest:g}, expected at most {_LARGEST_REWARD:g}")
    return weighed


def _complaint(result: BellmanResult, max_iter: int) -> str:
    why = "raise max_iter" if result.n_iter == max_iter else "rounding errors came first; raise tol"
    return f"the widest interval is {result.gap.max():.2e} {result.unit} wide, wanted {result.tol:.2e}: {why}"


@dataclass(frozen=True)
class _Values:
    """The value of a policy, and certified ends of the optimal values, in nats."""

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    policy: np.ndarray

    @property
    def width(self) -> float:
        return float((self.upper - self.lower).max())


class _PolicyIteration:
    """Alternate policy improvement and evaluation; each improvement certifies an interval.

    Parameters
    ----------
    operator : BellmanOperator
    idle : ndarray of bool of shape (n_states,)
        States of value 0, whatever the policy.
    discount : float
    """

    def __init__(self, operator: BellmanOperator, idle: np.ndarray, discount: float) -> None:
        self._operator, self._idle, self._discount = operator, idle, discount

    def run(self, n_actions: int, options: SolverOptions, max_iter: int) -> tuple[_Values, int]:
        """Return values within the tolerance, or the best ones that rounding allows, and the number of sweeps."""
        best = self._sweep(Values.guessed(np.zeros(self._idle.size), n_actions))
        latest, n_iter, since = best, 1, 0
        while not options.met(best.lower, best.upper).all() and n_iter < max_iter and since < _PATIENCE:
            before, latest = latest, self._sweep(Values.guessed(latest.value, n_actions))
            n_iter += 1
            # The width is that of the worst state, which may stay while news of a reward is on its way there.
            gain = float((latest.value - before.value).max())
            better = gain > max(options.tol * (1 - self._discount), _ROUNDING * float(np.abs(latest.value).max()))
            narrower = latest.width < best.width
            best, since = latest if narrower else best, 0 if narrower or better else since + 1
        return best, n_iter

    def _sweep(self, guess: Values) -> _Values:
        """Apply the operator; return the certified ends, and the values of the greedy policy."""
        after = self._operator.before(guess)
        ahead = self._discount / (1 - self._discount)
        lower = after.lower + ahead * min(0.0, float((after.lower - guess.value).min()))
        upper = after.upper + ahead * max(0.0, float((after.upper - guess.value).max()))
        lower[self._idle] = upper[self._idle] = 0.0
        value = solve_discounted(self._operator.moves(after.policy), after.gain, self._discount)
        return _Values(value, lower, upper, after.policy)


def _filled(policy: np.ndarray, able: np.ndarray, idle: np.ndarray) -> np.ndarray:
    """Assign the first available action to idle states."""
    others = np.flatnonzero(able.any(axis=1) & idle)
    filled = policy.copy()
    filled[others, able[others].argmax(axis=1)] = 1.0
    return filled

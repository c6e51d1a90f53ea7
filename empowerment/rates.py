"""Empowerment without a last step: discounted, and for each step in the long run.

Both are of an agent that sees the state and a receiver that sees all of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment import validate
from empowerment.actuation.classes import lasting_classes
from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.long_run import average, discounted
from empowerment.actuation.sensor import make_sensor
from empowerment.capacity.solve import backend_name
from empowerment.models.mdp import MDP, as_mdp
from empowerment.results import ON_FAILURE, Interval, Status, tell_failure


@dataclass(frozen=True, eq=False)
class DiscountedEmpowerment(Interval):
    """The discounted empowerment of states, each with the interval that is proved to hold it.

    Attributes
    ----------
    value, lower, upper : ndarray of shape (n_states,)
    status : Status
    policy : ndarray of shape (n_states, n_actions)
        Probability of each action in each state of an optimum; zeros where there is none to take.
    states, actions : tuple
        Labels.
    discount : float
    n_iter : int
        How often the Bellman operator was applied.
    backend : str
    base, tol, rtol : float
    """

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    status: Status
    policy: np.ndarray
    states: tuple[Any, ...]
    actions: tuple[Any, ...]
    discount: float
    n_iter: int
    backend: str
    base: float
    tol: float
    rtol: float = 0.0

    def __repr__(self) -> str:
        return (
            f"DiscountedEmpowerment({len(self.states)} states, discount {self.discount:g}: {self.value.min():.6g} to "
            f"{self.value.max():.6g} {self.unit}, widest interval {self.gap.max():.1e})"
        )


@dataclass(frozen=True, eq=False)
class EmpowermentRate(Interval):
    """The empowerment of each step in the long run, with the interval that is proved to hold it.

    Attributes
    ----------
    value, lower, upper : float
        One for all states.
    status : Status
    policy : ndarray of shape (n_states, n_actions)
        Probability of each action in each state of an optimum; zeros where there is none to take.
    states, actions : tuple
        Labels.
    n_iter : int
        How often the Bellman operator was applied.
    backend : str
    base, tol, rtol : float
    """

    value: float
    lower: float
    upper: float
    status: Status
    policy: np.ndarray
    states: tuple[Any, ...]
    actions: tuple[Any, ...]
    n_iter: int
    backend: str
    base: float
    tol: float
    rtol: float = 0.0

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        return f"EmpowermentRate({self.value:.10g} {self.unit} a step, interval {self.gap:.1e})"


def discounted_empowerment(
    model: MDP | np.ndarray,
    discount: float,
    *,
    tol: float = 1e-9,
    backend: str | None = None,
    base: float = 2,
    max_iter: int = 1000,
    on_failure: str = "warn",
) -> DiscountedEmpowerment:
    """Return what an agent that reacts to the state can tell by all it ever does, later steps counting less.

    The largest discounted sum of what the next state says about the action, given the state: the fixed point of
    ``V(s) = max_p I(p, T(s)) + discount * sum_a p_a sum_t p(t | s, a) V(t)``.

    Parameters
    ----------
    model : MDP or ndarray of shape (n_states, n_actions, n_states)
        Each state has its own actions; one without any is worth 0.
    discount : float
        In [0, 1): what a step counts, relative to the one before. 0 leaves the empowerment of one step.
    tol : float
        Width wanted of the intervals, in the result's unit.
    backend : {"numba", "reference", "jax"}, optional
    base : float
        2 for bits, ``math.e`` for nats.
    max_iter : int
        How often the Bellman operator may be applied; a few times are enough.
    on_failure : {"warn", "raise", "ignore"}
        What to do when an interval stays wider than the tolerance. It holds in any case.

    Returns
    -------
    DiscountedEmpowerment

    Raises
    ------
    ValueError
        If an option is out of range; for a discount of 1 see :func:`empowerment_rate`.
    RuntimeError
        If the tolerance is missed and ``on_failure="raise"``.

    Warns
    -----
    ConvergenceWarning
        If the tolerance is missed and ``on_failure="warn"``.

    Notes
    -----
    By policy iteration; the interval follows from one more application of the Bellman operator, which is a
    contraction. With rewards besides
    information the equation is that of Leibfried, Pascual-Diaz and Grau-Moya (2019), equation 9.

    Examples
    --------
    >>> import empowerment as emp
    >>> from empowerment.rates import discounted_empowerment
    >>> shift = emp.worlds.golden_mean()
    >>> discounted_empowerment(shift, 0.9).value.round(6).tolist()
    [7.141378, 6.42724]
    """
    model, discount = as_mdp(model), _discount(discount)
    wish = _Wish.checked(tol, backend, base, max_iter, on_failure)
    found = discounted(wish.dynamics_of(model), discount, wish.nats, wish.backend, wish.max_iter)
    value, lower, upper = (end / math.log(base) for end in found[:3])
    status = wish.judged(float(np.max(found.upper - found.lower)), found.n_iter)
    return DiscountedEmpowerment(
        value, lower, upper, status, found.policy, discount=discount, n_iter=found.n_iter, **wish.told_of(model)
    )


def empowerment_rate(
    model: MDP | np.ndarray,
    *,
    tol: float = 1e-9,
    backend: str | None = None,
    base: float = 2,
    max_iter: int = 10_000,
    on_failure: str = "warn",
) -> EmpowermentRate:
    """Return what an agent that reacts to the state can tell by each step in the long run.

    The limit of the empowerment with feedback over trajectories of states, divided by the number of steps. It must
    not depend on the first state. That is so where from everywhere the agent can come to everything that it may see
    again and again, whatever it does: where all states communicate, for example.

    Parameters
    ----------
    model : MDP or ndarray of shape (n_states, n_actions, n_states)
        Each state has its own actions; one without any is never left.
    tol : float
        Width wanted of the interval, in the result's unit.
    backend : {"numba", "reference", "jax"}, optional
    base : float
        2 for bits, ``math.e`` for nats.
    max_iter : int
        How often the Bellman operator may be applied.
    on_failure : {"warn", "raise", "ignore"}
        What to do when the interval stays wider than the tolerance. It holds in any case.

    Returns
    -------
    EmpowermentRate

    Raises
    ------
    ValueError
        If the agent can stay for ever in either of two places, so that the rate may depend on where it starts: the
        message names a state of both.
    RuntimeError
        If the tolerance is missed and ``on_failure="raise"``.

    Warns
    -----
    ConvergenceWarning
        If the tolerance is missed and ``on_failure="warn"``.

    Notes
    -----
    By policy iteration, and relative value iteration where that is not defined; the interval is the range by which
    values grow in one more application of the Bellman operator (Odoni 1969).

    Examples
    --------
    >>> import empowerment as emp
    >>> from empowerment.rates import empowerment_rate
    >>> round(float(empowerment_rate(emp.worlds.golden_mean())), 9)  # log2 of the golden mean
    0.694241914
    """
    model = as_mdp(model)
    wish = _Wish.checked(tol, backend, base, max_iter, on_failure)
    dynamics = wish.dynamics_of(model)
    _check_one_class(model, dynamics)
    found = average(dynamics, wish.nats, wish.backend, wish.max_iter)
    value, lower, upper = (float(end) / math.log(base) for end in found[:3])
    status = wish.judged(found.upper - found.lower, found.n_iter)
    return EmpowermentRate(value, lower, upper, status, found.policy, n_iter=found.n_iter, **wish.told_of(model))


@dataclass(frozen=True)
class _Wish:
    """The options both functions share, checked."""

    tol: float
    nats: float
    backend: str
    base: float
    max_iter: int
    on_failure: str

    @classmethod
    def checked(cls, tol: float, backend: str | None, base: float, max_iter: int, on_failure: str) -> _Wish:
        tol, base = validate.tolerances(tol, 0.0)[0], validate.base(base)
        validate.one_of(on_failure, ON_FAILURE, "on_failure")
        limit = validate.positive_int(max_iter, "max_iter")
        return cls(tol, tol * math.log(base), backend_name(backend), base, limit, on_failure)

    def told_of(self, model: MDP) -> dict[str, Any]:
        """Return what a result tells of the question."""
        labels = {"states": tuple(model.states), "actions": tuple(model.actions)}
        return {**labels, "backend": self.backend, "base": self.base, "tol": self.tol}

    @staticmethod
    def dynamics_of(model: MDP) -> Dynamics:
        return Dynamics.of(model, make_sensor(None, model))

    def judged(self, width: float, n_iter: int) -> Status:
        """Return the status of an interval, and say what is to be said about it."""
        if width <= self.nats:
            return Status.CERTIFIED
        status = Status.MAX_ITER if n_iter >= self.max_iter else Status.PRECISION
        width = width / math.log(self.base)
        sentence = f"the widest interval is {width:.2e}, wanted {self.tol:.2e}: {status.sentence}"
        tell_failure(sentence, self.on_failure, stacklevel=4)
        return status


def _discount(discount: float) -> float:
    discount = validate.discount(discount)
    if discount == 1:
        raise ValueError("discount is 1, expected less: without discount empowerment_rate tells what a step is worth")
    return discount


def _check_one_class(model: MDP, dynamics: Dynamics) -> None:
    classes = lasting_classes(dynamics)
    if len(classes) > 1:
        one, other = (model.states[int(members[0])] for members in classes[:2])
        raise ValueError(
            f"the agent can stay around state {one!r} for ever and around state {other!r}, which need not meet: "
            "the rate may depend on the first state; expected a model with one such place. Take a part of it, or "
            "discounted_empowerment, which has a value for every state"
        )
